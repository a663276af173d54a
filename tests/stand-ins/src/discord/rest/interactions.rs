//! What an application answers to an interaction: once at first, then through the interaction's token.
//!
//! <https://discord.com/developers/docs/interactions/receiving-and-responding>

use super::body::Body;
use super::{Answer, Asked, id};
use crate::discord::errors::{self, ApiError};
use crate::discord::interactions::Interaction;
use crate::discord::model::{Author, Draft, Message};
use crate::discord::state::{self, LOADING, now};
use crate::discord::{Discord, payload};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

type D = State<Arc<Discord>>;

/// Message flag: only one person sees it.
const EPHEMERAL: u64 = 1 << 6;
/// Answers: a message, "is thinking", proposals.
const MESSAGE: u64 = 4;
const DEFERRED: u64 = 5;
const PROPOSALS: u64 = 8;
/// How many proposals a client shows.
const MOST_PROPOSALS: usize = 25;

/// `with_response`
#[derive(Debug, Deserialize)]
pub struct Options {
    #[serde(default)]
    with_response: Option<String>,
}

/// `POST /interactions/{interaction}/{token}/callback`: the first answer.
pub async fn callback(
    State(discord): D,
    Path((interaction, token)): Path<(String, String)>,
    Asked(options): Asked<Options>,
    body: Body,
) -> Answer<Response> {
    let mut state = discord.state();
    let known = state.interactions.get(&id(&interaction)?).filter(|known| known.token == token);
    let interaction = known.filter(|known| known.waits()).cloned().ok_or(errors::UNKNOWN_INTERACTION)?;
    if interaction.answered {
        return Err(errors::ALREADY_ANSWERED);
    }
    let kind = body.object.get("type").and_then(Value::as_u64).unwrap_or(0);
    let body = body.within("data");
    let draft = match (kind, interaction.completing) {
        (MESSAGE, false) => body.draft(&mut state, interaction.guild, true)?.0,
        (DEFERRED, false) => Draft { flags: flags(&body) | LOADING, ..Draft::default() },
        (PROPOSALS, true) => Draft { content: proposals(&body)?, flags: EPHEMERAL, ..Draft::default() },
        _ => {
            let says = "Interaction callback type is invalid";
            return Err(ApiError::field("type", "INTERACTION_APPLICATION_COMMAND_CALLBACK_TYPE", says));
        }
    };
    state.interactions.entry(interaction.id).and_modify(|it| it.answered = true);
    let shown = state.answered(&interaction, interaction.original, draft)?;
    if options.with_response.is_none_or(|with| with != "true" && with != "1") {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let mut answer = json!({
        "interaction": { "id": interaction.id.to_string(), "type": interaction.kind() },
    });
    if !interaction.completing {
        answer["interaction"]["response_message_id"] = shown.id.to_string().into();
        answer["interaction"]["response_message_loading"] = (kind == DEFERRED).into();
        answer["interaction"]["response_message_ephemeral"] = shown.only_for.is_some().into();
        answer["resource"] = json!({ "type": kind, "message": payload::message(&state, &shown) });
    }
    Ok(Json(answer).into_response())
}

fn flags(body: &Body) -> u64 {
    body.object.get("flags").and_then(Value::as_u64).unwrap_or(0) & EPHEMERAL
}

/// What a client would offer, a line each.
fn proposals(body: &Body) -> Answer<String> {
    let choices = body.list("choices")?.unwrap_or_default();
    let text = |choice: &Value, key: &str| choice[key].as_str().unwrap_or_default().to_owned();
    let proper = |text: &str| (1..=100).contains(&text.chars().count());
    let all_proper = |choice: &Value| proper(&text(choice, "name")) && proper(&text(choice, "value"));
    if choices.len() > MOST_PROPOSALS || !choices.iter().all(all_proper) {
        let says = "Must be 25 or fewer, each between 1 and 100 in length.";
        return Err(ApiError::field("choices", "BASE_TYPE_BAD_LENGTH", says));
    }
    let names: Vec<String> = choices.iter().map(|choice| text(choice, "name")).collect();
    Ok(names.join("\n"))
}

impl state::State {
    /// Shows an answer, to everybody or to the person only.
    fn answered(&mut self, to: &Interaction, message: u64, draft: Draft) -> Answer<Message> {
        let bot = self.bots.get(to.bot).ok_or(errors::UNKNOWN_INTERACTION)?.user();
        let only_for = (draft.flags & EPHEMERAL != 0).then_some(to.person);
        Ok(self.show(Message {
            id: message,
            channel: to.channel,
            guild: to.guild,
            author: Author::User(bot),
            draft,
            at: now(),
            edited: None,
            only_for,
            answers: Some(to.id),
            reactions: Vec::new(),
            pinned: false,
            deleted: false,
        }))
    }

    /// A message that answers an interaction; `@original` is the first.
    fn answer_of(&self, to: &Interaction, message: &str) -> Answer<Message> {
        let message = if message == "@original" { to.original } else { id(message)? };
        let found = self.history.get(&to.channel.to_string(), &message.to_string());
        found
            .filter(|message| !message.deleted && message.answers == Some(to.id))
            .cloned()
            .ok_or(errors::UNKNOWN_MESSAGE)
    }

    /// `POST /webhooks/{application}/{token}`: a further answer. The first one after "is thinking" is what was thought about.
    pub(super) fn follow_up(&mut self, to: &Interaction, body: &Body) -> Answer<Message> {
        if !to.answered {
            return Err(errors::UNKNOWN_WEBHOOK);
        }
        let thinking = self.answer_of(to, "@original").ok().filter(|it| it.draft.flags & LOADING != 0);
        let (mut draft, _) = body.draft(self, to.guild, true)?;
        draft.nonce = None;
        if let Some(thinking) = thinking {
            draft.flags = thinking.draft.flags;
            let filled = self.edit(to.channel, thinking.id, |old| *old = draft);
            return filled.ok_or(errors::UNKNOWN_MESSAGE);
        }
        let message = self.new_id();
        self.answered(to, message, draft)
    }

    /// `GET /webhooks/{application}/{token}/messages/{message}`
    pub(super) fn answer_told(&self, to: &Interaction, message: &str) -> Answer<Value> {
        Ok(payload::message(self, &self.answer_of(to, message)?))
    }

    /// `PATCH /webhooks/{application}/{token}/messages/{message}`
    pub(super) fn change_answer(&mut self, to: &Interaction, message: &str, body: &Body) -> Answer<Value> {
        let message = self.answer_of(to, message)?;
        let mut draft = body.edited(self, to.guild, message.draft.clone(), true)?;
        // Who sees it is decided by the first answer.
        draft.flags = message.draft.flags;
        let edited = self.edit(to.channel, message.id, |old| *old = draft).ok_or(errors::UNKNOWN_MESSAGE)?;
        Ok(payload::message(self, &edited))
    }

    /// `DELETE /webhooks/{application}/{token}/messages/{message}`
    pub(super) fn delete_answer(&mut self, to: &Interaction, message: &str) -> Answer<StatusCode> {
        let message = self.answer_of(to, message)?;
        self.delete(to.channel, message.id);
        Ok(StatusCode::NO_CONTENT)
    }
}
