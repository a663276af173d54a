//! The text tree: what was said, free of any platform's markup. Always in its normal form.

mod excerpt;
mod runs;
mod split;
#[cfg(test)]
mod tests;

pub use runs::{Leaf, Run};

use crate::ids::NativeId;
use serde::{Deserialize, Serialize};

/// A text in its normal form.
///
/// No empty block or inline; neighbouring paragraphs are one, with two breaks between; a plain inline has no line
/// break; styles nest in the order of [`Style`], links outermost; white space between differently styled words bears
/// only the styles that both sides share; a paragraph neither begins nor ends with white space or a break.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text(Vec<Block>);

/// A block.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Block {
    /// Running text.
    Paragraph(Vec<Inline>),
    /// A block of code, as it is.
    Code {
        /// The language, where given.
        lang: Option<String>,
        /// The code, without the final line break.
        text: String,
    },
}

/// A piece of running text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Inline {
    /// Text as it is, without line breaks.
    Plain(String),
    /// Styled text.
    Styled(Style, Vec<Inline>),
    /// Code, as it is, without line breaks.
    Code(String),
    /// A link.
    Link {
        /// Where to; any scheme that the origin allowed.
        url: String,
        /// What is shown; equal to the URL for a bare link.
        label: Vec<Inline>,
    },
    /// Somebody or something named. Inert wherever it is rendered.
    Mention(Mention),
    /// A line break.
    Break,
}

/// A style, in the order in which styles nest, outermost first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Style {
    /// Bold.
    Bold,
    /// Italic.
    Italic,
    /// Struck through.
    Strike,
}

/// Whom or what a mention names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Mention {
    /// A person.
    Person {
        /// Their id on the origin platform, where known.
        id: Option<NativeId>,
        /// The name shown, without `@`.
        name: String,
    },
    /// A room.
    Room {
        /// The name shown, without `#`.
        name: String,
    },
    /// A group of people: a role, `everyone`, `here`.
    Group {
        /// The name shown, without `@`.
        name: String,
    },
}

impl Mention {
    /// As plain text: `@Ada`, `#general`.
    pub fn shown(&self) -> String {
        match self {
            Self::Person { name, .. } | Self::Group { name } => format!("@{name}"),
            Self::Room { name } => format!("#{name}"),
        }
    }
}

impl Text {
    /// Brings blocks into the normal form.
    pub fn new(blocks: Vec<Block>) -> Self {
        Self::from_runs(runs::flatten(blocks))
    }

    /// Text as it is, line breaks included, without any style.
    pub fn plain(text: &str) -> Self {
        Self::from_runs(vec![Run::new(Leaf::Plain(text.to_owned()))])
    }

    /// The blocks.
    pub fn blocks(&self) -> &[Block] {
        &self.0
    }

    /// Says nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// This, a line break, and then the other.
    pub fn followed_by(self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        let mut runs = self.into_runs();
        runs.push(Run::new(Leaf::Break));
        runs.extend(other.into_runs());
        Self::from_runs(runs)
    }
}
