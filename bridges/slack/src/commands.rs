//! The way back of a command: whether its asker may manage the channel, and the answer.

use crate::buttons;
use crate::known::Own;
use crate::render::{self, Formatting};
use crate::web::{Web, With};
use relay_contract::{Answer, Call, DeliverError, Draft, NativeId, Part, Problem, RoomKey, Text};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;

/// One look-up of the asker's rights.
const RIGHTS: Duration = Duration::from_millis(2_500);
/// One message of an answer, and all of them.
const ONE_MESSAGE: Duration = Duration::from_secs(5);
const WHOLE_ANSWER: Duration = Duration::from_secs(20);
/// A response URL takes five messages, within 30 minutes
/// (<https://docs.slack.dev/interactivity/handling-user-interaction/#message_responses>).
const MOST_PARTS: usize = 5;

/// What [`Call::reply`] holds.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct ReplyTo {
    /// Where to answer: a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_url: Option<String>,
    /// The thread in which a shortcut was chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<NativeId>,
}

#[derive(Serialize)]
struct Response<'a> {
    response_type: &'static str,
    replace_original: bool,
    text: &'a str,
    blocks: &'a [Value],
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_ts: Option<&'a str>,
}

#[derive(Serialize)]
struct Ephemeral<'a> {
    channel: &'a str,
    user: &'a str,
    text: &'a str,
    blocks: &'a [Value],
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_ts: Option<&'a str>,
    link_names: bool,
    parse: &'static str,
}

/// Whether the asker is an admin or owner of this workspace, or created the channel: Slack has no right to manage a channel
/// that ordinary members hold. People of other workspaces never may.
pub async fn may_manage(
    web: &Web,
    own: &Own,
    room: &RoomKey,
    person: &NativeId,
) -> Result<bool, DeliverError> {
    let (room, asker) = (room.room.as_str(), person.as_str());
    let user = match web.get("users.info", &[("user", asker)], RIGHTS).await {
        Ok(answer) => answer.get("user").cloned().unwrap_or_default(),
        Err(error) if matches!(error.code(), Some("user_not_found" | "user_not_visible")) => {
            return Ok(false);
        }
        Err(error) => return Err(error.into_deliver(room)),
    };
    if !belongs(&user, &own.team) {
        return Ok(false);
    }
    let is = |key: &str| user.get(key).and_then(Value::as_bool).unwrap_or(false);
    if is("is_admin") || is("is_owner") || is("is_primary_owner") {
        return Ok(true);
    }
    match web.get("conversations.info", &[("channel", room)], RIGHTS).await {
        Ok(answer) => Ok(answer.pointer("/channel/creator").and_then(Value::as_str) == Some(asker)),
        // A private channel that Relay is not in, or a direct message.
        Err(error) if error.code() == Some("channel_not_found") => Ok(false),
        Err(error) => Err(error.into_deliver(room)),
    }
}

/// In this workspace, alive (<https://docs.slack.dev/reference/objects/user-object/>); in an organisation, people are in
/// several.
fn belongs(user: &Value, team: &str) -> bool {
    let teams = user.pointer("/enterprise_user/teams").and_then(Value::as_array);
    let also = teams.is_some_and(|teams| teams.iter().any(|other| other == team));
    let gone = user.get("deleted").and_then(Value::as_bool).unwrap_or(false);
    !gone && (user.get("team_id").and_then(Value::as_str) == Some(team) || also)
}

/// Shows it to the asker alone: at the response URL, and where that is not taken any more with `chat.postEphemeral`, which
/// needs the app in the channel (<https://docs.slack.dev/reference/methods/chat.postEphemeral/>).
pub async fn answer(web: &Web, call: &Call, answer: &Answer) -> Result<(), DeliverError> {
    let sent = timeout(WHOLE_ANSWER, send(web, call, parts(answer), buttons::block(&answer.offers))).await;
    sent.map_err(|_| DeliverError::Unsure(format!("no answer within {} s", WHOLE_ANSWER.as_secs())))?
}

