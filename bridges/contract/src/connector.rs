//! The one trait that a platform implements. Obligations are numbered in `CONTRACT.md`.

use crate::capabilities::Capabilities;
use crate::commands::{Answer, Call};
use crate::delivery::{Attempt, Draft, Part, Receipt, Speaker, Takes};
use crate::envelope::Envelope;
use crate::errors::{DeliverError, ListenError, OpenError};
use crate::files::Located;
use crate::history::{Doing, Mark, Past, Settled, Tier};
use crate::ids::{MessageRef, NativeId, Platform, RoomKey, Timestamp};
use crate::preflight::Preflight;
use crate::rooms::{Listing, RoomNews};
use crate::text::{Emoji, Text};
use async_trait::async_trait;
use std::fmt;
use std::time::Duration;

/// A platform, opened with one account's credential.
#[async_trait]
pub trait Connector: Send + Sync + 'static {
    /// Which platform.
    fn platform(&self) -> Platform;

    /// Asks the platform who we are, and about each room by its native id. Called before `listen`, and again while
    /// the account is parked. Remembers what `translate` needs (its own ids). Bounded in time by the connector.
    async fn preflight(&self, rooms: &[NativeId]) -> Result<Preflight, OpenError>;

    /// Which rooms are rooms of their own from now on: linked, or named by whoever runs Relay for something else. What is asked about in
    /// `preflight` need not become one. Until the first call, all that were asked about are. Answers at once.
    fn linked(&self, _rooms: &[NativeId]) {}

    /// Hands up what happens, in order, until `inbox.stopped()` resolves (then `Ok`) or the connection is lost for
    /// good. `cursor` is the newest one that was accepted. An event is acknowledged to the platform only after
    /// `inbox.accept` has returned `Ok`.
    async fn listen(&self, cursor: Option<String>, inbox: &dyn Inbox) -> Result<(), ListenError>;

    /// Pure and total: the same raw event gives the same answer for ever.
    fn translate(&self, raw: &RawEvent) -> Translation;

    /// Whether its rooms are programs, and no people are in them.
    fn has_programs(&self) -> bool {
        false
    }

    /// What can be done in a room.
    fn capabilities(&self, room: &RoomKey) -> Capabilities;

    /// A link that takes a member of the room to a message, where the platform has such links. Pure.
    fn permalink(&self, room: &RoomKey, message: &MessageRef) -> Option<String>;

    /// Pure: the parts of a draft, each within the platform's limit; at least one.
    fn render(&self, room: &RoomKey, draft: &Draft) -> Vec<Part>;

    /// One attempt at one part. Never repeats, waits out or throttles by itself.
    async fn deliver(&self, attempt: Attempt<'_>) -> Result<Receipt, DeliverError>;

    /// The same for whoever does it, where the room shows names and pictures natively and that is known: on a platform where people of
    /// elsewhere have accounts of their own, it is done as theirs.
    async fn deliver_as(&self, attempt: Attempt<'_>, _by: Option<&Speaker>) -> Result<Receipt, DeliverError> {
        self.deliver(attempt).await
    }

    /// Whether each person of elsewhere reacts in the room for themselves: `React` is then asked for as theirs. Pure.
    fn each_reacts(&self, _room: &RoomKey) -> bool {
        false
    }

    /// What is taken of people beside what they are called: what is not named here is not given, in no call. Pure.
    fn takes(&self, _room: &RoomKey) -> Takes {
        Takes::default()
    }

    /// What an attempt to post has come to that nobody answered and that began no earlier than `since`. Only asked of `Post` and
    /// `Open`: everything else may be done again. Bounded in time by the connector.
    async fn settle(&self, _attempt: Attempt<'_>, _since: Timestamp) -> Result<Settled, DeliverError> {
        Ok(Settled::CannotTell)
    }

    /// Whether `settle` can be expected to tell, in this room: then a few deliveries may be under way to the disk while the next one is
    /// attempted. Pure.
    fn tells(&self, _room: &RoomKey) -> bool {
        false
    }

    /// Whether `history` has anything to tell.
    fn keeps_history(&self) -> bool {
        false
    }

    /// What happened in a room after a place, at most `most` messages. One look, bounded in time by the connector; a limit of the
    /// platform is `DeliverError::RateLimited`, as with `deliver`.
    async fn history(&self, _room: &RoomKey, _after: &Mark, _most: u16) -> Result<Past, DeliverError> {
        Ok(Past::default())
    }

    /// The ceiling that requests of this kind have beside those of the room and the account. Pure.
    fn tier(&self, _doing: Doing) -> Option<Tier> {
        None
    }

    /// Where the bytes of an attachment are, asked just before they are fetched: links expire. `source` is `Attachment::source` of a
    /// message of that room. Bounded in time by the connector.
    async fn locate(
        &self,
        room: &RoomKey,
        message: &MessageRef,
        source: &str,
    ) -> Result<Located, DeliverError>;

    /// How Relay's own reaction with this emoji is written there; `None` where the room has no such reaction. Pure.
    fn reaction(&self, room: &RoomKey, emoji: &Emoji) -> Option<String>;

    /// The thread that a message stands in, or that hangs from it where that needs no opening. Pure.
    fn thread_of(&self, _room: &RoomKey, _root: &MessageRef) -> Option<NativeId> {
        None
    }

    /// Shows for a few seconds that somebody is typing. One attempt, whose outcome does not matter.
    async fn typing(&self, _room: &RoomKey, _thread: Option<&NativeId>) {}

    /// A link with which a person lets Relay into a space, with exactly the rights that it asks for; `None` before `preflight` knows who
    /// we are, and where there is no such link. Pure.
    fn invitation(&self) -> Option<String> {
        None
    }

    /// Every room that the account sees, whether it can be linked or not. Bounded in time by the connector.
    async fn find(&self) -> Result<Listing, OpenError>;

    /// Whether the asker has the platform's own right to manage the room of their command.
    async fn may_manage(&self, call: &Call) -> Result<bool, DeliverError>;

    /// The same of anybody in a room, by their id; where the platform does not say, no.
    async fn manages_room(&self, _room: &RoomKey, _person: &NativeId) -> Result<bool, DeliverError> {
        Ok(false)
    }

    /// Who may manage a room there, in words: the right that `may_manage` asks for.
    fn manages(&self) -> &'static str;

    /// How people call Relay there: what stands before the words of a command.
    fn called_by(&self) -> &'static str {
        "/relay"
    }

    /// Whether the answer to a command is certain to be for the asker alone: what nobody else is to know is told only then.
    fn answers_alone(&self, call: &Call) -> bool {
        let _ = call;
        false
    }

    /// Whether somebody can ask in a chat that is theirs and Relay's alone, so that the answer is for them alone there.
    fn has_chat_alone(&self) -> bool {
        false
    }

    /// Whether the answer to a command may be where the others in its room do not read it: these are then told of what concerns them.
    fn may_answer_apart(&self, call: &Call) -> bool {
        self.answers_alone(call)
    }

    /// Whether an id is certain to be the same person as before. Where anybody may take it who comes first (a nick), nothing that cannot be
    /// undone is done in its name.
    fn proves(&self, person: &NativeId) -> bool {
        let _ = person;
        true
    }

    /// Answers a command, to the asker alone wherever the platform can. One attempt.
    async fn answer(&self, call: &Call, answer: &Answer) -> Result<(), DeliverError>;

    /// Whether `whisper` shows something to one person alone. Pure.
    fn whispers(&self) -> bool {
        false
    }

    /// Shows words in a room to one of its people and to nobody else, who is not notified; asked for only where `whispers`. One attempt.
    async fn whisper(&self, _room: &RoomKey, _person: &NativeId, _words: &Text) -> Result<(), DeliverError> {
        Err(DeliverError::Rejected("nobody can be told anything alone there".to_owned()))
    }

    /// Whether what Relay posts comes back to it as an event, on a connection that can go deaf while the platform calls it healthy.
    fn hears_itself(&self) -> bool {
        false
    }

    /// How long the engine waits for `deliver` before it calls the outcome unknown.
    fn deliver_deadline(&self) -> Duration {
        Duration::from_secs(30)
    }
}

