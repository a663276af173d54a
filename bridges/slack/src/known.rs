//! What `preflight` found out about the account.

use crate::permissions::Rights;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

/// Who Relay is in the workspace. Goes into every payload, so that `translate` needs nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Own {
    /// Team id.
    pub team: String,
    /// The workspace's name.
    #[serde(default)]
    pub team_name: String,
    /// The bot's user id.
    pub user: String,
    /// The bot's bot id, which its posts carry.
    #[serde(default)]
    pub bot: Option<String>,
}

/// All that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Who Relay is.
    pub own: Own,
    /// The workspace's URL, for links.
    pub url: String,
    /// What the token may do.
    pub rights: Rights,
    /// Names of the workspace's own emoji.
    pub emoji: Arc<HashSet<String>>,
}

/// The newest answer, for those who cannot wait.
#[derive(Debug, Default)]
pub struct Memory(RwLock<Option<Known>>);

impl Memory {
    /// Replaces it.
    pub fn set(&self, known: Known) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(known);
    }

    /// The newest, if there has been a preflight.
    pub fn get(&self) -> Option<Known> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