/// The buttons stand below the last part.
async fn send(
    web: &Web,
    call: &Call,
    parts: Vec<Part>,
    mut buttons: Option<Value>,
) -> Result<(), DeliverError> {
    // What cannot be read leaves the second way.
    let reply: ReplyTo = serde_json::from_value(call.reply.clone()).unwrap_or_default();
    let room = call.room.room.as_str();
    let thread = reply.thread.as_ref().map(NativeId::as_str);
    let mut response_url = reply.response_url.as_deref();
    for (at, part) in parts.iter().enumerate() {
        let mut blocks = Formatting::of(part).blocks;
        if at + 1 == parts.len() {
            blocks.extend(buttons.take());
        }
        if let Some(url) = response_url {
            let response = Response {
                response_type: "ephemeral",
                replace_original: false,
                text: &part.text,
                blocks: &blocks,
                thread_ts: thread,
            };
            match web.respond(url, &response, ONE_MESSAGE).await.map_err(|error| error.into_deliver(room)) {
                Ok(()) => continue,
                Err(error @ (DeliverError::Unsure(_) | DeliverError::RateLimited { .. })) => {
                    return Err(error);
                }
                Err(error) => {
                    tracing::debug!(%room, %error, "a response URL was not taken");
                    response_url = None;
                }
            }
        }
        post_alone(web, room, &call.asker.id, thread, part).await?;
    }
    Ok(())
}

/// Shows words to one person in a channel.
pub async fn whisper(web: &Web, room: &RoomKey, person: &NativeId, words: &Text) -> Result<(), DeliverError> {
    for part in render::parts(&Draft { body: words.clone(), ..Draft::default() }) {
        post_alone(web, room.room.as_str(), person, None, &part).await?;
    }
    Ok(())
}

async fn post_alone(
    web: &Web,
    room: &str,
    person: &NativeId,
    thread: Option<&str>,
    part: &Part,
) -> Result<(), DeliverError> {
    let message = Ephemeral {
        channel: room,
        user: person.as_str(),
        text: &part.text,
        blocks: &Formatting::of(part).blocks,
        thread_ts: thread,
        link_names: false,
        parse: "none",
    };
    let posted = web.post("chat.postEphemeral", &message, With::Bot, ONE_MESSAGE).await;
    posted.map(drop).map_err(|error| match error.code() {
        Some("user_not_in_channel") => DeliverError::Forbidden(Problem::new(
            format!("This person is not in the Slack channel {room}."),
            "Join the channel, and ask again there.",
        )),
        _ => error.into_deliver(room),
    })
}

/// At most five; the last one says so where there would be more.
fn parts(answer: &Answer) -> Vec<Part> {
    let mut parts = render::parts(&Draft { body: answer.text.clone(), ..Draft::default() });
    if parts.len() > MOST_PARTS {
        parts.truncate(MOST_PARTS - 1);
        parts.extend(render::parts(&Draft {
            body: Text::plain("… The rest is too long for Slack."),
            ..Draft::default()
        }));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn who_belongs() {
        let cases = [
            (json!({ "team_id": "T1" }), true),
            (json!({ "team_id": "T2" }), false),
            (json!({ "team_id": "T2", "enterprise_user": { "teams": ["T3", "T1"] } }), true),
            (json!({ "team_id": "T1", "deleted": true }), false),
            (json!({}), false),
        ];
        for (user, expected) in cases {
            assert_eq!(belongs(&user, "T1"), expected, "{user}");
        }
    }

    #[test]
    fn long_answers() {
        let of = |text: &str| parts(&Answer::plain(text));
        for (characters, expected) in [(10, 1), (19_000, 5), (40_000, 5)] {
            let parts = of(&"word ".repeat(characters / 5));
            assert_eq!(parts.len(), expected, "{characters}");
            let cut = parts.last().is_some_and(|last| last.text.contains("too long"));
            assert_eq!(cut, characters == 40_000, "{characters}");
        }
    }
}
