//! Tokens: who may use the API from elsewhere, and for what. Of a token only its hash is kept, in `tokens.json` in the state directory;
//! `relay token` changes that file, and what it says counts from the next request on. As soon as that file is there, a token is needed: also
//! when the last one was taken back, which is no way to let everybody in.
//!
//! A token is 256 random bits, which nobody can try out: a plain SHA-256 is enough, and costs a request next to nothing.

use super::hash::sha256;
use crate::adapt::presentable;
use crate::store::folder;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use relay_contract::Timestamp;
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What a token begins with, so that people and scanners know what they see.
const MARK: &str = "relay_";
/// Most bytes of the file that are read.
const LONGEST_FILE: u64 = 1 << 20;

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// See channels and what happens in them.
    Read,
    /// Post, edit, delete and react.
    Write,
    /// See how everything is, and delete what others wrote.
    Admin,
    /// Post under any name.
    Persona,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Admin, Self::Persona];

    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
            Self::Persona => "persona",
        }
    }

    /// From what was written.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.word() == word)
    }
}

/// A token, as far as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Under which name it posts.
    pub name: String,
    /// SHA-256 of it.
    hash: String,
    /// What it is good for.
    pub scopes: BTreeSet<Scope>,
    /// In which channels; in all when none are named.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub channels: BTreeSet<String>,
    /// When it was made, in milliseconds since 1970.
    pub made: i64,
}

/// So many digits of a token's hash tell it from all others; nobody gets from them to the token.
const IDENTITY: usize = 16;

impl Token {
    /// What it is called in what it has posted: its own for ever. One that is made later under the same name is another.
    pub fn identity(&self) -> &str {
        self.hash.get(..IDENTITY).unwrap_or(&self.hash)
    }

    /// Whether it is good for something.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// Whether it is good for a channel.
    pub fn has(&self, channel: &str) -> bool {
        self.channels.is_empty() || self.channels.contains(channel)
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    tokens: Vec<Token>,
}

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("tokens.json")
}

