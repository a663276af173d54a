//! One attempt at one part (<https://docs.slack.dev/reference/methods/chat.postMessage/> and the other methods' pages).
//!
//! Files hold on to their message by its `ts` alone. What an edit or a delete needs to know of them is read from the message, where a
//! file keeps its place when it is deleted.

use crate::capabilities::MOST_BYTES;
use crate::errors::CallError;
use crate::render::Formatting;
use crate::settle::Metadata;
use crate::upload::{self, Album};
use crate::web::{Web, With};
use crate::{ids, persona};
use relay_contract::{
    Attempt, DeliverError, MessageRef, NativeId, Operation, Part, Persona, Receipt, Upload,
};
use serde::Serialize;
use serde_json::{Value, json};
use std::time::Duration;

/// One request. After that its outcome is unknown.
const REQUEST: Duration = Duration::from_secs(10);
/// The longest that an attempt takes: one with a file of the largest size. Each of its requests ends by itself long before.
pub const DEADLINE: Duration = upload::longest(MOST_BYTES);

#[derive(Debug, Serialize)]
struct Post<'a> {
    channel: &'a str,
    text: &'a str,
    blocks: &'a [Value],
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icon_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_ts: Option<&'a str>,
    /// Neither names nor URLs are looked for in the text; what was a link is one already.
    link_names: bool,
    parse: &'static str,
    /// As for messages that people write.
    unfurl_links: bool,
    unfurl_media: bool,
    metadata: Metadata<'a>,
}

impl<'a> Post<'a> {
    fn of(
        channel: &'a str,
        text: &'a str,
        formatting: &'a Formatting,
        persona: Option<&Persona>,
        thread_ts: Option<&'a str>,
        key: &'a str,
    ) -> Self {
        Self {
            channel,
            text,
            blocks: &formatting.blocks,
            username: persona.map(|persona| persona::username(&persona.name)),
            icon_url: persona.and_then(|persona| persona::icon(persona.avatar.as_deref())),
            thread_ts,
            link_names: false,
            parse: "none",
            unfurl_links: !formatting.no_preview,
            unfurl_media: !formatting.no_preview,
            metadata: Metadata::of(key),
        }
    }
}

#[derive(Debug, Serialize)]
struct Update<'a> {
    channel: &'a str,
    ts: &'a str,
    text: &'a str,
    blocks: &'a [Value],
    /// The files that stay; without it all do.
    #[serde(skip_serializing_if = "Option::is_none")]
    file_ids: Option<Vec<String>>,
    link_names: bool,
    parse: &'static str,
}

/// Does it.
pub async fn deliver(web: &Web, attempt: &Attempt<'_>) -> Result<Receipt, DeliverError> {
    let room = Room { web, channel: attempt.room.room.as_str() };
    let done = match &attempt.operation {
        Operation::Post { part, persona, reply_to, thread, files, key } => {
            let thread = thread.map(NativeId::as_str).or(reply_to.map(ids::thread_of));
            room.post(part, *persona, thread, files, key).await
        }
        Operation::Edit { target, part } => room.edit(target, part).await,
        Operation::Delete { target } => room.delete(target).await,
        Operation::React { target, emoji, on } => {
            let method = if *on { "reactions.add" } else { "reactions.remove" };
            room.mark(method, target, Some(emoji), &["already_reacted", "no_reaction"]).await
        }
        Operation::Pin { target, on } => {
            let method = if *on { "pins.add" } else { "pins.remove" };
            room.mark(method, target, None, &["already_pinned", "no_pin", "not_pinned"]).await
        }
        // A thread is there as soon as something is said in it.
        Operation::Open { root: Some(root), .. } => {
            Ok((*root).clone().within(Some(ids::thread_of(root).into())))
        }
        Operation::Open { root: None, .. } => Err(CallError::refused(
            "a thread on Slack hangs from a message: post one, and answer it".to_owned(),
        )),
    };
    done.map(Receipt::of).map_err(|error| error.into_deliver(room.channel))
}

/// A conversation.
struct Room<'a> {
    web: &'a Web,
    channel: &'a str,
}

