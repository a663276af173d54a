//! The one table, as people read it: what carries over into a room and out of it. For `relay capabilities`, the README and
//! `/relay connect`; everything in it comes from the connectors' own cells.

#[cfg(test)]
mod pages;
#[cfg(test)]
mod readme;

use crate::platforms;
use relay_contract::{Capabilities, Feature, Support, Unit};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// Columns that stand side by side in a table of at most 80 characters.
const SIDE_BY_SIDE: usize = 3;
/// How wide a column is, in characters.
const WIDTH: usize = 18;
/// How wide the features' names are.
const FIRST: usize = 18;

/// Rooms that can do the same, and what they can.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Their platform.
    pub platform: String,
    /// Which; none for what the platform can at best.
    pub rooms: Vec<RoomName>,
    /// A row each, in the order of the table.
    pub features: Vec<Row>,
    /// The longest text that one message carries.
    pub longest_text: u64,
    /// What that is counted in: `characters`, `utf16` or `bytes`.
    pub counted_in: String,
    /// The largest file that can be posted there, in bytes; none where only Relay's own limits count.
    pub largest_shown: Option<u64>,
    /// The largest file that can be fetched from there, in bytes.
    pub largest_heard: Option<u64>,
    /// How many different reactions Relay can put on one message; none where there is no limit.
    pub reactions: Option<u32>,
    /// All messages there stand in threads.
    pub only_threads: bool,
}

/// A room, named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomName {
    /// How it is written in a config.
    pub link: String,
    /// How people call it: `space/name`.
    pub name: String,
    /// The channels that it is joined to.
    pub channels: Vec<String>,
}

/// How far one feature goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Its word.
    pub feature: String,
    /// Coming from elsewhere: how it is shown there.
    pub shown: Way,
    /// Used there: how far Relay hears of it, to carry it elsewhere.
    pub heard: Way,
}

/// How far a feature goes one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// As the platform's own.
    Native,
    /// By other means.
    Fallback,
    /// Not at all.
    Dropped,
}

impl From<Support> for Way {
    fn from(support: Support) -> Self {
        match support {
            Support::Native => Self::Native,
            Support::Fallback => Self::Fallback,
            Support::Dropped => Self::Dropped,
        }
    }
}

impl Way {
    fn word(self) -> &'static str {
        match self {
            Self::Native => "yes",
            Self::Fallback => "other",
            Self::Dropped => "no",
        }
    }
}

/// What a feature becomes in a room that has no such thing, as far as one phrase can say.
pub fn otherwise(feature: Feature) -> &'static str {
    match feature {
        Feature::Text => "as plain words",
        Feature::Edit => "told in a new message",
        Feature::EditFiles => "told in the text",
        Feature::Delete => "told in a line",
        Feature::Moderate => "told in a line",
        Feature::Reply => "quoted in a line above, with a link",
        Feature::Thread => "as answers to the message it hangs from",
        Feature::Topic => "with its name before the text",
        Feature::Reaction => "counted in a line below the message, or told in one",
        Feature::File => "named, with a link where there is one",
        Feature::Album => "one message after the other",
        Feature::Sticker => "as a picture, or named",
        Feature::Voice => "as a sound file, or named",
        Feature::VideoNote => "as a film, or named",
        Feature::Poll => "question and answers as text",
        Feature::PollResult => "as text",
        Feature::Mention => "the name, which notifies nobody",
        Feature::Emoji => "its :name:, or the emoji it stands for",
        Feature::Heading => "a bold line",
        Feature::List => "lines with •, 1. and indentation",
        Feature::Quote => "lines that begin with >",
        Feature::Code => "as plain words",
        Feature::Underline => "as plain words",
        Feature::Spoiler => "hidden: ▒▒▒▒ (spoiler)",
        Feature::Time => "date and time in UTC",
        Feature::Card => "a quote with title, text and fields",
        Feature::Forward => "quoted, with whose it was",
        Feature::Preview => "as the platform likes",
        Feature::Pin => "told in a line",
        Feature::Typing => "told in a line",
        Feature::Membership => "told in a line",
        Feature::Rename => "told in a line",
        Feature::Persona => "the name before the text",
    }
}

impl Column {
    /// What these rooms can do.
    pub fn new(platform: &str, capabilities: &Capabilities, rooms: Vec<RoomName>) -> Self {
        let row = |feature: Feature| Row {
            feature: feature.word().to_owned(),
            shown: capabilities.shows(feature).into(),
            heard: capabilities.hears(feature).into(),
        };
        let limit = |bytes: u64| (bytes != u64::MAX).then_some(bytes);
        Self {
            platform: platform.to_owned(),
            rooms,
            features: Feature::ALL.into_iter().map(row).collect(),
            longest_text: capabilities.text.most as u64,
            counted_in: match capabilities.text.unit {
                Unit::Chars => "characters",
                Unit::Utf16 => "utf16",
                Unit::Bytes => "bytes",
            }
            .to_owned(),
            largest_shown: limit(capabilities.files.shown),
            largest_heard: limit(capabilities.files.heard),
            reactions: (capabilities.reactions != u32::MAX).then_some(capabilities.reactions),
            only_threads: capabilities.only_threads,
        }
    }

