//! What belongs to somebody who is forgotten: their files, their pictures, the links to both and to what they said at length, and the bytes,
//! unless something of somebody else has the same.

use super::Media;
use super::digest::Digest;
use super::records::{AvatarRecord, FileRecord, LinkRecord, UploadRecord, hex};
use relay_contract::BlobId;
use std::collections::HashSet;
use std::io;
use std::sync::Arc;

/// What is to go.
#[derive(Debug, Default, Clone)]
pub struct Belongings {
    /// The envelopes of the messages that had files.
    pub messages: HashSet<[u8; 16]>,
    /// Texts that may have been linked as a whole.
    pub texts: HashSet<[u8; 32]>,
    /// The addresses of their pictures.
    pub pictures: HashSet<[u8; 32]>,
}

impl Belongings {
    /// A text that may have been linked as a whole.
    pub fn add_text(&mut self, text: &str) {
        self.texts.insert(Digest::of(text.as_bytes()));
    }

    /// The address of a picture.
    pub fn add_picture(&mut self, url: &str) {
        self.pictures.insert(Digest::of(url.as_bytes()));
    }
}

/// Blobs that are to go, and those that others have too; and the same of what links are given out for, a blob under a name.
#[derive(Default)]
struct Blobs {
    theirs: HashSet<String>,
    others: HashSet<String>,
    their_names: HashSet<(String, String)>,
    others_names: HashSet<(String, String)>,
}

impl Media {
    /// Forgets them; answers how many blobs are gone. Doing it again changes nothing.
    pub async fn forget(&self, what: Belongings) -> io::Result<u64> {
        // Never closed: no sweep looks through the records meanwhile.
        let _turn = self.0.sweeping.acquire().await;
        // As an older Relay kept them, in clear; the others are found by their links.
        let texts = what.texts.iter().map(|digest| BlobId::of_digest(digest).as_str().to_owned());
        let blobs = Blobs { theirs: texts.collect(), ..Blobs::default() };
        let id = |digest| hex(&Digest::of(self.token_of_text(digest).as_bytes()));
        let linked: HashSet<String> = what.texts.iter().map(id).collect();
        let look = move |blobs: &mut Blobs, name: &str, link: LinkRecord| {
            if linked.contains(name) {
                blobs.theirs.insert(link.blob);
            }
            true
        };
        let blobs = self.0.links.sift(blobs, look).await?;
        let what = Arc::new(what);
        let of = what.clone();
        let look = move |blobs: &mut Blobs, _: &str, file: FileRecord| {
            let theirs = of.messages.contains(&file.envelope);
            let names = if theirs { &mut blobs.their_names } else { &mut blobs.others_names };
            names.insert((file.blob.clone(), file.name));
            if theirs { &mut blobs.theirs } else { &mut blobs.others }.insert(file.blob);
            true
        };
        let blobs = self.0.files.sift(blobs, look).await?;
        let names: HashSet<String> = what.pictures.iter().map(hex).collect();
        let pictures = names.clone();
        let look = move |blobs: &mut Blobs, name: &str, face: AvatarRecord| {
            let theirs = pictures.contains(name);
            if theirs { &mut blobs.theirs } else { &mut blobs.others }.insert(face.blob);
            true
        };
        let blobs = self.0.avatars.sift(blobs, look).await?;
        let look = |blobs: &mut Blobs, _: &str, upload: UploadRecord| {
            blobs.others.insert(upload.blob);
            true
        };
        let blobs = self.0.uploads.sift(blobs, look).await?;
        let gone: HashSet<String> = blobs.theirs.difference(&blobs.others).cloned().collect();
        // Links first: what they lead to is found through the records.
        let of = gone.clone();
        // Others may have the same bytes: under another name they have another link.
        let named: HashSet<_> = blobs.their_names.difference(&blobs.others_names).cloned().collect();
        let look = move |(): &mut (), _: &str, link: LinkRecord| {
            link.revoked || !(of.contains(&link.blob) || named.contains(&(link.blob, link.name)))
        };
        self.0.links.sift((), look).await?;
        for blob in gone.iter().filter_map(|blob| BlobId::parse(blob)) {
            self.0.store.delete(&blob).await?;
        }
        let of = what.clone();
        self.0.files.sift((), move |(), _, file: FileRecord| !of.messages.contains(&file.envelope)).await?;
        self.0.avatars.sift((), move |(), name, _: AvatarRecord| !names.contains(name)).await?;
        Ok(gone.len() as u64)
    }
}
