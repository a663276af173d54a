//! Long polling: nothing is confirmed before it was accepted. In front of a chat's first update stands the chat itself.

use crate::api::{Answer, Api, CallError};
use crate::known::Known;
use crate::seen::Told;
use crate::{complete, errors, ids, menu, news, translate};
use futures::StreamExt;
use rand::Rng;
use relay_contract::errors::ListenError;
use relay_contract::{Inbox, NativeId, Problem, RawEvent};
use serde_json::Value;
use std::ops::RangeInclusive;
use std::time::Duration;
use teloxide::payloads::{GetUpdates, GetUpdatesSetters};
use teloxide::types::AllowedUpdate;

/// How long the server holds a poll open when nothing happens, in seconds.
const HOLD: u32 = 25;

/// How much longer than that an answer may take.
const GRACE: Duration = Duration::from_secs(10);

/// The most updates in one answer. Source: <https://core.telegram.org/bots/api#getupdates>.
const BATCH: u8 = 100;

/// Updates that wait for their accept at the same time.
const OVERLAP: usize = 32;

/// Waits before the connection is tried again: by how often it failed in a row, the last one from then on; in ms.
const WAITS: [u64; 5] = [500, 1_000, 2_000, 5_000, 15_000];

/// Waits while somebody else polls, in ms: longer than the other one's poll is likely to take over again.
const CONFLICT: u64 = 5_000;

/// What the server asks for is obeyed within reason, in ms.
const ASKED: RangeInclusive<u64> = 1_000..=600_000;

/// How far below the cursor an accepted update can lie that was not confirmed any more: one batch, generously. Ids that are
/// further away belong to a sequence that began anew.
const RECENT: i64 = 1_000;

/// What is asked for.
const KINDS: [AllowedUpdate; 8] = [
    AllowedUpdate::Message,
    AllowedUpdate::EditedMessage,
    AllowedUpdate::ChannelPost,
    AllowedUpdate::EditedChannelPost,
    AllowedUpdate::MyChatMember,
    AllowedUpdate::ChatMember,
    AllowedUpdate::MessageReaction,
    AllowedUpdate::Poll,
];

/// What comes after a failed poll.
#[derive(Debug, PartialEq)]
enum Next {
    /// Needs a person.
    Refused(Problem),
    /// Tried again after that many milliseconds, with the reason for it.
    Again(u64, String),
}

/// Polls until stopped or refused, and puts the command into the bot's menu beside it.
pub async fn listen(
    api: &Api,
    known: &Known,
    cursor: Option<&str>,
    inbox: &dyn Inbox,
) -> Result<(), ListenError> {
    let announcing = async {
        menu::announce(api).await;
        std::future::pending().await
    };
    tokio::select! {
        ended = polling(api, known, cursor, inbox) => ended,
        never = announcing => never,
    }
}

/// A connection that can be mended is mended here.
async fn polling(
    api: &Api,
    known: &Known,
    cursor: Option<&str>,
    inbox: &dyn Inbox,
) -> Result<(), ListenError> {
    let accepted_below = cursor.and_then(|cursor| cursor.parse::<i64>().ok());
    let mut told = Told::default();
    let mut confirm: Option<i32> = None;
    let mut failures = 0;
    let mut up = false;
    loop {
        // The first answer should come at once, so that "connected" is said when it is true.
        let poll = poll(api, confirm, if up { HOLD } else { 0 });
        tokio::pin!(poll);
        let polled = loop {
            tokio::select! {
                biased;
                () = inbox.stopped() => return Ok(()),
                (from, to) = known.moves.unsaid() => if inbox.accept(news::moved(from, to)).await.is_err() {
                    return Ok(());
                },
                polled = &mut poll => break polled,
            }
        };
        let (updates, next) = match polled {
            Ok(polled) => polled,
            Err(error) => {
                let (wait, reason) = match after(&error, failures) {
                    Next::Refused(problem) => return Err(ListenError::Refused(problem)),
                    Next::Again(wait, reason) => (wait, reason),
                };
                inbox.interrupted(&reason);
                (up, failures) = (false, failures + 1);
                tokio::select! {
                    biased;
                    () = inbox.stopped() => return Ok(()),
                    () = tokio::time::sleep(jittered(wait)) => continue,
                }
            }
        };
        if !up {
            (up, failures) = (true, 0);
            inbox.connected();
        }
        // What was to be confirmed is; an offset is not sent again before there is something new to confirm.
        confirm = next;
        tokio::select! {
            biased;
            () = inbox.stopped() => return Ok(()),
            () = complete::look_up(api, known, &updates) => {}
        }
        let events = updates.into_iter().flat_map(|mut update| {
            complete::complete(known, &mut update);
            let event = event(update, accepted_below);
            let before = event.as_ref().and_then(|event| told.before(&event.payload));
            let renamed = event.as_ref().and_then(|event| news::renamed(&event.payload));
            before.into_iter().chain(renamed).chain(event)
        });
        let mut accepts = futures::stream::iter(events).map(|event| inbox.accept(event)).buffered(OVERLAP);
        while let Some(accepted) = accepts.next().await {
            if accepted.is_err() {
                return Ok(());
            }
        }
    }
}

