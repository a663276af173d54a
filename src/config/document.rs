//! TOML with places: the syntax, and small steps into tables that report what is not there or not known.

use super::masked::is_plain_word;
use super::{Key, Mistake};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// From this likeness on (Jaro-Winkler, 0 to 1), a word is taken for another one misspelt.
const ALIKE: f64 = 0.75;

pub(super) type Value<'i> = Spanned<DeValue<'i>>;

/// Parses the text; every syntax error is a mistake. `None` when nothing sensible is left.
pub(super) fn parse<'i>(text: &'i str, mistakes: &mut Vec<Mistake>) -> Option<DeTable<'i>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    // Only the first: the others are mostly its consequences.
    if let Some(error) = errors.first() {
        let span = error.span().unwrap_or(0..0);
        mistakes.push(Mistake::new(
            span,
            format!("this is not TOML: {}", error.message().replace('\n', ", ")),
            "Look here and just before: KEY = VALUE, text in straight double quotes, a comma between the items of a list, \
             and a bracket closed for each that is opened.",
        ));
    }
    // What the parser made up to go on would only bring mistakes that are none.
    errors.is_empty().then(|| table.into_inner())
}

/// The table in a value.
pub(super) fn table<'v, 'i>(
    value: &'v Value<'i>,
    what: &str,
    mistakes: &mut Vec<Mistake>,
) -> Option<&'v DeTable<'i>> {
    let found = value.get_ref().as_table();
    if found.is_none() {
        mistakes.push(wrong_kind(value, what, "a table"));
    }
    found
}

/// The text in a value; empty text is a mistake.
pub(super) fn text<'v>(value: &'v Value<'_>, what: &str, mistakes: &mut Vec<Mistake>) -> Option<&'v str> {
    match value.get_ref().as_str() {
        Some("") => {
            mistakes.push(Mistake::new(
                value.span(),
                format!("{what} is empty"),
                "Write its value between the quotes.",
            ));
            None
        }
        Some(text) => Some(text),
        None => {
            mistakes.push(wrong_kind(value, what, "text in quotes"));
            None
        }
    }
}

/// That a value is of the wrong kind.
pub(super) fn wrong_kind(value: &Value<'_>, what: &str, wanted: &str) -> Mistake {
    let found = value.get_ref().type_str();
    Mistake::new(value.span(), format!("{what} is {found}, not {wanted}"), format!("Write {wanted}."))
}

/// Reports keys that are not among the known ones, with the nearest of them.
pub(super) fn refuse_unknown(table: &DeTable<'_>, known: &[&str], place: &str, mistakes: &mut Vec<Mistake>) {
    for key in table.keys() {
        let name = key.get_ref().as_ref();
        if !known.contains(&name) {
            mistakes.push(Mistake::new(
                key.span(),
                match is_plain_word(name) {
                    true => format!("{place} has no key `{name}`"),
                    // Somebody may have pasted a token there.
                    false => format!("{place} has a key that is not known"),
                },
                did_you_mean(name, known.iter().copied()),
            ));
        }
    }
}

/// Whether an unknown key looks like `name`: then it is misspelt, which is reported, and not missing.
pub(super) fn is_misspelt(table: &DeTable<'_>, name: &str, known: &[&str]) -> bool {
    table
        .keys()
        .map(|key| key.get_ref().as_ref())
        .any(|key: &str| !known.contains(&key) && strsim::jaro_winkler(key, name) > ALIKE)
}

/// Names of keys.
pub(super) fn names(keys: &[Key]) -> Vec<&'static str> {
    keys.iter().map(|key| key.name).collect()
}

/// The known word that is likely meant.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let likely = known
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness > ALIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    likely.map(|(_, candidate)| candidate)
}

/// A suggestion: the nearest known word, or all of them.
pub(super) fn did_you_mean<'a>(word: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    match nearest(word, known.clone()) {
        Some(candidate) => format!("Did you mean `{candidate}`?"),
        None => {
            let all: Vec<_> = known.map(|word| format!("`{word}`")).collect();
            if all.is_empty() {
                "There is none yet.".into()
            } else {
                format!("Known here: {}.", all.join(", "))
            }
        }
    }
}

/// Where something is missing: the header of its table.
pub(super) fn missing(header: Range<usize>, what: &str, help: impl Into<String>) -> Mistake {
    Mistake::new(header, format!("{what} is missing"), help)
}