    /// Whether these rooms can do the same as those.
    pub fn is_like(&self, other: &Self) -> bool {
        Self { rooms: Vec::new(), ..self.clone() } == Self { rooms: Vec::new(), ..other.clone() }
    }

    fn limits(&self) -> [(&'static str, String); 4] {
        let size = |bytes: Option<u64>| bytes.map_or_else(|| "any".to_owned(), size);
        [
            ("longest message", format!("{}", self.longest_text)),
            ("largest file", format!("{} / {}", size(self.largest_shown), size(self.largest_heard))),
            (
                "reactions each",
                self.reactions.map_or_else(|| "any number".to_owned(), |most| most.to_string()),
            ),
            ("only threads", if self.only_threads { "yes" } else { "no" }.to_owned()),
        ]
    }
}

/// What each platform can at best, where Relay has every right that it asks for.
pub fn of_platforms() -> Vec<Column> {
    let columns = platforms::ALL.iter();
    columns.map(|entry| Column::new(entry.name(), &(entry.capabilities)(), Vec::new())).collect()
}

/// The table for a terminal, at most 80 characters wide.
pub fn text(columns: &[Column]) -> String {
    let mut out = String::from(
        "What carries over, as: into the room / out of it.\n\
         yes: as the platform's own. other: by other means. no: not at all.\n",
    );
    // Writing into a String cannot fail.
    let numbered = columns.iter().any(|column| !column.rooms.is_empty());
    for (at, column) in columns.iter().enumerate() {
        for (first, room) in column.rooms.iter().enumerate() {
            let number = if first == 0 { format!("({})", at + 1) } else { String::new() };
            let line = format!("{number:<5}{}, {}, in {}", room.link, room.name, room.channels.join(", "));
            let options = textwrap::Options::new(80)
                .wrap_algorithm(textwrap::WrapAlgorithm::FirstFit)
                .subsequent_indent("     ");
            let _ = write!(out, "\n{}", textwrap::fill(&line, options));
        }
    }
    if numbered {
        out.push('\n');
    }
    for (block, side_by_side) in columns.chunks(SIDE_BY_SIDE).enumerate() {
        let number = |at: usize| block * SIDE_BY_SIDE + at + 1;
        let headings = side_by_side.iter().enumerate().map(|(at, column)| match numbered {
            true => format!("({}) {}", number(at), shown(&column.platform)),
            false => shown(&column.platform),
        });
        out.push('\n');
        line(&mut out, "", headings);
        for (at, feature) in Feature::ALL.into_iter().enumerate() {
            line(&mut out, feature.word(), side_by_side.iter().map(|column| cell(column, at)));
        }
        for (at, (name, _)) in side_by_side.first().map(Column::limits).iter().flatten().enumerate() {
            line(&mut out, name, side_by_side.iter().map(|column| column.limits()[at].1.clone()));
        }
    }
    out
}

fn cell(column: &Column, at: usize) -> String {
    let row = column.features.get(at);
    row.map_or_else(String::new, |row| format!("{} / {}", row.shown.word(), row.heard.word()))
}

fn line(out: &mut String, first: &str, cells: impl Iterator<Item = String>) {
    let cells: String = cells.map(|cell| format!("{cell:<WIDTH$}")).collect();
    out.push_str(format!("{first:<FIRST$}{cells}").trim_end());
    out.push('\n');
}

fn size(bytes: u64) -> String {
    match bytes {
        bytes if bytes >= 1 << 30 => format!("{} GiB", bytes >> 30),
        bytes if bytes >= 1 << 20 => format!("{} MiB", bytes >> 20),
        bytes => format!("{bytes} bytes"),
    }
}

/// A platform's name as people write it.
fn shown(platform: &str) -> String {
    crate::adapt::names::capitalised(&relay_contract::Platform::from_stored(platform.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_fits_a_terminal() {
        let mut columns = of_platforms();
        for column in &mut columns {
            let link = format!("{}:{}", column.platform, "a long name ".repeat(12));
            column.rooms = vec![RoomName { link, name: "x/y".into(), channels: vec!["lobby".into()] }];
        }
        columns.extend(columns.clone());
        for shown in [text(&of_platforms()), text(&columns)] {
            for line in shown.lines() {
                assert!(line.chars().count() <= 80, "{line}");
            }
            for feature in Feature::ALL {
                assert!(shown.lines().any(|line| line.starts_with(feature.word())), "{feature}");
            }
        }
        let last = columns.last().map(|column| super::shown(&column.platform)).unwrap();
        assert!(text(&columns).contains(&format!("({}) {last}", columns.len())));
    }
}
