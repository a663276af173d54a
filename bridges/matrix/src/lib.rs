//! The Matrix connector: the Client-Server API with a bot's account of its own.
//!
//! Room and space are both the Matrix room: every room has one order and one set of failures of its own.
//!
//! # What ruma does, and what is done here
//!
//! ruma gives the requests (their paths, queries, bodies and the credential's header), the identifiers and the HTML parser. Answers are
//! read as JSON: ruma's types refuse a whole answer for one field that a server or a client writes otherwise, and one odd event would
//! lose a sync.
//!
//! # What the platform does
//!
//! - `/sync` goes on from a token, which is the cursor. Without one nothing old is carried. What a sync leaves out (`limited`) is a gap,
//!   which `history` reads with `/messages` (<https://spec.matrix.org/v1.11/client-server-api/#syncing>).
//! - A post bears its key as transaction id. The server makes one event of it however often it is sent with one access token, and tells
//!   the id to that token alone: so `settle` knows its own (<https://spec.matrix.org/v1.11/client-server-api/#transaction-identifiers>).
//! - An edit is a message that replaces another, a reaction one that annotates it, and both are taken back by redacting that message. What
//!   a redacted reaction was about is not told: it is remembered in this process, and the newest of each room are asked for at the start.
//! - Every message bears `m.mentions` without anybody in it: nothing that comes from elsewhere notifies anybody
//!   (<https://spec.matrix.org/v1.11/client-server-api/#user-and-room-mentions>).
//! - Pictures of people need a credential to be fetched: they are not carried.
//! - Encrypted rooms are refused: Relay would see nothing there, and what it says would be seen by all servers.
//! - A room that was upgraded goes on under another id, which Relay joins and tells of.
//! - Invitations are accepted. A room that a config names is joined, where anybody may.

mod api;
mod attachments;
mod beside;
mod capabilities;
mod commands;
mod config;
mod connector;
mod deliver;
mod errors;
mod facts;
mod history;
mod ids;
mod known;
mod listen;
mod locate;
mod look_up;
mod parse;
mod preflight;
mod render;
mod rooms;
mod settle;
mod translate;
mod upload;

use relay_contract::{Capabilities, Connector, Field, FieldKind, Platform, Problem, RoomIds, Settings};
use std::sync::Arc;

/// `matrix`.
pub const PLATFORM: Platform = Platform::new("matrix");

/// What a Matrix account in `bridges.toml` may say.
pub const FIELDS: &[Field] = &[
    Field {
        name: "homeserver",
        kind: FieldKind::Url(&["https", "http"]),
        required: true,
        doc: "Base URL of the bot's homeserver, such as https://matrix.example.org: what its /.well-known/matrix/client names.",
    },
    Field {
        name: "access_token",
        kind: FieldKind::Secret,
        required: true,
        doc: "The bot account's access token: log in as the bot in Element, then All settings → Help & About → Access token, and \
              close that window without logging out.",
    },
];

/// Room ids, and aliases, which are looked up.
pub const ROOM_IDS: RoomIds = RoomIds {
    holds: ids::is_room,
    doc: "A Matrix room's id begins with ! (in Element: the room's settings → Advanced); its address looks like #room:example.org.",
};

/// Opens an account. Reads settings only.
pub fn open(settings: Settings) -> Result<Arc<dyn Connector>, Problem> {
    let config = config::Config::read(&settings)?;
    Ok(Arc::new(connector::Matrix::new(&config)?))
}

/// What can be done in a room where Relay has every right that it asks for.
pub fn capabilities() -> Capabilities {
    capabilities::of(known::Rights::ALL, None)
}
