//! What a room is given of a message: made in one place, without what it may not know and without what its platform has no use for.

use super::super::core::Core;
use super::super::lane_steps::{Content, mark_of, shown_name};
use super::WORDS_OUT;
use crate::store::{EnvelopeId, StoreError};
use relay_contract::text::Leaf;
use relay_contract::{Attachment, Author, Mention, Message, NativeId, Pictures, RoomKey, Takes, Text};

/// Whoever did something, as a room is given them: only here is one made of an [`Author`], and what the room's platform does not take
/// ([`Takes`]) is not in it. Nobody makes one, or looks into one, beside that:
///
/// ```compile_fail,E0616
/// fn picture(by: &relay::engine::By) -> Option<&String> {
///     by.picture.as_ref()
/// }
/// ```
///
/// ```compile_fail,E0451
/// fn of(author: relay_contract::Author) -> relay::engine::By {
///     relay::engine::By { name: author.name, mark: None, picture: author.avatar, id: Some(author.id) }
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct By {
    name: String,
    mark: Option<String>,
    picture: Option<String>,
    id: Option<NativeId>,
}

impl By {
    /// Of whom the room may see, what its platform takes.
    pub(in super::super) fn of(
        core: &Core,
        origin: &RoomKey,
        author: Author,
        takes: Takes,
    ) -> Result<Self, StoreError> {
        let mark = mark_of(core, origin, &author)?;
        let picture = author.avatar.filter(|_| takes.pictures != Pictures::None);
        Ok(Self { mark, picture, name: author.name, id: Some(author.id).filter(|_| takes.ids) })
    }

    /// What they are called where they are.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where their picture is; none where the room does not take pictures.
    pub fn picture(&self) -> Option<&str> {
        self.picture.as_deref()
    }

    /// Their id where they are; none where the room does not take ids.
    pub fn id(&self) -> Option<&NativeId> {
        self.id.as_ref()
    }

    /// What they are called in a room elsewhere.
    pub(in super::super) fn called(
        &self,
        core: &Core,
        room: &RoomKey,
        origin: &RoomKey,
        channel: &str,
    ) -> String {
        shown_name(core, (room, channel), origin, &self.name, self.mark.as_deref())
    }
}

/// A message as a room is given it. What shows messages takes this and no [`Content`]: what was not allowed or not asked for cannot be read
/// out of it.
///
/// ```compile_fail,E0616
/// fn whole(seen: &relay::engine::Seen) {
///     let _ = &seen.content;
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Seen {
    content: Content,
    by: Option<By>,
    is_withheld: bool,
}

impl Seen {
    /// Of what a room may see, what its platform takes; `masked` has gone through the one place that takes out the rest.
    pub(super) fn of(core: &Core, mut masked: Content, takes: Takes) -> Result<Self, StoreError> {
        let author = masked.author.take();
        let by = author.map(|author| By::of(core, &masked.origin, author, takes)).transpose()?;
        // For whoever asks what may be seen, and no room.
        masked.message.words_of.clear();
        if !takes.ids {
            masked.message.body = without_ids(std::mem::take(&mut masked.message.body));
            masked.message.quoted.clear();
            if let Some(forward) = &mut masked.message.forward {
                forward.author_id = None;
            }
        }
        Ok(Self { content: masked, by, is_withheld: false })
    }

    /// The same where nothing of it is to be seen.
    pub(super) fn withheld(self) -> Self {
        Self { is_withheld: true, ..self }
    }

    /// The envelope that posted it.
    pub fn subject(&self) -> EnvelopeId {
        self.content.subject
    }

    /// The room it comes from.
    pub fn origin(&self) -> &RoomKey {
        &self.content.origin
    }

    /// Who said it.
    pub fn by(&self) -> Option<&By> {
        self.by.as_ref()
    }

    /// What it says.
    pub fn message(&self) -> &Message {
        &self.content.message
    }

    /// Whether nothing of it is to be seen there any more, and only what is there already is looked for.
    pub fn is_withheld(&self) -> bool {
        self.is_withheld
    }

    /// What was taken out of it, and whom it hides.
    pub fn did(&self) -> &[&'static str] {
        &self.content.did
    }

    /// Whether the words of others that it passes on or quotes were taken out.
    pub fn has_words_out(&self) -> bool {
        self.did().iter().any(|did| WORDS_OUT.contains(did))
    }

    /// The number of a file: its place at first, so that it stays the same when another one is taken away.
    pub fn number(&self, place: usize, file: &Attachment) -> u16 {
        self.content.number(place, file)
    }

    /// The same message by the same person, saying something else.
    pub(in super::super) fn saying(&self, change: impl FnOnce(&mut Message)) -> Self {
        let mut other = self.clone();
        change(&mut other.content.message);
        other
    }
}

/// A text that names people by what they are called, and by nothing else.
fn without_ids(text: Text) -> Text {
    if !text.names_people() {
        return text;
    }
    let mut runs = text.into_runs();
    for run in &mut runs {
        if let Leaf::Mention(Mention::Person { id, .. }) = &mut run.leaf {
            *id = None;
        }
    }
    Text::from_runs(runs)
}
