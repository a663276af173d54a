//! Files on their way out: each is announced, sent as it is read, and then all of a part are shared as one message, under the persona
//! (<https://docs.slack.dev/messaging/working-with-files/#upload>,
//! <https://docs.slack.dev/reference/methods/files.completeUploadExternal/>).
//!
//! Slack shares in its own time and does not say at once which message it made: `files.info` is asked until it does.

use crate::errors::CallError;
use crate::persona;
use crate::web::{Web, With};
use relay_contract::{Persona, Upload};
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// One request about a file.
const REQUEST: Duration = Duration::from_secs(10);
/// Sending a file: this long, and a second more for each of so many bytes.
const SENDING: Duration = Duration::from_secs(60);
const BYTES_A_SECOND: u64 = 256 * 1024;
/// How long Slack may take to say which message holds the files, and between two such questions.
const SHARING: Duration = Duration::from_secs(25);
const ASK_AFTER: Duration = Duration::from_millis(150);
const MOST_BETWEEN: Duration = Duration::from_secs(2);
/// The longest description of a picture.
const MOST_ALT: usize = 1_000;

/// What is shared, and where.
#[derive(Debug)]
pub struct Album<'a> {
    /// The conversation.
    pub channel: &'a str,
    /// The thread in it.
    pub thread: Option<&'a str>,
    /// What stands above the files; may be empty.
    pub blocks: &'a [Value],
    /// Whose they are.
    pub persona: Option<&'a Persona>,
    /// The files, in order.
    pub files: &'a [Upload],
}

#[derive(Debug, Serialize)]
struct Complete<'a> {
    files: Vec<Titled<'a>>,
    channel_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_ts: Option<&'a str>,
    #[serde(skip_serializing_if = "<[Value]>::is_empty")]
    blocks: &'a [Value],
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icon_url: Option<String>,
}

#[derive(Debug, Serialize)]
struct Titled<'a> {
    id: String,
    title: &'a str,
}

/// How long all of this may take for so many bytes in one file.
pub const fn longest(bytes: u64) -> Duration {
    Duration::from_secs(
        SENDING.as_secs() + bytes / BYTES_A_SECOND + SHARING.as_secs() + 3 * REQUEST.as_secs(),
    )
}

/// Uploads and shares them; answers the new message's `ts`.
pub async fn share(web: &Web, album: &Album<'_>) -> Result<String, CallError> {
    let mut files = Vec::new();
    for file in album.files {
        let id = upload(web, file).await.map_err(CallError::before_posting)?;
        files.push(Titled { id, title: &file.name });
    }
    let first = files.first().map(|file| file.id.clone());
    let request = Complete {
        files,
        channel_id: album.channel,
        thread_ts: album.thread,
        blocks: album.blocks,
        username: album.persona.map(|persona| persona::username(&persona.name)),
        icon_url: album.persona.and_then(|persona| persona::icon(persona.avatar.as_deref())),
    };
    web.post("files.completeUploadExternal", &request, With::Bot, REQUEST).await?;
    shared_as(web, album.channel, &first.unwrap_or_default()).await
}

/// Its id.
async fn upload(web: &Web, file: &Upload) -> Result<String, CallError> {
    if file.size == 0 {
        return Err(CallError::refused(format!("{} is empty: Slack takes no empty files", file.name)));
    }
    let size = file.size.to_string();
    let alt: String = file.alt.iter().flat_map(|alt| alt.chars()).take(MOST_ALT).collect();
    let mut query = vec![("filename", file.name.as_str()), ("length", size.as_str())];
    if !alt.is_empty() {
        query.push(("alt_txt", &alt));
    }
    let answer = web.get("files.getUploadURLExternal", &query, REQUEST).await?;
    let string = |key: &str| answer.get(key).and_then(Value::as_str);
    let (Some(to), Some(id)) = (string("upload_url"), string("file_id")) else {
        return Err(CallError::NotSlack);
    };
    let most = SENDING + Duration::from_secs(file.size / BYTES_A_SECOND);
    web.send_file(to, file, most).await?;
    Ok(id.to_owned())
}

/// The message that holds a file, as soon as Slack knows.
async fn shared_as(web: &Web, channel: &str, file: &str) -> Result<String, CallError> {
    let until = Instant::now() + SHARING;
    let mut wait = ASK_AFTER;
    while Instant::now() + wait < until {
        sleep(wait).await;
        wait = (wait * 2).min(MOST_BETWEEN);
        match web.get("files.info", &[("file", file)], REQUEST).await {
            Ok(answer) => {
                if let Some(ts) = place(&answer, channel) {
                    return Ok(ts);
                }
            }
            Err(CallError::RateLimited(longer)) => wait = wait.max(longer),
            Err(error) => tracing::debug!(%channel, %error, "a shared file cannot be asked about"),
        }
    }
    Err(CallError::Lost(format!(
        "Slack took the files, but did not show them within {} s",
        SHARING.as_secs()
    )))
}

/// `shares` by reach and conversation (<https://docs.slack.dev/reference/objects/file-object/>).
fn place(answer: &Value, channel: &str) -> Option<String> {
    let shares = answer.pointer("/file/shares")?.as_object()?;
    let here = shares.values().find_map(|reach| reach.get(channel)?.as_array()?.first());
    here?.get("ts")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn where_a_file_was_shared() {
        let share = |ts: &str| json!([{ "ts": ts }]);
        let cases = [
            (json!({ "public": { "C1": share("1.1") } }), Some("1.1")),
            (json!({ "private": { "C1": share("1.2") }, "public": { "C2": share("1.1") } }), Some("1.2")),
            (json!({ "public": { "C2": share("1.1") } }), None),
            (json!({ "public": { "C1": [] } }), None),
            (json!({}), None),
            (json!(null), None),
        ];
        for (shares, expected) in cases {
            let answer = json!({ "file": { "shares": shares } });
            assert_eq!(place(&answer, "C1").as_deref(), expected, "{answer}");
        }
    }
}
