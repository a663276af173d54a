//! How a poll ended: Matrix has no count of its own, and each client makes one of all votes
//! (<https://spec.matrix.org/v1.11/client-server-api/#mpollend>).

use crate::api::{Api, CallError};
use crate::commands::powers;
use crate::translate::poll;
use ruma::api::client::relations::get_relating_events_with_rel_type::v1::Request;
use ruma::api::client::room::get_room_event;
use ruma::events::relation::RelationType;
use ruma::{EventId, OwnedEventId, OwnedRoomId, RoomId, UInt};
use serde_json::Value;
use std::time::Duration;

/// All requests of a count, and one of them.
const COUNT: Duration = Duration::from_secs(10);
const REQUEST: Duration = Duration::from_secs(4);
/// Votes of a page, and pages: of a poll with more votes no result is told, for it would be a wrong one.
const PAGE: u32 = 500;
const PAGES: usize = 20;

/// How many chose each answer of the poll that an event ends; none where it was not theirs to end, or the homeserver does not tell in time.
pub async fn counted(api: &Api, room: &str, end: &Value) -> Option<Vec<u64>> {
    let target = end.pointer("/content/m.relates_to/event_id").and_then(Value::as_str)?;
    let (room, target) = (RoomId::parse(room).ok()?, EventId::parse(target).ok()?);
    match tokio::time::timeout(COUNT, count(api, &room, &target, end)).await {
        Ok(Ok(counts)) => counts,
        Ok(Err(error)) => {
            tracing::warn!(%room, "how a poll ended is not told: {}", crate::errors::words(&error));
            None
        }
        Err(_) => {
            tracing::warn!(%room, "how a poll ended is not told: its votes did not come within {} s", COUNT.as_secs());
            None
        }
    }
}

async fn count(
    api: &Api,
    room: &OwnedRoomId,
    target: &OwnedEventId,
    end: &Value,
) -> Result<Option<Vec<u64>>, CallError> {
    let request = get_room_event::v3::Request::new(room.clone(), target.clone());
    let start = api.call(request, REQUEST).await?;
    if !may_end(api, room, &start, end).await? {
        return Ok(None);
    }
    let mut about: Vec<Value> = Vec::new();
    let mut from = None;
    for _ in 0..PAGES {
        let mut request = Request::new(room.clone(), target.clone(), RelationType::Reference);
        (request.from, request.limit) = (from, Some(UInt::from(PAGE)));
        let answer = api.call(request, REQUEST).await?;
        about.extend(answer.get("chunk").and_then(Value::as_array).cloned().unwrap_or_default());
        from = answer.get("next_batch").and_then(Value::as_str).map(str::to_owned);
        if from.is_none() {
            let ended = end.get("origin_server_ts").and_then(Value::as_i64).unwrap_or(i64::MAX);
            return Ok(start.get("content").and_then(|content| poll::count(content, &about, ended)));
        }
    }
    tracing::warn!(%room, "how a poll ended is not told: it has more than {} votes", PAGES * PAGE as usize);
    Ok(None)
}

/// Whoever asked, and whoever may take others' messages back.
async fn may_end(api: &Api, room: &OwnedRoomId, start: &Value, end: &Value) -> Result<bool, CallError> {
    let sender = |event: &Value| event.get("sender").and_then(Value::as_str).map(str::to_owned);
    let Some(by) = sender(end) else { return Ok(false) };
    if sender(start).is_some_and(|asked| asked == by) {
        return Ok(true);
    }
    let facts = powers(api, room).await?;
    Ok(facts.level(&by) >= facts.needed_to_redact())
}
