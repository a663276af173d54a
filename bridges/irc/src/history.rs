//! What was said while Relay was away, where the server keeps it. Source: <https://ircv3.net/specs/extensions/chathistory>.

use crate::config::Config;
use crate::heard::{self, Heard, What};
use crate::known::Known;
use crate::line::{Line, tagged};
use crate::{deliver, ids, listen};
use relay_contract::{
    Attempt, DeliverError, Mark, MessageRef, NativeId, Operation, Past, Receipt, RoomKey, Settled, Timestamp,
};
use std::time::Duration;

/// Before the id of a message that was just read, behind which the next look begins. No id of a server's has a blank.
const BEHIND: &str = "behind ";

/// How many messages are asked for at once where the server names no limit.
const AT_ONCE: u16 = 50;

/// How long a look waits for a connection.
const TURN: Duration = Duration::from_secs(10);

/// How many looks an attempt whose outcome is unknown is worth.
const MOST_LOOKS: usize = 5;

/// One look.
struct Look {
    heard: Vec<Heard>,
    next: Option<Mark>,
}

/// What was said after a mark, oldest first.
pub async fn past(
    config: &Config,
    known: &Known,
    room: &RoomKey,
    after: &Mark,
    most: u16,
) -> Result<Past, DeliverError> {
    let look = look(config, known, room, after, most).await?;
    Ok(Past { events: look.heard.iter().filter_map(Heard::event).collect(), next: look.next })
}

/// Looks for what an attempt would have said, among what Relay has said since.
pub async fn settle(
    config: &Config,
    known: &Known,
    attempt: &Attempt<'_>,
    since: Timestamp,
) -> Result<Settled, DeliverError> {
    let Operation::Post { part, .. } = &attempt.operation else { return Ok(Settled::CannotTell) };
    if !known.look(|state| state.caps.keeps_history()) {
        return Ok(Settled::CannotTell);
    }
    let mut after = Mark { id: None, at: since };
    let mut found = Vec::new();
    for _ in 0..MOST_LOOKS {
        let look = look(config, known, attempt.room, &after, u16::MAX).await?;
        let own = look.heard.iter().filter(|heard| heard.from.own);
        let same =
            own.filter(|heard| matches!(&heard.what, What::Said { text, .. } if is_same(text, &part.text)));
        found.extend(same.map(|heard| Receipt::of(MessageRef::plain(heard.id.as_str()))));
        match look.next {
            Some(next) => after = next,
            None => return Ok(Settled::Found(found)),
        }
    }
    // Much was said since: what was found is so, and of the rest nobody knows.
    Ok(if found.is_empty() { Settled::CannotTell } else { Settled::Found(found) })
}

/// Whether two texts are the same but for codes, which a channel may take out.
fn is_same(one: &str, other: &str) -> bool {
    let plain = |text: &str| text.chars().filter(|c| *c == '\n' || !c.is_control()).collect::<String>();
    plain(one) == plain(other)
}

async fn look(
    config: &Config,
    known: &Known,
    room: &RoomKey,
    after: &Mark,
    most: u16,
) -> Result<Look, DeliverError> {
    if !known.look(|state| state.caps.keeps_history()) {
        return Err(DeliverError::Rejected("the server keeps no history".to_owned()));
    }
    // After a start the engine asks before the connection is listened to.
    let _ = tokio::time::timeout(TURN, listen::way(known)).await;
    let (way, name) = deliver::way(known, room.room.as_str())?;
    let limit = known.look(|state| state.support.history_most).unwrap_or(AT_ONCE).min(most).max(1);
    let from = from(after).ok_or_else(|| DeliverError::Rejected("the mark has no time".to_owned()))?;
    let label = ids::label();
    let ask = tagged(&[("label", &label)], &["CHATHISTORY", "AFTER", &name, &from, &limit.to_string()]);
    let lines = deliver::send(&way, vec![ask], Some(room.room.to_string()), Some(label)).await?;
    let now = Timestamp::now();
    let heard = known.look(|state| {
        let network = state.network(&config.host, config.port);
        let all = lines.iter().filter_map(|line| heard::before(state, &network, line, now));
        all.filter(|heard| is_in(heard, room)).collect()
    });
    Ok(Look { heard, next: next(&lines).filter(|next| next != after) })
}

fn is_in(heard: &Heard, asked: &RoomKey) -> bool {
    match &heard.what {
        What::Said { room, .. } | What::Reacted { room, .. } | What::Redacted { room, .. } => {
            ids::room(&heard.network, room) == *asked
        }
        What::Asked { room, .. } => {
            room.as_ref().is_some_and(|room| ids::room(&heard.network, room) == *asked)
        }
        _ => false,
    }
}

/// Where a look begins, as the server reads it. It need not know the mark's message any more, so its time counts; others may have been
/// said in the same millisecond.
fn from(after: &Mark) -> Option<String> {
    if let Some(id) = after.id.as_ref().and_then(|id| id.as_str().strip_prefix(BEHIND)) {
        return Some(format!("msgid={id}"));
    }
    let at = after.at.0 - i64::from(after.id.is_some());
    let at = jiff::Timestamp::from_millisecond(at).ok()?;
    Some(format!("timestamp={}", at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ")))
}

/// Where the next look begins: behind the last message; none when nothing came.
fn next(lines: &[Line]) -> Option<Mark> {
    let last = lines.iter().rev().find(|line| line.tag("time").is_some())?;
    let at = last.tag("time").and_then(|time| time.parse::<jiff::Timestamp>().ok())?;
    let id = last.tag("msgid").map(|id| NativeId::from(format!("{BEHIND}{id}")));
    Some(Mark { id, at: Timestamp(at.as_millisecond()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_look_begins() {
        let at = Timestamp(1_795_658_400_500);
        let cases = [
            (None, "timestamp=2026-11-26T02:00:00.500Z"),
            (Some("abc"), "timestamp=2026-11-26T02:00:00.499Z"),
            (Some("behind abc"), "msgid=abc"),
        ];
        for (id, expected) in cases {
            let mark = Mark { id: id.map(NativeId::from), at };
            assert_eq!(from(&mark).as_deref(), Some(expected), "{id:?}");
        }
        assert_eq!(from(&Mark { id: None, at: Timestamp(i64::MAX) }), None);
        let line = |text: &str| Line::read(text).unwrap();
        assert_eq!(next(&[]), None);
        let lines = [line("@time=2026-11-26T02:00:00.500Z;msgid=abc :a!u@h PRIVMSG #c :x"), line(":s 123 x")];
        assert_eq!(next(&lines), Some(Mark { id: Some("behind abc".into()), at }));
    }

    #[test]
    fn codes_make_no_difference() {
        assert!(is_same("<A> \u{2}hi\u{2}\nyou", "<A> hi\nyou"));
        assert!(!is_same("<A> hi", "<A> hi you") && !is_same("a\nb", "ab"));
    }
}
