//! The connector: what it remembers, and the contract's methods, each in a file of its own.

use crate::config::Config;
use crate::emojis::Emojis;
use crate::errors::Failure;
use crate::facts::Facts;
use crate::first_answers::FirstAnswers;
use crate::ids::{snowflake, thread_in};
use crate::names::Names;
use crate::people::People;
use crate::pins::Pins;
use crate::places::Places;
use crate::position::LastHeard;
use crate::registration::Registration;
use crate::rest::Rest;
use crate::rooms::Rooms;
use crate::webhooks::Webhooks;
use crate::{PLATFORM, capabilities, preflight, render, rights, translate, upload};
use async_trait::async_trait;
use relay_contract::{
    Answer, Attempt, Call, Capabilities, Connector, DeliverError, Draft, Emoji, Inbox, ListenError, Listing,
    Located, Mark, MessageRef, NativeId, OpenError, Part, Past, Pictures, Platform, Preflight, Problem,
    RawEvent, Receipt, RoomKey, Settled, Takes, Timestamp, Translation,
};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use twilight_model::guild::Permissions;
use twilight_model::id::Id;
use twilight_model::id::marker::{ApplicationMarker, UserMarker};

/// Who we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Us {
    /// The bot's user.
    pub user: Id<UserMarker>,
    /// The application that owns the bot and its webhooks.
    pub application: Id<ApplicationMarker>,
    /// Discord tells who joins and leaves: the application was granted the members intent.
    pub members: bool,
}

/// One account on Discord or a compatible server.
pub struct Discord {
    pub(crate) config: Config,
    pub(crate) rooms: Rooms,
    pub(crate) webhooks: Webhooks,
    pub(crate) names: Names,
    pub(crate) places: Places,
    pub(crate) people: People,
    pub(crate) emojis: Emojis,
    pub(crate) pins: Pins,
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
            places: Places::default(),
            people: People::default(),
            emojis: Emojis::default(),
            pins: Pins::default(),
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

    /// Webhook and bot posts are MESSAGE_CREATE like any (<https://discord.com/developers/docs/events/gateway-events#message-create>).
    fn hears_itself(&self) -> bool {
        true
    }

    async fn preflight(&self, rooms: &[NativeId]) -> Result<Preflight, OpenError> {
        self.look_around(rooms).await
    }

    fn linked(&self, rooms: &[NativeId]) {
        self.rooms.set_linked(rooms.iter().filter_map(snowflake).collect());
    }

    async fn listen(&self, cursor: Option<String>, inbox: &dyn Inbox) -> Result<(), ListenError> {
        self.hear(cursor, inbox).await
    }

    fn translate(&self, raw: &RawEvent) -> Translation {
        translate::event(self.config.network(), raw)
    }

    fn capabilities(&self, room: &RoomKey) -> Capabilities {
        let known = snowflake(&room.room).and_then(|id| self.rooms.get(id));
        let members = self.us().is_some_and(|us| us.members);
        capabilities::of_room(known, members)
    }

    /// <https://discord.com/developers/docs/topics/oauth2#bot-authorization-flow>
    fn invitation(&self) -> Option<String> {
        let application = self.us()?.application;
        let (web, permissions) = (self.config.web(), rights::all().bits());
        Some(format!(
            "{web}/oauth2/authorize?client_id={application}&scope=bot+applications.commands&permissions={permissions}"
        ))
    }

    /// Webhooks and posts of the app bear a picture; who it is of, nobody there needs to know.
    fn takes(&self, _: &RoomKey) -> Takes {
        Takes { pictures: Pictures::Address, ids: false }
    }

    fn permalink(&self, room: &RoomKey, message: &MessageRef) -> Option<String> {
        let guild = self.rooms.get(snowflake(&room.room)?)?.guild;
        // A message in a thread is shown there.
        let thread = message.thread.as_ref().and_then(thread_in).map(|thread| thread.to_string());
        let place = thread.unwrap_or_else(|| room.room.to_string());
        Some(format!("{}/channels/{guild}/{place}/{}", self.config.web(), message.id))
    }

    fn render(&self, _: &RoomKey, draft: &Draft) -> Vec<Part> {
        render::parts(draft)
    }

    async fn deliver(&self, attempt: Attempt<'_>) -> Result<Receipt, DeliverError> {
        self.attempt(attempt).await
    }

    async fn settle(&self, attempt: Attempt<'_>, since: Timestamp) -> Result<Settled, DeliverError> {
        self.look_for(attempt, since).await
    }

    fn tells(&self, room: &RoomKey) -> bool {
        let known = snowflake(&room.room).and_then(|id| self.rooms.get(id));
        known.is_some_and(|room| room.may.contains(Permissions::READ_MESSAGE_HISTORY))
    }

    fn keeps_history(&self) -> bool {
        true
    }

    async fn history(&self, room: &RoomKey, after: &Mark, most: u16) -> Result<Past, DeliverError> {
        self.past(room, after, most).await
    }

    async fn locate(&self, _: &RoomKey, _: &MessageRef, source: &str) -> Result<Located, DeliverError> {
        self.locate_file(source).await
    }

    fn reaction(&self, room: &RoomKey, emoji: &Emoji) -> Option<String> {
        let guild = snowflake(&room.room).and_then(|id| self.rooms.get(id)).map(|room| room.guild);
        self.emojis.reaction(guild, emoji)
    }

    /// Threads hang from messages of channels, and not from what is said in a thread: that is answered in the same.
    fn thread_of(&self, _: &RoomKey, root: &MessageRef) -> Option<NativeId> {
        let thread = root.thread.as_ref().and_then(thread_in)?;
        Some(thread.to_string().into())
    }

    async fn typing(&self, room: &RoomKey, thread: Option<&NativeId>) {
        self.show_typing(room, thread).await;
    }

    fn deliver_deadline(&self) -> Duration {
        upload::LONGEST + Duration::from_secs(30)
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

    async fn manages_room(&self, room: &RoomKey, person: &NativeId) -> Result<bool, DeliverError> {
        self.person_manages(room, person).await
    }

    fn answers_alone(&self, _call: &Call) -> bool {
        true
    }

    async fn answer(&self, call: &Call, answer: &Answer) -> Result<(), DeliverError> {
        self.answer_call(call, answer).await
    }
}
