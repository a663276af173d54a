//! The tree to lines of IRC.
//!
//! Every line bears the name of whoever said it, `<Ada> `, so that none can begin with somebody else's. A line without a name, which
//! only Relay itself says, never begins with a sign that a bot or services could take for a command. Styles are codes and begin anew on
//! each line; code is of equal width; a heading is a bold line; quotes have `> ` and items `• ` or their number before them; a link's
//! address stands in brackets behind its label; what is hidden is not shown.

use crate::caps::Multiline;
use crate::formatting::{MONOSPACE, STYLES};
use relay_contract::text::{Leaf, Run};
use relay_contract::{Block, Draft, Part, Style, Text};
use std::collections::BTreeSet;
use unicode_segmentation::UnicodeSegmentation;

#[cfg(test)]
mod tests;

/// The longest name before a line, in bytes.
const LONGEST_NAME: usize = 60;
/// Blanks for each list that an item lies in.
const INDENT: usize = 2;
/// Stands for what is hidden.
const HIDDEN: &str = "▒▒▒▒ (spoiler)";
/// Breaks a nick, so that nobody's client takes it for theirs.
const JOINER: char = '\u{2060}';
/// Before a line that would begin with a sign.
const INERT: &str = "· ";

/// What stands around a link to the whole, in bytes.
const AROUND_LINK: usize = 32;

/// Something to be shown, with all its looks.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    text: String,
    styles: BTreeSet<Style>,
    code: bool,
}

/// The parts of a draft, at least one: a line each, or as many lines as the server takes for one message. `most` are the bytes that a line
/// holds. Lines of one message bear the name each, for whoever's client shows them as several.
pub fn parts(draft: &Draft, most: usize, most_lines: usize, several: Option<Multiline>) -> Vec<Part> {
    let lines = first_lines(draft, most, most_lines);
    let mut texts: Vec<(usize, String)> = Vec::new();
    for line in lines {
        match (texts.last_mut(), several) {
            (Some((count, text)), Some(limits))
                if *count < limits.lines && text.len() + line.len() + 2 <= limits.bytes =>
            {
                *count += 1;
                text.push('\n');
                text.push_str(&line);
            }
            _ => texts.push((1, line)),
        }
    }
    texts.into_iter().map(|(_, text)| Part::text(text, serde_json::Value::Null)).collect()
}

/// The lines of a draft; what is beyond them is behind the link, where there is one.
fn first_lines(draft: &Draft, most: usize, most_lines: usize) -> Vec<String> {
    cut_off(&draft.body, draft.name.as_deref(), most, most_lines, draft.whole.as_deref())
}

/// The lines of a text under a name.
pub fn lines(text: &Text, name: Option<&str>, most: usize, most_lines: usize) -> Vec<String> {
    cut_off(text, name, most, most_lines, None)
}

fn cut_off(
    text: &Text,
    name: Option<&str>,
    most: usize,
    most_lines: usize,
    whole: Option<&str>,
) -> Vec<String> {
    let before = name.map(prefix).unwrap_or_default();
    let room = most.saturating_sub(before.len() + INERT.len()).max(32);
    let mut writer = Writer::default();
    writer.blocks(text.blocks());
    let mut lines: Vec<String> =
        writer.lines.iter().flat_map(|line| cut(line, room)).filter(|line| !is_blank(line)).collect();
    if lines.is_empty() {
        lines.push("…".to_owned());
    }
    if lines.len() > most_lines {
        let left_out = lines.len() - most_lines.max(1) + 1;
        lines.truncate(most_lines.saturating_sub(1));
        let link = whole.map(clean).filter(|link| link.len() + AROUND_LINK <= room);
        lines.push(match link {
            Some(link) => format!("… ({left_out} more lines: {link} )"),
            None => format!("… ({left_out} more lines are too much for IRC)"),
        });
    }
    let whole = |line: String| if before.is_empty() { inert(line) } else { format!("{before}{line}") };
    lines.into_iter().map(whole).collect()
}

