//! What servers refuse, in words that say what to do. Source of the numbers: <https://modern.ircdocs.horse/#numerics>.

use crate::line::Line;
use relay_contract::{DeliverError, Problem, Scope};
use std::time::Duration;

/// How long Relay waits when a server says "later" and not when.
const AGAIN: Duration = Duration::from_secs(5);

/// Why Relay is not let into a channel; none where the line is about something else.
pub fn not_let_in(line: &Line) -> Option<Problem> {
    let room = line.param(1);
    let (what, fix) = match line.command.as_str() {
        "403" | "476" | "479" => ("is no channel on this server", "Look whether its name is right."),
        "405" | "437" => {
            ("was not given to Relay just now", "Leave some channels, or wait: it is tried again.")
        }
        "471" => ("is full", "Raise its limit (/mode +l), or wait: it is tried again."),
        "473" => (
            "lets in only who is invited",
            "An operator of the channel writes /invite with Relay's nick, or /mode +I.",
        ),
        "474" => (
            "has banned Relay",
            "An operator of the channel lifts the ban (/mode -b); it is tried again by itself.",
        ),
        "475" => ("wants another key", "Write the channel and its key into `keys`."),
        "477" | "520" | "489" => (
            "lets in only who has a services account or TLS",
            "Give Relay one: `sasl_password`, `sasl_certificate` or `nickserv_password`.",
        ),
        _ => return None,
    };
    Some(Problem::new(format!("{room} {what}: {}.", words(line.last())), fix))
}

/// Relay was thrown out of a channel.
pub fn kicked(room: &str, by: &str, why: &str) -> Problem {
    let why = words(why);
    let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
    Problem::new(
        format!("{by} has thrown Relay out of {room}{why}."),
        "Relay comes again by itself. To have it stay away, take the link out, or ban its nick.",
    )
}

/// Why a line was not let into a channel, and which; none where the line is about something else.
pub fn not_taken(line: &Line) -> Option<(&str, DeliverError)> {
    let room = line.param(1);
    let said = || words(line.last());
    let error = match line.command.as_str() {
        "404" | "482" | "415" => DeliverError::Forbidden(Problem::new(
            format!("{room} does not take what Relay says: {}.", said()),
            "An operator of the channel gives Relay's nick a voice (/mode +v), or lifts +m, +n or the ban.",
        )),
        "401" | "403" | "442" => DeliverError::Unavailable(format!("Relay is not in {room} now: {}", said())),
        "412" | "417" | "407" => {
            DeliverError::Rejected(format!("the server does not take the line: {}", said()))
        }
        _ => return None,
    };
    Some((room, error))
}

/// Why the server has not done what it was asked for, in a line of its answer; none where the line is no refusal.
/// Source: <https://ircv3.net/specs/extensions/standard-replies>.
pub fn refused(line: &Line) -> Option<DeliverError> {
    if line.command != "FAIL" {
        return match line.command.as_str() {
            "263" => Some(DeliverError::RateLimited { retry_after: AGAIN, scope: Scope::Account }),
            "421" => {
                Some(DeliverError::Rejected(format!("the server does not know it: {}", words(line.last()))))
            }
            _ => not_taken(line).map(|(_, error)| error),
        };
    }
    let said = format!("{} ({}, {})", words(line.last()), words(line.param(0)), words(line.param(1)));
    Some(match line.param(1) {
        "UNKNOWN_MSGID" => DeliverError::TargetGone,
        "RATE_LIMITED" => DeliverError::RateLimited { retry_after: AGAIN, scope: Scope::Account },
        "INVALID_TARGET" | "MESSAGE_ERROR" | "TEMPORARILY_UNAVAILABLE" => DeliverError::Unavailable(said),
        _ => DeliverError::Rejected(format!("the server does not do it: {said}")),
    })
}

/// A server's words: one short line, without the full stop at its end.
pub fn words(said: &str) -> String {
    let plain: String = said.chars().filter(|c| !c.is_control()).take(200).collect();
    plain.trim().trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals() {
        let read = |text: &str| Line::read(text).unwrap();
        for (number, says) in [
            ("403", "name"),
            ("471", "full"),
            ("473", "/invite"),
            ("474", "ban"),
            ("475", "`keys`"),
            ("477", "sasl"),
        ] {
            let problem = not_let_in(&read(&format!(":s {number} relay #c :No way."))).unwrap().to_string();
            assert!(
                problem.contains(says) && problem.contains("#c") && problem.contains(": No way. "),
                "{problem}"
            );
        }
        assert_eq!(not_let_in(&read(":s 001 relay :Hi")), None);
        for (number, kind) in [("404", "Forbidden"), ("442", "Unavailable"), ("417", "Rejected")] {
            let line = read(&format!(":s {number} relay #c :No"));
            let (room, error) = not_taken(&line).unwrap();
            assert!(room == "#c" && format!("{error:?}").starts_with(kind), "{error:?}");
        }
        assert!(not_taken(&read(":s 372 relay :- motd")).is_none());
        for (text, kind) in [
            (":s 404 relay #c :No", "Forbidden"),
            (":s 263 relay PRIVMSG :Later", "RateLimited"),
            (":s 421 relay REDACT :Unknown command", "Rejected"),
            (":s FAIL REDACT UNKNOWN_MSGID #c x :No such message", "TargetGone"),
            (":s FAIL REDACT REDACT_FORBIDDEN #c x :Not yours", "Rejected"),
            (":s FAIL CHATHISTORY MESSAGE_ERROR #c :Busy", "Unavailable"),
        ] {
            let error = refused(&read(text)).unwrap();
            assert!(format!("{error:?}").starts_with(kind), "{text}: {error:?}");
        }
        assert_eq!(refused(&read("@msgid=x :relay!r@h PRIVMSG #c :FAIL")), None);
    }
}
