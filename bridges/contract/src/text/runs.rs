//! The flat form of a text: leaves, each with its styles and link. Ranges become a tree through it, overlapping or not,
//! and it is what defines the normal form.

use super::{Block, Inline, Mention, Style, Text};
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

impl Run {
    /// Without any style.
    pub fn new(leaf: Leaf) -> Self {
        Self { leaf, styles: BTreeSet::new(), url: None }
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

    fn is_space(&self) -> bool {
        match &self.leaf {
            Leaf::Break => true,
            Leaf::Plain(text) => text.chars().all(char::is_whitespace),
            _ => false,
        }
    }

    fn with_leaf(&self, leaf: Leaf) -> Self {
        Self { leaf, styles: self.styles.clone(), url: self.url.clone() }
    }
}

/// Blocks as runs, in any form; paragraphs that follow each other get two breaks between them.
pub(super) fn flatten(blocks: Vec<Block>) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut after_paragraph = false;
    for block in blocks {
        match block {
            Block::Paragraph(inlines) => {
                if after_paragraph {
                    runs.extend([Run::new(Leaf::Break), Run::new(Leaf::Break)]);
                }
                flatten_inlines(inlines, &BTreeSet::new(), None, &mut runs);
                after_paragraph = true;
            }
            Block::Code { lang, text } => {
                runs.push(Run::new(Leaf::Block { lang, text }));
                after_paragraph = false;
            }
        }
    }
    runs
}

fn flatten_inlines(inlines: Vec<Inline>, styles: &BTreeSet<Style>, url: Option<&str>, runs: &mut Vec<Run>) {
    for inline in inlines {
        let leaf = match inline {
            Inline::Styled(style, inner) => {
                let mut styles = styles.clone();
                styles.insert(style);
                flatten_inlines(inner, &styles, url, runs);
                continue;
            }
            Inline::Link { url, label } => {
                flatten_inlines(label, styles, Some(&url), runs);
                continue;
            }
            Inline::Plain(text) => Leaf::Plain(text),
            Inline::Code(text) => Leaf::Code(text),
            Inline::Mention(mention) => Leaf::Mention(mention),
            Inline::Break => Leaf::Break,
        };
        runs.push(Run { leaf, styles: styles.clone(), url: url.map(str::to_owned) });
    }
}

impl Text {
    /// The leaves in order.
    pub fn into_runs(self) -> Vec<Run> {
        flatten(self.0)
    }

    /// The tree of a sequence of leaves, in its normal form.
    pub fn from_runs(runs: Vec<Run>) -> Self {
        let mut blocks = Vec::new();
        let mut paragraph = Vec::new();
        for run in runs {
            if let Leaf::Block { lang, text } = run.leaf {
                let text = text.replace("\r\n", "\n").trim_matches('\n').to_owned();
                let lang = lang.filter(|lang| !lang.is_empty());
                if text.is_empty() {
                    // Nothing to show, but what is before and after it stays apart.
                    paragraph.push(Run::new(Leaf::Break));
                } else {
                    close_paragraph(&mut paragraph, &mut blocks);
                    blocks.push(Block::Code { lang, text });
                }
            } else {
                divide(run, &mut paragraph);
            }
        }
        close_paragraph(&mut paragraph, &mut blocks);
        Self(blocks)
    }
}

/// Cuts a run at line breaks and between white space and words; drops what is empty.
fn divide(run: Run, into: &mut Vec<Run>) {
    match &run.leaf {
        Leaf::Plain(text) => {
            for (i, line) in text.replace("\r\n", "\n").split(['\n', '\r']).enumerate() {
                if i > 0 {
                    into.push(run.with_leaf(Leaf::Break));
                }
                let inner = line.trim();
                let start = line.len() - line.trim_start().len();
                for piece in [&line[..start], inner, &line[start + inner.len()..]] {
                    if !piece.is_empty() {
                        into.push(run.with_leaf(Leaf::Plain(piece.to_owned())));
                    }
                }
            }
        }
        Leaf::Code(text) => {
            for (i, line) in text.replace("\r\n", "\n").split(['\n', '\r']).enumerate() {
                if i > 0 {
                    into.push(run.with_leaf(Leaf::Break));
                }
                if !line.is_empty() {
                    into.push(run.with_leaf(Leaf::Code(line.to_owned())));
                }
            }
        }
        _ => into.push(run),
    }
}

