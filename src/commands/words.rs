//! The words that several commands share.

use crate::adapt::presentable;
use crate::text;
use crate::texts::Language;
use relay_contract::text::{Leaf, Run};
use relay_contract::{Asker, Platform, RoomReport, Text, Visibility};

/// To whoever guesses.
pub(super) fn too_many(language: Language) -> String {
    text!(language, "too-many-tries")
}

/// To whoever names no message.
pub(super) fn which(language: Language, platform: &Platform, verb: &str) -> String {
    text!(language, "which-message", platform = platform.as_str(), verb = verb)
}

/// An answer, in which what is typed where Relay runs is code: what a platform shows of a sign for code that is none differs.
pub(super) fn answered(words: &str) -> Text {
    let mut runs = Vec::new();
    let mut rest = words;
    while let Some((before, after)) = rest.split_once('`') {
        let code = after.split_once('`').filter(|(code, _)| is_typed(code));
        match code {
            Some((code, after)) => {
                runs.push(Run::new(Leaf::Plain(before.to_owned())));
                runs.push(Run::new(Leaf::Code(code.to_owned())));
                rest = after;
            }
            None => {
                runs.push(Run::new(Leaf::Plain(format!("{before}`"))));
                rest = after;
            }
        }
    }
    runs.push(Run::new(Leaf::Plain(rest.to_owned())));
    Text::from_runs(runs)
}

/// A command, or the name of a key.
fn is_typed(code: &str) -> bool {
    let is_key = !code.is_empty() && code.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    is_key || (code.starts_with("relay ") && !code.contains('\n'))
}

pub(super) use crate::adapt::names::capitalised as shown;

/// `#general of Night Owls`; a room that is a space of its own has one name.
pub(super) fn full_name(language: Language, report: &RoomReport) -> String {
    named_in(language, &report.name, &report.space.name)
}

/// The same from its parts. Whoever names a room may write what they like: it stands on one line.
pub(super) fn named_in(language: Language, room: &str, space: &str) -> String {
    match room == space || space.is_empty() {
        true => presentable(room),
        false => text!(language, "room-of", room = presentable(room), space = presentable(space)),
    }
}

/// *One, two and three.*
pub(super) fn listed(language: Language, all: &[String]) -> String {
    match all.split_last() {
        Some((last, others)) if !others.is_empty() => {
            text!(language, "told-platforms", others = others.join(", "), last = last.as_str())
        }
        _ => all.concat(),
    }
}

/// The time, for the records: in UTC, to the second.
pub(super) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Who did it, for the records.
pub(super) fn named(asker: &Asker) -> String {
    format!("{} ({})", presentable(&asker.name), asker.id)
}

/// Who can read a room, in words.
pub(super) fn readers(language: Language, visibility: Visibility) -> String {
    match visibility {
        Visibility::Private => text!(language, "readers-private"),
        Visibility::Space => text!(language, "readers-space"),
        Visibility::World => text!(language, "readers-world"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_code_and_nothing_else() {
        let shown = |words: &str| {
            let runs = answered(words).into_runs().into_iter();
            let shown = runs.map(|run| match run.leaf {
                Leaf::Code(code) => format!("<{code}>"),
                other => other.shown(),
            });
            shown.collect::<String>()
        };
        assert_eq!(shown("Ask for `relay status`: now."), "Ask for <relay status>: now.");
        assert_eq!(
            shown("(`moderates` of its link), `relay doctor`"),
            "(<moderates> of its link), <relay doctor>"
        );
        assert_eq!(shown("Ada ` 1st ` of `2 B`"), "Ada ` 1st ` of `2 B`");
        assert_eq!(shown("no `Code at all"), "no `Code at all");
    }

    #[test]
    fn a_message_is_named_as_the_platform_can() {
        for (platform, menu) in [("discord", true), ("slack", true), ("telegram", false), ("matrix", false)] {
            let platform = Platform::from_stored(platform.to_owned());
            for (language, word) in [(Language::English, "menu"), (Language::German, "Menü")] {
                let told = which(language, &platform, "who");
                assert_eq!((told.contains(word), told.contains("/relay who")), (menu, !menu), "{told}");
                let told = text!(language, "mute-delete", platform = platform.as_str());
                assert_eq!((told.contains(word), told.contains("/relay delete")), (menu, !menu), "{told}");
            }
        }
    }
}
