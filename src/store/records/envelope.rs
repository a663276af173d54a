//! An envelope on disk. Text is stored flat, as runs, which no change of the tree's shape touches.

use super::Record;
use relay_contract::text::{Container, Leaf, Run};
use relay_contract::{
    Account, Attachment, Author, Emoji, Envelope, Event, FileKind, Forward, MemberChange, Mention, Message,
    MessageKey, MessageRef, Poll, Reply, RoomKey, Standing, Style, Text, Thread, Time, TimeStyle, Timestamp,
};
use serde::{Deserialize, Serialize};

/// An accepted envelope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredEnvelope {
    account: Account,
    origin: RoomKey,
    author: Option<StoredAuthor>,
    at: i64,
    event: StoredEvent,
}

/// Version 2 added what a run stands in, emoji and moments, and the styles underline and spoiler; version 3 reactions, pins,
/// polls, members, room names, threads, forwards, and what is known of files.
impl Record for StoredEnvelope {
    const VERSION: u8 = 3;
    const OLDEST: u8 = 1;
    const PLACE: &'static str = "journal";
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct StoredAuthor {
    id: String,
    name: String,
    avatar: Option<String>,
    bot: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredEvent {
    Posted(StoredMessage),
    Edited { to: StoredMessage, version: String },
    Deleted { target: String },
    Reacted { target: String, emoji: (String, Option<String>), added: bool, version: String },
    Pinned { target: String, on: bool, version: String },
    PollEnded { target: String, counts: Vec<u64> },
    Member { change: StoredMemberChange, version: String },
    Renamed { name: String, version: String },
    Removed { target: String },
    Arrived { target: String, version: String },
    Noticed { id: String, channel: String, body: Vec<StoredRun> },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredMemberChange {
    Joined,
    Left,
    Renamed(String),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct StoredMessage {
    at: MessageRef,
    body: Vec<StoredRun>,
    /// As version 2 wrote them: name and size.
    #[serde(default, skip_serializing)]
    attachments: Vec<(String, Option<u64>)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    files: Vec<StoredFile>,
    reply: Option<StoredReply>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    thread: Option<StoredThread>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    poll: Option<StoredPoll>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    forward: Option<StoredForward>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    no_preview: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    quoted: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    words_of: Vec<MessageKey>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct StoredFile {
    name: String,
    kind: FileKind,
    mime: Option<String>,
    size: Option<u64>,
    source: Option<String>,
    alt: Option<String>,
    spoiler: bool,
    seconds: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct StoredThread {
    id: String,
    root: Option<String>,
    name: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct StoredPoll {
    question: String,
    answers: Vec<String>,
    multiple: bool,
    ends: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct StoredForward {
    author: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    author_id: Option<String>,
    room: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct StoredReply {
    target: String,
    author: Option<String>,
    excerpt: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct StoredRun {
    leaf: StoredLeaf,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    styles: Vec<Style>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    within: Vec<StoredContainer>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredContainer {
    Quote,
    Item { item: u32, number: Option<u32> },
    Heading(u8),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredLeaf {
    Plain(String),
    Code(String),
    Person { id: Option<String>, name: String },
    Room { name: String },
    Group { name: String },
    Emoji { name: String, id: Option<String> },
    Time { seconds: i64, style: TimeStyle },
    Break,
    Block { lang: Option<String>, text: String },
}

impl StoredEnvelope {
    /// The account that heard it.
    pub fn account(&self) -> Account {
        self.account.clone()
    }

    /// Account and envelope.
    pub fn into_parts(self) -> (Account, Envelope) {
        (self.account.clone(), self.into_envelope())
    }

    /// For the journal, with the account that heard it.
    pub fn new(account: Account, envelope: Envelope) -> Self {
        Self {
            account,
            origin: envelope.origin,
            author: envelope.author.map(|author| StoredAuthor {
                id: author.id.into(),
                name: author.name,
                avatar: author.avatar,
                bot: author.standing != Standing::Person,
            }),
            at: envelope.at.0,
            event: match envelope.event {
                Event::Posted(message) => StoredEvent::Posted(store_message(message)),
                Event::Edited { to, version } => StoredEvent::Edited { to: store_message(to), version },
                Event::Deleted { target } => StoredEvent::Deleted { target: target.into() },
                Event::Reacted { target, emoji, added, version } => StoredEvent::Reacted {
                    target: target.into(),
                    emoji: (emoji.name, emoji.id.map(Into::into)),
                    added,
                    version,
                },
                Event::Pinned { target, on, version } => {
                    StoredEvent::Pinned { target: target.into(), on, version }
                }
                Event::PollEnded { target, counts } => {
                    StoredEvent::PollEnded { target: target.into(), counts }
                }
                Event::Member { change, version } => {
                    let change = match change {
                        MemberChange::Joined => StoredMemberChange::Joined,
                        MemberChange::Left => StoredMemberChange::Left,
                        MemberChange::Renamed(before) => StoredMemberChange::Renamed(before),
                    };
                    StoredEvent::Member { change, version }
                }
                Event::Renamed { name, version } => StoredEvent::Renamed { name, version },
                Event::Removed { target } => StoredEvent::Removed { target: target.into() },
                Event::Arrived { target, version } => StoredEvent::Arrived { target: target.into(), version },
                Event::Noticed { id, channel, body } => {
                    StoredEvent::Noticed { id: id.into(), channel, body: store_text(body) }
                }
            },
        }
    }

    /// Back from the journal.
    pub fn into_envelope(self) -> Envelope {
        Envelope {
            origin: self.origin,
            author: self.author.map(|author| Author {
                id: author.id.into(),
                name: author.name,
                avatar: author.avatar,
                standing: if author.bot { Standing::Bot } else { Standing::Person },
            }),
            at: Timestamp(self.at),
            event: match self.event {
                StoredEvent::Posted(message) => Event::Posted(load_message(message)),
                StoredEvent::Edited { to, version } => Event::Edited { to: load_message(to), version },
                StoredEvent::Deleted { target } => Event::Deleted { target: target.into() },
                StoredEvent::Reacted { target, emoji: (name, id), added, version } => Event::Reacted {
                    target: target.into(),
                    emoji: Emoji { name, id: id.map(Into::into) },
                    added,
                    version,
                },
                StoredEvent::Pinned { target, on, version } => {
                    Event::Pinned { target: target.into(), on, version }
                }
                StoredEvent::PollEnded { target, counts } => {
                    Event::PollEnded { target: target.into(), counts }
                }
                StoredEvent::Member { change, version } => {
                    let change = match change {
                        StoredMemberChange::Joined => MemberChange::Joined,
                        StoredMemberChange::Left => MemberChange::Left,
                        StoredMemberChange::Renamed(before) => MemberChange::Renamed(before),
                    };
                    Event::Member { change, version }
                }
                StoredEvent::Renamed { name, version } => Event::Renamed { name, version },
                StoredEvent::Removed { target } => Event::Removed { target: target.into() },
                StoredEvent::Arrived { target, version } => Event::Arrived { target: target.into(), version },
                StoredEvent::Noticed { id, channel, body } => {
                    Event::Noticed { id: id.into(), channel, body: load_text(body) }
                }
            },
        }
    }
}

fn store_message(message: Message) -> StoredMessage {
    StoredMessage {
        at: message.at,
        body: store_text(message.body),
        attachments: Vec::new(),
        files: message.attachments.into_iter().map(store_file).collect(),
        reply: message.reply.map(|reply| StoredReply {
            target: reply.target.into(),
            author: reply.author,
            excerpt: reply.excerpt,
        }),
        thread: message.thread.map(|thread| StoredThread {
            id: thread.id.into(),
            root: thread.root.map(Into::into),
            name: thread.name,
        }),
        poll: message.poll.map(|poll| StoredPoll {
            question: poll.question,
            answers: poll.answers,
            multiple: poll.multiple,
            ends: poll.ends.map(|at| at.0),
        }),
        forward: message.forward.map(|from| StoredForward {
            author: from.author,
            author_id: from.author_id.map(String::from),
            room: from.room,
        }),
        no_preview: message.no_preview,
        quoted: message.quoted.into_iter().map(String::from).collect(),
        words_of: message.words_of,
    }
}

fn load_message(message: StoredMessage) -> Message {
    let older = message.attachments.into_iter();
    let older = older.map(|(name, size)| Attachment { size, ..Attachment::named(name) });
    Message {
        at: message.at,
        body: load_text(message.body),
        attachments: older.chain(message.files.into_iter().map(load_file)).collect(),
        reply: message.reply.map(|reply| Reply {
            target: reply.target.into(),
            author: reply.author,
            excerpt: reply.excerpt,
        }),
        thread: message.thread.map(|thread| Thread {
            id: thread.id.into(),
            root: thread.root.map(Into::into),
            name: thread.name,
        }),
        poll: message.poll.map(|poll| Poll {
            question: poll.question,
            answers: poll.answers,
            multiple: poll.multiple,
            ends: poll.ends.map(Timestamp),
        }),
        forward: message.forward.map(|from| Forward {
            author: from.author,
            author_id: from.author_id.map(Into::into),
            room: from.room,
        }),
        no_preview: message.no_preview,
        quoted: message.quoted.into_iter().map(Into::into).collect(),
        words_of: message.words_of,
    }
}

fn store_file(file: Attachment) -> StoredFile {
    StoredFile {
        name: file.name,
        kind: file.kind,
        mime: file.mime,
        size: file.size,
        source: file.source,
        alt: file.alt,
        spoiler: file.spoiler,
        seconds: file.seconds,
    }
}

fn load_file(file: StoredFile) -> Attachment {
    Attachment {
        name: file.name,
        kind: file.kind,
        mime: file.mime,
        size: file.size,
        source: file.source,
        alt: file.alt,
        spoiler: file.spoiler,
        seconds: file.seconds,
    }
}

fn store_text(text: Text) -> Vec<StoredRun> {
    text.into_runs().into_iter().map(store_run).collect()
}

fn load_text(runs: Vec<StoredRun>) -> Text {
    Text::from_runs(runs.into_iter().map(load_run).collect())
}

fn store_run(run: Run) -> StoredRun {
    let leaf = match run.leaf {
        Leaf::Plain(text) => StoredLeaf::Plain(text),
        Leaf::Code(text) => StoredLeaf::Code(text),
        Leaf::Mention(Mention::Person { id, name }) => StoredLeaf::Person { id: id.map(Into::into), name },
        Leaf::Mention(Mention::Room { name }) => StoredLeaf::Room { name },
        Leaf::Mention(Mention::Group { name }) => StoredLeaf::Group { name },
        Leaf::Emoji(Emoji { name, id }) => StoredLeaf::Emoji { name, id: id.map(Into::into) },
        Leaf::Time(Time { seconds, style }) => StoredLeaf::Time { seconds, style },
        Leaf::Break => StoredLeaf::Break,
        Leaf::Block { lang, text } => StoredLeaf::Block { lang, text },
    };
    let within = run.within.into_iter().map(|container| match container {
        Container::Quote => StoredContainer::Quote,
        Container::Item { item, number } => StoredContainer::Item { item, number },
        Container::Heading(level) => StoredContainer::Heading(level),
    });
    StoredRun { leaf, styles: run.styles.into_iter().collect(), url: run.url, within: within.collect() }
}

fn load_run(run: StoredRun) -> Run {
    let leaf = match run.leaf {
        StoredLeaf::Plain(text) => Leaf::Plain(text),
        StoredLeaf::Code(text) => Leaf::Code(text),
        StoredLeaf::Person { id, name } => Leaf::Mention(Mention::Person { id: id.map(Into::into), name }),
        StoredLeaf::Room { name } => Leaf::Mention(Mention::Room { name }),
        StoredLeaf::Group { name } => Leaf::Mention(Mention::Group { name }),
        StoredLeaf::Emoji { name, id } => Leaf::Emoji(Emoji { name, id: id.map(Into::into) }),
        StoredLeaf::Time { seconds, style } => Leaf::Time(Time { seconds, style }),
        StoredLeaf::Break => Leaf::Break,
        StoredLeaf::Block { lang, text } => Leaf::Block { lang, text },
    };
    let within = run.within.into_iter().map(|container| match container {
        StoredContainer::Quote => Container::Quote,
        StoredContainer::Item { item, number } => Container::Item { item, number },
        StoredContainer::Heading(level) => Container::Heading(level),
    });
    Run { leaf, styles: run.styles.into_iter().collect(), url: run.url, within: within.collect() }
}
