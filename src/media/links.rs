//! Links to files: nobody guesses one, each ends by itself, and an admin can end it at once.
//!
//! A link's token is made of the blob, the name, the message and the room with the store's secret, so that an edited message shows the same
//! link again, and no other message or room has it; on disk stands only its hash.

use super::digest::Digest;
use super::folder::in_words;
use super::records::{GivenTo, LinkRecord, hex};
use super::{Media, Stored};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use relay_contract::{BlobId, Timestamp};
use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use std::path::Path;

/// How many digits of a link's id are shown.
const SHOWN: usize = 12;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// What may stand in a URL's path as it is.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A link that was given out, as `relay media list` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkLine {
    /// What `relay media revoke` takes.
    pub id: String,
    /// The file's name.
    pub name: String,
    /// Its media type.
    pub mime: String,
    /// Bytes.
    pub size: u64,
    /// When it was given out last, in milliseconds since 1970.
    pub given: i64,
    /// When it ends.
    pub expires: i64,
    /// It was taken back.
    pub revoked: bool,
}

/// What a link leads to.
pub(super) struct Linked<'a> {
    pub(super) blob: &'a BlobId,
    /// Bytes of what is given out.
    pub(super) size: u64,
    pub(super) mime: &'a str,
    pub(super) name: &'a str,
    /// Its bytes are sealed with a key that is made of the token.
    pub(super) sealed: bool,
    /// For whom it is.
    pub(super) given: Option<GivenTo>,
    /// Whose export it is.
    pub(super) exported: Vec<[u8; 32]>,
}

impl Media {
    /// Whether the settings name a public URL.
    pub fn gives_links(&self) -> bool {
        self.0.settings.url.is_some()
    }

    /// A link to a file of a message under this name, for a room, where the settings name a public URL; `None` also where one to that file
    /// under that name was taken back.
    pub async fn link(&self, stored: &Stored, name: &str, to: GivenTo) -> Option<String> {
        let Stored { blob, size, mime, .. } = stored;
        let known = self.0.links.get(&self.id_of_file(blob.as_str(), name)).await.ok().flatten();
        if known.is_some_and(|known| known.revoked) {
            return None;
        }
        let token = self.token_of_file(blob, name, &to);
        let to =
            Linked { blob, size: *size, mime, name, sealed: false, given: Some(to), exported: Vec::new() };
        self.link_with(&token, to).await.map(|(link, _)| link)
    }

    /// How that link reads, whether or not it leads anywhere; gives none out.
    pub fn address_of_file(&self, stored: &Stored, name: &str, to: GivenTo) -> Option<String> {
        self.address(&self.token_of_file(&stored.blob, name, &to), name)
    }

    fn token_of_file(&self, blob: &BlobId, name: &str, to: &GivenTo) -> String {
        self.0.seal.token(&format!("{blob}\0{name}\0{}", to.mark()))
    }

    pub(super) fn address(&self, token: &str, name: &str) -> Option<String> {
        let base = self.0.settings.url.as_ref()?;
        Some(format!("{base}/m/{token}/{}", utf8_percent_encode(name, PATH)))
    }

    /// Under which that a file was taken back is known, whatever links to it were given out.
    fn id_of_file(&self, blob: &str, name: &str) -> [u8; 32] {
        Digest::of(self.0.seal.token(&format!("{blob}\0{name}")).as_bytes())
    }

    pub(super) async fn link_to(&self, blob: &BlobId, size: u64, mime: &str, name: &str) -> Option<String> {
        let token = self.0.seal.token(&format!("{blob}\0{name}"));
        let to = Linked { blob, size, mime, name, sealed: false, given: None, exported: Vec::new() };
        self.link_with(&token, to).await.map(|(link, _)| link)
    }

    /// A link with this token, and when it ends.
    pub(super) async fn link_with(&self, token: &str, to: Linked<'_>) -> Option<(String, Timestamp)> {
        let Linked { blob, size, mime, name, sealed, given, exported } = to;
        let address = self.address(token, name)?;
        let id = Digest::of(token.as_bytes());
        let now = Timestamp::now().0;
        let known = self.0.links.get(&id).await.ok().flatten();
        if known.as_ref().is_some_and(|known| known.revoked) {
            return None;
        }
        let mut expires = known.as_ref().map_or(now, |known| known.expires);
        // Written again at most once a day: an edit a minute is no write a minute.
        if known.is_none_or(|known| now - known.at > DAY_MS) {
            expires = now.saturating_add(i64::from(self.0.settings.keep_days) * DAY_MS);
            let record = LinkRecord {
                blob: blob.as_str().to_owned(),
                size,
                mime: mime.to_owned(),
                name: name.to_owned(),
                at: now,
                expires,
                revoked: false,
                sealed,
                given,
                exported,
            };
            if let Err(error) = self.0.links.put(&id, &record).await {
                tracing::error!(%error, "a link cannot be given out");
                return None;
            }
        }
        Some((address, Timestamp(expires)))
    }