/// The updates, and the offset that confirms them.
async fn poll(api: &Api, confirm: Option<i32>, hold: u32) -> Result<(Vec<Value>, Option<i32>), CallError> {
    let mut poll = GetUpdates::new().limit(BATCH).timeout(hold).allowed_updates(KINDS);
    poll.offset = confirm;
    let updates: Vec<Value> = api.call(&poll, Duration::from_secs(hold.into()) + GRACE).await?;
    match offset(&updates) {
        // They would come again at once, for ever.
        None if !updates.is_empty() => {
            Err(CallError::Silent("the updates bear no ids that can be confirmed".into()))
        }
        next => Ok((updates, next)),
    }
}

/// One above the highest id.
fn offset(updates: &[Value]) -> Option<i32> {
    let last = updates.iter().filter_map(id).max()?;
    i32::try_from(last.saturating_add(1)).ok()
}

fn id(update: &Value) -> Option<i64> {
    update.get("update_id")?.as_i64()
}

/// An update as it is handed up; none when it has been already. One that names no chat belongs to a space that nobody links.
fn event(update: Value, accepted_below: Option<i64>) -> Option<RawEvent> {
    let id = id(&update);
    let repeated = |id: i64| accepted_below.is_some_and(|below| (below - RECENT..below).contains(&id));
    if id.is_some_and(repeated) {
        return None;
    }
    let space = translate::chat(&update).map_or_else(|| NativeId::from("unknown"), ids::native);
    Some(RawEvent { space, payload: update, cursor: id.map(|id| id.saturating_add(1).to_string()) })
}

fn after(error: &CallError, failures: usize) -> Next {
    let wait = WAITS.get(failures).or(WAITS.last()).copied().unwrap_or(CONFLICT);
    let answer = match error {
        CallError::Answered(answer) => answer,
        other => return Next::Again(wait, errors::words(other)),
    };
    match answer {
        answer if errors::bad_token(answer) => Next::Refused(errors::token_problem(answer)),
        Answer { code: 409, description, .. } if description.contains("webhook") => {
            Next::Refused(Problem::new(
                format!("Another program gets this bot's messages through a webhook: {description}."),
                "Give Relay a bot of its own (/newbot at @BotFather), or stop the other program and call deleteWebhook.",
            ))
        }
        Answer { code: 409, description, .. } => Next::Again(
            CONFLICT,
            format!(
                "another program polls this bot: stop it, or give Relay a bot of its own ({description})"
            ),
        ),
        Answer { code: 429, retry_after, .. } => {
            let asked =
                retry_after.map_or(CONFLICT, |wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
            let asked = asked.clamp(*ASKED.start(), *ASKED.end());
            Next::Again(asked, format!("Telegram asks to wait for {} s", asked.div_ceil(1_000)))
        }
        _ => Next::Again(wait, errors::words(error)),
    }
}

/// At least what was asked for, and up to a quarter more, so that many accounts don't come back at once.
fn jittered(wait: u64) -> Duration {
    Duration::from_millis(wait + rand::rng().random_range(0..=wait / 4))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(code: u16, description: &str, retry_after: Option<u64>) -> CallError {
        CallError::Answered(Answer {
            code,
            description: description.into(),
            retry_after: retry_after.map(Duration::from_secs),
            migrate_to: None,
        })
    }

    #[test]
    fn what_comes_after_a_failed_poll() {
        let cases = [
            (CallError::Unreachable("refused".into()), 0, "again 500: could not be reached"),
            (CallError::Silent("cut".into()), 9, "again 15000: did not answer"),
            (answer(401, "Unauthorized", None), 0, "refused: @BotFather"),
            (
                answer(409, "Conflict: terminated by other getUpdates request", None),
                3,
                "again 5000: another program polls",
            ),
            (
                answer(409, "Conflict: can't use getUpdates method while webhook is active", None),
                0,
                "refused: deleteWebhook",
            ),
            (answer(429, "Too Many Requests", Some(7)), 0, "again 7000: wait for 7 s"),
            (answer(429, "Too Many Requests", Some(u64::MAX)), 0, "again 600000: wait for 600 s"),
            (answer(502, "Bad Gateway", None), 1, "again 1000: Bad Gateway"),
        ];
        for (error, failures, expected) in cases {
            let got = match after(&error, failures) {
                Next::Refused(problem) => format!("refused: {problem}"),
                Next::Again(wait, reason) => format!("again {wait}: {reason}"),
            };
            let (next, says) = expected.split_once(": ").unwrap_or_default();
            assert!(got.starts_with(next) && got.contains(says), "{error:?}: {got}");
        }
    }

    #[test]
    fn an_update_is_handed_up_whatever_it_is() {
        let post = json!({"update_id": 5, "message": {"chat": {"id": -7}}});
        let cases = [
            (post.clone(), None, Some(("-7", Some("6")))),
            (post.clone(), Some(5), Some(("-7", Some("6")))),
            (post.clone(), Some(6), None),
            (post, Some(2_000_000), Some(("-7", Some("6")))),
            (json!({"update_id": 5, "novelty": {}}), None, Some(("unknown", Some("6")))),
            (json!({"update_id": "odd"}), Some(6), Some(("unknown", None))),
            (json!(7), None, Some(("unknown", None))),
        ];
        for (update, below, expected) in cases {
            let shown = update.to_string();
            let got = event(update, below);
            let got = got.as_ref().map(|event| (event.space.as_str(), event.cursor.as_deref()));
            assert_eq!(got, expected, "{shown} {below:?}");
        }
        assert_eq!(offset(&[json!({"update_id": 5}), json!(7), json!({"update_id": 4})]), Some(6));
        assert_eq!(offset(&[json!({"update_id": i64::MAX}), json!(7)]), None);
    }
}
