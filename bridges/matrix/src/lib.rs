//! The Matrix connector: the Client-Server API with a bot's account of its own, or as an application service.
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
//! - An application service (`service`) is told by the homeserver, which repeats what was not acknowledged, in transactions that have ids
//!   (<https://spec.matrix.org/v1.11/application-service-api/#put_matrixappv1transactionstxnid>). A server may wait for minutes before it
//!   tries again, so that after an absence the histories are read as well; what comes twice is known by its event. A ping at the start says
//!   whether the homeserver reaches Relay, and has Synapse tell at once what waits. What is said just as it has told all of that, Synapse
//!   may keep until its next absence: `service/settling` says when histories are read because of it.
//! - There, each person of elsewhere is a ghost (`ghosts`): an account under ids that are Relay's alone. It is known to be Relay's by its id,
//!   posts with the time at which something was said, and alone edits and takes back what it posted; it reacts for whoever reacted.
//!   What it posts bears its key in its content, for nobody is told the transaction ids of an application service.
//! - A poll is written as clients before its specification do, and read both ways. Votes are each client's to count: so does Relay
//!   (`votes`), when a poll is ended.
//! - Every message bears `m.mentions` without anybody in it: nothing that comes from elsewhere notifies anybody
//!   (<https://spec.matrix.org/v1.11/client-server-api/#user-and-room-mentions>).
//! - Pictures of people need a credential to be fetched: they are not carried elsewhere.
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
mod ghosts;
mod guide;
mod history;
mod ids;
mod joins;
mod known;
mod listen;
mod locate;
mod look_up;
mod parse;
mod preflight;
mod render;
mod rooms;
mod service;
mod settle;
mod translate;
mod upload;
mod votes;

pub use guide::GUIDE;
pub use service::registration;

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
        required: false,
        doc: "For a bot's account: its access token. Log in as the bot in Element, then All settings → Help & About → Access token, and \
              close that window without logging out.",
    },
    Field {
        name: "registration",
        kind: FieldKind::SecretLines,
        required: false,
        doc: "For an application service, instead of `access_token`: the registration file that `relay matrix registration` writes and that \
              the homeserver reads, too. Everybody who speaks elsewhere then has a Matrix account of their own, with name and picture.",
    },
    Field {
        name: "listen",
        kind: FieldKind::Text,
        required: false,
        doc: "For an application service: the address and port where the homeserver reaches Relay, such as \"127.0.0.1:9337\". When \
              left out: on loopback, on the port of the registration's url.",
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