/// `<Ada> `, in which nobody's client finds a nick.
fn prefix(name: &str) -> String {
    let mut shown = String::new();
    let name = clean(name).replace(['<', '>'], "");
    for piece in name.trim().graphemes(true) {
        if shown.len() + piece.len() > LONGEST_NAME {
            shown.push('…');
            break;
        }
        shown.push_str(piece);
        if shown.len() == piece.len() {
            shown.push(JOINER);
        }
    }
    format!("<{}> ", if shown.is_empty() { "someone" } else { &shown })
}

/// A line that nothing takes for a command.
fn inert(line: String) -> String {
    let sign = line.starts_with(|c: char| c.is_ascii_punctuation() || c.is_whitespace() || c.is_control());
    if sign { format!("{INERT}{line}") } else { line }
}

fn is_blank(line: &str) -> bool {
    line.chars().all(|c| c.is_whitespace() || c.is_control())
}

/// Without what ends a line, is a code, or is meant for a client.
fn clean(text: &str) -> String {
    let separator = |c: char| matches!(c, '\u{2028}' | '\u{2029}' | '\u{85}' | '\t');
    text.chars()
        .filter_map(|c| if separator(c) { Some(' ') } else { (!c.is_control()).then_some(c) })
        .collect()
}

#[derive(Default)]
struct Writer {
    lines: Vec<Vec<Piece>>,
    /// What stands before each line: quotes, and blanks below an item's mark.
    before: Vec<String>,
    /// An item's mark was written last: what it stands before goes on behind it.
    after_mark: bool,
}

impl Writer {
    fn blocks(&mut self, blocks: &[Block]) {
        for block in blocks {
            match block {
                Block::Paragraph(_) | Block::Heading { .. } => {
                    self.begin();
                    let heading = matches!(block, Block::Heading { .. });
                    let runs = Text::new(vec![block.clone()]).into_runs();
                    for group in runs.chunk_by(|a, b| a.url.is_some() && a.url == b.url) {
                        self.group(group, heading);
                    }
                }
                Block::Code { text, .. } => {
                    for line in text.lines() {
                        self.begin();
                        self.push(line, &BTreeSet::new(), true);
                    }
                }
                Block::Quote(inner) => self.inside("> ".to_owned(), |writer| writer.blocks(inner)),
                Block::List { start, items } => {
                    for (item, number) in items.iter().zip(0u32..) {
                        self.begin();
                        let mark = start
                            .map_or("• ".to_owned(), |start| format!("{}. ", start.saturating_add(number)));
                        self.push(&mark, &BTreeSet::new(), false);
                        self.after_mark = true;
                        self.inside(" ".repeat(INDENT), |writer| writer.blocks(item));
                        self.after_mark = false;
                    }
                }
            }
        }
    }

    fn inside(&mut self, before: String, write: impl FnOnce(&mut Self)) {
        self.before.push(before);
        write(self);
        self.before.pop();
    }

    /// Begins a line, unless the one that has begun goes on.
    fn begin(&mut self) {
        if !std::mem::take(&mut self.after_mark) {
            let before = self.before.concat();
            self.lines.push(vec![Piece { text: before, styles: BTreeSet::new(), code: false }]);
        }
    }

    /// Runs with one address, or one without any.
    fn group(&mut self, runs: &[Run], heading: bool) {
        let hidden = runs.iter().any(|run| run.styles.contains(&Style::Spoiler));
        for run in runs {
            self.run(run, heading);
        }
        let label: String = runs.iter().map(|run| run.leaf.shown()).collect();
        if let Some(url) = runs.first().and_then(|run| run.url.as_deref())
            && url != label
            && !hidden
        {
            self.push(&format!(" ({url})"), &BTreeSet::new(), false);
        }
    }

    fn run(&mut self, run: &Run, heading: bool) {
        let mut styles = run.styles.clone();
        if heading {
            styles.insert(Style::Bold);
        }
        if run.leaf == Leaf::Break {
            self.after_mark = false;
            return self.begin();
        }
        if styles.remove(&Style::Spoiler) {
            let goes_on =
                self.lines.last().and_then(|line| line.last()).is_some_and(|piece| piece.text == HIDDEN);
            if !goes_on {
                self.push(HIDDEN, &BTreeSet::new(), false);
            }
            return;
        }
        match &run.leaf {
            Leaf::Mention(_) => self.push(&broken(&run.leaf.shown()), &styles, false),
            leaf => self.push(&leaf.shown(), &styles, matches!(leaf, Leaf::Code(_))),
        }
    }

