//! What was said in a room after a place in it: pages of `/messages`, which are the events that a sync would have brought
//! (<https://spec.matrix.org/v1.11/client-server-api/#get_matrixclientv3roomsroomidmessages>).
//!
//! Edits, reactions and redactions are events of their own and come in their place, so that what was changed before is told, too. What
//! was redacted meanwhile comes without its content, and is no message any more.

use crate::api::CallError;
use crate::errors::{Doing, delivering};
use crate::look_up::Listener;
use futures::StreamExt;
use relay_contract::{DeliverError, Mark, Past, RoomKey, Timestamp};
use ruma::api::Direction;
use ruma::api::client::context::get_context;
use ruma::api::client::message::get_message_events;
use ruma::api::client::room::get_event_by_timestamp;
use ruma::{EventId, MilliSecondsSinceUnixEpoch, OwnedEventId, OwnedRoomId, RoomId, UInt};
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;

/// All requests of a look, and one of them.
const LOOK: Duration = Duration::from_secs(60);
const REQUEST: Duration = Duration::from_secs(20);
/// Events of a page.
const PAGE: u16 = 100;
/// Events that are looked up at the same time.
const LOOK_UPS: usize = 8;

/// One look, at most 60 seconds.
pub async fn look(
    listener: &Listener<'_>,
    room: &RoomKey,
    after: &Mark,
    most: u16,
) -> Result<Past, DeliverError> {
    let id = RoomId::parse(room.room.as_str())
        .map_err(|_| DeliverError::Rejected("this is no room of Matrix".into()))?;
    match timeout(LOOK, page(listener, &id, after, most.clamp(1, PAGE))).await {
        Ok(read) => read.map_err(|error| delivering(error, Doing::Ask)),
        Err(_) => Err(DeliverError::Unavailable(format!("no history within {} s", LOOK.as_secs()))),
    }
}

async fn page(
    listener: &Listener<'_>,
    room: &OwnedRoomId,
    after: &Mark,
    most: u16,
) -> Result<Past, CallError> {
    let Some((from, first)) = place(listener, room, after).await? else { return Ok(Past::default()) };
    let mut request = get_message_events::v3::Request::new(room.clone(), Direction::Forward);
    request.from = Some(from);
    request.limit = UInt::from(most);
    let answer = listener.api.call(request, REQUEST).await?;
    let told = |key: &str| answer.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let events: Vec<Value> = first.into_iter().chain(told("chunk")).collect();
    for event in told("state").iter().chain(&events) {
        listener.known.learn(room.as_str(), event);
    }
    let more = answer.get("end").is_some_and(Value::is_string) && told("chunk").len() >= usize::from(most);
    let next = events.last().and_then(mark).filter(|_| more);
    let raws =
        futures::stream::iter(events).map(|event| listener.raw(room.as_str(), event)).buffered(LOOK_UPS);
    let events = raws.flat_map(futures::stream::iter).collect().await;
    Ok(Past { events, next })
}

/// Where a page begins, and the event that stands there where that is new, too; none where nothing was said since.
async fn place(
    listener: &Listener<'_>,
    room: &OwnedRoomId,
    after: &Mark,
) -> Result<Option<(String, Option<Value>)>, CallError> {
    if let Some(event) = after.id.as_ref().and_then(|id| EventId::parse(id.as_str()).ok()) {
        match context(listener, room, event).await {
            Ok(Some((from, _))) => return Ok(Some((from, None))),
            Ok(None) => {}
            // The event is not there any more: by its time, then.
            Err(CallError::Answered(answer)) if answer.status == 404 => {}
            Err(error) => return Err(error),
        }
    }
    let Some(at) = at(after.at) else { return Ok(None) };
    let request = get_event_by_timestamp::v1::Request::new(room.clone(), at, Direction::Forward);
    let found = match listener.api.call(request, REQUEST).await {
        Ok(answer) => answer,
        Err(CallError::Answered(answer)) if answer.status == 404 => return Ok(None),
        Err(error) => return Err(error),
    };
    match found.get("event_id").and_then(Value::as_str).and_then(|id| EventId::parse(id).ok()) {
        Some(event) => context(listener, room, event).await,
        None => Ok(None),
    }
}

/// The token behind an event, and the event.
async fn context(
    listener: &Listener<'_>,
    room: &OwnedRoomId,
    event: OwnedEventId,
) -> Result<Option<(String, Option<Value>)>, CallError> {
    let mut request = get_context::v3::Request::new(room.clone(), event);
    request.limit = UInt::from(0_u32);
    let answer = listener.api.call(request, REQUEST).await?;
    let end = answer.get("end").and_then(Value::as_str).map(str::to_owned);
    Ok(end.map(|end| (end, answer.get("event").cloned())))
}

/// One later, for what stands at the place is known.
fn at(time: Timestamp) -> Option<MilliSecondsSinceUnixEpoch> {
    UInt::try_from(time.0.max(0).saturating_add(1)).ok().map(MilliSecondsSinceUnixEpoch)
}

fn mark(event: &Value) -> Option<Mark> {
    let id = event.get("event_id")?.as_str()?.into();
    Some(Mark { id: Some(id), at: Timestamp(event.get("origin_server_ts")?.as_i64()?) })
}
