//! The text tree: what was said, free of any platform's markup. Always in its normal form.

mod excerpt;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod normal;
mod runs;
mod split;
#[cfg(test)]
mod structure_tests;
#[cfg(test)]
mod tests;
mod time;

pub use runs::{Container, Leaf, Run};
pub use time::{Time, TimeStyle};

use crate::ids::NativeId;
use serde::{Deserialize, Serialize};

/// How many quotes and list items may lie in one another; what is deeper stands, on lines of its own, in the innermost
/// that is allowed.
pub const DEEPEST: usize = 8;
/// The highest number of a list item, which no platform goes beyond.
pub const HIGHEST_NUMBER: u32 = 999_999_999;

/// A text in its normal form.
///
/// **Blocks.** None is empty. Neighbours of one kind are one: paragraphs and quotes with two breaks between, lists with their
/// items one after the other; only headings and blocks of code stay apart. A heading is one line and holds no other block. An
/// ordered list begins with a number from 1 to [`HIGHEST_NUMBER`]. Quotes and items are at most [`DEEPEST`] deep.
///
/// **Inlines.** None is empty; a plain inline has no line break; links are outermost, and styles nest in the order of
/// [`Style`]; white space between differently styled words bears only the styles that both sides share; a paragraph neither
/// begins nor ends with white space or a break. A block of code that is a spoiler is inline code, line by line.
///
/// The size of the tree is linear in what it was made of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Vec<Block>", into = "Vec<Block>")]
pub struct Text(Vec<Block>);

/// A block.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Block {
    /// Running text.
    Paragraph(Vec<Inline>),
    /// A heading.
    Heading {
        /// From 1, the largest, to 6.
        level: u8,
        /// Its one line.
        inlines: Vec<Inline>,
    },
    /// A block of code, as it is.
    Code {
        /// The language, where given.
        lang: Option<String>,
        /// The code, without the final line break.
        text: String,
    },
    /// What somebody else said.
    Quote(Vec<Block>),
    /// A list.
    List {
        /// The number of the first item, from which the others count up; `None` for a list with bullets.
        start: Option<u32>,
        /// The items.
        items: Vec<Vec<Block>>,
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
    /// An emoji of the origin's own; one that Unicode has is plain text.
    Emoji(Emoji),
    /// A moment.
    Time(Time),
    /// A line break.
    Break,
}

impl Inline {
    fn names_people(&self) -> bool {
        match self {
            Self::Mention(Mention::Person { .. }) => true,
            Self::Styled(_, inlines) | Self::Link { label: inlines, .. } => {
                inlines.iter().any(Self::names_people)
            }
            _ => false,
        }
    }
}

/// A style, in the order in which styles nest, outermost first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Style {
    /// Hidden until the reader wants to see it.
    Spoiler,
    /// Bold.
    Bold,
    /// Underlined.
    Underline,
    /// Italic.
    Italic,
    /// Struck through.
    Strike,
}

impl Style {
    /// All of them, outermost first.
    pub const ALL: [Self; 5] = [Self::Spoiler, Self::Bold, Self::Underline, Self::Italic, Self::Strike];
}

/// An emoji that only its platform can show.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Emoji {
    /// Its name without colons, or the emoji of Unicode that stands for it. Without white space.
    pub name: String,
    /// Its id on the origin platform, where it has one.
    pub id: Option<NativeId>,
}

impl Emoji {
    /// As plain text: `:owl:`, or the emoji that stands for it.
    pub fn shown(&self) -> String {
        let is_word = |c: char| c.is_ascii_alphanumeric() || "_-+'".contains(c);
        if self.name.chars().all(is_word) { format!(":{}:", self.name) } else { self.name.clone() }
    }
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

impl Block {
    fn names_people(&self) -> bool {
        match self {
            Self::Paragraph(inlines) | Self::Heading { inlines, .. } => {
                inlines.iter().any(Inline::names_people)
            }
            Self::Code { .. } => false,
            Self::Quote(blocks) => blocks.iter().any(Self::names_people),
            Self::List { items, .. } => items.iter().flatten().any(Self::names_people),
        }
    }

    /// Its leaves in order, as [`Text::into_runs`] gives those of a text that is nothing but this block.
    pub fn into_runs(self) -> Vec<Run> {
        runs::flatten(vec![self])
    }
}

impl From<Vec<Block>> for Text {
    fn from(blocks: Vec<Block>) -> Self {
        Self::new(blocks)
    }
}

impl From<Text> for Vec<Block> {
    fn from(text: Text) -> Self {
        text.0
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

    /// Whether it names a person: most texts do not, and are not to be taken apart to find that out.
    pub fn names_people(&self) -> bool {
        self.0.iter().any(Block::names_people)
    }

    /// Says nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The leaves in order.
    pub fn into_runs(self) -> Vec<Run> {
        runs::flatten(self.0)
    }

    /// The tree of a sequence of leaves, in its normal form.
    pub fn from_runs(runs: Vec<Run>) -> Self {
        Self(normal::blocks_of(runs))
    }

    /// This, a line break, and then the other.
    pub fn followed_by(self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        let mut runs = self.into_runs();
        let items = runs::next_item(&runs);
        runs.push(Run::new(Leaf::Break));
        runs.extend(other.into_runs().into_iter().map(|run| run.with_items_from(items)));
        Self::from_runs(runs)
    }
}
