//! The IRC connector: one nick on one server, over TLS or plain.
//!
//! The space is the network, the room a channel of it. Reading and writing go over one connection, which `preflight` opens and joins
//! the rooms with, and `listen` takes over: an account is ready once, not twice.
//!
//! # What the platform does, and what is done about it
//!
//! - **A line is a message.** It has 512 bytes with its end and with the sender's `nick!user@host`, which the server puts before it
//!   (<https://www.rfc-editor.org/rfc/rfc2812#section-2.3>). What is longer is cut between words or user-perceived characters, and every
//!   line bears the name of whoever said it: nobody can begin a line with somebody else's name. A server with `draft/multiline`
//!   (<https://ircv3.net/specs/extensions/multiline>) takes several lines as one message; each of them bears the name all the same.
//! - **Old servers do not tell that a line has arrived.** Behind every line goes a `PING` with a number, and the server answers in order:
//!   once the `PONG` is there, the line was dealt with, and a refusal of the channel stands before it. Several lines share one `PING`. A
//!   connection that ends in between leaves the outcome unknown. Newer ones (`echo-message`, `labeled-response`, `batch`;
//!   <https://ircv3.net/specs/extensions/labeled-response>) answer each line by its label with the line as everybody sees it: that is the
//!   receipt, and no `PING` goes.
//! - **Messages have ids on newer servers** (<https://ircv3.net/specs/extensions/message-ids>). Elsewhere they get one of the time they came
//!   and a running number, which is kept with the event: the same event is the same message for ever, and a copy gets its id from the same
//!   clock. With ids there are answers (`+draft/reply`), reactions (`+draft/react`, `+draft/unreact`), and where the server has
//!   `draft/message-redaction`, what was said can be taken back. A tag that the server does not pass on (`CLIENTTAGDENY`) is not used. What
//!   a channel can do is said for each by `capabilities`, as its server is now; nothing here can be edited.
//! - **History** is there where the server has `draft/chathistory` (<https://ircv3.net/specs/extensions/chathistory>): what was said while Relay
//!   was away is read, and what nobody answered is looked for among what Relay has said since. What other servers and bouncers play back is
//!   told from what is said now, and counts where it was said while nobody listened. Elsewhere it is `missed`.
//! - **Names.** Where the server has `draft/relaymsg` and Relay is an operator of the channel, people speak under a nick that shows theirs
//!   (`Ada/Discord`); once the server refuses that, the name is put before the line again.
//! - Channels and nicks are the same in any case, as the server's `CASEMAPPING` says; a room's identity is its folded name.
//! - Someone who is not heard of cannot manage anything: rights are read off the channel's list of members, which the server keeps
//!   up to date by itself. Who has a services account is known by it (`account-tag`, `extended-join`, `account-notify`), else by nick.

mod batches;
mod capabilities;
mod caps;
mod casemap;
mod commands;
mod config;
mod connector;
mod deliver;
mod errors;
mod fences;
mod formatting;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod guide;
mod heard;
mod history;
mod ids;
mod known;
mod line;
mod link;
mod listen;
mod names;
mod parse;
mod preflight;
mod register;
mod render;
mod rooms;
mod session;
mod splits;
mod support;
mod track;
mod translate;

pub use guide::GUIDE;

use relay_contract::{Capabilities, Connector, Field, FieldKind, Platform, Problem, RoomIds, Settings};
use std::sync::Arc;

/// `irc`.
pub const PLATFORM: Platform = Platform::new("irc");

/// What an IRC account in `bridges.toml` may say.
pub const FIELDS: &[Field] = &[
    Field {
        name: "server",
        kind: FieldKind::Url(&["ircs", "irc"]),
        required: true,
        doc: "Where the server is, as \"ircs://irc.example.org\" over TLS (port 6697 when left out), or as \"irc://…\" (6667), which anybody \
              on the way can read.",
    },
    Field {
        name: "nick",
        kind: FieldKind::Text,
        required: true,
        doc: "The name that Relay goes by. While somebody else has it, an underscore is put behind it.",
    },
    Field {
        name: "user",
        kind: FieldKind::Text,
        required: false,
        doc: "The user name that the server shows beside the nick; \"relay\" when left out.",
    },
    Field {
        name: "realname",
        kind: FieldKind::Text,
        required: false,
        doc: "What /whois says of Relay; \"Relay, a chat bridge\" when left out.",
    },
    Field {
        name: "password",
        kind: FieldKind::Secret,
        required: false,
        doc: "The server's own password, where it has one.",
    },
    Field {
        name: "sasl_user",
        kind: FieldKind::Text,
        required: false,
        doc: "The services account that `sasl_password` is of; the nick when left out.",
    },
    Field {
        name: "sasl_password",
        kind: FieldKind::Secret,
        required: false,
        doc: "The password of Relay's services account, for SASL PLAIN. The server must have SASL.",
    },
    Field {
        name: "sasl_certificate",
        kind: FieldKind::SecretLines,
        required: false,
        doc: "A client certificate and its private key, both PEM in one file, for SASL EXTERNAL.",
    },
    Field {
        name: "nickserv_password",
        kind: FieldKind::Secret,
        required: false,
        doc: "The password that is told to NickServ, for servers without SASL; it also gets the nick back from whoever has it.",
    },
    Field {
        name: "keys",
        kind: FieldKind::SecretLines,
        required: false,
        doc: "Channels that want a key, one a line: the channel, a blank, the key.",
    },
    Field {
        name: "trust",
        kind: FieldKind::SecretLines,
        required: false,
        doc: "Certificates (PEM) that are trusted beside those of the machine, for a server with one of its own making.",
    },
    Field {
        name: "most_lines",
        kind: FieldKind::Text,
        required: false,
        doc: "How many lines a message may have here, from 1 to 100; the last one says how many were left out. \"20\" when left out.",
    },
];

/// Channel names, with their sign.
pub const ROOM_IDS: RoomIds = RoomIds {
    holds: ids::is_channel,
    doc: "An IRC channel is called by its name, with the sign before it: #rust.",
};

/// Opens an account. Reads settings only.
pub fn open(settings: Settings) -> Result<Arc<dyn Connector>, Problem> {
    let config = config::Config::read(&settings)?;
    Ok(Arc::new(connector::Irc::new(config)))
}

/// What can be done in a channel at best.
pub fn capabilities() -> Capabilities {
    capabilities::at_best()
}
