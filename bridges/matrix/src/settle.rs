//! What a post has come to that nobody answered. The homeserver tells the transaction id of an event to the access token that sent it, and
//! to no other (<https://spec.matrix.org/v1.11/client-server-api/#transaction-identifiers>); what an application service posts bears its key
//! itself. Where it has forgotten the id, it makes a
//! second event of a repeated post, so what is not found within the time of the attempt is looked at no further.

use crate::api::{Api, CallError};
use crate::deliver::{KEY, made};
use crate::errors::{Doing, delivering};
use crate::ids;
use crate::known::Own;
use relay_contract::{Attempt, DeliverError, Operation, Receipt, Settled, Timestamp};
use ruma::api::Direction;
use ruma::api::client::message::get_message_events;
use ruma::{OwnedRoomId, RoomId, UInt};
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;

/// All of it, and one request.
const WHOLE: Duration = Duration::from_secs(45);
const REQUEST: Duration = Duration::from_secs(15);
/// How many pages of a hundred events are read.
const MOST_PAGES: usize = 10;
/// How far the homeserver's clock may be behind this machine's, in ms.
const CLOCKS_APART: i64 = 120_000;

/// Looks for it, at most 45 seconds.
pub async fn settle(
    api: &Api,
    own: &Own,
    attempt: &Attempt<'_>,
    since: Timestamp,
) -> Result<Settled, DeliverError> {
    let Operation::Post { part, thread, files, key, .. } = &attempt.operation else {
        return Ok(match &attempt.operation {
            // Nothing is asked of Matrix for a thread.
            Operation::Open { root: Some(root), .. } => {
                Settled::Found(vec![Receipt::of((*root).clone().within(Some(ids::thread_of(root).into())))])
            }
            _ => Settled::CannotTell,
        });
    };
    let Ok(room) = RoomId::parse(attempt.room.room.as_str()) else { return Ok(Settled::CannotTell) };
    let since = since.0.saturating_sub(CLOCKS_APART);
    match timeout(WHOLE, found(api, &room, own, key, since)).await {
        Ok(Ok(Some(events))) => {
            let receipts = events.iter().map(|event| Receipt::of(made(event, *thread, files, part)));
            Ok(Settled::Found(receipts.collect()))
        }
        Ok(Ok(None)) => Ok(Settled::CannotTell),
        Ok(Err(error)) => Err(delivering(error, Doing::Ask)),
        Err(_) => Err(DeliverError::Unavailable(format!("no history within {} s", WHOLE.as_secs()))),
    }
}

/// The events with this key, oldest first; none when there is too much to look through.
async fn found(
    api: &Api,
    room: &OwnedRoomId,
    own: &Own,
    key: &str,
    since: i64,
) -> Result<Option<Vec<String>>, CallError> {
    let (mut found, mut from) = (Vec::new(), None);
    for _ in 0..MOST_PAGES {
        let mut request = get_message_events::v3::Request::new(room.clone(), Direction::Backward);
        request.from = from;
        request.limit = UInt::from(100_u32);
        let answer = api.call(request, REQUEST).await?;
        let events = answer.get("chunk").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let ours = |event: &&Value| {
            let at = |path: &str| event.pointer(path).and_then(Value::as_str);
            let bears = at("/unsigned/transaction_id") == Some(key)
                || event.get("content").and_then(|content| content.get(KEY)).is_some_and(|is| is == key);
            bears && at("/sender").is_some_and(|sender| own.is(sender))
        };
        found.extend(
            events.iter().filter(ours).filter_map(|event| event.get("event_id")?.as_str().map(str::to_owned)),
        );
        // What ghosts said may bear an earlier time than its place has.
        let older = |event: &Value| {
            let own = event.get("sender").and_then(Value::as_str).is_some_and(|sender| own.is(sender));
            !own && event.get("origin_server_ts").and_then(Value::as_i64).is_some_and(|at| at < since)
        };
        from = answer.get("end").and_then(Value::as_str).map(str::to_owned);
        if from.is_none() || events.iter().any(older) || !found.is_empty() {
            found.reverse();
            return Ok(Some(found));
        }
    }
    tracing::debug!(%room, "too much was said since to look through");
    Ok(None)
}
