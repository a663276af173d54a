//! `!relay …`: who may, and the answer, a notice that answers the command
//! (<https://spec.matrix.org/v1.11/client-server-api/#mnotice>).

use crate::api::{Api, CallError};
use crate::deliver::{Room, relation};
use crate::errors::{self, Doing, delivering};
use crate::facts::Facts;
use crate::known::Known;
use crate::render;
use relay_contract::text::{Leaf, Run};
use relay_contract::{Answer, Call, DeliverError, Draft, MessageRef, NativeId, RoomKey, Style, Text};
use ruma::api::client::state::get_state_event_for_key::v3::{Request, StateEventFormat};
use ruma::events::StateEventType;
use ruma::{OwnedRoomId, RoomId, TransactionId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;

/// All requests of a question or an answer.
const DEADLINE: Duration = Duration::from_secs(14);
const REQUEST: Duration = Duration::from_secs(6);
/// An answer has so many messages at most.
const MOST: usize = 3;

/// What a command's answer needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyTo {
    /// The command.
    pub event: NativeId,
    /// The thread that it was given in.
    pub thread: Option<NativeId>,
}

/// Whether somebody may change the room's state, within 15 seconds; in doubt no
/// (<https://spec.matrix.org/v1.11/client-server-api/#permissions>).
pub async fn may_manage(api: &Api, room: &RoomKey, person: &NativeId) -> Result<bool, DeliverError> {
    let Ok(id) = RoomId::parse(room.room.as_str()) else { return Ok(false) };
    let asked = async { Ok(powers(api, &id).await?.manages(person.as_str())) };
    match timeout(DEADLINE, asked).await {
        Ok(answer) => answer.map_err(|error| delivering(error, Doing::Ask)),
        Err(_) => Err(DeliverError::Unavailable("the homeserver did not answer".into())),
    }
}

/// Who may do what in a room, asked for anew.
pub async fn powers(api: &Api, room: &OwnedRoomId) -> Result<Facts, CallError> {
    let create = state(api, room, StateEventType::RoomCreate);
    let levels = state(api, room, StateEventType::RoomPowerLevels);
    let (create, levels) = futures::join!(create, levels);
    let mut facts = Facts::default();
    for event in [create?, levels?].into_iter().flatten() {
        facts.learn(&event);
    }
    Ok(facts)
}

/// A state event, with who set it; none where the room has none.
pub async fn state(api: &Api, room: &OwnedRoomId, kind: StateEventType) -> Result<Option<Value>, CallError> {
    let name = kind.to_string();
    let mut request = Request::new(room.clone(), kind.clone(), String::new());
    request.format = StateEventFormat::Event;
    match api.call(request, REQUEST).await {
        Ok(event) if event.get("content").is_some() => Ok(Some(event)),
        // A server that answers the content alone.
        Ok(content) => Ok(Some(json!({ "type": name, "state_key": "", "content": content }))),
        Err(CallError::Answered(answer)) if answer.status == 404 => Ok(None),
        Err(error) => Err(error),
    }
}

/// Answers a command where it was given; everybody there sees it, for Matrix has nothing narrower. One attempt, at most 15 seconds.
pub async fn answer(api: &Api, known: &Known, call: &Call, answer: &Answer) -> Result<(), DeliverError> {
    let to: ReplyTo = serde_json::from_value(call.reply.clone())
        .map_err(|_| DeliverError::Rejected("this command has no answer".into()))?;
    let id = RoomId::parse(call.room.room.as_str())
        .map_err(|_| DeliverError::Rejected("this is no room of Matrix".into()))?;
    let room = Room::of(api, known, id);
    let mut parts = render::parts(&Draft { body: answer.text.clone(), ..Draft::default() });
    if parts.len() > MOST {
        parts.truncate(MOST - 1);
        let cut =
            Run::new(Leaf::Plain("… (cut: this answer is too long for a room)".into())).styled(Style::Italic);
        parts.extend(render::parts(&Draft { body: Text::from_runs(vec![cut]), ..Draft::default() }));
    }
    let said = async {
        for part in &parts {
            let mut content = render::notice(part);
            let answers = MessageRef::plain(to.event.clone());
            if let Some(relation) = relation(Some(&answers), to.thread.as_ref()) {
                content["m.relates_to"] = relation;
            }
            room.send("m.room.message", TransactionId::new().as_str(), &content).await?;
        }
        Ok::<(), CallError>(())
    };
    match timeout(DEADLINE, said).await {
        Ok(said) => said.map_err(|error| delivering(error, Doing::Post)),
        Err(_) => Err(DeliverError::Unsure(errors::words(&CallError::Silent("too slow".into())))),
    }
}
