//! The contract's trait, put together from this crate's parts.

use crate::api::Api;
use crate::config::Config;
use crate::deliver::Room;
use crate::known::{Known, Own};
use crate::look_up::Listener;
use crate::{
    PLATFORM, beside, capabilities, commands, deliver, history, ids, locate, preflight, render, rooms,
    settle, translate, upload,
};
use async_trait::async_trait;
use relay_contract::{
    Answer, Attempt, Call, Capabilities, Connector, DeliverError, Draft, Emoji, Inbox, ListenError, Listing,
    Located, Mark, MessageRef, NativeId, OpenError, Part, Past, Pictures, Platform, Preflight, Problem,
    RawEvent, Receipt, RoomKey, Settled, Speaker, Takes, Timestamp, Translation,
};
use ruma::RoomId;
use std::time::Duration;

/// One bot's account.
pub struct Matrix {
    api: Api,
    known: Known,
}

impl Matrix {
    /// Sends nothing yet.
    pub fn new(config: &Config) -> Result<Self, Problem> {
        Ok(Self { api: Api::new(config)?, known: Known::default() })
    }

    fn listener(&self, own: Own) -> Listener<'_> {
        Listener { api: &self.api, known: &self.known, own: own.user, ghosts: own.ghosts }
    }

    fn own(&self) -> Result<Own, DeliverError> {
        self.known.own().ok_or_else(|| DeliverError::Unavailable("there has been no preflight".into()))
    }
}

#[async_trait]
impl Connector for Matrix {
    fn platform(&self) -> Platform {
        PLATFORM
    }

    async fn preflight(&self, rooms: &[NativeId]) -> Result<Preflight, OpenError> {
        preflight::preflight(&self.api, &self.known, rooms).await
    }

    async fn listen(&self, cursor: Option<String>, inbox: &dyn Inbox) -> Result<(), ListenError> {
        let Some(own) = self.known.own() else {
            return Err(ListenError::Lost("there has been no preflight".into()));
        };
        let listener = self.listener(own);
        match &self.api.service {
            Some(service) => listener.serve(service, cursor, inbox).await,
            None => listener.run(cursor, inbox).await,
        }
    }

    fn translate(&self, raw: &RawEvent) -> Translation {
        translate::translate(raw)
    }

    fn capabilities(&self, room: &RoomKey) -> Capabilities {
        let largest = self.known.own().and_then(|own| own.largest);
        capabilities::of(self.known.rights(room.room.as_str()), largest)
    }

    fn permalink(&self, room: &RoomKey, message: &MessageRef) -> Option<String> {
        ids::permalink(room, message, self.known.own().and_then(|own| rooms::server_of(&own.user)))
    }

    fn render(&self, _: &RoomKey, draft: &Draft) -> Vec<Part> {
        render::parts(draft)
    }

    async fn deliver(&self, attempt: Attempt<'_>) -> Result<Receipt, DeliverError> {
        deliver::deliver(&self.api, &self.known, &attempt, None).await
    }

    async fn deliver_as(&self, attempt: Attempt<'_>, by: Option<&Speaker>) -> Result<Receipt, DeliverError> {
        deliver::deliver(&self.api, &self.known, &attempt, by).await
    }

    fn each_reacts(&self, room: &RoomKey) -> bool {
        self.known.rights(room.room.as_str()).ghosts_react
    }

    /// Only ghosts have pictures, and are somebody's.
    fn takes(&self, _: &RoomKey) -> Takes {
        match self.api.service.is_some() {
            true => Takes { pictures: Pictures::File, ids: true },
            false => Takes::default(),
        }
    }

    async fn settle(&self, attempt: Attempt<'_>, since: Timestamp) -> Result<Settled, DeliverError> {
        settle::settle(&self.api, &self.own()?, &attempt, since).await
    }

    fn tells(&self, _: &RoomKey) -> bool {
        true
    }

    fn keeps_history(&self) -> bool {
        true
    }

    async fn history(&self, room: &RoomKey, after: &Mark, most: u16) -> Result<Past, DeliverError> {
        let listener = self.listener(self.own()?);
        history::look(&listener, room, after, most).await
    }

    async fn locate(&self, _: &RoomKey, _: &MessageRef, source: &str) -> Result<Located, DeliverError> {
        locate::locate(&self.api, source)
    }

    /// Any text can be a reaction; one that is no emoji is shown as the words that it is.
    fn reaction(&self, room: &RoomKey, emoji: &Emoji) -> Option<String> {
        self.known.rights(room.room.as_str()).reacts.then(|| emoji.shown())
    }

    fn thread_of(&self, _: &RoomKey, root: &MessageRef) -> Option<NativeId> {
        Some(ids::thread_of(root).into())
    }

    async fn typing(&self, room: &RoomKey, _: Option<&NativeId>) {
        if let Ok(id) = RoomId::parse(room.room.as_str()) {
            beside::typing(&Room::of(&self.api, &self.known, id)).await;
        }
    }

    async fn find(&self) -> Result<Listing, OpenError> {
        preflight::find(&self.api, &self.known).await
    }

    fn manages(&self) -> &'static str {
        "a moderator of the room: whoever may change its state"
    }

    async fn may_manage(&self, call: &Call) -> Result<bool, DeliverError> {
        commands::may_manage(&self.api, &call.room, &call.asker.id).await
    }

    async fn manages_room(&self, room: &RoomKey, person: &NativeId) -> Result<bool, DeliverError> {
        commands::may_manage(&self.api, room, person).await
    }

    fn called_by(&self) -> &'static str {
        "!relay"
    }

    async fn answer(&self, call: &Call, answer: &Answer) -> Result<(), DeliverError> {
        commands::answer(&self.api, &self.known, call, answer).await
    }

    /// What Relay posts comes back in the next sync like anything.
    fn hears_itself(&self) -> bool {
        true
    }

    /// Files take their time.
    fn deliver_deadline(&self) -> Duration {
        upload::LONGEST + Duration::from_secs(60)
    }
}
