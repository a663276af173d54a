//! The Slack connector: Socket Mode in, Web API out.
//!
//! What slack-morphism 2.31 does, and what is done about it:
//!
//! - Its `fn` callbacks hand over typed events, which lose every field the types do not know, and an envelope it cannot
//!   parse goes to the error callback and is acknowledged at once. So the connector registers the library's own
//!   [`SlackSocketModeClientListener`](slack_morphism::SlackSocketModeClientListener) instead of callbacks: it gets each
//!   frame as text, answers with the acknowledgement once `Inbox::accept` has returned, and answers nothing after
//!   `Stopped`. What cannot be read is handed up and set aside like everything else.
//! - The library reads one frame of a socket at a time and waits for the answer. That keeps the platform's order, and
//!   means that an event's `accept` delays the next one. When a socket is replaced, the old one may still be waiting;
//!   all frames go through one bounded queue, in order of arrival. Slack delivers at most 30,000 events an hour and
//!   workspace (<https://docs.slack.dev/apis/events-api/#rate-limiting>), far below what one at a time can take, and
//!   redelivers what is not acknowledged within three seconds; the engine knows a repeat by the event's identity.
//! - It opens two sockets unless told otherwise, which breaks order: `max_connections_count(1)`.
//! - It repeats `apps.connections.open` for ever and only logs why it failed. `listen` therefore asks by itself when a
//!   connection stays away, and ends with `Refused` or `Lost`.
//! - Its tasks are detached. They end after `shutdown`, which a guard calls when `listen` is dropped; one that hangs
//!   in a connection attempt ends with that attempt.
//! - It writes socket URLs, which carry a one-time ticket, to its log, and at trace level everything it receives. A
//!   log must leave out [`LOG_TARGETS_WITH_SECRETS`].
//! - Its rate control (one counter a second for a whole team) stays off: the engine keeps the limits.
//! - Its typed responses fail on blocks they do not know, after a message has been posted. Requests and responses are
//!   plain JSON here, sent through the library's session.
//! - Slash commands and shortcuts come over the same socket and are acknowledged like events, with nothing in the
//!   acknowledgement: the answer is not known yet. Slack does not repeat those. The answer goes to the command's response
//!   URL, by the library's own POST, which keeps that URL out of its log.
//! - It hides response headers. One request of `preflight` goes over the same connector without it, to read the
//!   token's scopes from `x-oauth-scopes`.
//!
//! Slack ignores name and picture of a post in silence when `chat:write.customize` is missing, so the capability is
//! taken from those scopes, and so are files, reactions and pins.
//!
//! How things are shown that are not words:
//!
//! - **Files** are uploaded without the library, which wants all bytes at once: they are sent as they are read. All of a part are one
//!   message under the persona, with the words above them; at most ten, the rest stand in messages before it. Slack has no hidden
//!   files: `adapt` sees that spoilers are dropped here. An HTML file cannot be told from the page to sign in on that Slack shows to
//!   whoever has no right, so that none is fetched.
//! - **An edit** that takes a file away, and a delete, delete the file itself: Slack would keep it in the channel's list of files.
//! - **Threads** hang from their first message's `ts`, have no name and need no opening. An answer is a message of the thread of what
//!   it answers, and that is how Slack's answers are heard.
//! - **Reactions** have names; `emoji` knows them. The workspace's own are listed by `preflight`, and again whenever that is asked.
//! - **Other names** of people are told in the whole workspace: the connector makes one event for each channel that they are in, if it
//!   knew the name before.
//! - **What was said while there was no socket** is read from the channels' histories; `history` says what those do not tell. The library
//!   closes a socket before it opens the next one, so that each new one begins with a gap.
//! - **A post that nobody answered** is found there by the key that it bears as message metadata, which needs no scope of its own.
//! - **Links** of people's own messages get previews, which Slack adds as an edit of the message: that is ignored. Whether somebody
//!   removed a preview is not heard.

mod buttons;
mod capabilities;
mod commands;
mod config;
mod connector;
mod deliver;
mod emoji;
mod errors;
mod files;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod guide;
mod history;
mod ids;
mod known;
mod listen;
#[cfg(test)]
mod manifest_tests;
mod names;
mod parse;
mod permissions;
mod persona;
mod preflight;
mod render;
mod response_url;
mod rooms;
mod settle;
mod socket;
mod tiers;
mod translate;
mod upload;
mod web;

pub use guide::GUIDE;

use relay_contract::{Capabilities, Connector, Field, FieldKind, Platform, Problem, RoomIds, Settings};
use std::sync::Arc;

/// This platform.
pub const PLATFORM: Platform = Platform::new("slack");

/// The keys of an account in `bridges.toml`.
pub const FIELDS: &[Field] = &[
    Field {
        name: "bot_token",
        kind: FieldKind::Secret,
        required: true,
        doc: "Bot token (`xoxb-…`): api.slack.com/apps, your app, OAuth & Permissions, Bot User OAuth Token.",
    },
    Field {
        name: "app_token",
        kind: FieldKind::Secret,
        required: true,
        doc: "App-level token (`xapp-…`) with the scope connections:write, for Socket Mode: api.slack.com/apps, your app, \
              Basic Information, App-Level Tokens.",
    },
    Field {
        name: "api_url",
        kind: FieldKind::Url(&["http", "https"]),
        required: false,
        doc: "Base URL of a compatible server, whose Web API is at `<api_url>/api`. Slack itself when left out.",
    },
];

/// Log targets that may write secrets or people's words: socket URLs with their ticket, headers, frames.
pub const LOG_TARGETS_WITH_SECRETS: &[&str] =
    &["slack_morphism", "tungstenite", "tokio_tungstenite", "h2", "hyper"];

/// Conversation ids: a letter for the kind, then capitals and digits.
pub const ROOM_IDS: RoomIds = RoomIds {
    holds: |id| {
        id.starts_with(['C', 'G', 'D'])
            && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    },
    doc: "A Slack channel's id looks like C0123456789: open the channel's details, it stands at the bottom.",
};

/// Opens an account. Reads the settings and the system's certificates; no network.
pub fn open(settings: Settings) -> Result<Arc<dyn Connector>, Problem> {
    let config = config::Config::from_settings(&settings)?;
    Ok(Arc::new(connector::Slack::new(&config)?))
}

/// What can be done in a conversation where Relay has every right that it asks for.
pub fn capabilities() -> Capabilities {
    capabilities::of_a_room(permissions::Rights::ALL)
}
