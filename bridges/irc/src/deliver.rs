//! One attempt at one line, and the server's word on it.

use crate::fences::Request;
use crate::known::Known;
use crate::line::compose;
use crate::{formatting, ids, line};
use relay_contract::{Attempt, DeliverError, MessageRef, Operation, Part, Receipt, RoomKey, Timestamp};
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
        Operation::Post { part, .. } => post(known, attempt.room, part).await,
        Operation::Edit { .. }
        | Operation::Delete { .. }
        | Operation::React { .. }
        | Operation::Pin { .. }
        | Operation::Open { .. } => {
            Err(DeliverError::Rejected("a line of IRC stays as it was said, and bears nothing".to_owned()))
        }
    }
}

async fn post(known: &Known, room: &RoomKey, part: &Part) -> Result<Receipt, DeliverError> {
    let channel = room.room.as_str();
    if part.text.is_empty() || part.text.contains(|c| line::breaks_out(c) || c == formatting::CTCP) {
        return Err(DeliverError::Rejected("the part is no line of IRC".to_owned()));
    }
    let way = known.way.borrow().clone();
    let way = way.ok_or_else(|| DeliverError::Unavailable("not connected".to_owned()))?;
    let name = known.look(|state| state.channels.get(channel).map(|channel| channel.name.clone()));
    let name = name.ok_or_else(|| DeliverError::Unavailable(format!("Relay is not in {channel} now")))?;
    let lines = vec![compose(&["PRIVMSG", &name, &part.text])];
    send(&way, lines, Some(channel.to_owned())).await?;
    Ok(Receipt::of(MessageRef::plain(ids::message(Timestamp::now()))))
}

/// Sends lines and waits for the server's word: `Unsure` only when they may have reached it.
pub async fn send(
    way: &mpsc::Sender<Request>,
    lines: Vec<String>,
    room: Option<String>,
) -> Result<(), DeliverError> {
    let begun = Arc::new(AtomicBool::new(false));
    let (done, outcome) = oneshot::channel();
    let request = Request { lines, room, begun: begun.clone(), done };
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
