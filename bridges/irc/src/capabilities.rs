//! What an IRC channel can do: little on an old server, and more with each capability that a newer one has.

use crate::known::{Known, State};
use relay_contract::{Capabilities, Cell, Feature, RoomKey, Support, TextLimit, Unit};

/// About how much of a line of 512 bytes is left for what is said. Source: <https://modern.ircdocs.horse/#messages>.
const LONGEST: usize = 380;

/// Lines of an account: 20 at once, and less than two a second from then on. Servers hold back what comes faster, and Relay waits for
/// each line's word before the next of a room; this keeps a channel readable.
const ACCOUNT_RATE: (u32, u32) = (120, 60);

/// What is so in a channel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Here {
    /// Messages can be taken back.
    redacts: bool,
    /// Relay may take away others' messages.
    operator: bool,
    /// Lines may name the message that they answer.
    replies: bool,
    /// Messages bear reactions.
    reacts: bool,
    /// The server tells who is typing.
    types: bool,
    /// Relay may speak under people's names.
    names: bool,
}

/// What a channel can do.
pub fn of(known: &Known, room: &RoomKey, most_lines: usize) -> Capabilities {
    let most_lines = u32::try_from(most_lines).unwrap_or(u32::MAX);
    Capabilities { most_lines, ..all(known.look(|state| Here::look(state, room.room.as_str()))) }
}

/// What the best of servers can do.
pub fn at_best() -> Capabilities {
    all(Here { redacts: true, operator: true, replies: true, reacts: true, types: true, names: true })
}

impl Here {
    fn look(state: &State, channel: &str) -> Self {
        Self {
            redacts: state.caps.redacts(),
            operator: state.is_operator(channel),
            replies: state.may_tag("draft/reply"),
            reacts: state.may_tag("draft/react") && state.may_tag("draft/reply"),
            types: state.caps.answers() && state.support.passes_tag("typing"),
            names: state.name_signs(channel).is_some(),
        }
    }
}

fn all(here: Here) -> Capabilities {
    let text = TextLimit { most: LONGEST, unit: Unit::Bytes };
    Capabilities {
        account_rate: ACCOUNT_RATE,
        names_lines: true,
        removes: here.redacts && here.operator,
        ..Capabilities::new(|feature| cell(here, feature), text)
    }
}

/// How far each feature goes.
fn cell(here: Here, feature: Feature) -> Cell {
    use Support::{Dropped, Fallback, Native};
    let where_so = |so: bool| if so { Cell::NATIVE } else { Cell::SHOWN_OTHERWISE };
    match feature {
        Feature::Text => Cell::NATIVE,
        Feature::Delete => where_so(here.redacts),
        Feature::Moderate if here.redacts => Cell::new(if here.operator { Native } else { Fallback }, Native),
        Feature::Reply => where_so(here.replies),
        Feature::Reaction => where_so(here.reacts),
        Feature::Edit
        | Feature::EditFiles
        | Feature::Moderate
        | Feature::Thread
        | Feature::Topic
        | Feature::File
        | Feature::Album
        | Feature::Sticker
        | Feature::Voice
        | Feature::VideoNote
        | Feature::Poll
        | Feature::PollResult
        | Feature::Mention
        | Feature::Emoji
        | Feature::Heading
        | Feature::List
        | Feature::Quote
        | Feature::Time
        | Feature::Card
        | Feature::Forward
        | Feature::Pin
        | Feature::Rename => Cell::SHOWN_OTHERWISE,
        // Of equal width; no line says of which language.
        Feature::Code => Cell::new(Fallback, Native),
        Feature::Underline => Cell::NATIVE,
        // Text in the colour of what is behind it hides something; not every client shows colours.
        Feature::Spoiler => Cell::new(Fallback, Native),
        Feature::Preview => Cell::NONE,
        Feature::Typing if here.types => Cell::NATIVE,
        Feature::Typing => Cell::NONE,
        Feature::Membership => Cell::new(Fallback, Native),
        Feature::Persona => Cell::new(if here.names { Native } else { Fallback }, Dropped),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::Line;
    use crate::track::track;
    use relay_contract::Timestamp;

    /// Features that are native both ways, or shown so, beyond what every server has.
    fn more(caps: &str, lines: &[&str]) -> Vec<&'static str> {
        let known = Known::default();
        known.change(|state| {
            state.nick = "relay".into();
            state.caps.offer(caps);
            state.caps.switch(&caps.replace("=/", ""));
            for line in [":relay!r@h JOIN #c", ":s 353 relay = #c :relay @ada"].iter().chain(lines) {
                track(state, &Line::read(line).unwrap(), Timestamp(5));
            }
        });
        let of = of(&known, &crate::ids::room("owls", "#c"), 20);
        let old = all(Here::default());
        let news = Feature::ALL.into_iter().filter(|feature| of.shows(*feature) != old.shows(*feature));
        news.map(Feature::word).collect()
    }

    #[test]
    fn each_server_has_its_own() {
        const TAGS: &str = "batch echo-message labeled-response message-tags server-time";
        let operator = ":ada!a@h MODE #c +o relay";
        let history = format!("{TAGS} draft/chathistory");
        let all = format!("{history} draft/message-redaction draft/relaymsg=/");
        let cases: &[(&str, &[&str], &[&str])] = &[
            ("", &[operator], &[]),
            ("message-tags draft/message-redaction draft/relaymsg=/", &[operator], &[]),
            (TAGS, &[], &["typing"]),
            (&history, &[], &["reply", "reaction", "typing"]),
            (&history, &[":s 005 relay CLIENTTAGDENY=*,-draft/reply :are supported"], &["reply"]),
            (&all, &[], &["delete", "reply", "reaction", "typing"]),
            (&all, &[operator], &["delete", "moderation", "reply", "reaction", "typing", "name and picture"]),
        ];
        for (caps, lines, expected) in cases {
            assert_eq!(more(caps, lines), *expected, "{caps} {lines:?}");
        }
    }
}
