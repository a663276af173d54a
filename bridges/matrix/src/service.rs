//! Relay as an application service: events come in transactions that the homeserver repeats until they are acknowledged, and each person
//! of elsewhere has an account of their own, a ghost (<https://spec.matrix.org/v1.11/application-service-api/>).

pub mod door;
mod listen;
pub mod registration;
mod settling;

use secrecy::SecretString;
use std::net::SocketAddr;

/// What the registration says, and where Relay listens.
#[derive(Debug, Clone)]
pub struct Service {
    /// The id that the homeserver knows it by.
    pub id: String,
    /// Where the homeserver reaches it, as the registration has it.
    pub url: String,
    /// Where it listens.
    pub listen: SocketAddr,
    /// With what the homeserver shows that it is the homeserver.
    pub hs_token: SecretString,
    /// The first part of Relay's own user id.
    pub bot: String,
    /// What the first parts of all ghosts' user ids begin with.
    pub prefix: String,
}
