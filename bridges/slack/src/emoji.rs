//! Emoji by the names that Slack gives them, and back.
//!
//! The crate `emojis` knows the names that GitHub uses; `names.tsv` holds those that Slack has for the same emoji where they differ, the
//! one to write first, as <https://github.com/iamcal/emoji-data>, whose names Slack's clients use, lists them. Flags are `flag-` and a
//! country's two letters.

use emojis::SkinTone;
use std::collections::HashMap;
use std::sync::OnceLock;

const DIFFERENCES: &str = include_str!("emoji/names.tsv");
/// Behind a name: the Fitzpatrick type, 2 to 6 (<https://docs.slack.dev/reference/events/reaction_added/>).
const TONE: &str = "::skin-tone-";
const TONES: [(&str, SkinTone); 5] = [
    ("2", SkinTone::Light),
    ("3", SkinTone::MediumLight),
    ("4", SkinTone::Medium),
    ("5", SkinTone::MediumDark),
    ("6", SkinTone::Dark),
];

#[derive(Default)]
struct Differences {
    emoji: HashMap<&'static str, &'static str>,
    name: HashMap<&'static str, &'static str>,
}

fn differences() -> &'static Differences {
    static DIFFERENT: OnceLock<Differences> = OnceLock::new();
    DIFFERENT.get_or_init(|| {
        let mut different = Differences::default();
        for (emoji, names) in DIFFERENCES.lines().filter_map(|line| line.split_once('\t')) {
            for name in names.split(' ') {
                different.name.entry(emoji).or_insert(name);
                different.emoji.insert(name, emoji);
            }
        }
        different
    })
}

/// The emoji of Unicode that Slack calls so, in its skin tone.
pub fn unicode(name: &str) -> Option<String> {
    let (plain, tone) = match name.split_once(TONE) {
        Some((plain, tone)) => (plain, Some(tone)),
        None => (name, None),
    };
    if let Some(flag) = plain.strip_prefix("flag-").and_then(flag) {
        return Some(flag);
    }
    let emoji = match differences().emoji.get(plain) {
        Some(emoji) => emojis::get(emoji),
        None => emojis::get_by_shortcode(plain),
    }?;
    let tone = tone.and_then(|tone| TONES.into_iter().find(|(name, _)| *name == tone));
    let toned = tone.and_then(|(_, tone)| emoji.with_skin_tone(tone));
    Some(toned.unwrap_or(emoji).as_str().to_owned())
}

/// What Slack calls an emoji of Unicode.
pub fn name(unicode: &str) -> Option<String> {
    if let Some(flag) = country(unicode) {
        return Some(format!("flag-{flag}"));
    }
    let emoji = emojis::get(unicode)?;
    let tone = emoji.skin_tone().and_then(|tone| TONES.into_iter().find(|(_, known)| *known == tone));
    let plain = emoji.with_skin_tone(SkinTone::Default).unwrap_or(emoji);
    let name = differences().name.get(plain.as_str()).copied().or_else(|| plain.shortcode())?;
    Some(match tone {
        Some((tone, _)) => format!("{name}{TONE}{tone}"),
        None => name.to_owned(),
    })
}

/// How far a letter of a flag is from the letter itself.
const LETTERS: u32 = 0x1F1E6 - 'a' as u32;

fn flag(country: &str) -> Option<String> {
    let letter = |c: char| c.is_ascii_lowercase().then(|| char::from_u32(u32::from(c) + LETTERS)).flatten();
    let flag: String = country.chars().map(letter).collect::<Option<_>>()?;
    emojis::get(&flag).map(|flag| flag.as_str().to_owned())
}

fn country(flag: &str) -> Option<String> {
    let letter =
        |c: char| char::from_u32(u32::from(c).checked_sub(LETTERS)?).filter(char::is_ascii_lowercase);
    let country: String = flag.chars().map(letter).collect::<Option<_>>()?;
    (country.len() == 2).then_some(country)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        let cases = [
            ("+1", "👍"),
            ("tada", "🎉"),
            ("thinking_face", "🤔"),
            ("heart", "❤️"),
            ("flag-de", "🇩🇪"),
            ("flag-england", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"),
            ("+1::skin-tone-4", "👍🏽"),
            ("male-doctor::skin-tone-6", "👨🏿‍⚕️"),
            ("satellite", "🛰️"),
            ("hash", "#️⃣"),
        ];
        for (slack, emoji) in cases {
            assert_eq!(unicode(slack).as_deref(), Some(emoji), "{slack}");
            assert_eq!(name(emoji).as_deref(), Some(slack), "{emoji}");
        }
        let only_read =
            [("thumbsup", "👍"), ("umbrella_with_rain_drops", "☔"), ("heart::skin-tone-3", "❤️")];
        for (slack, emoji) in only_read {
            assert_eq!(unicode(slack).as_deref(), Some(emoji), "{slack}");
        }
        for unknown in ["", "party_owl", "flag-", "flag-xx", "::skin-tone-2", "é"] {
            assert_eq!(unicode(unknown), None, "{unknown}");
        }
        for unknown in ["", "x", "owl", "🇩", "👍👍"] {
            assert_eq!(name(unknown), None, "{unknown}");
        }
        // As some clients write it, without the mark that asks for a picture.
        assert_eq!(name("❤").as_deref(), Some("heart"));
    }

    /// Against the whole list that Slack uses, which the stand-in has.
    #[test]
    fn every_name_that_slack_has() {
        let all = include_str!("../../../tests/stand-ins/src/slack/emoji.tsv");
        let bare = |emoji: &str| emoji.replace('\u{FE0F}', "");
        let mut names = 0;
        for (emoji, known) in all.lines().filter_map(|line| line.split_once('\t')) {
            let known: Vec<_> = known.split(' ').collect();
            for slack in &known {
                assert_eq!(unicode(slack).map(|found| bare(&found)), Some(bare(emoji)), "{slack}");
                names += 1;
            }
            let written = name(emoji).unwrap_or_default();
            assert!(known.contains(&written.as_str()), "{emoji} is {known:?}, not {written}");
        }
        assert!(names > 1_900, "{names}");
    }
}
