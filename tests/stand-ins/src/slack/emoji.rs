//! The names that Slack gives to emoji, and the workspace's own.
//!
//! `emoji.tsv` holds an emoji and its names a line, as <https://github.com/iamcal/emoji-data> lists them, which Slack's clients use.

use std::collections::HashMap;
use std::sync::OnceLock;

const TABLE: &str = include_str!("emoji.tsv");

/// The workspace's own emoji, and what stands behind each in `emoji.list`.
pub const OWN: [(&str, &str); 2] =
    [("party_owl", "https://emoji.slack-edge.com/T0/party_owl/1.png"), ("hoot", "alias:party_owl")];

#[derive(Default)]
struct Names {
    of: HashMap<&'static str, &'static str>,
    emoji: HashMap<&'static str, &'static str>,
}

fn names() -> &'static Names {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| {
        let mut names = Names::default();
        for (emoji, all) in TABLE.lines().filter_map(|line| line.split_once('\t')) {
            for name in all.split(' ') {
                names.of.entry(emoji).or_insert(name);
                names.emoji.entry(name).or_insert(emoji);
            }
        }
        names
    })
}

/// The name under which Slack knows what a person picks: an emoji of Unicode, or `:name:`.
pub fn picked(emoji: &str) -> Option<String> {
    if let Some(name) = emoji.strip_prefix(':').and_then(|name| name.strip_suffix(':')) {
        return is_known(name).then(|| name.to_owned());
    }
    let tone = |c: char| ('\u{1F3FB}'..='\u{1F3FF}').contains(&c);
    let plain: String = emoji.chars().filter(|c| !tone(*c)).collect();
    let bare = plain.trim_end_matches('\u{FE0F}');
    let with = format!("{bare}\u{FE0F}");
    let name = [plain.as_str(), bare, &with].into_iter().find_map(|form| names().of.get(form))?;
    Some(match emoji.chars().find(|c| tone(*c)) {
        Some(tone) => format!("{name}::skin-tone-{}", u32::from(tone) - 0x1F3F9),
        None => (*name).to_owned(),
    })
}

/// Whether the workspace has an emoji of this name, in any skin tone.
pub fn is_known(name: &str) -> bool {
    let plain = without_tone(name).0;
    names().emoji.contains_key(plain) || OWN.iter().any(|(own, _)| *own == plain)
}

/// An emoji of Unicode by name.
pub fn unicode(name: &str) -> Option<&'static str> {
    names().emoji.get(name).copied()
}

/// As people see it: an emoji of Unicode, or `:name:`.
pub fn shown(name: &str) -> String {
    let (plain, tone) = without_tone(name);
    match (unicode(plain), tone) {
        (Some(emoji), None) => emoji.to_owned(),
        (Some(emoji), Some(tone)) => {
            let mut toned = String::new();
            let mut chars = emoji.chars();
            toned.extend(chars.next());
            toned.push(tone);
            toned.extend(chars.skip_while(|c| *c == '\u{FE0F}'));
            toned
        }
        (None, _) => format!(":{name}:"),
    }
}

fn without_tone(name: &str) -> (&str, Option<char>) {
    let Some((plain, tone)) = name.split_once("::skin-tone-") else {
        return (name, None);
    };
    let tone = tone.parse::<u32>().ok().filter(|tone| (2..=6).contains(tone));
    (plain, tone.and_then(|tone| char::from_u32(0x1F3F9 + tone)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_picked_and_shown() {
        for (emoji, name) in [
            ("👍", "+1"),
            ("👍🏽", "+1::skin-tone-4"),
            ("❤️", "heart"),
            ("❤", "heart"),
            ("🇧🇪", "flag-be"),
            ("🤔", "thinking_face"),
            (":party_owl:", "party_owl"),
        ] {
            assert_eq!(picked(emoji).as_deref(), Some(name), "{emoji}");
            assert_eq!(
                shown(name).trim_end_matches('\u{FE0F}'),
                emoji.trim_end_matches('\u{FE0F}'),
                "{name}"
            );
        }
        assert_eq!((picked(":nobody_knows:"), picked("x"), is_known("thumbsup")), (None, None, true));
    }
}
