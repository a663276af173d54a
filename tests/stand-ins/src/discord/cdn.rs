//! The CDN: attached files by links that expire, and stickers.
//!
//! <https://discord.com/developers/docs/reference#signed-attachment-cdn-urls>

use super::model::Attachment;
use super::state::{State, now};
use super::{Discord, errors};
use axum::extract::{Path, Query, State as Shared};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// How long a link lasts, in seconds.
const LASTS: u64 = 24 * 60 * 60;
/// How many files are kept; the oldest go first.
const KEPT: usize = 50_000;

/// What signs a link.
#[derive(Debug, Deserialize)]
pub struct Signature {
    /// When it ends, in hexadecimal seconds since the epoch.
    #[serde(default)]
    ex: String,
    /// The signature.
    #[serde(default)]
    hm: String,
}

impl State {
    /// Keeps a file's bytes where its links find them.
    pub fn keep_file(&mut self, file: &Attachment) {
        while self.files.len() >= KEPT {
            self.files.pop_first();
        }
        self.files.insert(file.id, file.clone());
    }

    /// A link to an attachment, good for a day from `at` (milliseconds since the epoch).
    pub fn file_url(&self, channel: u64, file: &Attachment, at: u64) -> String {
        let (from, to) = (at / 1_000, at / 1_000 + LASTS);
        let signed = self.signed(file.id, &format!("{to:x}"));
        format!(
            "{}/attachments/{channel}/{}/{}?ex={to:x}&is={from:x}&hm={signed}&",
            self.url, file.id, file.name
        )
    }

    /// A link to a sticker's picture, which lasts.
    pub fn sticker_url(&self, sticker: &Attachment) -> String {
        format!("{}/stickers/{}.png", self.url, sticker.id)
    }

    fn signed(&self, file: u64, ends: &str) -> String {
        format!("{:016x}", xxh3_64(format!("{} {file} {ends}", self.secret).as_bytes()))
    }

    fn fetched(&self, file: u64, by: &Signature, at: u64) -> Option<&Attachment> {
        let ends = u64::from_str_radix(&by.ex, 16).ok()?;
        let good = ends >= at / 1_000 && by.hm == self.signed(file, &by.ex);
        self.files.get(&file).filter(|_| good)
    }
}

/// `GET /attachments/{channel}/{file}/{name}`
pub async fn attachment(
    Shared(discord): Shared<Arc<Discord>>,
    Path((_, file, _)): Path<(u64, u64, String)>,
    Query(signature): Query<Signature>,
) -> Response {
    let found = discord.state().fetched(file, &signature, now()).cloned();
    answer(found)
}

/// `GET /stickers/{sticker}`, which is its id with an ending.
pub async fn sticker(Shared(discord): Shared<Arc<Discord>>, Path(name): Path<String>) -> Response {
    let id = name.split('.').next().and_then(|id| id.parse().ok());
    let found = id.and_then(|id: u64| discord.state().files.get(&id).cloned());
    answer(found)
}

fn answer(found: Option<Attachment>) -> Response {
    match found {
        Some(file) => file.blob.answer(file.kind.as_deref().unwrap_or("application/octet-stream")),
        None => errors::NOT_FOUND.into_response(),
    }
}

/// A file's name as Discord keeps it: without what would be trouble in a link.
pub fn kept_name(name: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
    let name: String = name.chars().map(plain).collect();
    if name.is_empty() { "file".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::files::Blob;
    use crate::world::World;

    #[test]
    fn a_link_ends_and_cannot_be_made_up() {
        let mut world = World::demo();
        world.fill_ids().unwrap();
        let mut state = State::new(&world.discord, String::new(), Default::default()).unwrap();
        let blob = Blob::of("owl".into());
        let (kind, alt, seconds) = (None, None, None);
        let file = Attachment { id: 7, name: "a.png".into(), kind, blob, alt, seconds };
        state.keep_file(&file);
        let url = state.file_url(1, &file, 1_000_000);
        let query = |key: &str| url.split(['?', '&']).find_map(|it| it.strip_prefix(key)).unwrap().to_owned();
        let given = |hm: String| Signature { ex: query("ex="), hm };
        for (hm, at, good) in [
            (query("hm="), 1_000_000, true),
            (query("hm="), 1_000_000 + LASTS * 1_000, true),
            (query("hm="), 1_001_000 + LASTS * 1_000, false),
            ("0".repeat(16), 1_000_000, false),
        ] {
            assert_eq!(state.fetched(7, &given(hm.clone()), at).is_some(), good, "{hm} {at}");
        }
        assert_eq!(kept_name("../a b.png"), ".._a_b.png");
    }
}