/// Where a connector hands up what it hears. Given by the engine.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// Returns `Ok` when the event is on disk, was dropped by rule, or was set aside with its cause: only then may it
    /// be acknowledged. Calls made in order are kept in order, also while earlier ones are still waiting.
    async fn accept(&self, raw: RawEvent) -> Result<(), Stopped>;

    /// Says that the place to go on from has moved without an event to accept: a new session, something that concerns
    /// nobody. Counts as an event in the order of `accept` calls; stored when all before it are safe.
    fn moved(&self, _cursor: String) {}

    /// Says that the connection may have brought less than was said, and why: a session that could not be resumed. What is handed up
    /// after this waits until the engine has read the rooms' histories since.
    fn gap(&self, _why: &str) {}

    /// The same of one room; a connection that is in doubt for a while may say it before each message.
    fn gap_in(&self, _room: &crate::ids::RoomKey, why: &str) {
        self.gap(why);
    }

    /// Says that something was said that nobody can fetch any more, and why. Logged, counted and shown in the status.
    fn missed(&self, _what: &str) {}

    /// The Relay channels whose name begins like this and that somebody who may manage this room can be offered, at most
    /// 25. Answers at once, from memory.
    fn suggest(&self, _room: &crate::ids::RoomKey, _begun: &str) -> Vec<String> {
        Vec::new()
    }

    /// The Relay channels that a room is joined to and whose name begins like this, at most 25. Answers at once, from memory.
    fn joined(&self, _room: &crate::ids::RoomKey, _begun: &str) -> Vec<String> {
        Vec::new()
    }

    /// The commands that the platform is to offer, where it has menus of them.
    fn menu(&self) -> Option<&crate::menu::Menu> {
        None
    }

    /// Says that the connection is up, for health and status. Every (re)connection says it again.
    fn connected(&self);

    /// Says that the connection is down and being made again, with the reason.
    fn interrupted(&self, reason: &str);

    /// Resolves when Relay stops or the account is taken down.
    async fn stopped(&self);
}

