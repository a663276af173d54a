//! The contract, thinly: each method is a file of its own.

use crate::config::Config;
use crate::known::Memory;
use crate::listen::Listener;
use crate::names::Directory;
use crate::preflight::Check;
use crate::web::Web;
use crate::{capabilities, commands, deliver, emoji, files, history, ids, render, settle, tiers, translate};
use async_trait::async_trait;
use relay_contract::{
    Answer, Attempt, Call, Capabilities, Connector, DeliverError, Doing, Draft, Emoji, Inbox, ListenError,
    Listing, Located, Mark, MessageRef, NativeId, OpenError, Part, Past, Pictures, Platform, Preflight,
    Problem, RawEvent, Receipt, RoomKey, Settled, Takes, Text, Tier, Timestamp, Translation,
};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A Slack workspace, with one app's tokens.
pub struct Slack {
    web: Web,
    directory: Directory,
    memory: Memory,
    /// Somebody listens: the app token is known to work, and asking for another connection is not free (tier 1).
    listening: AtomicBool,
}

impl Slack {
    /// No network.
    pub fn new(config: &Config) -> Result<Self, Problem> {
        Ok(Self {
            web: Web::new(config)?,
            directory: Directory::default(),
            memory: Memory::default(),
            listening: AtomicBool::new(false),
        })
    }
}

struct Ended<'a>(&'a AtomicBool);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

#[async_trait]
impl Connector for Slack {
    fn platform(&self) -> Platform {
        crate::PLATFORM
    }

    /// What the app posts in a channel is a `message` event there like any (<https://docs.slack.dev/reference/events/message/>).
    fn hears_itself(&self) -> bool {
        true
    }

    async fn preflight(&self, rooms: &[NativeId]) -> Result<Preflight, OpenError> {
        let check = Check { web: &self.web, directory: &self.directory, memory: &self.memory };
        check.run(rooms, self.listening.load(Ordering::Acquire)).await
    }

    async fn locate(&self, room: &RoomKey, _: &MessageRef, source: &str) -> Result<Located, DeliverError> {
        files::locate(&self.web, room.room.as_str(), source).await
    }

    fn reaction(&self, _: &RoomKey, emoji: &Emoji) -> Option<String> {
        let known = self.memory.get().filter(|known| known.rights.reacts)?;
        let own = || known.emoji.contains(&emoji.name).then(|| emoji.name.clone());
        emoji::name(&emoji.name).or_else(own)
    }

    fn thread_of(&self, _: &RoomKey, root: &MessageRef) -> Option<NativeId> {
        Some(ids::thread_of(root).into())
    }

    async fn find(&self) -> Result<Listing, OpenError> {
        let check = Check { web: &self.web, directory: &self.directory, memory: &self.memory };
        check.find().await
    }

    async fn listen(&self, _: Option<String>, inbox: &dyn Inbox) -> Result<(), ListenError> {
        let Some(known) = self.memory.get() else {
            return Err(ListenError::Lost("there has been no preflight".into()));
        };
        let listener = Listener { web: &self.web, directory: &self.directory, own: known.own };
        self.listening.store(true, Ordering::Release);
        // However it ends, also when it is let go of.
        let _ended = Ended(&self.listening);
        listener.run(inbox).await
    }

    fn keeps_history(&self) -> bool {
        true
    }

    async fn history(&self, room: &RoomKey, after: &Mark, most: u16) -> Result<Past, DeliverError> {
        let Some(known) = self.memory.get() else {
            return Err(DeliverError::Unavailable("there has been no preflight".into()));
        };
        let listener = Listener { web: &self.web, directory: &self.directory, own: known.own };
        history::look(&listener, room.room.as_str(), after, most).await
    }

    fn translate(&self, raw: &RawEvent) -> Translation {
        translate::translate(raw)
    }

    fn capabilities(&self, _: &RoomKey) -> Capabilities {
        capabilities::of_a_room(self.memory.get().map(|known| known.rights).unwrap_or_default())
    }

    /// Posts of the app bear a picture; who it is of, nobody there needs to know.
    fn takes(&self, _: &RoomKey) -> Takes {
        Takes { pictures: Pictures::Address, ids: false }
    }

    fn permalink(&self, room: &RoomKey, message: &MessageRef) -> Option<String> {
        ids::permalink(&self.memory.get()?.url, room.room.as_str(), message)
    }

    fn render(&self, _: &RoomKey, draft: &Draft) -> Vec<Part> {
        render::parts(draft)
    }

    async fn deliver(&self, attempt: Attempt<'_>) -> Result<Receipt, DeliverError> {
        deliver::deliver(&self.web, &attempt).await
    }

    async fn settle(&self, attempt: Attempt<'_>, since: Timestamp) -> Result<Settled, DeliverError> {
        let Some(known) = self.memory.get() else {
            return Err(DeliverError::Unavailable("there has been no preflight".into()));
        };
        settle::settle(&self.web, &known.own, &attempt, since).await
    }

    fn tells(&self, _: &RoomKey) -> bool {
        true
    }

    fn tier(&self, doing: Doing) -> Option<Tier> {
        tiers::of(doing)
    }

    fn manages(&self) -> &'static str {
        "a workspace admin or the channel's creator"
    }

    async fn may_manage(&self, call: &Call) -> Result<bool, DeliverError> {
        let Some(known) = self.memory.get() else {
            return Err(DeliverError::Unavailable("there has been no preflight".into()));
        };
        commands::may_manage(&self.web, &known.own, &call.room, &call.asker.id).await
    }

    async fn manages_room(&self, room: &RoomKey, person: &NativeId) -> Result<bool, DeliverError> {
        let Some(known) = self.memory.get() else {
            return Err(DeliverError::Unavailable("there has been no preflight".into()));
        };
        commands::may_manage(&self.web, &known.own, room, person).await
    }

    fn answers_alone(&self, _call: &Call) -> bool {
        true
    }

    fn whispers(&self) -> bool {
        true
    }

    async fn whisper(&self, room: &RoomKey, person: &NativeId, words: &Text) -> Result<(), DeliverError> {
        commands::whisper(&self.web, room, person, words).await
    }

    async fn answer(&self, call: &Call, answer: &Answer) -> Result<(), DeliverError> {
        commands::answer(&self.web, call, answer).await
    }

    fn deliver_deadline(&self) -> Duration {
        deliver::DEADLINE
    }
}