/// All tokens of a state directory.
pub fn all(data_dir: &Path) -> io::Result<Vec<Token>> {
    let mut text = String::new();
    match File::open(path(data_dir)) {
        Ok(file) => file.take(LONGEST_FILE).read_to_string(&mut text)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let kept: Kept = serde_json::from_str(&text).map_err(io::Error::other)?;
    Ok(kept.tokens)
}

/// Makes a token; it is nowhere but in the answer. Else says what is wrong.
pub fn make(
    data_dir: &Path,
    name: &str,
    scopes: BTreeSet<Scope>,
    channels: BTreeSet<String>,
) -> Result<SecretString, String> {
    if presentable(name) != name {
        return Err(
            "that cannot be a name: it is empty, too long, or has something in it that cannot be seen".into(),
        );
    }
    // What stands behind it would be a persona of another token.
    if name.contains('/') {
        return Err("a name has no `/`: it stands between a token and the names it posts under".into());
    }
    let mut random = [0; 32];
    SystemRandom::new().fill(&mut random).map_err(|_| "this machine gives no random numbers".to_owned())?;
    let token = format!("{MARK}{}", URL_SAFE_NO_PAD.encode(random));
    let made = Timestamp::now().0;
    let kept = Token { name: name.to_owned(), hash: sha256(token.as_bytes()), scopes, channels, made };
    change(data_dir, |tokens| {
        if tokens.iter().any(|other| other.name == kept.name) {
            return Err(format!("there is a token `{name}` already: `relay token revoke` it first"));
        }
        tokens.push(kept);
        Ok(())
    })?;
    Ok(token.into())
}

/// Takes a token back; answers how many are left. Else says what is wrong.
pub fn revoke(data_dir: &Path, name: &str) -> Result<usize, String> {
    change(data_dir, |tokens| {
        let before = tokens.len();
        tokens.retain(|token| token.name != name);
        if tokens.len() < before { Ok(tokens.len()) } else { Err(format!("there is no token `{name}`")) }
    })
}

/// Whether a token is needed in a state directory: there is one, or was.
pub fn are_needed(data_dir: &Path) -> bool {
    path(data_dir).exists()
}

fn change<T>(
    data_dir: &Path,
    change: impl FnOnce(&mut Vec<Token>) -> Result<T, String>,
) -> Result<T, String> {
    let said = |error: io::Error| format!("{}: {error}", path(data_dir).display());
    folder::make_private_dir(data_dir).map_err(|error| error.to_string())?;
    let lock = File::create(data_dir.join("tokens.lock")).map_err(said)?;
    lock.lock().map_err(said)?;
    let mut tokens = all(data_dir).map_err(said)?;
    let answer = change(&mut tokens)?;
    let text = serde_json::to_string_pretty(&Kept { tokens }).map_err(|error| error.to_string())?;
    folder::write_whole(&path(data_dir), &text).map_err(|error| error.to_string())?;
    Ok(answer)
}

/// The tokens of a running Relay, as the file has them.
#[derive(Debug)]
pub struct Tokens {
    data_dir: PathBuf,
    read: Mutex<Known>,
}

/// What was read last, and of which file; of none where there was none.
type Known = (Option<Stamp>, Arc<Vec<Token>>);

/// Tells a file from what takes its place: inode, size, seconds and nanoseconds of its last change.
type Stamp = (u64, u64, i64, i64);

impl Tokens {
    /// Of a state directory.
    pub fn of(data_dir: &Path) -> Self {
        Self { data_dir: data_dir.to_owned(), read: Mutex::default() }
    }

    /// As they are now. A file that cannot be read lets nobody in.
    fn now(&self) -> io::Result<Known> {
        let stamp = match std::fs::metadata(path(&self.data_dir)) {
            Ok(found) => Some((found.ino(), found.len(), found.ctime(), found.ctime_nsec())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.0 != stamp {
            *read = (stamp, Arc::new(all(&self.data_dir)?));
        }
        Ok(read.clone())
    }

    /// Whether one is needed: there is one, or was.
    pub fn are_needed(&self) -> io::Result<bool> {
        Ok(self.now()?.0.is_some())
    }

    /// The token that somebody shows.
    pub fn find(&self, shown: &str) -> io::Result<Option<Token>> {
        let hash = sha256(shown.as_bytes());
        Ok(self.now()?.1.iter().find(|token| token.hash == hash).cloned())
    }

    /// Whether a token that was good when something began still is.
    pub fn holds(&self, token: &Token) -> bool {
        self.now().is_ok_and(|(_, tokens)| tokens.contains(token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_token_is_good_until_it_is_taken_back() {
        let dir = tempfile::tempdir().unwrap();
        let tokens = Tokens::of(dir.path());
        assert!(!tokens.are_needed().unwrap());
        let scopes = BTreeSet::from([Scope::Read]);
        let secret = make(dir.path(), "Board", scopes, BTreeSet::from(["lobby".to_owned()])).unwrap();
        let found = tokens.find(secret.expose_secret()).unwrap().unwrap();
        assert!(
            found.may(Scope::Read) && !found.may(Scope::Write) && found.has("lobby") && !found.has("den")
        );
        let kept = std::fs::read_to_string(path(dir.path())).unwrap();
        assert!(!kept.contains(secret.expose_secret()) && kept.contains("Board"));
        assert_eq!(std::fs::metadata(dir.path()).unwrap().permissions().mode() & 0o777, 0o700);
        for shown in ["", "relay_", &secret.expose_secret()[1..], &found.hash] {
            assert_eq!(tokens.find(shown).unwrap(), None, "{shown}");
        }
        assert!(make(dir.path(), "Board", BTreeSet::new(), BTreeSet::new()).unwrap_err().contains("already"));
        assert!(make(dir.path(), "two\nlines", BTreeSet::new(), BTreeSet::new()).is_err());
        assert!(revoke(dir.path(), "Bored").unwrap_err().contains("no token"));
        assert!(tokens.are_needed().unwrap());
        assert_eq!(revoke(dir.path(), "Board"), Ok(0));
        assert!(tokens.find(secret.expose_secret()).unwrap().is_none() && !tokens.holds(&found));
        // The last one is gone, and one is needed as before.
        assert!(tokens.are_needed().unwrap() && are_needed(dir.path()));
        // A file that cannot be read lets nobody in, and is not as if there were no tokens.
        std::fs::write(path(dir.path()), "{").unwrap();
        assert!(tokens.are_needed().is_err() && !tokens.holds(&found));
    }
}
