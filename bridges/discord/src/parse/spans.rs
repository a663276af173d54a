//! Which marks belong together: a stack of those that are open, each closed at most once, so that the whole is linear.

use relay_contract::Style;
use relay_contract::text::{Container, Leaf, Run};
use std::collections::BTreeSet;

/// A mark that opens and closes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// `**`
    Bold,
    /// `*`
    Star,
    /// `__`
    Underline,
    /// `_`
    Line,
    /// `~~`
    Strike,
    /// `[`
    Bracket,
    /// `||`
    Spoiler,
}

const MARKS: usize = 7;

impl Mark {
    fn typed(self) -> &'static str {
        match self {
            Self::Bold => "**",
            Self::Star => "*",
            Self::Underline => "__",
            Self::Line => "_",
            Self::Strike => "~~",
            Self::Bracket => "[",
            Self::Spoiler => "||",
        }
    }

    /// What it does to the text.
    fn style(self) -> Option<Style> {
        match self {
            Self::Bold => Some(Style::Bold),
            Self::Star | Self::Line => Some(Style::Italic),
            Self::Strike => Some(Style::Strike),
            Self::Underline => Some(Style::Underline),
            Self::Spoiler => Some(Style::Spoiler),
            Self::Bracket => None,
        }
    }
}

enum Piece {
    Leaf(Leaf, Option<String>),
    /// Plain text as typed, until it turns out to have an end.
    Opening(Mark),
    Begin(Mark),
    End(Mark),
    BeginLink(String),
    EndLink,
    Within(Vec<Container>),
}

struct Open {
    mark: Mark,
    piece: usize,
    /// How many links there were before it: a label cannot hold another.
    links: usize,
    live: bool,
}

/// Pieces of a text so far.
#[derive(Default)]
pub struct Spans {
    pieces: Vec<Piece>,
    stack: Vec<Open>,
    /// For each mark the places in `stack` where it is open.
    open: [Vec<usize>; MARKS],
    links: usize,
    within: Vec<Container>,
}

impl Spans {
    /// Another section begins. Only a spoiler reaches from one into the next: better too much hidden than too little.
    pub fn section(&mut self, within: &[Container]) {
        for (mark, open) in self.open.iter_mut().enumerate() {
            if mark != Mark::Spoiler as usize {
                for at in open.drain(..) {
                    self.stack[at].live = false;
                }
            }
        }
        if self.within != within {
            self.within = within.to_vec();
            self.pieces.push(Piece::Within(self.within.clone()));
        } else if !self.pieces.is_empty() {
            self.leaf(Leaf::Break);
        }
    }

    /// Whether nothing has been added since this mark was opened.
    pub fn has_begun(&self, mark: Mark) -> bool {
        let open = self.open[mark as usize].last().and_then(|at| self.stack.get(*at));
        open.is_some_and(|open| open.piece + 1 == self.pieces.len())
    }

    /// Adds plain text.
    pub fn text(&mut self, text: &str) {
        if let Some(Piece::Leaf(Leaf::Plain(before), None)) = self.pieces.last_mut() {
            before.push_str(text);
        } else {
            self.leaf(Leaf::Plain(text.to_owned()));
        }
    }

    /// Adds something that has no marks inside.
    pub fn leaf(&mut self, leaf: Leaf) {
        self.pieces.push(Piece::Leaf(leaf, None));
    }

    /// Adds a link that shows its own address.
    pub fn bare_link(&mut self, url: &str) {
        self.links += 1;
        self.pieces.push(Piece::Leaf(Leaf::Plain(url.to_owned()), Some(url.to_owned())));
    }

    /// Whether this mark is open.
    pub fn is_open(&self, mark: Mark) -> bool {
        !self.open[mark as usize].is_empty()
    }

    /// The innermost open one of two.
    pub fn innermost(&self, one: Mark, other: Mark) -> Option<Mark> {
        let last = |mark: Mark| self.open[mark as usize].last().copied();
        match (last(one), last(other)) {
            (None, None) => None,
            (a, b) => Some(if a > b { one } else { other }),
        }
    }

    /// Opens.
    pub fn begin(&mut self, mark: Mark) {
        self.open[mark as usize].push(self.stack.len());
        self.stack.push(Open { mark, piece: self.pieces.len(), links: self.links, live: true });
        self.pieces.push(Piece::Opening(mark));
    }

    /// Closes the innermost one; what was opened inside and never closed stays as typed.
    pub fn end(&mut self, mark: Mark) {
        if let Some(open) = self.unwind(mark) {
            self.pieces[open.piece] = Piece::Begin(mark);
            self.pieces.push(Piece::End(mark));
        }
    }

    /// A `]` with an address after it: makes a link of what was said since the innermost `[`. False where that cannot be.
    pub fn end_link(&mut self, url: &str) -> bool {
        let bracket = self.open[Mark::Bracket as usize].last().and_then(|at| self.stack.get(*at));
        // An address shown as a label could lie about where it leads: Discord makes no link of it.
        if bracket.is_none_or(|open| open.links != self.links || open.piece + 1 == self.pieces.len()) {
            return false;
        }
        let Some(open) = self.unwind(Mark::Bracket) else {
            return false;
        };
        self.pieces[open.piece] = Piece::BeginLink(url.to_owned());
        self.pieces.push(Piece::EndLink);
        self.links += 1;
        true
    }

    /// A `]` without an address: the innermost `[` is only a bracket.
    pub fn give_up_bracket(&mut self) {
        if let Some(at) = self.open[Mark::Bracket as usize].pop() {
            self.stack[at].live = false;
        }
    }

    fn unwind(&mut self, mark: Mark) -> Option<Open> {
        let at = *self.open[mark as usize].last()?;
        while self.stack.len() > at + 1 {
            if let Some(inner) = self.stack.pop()
                && inner.live
            {
                self.open[inner.mark as usize].pop();
            }
        }
        self.open[mark as usize].pop();
        self.stack.pop()
    }

    /// The leaves with what applies to each.
    pub fn runs(self) -> Vec<Run> {
        let mut runs = Vec::with_capacity(self.pieces.len());
        let mut depth = [0usize; MARKS];
        let mut link: Option<String> = None;
        let mut within = Vec::new();
        for piece in self.pieces {
            let (leaf, url) = match piece {
                Piece::Leaf(leaf, url) => (leaf, url),
                Piece::Opening(mark) => (Leaf::Plain(mark.typed().to_owned()), None),
                Piece::Begin(mark) => {
                    depth[mark as usize] += 1;
                    continue;
                }
                Piece::End(mark) => {
                    depth[mark as usize] = depth[mark as usize].saturating_sub(1);
                    continue;
                }
                Piece::BeginLink(url) => {
                    link = Some(url);
                    continue;
                }
                Piece::EndLink => {
                    link = None;
                    continue;
                }
                Piece::Within(containers) => {
                    within = containers;
                    continue;
                }
            };
            let marks = [Mark::Spoiler, Mark::Bold, Mark::Underline, Mark::Star, Mark::Line, Mark::Strike];
            let styles: BTreeSet<Style> =
                marks.into_iter().filter(|mark| depth[*mark as usize] > 0).filter_map(Mark::style).collect();
            runs.push(Run { leaf, styles, url: url.or_else(|| link.clone()), within: within.clone() });
        }
        runs
    }
}
