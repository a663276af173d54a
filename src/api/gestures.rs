//! Reactions.

use super::answers::Refusal;
use super::messages::{named, take};
use super::serve::{Api, In};
use super::tokens::Scope;
use axum::extract::State;
use axum::http::StatusCode;
use relay_contract::{Author, Emoji, Envelope, Event, Standing, Timestamp};
use std::sync::Arc;

/// `PUT /api/v1/channels/{channel}/messages/{message}/reactions/{emoji}`
pub async fn react(State(api): State<Arc<Api>>, room: In) -> Result<StatusCode, Refusal> {
    put(&api, &room, true).await
}

/// `DELETE /api/v1/channels/{channel}/messages/{message}/reactions/{emoji}`
pub async fn take_back(State(api): State<Arc<Api>>, room: In) -> Result<StatusCode, Refusal> {
    put(&api, &room, false).await
}

async fn put(api: &Api, room: &In, added: bool) -> Result<StatusCode, Refusal> {
    room.caller.must(Scope::Write)?;
    // It must be there.
    named(api, room)?;
    let emoji = &room.object;
    // Nothing else: it stands in rooms beside the name of whoever reacted.
    if emojis::get(emoji).is_none() {
        return Err(Refusal::not_found("that is not an emoji", "Write one of Unicode, percent-encoded."));
    }
    let author = Author {
        id: room.caller.id.as_str().into(),
        name: room.caller.name.clone(),
        avatar: None,
        standing: Standing::Person,
    };
    let event = Event::Reacted {
        target: room.message.as_str().into(),
        emoji: Emoji { name: emoji.clone(), id: None },
        added,
        version: ulid::Ulid::new().to_string(),
    };
    let envelope = Envelope { origin: room.room.clone(), author: Some(author), at: Timestamp::now(), event };
    take(api, room, &envelope).await?;
    Ok(StatusCode::NO_CONTENT)
}
