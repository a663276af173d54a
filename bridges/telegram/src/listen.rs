//! Long polling: nothing is confirmed before it was accepted. In front of a chat's first update stands the chat itself.

use crate::api::{Answer, Api, CallError};
use crate::cursor::Cursor;
use crate::known::Known;
use crate::seen::Told;
use crate::{buttons, complete, errors, ids, menu, news, translate};
use futures::StreamExt;
use rand::Rng;
use relay_contract::errors::ListenError;
use relay_contract::{Inbox, NativeId, Problem, RawEvent, Timestamp};
use serde_json::Value;
use std::ops::RangeInclusive;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
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

/// What is waited when nothing better is known, in ms.
const UNSAID: u64 = 5_000;

/// After another program has polled with this token: for how long nobody may take the poll over until it is taken for gone.
const ALONE: Duration = Duration::from_secs(15);
/// How long a poll is held open until then, in seconds.
const SHORT_HOLD: u32 = 5;

/// What the server asks for is obeyed within reason, in ms.
const ASKED: RangeInclusive<u64> = 1_000..=600_000;

/// How far below the cursor an accepted update can lie that was not confirmed any more: one batch, generously. Ids that are
/// further away belong to a sequence that began anew.
const RECENT: i64 = 1_000;

/// What is asked for.
const KINDS: [AllowedUpdate; 9] = [
    AllowedUpdate::Message,
    AllowedUpdate::EditedMessage,
    AllowedUpdate::ChannelPost,
    AllowedUpdate::EditedChannelPost,
    AllowedUpdate::MyChatMember,
    AllowedUpdate::ChatMember,
    AllowedUpdate::MessageReaction,
    AllowedUpdate::Poll,
    AllowedUpdate::CallbackQuery,
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
        if let Some(menu) = inbox.menu() {
            menu::announce(api, &menu.says_alone).await;
        }
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
    let mut place = cursor.map(Cursor::read).unwrap_or_default();
    let accepted_below = place.next;
    let begun = Instant::now();
    let mut told = Told::default();
    let mut confirm: Option<i32> = None;
    let mut failures = 0;
    let mut up = false;
    loop {
        // The first answer should come at once, so that "connected" is said when it is true.
        let alone = !known.contested.load(Ordering::Acquire);
        let hold = match (up, alone) {
            (true, _) => HOLD,
            (false, true) => 0,
            (false, false) => SHORT_HOLD,
        };
        let poll = poll(api, confirm, hold);
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
        let (mut updates, next) = match polled {
            Ok(polled) => polled,
            Err(error) => {
                let (wait, reason) = match after(&error, failures) {
                    Next::Refused(problem) => {
                        known.contested.store(is_conflict(&error), Ordering::Release);
                        return Err(ListenError::Refused(problem));
                    }
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
        let now = Timestamp::now();
        // Only a poll that is left alone shows that the other program has stopped.
        if !up && (alone || begun.elapsed() >= ALONE) {
            (up, failures) = (true, 0);
            if !alone {
                known.contested.store(false, Ordering::Release);
            }
            inbox.connected();
        }
        if let Some(since) = place.missed_since(now) {
            inbox.missed(&missed(since));
        }
        let remembered = updates.is_empty() && place.is_old(now);
        let below = updates.iter().filter_map(id).max().map(|last| last.saturating_add(1));
        place = Cursor {
            next: below.or(place.next),
            polled: Some(now).filter(|_| remembered || below.is_some()).or(place.polled),
        };
        if remembered {
            inbox.moved(place.written());
        }
        // What was to be confirmed is; an offset is not sent again before there is something new to confirm.
        confirm = next;
        tokio::select! {
            biased;
            () = inbox.stopped() => return Ok(()),
            () = async {
                complete::look_up(api, known, &updates).await;
                buttons::take(api, &mut updates, now).await;
            } => {}
        }
        let events = updates.into_iter().flat_map(|mut update| {
            complete::complete(known, &mut update);
            let event = event(update, accepted_below, now);
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
fn event(update: Value, accepted_below: Option<i64>, now: Timestamp) -> Option<RawEvent> {
    let id = id(&update);
    let repeated = |id: i64| accepted_below.is_some_and(|below| (below - RECENT..below).contains(&id));
    if id.is_some_and(repeated) {
        return None;
    }
    let space = translate::chat(&update).map_or_else(|| NativeId::from("unknown"), ids::native);
    let next = |id: i64| Cursor { next: Some(id.saturating_add(1)), polled: Some(now) }.written();
    Some(RawEvent { space, payload: update, cursor: id.map(next) })
}

fn after(error: &CallError, failures: usize) -> Next {
    let wait = WAITS.get(failures).or(WAITS.last()).copied().unwrap_or(UNSAID);
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
        Answer { code: 409, description, .. } => Next::Refused(Problem::new(
            format!("Another program polls with this bot's token: {description}."),
            "Stop the other program, or give Relay a bot of its own (/newbot at @BotFather). When the other one has stopped, Relay goes \
             on by itself.",
        )),
        Answer { code: 429, retry_after, .. } => {
            let asked =
                retry_after.map_or(UNSAID, |wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
            let asked = asked.clamp(*ASKED.start(), *ASKED.end());
            Next::Again(asked, format!("Telegram asks to wait for {} s", asked.div_ceil(1_000)))
        }
        _ => Next::Again(wait, errors::words(error)),
    }
}

/// Another program has taken the poll over, or has a webhook.
fn is_conflict(error: &CallError) -> bool {
    matches!(error, CallError::Answered(Answer { code: 409, .. }))
}

fn missed(since: Timestamp) -> String {
    let day =
        jiff::Timestamp::from_millisecond(since.0).map(|at| at.strftime("%Y-%m-%d %H:%M UTC").to_string());
    let since = day.unwrap_or_else(|_| "long ago".to_owned());
    format!(
        "nobody asked Telegram for messages since {since}; it keeps them for a day, and what is older is gone"
    )
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
                "refused: Another program polls with this bot's token",
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
            (post.clone(), None, Some(("-7", Some("6@9")))),
            (post.clone(), Some(5), Some(("-7", Some("6@9")))),
            (post.clone(), Some(6), None),
            (post, Some(2_000_000), Some(("-7", Some("6@9")))),
            (json!({"update_id": 5, "novelty": {}}), None, Some(("unknown", Some("6@9")))),
            (json!({"update_id": "odd"}), Some(6), Some(("unknown", None))),
            (json!(7), None, Some(("unknown", None))),
        ];
        for (update, below, expected) in cases {
            let shown = update.to_string();
            let got = event(update, below, Timestamp(9));
            let got = got.as_ref().map(|event| (event.space.as_str(), event.cursor.as_deref()));
            assert_eq!(got, expected, "{shown} {below:?}");
        }
        assert_eq!(offset(&[json!({"update_id": 5}), json!(7), json!({"update_id": 4})]), Some(6));
        assert_eq!(offset(&[json!({"update_id": i64::MAX}), json!(7)]), None);
    }
}
