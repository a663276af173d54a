//! Formatted text as the Bot API holds it: plain text and ranges counted in UTF-16 units.
//!
//! Source: <https://core.telegram.org/bots/api#messageentity>. The checks and the trimming follow what the Bot API
//! server answers, so that a client which counts in bytes or characters is found out here.

use super::detect;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One range of formatting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entity {
    /// `bold`, `text_link`, `pre` …
    #[serde(rename = "type")]
    pub kind: String,
    /// First UTF-16 unit.
    pub offset: i64,
    /// UTF-16 units.
    pub length: i64,
    /// `text_link` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// `text_mention` only: a user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Value>,
    /// `pre` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// `custom_emoji` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_emoji_id: Option<String>,
    /// `date_time` only: seconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unix_time: Option<i64>,
    /// `date_time` only: `r`, or what of `w`, `d` or `D`, and `t` or `T` is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_time_format: Option<String>,
}

impl Entity {
    /// A range without further details.
    pub fn new(kind: &str, offset: usize, length: usize) -> Self {
        Self {
            kind: kind.to_owned(),
            offset: i64::try_from(offset).unwrap_or(i64::MAX),
            length: i64::try_from(length).unwrap_or(i64::MAX),
            url: None,
            user: None,
            language: None,
            custom_emoji_id: None,
            unix_time: None,
            date_time_format: None,
        }
    }

    /// The UTF-16 unit after the last.
    pub fn end(&self) -> i64 {
        self.offset.saturating_add(self.length)
    }
}

/// Text with its ranges.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Formatted {
    /// Plain text.
    pub text: String,
    /// In order of their offset, the longer first.
    pub entities: Vec<Entity>,
}

/// UTF-16 units of a text.
pub fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The part of a text between two UTF-16 offsets; none when an offset is outside or splits a character.
pub fn slice(text: &str, from: i64, to: i64) -> Option<&str> {
    let at = |wanted: i64| {
        let mut unit = 0;
        for (byte, c) in text.char_indices() {
            if unit == wanted {
                return Some(byte);
            }
            unit += c.len_utf16() as i64;
        }
        (unit == wanted).then_some(text.len())
    };
    text.get(at(from)?..at(to)?)
}

