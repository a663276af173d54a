//! The contract's trait, put together from this crate's parts.

use crate::config::Config;
use crate::known::Known;
use crate::session::Session;
use crate::{
    PLATFORM, capabilities, commands, deliver, history, listen, names, preflight, render, translate,
};
use async_trait::async_trait;
use relay_contract::errors::ListenError;
use relay_contract::{
    Answer, Attempt, Call, Capabilities, Connector, DeliverError, Draft, Emoji, Feature, Inbox, Listing,
    Located, Mark, MessageRef, NativeId, OpenError, Part, Past, Platform, Preflight, RawEvent, Receipt,
    RoomKey, Settled, Support, Timestamp, Translation,
};
use std::time::Duration;
use tokio::sync::Mutex;

/// How long another preflight is waited for, which ends within 19 seconds.
const ANOTHER: Duration = Duration::from_secs(20);

/// One nick on one server.
pub struct Irc {
    config: Config,
    known: Known,
    /// The connection that preflight has made, until somebody listens to it. Whoever makes one holds it: there is one nick.
    ready: Mutex<Option<Session>>,
}

impl Irc {
    /// Connects to nothing yet.
    pub fn new(config: Config) -> Self {
        Self { config, known: Known::default(), ready: Mutex::default() }
    }
}

#[async_trait]
impl Connector for Irc {
    fn platform(&self) -> Platform {
        PLATFORM
    }

    async fn preflight(&self, rooms: &[NativeId]) -> Result<Preflight, OpenError> {
        let ready = tokio::time::timeout(ANOTHER, self.ready.lock()).await;
        let mut ready = ready.map_err(|_| OpenError::Unavailable("a connection is being made".to_owned()))?;
        if *self.known.listening.borrow() {
            drop(ready);
            return Ok(preflight::preflight(&self.config, &self.known, None, rooms).await?.0);
        }
        let before = ready.take();
        let (report, session) = preflight::preflight(&self.config, &self.known, before, rooms).await?;
        *ready = session;
        Ok(report)
    }

    async fn listen(&self, cursor: Option<String>, inbox: &dyn Inbox) -> Result<(), ListenError> {
        let mut ready = self.ready.lock().await;
        let listening = listen::Listening::begin(&self.known);
        let session = ready.take();
        drop(ready);
        listen::listen(&self.config, listening, session, cursor.as_deref(), inbox).await
    }

    fn translate(&self, raw: &RawEvent) -> Translation {
        translate::event(raw)
    }

    fn capabilities(&self, room: &RoomKey) -> Capabilities {
        capabilities::of(&self.known, room, self.config.most_lines)
    }

    /// A line has no address.
    fn permalink(&self, _room: &RoomKey, _message: &MessageRef) -> Option<String> {
        None
    }

    fn render(&self, room: &RoomKey, draft: &Draft) -> Vec<Part> {
        let channel = room.room.as_str();
        let (most, several) = self.known.look(|state| {
            // A name that Relay speaks under may be longer than its own.
            let name = state.name_signs(channel).map_or(0, |_| names::LONGEST);
            (state.room_for(channel).saturating_sub(name), state.caps.multiline().filter(|_| name == 0))
        });
        render::parts(draft, most, self.config.most_lines, several)
    }

    async fn deliver(&self, attempt: Attempt<'_>) -> Result<Receipt, DeliverError> {
        deliver::deliver(&self.known, &attempt).await
    }

    /// Nothing that was heard on IRC holds a file.
    async fn locate(&self, _: &RoomKey, _: &MessageRef, _: &str) -> Result<Located, DeliverError> {
        Err(DeliverError::TargetGone)
    }

    async fn settle(&self, attempt: Attempt<'_>, since: Timestamp) -> Result<Settled, DeliverError> {
        history::settle(&self.config, &self.known, &attempt, since).await
    }

    fn tells(&self, _room: &RoomKey) -> bool {
        self.keeps_history()
    }

    fn keeps_history(&self) -> bool {
        self.known.look(|state| state.caps.keeps_history())
    }

    async fn history(&self, room: &RoomKey, after: &Mark, most: u16) -> Result<Past, DeliverError> {
        history::past(&self.config, &self.known, room, after, most).await
    }

    /// Any emoji or word.
    fn reaction(&self, room: &RoomKey, emoji: &Emoji) -> Option<String> {
        let native = self.capabilities(room).shows(Feature::Reaction) == Support::Native;
        native.then(|| emoji.shown())
    }

    async fn typing(&self, room: &RoomKey, _thread: Option<&NativeId>) {
        deliver::typing(&self.known, room);
    }

    async fn find(&self) -> Result<Listing, OpenError> {
        Ok(self.known.look(|state| preflight::find(&self.config, state)))
    }

    fn manages(&self) -> &'static str {
        "an operator (@) of the channel"
    }

    async fn may_manage(&self, call: &Call) -> Result<bool, DeliverError> {
        Ok(commands::may_manage(&self.known, call))
    }

    async fn manages_room(&self, room: &RoomKey, person: &NativeId) -> Result<bool, DeliverError> {
        Ok(commands::manages_room(&self.known, room, person))
    }

    fn called_by(&self) -> &'static str {
        "!relay"
    }

    fn proves(&self, person: &NativeId) -> bool {
        crate::ids::account_of(person).is_some()
    }

    fn answers_alone(&self, _call: &Call) -> bool {
        true
    }

    async fn answer(&self, call: &Call, answer: &Answer) -> Result<(), DeliverError> {
        commands::answer(&self.config, &self.known, call, answer).await
    }
}
