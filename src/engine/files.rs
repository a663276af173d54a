//! The files of a message on their way into a room: what is there goes along, what is not there yet follows, what cannot come is named with
//! the reason.

use super::core::{Core, LaneHandle};
use super::lane_steps::Content;
use super::masked::Seen;
use crate::adapt::{FileShown, names, plain};
use crate::media::{Failure, Fetched, FileKey, GivenTo, Stored};
use crate::sizes::in_words;
use crate::store::stream::PLATFORM;
use crate::store::{EnvelopeId, Ledger, OutboxRow, StoreError, StoredFate};
use crate::text;
use crate::texts::Language;
use relay_contract::{
    Attachment, Capabilities, Connector, Feature, FileDraft, MessageRef, Pictures, RoomKey, Support, Takes,
    Text, Upload,
};
use std::sync::Arc;
use std::time::Duration;

/// How long a post waits for its files, all of them together. Then the text goes, and they follow.
const PATIENCE: Duration = Duration::from_secs(10);
/// So much of a platform's reason stands behind a file's name.
const LONGEST_REASON: usize = 100;

/// What has become of a message's files.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// One each.
    pub shown: Vec<FileShown>,
    /// The number of each.
    pub numbers: Vec<u16>,
    /// Those that go along.
    pub uploads: Vec<Upload>,
    /// The numbers of those that are not there yet.
    pub late: Vec<u16>,
    /// A picture of the author, under an address that lasts.
    pub avatar: Option<String>,
    /// Where the whole text can be read, if it may be too long for the room.
    pub whole: Option<String>,
    /// The same as a file, where the room's platform takes it as one.
    pub picture: Option<Upload>,
}

impl Files {
    /// What is remembered of them once the first part is done; none where there is nothing to remember.
    pub fn fates(&self) -> Option<Vec<StoredFate>> {
        let fate = |shown: &FileShown| match shown {
            FileShown::Upload(_) => StoredFate::Sent,
            FileShown::Late => StoredFate::Late,
            FileShown::Linked { url, why } => StoredFate::Left { url: Some(url.clone()), why: why.clone() },
            FileShown::Named { why } => StoredFate::Left { url: None, why: why.clone() },
        };
        (!self.shown.is_empty()).then(|| self.shown.iter().map(fate).collect())
    }

    /// The same after the room has refused these, for this reason.
    pub fn fates_without(&self, language: Language, refused: &[u16], why: &str) -> Option<Vec<StoredFate>> {
        let mut fates = self.fates()?;
        for (fate, number) in fates.iter_mut().zip(&self.numbers) {
            if refused.contains(number) {
                let why = Text::plain(why).excerpt(LONGEST_REASON);
                *fate = StoredFate::Left { url: None, why: text!(language, "file-refused", why = why) };
            }
        }
        Some(fates)
    }

    /// The files of a part.
    pub fn of_part(&self, numbers: &[u16]) -> Vec<Upload> {
        let of = |number: &u16| self.uploads.iter().find(|upload| upload.index == *number).cloned();
        numbers.iter().filter_map(of).collect()
    }
}

/// One file of a message, on its way into one room.
struct One<'a> {
    core: &'a Core,
    subject: EnvelopeId,
    origin: &'a RoomKey,
    message: &'a MessageRef,
    file: &'a Attachment,
    number: u16,
    /// No link to it is given out, only what there may be in the room already is looked for.
    is_withheld: bool,
}

