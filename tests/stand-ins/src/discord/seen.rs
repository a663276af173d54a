//! A message as the members of a channel see it.

use super::model::{Attachment, Author, Message, Poll};
use super::state::{State, now};
use crate::people::{Seen, SeenButton, SeenFile, SeenPoll, SeenReaction};
use serde_json::Value;

/// Message flag: spoken into the client.
///
/// <https://discord.com/developers/docs/resources/message#message-object-message-flags>
pub const VOICE: u64 = 1 << 13;
/// The style of a red button.
const DANGER: u64 = 4;
/// What a file's name begins with that is hidden until it is clicked.
pub const SPOILER: &str = "SPOILER_";

/// What a member sees of `message`.
pub fn of(state: &State, message: &Message) -> Seen {
    let draft = &message.draft;
    let (author, avatar, by_bot) = match &message.author {
        Author::User(user) => (state.shown(message.guild, user), None, user.bot),
        Author::Webhook { name, avatar, .. } => (name.clone(), avatar.clone(), true),
    };
    let mut pinged: Vec<String> =
        draft.pings.users.iter().chain(&draft.pings.roles).map(u64::to_string).collect();
    pinged.extend(draft.pings.everyone.then(|| "everyone".to_owned()));
    pinged.extend(draft.pings.here.then(|| "here".to_owned()));
    let parent = state.channels.get(&message.channel).and_then(|channel| channel.parent);
    let forwarded = draft.forwarded.as_ref();
    let files = draft.files.iter().chain(forwarded.iter().flat_map(|it| &it.files));
    let voice = draft.flags & VOICE != 0;
    let mut attachments: Vec<SeenFile> = files
        .map(|file| seen_file(file, state.file_url(message.channel, file, now()), kind_of(file, voice)))
        .collect();
    let sticker = |file| seen_file(file, state.sticker_url(file), "sticker");
    attachments.extend(draft.stickers.iter().map(sticker));
    Seen {
        id: message.id.to_string(),
        room: parent.unwrap_or(message.channel).to_string(),
        thread: parent.map(|_| message.channel.to_string()),
        author,
        avatar,
        by_bot,
        text: forwarded.map_or(&draft.content, |it| &it.content).clone(),
        entities: Vec::new(),
        reply_to: draft.reply_to.map(|id| id.to_string()),
        extras: draft.embeds.iter().chain(&draft.components).cloned().collect(),
        buttons: buttons(&draft.components),
        files: attachments.iter().map(|file| file.name.clone()).collect(),
        attachments,
        reactions: reactions(message),
        poll: draft.poll.as_ref().map(poll),
        pinned: message.pinned,
        forwarded: forwarded.map(|it| it.author.clone()),
        only_for: message.only_for.map(|id| id.to_string()),
        edited: message.edited.is_some(),
        deleted: message.deleted,
        pinged,
        at: message.at,
    }
}

/// Those of all rows.
pub fn buttons(rows: &[Value]) -> Vec<SeenButton> {
    let all = rows.iter().filter_map(|row| row["components"].as_array()).flatten();
    let button = |it: &Value| {
        let text = |key: &str| it[key].as_str().unwrap_or_default().to_owned();
        SeenButton { label: text("label"), grave: it["style"] == DANGER, data: text("custom_id") }
    };
    all.map(button).collect()
}

fn seen_file(file: &Attachment, url: String, kind: &str) -> SeenFile {
    SeenFile {
        name: file.name.strip_prefix(SPOILER).unwrap_or(&file.name).to_owned(),
        kind: kind.to_owned(),
        mime: file.kind.clone().unwrap_or_default(),
        size: file.blob.size,
        spoiler: file.name.starts_with(SPOILER),
        alt: file.alt.clone().unwrap_or_default(),
        hash: file.blob.hash.clone(),
        url,
    }
}

fn kind_of(file: &Attachment, voice: bool) -> &'static str {
    let mime = file.kind.as_deref().unwrap_or_default();
    match mime.split('/').next() {
        _ if voice => "voice",
        Some("image") if mime == "image/gif" => "animation",
        Some("image") => "image",
        Some("video") => "video",
        Some("audio") => "audio",
        _ => "file",
    }
}

fn reactions(message: &Message) -> Vec<SeenReaction> {
    let each = message.reactions.iter().map(|it| SeenReaction {
        emoji: if it.emoji.id.is_some() { format!(":{}:", it.emoji.name) } else { it.emoji.name.clone() },
        people: it.users.iter().map(u64::to_string).collect(),
    });
    each.collect()
}

fn poll(of: &Poll) -> SeenPoll {
    let answers = of.answers.iter().enumerate();
    SeenPoll {
        question: of.question.clone(),
        answers: answers.map(|(at, answer)| (answer.clone(), of.count(at))).collect(),
        multiple: of.multiple,
        ended: of.ended,
    }
}
