//! The flat form of a text: leaves, each with its styles, its link and what it stands in. Ranges become a tree through it,
//! overlapping or not, and it is what defines the normal form.

use super::{Block, Emoji, Inline, Mention, Style, Time};
use std::collections::BTreeSet;

/// A leaf with all that applies to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// What it shows.
    pub leaf: Leaf,
    /// Its styles.
    pub styles: BTreeSet<Style>,
    /// The link it is part of.
    pub url: Option<String>,
    /// What it stands in, outermost first. Neighbours with the same containers stand in the same block.
    pub within: Vec<Container>,
}

/// What a run can stand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Container {
    /// A quote.
    Quote,
    /// An item of a list.
    Item {
        /// Tells it from its neighbours: another in each item of the text, in any order.
        item: u32,
        /// Its number; `None` in a list with bullets.
        number: Option<u32>,
    },
    /// A heading of this level. A break in it begins another heading.
    Heading(u8),
}

/// A piece of text that is not divided further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leaf {
    /// Text; line breaks in it become [`Leaf::Break`].
    Plain(String),
    /// Inline code.
    Code(String),
    /// A mention.
    Mention(Mention),
    /// An emoji of the origin's own.
    Emoji(Emoji),
    /// A moment.
    Time(Time),
    /// A line break.
    Break,
    /// A block of code: ends the paragraph before it and begins another after it.
    Block {
        /// The language.
        lang: Option<String>,
        /// The code.
        text: String,
    },
}

impl Leaf {
    /// As plain text.
    pub fn shown(&self) -> String {
        match self {
            Self::Plain(text) | Self::Code(text) | Self::Block { text, .. } => text.clone(),
            Self::Mention(mention) => mention.shown(),
            Self::Emoji(emoji) => emoji.shown(),
            Self::Time(time) => time.shown(),
            Self::Break => "\n".to_owned(),
        }
    }
}

impl Run {
    /// Without any style.
    pub fn new(leaf: Leaf) -> Self {
        Self { leaf, styles: BTreeSet::new(), url: None, within: Vec::new() }
    }

    /// With one more style.
    pub fn styled(mut self, style: Style) -> Self {
        self.styles.insert(style);
        self
    }

    /// As part of a link.
    pub fn linked(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }

    /// Standing in these, outermost first.
    pub fn inside(mut self, containers: &[Container]) -> Self {
        self.within = containers.to_vec();
        self
    }

    /// With another leaf, and all that applies to this one.
    pub fn with_leaf(&self, leaf: Leaf) -> Self {
        Self { leaf, styles: self.styles.clone(), url: self.url.clone(), within: self.within.clone() }
    }

    pub(super) fn with_items_from(mut self, first: u32) -> Self {
        for container in &mut self.within {
            if let Container::Item { item, .. } = container {
                *item = item.saturating_add(first);
            }
        }
        self
    }

    pub(super) fn is_space(&self) -> bool {
        match &self.leaf {
            Leaf::Break => true,
            Leaf::Plain(text) => text.chars().all(char::is_whitespace),
            _ => false,
        }
    }
}

/// A number for an item that none of these bears.
pub(super) fn next_item(runs: &[Run]) -> u32 {
    let items = runs.iter().flat_map(|run| &run.within).map(|container| match container {
        Container::Item { item, .. } => item.saturating_add(1),
        _ => 0,
    });
    items.max().unwrap_or(0)
}

/// Blocks as runs, in any form; what follows each other and would be one block is kept apart by breaks.
pub(super) fn flatten(blocks: Vec<Block>) -> Vec<Run> {
    let mut flat = Flat::default();
    flat.blocks(blocks);
    flat.runs
}

#[derive(Default)]
struct Flat {
    runs: Vec<Run>,
    within: Vec<Container>,
    items: u32,
}

impl Flat {
    fn blocks(&mut self, blocks: Vec<Block>) {
        let mut before = None;
        for block in blocks {
            let (kind, breaks) = match &block {
                Block::Paragraph(_) => (None, 2),
                Block::Quote(_) => (Some(Container::Quote), 2),
                Block::Heading { level, .. } => (Some(Container::Heading(*level)), 1),
                Block::Code { .. } | Block::List { .. } => (None, 0),
            };
            let joins = breaks > 0;
            if joins && before == Some(kind) {
                let within = self.within.iter().copied().chain(kind).collect::<Vec<_>>();
                let apart = Run::new(Leaf::Break).inside(&within);
                self.runs.extend(std::iter::repeat_n(apart, breaks));
            }
            before = joins.then_some(kind);
            match block {
                Block::Paragraph(inlines) => self.inlines(inlines, &BTreeSet::new(), None),
                Block::Code { lang, text } => self.push(Leaf::Block { lang, text }, &BTreeSet::new(), None),
                Block::Heading { level, inlines } => {
                    self.inside(Container::Heading(level), |flat| {
                        flat.inlines(inlines, &BTreeSet::new(), None)
                    });
                }
                Block::Quote(blocks) => self.inside(Container::Quote, |flat| flat.blocks(blocks)),
                Block::List { start, items } => {
                    for (at, blocks) in (0u32..).zip(items) {
                        let number = start.map(|start| start.saturating_add(at));
                        let item = Container::Item { item: self.items, number };
                        self.items = self.items.saturating_add(1);
                        self.inside(item, |flat| flat.blocks(blocks));
                    }
                }
            }
        }
    }

    fn inside(&mut self, container: Container, flatten: impl FnOnce(&mut Self)) {
        self.within.push(container);
        flatten(self);
        self.within.pop();
    }

    fn push(&mut self, leaf: Leaf, styles: &BTreeSet<Style>, url: Option<&str>) {
        let (styles, url) = (styles.clone(), url.map(str::to_owned));
        self.runs.push(Run { leaf, styles, url, within: self.within.clone() });
    }

    fn inlines(&mut self, inlines: Vec<Inline>, styles: &BTreeSet<Style>, url: Option<&str>) {
        for inline in inlines {
            let leaf = match inline {
                Inline::Styled(style, inner) => {
                    let mut styles = styles.clone();
                    styles.insert(style);
                    self.inlines(inner, &styles, url);
                    continue;
                }
                Inline::Link { url, label } => {
                    self.inlines(label, styles, Some(&url));
                    continue;
                }
                Inline::Plain(text) => Leaf::Plain(text),
                Inline::Code(text) => Leaf::Code(text),
                Inline::Mention(mention) => Leaf::Mention(mention),
                Inline::Emoji(emoji) => Leaf::Emoji(emoji),
                Inline::Time(time) => Leaf::Time(time),
                Inline::Break => Leaf::Break,
            };
            self.push(leaf, styles, url);
        }
    }
}
