//! What is done around messages: reactions, pins, the sign that somebody is typing.

use crate::api::CallError;
use crate::deliver::{REQUEST, Room};
use crate::errors::{Doing, delivering};
use relay_contract::DeliverError;
use ruma::api::Direction;
use ruma::api::client::relations::get_relating_events_with_rel_type_and_event_type as relations;
use ruma::api::client::state::{get_state_event_for_key, send_state_event};
use ruma::api::client::typing::create_typing_event::v3::{Request as TypingRequest, Typing, TypingInfo};
use ruma::events::relation::RelationType;
use ruma::events::{StateEventType, TimelineEventType};
use ruma::serde::Raw;
use ruma::{EventId, TransactionId, UserId};
use serde_json::{Value, json};
use std::time::Duration;

/// How long the sign of typing is shown, and how long it may take.
const SHOWN: Duration = Duration::from_secs(6);
const TYPING: Duration = Duration::from_secs(5);
/// How many pages of reactions to one message are looked through for Relay's own.
const MOST_PAGES: usize = 10;

fn beside(error: CallError) -> DeliverError {
    delivering(error, Doing::Beside)
}

/// Puts Relay's or a ghost's reaction on a message, or takes it back (<https://spec.matrix.org/v1.11/client-server-api/#event-annotations-and-reactions>).
pub async fn react(room: &Room<'_>, target: &EventId, emoji: &str, on: bool) -> Result<(), DeliverError> {
    if !on {
        for event in own_reactions(room, target, emoji).await? {
            room.redact(&event).await.map_err(beside)?;
        }
        return Ok(());
    }
    let relation = json!({ "rel_type": "m.annotation", "event_id": target, "key": emoji });
    let content = json!({ "m.relates_to": relation });
    match room.send("m.reaction", TransactionId::new().as_str(), &content).await {
        Err(CallError::Answered(answer)) if answer.code == "M_DUPLICATE_ANNOTATION" => Ok(()),
        sent => sent.map(|_| ()).map_err(beside),
    }
}

/// The events of the same one's reaction with an emoji.
async fn own_reactions(
    room: &Room<'_>,
    target: &EventId,
    emoji: &str,
) -> Result<Vec<ruma::OwnedEventId>, DeliverError> {
    let Some(own) = room.known.own() else {
        return Err(DeliverError::Unavailable("there has been no preflight".into()));
    };
    let whose = room.ghost.as_ref().map_or(own.user.as_str(), |ghost| ghost.as_str());
    let (mut found, mut from) = (Vec::new(), None);
    for _ in 0..MOST_PAGES {
        let kind = TimelineEventType::Reaction;
        let mut request =
            relations::v1::Request::new(room.id.clone(), target.to_owned(), RelationType::Annotation, kind);
        request.dir = Direction::Backward;
        request.from = from;
        request.limit = Some(100_u32.into());
        let answer = room.api.call(request, REQUEST).await.map_err(beside)?;
        let reactions = answer.get("chunk").and_then(Value::as_array).into_iter().flatten();
        found.extend(reactions.filter_map(|event| {
            let key = event.pointer("/content/m.relates_to/key")?;
            let ours = event.get("sender")? == whose && key == emoji;
            EventId::parse(event.get("event_id")?.as_str()?).ok().filter(|_| ours)
        }));
        from = answer.get("next_batch").and_then(Value::as_str).map(str::to_owned);
        if from.is_none() {
            break;
        }
    }
    Ok(found)
}

/// Pins a message, or unpins it: one list for all (<https://spec.matrix.org/v1.11/client-server-api/#mroompinned_events>).
pub async fn pin(room: &Room<'_>, target: &str, on: bool) -> Result<(), DeliverError> {
    let kind = StateEventType::RoomPinnedEvents;
    let request = get_state_event_for_key::v3::Request::new(room.id.clone(), kind.clone(), String::new());
    let pinned = match room.api.call(request, REQUEST).await {
        Ok(content) => content.get("pinned").and_then(Value::as_array).cloned().unwrap_or_default(),
        Err(CallError::Answered(answer)) if answer.status == 404 => Vec::new(),
        Err(error) => return Err(beside(error)),
    };
    let mut wanted: Vec<Value> = pinned.iter().filter(|event| *event != target).cloned().collect();
    if on {
        if pinned.iter().any(|event| event == target) {
            return Ok(());
        }
        wanted.push(target.into());
    } else if wanted.len() == pinned.len() {
        return Ok(());
    }
    let content = json!({ "pinned": wanted }).to_string();
    let content =
        Raw::from_json_string(content).map_err(|error| DeliverError::Rejected(error.to_string()))?;
    let request = send_state_event::v3::Request::new_raw(room.id.clone(), kind, String::new(), content);
    room.api.call(request, REQUEST).await.map(|_| ()).map_err(beside)
}

/// Shows for some seconds that somebody is typing (<https://spec.matrix.org/v1.11/client-server-api/#typing-notifications>).
pub async fn typing(room: &Room<'_>) {
    let Some(user) = room.known.own().and_then(|own| UserId::parse(own.user).ok()) else { return };
    let request = TypingRequest::new(user, room.id.clone(), Typing::Yes(TypingInfo::new(SHOWN)));
    if let Err(error) = room.api.call(request, TYPING).await {
        tracing::debug!(room = %room.id, "typing is not shown: {}", crate::errors::words(&error));
    }
}
