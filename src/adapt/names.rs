//! What somebody is called in rooms elsewhere: their name as it is, made harmless, and after it where they write, in marks that no
//! name can contain.

use crate::consent::PSEUDONYM_WORDS;
use quick_cache::sync::Cache;
use relay_contract::{Platform, Text};
use std::sync::{Arc, LazyLock};
use unicode_normalization::UnicodeNormalization;
use unicode_security::confusable_detection::skeleton;

/// Whoever has no name that can be shown, in all languages: names are compared.
pub const NAMELESS: &str = "someone";
/// Longest name, in code points: with its mark it stays below what platforms take (80).
const LONGEST_NAME: usize = 56;
/// What stands around the origin; taken out of every name.
const MARKS: [char; 2] = ['‹', '›'];

/// So many names are remembered as they are shown and what they look like: the same people go on talking, and both are asked for with
/// each message.
const REMEMBERED: usize = 512;
/// A longer one is worked out each time, in bytes.
const LONGEST_REMEMBERED: usize = 256;

static NEWEST: LazyLock<Cache<String, Arc<Name>>> = LazyLock::new(|| Cache::new(REMEMBERED));

/// What the words that pseudonyms are made of look like, as they are written and in small letters: a capital one can look like another one.
static MADE: LazyLock<[[Vec<String>; 2]; 2]> = LazyLock::new(|| {
    let written = |of: fn(&str) -> String| PSEUDONYM_WORDS.map(|words| words.into_iter().map(of).collect());
    [written(looks_of), written(|word| looks_of(&word.to_lowercase()))]
});
static DIGITS: LazyLock<String> = LazyLock::new(|| looks_of("0123456789"));

/// What was worked out about a name.
struct Name {
    presentable: String,
    looks: String,
}

impl Name {
    fn of(name: &str) -> Arc<Self> {
        if let Some(known) = NEWEST.get(name) {
            return known;
        }
        let presentable = presentable(name);
        let looks = looks_of(&presentable);
        let new = Arc::new(Self { presentable, looks });
        if name.len() <= LONGEST_REMEMBERED {
            NEWEST.insert(name.to_owned(), new.clone());
        }
        new
    }
}

/// A name with its origin: `Ada ‹Slack›`. `template` is the link's, with `{name}` and `{platform}`; `told_apart` is what distinguishes
/// somebody whose name looks like another's.
pub fn shown(name: &str, origin: &Platform, template: Option<&str>, told_apart: Option<&str>) -> String {
    let platform = capitalised(origin);
    let known = Name::of(name);
    let name = known.presentable.as_str();
    let named = match template {
        Some(template) => &presentable(&template.replace("{platform}", &platform).replace("{name}", name)),
        None => name,
    };
    match told_apart {
        Some(mark) => format!("{named} {}{platform} {mark}{}", MARKS[0], MARKS[1]),
        None => format!("{named} {}{platform}{}", MARKS[0], MARKS[1]),
    }
}

/// A platform's name as people write it.
pub fn capitalised(platform: &Platform) -> String {
    if platform.as_str() == "irc" {
        return "IRC".to_owned();
    }
    let mut letters = platform.as_str().chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A name on one line, without control and direction characters and origin marks, never empty, not too long.
pub fn presentable(name: &str) -> String {
    let visible: String = name
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !c.is_control() && !changes_direction(*c) && !MARKS.contains(c))
        .collect();
    let mut most = LONGEST_NAME;
    let mut name = Text::plain(&visible).excerpt(most);
    while name.chars().count() > LONGEST_NAME && most > 1 {
        most /= 2;
        name = Text::plain(&visible).excerpt(most);
    }
    if name.chars().count() > LONGEST_NAME || name.chars().all(shows_nothing) {
        return NAMELESS.into();
    }
    name
}

/// What a name looks like: equal for names that people would take for one another, whatever their case, script or invisible
/// characters (<https://www.unicode.org/reports/tr39/#Confusable_Detection>).
pub fn looks(name: &str) -> String {
    Name::of(name).looks.clone()
}

/// Whether a name could be taken for one that Relay makes for whoever does not want to be named.
pub fn looks_made(name: &str) -> bool {
    let is_number = |rest: &str| rest.chars().count() == 3 && rest.chars().all(|c| DIGITS.contains(c));
    let written = [looks(name), looks(&name.to_lowercase())];
    written
        .iter()
        .zip(&*MADE)
        .any(|(looks, [first, second])| behind(looks, first).any(|rest| behind(rest, second).any(is_number)))
}

