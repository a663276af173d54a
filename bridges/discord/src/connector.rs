//! The connector: what it remembers, and the contract's methods, each in a file of its own.

use crate::config::Config;
use crate::errors::Failure;
use crate::facts::Facts;
use crate::first_answers::FirstAnswers;
use crate::ids::snowflake;
use crate::names::Names;
use crate::registration::Registration;
use crate::rest::Rest;
use crate::rooms::Rooms;
use crate::shard::LastHeard;
use crate::webhooks::Webhooks;
use crate::{PLATFORM, capabilities, preflight, render, translate};
use async_trait::async_trait;
use relay_contract::{
    Answer, Attempt, Call, Capabilities, Connector, DeliverError, Draft, Emoji, Inbox, ListenError, Listing,
    Located, MessageRef, NativeId, OpenError, Part, Platform, Preflight, Problem, RawEvent, Receipt, RoomKey,
    Translation,
};
use std::sync::{Arc, PoisonError, RwLock};
use twilight_model::id::Id;
use twilight_model::id::marker::{ApplicationMarker, UserMarker};

/// Who we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Us {
    /// The bot's user.
    pub user: Id<UserMarker>,
    /// The application that owns the bot and its webhooks.
    pub application: Id<ApplicationMarker>,
}

/// One account on Discord or a compatible server.
pub struct Discord {
    pub(crate) config: Config,
    pub(crate) rooms: Rooms,
    pub(crate) webhooks: Webhooks,
    pub(crate) names: Names,
    pub(crate) heard: LastHeard,
    pub(crate) facts: Facts,
    pub(crate) first_answers: FirstAnswers,
    pub(crate) registration: Registration,
    us: RwLock<Option<Us>>,
    rest: RwLock<Option<Arc<Rest>>>,
}

impl Discord {
    /// From settings; asks nobody.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            rooms: Rooms::default(),
            webhooks: Webhooks::default(),
            names: Names::default(),
            heard: LastHeard::default(),
            facts: Facts::default(),
            first_answers: FirstAnswers::default(),
            registration: Registration::default(),
            us: RwLock::default(),
            rest: RwLock::default(),
        }
    }

    /// The API, built at the first use: it needs a runtime, which `open` does not.
    pub(crate) fn rest(&self) -> Result<Arc<Rest>, Problem> {
        if let Some(rest) = &*self.rest.read().unwrap_or_else(PoisonError::into_inner) {
            return Ok(rest.clone());
        }
        let mut slot = self.rest.write().unwrap_or_else(PoisonError::into_inner);
        match &*slot {
            Some(rest) => Ok(rest.clone()),
            None => Ok(slot.insert(Arc::new(Rest::new(&self.config)?)).clone()),
        }
    }

    /// Who we are, as `preflight` found out.
    pub(crate) fn us(&self) -> Option<Us> {
        *self.us.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers who we are.
    pub(crate) fn we_are(&self, us: Us) {
        *self.us.write().unwrap_or_else(PoisonError::into_inner) = Some(us);
    }

    /// Who we are, asked for where it is not known yet.
    pub(crate) async fn us_or_ask(&self, rest: &Rest) -> Result<Us, Failure> {
        match self.us() {
            Some(us) => Ok(us),
            None => {
                let us = preflight::who(rest).await.map_err(Failure::before_anything)?.us;
                self.we_are(us);
                Ok(us)
            }
        }
    }
}

#[async_trait]
impl Connector for Discord {
    fn platform(&self) -> Platform {
        PLATFORM
    }

    async fn preflight(&self, rooms: &[NativeId]) -> Result<Preflight, OpenError> {
        self.look_around(rooms).await
    }

    async fn listen(&self, cursor: Option<String>, inbox: &dyn Inbox) -> Result<(), ListenError> {
        self.hear(cursor, inbox).await
    }

    fn translate(&self, raw: &RawEvent) -> Translation {
        translate::event(self.config.network(), raw)
    }

    fn capabilities(&self, room: &RoomKey) -> Capabilities {
        let known = snowflake(&room.room).and_then(|id| self.rooms.get(id));
        capabilities::of_room(known.is_none_or(|room| room.may_webhook), self.config.server.is_some())
    }

    fn permalink(&self, room: &RoomKey, message: &MessageRef) -> Option<String> {
        let guild = self.rooms.get(snowflake(&room.room)?)?.guild;
        Some(format!("{}/channels/{guild}/{}/{}", self.config.web(), room.room, message.id))
    }

    fn render(&self, _: &RoomKey, draft: &Draft) -> Vec<Part> {
        render::parts(draft)
    }

    async fn deliver(&self, attempt: Attempt<'_>) -> Result<Receipt, DeliverError> {
        self.attempt(attempt).await
    }

    async fn locate(&self, _: &RoomKey, _: &MessageRef, _: &str) -> Result<Located, DeliverError> {
        Err(DeliverError::Rejected("its files cannot be fetched".to_owned()))
    }

    fn reaction(&self, _: &RoomKey, _: &Emoji) -> Option<String> {
        None
    }

    async fn find(&self) -> Result<Listing, OpenError> {
        self.list_rooms().await
    }

    fn manages(&self) -> &'static str {
        "whoever has the permission Manage Channels in it"
    }

    async fn may_manage(&self, call: &Call) -> Result<bool, DeliverError> {
        self.asker_manages(call).await
    }

    async fn answer(&self, call: &Call, answer: &Answer) -> Result<(), DeliverError> {
        self.answer_call(call, answer).await
    }
}
