//! One attempt at one message, and the server's word on it.

use crate::fences::{Outcome, Request};
use crate::known::{Known, State};
use crate::line::{Line, compose, tagged};
use crate::{formatting, ids, line, names};
use relay_contract::{
    Attempt, DeliverError, MessageRef, Operation, Part, Persona, Receipt, RoomKey, Timestamp,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// How long a request may wait to be taken on: a server that throttles makes it wait.
const TURN: Duration = Duration::from_secs(12);

/// The longest wait for the server's word, well below the engine's own deadline, so that the reason is known.
const ANSWER: Duration = Duration::from_secs(14);

/// Does what is to be done.
pub async fn deliver(known: &Known, attempt: &Attempt<'_>) -> Result<Receipt, DeliverError> {
    match attempt.operation {
        Operation::Post { part, persona, reply_to, .. } => {
            post(known, attempt.room, part, persona, reply_to).await
        }
        Operation::Delete { target } => {
            let words =
                |name: &str, label: &str| tagged(&[("label", label)], &["REDACT", name, target.id.as_str()]);
            change(known, attempt.room, target, |state| state.caps.redacts(), words).await
        }
        Operation::React { target, emoji, on } => {
            let tag = if on { "+draft/react" } else { "+draft/unreact" };
            let words = |name: &str, label: &str| {
                let tags = [("label", label), (tag, emoji), ("+draft/reply", target.id.as_str())];
                tagged(&tags, &["TAGMSG", name])
            };
            change(known, attempt.room, target, |state| state.may_tag(tag.trim_start_matches('+')), words)
                .await
        }
        Operation::Edit { .. } | Operation::Pin { .. } | Operation::Open { .. } => {
            Err(DeliverError::Rejected("a message on IRC stays as it was said".to_owned()))
        }
    }
}

/// The channel's name, and the way there.
pub fn way(known: &Known, channel: &str) -> Result<(mpsc::Sender<Request>, String), DeliverError> {
    let way = known.way.borrow().clone();
    let way = way.ok_or_else(|| DeliverError::Unavailable("not connected".to_owned()))?;
    let name = known.look(|state| state.channels.get(channel).map(|channel| channel.name.clone()));
    let name = name.ok_or_else(|| DeliverError::Unavailable(format!("Relay is not in {channel} now")))?;
    Ok((way, name))
}

async fn post(
    known: &Known,
    room: &RoomKey,
    part: &Part,
    persona: Option<&Persona>,
    reply_to: Option<&MessageRef>,
) -> Result<Receipt, DeliverError> {
    let channel = room.room.as_str();
    let texts: Vec<&str> = part.text.split('\n').collect();
    let odd =
        |text: &&str| text.is_empty() || text.contains(|c| line::breaks_out(c) || c == formatting::CTCP);
    if texts.iter().any(odd) {
        return Err(DeliverError::Rejected("the part is no line of IRC".to_owned()));
    }
    let (way, name) = way(known, channel)?;
    let changed = || DeliverError::Unavailable("the server can do less than before".to_owned());
    let (label, several, may_reply, signs) = known.look(|state| {
        let label = state.caps.answers().then(ids::label);
        let signs = state.name_signs(channel).map(str::to_owned);
        (label, state.caps.multiline().is_some(), state.may_tag("draft/reply"), signs)
    });
    if texts.len() > 1 && !several {
        return Err(changed());
    }
    let mut tags = Vec::new();
    tags.extend(label.as_deref().map(|label| ("label", label)));
    let reply_to = reply_to.map(|target| target.id.as_str()).filter(|id| may_reply && !ids::is_made_here(id));
    tags.extend(reply_to.map(|id| ("+draft/reply", id)));
    let (lines, under) = match (persona, texts.as_slice()) {
        (Some(persona), [text]) => {
            let under = names::spoken(&persona.name, &signs.ok_or_else(changed)?);
            (vec![tagged(&tags, &["RELAYMSG", &name, &under, text])], true)
        }
        (None, [text]) => (vec![tagged(&tags, &["PRIVMSG", &name, text])], false),
        (_, texts) => (several_lines(&tags, &name, texts), false),
    };
    match send(&way, lines, Some(channel.to_owned()), label).await {
        Ok(answer) => Ok(Receipt::of(MessageRef::plain(id_of(&answer)))),
        // Whoever may not speak under names puts them before the line.
        Err(DeliverError::Rejected(why)) if under => {
            known.change(|state| {
                if let Some(channel) = state.channels.get_mut(channel) {
                    channel.no_names = true;
                }
            });
            Err(DeliverError::Unavailable(format!("Relay may not speak under people's names: {why}")))
        }
        Err(error) => Err(error),
    }
}

/// One message of several lines. Source: <https://ircv3.net/specs/extensions/multiline>.
fn several_lines(tags: &[(&str, &str)], name: &str, texts: &[&str]) -> Vec<String> {
    let reference = ids::label();
    let mut lines = vec![tagged(tags, &["BATCH", &format!("+{reference}"), "draft/multiline", name])];
    lines.extend(texts.iter().map(|text| tagged(&[("batch", &reference)], &["PRIVMSG", name, text])));
    lines.push(compose(&["BATCH", &format!("-{reference}")]));
    lines
}

/// The id that the server gave what was said; where it gives none, one that is made here.
fn id_of(answer: &[Line]) -> String {
    let said = answer.iter().filter(|line| line.command == "PRIVMSG");
    let id = said.into_iter().find_map(|line| line.tag("msgid"));
    id.filter(|id| id.len() <= ids::LONGEST_MESSAGE_ID)
        .map_or_else(|| ids::message(Timestamp::now()), str::to_owned)
}

/// Does something to a message that the server knows.
async fn change(
    known: &Known,
    room: &RoomKey,
    target: &MessageRef,
    can: impl FnOnce(&State) -> bool,
    line: impl FnOnce(&str, &str) -> String,
) -> Result<Receipt, DeliverError> {
    let (way, name) = way(known, room.room.as_str())?;
    if !known.look(can) {
        return Err(DeliverError::Rejected("a message stays as it was said on this server".to_owned()));
    }
    // It was said when the server gave no ids.
    if ids::is_made_here(target.id.as_str()) {
        return Err(DeliverError::TargetGone);
    }
    let label = ids::label();
    let line = line(&name, &label);
    send(&way, vec![line], Some(room.room.to_string()), Some(label)).await?;
    Ok(Receipt::of(target.clone()))
}

/// Sends lines and waits for the server's word: `Unsure` only when they may have reached it. With a label, which the first line bears, it is
/// the lines of the answer.
pub async fn send(
    way: &mpsc::Sender<Request>,
    lines: Vec<String>,
    room: Option<String>,
    label: Option<String>,
) -> Outcome {
    let begun = Arc::new(AtomicBool::new(false));
    let (done, outcome) = oneshot::channel();
    let request = Request { lines, room, label, begun: begun.clone(), done };
    let not_done = |why: &str| Err(DeliverError::Unavailable(why.to_owned()));
    match tokio::time::timeout(TURN, way.send(request)).await {
        Ok(Ok(())) => {}
        Ok(Err(_)) => return not_done("the connection has ended"),
        Err(_) => return not_done("the server takes no more lines just now"),
    }
    let answer = tokio::time::timeout(ANSWER, outcome).await;
    match answer {
        Ok(Ok(answer)) => answer,
        _ if !begun.load(Ordering::Acquire) => not_done("the connection has ended before it was sent"),
        Ok(Err(_)) => {
            Err(DeliverError::Unsure("the connection has ended before the server's word".to_owned()))
        }
        Err(_) => Err(DeliverError::Unsure(format!("the server said nothing within {} s", ANSWER.as_secs()))),
    }
}

/// Shows that somebody is typing, where the server tells and has room just now.
/// Source: <https://ircv3.net/specs/client-tags/typing>.
pub fn typing(known: &Known, room: &RoomKey) {
    let Ok((way, name)) = way(known, room.room.as_str()) else { return };
    let label = ids::label();
    let lines = vec![tagged(&[("label", &label), ("+typing", "active")], &["TAGMSG", &name])];
    let (done, _) = oneshot::channel();
    // Nobody waits for it, and nothing is lost without it.
    let _ = way.try_send(Request { lines, room: None, label: Some(label), begun: Arc::default(), done });
}
