//! What belongs to somebody who is forgotten: their files, their pictures, the links to both and to what they said at length, and the bytes,
//! unless something of somebody else has the same.

use super::Media;
use super::digest::Digest;
use super::records::{AvatarRecord, FileRecord, GivenTo, LinkRecord, UploadRecord, hex};
use super::texts::is_export;
use relay_contract::{BlobId, RoomKey};
use std::collections::{HashMap, HashSet};
use std::io;
use std::sync::Arc;

/// What is to go.
#[derive(Debug, Default, Clone)]
pub struct Belongings {
    /// The envelopes of the messages whose files go.
    pub messages: HashSet<[u8; 16]>,
    /// Texts that an older Relay may have linked as a whole.
    pub texts: HashSet<[u8; 32]>,
    /// Of these messages' links all end but those that stay.
    pub links: HashMap<[u8; 16], Links>,
    /// The addresses of their pictures.
    pub pictures: HashSet<[u8; 32]>,
    /// Of whom no export is given out any more.
    exports: HashSet<String>,
}

/// Which links of a message stay.
#[derive(Debug, Default, Clone)]
pub struct Links {
    /// Those to its files that were given to these rooms.
    files: HashSet<[u8; 32]>,
    /// Those to it as a whole that say this in these rooms.
    texts: HashSet<([u8; 32], [u8; 32])>,
    /// Some room may not see its files.
    files_end: bool,
}

impl Links {
    /// A room may still see its files.
    pub fn keep_files(&mut self, room: &RoomKey) {
        self.files.insert(GivenTo::of([0; 16], room).room);
    }

    /// A room may not see its files: what an older Relay gave out to all of them ends too.
    pub fn end_files(&mut self) {
        self.files_end = true;
    }

    /// A room sees it like this.
    pub fn keep_text(&mut self, room: &RoomKey, text: &str) {
        self.texts.insert((GivenTo::of([0; 16], room).room, Digest::of(text.as_bytes())));
    }
}

impl Belongings {
    /// Whether nothing is to go.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
            && self.texts.is_empty()
            && self.links.is_empty()
            && self.pictures.is_empty()
            && self.exports.is_empty()
    }

    /// Every export that has something of this person in it, and nothing else.
    pub fn exports_of(person: &str) -> Self {
        Self { exports: HashSet::from([person.to_owned()]), ..Self::default() }
    }

    /// A message with all that was given out of it, and its text.
    pub fn add_message(&mut self, envelope: [u8; 16], text: &str) {
        self.add_unread(envelope);
        self.add_text(text);
    }

    /// A message that cannot be read any more, with all that was given out of it.
    pub fn add_unread(&mut self, envelope: [u8; 16]) {
        self.messages.insert(envelope);
        self.links.insert(envelope, Links::default());
    }

    /// A text that may have been linked as a whole.
    pub fn add_text(&mut self, text: &str) {
        self.texts.insert(Digest::of(text.as_bytes()));
    }

    /// Whether a link of a message ends, unless it is to a text that stays.
    fn ends(&self, to: &GivenTo, is_text: bool) -> bool {
        let links = self.links.get(&to.envelope);
        match is_text {
            true => links.is_some(),
            false => {
                self.messages.contains(&to.envelope)
                    || links.is_some_and(|links| !links.files.contains(&to.room))
            }
        }
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
    /// The links that end, by their names on disk.
    links: HashSet<String>,
}

impl Media {
    /// Forgets them; answers how many blobs are gone. Doing it again changes nothing.
    pub async fn forget(&self, what: Belongings) -> io::Result<u64> {
        // Never closed: no sweep looks through the records meanwhile.
        let _turn = self.0.sweeping.acquire().await;
        // As an older Relay kept them, in clear; the others are found by their links.
        let texts = what.texts.iter().map(|digest| BlobId::of_digest(digest).as_str().to_owned());
        let blobs = Blobs { theirs: texts.collect(), ..Blobs::default() };
        let id = |digest, to: Option<&GivenTo>| hex(&Digest::of(self.token_of_text(digest, to).as_bytes()));
        let linked: HashSet<String> = what.texts.iter().map(|digest| id(digest, None)).collect();
        let stay: HashSet<String> = what
            .links
            .iter()
            .flat_map(|(envelope, links)| links.texts.iter().map(move |text| (*envelope, text)))
            .map(|(envelope, (room, digest))| id(digest, Some(&GivenTo { envelope, room: *room })))
            .collect();
        let exports: HashSet<[u8; 32]> =
            what.exports.iter().map(|person| self.mark_of_exports(person)).collect();
        // Whose an older Relay's is, is not known: it may be theirs.
        let ends_export = move |link: &LinkRecord| {
            let is_theirs = link.exported.is_empty() || link.exported.iter().any(|of| exports.contains(of));
            !exports.is_empty() && is_export(link) && is_theirs
        };
        let what = Arc::new(what);
        let of = what.clone();
        let look = move |blobs: &mut Blobs, name: &str, link: LinkRecord| {
            let of_message = link.given.filter(|_| !link.revoked);
            let ends = of_message.is_some_and(|to| of.ends(&to, link.sealed) && !stay.contains(name))
                || ends_export(&link);
            if ends {
                blobs.links.insert(name.to_owned());
            }
            if linked.contains(name) || (ends && link.sealed) {
                blobs.theirs.insert(link.blob);
            } else if of_message.is_some() && !ends {
                blobs.others.insert(link.blob);
            }
            true
        };
        let blobs = self.0.links.sift(blobs, look).await?;
        let of = what.clone();
        let look = move |blobs: &mut Blobs, _: &str, file: FileRecord| {
            let theirs = of.messages.contains(&file.envelope);
            let ends = theirs || of.links.get(&file.envelope).is_some_and(|links| links.files_end);
            let names = if ends { &mut blobs.their_names } else { &mut blobs.others_names };
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
        // Others may have the same bytes: under another name an older Relay gave them another link.
        let named: HashSet<_> = blobs.their_names.difference(&blobs.others_names).cloned().collect();
        let ended = blobs.links;
        let look = move |(): &mut (), name: &str, link: LinkRecord| {
            let is_named = link.given.is_none() && named.contains(&(link.blob.clone(), link.name));
            link.revoked || !(of.contains(&link.blob) || ended.contains(name) || is_named)
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