impl One<'_> {
    fn key(&self) -> FileKey {
        key(self.subject, self.number)
    }

    /// How far it is; begins to fetch it.
    async fn fetched(&self) -> Fetched {
        let cannot = |reason: &str| Fetched::Failed(Failure { reason: reason.into(), linkable: false });
        let Some(source) = self.file.source.clone() else {
            return cannot("cannot be fetched from there");
        };
        if self.origin.platform == PLATFORM {
            return self.core.media.adopt(self.key(), &source, &self.file.name).await;
        }
        let Some(connector) = self.core.connector_of(self.origin) else {
            return cannot("cannot be fetched: no account reaches its room any more");
        };
        let most = connector.capabilities(self.origin).files.heard;
        let (room, message) = (self.origin.clone(), self.message.clone());
        let locate = move || {
            let (connector, room, message, source) =
                (connector.clone(), room.clone(), message.clone(), source.clone());
            async move { connector.locate(&room, &message, &source).await }
        };
        self.core.media.get(self.key(), self.file, most, locate).await
    }

    /// What a room sees of it once that is known.
    async fn shown(
        &self,
        fetched: Fetched,
        lane: &LaneHandle,
        can: &Capabilities,
    ) -> (FileShown, Option<Upload>) {
        let language = self.core.language_of(&lane.room);
        match fetched {
            Fetched::Waiting => (FileShown::Late, None),
            Fetched::Failed(failure) => (FileShown::Named { why: failure.reason }, None),
            Fetched::Ready(stored)
                if self.file.spoiler && can.shows(Feature::Spoiler) == Support::Dropped =>
            {
                let platform = names::capitalised(&lane.room.platform);
                let why = text!(language, "file-spoiler", platform = platform);
                (self.left(&stored, &lane.room, why).await, None)
            }
            // Nothing is to be said about it: the room has no files.
            Fetched::Ready(stored) if can.shows(Feature::File) != Support::Native => {
                (self.left(&stored, &lane.room, String::new()).await, None)
            }
            Fetched::Ready(stored) if stored.size > can.files.shown => {
                let platform = names::capitalised(&lane.room.platform);
                let most = in_words(can.files.shown);
                let why = text!(language, "file-larger", platform = platform, most = most);
                (self.left(&stored, &lane.room, why).await, None)
            }
            Fetched::Ready(stored) => {
                (FileShown::Upload(draft(&stored, self.number)), Some(stored.upload(self.number, self.file)))
            }
        }
    }

    /// It stays behind, with a link where there is one.
    async fn left(&self, stored: &Stored, room: &RoomKey, why: String) -> FileShown {
        let to = GivenTo::of(self.subject.0, room);
        let link = match self.is_withheld {
            true => self.core.media.address_of_file(stored, &stored.name, to),
            false => self.core.media.link(stored, &stored.name, to).await,
        };
        match link {
            Some(url) => FileShown::Linked { url, why },
            None => FileShown::Named { why },
        }
    }
}

/// The files of a row's message, as a room sees them now. A post waits for them a little.
pub async fn of(
    core: &Core,
    lane: &LaneHandle,
    row: &OutboxRow,
    content: &Seen,
) -> Result<Files, StoreError> {
    let can = lane.account.connector.capabilities(&lane.room);
    let whole = whole(core, content, (&lane.room, &can)).await;
    let mut files = match lane.account.connector.takes(&lane.room).pictures {
        Pictures::File => Files { picture: picture(core, content, &can).await, whole, ..Files::default() },
        Pictures::Address => Files { avatar: avatar(core, content, &can).await, whole, ..Files::default() },
        Pictures::None => Files { whole, ..Files::default() },
    };
    if can.shows(Feature::File) != Support::Native && !core.media.gives_links() {
        return Ok(files);
    }
    let there = match row.target {
        Some(target) => core.lookup.messages(target, &lane.room)?.unwrap_or_default(),
        None => Vec::new(),
    };
    let until = tokio::time::Instant::now() + PATIENCE;
    for (place, file) in content.message().attachments.iter().enumerate() {
        let number = content.number(place, file);
        files.numbers.push(number);
        let (subject, origin, message) = (content.subject(), content.origin(), &content.message().at);
        let is_withheld = content.is_withheld();
        let one = One { core, subject, origin, message, file, number, is_withheld };
        if there.iter().any(|message| message.files.contains(&number)) {
            let (draft, upload) = one.as_it_was().await;
            files.shown.push(FileShown::Upload(draft));
            files.uploads.extend(upload);
            continue;
        }
        let begun = row.files.as_ref().and_then(|fates| fates.get(place)).cloned();
        let (shown, upload) = match begun {
            // Its text says so already.
            Some(StoredFate::Late) => (FileShown::Late, None),
            Some(StoredFate::Left { url: Some(url), why }) => (FileShown::Linked { url, why }, None),
            Some(StoredFate::Left { url: None, why }) => (FileShown::Named { why }, None),
            Some(StoredFate::Sent) | None => {
                let mut fetched = one.fetched().await;
                if matches!(fetched, Fetched::Waiting) {
                    let patience = until.saturating_duration_since(tokio::time::Instant::now());
                    fetched = tokio::select! {
                        fetched = core.media.wait(one.key(), patience) => fetched,
                        () = core.draining.cancelled() => Fetched::Waiting,
                    };
                }
                one.shown(fetched, lane, &can).await
            }
        };
        if shown == FileShown::Late {
            files.late.push(number);
        }
        files.shown.push(shown);
        files.uploads.extend(upload);
    }
    Ok(files)
}

