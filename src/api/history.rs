//! What was said in a channel, page by page.

use super::answers::Refusal;
use super::connector::TAKES;
use super::events::Event;
use super::serve::{Api, In};
use super::tokens::Scope;
use crate::engine::Pages;
use crate::store::EnvelopeId;
use crate::store::stream::Piece;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use relay_contract::RoomKey;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Events on a page where nobody asks for another number, and the most that can be asked for.
const USUAL: usize = 50;
const MOST: usize = 200;

/// Which page.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// The oldest events behind this cursor; `0` for the beginning.
    after: Option<String>,
    /// Only events before this cursor; without `after` the newest of these, without either the newest of all.
    before: Option<String>,
    /// How many, at most.
    limit: Option<usize>,
}

/// A page.
#[derive(Debug, Serialize)]
pub struct Page {
    /// Oldest first. Of what was changed or deleted since only that is told.
    pub events: Vec<Event>,
    /// What comes next is `after` this.
    pub cursor: String,
    /// What came earlier is `before` this.
    pub begins: String,
    /// There may be more in the direction that was asked for. A page with much text may have fewer events than were asked for.
    pub more: bool,
}

/// `GET /api/v1/channels/{channel}/messages`
pub async fn page(
    State(api): State<Arc<Api>>,
    room: In,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Json<Page>, Refusal> {
    room.caller.must(Scope::Read)?;
    let Ok(Query(which)) = which else {
        let fix = format!("Write after or before with a cursor, and limit with a number up to {MOST}.");
        return Err(Refusal::bad("the query is not what can be asked", fix));
    };
    let limit = which.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(Refusal::bad("limit is out of range", format!("Write a number from 1 to {MOST}.")));
    }
    let (piece, asked) = match (&which.after, &which.before) {
        (Some(after), before) => {
            let after = cursor(after)?;
            let before = before.as_deref().map(cursor).transpose()?;
            (Piece::After(after, before), after)
        }
        (None, Some(before)) => {
            let before = cursor(before)?;
            (Piece::Before(Some(before)), before)
        }
        (None, None) => (Piece::Before(None), EnvelopeId::default()),
    };
    let pages = read(&api, room.room, piece, limit).await?;
    let (begins, end) = pages.looked_at.unwrap_or((asked, asked));
    Ok(Json(Page {
        events: pages.events.into_iter().map(|told| Event::of(&room.channel, told)).collect(),
        cursor: end.to_string(),
        begins: begins.to_string(),
        more: pages.more,
    }))
}

/// A place in a stream, as it is written.
pub fn cursor(written: &str) -> Result<EnvelopeId, Refusal> {
    if written == "0" {
        return Ok(EnvelopeId::default());
    }
    EnvelopeId::parse(written).ok_or_else(|| {
        Refusal::bad("that is not a cursor", "Write the `cursor` of an event or a page, or 0.")
    })
}

/// A piece of a room's stream.
pub async fn read(api: &Arc<Api>, room: RoomKey, piece: Piece, most: usize) -> Result<Pages, Refusal> {
    let core = api.core.clone();
    let read = tokio::task::spawn_blocking(move || core.told(&room, piece, most, TAKES)).await;
    Ok(read.map_err(|_| Refusal::not_now())??)
}
