//! The contract's trait, put together from this crate's parts.

use crate::api::Api;
use crate::config::Config;
use crate::known::{Chat, Known};
use crate::own::Own;
use crate::{
    PLATFORM, answers, beside, capabilities, deliver, ids, listen, locate, preflight, render, translate,
    upload,
};
use async_trait::async_trait;
use relay_contract::errors::ListenError;
use relay_contract::{
    Answer, Attempt, Call, Capabilities, Connector, DeliverError, Draft, Emoji, Inbox, Listing, Located,
    MessageRef, NativeId, OpenError, Part, Platform, Preflight, Problem, RawEvent, Receipt, RoomKey, Text,
    Translation,
};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

/// One bot.
pub struct Telegram {
    api: Api,
    /// The bot's user id, which its token begins with, and what preflight finds out. Never locked across an await.
    own: RwLock<Own>,
    known: Known,
}

impl Telegram {
    /// Sends nothing yet.
    pub fn new(config: &Config) -> Result<Self, Problem> {
        let own = RwLock::new(Own { id: config.own_id(), username: None });
        Ok(Self { api: Api::new(config)?, own, known: Known::default() })
    }
}

impl Telegram {
    /// Looks at what is known of a room; nothing special when that is nothing.
    fn chat<T>(&self, room: &RoomKey, look: impl FnOnce(&Chat) -> T) -> T {
        match ids::chat(&room.room) {
            Some(chat) => self.known.chat(chat, look),
            None => look(&Chat::default()),
        }
    }
}

#[async_trait]
impl Connector for Telegram {
    fn platform(&self) -> Platform {
        PLATFORM
    }

    async fn preflight(&self, rooms: &[NativeId]) -> Result<Preflight, OpenError> {
        let (report, own) = preflight::preflight(&self.api, &self.known, rooms).await?;
        *self.own.write().unwrap_or_else(PoisonError::into_inner) = own;
        Ok(report)
    }

    async fn listen(&self, cursor: Option<String>, inbox: &dyn Inbox) -> Result<(), ListenError> {
        listen::listen(&self.api, &self.known, cursor.as_deref(), inbox).await
    }

    fn translate(&self, raw: &RawEvent) -> Translation {
        translate::update(raw, &self.own.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn capabilities(&self, room: &RoomKey) -> Capabilities {
        self.chat(room, |chat| capabilities::of(room, chat))
    }

    fn permalink(&self, room: &RoomKey, message: &MessageRef) -> Option<String> {
        ids::permalink(room, message)
    }

    fn render(&self, _room: &RoomKey, draft: &Draft) -> Vec<Part> {
        render::parts(draft)
    }

    async fn deliver(&self, attempt: Attempt<'_>) -> Result<Receipt, DeliverError> {
        deliver::deliver(&self.api, &self.known, &attempt).await
    }

    async fn locate(&self, _: &RoomKey, _: &MessageRef, source: &str) -> Result<Located, DeliverError> {
        locate::locate(&self.api, source).await
    }

    fn reaction(&self, room: &RoomKey, emoji: &Emoji) -> Option<String> {
        self.chat(room, |chat| chat.reaction(emoji))
    }

    async fn typing(&self, room: &RoomKey, thread: Option<&NativeId>) {
        beside::typing(&self.api, &self.known, &room.room, thread).await;
    }

    /// Files take their time.
    fn deliver_deadline(&self) -> Duration {
        upload::LONGEST + Duration::from_secs(10)
    }

    /// The Bot API has no list of chats: each is told as [`relay_contract::RoomNews::Seen`] when something happens in it.
    async fn find(&self) -> Result<Listing, OpenError> {
        Ok(Listing { rooms: Vec::new(), complete: false })
    }

    fn manages(&self) -> &'static str {
        "an administrator of the group"
    }

    async fn may_manage(&self, call: &Call) -> Result<bool, DeliverError> {
        answers::may_manage(&self.api, call).await
    }

    async fn manages_room(&self, room: &RoomKey, person: &NativeId) -> Result<bool, DeliverError> {
        answers::manages_room(&self.api, room, person).await
    }

    fn may_answer_apart(&self, call: &Call) -> bool {
        answers::may_be_apart(call)
    }

    fn answers_alone(&self, call: &Call) -> bool {
        ids::is_private(&call.room.room)
    }

    fn has_chat_alone(&self) -> bool {
        true
    }

    async fn answer(&self, call: &Call, answer: &Answer) -> Result<(), DeliverError> {
        let render = |body| self.render(&call.room, &Draft { body, ..Draft::default() });
        let parts = |text: &Text| {
            let mut parts = render(text.clone());
            if parts.len() > answers::MOST {
                parts.truncate(answers::MOST - 1);
                parts.extend(render(answers::cut()));
            }
            parts
        };
        answers::answer(&self.api, call, answer, parts).await
    }
}
