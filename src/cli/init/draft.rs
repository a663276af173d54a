//! What was answered so far: kept beside the config while nothing is written there yet, so that the wizard can be interrupted. No secret
//! stands in it; those have files of their own.

use crate::store::folder::write_private;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Platforms of which no account is here yet.
    pub platforms: Vec<String>,
    /// Accounts whose credentials were found good.
    pub accounts: Vec<NewAccount>,
    /// The rooms of each channel.
    pub channels: BTreeMap<String, Vec<Link>>,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewAccount {
    /// Its name.
    pub name: String,
    /// Its platform.
    pub platform: String,
    /// Who Relay is there.
    pub bot: String,
    /// Its keys that are no secrets.
    pub plain: BTreeMap<String, String>,
    /// Its keys that are.
    pub secrets: Vec<String>,
}

/// A room of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// As it is written in `links`.
    pub link: String,
    /// Its native id.
    pub id: String,
    /// What people call it, where that is not what is written.
    pub note: String,
    /// Only who was invited reads it; also where nobody tells.
    #[serde(default = "unknown")]
    pub private: bool,
}

/// What an earlier run has not written down may be private.
fn unknown() -> bool {
    true
}

impl Link {
    /// Whether it is of this account.
    pub fn is_of(&self, account: &str) -> bool {
        self.link.split_once(':').is_some_and(|(of, _)| of == account)
    }

    /// As people read it.
    pub fn shown(&self) -> String {
        match self.link.split_once(':').filter(|_| !self.note.is_empty()) {
            Some((account, _)) => format!("{account}:{}", self.note),
            None => self.link.clone(),
        }
    }

    /// The same, with a word where only who was invited reads it.
    pub fn shown_with_readers(&self) -> String {
        format!("{}{}", self.shown(), if self.private { " (private)" } else { "" })
    }
}

impl Draft {
    /// Where it is kept.
    pub fn path(config: &Path) -> PathBuf {
        config.with_added_extension("init")
    }

    /// What an earlier run has left; `None` where there is nothing that can be read.
    pub fn read(config: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(Self::path(config)).ok()?;
        toml::from_str(&text).ok()
    }

    /// Keeps it.
    pub fn keep(&self, config: &Path) -> Result<(), String> {
        let text = toml::to_string(self).map_err(|error| error.to_string())?;
        write_private(&Self::path(config), text.as_bytes()).map_err(|error| error.to_string())
    }

    /// It is not needed any more.
    pub fn drop_it(config: &Path) -> Result<(), String> {
        match std::fs::remove_file(Self::path(config)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(format!("{}: {error}", Self::path(config).display()))
            }
            _ => Ok(()),
        }
    }
}
