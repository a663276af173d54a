//! What programs reach over HTTP: Relay's own API under `/api/v1`, and `/healthz` and `/readyz` for whoever watches the process.
//!
//! To the engine the API is a platform like any other, by the name `relay`: [`connector`] is its connector, each channel has one
//! room of it, and what is posted goes the way that a person's message goes, from the reader to the lanes. What comes into such a room
//! is kept as its stream, in the ledger.

mod answers;
mod channels;
mod connector;
mod events;
mod files;
mod gestures;
mod guard;
mod hash;
mod health;
mod history;
mod incoming;
mod matterbridge;
mod messages;
mod outgoing;
mod serve;
mod stream;
pub mod tokens;

pub use connector::{ACCOUNT, Entrance, open as connector};
pub use health::serve as serve_health;
pub use matterbridge::serve as serve_compatible;
pub use outgoing::{ACCOUNT as WEBHOOKS, Outgoing};
pub use serve::{Api, serve};
