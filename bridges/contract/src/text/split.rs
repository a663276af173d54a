//! Cutting a long text into parts, each within a limit that only the caller can measure.

use super::{Container, Leaf, Run, Text};
use unicode_segmentation::UnicodeSegmentation;

/// How good a place is for a cut after an atom.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cut {
    Grapheme,
    Word,
    Line,
    Block,
}

struct Atom {
    run: Run,
    cut: Cut,
}

impl Text {
    /// The text in as few parts as a greedy cut gives, each with `measure(part) <= most`, cut between blocks, lines or
    /// words where the part stays at least half full, else between user-perceived characters, else (a single one that
    /// is longer than the limit) between code points. Nothing is lost but white space at the cuts. What is cut in two stays
    /// what it is on both sides: a quote, code in its language, a list that goes on with the right number.
    pub fn split(self, most: usize, measure: impl Fn(&Text) -> usize) -> Vec<Text> {
        if self.is_empty() || measure(&self) <= most {
            return vec![self];
        }
        let atoms = atoms(self);
        let mut parts = Vec::new();
        let mut from = 0;
        while from < atoms.len() {
            let fits = |count: usize| measure(&rebuild(&atoms[from..from + count])) <= most;
            let longest = longest_that_fits(atoms.len() - from, fits);
            let count = best_cut(&atoms[from..], longest);
            let part = rebuild(&atoms[from..from + count]);
            if !part.is_empty() {
                parts.push(part);
            }
            from += count;
        }
        parts
    }
}

fn atoms(text: Text) -> Vec<Atom> {
    let mut atoms: Vec<Atom> = Vec::new();
    for run in text.into_runs() {
        if let Some(last) = atoms.last_mut()
            && last.run.within != run.within
        {
            // Between items of one list, a line; else a block ends here.
            let same_list = matches!(
                (last.run.within.first(), run.within.first()),
                (Some(Container::Item { .. }), Some(Container::Item { .. }))
            );
            last.cut = last.cut.max(if same_list { Cut::Line } else { Cut::Block });
        }
        let atom = |leaf, cut| Atom { run: run.with_leaf(leaf), cut };
        match &run.leaf {
            Leaf::Plain(text) => atoms.extend(graphemes(text).map(|piece| {
                let space = piece.chars().all(char::is_whitespace);
                atom(Leaf::Plain(piece.to_owned()), if space { Cut::Word } else { Cut::Grapheme })
            })),
            Leaf::Code(text) => {
                atoms.extend(graphemes(text).map(|piece| atom(Leaf::Code(piece.to_owned()), Cut::Grapheme)));
            }
            Leaf::Block { lang, text } => {
                if let Some(last) = atoms.last_mut() {
                    last.cut = Cut::Block;
                }
                atoms.extend(graphemes(text).map(|piece| {
                    let leaf = Leaf::Block { lang: lang.clone(), text: piece.to_owned() };
                    atom(leaf, if piece == "\n" { Cut::Line } else { Cut::Grapheme })
                }));
                if let Some(last) = atoms.last_mut() {
                    last.cut = Cut::Block;
                }
            }
            Leaf::Break => atoms.push(atom(Leaf::Break, Cut::Line)),
            leaf => atoms.push(atom(leaf.clone(), Cut::Grapheme)),
        }
    }
    atoms
}

/// User-perceived characters; absurdly long ones (piled-up marks) as code points.
fn graphemes(text: &str) -> impl Iterator<Item = &str> {
    text.graphemes(true).flat_map(|piece| {
        let whole = piece.len() <= 64;
        whole.then_some(piece).into_iter().chain(
            (!whole)
                .then(|| piece.char_indices().map(|(at, c)| &piece[at..at + c.len_utf8()]))
                .into_iter()
                .flatten(),
        )
    })
}

/// Atoms as a text. Pieces of one block of code are one block again; two blocks never run together, for each ends in
/// `Cut::Block`.
fn rebuild(atoms: &[Atom]) -> Text {
    let mut runs: Vec<Run> = Vec::new();
    let mut open = false;
    for atom in atoms {
        match (runs.last_mut().map(|run| &mut run.leaf), &atom.run.leaf) {
            (Some(Leaf::Block { text: before, .. }), Leaf::Block { text, .. }) if open => {
                before.push_str(text)
            }
            _ => runs.push(atom.run.clone()),
        }
        open = matches!(atom.run.leaf, Leaf::Block { .. }) && atom.cut != Cut::Block;
    }
    Text::from_runs(runs)
}

/// The largest count that fits; at least 1, so that a cut always advances. Looks no further than twice as far as it has to.
fn longest_that_fits(total: usize, fits: impl Fn(usize) -> bool) -> usize {
    let mut low = 1;
    let mut high = total;
    while low < high {
        let further = low.saturating_mul(2).min(high);
        if fits(further) {
            low = further;
        } else {
            high = further - 1;
            break;
        }
    }
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if fits(middle) { low = middle } else { high = middle - 1 }
    }
    low
}

/// The best place for a cut in the second half of what fits.
fn best_cut(atoms: &[Atom], longest: usize) -> usize {
    if longest == atoms.len() {
        return longest;
    }
    let half = longest / 2;
    for wanted in [Cut::Block, Cut::Line, Cut::Word] {
        if let Some(at) = (half..longest).rev().find(|&i| atoms[i].cut >= wanted) {
            return at + 1;
        }
    }
    longest
}