/// What stands behind one of these words, where a name begins with it.
fn behind<'a>(looks: &'a str, words: &'a [String]) -> impl Iterator<Item = &'a str> {
    words.iter().filter_map(move |word| looks.strip_prefix(word.as_str()))
}

fn looks_of(presentable: &str) -> String {
    let seen: String = presentable.nfkc().filter(|c| !shows_nothing(*c)).collect();
    // Twice: a small letter can look like what a capital one looks like, and the other way round.
    let small: String = skeleton(&seen).flat_map(char::to_lowercase).collect();
    skeleton(&small).flat_map(char::to_lowercase).collect()
}

/// Characters without a picture of their own; some of them join others, so that a name may contain them.
pub fn shows_nothing(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{00AD}' | '\u{034F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}' | '\u{FFA0}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Overrides and isolates that would turn what follows a name around.
fn changes_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLACK: Platform = Platform::new("slack");

    #[test]
    fn names() {
        let cases = [
            ("Ada", "Ada"),
            ("", "someone"),
            ("\u{202E}evil", "evil"),
            ("two\nlines", "two lines"),
            (" \u{200F} ", "someone"),
            ("a\u{0}b", "ab"),
            ("\u{200B}\u{2060}", "someone"),
            ("👩\u{200D}🚀", "👩\u{200D}🚀"),
            ("Ada ‹Discord›", "Ada Discord"),
            ("‹›", "someone"),
        ];
        for (name, expected) in cases {
            assert_eq!(presentable(name), expected, "{name:?}");
        }
        for long in ["x".repeat(500), "👩\u{200D}👩\u{200D}👧\u{200D}👦".repeat(60), "a\u{301}".repeat(300)]
        {
            let name = presentable(&long);
            assert!(name.chars().count() <= LONGEST_NAME && name != "someone", "{name}");
        }
        // One picture of a thousand code points.
        assert_eq!(presentable(&format!("a{}", "\u{301}".repeat(1000))), "someone");
    }

    #[test]
    fn names_of_the_form_of_a_pseudonym_are_known() {
        for name in [
            "Quiet Badger 608",
            "quietbadger608",
            "QUIET  B\u{430}DGER 6O8",
            "lndigo Owl 608",
            "Amber Albatross 0\u{200B}01",
        ] {
            assert!(looks_made(name), "{name}");
        }
        for name in
            ["Quiet Badger", "Quiet Badger 60", "Quiet Badger 6080", "Badger Quiet 608", "Ada 608", ""]
        {
            assert!(!looks_made(name), "{name}");
        }
    }

    #[test]
    fn every_name_bears_its_origin() {
        let cases = [
            ("Ada", None, None, "Ada ‹Slack›"),
            ("Ada ‹Discord›", None, None, "Ada Discord ‹Slack›"),
            ("Ada", None, Some("2f"), "Ada ‹Slack 2f›"),
            ("Ada", Some("{name} of {platform}"), None, "Ada of Slack ‹Slack›"),
            ("Ada", Some("‹Discord›"), None, "Discord ‹Slack›"),
            ("{platform}", Some("{name}!"), None, "{platform}! ‹Slack›"),
        ];
        for (name, template, told_apart, expected) in cases {
            assert_eq!(shown(name, &SLACK, template, told_apart), expected, "{name}");
        }
        assert!(shown(&"x".repeat(99), &SLACK, None, Some("2f")).chars().count() <= 80);
    }

    #[test]
    fn names_that_people_would_take_for_one_another() {
        let alike = [
            ("Ada", "ADA"),
            ("Ada", "Аdа"),
            ("Ada", "A\u{200B}da"),
            ("Ada", "A d a"),
            ("Ada", "Ada\u{202E}"),
            ("paypal", "раураl"),
            ("Ann", "Ａｎｎ"),
            ("lll", "III"),
            ("O0", "00"),
        ];
        for (one, other) in alike {
            assert_eq!(looks(one), looks(other), "{one} {other}");
        }
        for (one, other) in [("Ada", "Adam"), ("Bo", "Ba"), ("Zoë", "Zoe")] {
            assert_ne!(looks(one), looks(other), "{one} {other}");
        }
    }
}
