//! `relay keys`: the keys of what is kept, and what wraps them.

use super::Commands;
use crate::store::{KeysReport, Master, StoreError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What is asked about the keys.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeysAsk {
    /// How it stands.
    Show,
    /// Another master key: a new one of Relay's own, or the one in a file, which is made where it is not there.
    Rotate {
        /// The file.
        to: Option<PathBuf>,
    },
    /// A copy of the file of keys.
    Copy,
}

/// What is answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeysAnswer {
    /// How it stands now.
    Report(KeysReport),
    /// The copy, in base64. Without a master key it opens nothing.
    Copy(String),
}

/// What is said of a master key that lies beside the keys though the config names another place.
pub fn unused_master(path: &Path) -> String {
    format!(
        "{} lies beside the keys and is not used, for the config names `master_key`. Delete it there: it may open what is in the folder, and older \
         copies of it, to whoever copies the whole folder",
        path.display()
    )
}

/// Does it with a ledger. Blocks.
pub fn with(ledger: &crate::store::Ledger, ask: KeysAsk) -> Result<KeysAnswer, StoreError> {
    match ask {
        KeysAsk::Show => ledger.keys().map(KeysAnswer::Report),
        KeysAsk::Rotate { to } => {
            let to = to.map(|to| Master::at(&to)).transpose()?;
            ledger.rotate_keys(to).map(KeysAnswer::Report)
        }
        KeysAsk::Copy => ledger.copy_keys().map(|copy| KeysAnswer::Copy(STANDARD.encode(copy))),
    }
}

impl Commands {
    /// The same of the ledger that is in use.
    pub async fn keys(&self, ask: KeysAsk) -> Result<KeysAnswer, String> {
        let ledger = self.core.ledger.clone();
        let done = tokio::task::spawn_blocking(move || with(&ledger, ask)).await;
        match done {
            Ok(answer) => answer.map_err(|error| error.to_string()),
            Err(_) => Err("Relay is stopping".to_owned()),
        }
    }
}