    /// What a token and a name lead to, now.
    pub(super) async fn linked(&self, token: &str, name: &str) -> Option<LinkRecord> {
        // Found by its hash: how long that takes tells nothing of the token.
        let record = self.0.links.get(&Digest::of(token.as_bytes())).await.ok().flatten()?;
        let stands = !record.revoked && record.expires > Timestamp::now().0 && record.name == name;
        stands.then_some(record)
    }

    /// All links that stand or were taken back, newest first.
    pub async fn list(&self) -> io::Result<Vec<LinkLine>> {
        let now = Timestamp::now().0;
        let look = move |lines: &mut Vec<LinkLine>, id: &str, link: LinkRecord| {
            if link.revoked || link.expires > now {
                lines.push(LinkLine {
                    id: id.get(..SHOWN).unwrap_or(id).to_owned(),
                    name: link.name,
                    mime: link.mime,
                    size: link.size,
                    given: link.at,
                    expires: link.expires,
                    revoked: link.revoked,
                });
            }
            true
        };
        let mut lines = self.0.links.sift(Vec::new(), look).await?;
        lines.sort_by(|a, b| (b.given, &a.id).cmp(&(a.given, &b.id)));
        Ok(lines)
    }

    /// Takes a link back, for good: the same file under the same name gets none again. `what` is its id or the link itself. Answers the
    /// file's name, or why not.
    pub async fn revoke(&self, what: &str) -> Result<String, String> {
        let wanted = match token_of(what) {
            Some(token) => hex(&Digest::of(token.as_bytes())),
            None => what.trim().to_ascii_lowercase(),
        };
        if wanted.len() < SHOWN || !wanted.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err("that is no link and no id of one: `relay media list` shows them".into());
        }
        let look = move |found: &mut Vec<([u8; 32], LinkRecord)>, id: &str, link: LinkRecord| {
            if let Some(id) = id.starts_with(&wanted).then(|| unhex(id)).flatten() {
                found.push((id, link));
            }
            true
        };
        let found = self.0.links.sift(Vec::new(), look).await.map_err(|error| error.to_string())?;
        match found.as_slice() {
            [] => {
                Err("there is no such link, or it has ended by itself: `relay media list` shows them".into())
            }
            [(id, link)] => {
                let is_of_file = link.given.is_some() && !link.sealed;
                let id = if is_of_file { self.id_of_file(&link.blob, &link.name) } else { *id };
                let revoked = LinkRecord { revoked: true, given: None, ..link.clone() };
                self.0.links.put(&id, &revoked).await.map_err(|error| error.to_string())?;
                if is_of_file {
                    // Other rooms and messages have others to the same file.
                    let same = move |(): &mut (), _: &str, link: LinkRecord| {
                        link.revoked || link.blob != revoked.blob || link.name != revoked.name
                    };
                    self.0.links.sift((), same).await.map_err(|error| error.to_string())?;
                }
                Ok(link.name.clone())
            }
            _ => Err("several links begin like that: write more of the id".into()),
        }
    }
}

/// The token in a link.
fn token_of(what: &str) -> Option<&str> {
    let (_, rest) = what.split_once("/m/")?;
    rest.split('/').next()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut id = [0; 32];
    for (at, byte) in id.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    Some(id)
}

/// The store's secret, made at the first start. Without it, all links that were given out are dead.
pub(super) fn secret(path: &Path) -> io::Result<Vec<u8>> {
    use std::os::unix::fs::OpenOptionsExt;
    let failed = |error: io::Error| in_words(&error, "the key that links are made with", path);
    match std::fs::read(path) {
        Ok(secret) if secret.len() == 32 => return Ok(secret),
        Ok(_) => std::fs::remove_file(path).map_err(failed)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let secret: [u8; 32] = rand::random();
    let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| {
        file.write_all(&secret)?;
        file.sync_all()
    })
    .map_err(failed)?;
    Ok(secret.to_vec())
}
