//! The first answer to each interaction: within three seconds, however long the events before it take to be kept.
//!
//! <https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-callback>

use crate::connector::{Discord, Us};
use crate::errors::{Failure, code};
use crate::ids::snowflake;
use crate::interactions::{Interaction, Kind};
use crate::rest::Rest;
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use relay_contract::{Inbox, RoomKey};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::Receiver;
use tokio::sync::watch;
use twilight_model::application::command::{CommandOptionChoice, CommandOptionChoiceValue};
use twilight_model::channel::message::MessageFlags;
use twilight_model::http::interaction::{
    InteractionResponse, InteractionResponseData, InteractionResponseType,
};
use twilight_model::id::Id;
use twilight_model::id::marker::InteractionMarker;

/// How many first answers wait to be sent.
pub const WAITING: usize = 64;
/// How many are sent at the same time.
const AT_ONCE: usize = 16;
/// Discord gives up on an application after three seconds.
const WITHIN: Duration = Duration::from_millis(2_500);
/// How many interactions are remembered, to know whether they can still be answered.
const REMEMBERED: usize = 256;
/// The part of the command that is about channels which the room is joined to.
const LEAVING: &str = "disconnect";
/// How many proposals Discord shows, and how long each is, in characters.
const MOST_CHOICES: usize = 25;
const LONGEST_CHOICE: usize = 100;

/// What has become of a first answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// On its way.
    Underway,
    /// Discord has it, or may have it.
    Given,
    /// Discord has given up on the interaction: nobody sees what is answered.
    Refused,
}

/// A first answer that is to be sent.
pub struct FirstAnswer {
    id: Id<InteractionMarker>,
    token: SecretString,
    response: InteractionResponse,
    outcome: watch::Sender<State>,
}

/// The newest interactions.
#[derive(Debug, Default)]
pub struct FirstAnswers(Mutex<VecDeque<(Id<InteractionMarker>, watch::Receiver<State>)>>);

impl FirstAnswers {
    fn begin(&self, id: Id<InteractionMarker>) -> watch::Sender<State> {
        let (outcome, told) = watch::channel(State::Underway);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.pop_front();
        }
        known.push_back((id, told));
        outcome
    }

    /// Whether an interaction can be answered, once its first answer has been given. `true` for one that is not remembered.
    pub async fn is_open(&self, id: Id<InteractionMarker>) -> bool {
        let told = {
            let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.iter().rev().find(|(known, _)| *known == id).map(|(_, told)| told.clone())
        };
        let Some(mut told) = told else {
            return true;
        };
        let over = told.wait_for(|state| *state != State::Underway);
        // Without an outcome it was given up while it was sent: Discord may have it.
        let state = match tokio::time::timeout(WITHIN, over).await {
            Ok(Ok(state)) => *state,
            Ok(Err(_)) | Err(_) => State::Given,
        };
        state != State::Refused
    }
}

impl Discord {
    /// The first answer to an event, if it is an interaction of ours: "is thinking", shown to the asker alone, or proposals.
    pub(crate) fn first_answer(&self, us: Us, event: &str, inbox: &dyn Inbox) -> Option<FirstAnswer> {
        let event: Value = serde_json::from_str(event).ok()?;
        let interaction = Interaction::deserialize(event.get("d")?).ok()?;
        let id = snowflake(&interaction.id.as_str().into())?;
        let response = match interaction.kind(&us.application.to_string()) {
            Kind::Command(_) | Kind::About(..) | Kind::Click(_) => InteractionResponse {
                kind: InteractionResponseType::DeferredChannelMessageWithSource,
                data: Some(InteractionResponseData {
                    flags: Some(MessageFlags::EPHEMERAL),
                    ..InteractionResponseData::default()
                }),
            },
            Kind::Typing(part, begun) => {
                let channel = snowflake(&interaction.channel()?.into())?;
                let room = self.belongs_to(channel).unwrap_or(channel).to_string();
                let room = RoomKey::new(crate::PLATFORM, self.config.network(), room);
                let offered = match interaction.may_manage() {
                    false => Vec::new(),
                    true if part == LEAVING => inbox.joined(&room, begun),
                    true => inbox.suggest(&room, begun),
                };
                proposals(offered)
            }
            Kind::Other(_) => return None,
        };
        let token = SecretString::from(interaction.token.as_str());
        Some(FirstAnswer { id, token, response, outcome: self.first_answers.begin(id) })
    }

    /// Sends first answers until there will be no more.
    pub(crate) async fn give_first_answers(&self, rest: &Rest, us: Us, mut from: Receiver<FirstAnswer>) {
        let mut sending = FuturesUnordered::new();
        loop {
            tokio::select! {
                Some(()) = sending.next(), if !sending.is_empty() => {}
                answer = from.recv(), if sending.len() < AT_ONCE => match answer {
                    Some(answer) => sending.push(give(rest, us, answer)),
                    None => break,
                },
            }
        }
        while sending.next().await.is_some() {}
    }
}

async fn give(rest: &Rest, us: Us, answer: FirstAnswer) {
    let client = rest.client().interaction(us.application);
    let request = client.create_response(answer.id, answer.token.expose_secret(), &answer.response);
    let told = tokio::time::timeout(WITHIN, rest.tell(request)).await;
    let state = match told {
        Ok(Ok(())) | Err(_) | Ok(Err(Failure::Unclear(_))) => State::Given,
        // Heard a second time, after a resume.
        Ok(Err(failure)) if failure.is(code::ALREADY_ANSWERED) => State::Given,
        Ok(Err(failure)) => {
            tracing::warn!(why = failure.words(), "a command could not be answered in time");
            State::Refused
        }
    };
    answer.outcome.send_replace(state);
}

fn proposals(offered: Vec<String>) -> InteractionResponse {
    let fits = |name: &String| (1..=LONGEST_CHOICE).contains(&name.chars().count());
    let choice = |name: String| CommandOptionChoice {
        value: CommandOptionChoiceValue::String(name.clone()),
        name,
        name_localizations: None,
    };
    let choices = offered.into_iter().filter(fits).take(MOST_CHOICES).map(choice).collect();
    InteractionResponse {
        kind: InteractionResponseType::ApplicationCommandAutocompleteResult,
        data: Some(InteractionResponseData { choices: Some(choices), ..InteractionResponseData::default() }),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn an_answer_waits_for_the_first_one() {
        let known = FirstAnswers::default();
        assert!(known.is_open(Id::new(1)).await, "one of before a restart");
        for (state, open) in [(State::Given, true), (State::Refused, false)] {
            let outcome = known.begin(Id::new(2));
            let (told, ()) = futures::join!(known.is_open(Id::new(2)), async {
                tokio::task::yield_now().await;
                outcome.send_replace(state);
            });
            assert_eq!(told, open);
        }
        // Given up with the connection.
        drop(known.begin(Id::new(3)));
        assert!(known.is_open(Id::new(3)).await);
        for id in 10..=10 + REMEMBERED as u64 {
            drop(known.begin(Id::new(id)));
        }
        assert_eq!(known.0.lock().unwrap().len(), REMEMBERED);
    }

    #[test]
    fn only_what_discord_takes_is_proposed() {
        let mut offered = vec![String::new(), "x".repeat(101), "lobby".to_owned()];
        offered.extend((0..30).map(|n| n.to_string()));
        let choices = proposals(offered).data.unwrap().choices.unwrap();
        assert_eq!((choices.len(), choices[0].name.as_str()), (MOST_CHOICES, "lobby"));
    }
}