fn close_paragraph(paragraph: &mut Vec<Run>, blocks: &mut Vec<Block>) {
    let mut runs = std::mem::take(paragraph);
    while runs.last().is_some_and(Run::is_space) {
        runs.pop();
    }
    let leading = runs.iter().take_while(|run| run.is_space()).count();
    runs.drain(..leading);
    share_styles_of_space(&mut runs);
    if !runs.is_empty() {
        blocks.push(Block::Paragraph(nest_links(runs)));
    }
}

/// White space bears the styles and the link that the words on both its sides share: `** a**` is bold nowhere.
fn share_styles_of_space(runs: &mut [Run]) {
    let mut at = 0;
    while at < runs.len() {
        if !runs[at].is_space() {
            at += 1;
            continue;
        }
        let end = (at..runs.len()).find(|&i| !runs[i].is_space()).unwrap_or(runs.len());
        if at > 0 && end < runs.len() {
            let (before, after) = (runs[at - 1].clone(), runs[end].clone());
            for run in &mut runs[at..end] {
                run.styles = before.styles.intersection(&after.styles).copied().collect();
                run.url = before.url.clone().filter(|url| after.url.as_ref() == Some(url));
            }
        }
        at = end;
    }
}

fn nest_links(runs: Vec<Run>) -> Vec<Inline> {
    let mut inlines = Vec::new();
    for group in grouped(runs, |a, b| a.url == b.url) {
        let url = group.first().and_then(|run| run.url.clone());
        let label = nest_styles(group, &[Style::Bold, Style::Italic, Style::Strike]);
        match url {
            Some(url) => inlines.push(Inline::Link { url, label }),
            None => inlines.extend(label),
        }
    }
    inlines
}

fn nest_styles(runs: Vec<Run>, styles: &[Style]) -> Vec<Inline> {
    let Some((&style, inner)) = styles.split_first() else {
        return leaves(runs);
    };
    let mut inlines = Vec::new();
    for group in grouped(runs, |a, b| a.styles.contains(&style) == b.styles.contains(&style)) {
        let styled = group.first().is_some_and(|run| run.styles.contains(&style));
        let nested = nest_styles(group, inner);
        if styled { inlines.push(Inline::Styled(style, nested)) } else { inlines.extend(nested) }
    }
    inlines
}

fn leaves(runs: Vec<Run>) -> Vec<Inline> {
    let mut inlines: Vec<Inline> = Vec::new();
    for run in runs {
        match (inlines.last_mut(), run.leaf) {
            (Some(Inline::Plain(before)), Leaf::Plain(text)) => before.push_str(&text),
            (Some(Inline::Code(before)), Leaf::Code(text)) => before.push_str(&text),
            (_, Leaf::Plain(text)) => inlines.push(Inline::Plain(text)),
            (_, Leaf::Code(text)) => inlines.push(Inline::Code(text)),
            (_, Leaf::Mention(mention)) => inlines.push(Inline::Mention(mention)),
            (_, Leaf::Break) => inlines.push(Inline::Break),
            (_, Leaf::Block { .. }) => {}
        }
    }
    inlines
}

fn grouped(runs: Vec<Run>, alike: impl Fn(&Run, &Run) -> bool) -> Vec<Vec<Run>> {
    let mut groups: Vec<Vec<Run>> = Vec::new();
    for run in runs {
        match groups.last_mut() {
            Some(group) if group.last().is_some_and(|last| alike(last, &run)) => group.push(run),
            _ => groups.push(vec![run]),
        }
    }
    groups
}
