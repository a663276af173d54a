//! What a post has come to that nobody answered: found in the conversation's history, by what only that post can bear.
//!
//! A text bears its key as message metadata, which nobody sees, and which whoever may read the history is told when all of it is asked
//! for (<https://docs.slack.dev/messaging/message-metadata/>, `include_all_metadata`). A message with files can bear none
//! (`files.completeUploadExternal` takes no metadata); it is known by the app, the name above it, and the names and sizes of its files.

use crate::errors::CallError;
use crate::known::Own;
use crate::render::Formatting;
use crate::web::Web;
use crate::{ids, persona};
use relay_contract::{Attempt, DeliverError, NativeId, Operation, Receipt, Settled, Timestamp, Upload};
use serde::Serialize;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// All of it, and one request.
const WHOLE: Duration = Duration::from_secs(45);
const REQUEST: Duration = Duration::from_secs(10);
/// What a page holds, and how many are read.
const PAGE: &str = "200";
const MOST_PAGES: usize = 15;
/// How far Slack's clock may be behind this machine's: a key is known however early the look begins, files are taken for one's own only
/// near their time.
const CLOCKS_APART: i64 = 120_000;
const NEARLY: i64 = 2_000;
/// Slack shares files in its own time: where none are found, they are looked for again after this.
const SHARING: Duration = Duration::from_secs(8);

/// The kind of the metadata.
const KIND: &str = "relay_part";

/// What a post bears unseen.
#[derive(Debug, Serialize)]
pub struct Metadata<'a> {
    event_type: &'static str,
    event_payload: Payload<'a>,
}

#[derive(Debug, Serialize)]
struct Payload<'a> {
    key: &'a str,
}

impl<'a> Metadata<'a> {
    /// With the key of a part.
    pub fn of(key: &'a str) -> Self {
        Self { event_type: KIND, event_payload: Payload { key } }
    }
}

/// Looks for it, at most 45 seconds.
pub async fn settle(
    web: &Web,
    own: &Own,
    attempt: &Attempt<'_>,
    since: Timestamp,
) -> Result<Settled, DeliverError> {
    let channel = attempt.room.room.as_str();
    let Operation::Post { part, persona, reply_to, thread, files, key } = &attempt.operation else {
        return Ok(match &attempt.operation {
            // Nothing is asked of Slack for a thread.
            Operation::Open { root: Some(root), .. } => {
                Settled::Found(vec![Receipt::of((*root).clone().within(Some(ids::thread_of(root).into())))])
            }
            _ => Settled::CannotTell,
        });
    };
    let apart = if files.is_empty() { CLOCKS_APART } else { NEARLY };
    let look = Look {
        web,
        channel,
        thread: thread.map(NativeId::as_str).or(reply_to.map(ids::thread_of)),
        from: ids::ts_at(Timestamp(since.0.saturating_sub(apart))),
    };
    let username = persona.map(|persona| persona::username(&persona.name));
    let ours = |message: &Value| {
        let of_app = own.bot.is_none() || message.get("bot_id").and_then(Value::as_str) == own.bot.as_deref();
        of_app
            && match files.is_empty() {
                true => bears(message, key),
                false => holds(message, username.as_deref(), files),
            }
    };
    let more_files = Formatting::of(part).more_files;
    let receipt = |ts: &str| {
        let at = ids::message(ts, look.thread);
        let places = files.iter().map(|file| file.index).collect();
        Receipt::of(if files.is_empty() { at } else { at.holding(places, more_files) })
    };
    let asked = async {
        let mut found = look.all(ours).await?;
        if !files.is_empty() && found.as_ref().is_some_and(Vec::is_empty) {
            sleep(SHARING).await;
            found = look.all(ours).await?;
        }
        Ok(found)
    };
    match timeout(WHOLE, asked).await {
        Ok(Ok(Some(found))) => Ok(Settled::Found(found.iter().map(|ts| receipt(ts)).collect())),
        Ok(Ok(None)) => Ok(Settled::CannotTell),
        Ok(Err(error)) => Err(CallError::before_posting(error).into_deliver(channel)),
        Err(_) => Err(DeliverError::Unavailable(format!("no history within {} s", WHOLE.as_secs()))),
    }
}

struct Look<'a> {
    web: &'a Web,
    channel: &'a str,
    thread: Option<&'a str>,
    from: String,
}

impl Look<'_> {
    /// The messages that are `ours`, oldest first; none when there is too much to look through.
    async fn all(&self, ours: impl Fn(&Value) -> bool) -> Result<Option<Vec<String>>, CallError> {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        for _ in 0..MOST_PAGES {
            let mut query = vec![
                ("channel", self.channel),
                ("oldest", self.from.as_str()),
                ("limit", PAGE),
                ("include_all_metadata", "true"),
            ];
            if !cursor.is_empty() {
                query.push(("cursor", &cursor));
            }
            let method = match self.thread {
                Some(thread) => {
                    query.push(("ts", thread));
                    "conversations.replies"
                }
                None => "conversations.history",
            };
            let answer = match self.web.get(method, &query, REQUEST).await {
                // Whose first message is gone has no answers left.
                Err(error) if error.code() == Some("thread_not_found") => return Ok(Some(found)),
                answer => answer?,
            };
            let messages = answer.get("messages").and_then(Value::as_array).ok_or(CallError::NotSlack)?;
            let ts = |message: &Value| message.get("ts")?.as_str().map(str::to_owned);
            found.extend(messages.iter().filter(|message| ours(message)).filter_map(ts));
            let next = answer.pointer("/response_metadata/next_cursor").and_then(Value::as_str);
            match next.filter(|next| !next.is_empty()) {
                Some(next) => cursor = next.to_owned(),
                None => {
                    found.sort_by_key(|ts| ids::order(ts));
                    return Ok(Some(found));
                }
            }
        }
        tracing::debug!(channel = self.channel, "too much was said since to look through");
        Ok(None)
    }
}

fn bears(message: &Value, key: &str) -> bool {
    let metadata = message.get("metadata");
    let at = |path: &str| metadata.and_then(|metadata| metadata.pointer(path)).and_then(Value::as_str);
    at("/event_type") == Some(KIND) && at("/event_payload/key") == Some(key)
}

/// These files in this order, under this name.
fn holds(message: &Value, username: Option<&str>, files: &[Upload]) -> bool {
    let held = message.get("files").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let same = |(held, file): (&Value, &Upload)| {
        held.get("title") == Some(&json!(file.name)) && held.get("size") == Some(&json!(file.size))
    };
    message.get("username").and_then(Value::as_str) == username
        && held.len() == files.len()
        && held.iter().zip(files).all(same)
}