/// The engine is going down: what was handed up is not on disk. Do not acknowledge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stopping")]
pub struct Stopped;

/// A native event on its way to its space, with all that `translate` needs to know in it.
#[derive(Clone, PartialEq)]
pub struct RawEvent {
    /// The space it belongs to: decides which actor sees it, and with which events it keeps its order.
    pub space: NativeId,
    /// The event as the platform wrote it, plus what had to be looked up (names of people), as the connector likes.
    pub payload: serde_json::Value,
    /// Where listening can go on after this event, where the platform has such a thing.
    pub cursor: Option<String>,
}

impl fmt::Debug for RawEvent {
    /// Without the payload: a command's holds a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawEvent")
            .field("space", &self.space)
            .field("cursor", &self.cursor)
            .finish_non_exhaustive()
    }
}

/// What a raw event means.
#[derive(Debug, Clone, PartialEq)]
pub enum Translation {
    /// These happened, in this order.
    Events(Vec<Envelope>),
    /// A command: it goes to `commands`, and to no room.
    Command(Call),
    /// Something became of a room.
    Room(RoomNews),
    /// Somebody is typing in a room, in this thread.
    Typing(RoomKey, Option<NativeId>),
    /// Nothing for a bridge, with a constant word why (`typing`, `join`, `unfurl`).
    Ignored(&'static str),
    /// Should have meant something, but could not be read: set aside with this reason.
    Unreadable(String),
}
