//! Texts that a room shows only the beginning of, and exports, kept as files to read the whole of them.
//!
//! What people say stands nowhere on disk in clear: such a file is sealed with a key that is made of its link. The link is made of the text with
//! the store's secret, and on disk stands only its hash; so whoever has the disk, and not the link, can at most try whether it is a certain text.

use super::Media;
use super::digest::Digest;
use super::links::Linked;
use super::records::{GivenTo, LinkRecord, hex};
use bytes::Bytes;
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};
use futures::{StreamExt, TryStreamExt, stream};
use relay_contract::{BlobId, BlobStore, ByteStream, Timestamp};
use std::io;
use std::ops::Range;
use std::sync::Arc;
use zeroize::Zeroizing;

/// What such a file is called.
const NAME: &str = "message.txt";
/// What an export is called.
const EXPORT: &str = "relay-export.jsonl";
/// Its media type.
const MIME: &str = "text/plain";
/// Bytes that are sealed together, so that a part of a file can be read without the rest.
const PIECE: u64 = 64 * 1024;
const TAG: u64 = 16;

impl Media {
    /// A link to a text, where the settings name a public URL. The same text for the same has the same link, which ends like every other.
    pub async fn text_link(&self, text: &str, to: Option<GivenTo>) -> Option<String> {
        let token = self.token_of_text(&Digest::of(text.as_bytes()), to.as_ref());
        self.sealed_link(text, (&token, NAME), to, Vec::new()).await.map(|(link, _)| link)
    }

    /// The same for an export of all that is kept of these people, with when the link ends, if none of them is forgotten before.
    pub async fn export_link(&self, text: &str, of: &[&str]) -> Option<(String, Timestamp)> {
        let digest = super::records::hex(&Digest::of(text.as_bytes()));
        let token = self.0.seal.token(&format!("export\0{digest}"));
        let exported = of.iter().map(|person| self.mark_of_exports(person)).collect();
        self.sealed_link(text, (&token, EXPORT), None, exported).await
    }

    /// By which it is known that an export is somebody's, and which tells nobody who has the disk alone whose.
    pub(super) fn mark_of_exports(&self, person: &str) -> [u8; 32] {
        Digest::of(self.0.seal.token(&format!("export of\0{person}")).as_bytes())
    }

    async fn sealed_link(
        &self,
        text: &str,
        (token, name): (&str, &str),
        given: Option<GivenTo>,
        exported: Vec<[u8; 32]>,
    ) -> Option<(String, Timestamp)> {
        if !self.gives_links() {
            return None;
        }
        if !self.make_room(text.len() as u64).await {
            tracing::warn!("there is no room for a long text, and it has no link");
            return None;
        }
        let key = TextKey::of(token);
        let pieces: io::Result<Vec<Bytes>> = (0..)
            .zip(text.as_bytes().chunks(PIECE as usize))
            .map(|(at, piece)| key.seal(at, piece))
            .collect();
        let kept = match pieces {
            Ok(pieces) => self.0.store.put(stream::iter(pieces.into_iter().map(Ok)).boxed()).await,
            Err(error) => Err(error),
        };
        match kept {
            Ok(blob) => {
                // Held until the link says that it is needed.
                let _content = self.content(blob.id.clone(), blob.size);
                self.came(blob.size);
                let size = text.len() as u64;
                let to = Linked { blob: &blob.id, size, mime: MIME, name, sealed: true, given, exported };
                self.link_with(token, to).await
            }
            Err(error) => {
                tracing::warn!(%error, "a long text cannot be kept, and has no link");
                None
            }
        }
    }

    /// How the link to a text for a room reads, whether or not it leads anywhere; gives none out.
    pub fn address_of_text(&self, text: &str, to: GivenTo) -> Option<String> {
        self.address(&self.token_of_text(&Digest::of(text.as_bytes()), Some(&to)), NAME)
    }

    /// What a link to a text is made of, by the text's hash.
    pub(super) fn token_of_text(&self, digest: &[u8; 32], to: Option<&GivenTo>) -> String {
        let text = format!("text\0{}", hex(digest));
        self.0.seal.token(&to.map_or_else(|| text.clone(), |to| format!("{text}\0{}", to.mark())))
    }
}

/// Whether a link is to an export.
pub(super) fn is_export(link: &LinkRecord) -> bool {
    link.sealed && link.given.is_none() && link.name == EXPORT
}

/// How many bytes are kept of so many.
pub(super) fn sealed_size(size: u64) -> u64 {
    size + size.div_ceil(PIECE) * TAG
}

/// What a text is sealed with.
#[derive(Clone)]
pub(super) struct TextKey(Zeroizing<[u8; 32]>);

impl TextKey {
    /// Of the token in its link.
    pub(super) fn of(token: &str) -> Self {
        Self(Zeroizing::new(Digest::of(format!("text key\0{token}").as_bytes())))
    }

    /// A key seals one text only, so that a piece's number may stand for a nonce.
    fn nonce(number: u64) -> XNonce {
        let mut nonce = [0; 24];
        nonce.iter_mut().zip(number.to_be_bytes()).for_each(|(to, from)| *to = from);
        XNonce::from(nonce)
    }

    fn seal(&self, number: u64, piece: &[u8]) -> io::Result<Bytes> {
        let mut sealed = piece.to_vec();
        let tag = XChaCha20Poly1305::new((&*self.0).into())
            .encrypt_inout_detached(&Self::nonce(number), &[], sealed.as_mut_slice().into())
            .map_err(|_| io::Error::other("a text is too long to be sealed"))?;
        sealed.extend_from_slice(&tag);
        Ok(sealed.into())
    }

    fn unseal(&self, number: u64, mut sealed: Vec<u8>) -> io::Result<Vec<u8>> {
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "a text is not what was sealed");
        let tag = *sealed.last_chunk::<{ TAG as usize }>().ok_or_else(damaged)?;
        sealed.truncate(sealed.len() - TAG as usize);
        XChaCha20Poly1305::new((&*self.0).into())
            .decrypt_inout_detached(&Self::nonce(number), &[], sealed.as_mut_slice().into(), &Tag::from(tag))
            .map_err(|_| damaged())?;
        Ok(sealed)
    }

    /// These bytes of a text that has so many.
    pub(super) fn open(
        self,
        store: Arc<dyn BlobStore>,
        blob: BlobId,
        size: u64,
        range: Range<u64>,
    ) -> ByteStream {
        let pieces = range.start / PIECE..range.end.div_ceil(PIECE);
        stream::iter(pieces)
            .then(move |number| {
                let (key, store, blob, range) = (self.clone(), store.clone(), blob.clone(), range.clone());
                async move {
                    let at = number * PIECE;
                    let begins = number * (PIECE + TAG);
                    let ends = sealed_size(size).min(begins + PIECE + TAG);
                    let sealed: Vec<Bytes> = store.open(&blob, begins..ends).await?.try_collect().await?;
                    let piece = Bytes::from(key.unseal(number, sealed.concat())?);
                    let within = |place: u64| (place.saturating_sub(at) as usize).min(piece.len());
                    Ok::<_, io::Error>(piece.slice(within(range.start)..within(range.end)))
                }
            })
            .boxed()
    }
}