impl One<'_> {
    /// A file that is in the room already: its bytes are hardly needed again, and may not be there any more.
    async fn as_it_was(&self) -> (FileDraft, Option<Upload>) {
        match self.core.media.wait(self.key(), Duration::ZERO).await {
            Fetched::Ready(stored) => {
                (draft(&stored, self.number), Some(stored.upload(self.number, self.file)))
            }
            _ => {
                let mime = self.file.mime.clone().unwrap_or_else(|| "application/octet-stream".into());
                let (kind, size) = (self.file.kind, self.file.size.unwrap_or_default());
                (FileDraft { index: self.number, kind, mime, size }, None)
            }
        }
    }
}

fn draft(stored: &Stored, number: u16) -> FileDraft {
    FileDraft { index: number, kind: stored.kind, mime: stored.mime.clone(), size: stored.size }
}

/// The author's picture, where the room shows pictures.
async fn avatar(core: &Core, content: &Seen, can: &Capabilities) -> Option<String> {
    let given = content.by()?.picture()?;
    if can.shows(Feature::Persona) != Support::Native {
        return None;
    }
    core.media.avatar(given).await.or_else(|| Some(given.to_owned()))
}

/// A link to the whole text, where the room takes only so many lines.
async fn whole(core: &Core, content: &Seen, (room, can): (&RoomKey, &Capabilities)) -> Option<String> {
    if can.most_lines == u32::MAX {
        return None;
    }
    let words = plain::text(&content.message().body);
    if plain::line_count(&words, can.text.most) <= can.most_lines as usize {
        return None;
    }
    let to = GivenTo::of(content.subject().0, room);
    match content.is_withheld() {
        true => core.media.address_of_text(&words, to),
        false => core.media.text_link(&words, Some(to)).await,
    }
}

/// The author's picture as a file, where the room shows pictures.
async fn picture(core: &Core, content: &Seen, can: &Capabilities) -> Option<Upload> {
    let given = content.by()?.picture()?;
    if can.shows(Feature::Persona) != Support::Native {
        return None;
    }
    core.media.picture(given).await
}

/// A file of a message, for the media store.
pub fn key(subject: EnvelopeId, number: u16) -> FileKey {
    FileKey { envelope: subject.0, index: number }
}

/// Whether a delivery still needs a file; in doubt it does.
pub fn is_needed(ledger: &Ledger, key: &FileKey) -> bool {
    let subject = EnvelopeId(key.envelope);
    let pending = ledger.pending(subject).map_or(true, |rooms| !rooms.is_empty());
    pending || ledger.is_late(subject, key.index).unwrap_or(true)
}

impl Core {
    /// Who reaches a room.
    fn connector_of(&self, room: &RoomKey) -> Option<Arc<dyn Connector>> {
        let asked_for = self.known.asked_for(room);
        let account = asked_for.into_iter().find_map(|(by, ..)| self.accounts.get(&by))?;
        Some(account.connector.clone())
    }

    /// A file of a message as a room sees it now, by its number; waits a little while it is being fetched. None where there is no such file.
    pub async fn file(
        &self,
        room: &RoomKey,
        subject: EnvelopeId,
        number: u16,
    ) -> Result<Option<Fetched>, StoreError> {
        let Some(content) = Content::now(self, subject)? else { return Ok(None) };
        let Some(content) = content.seen_in(self, room, Takes::default())? else { return Ok(None) };
        let files = content.message().attachments.iter().enumerate();
        let mut files = files.filter(|(place, file)| content.number(*place, file) == number);
        let Some((_, file)) = files.next() else { return Ok(None) };
        let (origin, message) = (content.origin(), &content.message().at);
        let one = One { core: self, subject, origin, message, file, number, is_withheld: false };
        Ok(Some(match one.fetched().await {
            Fetched::Waiting => self.media.wait(one.key(), PATIENCE).await,
            at_once => at_once,
        }))
    }

    /// Begins to fetch a file again, after a start; whether there is anything to wait for.
    pub(super) async fn fetch_again(&self, subject: EnvelopeId, number: u16) -> Result<bool, StoreError> {
        let Some(content) = Content::now(self, subject)? else { return Ok(false) };
        let files = content.message.attachments.iter().enumerate();
        for (place, file) in files {
            if content.number(place, file) == number {
                let (origin, message) = (&content.origin, &content.message.at);
                let one = One { core: self, subject, origin, message, file, number, is_withheld: false };
                return Ok(matches!(one.fetched().await, Fetched::Waiting));
            }
        }
        Ok(false)
    }
}
