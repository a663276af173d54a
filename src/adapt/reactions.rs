//! Reactions from elsewhere: Relay's own reaction stands for everybody's, and where that does not tell all, a line below the copy does.

use super::names::presentable;
use crate::text;
use crate::texts::Language;
use relay_contract::text::{Leaf, Run};
use relay_contract::{Emoji, Style};

/// So many names stand behind an emoji.
const NAMES: usize = 3;
/// So many emoji stand in the line.
const SHOWN: usize = 10;

/// One emoji on a message, from all rooms but the one it is shown in.
#[derive(Debug, Clone, PartialEq)]
pub struct Reaction {
    /// With what.
    pub emoji: Emoji,
    /// By whom, in the order of their reacting.
    pub names: Vec<String>,
    /// How Relay's own reaction is written in the room, where it has such a one.
    pub native: Option<String>,
}

/// Relay's own reactions on a message: the first that the room has, as many as it lets Relay put there.
pub fn own(reactions: &[Reaction], most: u32) -> Vec<String> {
    let mut own: Vec<String> = Vec::new();
    for native in reactions.iter().filter_map(|reaction| reaction.native.as_ref()) {
        if own.len() < most as usize && !own.contains(native) {
            own.push(native.clone());
        }
    }
    own
}

/// The line below a copy; none where Relay's own reactions say it all: one person an emoji, each shown.
pub fn tally(language: Language, reactions: &[Reaction], most: u32) -> Option<Vec<Run>> {
    let own = own(reactions, most);
    let told = |reaction: &Reaction| {
        reaction.names.len() <= 1 && reaction.native.as_ref().is_some_and(|native| own.contains(native))
    };
    if reactions.iter().all(told) {
        return None;
    }
    let mut words: Vec<String> = reactions.iter().take(SHOWN).map(one).collect();
    if reactions.len() > SHOWN {
        words.push(text!(language, "reactions-more", count = reactions.len() - SHOWN));
    }
    Some(vec![Run::new(Leaf::Plain(words.join(" · "))).styled(Style::Italic)])
}

fn one(reaction: &Reaction) -> String {
    let names: Vec<String> = reaction.names.iter().take(NAMES).map(|name| presentable(name)).collect();
    let more = if reaction.names.len() > NAMES { " …" } else { "" };
    format!("{} {} ({}{more})", reaction.emoji.shown(), reaction.names.len(), names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reaction(emoji: &str, names: &[&str], native: Option<&str>) -> Reaction {
        Reaction {
            emoji: Emoji { name: emoji.into(), id: None },
            names: names.iter().map(|name| (*name).into()).collect(),
            native: native.map(Into::into),
        }
    }

    #[test]
    fn the_line_tells_what_own_reactions_do_not() {
        let line = |reactions: &[Reaction], most| {
            tally(Language::English, reactions, most).map(|runs| match &runs[0].leaf {
                Leaf::Plain(text) => text.clone(),
                other => panic!("{other:?}"),
            })
        };
        let one = || reaction("👍", &["Ada"], Some("👍"));
        let owl = || reaction("owl", &["Bo"], None);
        let many = || reaction("🎉", &["A", "B", "C", "D"], Some("🎉"));
        let cases = [
            ("nobody", vec![], 9, None),
            ("one, shown", vec![one()], 9, None),
            ("one, not native", vec![owl()], 9, Some(":owl: 1 (Bo)")),
            ("many of one", vec![many()], 9, Some("🎉 4 (A, B, C …)")),
            (
                "no room for the second",
                vec![one(), reaction("🎉", &["B"], Some("🎉"))],
                1,
                Some("👍 1 (Ada) · 🎉 1 (B)"),
            ),
        ];
        for (what, reactions, most, expected) in cases {
            assert_eq!(line(&reactions, most).as_deref(), expected, "{what}");
        }
        assert_eq!(own(&[one(), many(), owl()], 1), ["👍"]);
        assert_eq!(own(&[owl(), many(), one()], 9), ["🎉", "👍"]);
    }
}
