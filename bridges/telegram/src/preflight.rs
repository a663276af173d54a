//! Who the bot is, and whether it can be polled.

use crate::api::{Api, CallError};
use crate::known::Known;
use crate::own::Own;
use crate::{errors, ids, rooms};
use futures::StreamExt;
use relay_contract::{Identity, NativeId, OpenError, Preflight, Problem};
use serde::Deserialize;
use std::time::Duration;
use teloxide::payloads::{GetMe, GetWebhookInfo};
use url::Url;

/// All questions together: C2 asks for an answer within 20 seconds.
const DEADLINE: Duration = Duration::from_secs(18);

/// One question.
pub const QUESTION: Duration = Duration::from_secs(8);

/// How many chats are asked about at once.
const AT_ONCE: usize = 4;

/// What `getMe` says. Source: <https://core.telegram.org/bots/api#getme>.
#[derive(Debug, Deserialize)]
pub struct Me {
    /// The bot's user id.
    pub id: i64,
    #[serde(default)]
    first_name: String,
    username: Option<String>,
    /// Privacy mode is off.
    #[serde(default)]
    pub can_read_all_group_messages: bool,
}

#[derive(Deserialize)]
struct WebhookInfo {
    #[serde(default)]
    url: String,
}

/// Asks about the bot, then about each chat.
pub async fn preflight(api: &Api, known: &Known, rooms: &[NativeId]) -> Result<(Preflight, Own), OpenError> {
    match tokio::time::timeout(DEADLINE, ask(api, known, rooms)).await {
        Ok(answer) => answer,
        Err(_) => {
            Err(OpenError::Unavailable(format!("Telegram did not answer within {} s", DEADLINE.as_secs())))
        }
    }
}

async fn ask(api: &Api, known: &Known, rooms: &[NativeId]) -> Result<(Preflight, Own), OpenError> {
    let me: Me = api.call(&GetMe::new(), QUESTION).await.map_err(|error| errors::opening(&error))?;
    let hook: WebhookInfo =
        api.call(&GetWebhookInfo::new(), QUESTION).await.map_err(|error| errors::opening(&error))?;
    if !hook.url.is_empty() {
        return Err(OpenError::Refused(webhook(&hook.url)));
    }
    let mut reports = futures::stream::iter(rooms.iter().cloned())
        .map(|room| async {
            let report = rooms::report(api, known, &me, &room).await;
            (room, report)
        })
        .buffered(AT_ONCE);
    let mut answered = Vec::with_capacity(rooms.len());
    while let Some((room, report)) = reports.next().await {
        // A problem is a room's own; no answer is everybody's.
        answered.push((room, report?));
    }
    drop(reports);
    let own = Own { id: Some(me.id), username: me.username.clone() };
    let identity = Identity { id: ids::native(me.id), name: me.username.clone().unwrap_or(me.first_name) };
    let warnings = match me.can_read_all_group_messages {
        true => Vec::new(),
        false => vec![Problem::new(
            "The bot's privacy mode is on: of groups where it is no administrator it hears nothing, and does not find them.",
            rooms::SWITCH_PRIVACY_OFF,
        )],
    };
    Ok((Preflight { identity, warnings, rooms: answered }, own))
}

/// Only the host of the URL is told: its path is some program's secret.
fn webhook(url: &str) -> Problem {
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let host = host.map(|host| format!(" at {host}")).unwrap_or_default();
    Problem::new(
        format!("Another program{host} gets this bot's messages through a webhook, so Relay cannot."),
        "Give Relay a bot of its own (/newbot at @BotFather), or stop the other program and call deleteWebhook: open \
         https://api.telegram.org/bot<token>/deleteWebhook with the bot's token in place of <token>.",
    )
}

/// For a question about a chat: what the server answers about it, or nobody there.
pub fn answered(error: CallError) -> Result<crate::api::Answer, OpenError> {
    match error {
        CallError::Answered(answer)
            if answer.code < 500 && answer.code != 429 && !errors::bad_token(&answer) =>
        {
            Ok(answer)
        }
        other => Err(errors::opening(&other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_is_named_by_its_host_alone() {
        let problem = webhook("https://me:pw@example.org/hooks/secret?key=secret").to_string();
        assert!(problem.contains("program at example.org"), "{problem}");
        assert!(!problem.contains("secret") && !problem.contains("pw@"), "{problem}");
        assert!(webhook("odd").what.contains("Another program gets"));
    }
}
