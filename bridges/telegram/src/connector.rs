//! The contract's trait, put together from this crate's parts.

use crate::api::Api;
use crate::config::Config;
use crate::{PLATFORM, capabilities, deliver, ids, listen, preflight, render, translate};
use async_trait::async_trait;
use relay_contract::errors::ListenError;
use relay_contract::{
    Attempt, Capabilities, Connector, DeliverError, Draft, Inbox, MessageRef, NativeId, OpenError, Part,
    Platform, Preflight, Problem, RawEvent, Receipt, RoomKey, Translation,
};
use std::sync::OnceLock;

/// One bot.
pub struct Telegram {
    api: Api,
    /// The bot's user id, which its token begins with; preflight finds it out where that is not so.
    own: OnceLock<i64>,
}

impl Telegram {
    /// Sends nothing yet.
    pub fn new(config: &Config) -> Result<Self, Problem> {
        let own = OnceLock::new();
        if let Some(id) = config.own_id() {
            own.get_or_init(|| id);
        }
        Ok(Self { api: Api::new(config)?, own })
    }
}

#[async_trait]
impl Connector for Telegram {
    fn platform(&self) -> Platform {
        PLATFORM
    }

    async fn preflight(&self, rooms: &[NativeId]) -> Result<Preflight, OpenError> {
        let report = preflight::preflight(&self.api, rooms).await?;
        if let Some(id) = ids::chat(&report.identity.id) {
            self.own.get_or_init(|| id);
        }
        Ok(report)
    }

    async fn listen(&self, cursor: Option<String>, inbox: &dyn Inbox) -> Result<(), ListenError> {
        listen::listen(&self.api, cursor.as_deref(), inbox).await
    }

    fn translate(&self, raw: &RawEvent) -> Translation {
        translate::update(raw, self.own.get().copied())
    }

    fn capabilities(&self, room: &RoomKey) -> Capabilities {
        capabilities::of(room)
    }

    fn permalink(&self, room: &RoomKey, message: &MessageRef) -> Option<String> {
        ids::permalink(room, message)
    }

    fn render(&self, _room: &RoomKey, draft: &Draft) -> Vec<Part> {
        render::parts(draft.body.clone())
    }

    async fn deliver(&self, attempt: Attempt<'_>) -> Result<Receipt, DeliverError> {
        deliver::deliver(&self.api, &attempt).await
    }
}
