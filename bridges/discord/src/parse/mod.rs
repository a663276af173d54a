//! Discord's markdown → text tree. Pure, total, and linear in the length of the text.
//!
//! Read: headings, quotes, lists, blocks of code; bold, italic, underline, strike, spoilers, inline code, links, mentions,
//! emoji, moments, escapes. Subtext is plain.
//!
//! <https://support.discord.com/hc/en-us/articles/210298617>

mod blocks;
mod code;
mod scan;
mod spans;
mod tags;
#[cfg(test)]
mod tests;
pub mod url;

pub use code::is_lang;
pub use tags::TIME_STYLES;

use crate::native::Mentioned;
use relay_contract::Text;
use relay_contract::text::Leaf;
use serde_json::{Map, Value};

/// Names of what a text mentions.
pub struct Lookup<'a> {
    names: &'a Map<String, Value>,
    people: &'a [Mentioned],
}

impl<'a> Lookup<'a> {
    /// `names` has rooms as `#ID` and roles as `&ID`; people come with the message.
    pub fn new(names: &'a Map<String, Value>, people: &'a [Mentioned]) -> Self {
        Self { names, people }
    }

    /// A room (`#`) or a role (`&`); the id stands in for a name that is not known.
    fn named(&self, sign: char, id: &str) -> String {
        let known = self.names.get(&format!("{sign}{id}")).and_then(Value::as_str);
        known.unwrap_or(id).to_owned()
    }

    fn person(&self, id: &str) -> String {
        let known = self.people.iter().find(|person| person.user.id == id);
        known.map_or(id, |person| person.user.shown(person.member.as_ref())).to_owned()
    }
}

/// The tree of a message's content.
pub fn parse(content: &str, lookup: &Lookup<'_>) -> Text {
    let mut spans = spans::Spans::default();
    for section in blocks::sections(content) {
        spans.section(&section.within);
        if section.text.is_empty() {
            spans.leaf(Leaf::Break);
        }
        scan::Scan::new(&section.text, lookup, &mut spans).all();
    }
    Text::from_runs(spans.runs())
}