    fn push(&mut self, text: &str, styles: &BTreeSet<Style>, code: bool) {
        let piece = Piece { text: clean(text), styles: styles.clone(), code };
        match self.lines.last_mut() {
            Some(line) => line.push(piece),
            None => self.lines.push(vec![piece]),
        }
    }
}

/// A name that is no nick any more: something unseen stands behind its first letter.
fn broken(shown: &str) -> String {
    let at = shown.char_indices().nth(2).map_or(shown.len(), |(at, _)| at);
    let (first, rest) = shown.split_at(at);
    format!("{first}{JOINER}{rest}")
}

/// One user-perceived character and the codes that are on.
struct Atom<'a> {
    text: &'a str,
    look: u8,
}

/// A line in as many as it takes, each of at most so many bytes: between words where the line stays half full, else between
/// user-perceived characters, else (one that is longer than a line) between code points.
fn cut(line: &[Piece], most: usize) -> Vec<String> {
    let atoms: Vec<Atom<'_>> = line
        .iter()
        .flat_map(|piece| {
            let look = look(piece);
            graphemes(&piece.text).map(move |text| Atom { text, look })
        })
        .collect();
    let mut lines = Vec::new();
    let mut rest = atoms.as_slice();
    while !rest.is_empty() {
        let fits = fitting(rest, most);
        let count = match fits < rest.len() {
            true => word_end(rest, fits),
            false => fits,
        };
        let (now, later) = rest.split_at(count);
        lines.push(written(now));
        rest = later;
        // White space at a cut is the cut.
        while lines.len() > 1 && rest.first().is_some_and(|atom| atom.text == " ") {
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    lines
}

/// How many fit, at least one.
fn fitting(atoms: &[Atom<'_>], most: usize) -> usize {
    let (mut bytes, mut on) = (0, 0u8);
    for (at, atom) in atoms.iter().enumerate() {
        bytes += (on ^ atom.look).count_ones() as usize + atom.text.len();
        on = atom.look;
        if bytes > most {
            return at.max(1);
        }
    }
    atoms.len()
}

/// Behind the last blank in the second half of what fits.
fn word_end(atoms: &[Atom<'_>], fits: usize) -> usize {
    // The blank that does not fit any more ends a word all the same.
    if atoms.get(fits).is_some_and(|atom| atom.text == " ") {
        return fits;
    }
    let half = fits / 2;
    let blank = atoms.get(half..fits).and_then(|second| second.iter().rposition(|atom| atom.text == " "));
    blank.map_or(fits, |at| half + at + 1)
}

fn written(atoms: &[Atom<'_>]) -> String {
    let mut line = String::new();
    let mut on = 0u8;
    for atom in atoms {
        let changed = on ^ atom.look;
        for (bit, code) in codes() {
            if changed & bit != 0 {
                line.push(code);
            }
        }
        on = atom.look;
        line.push_str(atom.text);
    }
    line.truncate(line.trim_end().len());
    line
}

/// A bit for each code.
fn codes() -> impl Iterator<Item = (u8, char)> {
    let all = STYLES.iter().map(|(_, code)| *code).chain([MONOSPACE]);
    all.enumerate().map(|(at, code)| (1 << at, code))
}

fn look(piece: &Piece) -> u8 {
    let styles = STYLES.iter().map(|(style, _)| piece.styles.contains(style)).chain([piece.code]);
    styles.zip(codes()).filter(|(on, _)| *on).map(|(_, (bit, _))| bit).sum()
}

/// User-perceived characters; absurdly long ones as code points.
fn graphemes(text: &str) -> impl Iterator<Item = &str> {
    text.graphemes(true).flat_map(|piece| {
        let whole = piece.len() <= 32;
        let points = (!whole).then(|| piece.char_indices().map(|(at, c)| &piece[at..at + c.len_utf8()]));
        whole.then_some(piece).into_iter().chain(points.into_iter().flatten())
    })
}