/// Ranges that only the server itself sets: given ones are dropped and looked for again.
const AUTOMATIC: [&str; 8] =
    ["mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "bank_card"];

/// Ranges that bots and people may set.
const GIVEN: [&str; 12] = [
    "bold",
    "italic",
    "underline",
    "strikethrough",
    "spoiler",
    "blockquote",
    "expandable_blockquote",
    "code",
    "pre",
    "text_link",
    "text_mention",
    "date_time",
];

/// What the server makes of a text with ranges: control characters gone, ends trimmed, ranges moved along, links and
/// mentions found. The error is the end of a `Bad Request: …` description.
pub fn clean(given: Formatted) -> Result<Formatted, String> {
    let Formatted { text, mut entities } = given;
    for entity in &entities {
        if !(0..=1_000_000).contains(&entity.offset) {
            return Err(format!("receive an entity with incorrect offset {}", entity.offset));
        }
        if !(0..=1_000_000).contains(&entity.length) {
            return Err(format!("receive an entity with incorrect length {}", entity.length));
        }
        if !AUTOMATIC.contains(&&*entity.kind)
            && !GIVEN.contains(&&*entity.kind)
            && entity.kind != "custom_emoji"
        {
            return Err("can't parse MessageEntity: wrong type".to_owned());
        }
    }
    entities.retain(|e| e.length > 0 && !AUTOMATIC.contains(&&*e.kind));
    let (text, moved) = trim(&text);
    for entity in &mut entities {
        let end = usize::try_from(entity.end()).unwrap_or(usize::MAX);
        let start = usize::try_from(entity.offset).unwrap_or(usize::MAX);
        let Some(&new_end) = moved.get(end) else {
            return Err(format!(
                "entity beginning at UTF-16 offset {start} ends after the end of the text at UTF-16 offset {end}"
            ));
        };
        let (Some(to), Some(from)) = (new_end, moved.get(start).copied().flatten()) else {
            let where_ = if new_end.is_none() { ("ends", end) } else { ("begins", start) };
            return Err(format!(
                "entity {} in a middle of a UTF-16 symbol at UTF-16 offset {}",
                where_.0, where_.1
            ));
        };
        entity.offset = from as i64;
        entity.length = (to - from) as i64;
    }
    entities.retain(|e| {
        e.length > 0 && slice(&text, e.offset, e.end()).is_some_and(|s| !s.chars().all(char::is_whitespace))
    });
    drop_inside_code(&mut entities);
    entities.extend(detect::find(&text, &entities));
    order(&mut entities);
    Ok(Formatted { text, entities })
}

/// Sorts as the server does: by offset, then the longer first; doubles are dropped.
pub fn order(entities: &mut Vec<Entity>) {
    entities.sort_by(|a, b| a.offset.cmp(&b.offset).then(b.length.cmp(&a.length)));
    entities.dedup();
}

/// `code` and `pre` cannot be combined with anything.
fn drop_inside_code(entities: &mut Vec<Entity>) {
    let code: Vec<(i64, i64)> = entities.iter().filter(|e| is_code(e)).map(|e| (e.offset, e.end())).collect();
    entities.retain(|e| {
        is_code(e)
            || matches!(&*e.kind, "blockquote" | "expandable_blockquote")
            || !code.iter().any(|(from, to)| e.offset < *to && *from < e.end())
    });
}

fn is_code(entity: &Entity) -> bool {
    matches!(&*entity.kind, "code" | "pre")
}

/// The trimmed text, and for each old UTF-16 offset the new one (none inside a surrogate pair).
fn trim(text: &str) -> (String, Vec<Option<usize>>) {
    let cleaned: Vec<(Option<char>, usize)> = text
        .chars()
        .map(|c| match c {
            '\r' => (None, 1),
            c if c < ' ' && c != '\n' => (Some(' '), 1),
            c => (Some(c), c.len_utf16()),
        })
        .collect();
    let visible = |(c, _): &(Option<char>, usize)| c.is_some_and(|c| !c.is_whitespace());
    let first = cleaned.iter().position(visible).unwrap_or(cleaned.len());
    let last = cleaned.iter().rposition(visible).map_or(first, |at| at + 1);
    let mut out = String::new();
    let mut moved = Vec::with_capacity(text.len() + 1);
    let mut unit = 0;
    for (at, (c, old)) in cleaned.iter().enumerate() {
        moved.push(Some(unit));
        moved.extend(std::iter::repeat_n(None, old.saturating_sub(1)));
        if let Some(c) = c.filter(|_| (first..last).contains(&at)) {
            out.push(c);
            unit += c.len_utf16();
        }
    }
    moved.push(Some(unit));
    (out, moved)
}

/// Cuts a formatted text into parts of at most `limit` UTF-16 units, as the official clients do with a long message.
pub fn split(whole: &Formatted, limit: usize) -> Vec<Formatted> {
    let mut parts = Vec::new();
    let (mut text, mut start, mut unit) = (String::new(), 0_usize, 0_usize);
    for c in whole.text.chars() {
        if unit + c.len_utf16() - start > limit {
            parts.push((std::mem::take(&mut text), start, unit));
            start = unit;
        }
        text.push(c);
        unit += c.len_utf16();
    }
    parts.push((text, start, unit));
    parts
        .into_iter()
        .map(|(text, from, to)| {
            let (from, to) = (from as i64, to as i64);
            let entities = whole.entities.iter().filter_map(|e| {
                let (start, end) = (e.offset.max(from), e.end().min(to));
                (start < end).then(|| Entity { offset: start - from, length: end - start, ..e.clone() })
            });
            Formatted { text, entities: entities.collect() }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    type Range<'a> = (&'a str, usize, usize);

    fn cleaned(text: &str, entities: &[Range]) -> Result<Formatted, String> {
        let entities = entities.iter().map(|(kind, from, len)| Entity::new(kind, *from, *len)).collect();
        clean(Formatted { text: text.to_owned(), entities })
    }

    #[test]
    fn ranges_follow_the_text() {
        let cases: &[(&str, &[Range], &str, &[Range])] = &[
            ("hi", &[("bold", 0, 2)], "hi", &[("bold", 0, 2)]),
            ("  hi  ", &[("bold", 0, 6)], "hi", &[("bold", 0, 2)]),
            ("😀 hi", &[("bold", 0, 2)], "😀 hi", &[("bold", 0, 2)]),
            ("a  b", &[("bold", 1, 2)], "a  b", &[]),
            ("a\r\nb", &[("bold", 3, 1)], "a\nb", &[("bold", 2, 1)]),
            ("abc", &[("code", 0, 3), ("bold", 1, 1)], "abc", &[("code", 0, 3)]),
            ("@ada x", &[("mention", 5, 1)], "@ada x", &[("mention", 0, 4)]),
        ];
        for (text, given, want_text, want) in cases {
            let entities = want.iter().map(|(kind, from, len)| Entity::new(kind, *from, *len)).collect();
            let want = Formatted { text: (*want_text).to_owned(), entities };
            assert_eq!(cleaned(text, given).unwrap(), want, "{text:?}");
        }
    }

    #[test]
    fn impossible_ranges_are_refused() {
        for (text, entity) in
            [("hi", ("bold", 0, 3)), ("😀", ("bold", 1, 1)), ("😀", ("bold", 0, 1)), ("a", ("shout", 0, 1))]
        {
            assert!(cleaned(text, &[entity]).is_err(), "{text:?} {entity:?}");
        }
    }

    #[test]
    fn long_text_is_split_between_characters() {
        let whole = Formatted { text: "ab😀cd".into(), entities: vec![Entity::new("bold", 1, 4)] };
        let parts = split(&whole, 3);
        assert_eq!(parts.iter().map(|p| &*p.text).collect::<Vec<_>>(), ["ab", "😀c", "d"]);
        assert_eq!(parts[1].entities, vec![Entity::new("bold", 0, 3)]);
        assert!(parts[2].entities.is_empty());
    }
}