impl Room<'_> {
    async fn post(
        &self,
        part: &Part,
        persona: Option<&Persona>,
        thread: Option<&str>,
        files: &[Upload],
        key: &str,
    ) -> Result<MessageRef, CallError> {
        let formatting = Formatting::of(part);
        if !files.is_empty() {
            let blocks = &formatting.blocks;
            let album = Album { channel: self.channel, thread, blocks, persona, files };
            let ts = upload::share(self.web, &album).await?;
            let places = files.iter().map(|file| file.index).collect();
            return Ok(ids::message(&ts, thread).holding(places, formatting.more_files));
        }
        let request = Post::of(self.channel, &part.text, &formatting, persona, thread, key);
        let answer = self.call("chat.postMessage", &request).await?;
        match answer.get("ts").and_then(Value::as_str) {
            Some(ts) => Ok(ids::message(ts, thread)),
            None => Err(CallError::Lost("Slack's answer names no message".into())),
        }
    }

    /// Files that the part does not name any more are deleted, not only taken out of the message. Words come first, for a message that
    /// has none goes with its last file; the places of the files stay until all is done.
    async fn edit(&self, target: &MessageRef, part: &Part) -> Result<MessageRef, CallError> {
        let stays = |place: &&u16| part.files.contains(place);
        let places: Vec<u16> = target.files.iter().filter(stays).copied().collect();
        let done = target.clone().holding(places.clone(), target.no_text);
        let fewer = places.len() < target.files.len();
        if !part.text.is_empty() {
            self.update(target, part, None).await?;
        }
        // Without words a message is said to be its files.
        if fewer || (part.text.is_empty() && !places.is_empty()) {
            let files = self.files_of(target).await?;
            let (stay, go): (Vec<_>, Vec<_>) =
                target.files.iter().zip(files).partition(|(place, _)| stays(place));
            for (_, file) in go {
                self.delete_file(&file).await?;
            }
            if !stay.is_empty() || !part.text.is_empty() {
                let ids = stay.into_iter().map(|(_, file)| file).collect();
                self.update(target, part, Some(ids)).await?;
            }
        }
        Ok(done)
    }

    async fn update(
        &self,
        target: &MessageRef,
        part: &Part,
        file_ids: Option<Vec<String>>,
    ) -> Result<(), CallError> {
        let formatting = Formatting::of(part);
        let request = Update {
            channel: self.channel,
            ts: target.id.as_str(),
            text: &part.text,
            blocks: &formatting.blocks,
            file_ids,
            link_names: false,
            parse: "none",
        };
        self.call("chat.update", &request).await.map(|_| ())
    }

    /// With its files, which Slack would keep. A message that has nothing but files goes with the last of them.
    async fn delete(&self, target: &MessageRef) -> Result<MessageRef, CallError> {
        if !target.files.is_empty() {
            for file in self.files_of(target).await? {
                self.delete_file(&file).await?;
            }
        }
        let request = json!({ "channel": self.channel, "ts": target.id.as_str() });
        match self.call("chat.delete", &request).await {
            Err(error) if target.files.is_empty() || error.code() != Some("message_not_found") => Err(error),
            _ => Ok(target.clone()),
        }
    }

    /// A reaction or a pin; `there` are the refusals that say that it is so already.
    async fn mark(
        &self,
        method: &str,
        target: &MessageRef,
        emoji: Option<&str>,
        there: &[&str],
    ) -> Result<MessageRef, CallError> {
        let mut request = json!({ "channel": self.channel, "timestamp": target.id.as_str() });
        if let Some(emoji) = emoji {
            request["name"] = emoji.into();
        }
        match self.call(method, &request).await {
            Err(error) if !error.code().is_some_and(|code| there.contains(&code)) => Err(error),
            _ => Ok(target.clone()),
        }
    }

    /// The ids of a message's files, in their places
    /// (<https://docs.slack.dev/messaging/retrieving-messages/#individual_messages>).
    async fn files_of(&self, target: &MessageRef) -> Result<Vec<String>, CallError> {
        let ts = target.id.as_str();
        let mut query = vec![
            ("channel", self.channel),
            ("oldest", ts),
            ("latest", ts),
            ("inclusive", "true"),
            ("limit", "2"),
        ];
        let method = match &target.thread {
            Some(thread) => {
                query.push(("ts", thread.as_str()));
                "conversations.replies"
            }
            None => "conversations.history",
        };
        let answer = self.web.get(method, &query, REQUEST).await.map_err(CallError::before_posting)?;
        let all = answer.get("messages").and_then(Value::as_array);
        let message =
            all.into_iter().flatten().find(|message| message.get("ts").is_some_and(|one| one == ts));
        let files = message.ok_or_else(|| CallError::refused("message_not_found".to_owned()))?.get("files");
        let files = files.and_then(Value::as_array).into_iter().flatten();
        Ok(files.filter_map(|file| file.get("id")?.as_str().map(str::to_owned)).collect())
    }

    async fn delete_file(&self, file: &str) -> Result<(), CallError> {
        match self.call("files.delete", &json!({ "file": file })).await {
            Err(error) if !matches!(error.code(), Some("file_not_found" | "file_deleted")) => Err(error),
            _ => Ok(()),
        }
    }

    async fn call(&self, method: &str, request: &(impl Serialize + Send + Sync)) -> Result<Value, CallError> {
        self.web.post(method, request, With::Bot, REQUEST).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render;
    use relay_contract::{Draft, Text};

    #[test]
    fn previews_are_shown_or_not() {
        for no_preview in [false, true] {
            let body = Text::plain("https://x.example");
            let part = render::parts(&Draft { body, no_preview, ..Draft::default() }).remove(0);
            let formatting = Formatting::of(&part);
            let post = Post::of("C1", &part.text, &formatting, None, None, "k1");
            let sent = serde_json::to_value(&post).unwrap_or_default();
            assert_eq!(
                (&sent["unfurl_links"], &sent["unfurl_media"]),
                (&json!(!no_preview), &json!(!no_preview))
            );
            assert_eq!(sent["blocks"], json!(formatting.blocks));
        }
    }
}
