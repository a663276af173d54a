//! The Telegram connector: the Bot API, polled.
//!
//! Room and space are both the chat: every chat has one order and one set of failures of its own.
//!
//! # What teloxide does, and what is done here instead
//!
//! teloxide gives the methods ([`teloxide::payloads`]), their types, and the bot with its HTTP client. Its `send()` is not
//! used, for three reasons: it sleeps 10 seconds after every 5xx before it says so; it drops the HTTP status and the
//! `error_code`, so that "not done" and "perhaps done" cannot be told apart; and it reads answers into types that stop at
//! Bot API 9.1, so that one new kind of entity would lose a message. `api` makes the same call and keeps all three. Uploads are
//! forms of reqwest's, whose parts are streams of a known length: teloxide's files are of unknown length, and its payloads for
//! them cannot be sent but by its own `send()`.
//! teloxide's `Bot` shows its token in `Debug`, and errors of its client name a URL that contains the token: neither leaves
//! this crate.
//!
//! # What the platform does
//!
//! - A bot hears neither itself nor other bots, and is never told of a deletion. What it posts in a channel comes back in the
//!   channel's discussion group as the channel's word: what Telegram carries over there counts as a bot's.
//! - It has no list of its chats. Each is told when something happens in it: in front of its first update of a connection, and
//!   when its name, public name or kind has changed.
//! - A group that becomes a supergroup gets another id, and its messages are counted anew. The engine is told; what is posted
//!   with the old id meanwhile fails once and goes to the new one from then on. In a basic group a message's `thread` names the
//!   group, so that an old message is never taken for a new one with the same number.
//! - Files: a bot uploads at most 50 MB and fetches at most 20 MB. Where a file is, is asked just before it is fetched; the URL
//!   holds the token. What people send as an album comes as one message a file, and is handed up so: to join them, somebody would
//!   have to wait for what may not come, and an edit of one would seem to take the others away.
//! - Of reactions, and of everybody who joins or leaves, only an administrator is told, and of reactions in a channel nobody. A
//!   bot has one reaction on a message; another one takes its place.
//! - A topic is a thread without a root. Its name comes along with what answers its first message, else it is remembered.
//! - How a poll of somebody's ends is told by its id alone. Which message that is, is remembered in this process: the end of a
//!   poll that was asked before Relay was started is not known as such.
//! - That a message is pinned is told, that it is no longer is not.
//! - Moments are shown in each reader's own time zone since Bot API 9.5; an older server of one's own refuses a message with one.
//! - A text beside a file holds 1,024 units. One that grows beyond them in an edit is refused; nothing turns a file's message into
//!   a longer one.
//! - A command's answer goes to the asker's private chat with the bot, which only a person can begin; else it is written in the
//!   chat of the command, for everybody there.
//! - Below an answer in a group everybody sees the buttons, and a click counts for whoever clicks. Below one in somebody's private chat
//!   they name the group that it is about; since a client may send any words, Telegram is asked whether whoever clicked is in that group.
//!   When somebody clicked is not told: a click for which nobody waits any more is known by what Telegram answers to its acknowledgement.
//! - An update is confirmed by the *next* `getUpdates` whose `offset` lies above it; Telegram keeps it for 24 hours,
//!   has no history, and does not say what it threw away: the cursor tells when the bot was polled last.
//! - Of two programs that poll with one token, the one that asked earlier is answered 409. Relay then needs a person, and says that it
//!   is connected again only after polls that nobody took over.
//! - Ids of updates begin anew at a random number after a week of silence. Therefore an offset is only sent while there is
//!   something to confirm, never out of habit: a stale one would confirm, and lose, what lies below it.

mod answers;
mod api;
mod attachments;
mod beside;
mod buttons;
mod capabilities;
mod commands;
mod complete;
mod config;
mod connector;
mod cursor;
mod deliver;
mod errors;
mod files;
mod forwards;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod guide;
mod ids;
mod inert;
mod known;
mod listen;
mod locate;
mod members;
mod menu;
mod moves;
mod news;
mod own;
mod parse;
mod polls;
mod preflight;
mod reactions;
mod render;
mod rooms;
mod seen;
mod times;
mod topics;
mod translate;
mod upload;
mod wire;

pub use guide::GUIDE;

use relay_contract::{Capabilities, Connector, Field, FieldKind, Platform, Problem, RoomIds, Settings};
use std::sync::Arc;

/// `telegram`.
pub const PLATFORM: Platform = Platform::new("telegram");

/// What a Telegram account in `bridges.toml` may say.
pub const FIELDS: &[Field] = &[
    Field {
        name: "token",
        kind: FieldKind::Secret,
        required: true,
        doc: "The bot's token: in Telegram, send /newbot (or /token for a bot that exists) to @BotFather.",
    },
    Field {
        name: "api_url",
        kind: FieldKind::Url(&["https", "http"]),
        required: false,
        doc: "Base URL of a Bot API server of your own; https://api.telegram.org when left out.",
    },
];

/// Chat ids: integers, negative for groups.
pub const ROOM_IDS: RoomIds = RoomIds {
    holds: |id| id.parse::<i64>().is_ok_and(|number| number.to_string() == id),
    doc: "A Telegram chat's id is a number, negative for groups: in a link to one of its messages, t.me/c/1234567890/5, it is -1001234567890.",
};

/// Opens an account. Reads settings only.
pub fn open(settings: Settings) -> Result<Arc<dyn Connector>, Problem> {
    let config = config::Config::read(&settings)?;
    Ok(Arc::new(connector::Telegram::new(&config)?))
}

/// What can be done in a supergroup with topics where Relay has every right that it asks for.
pub fn capabilities() -> Capabilities {
    let rights = known::Rights { admin: true, pins: true, topics: true, deletes: true };
    let chat = known::Chat { forum: true, rights, ..known::Chat::default() };
    capabilities::of(&ids::room(-1_001_234_567_890), &chat)
}
