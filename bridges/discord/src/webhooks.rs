//! The webhooks that Relay posts through: one a channel, made when there is none, found again by asking (C18).
//!
//! <https://discord.com/developers/docs/resources/webhook>

use crate::errors::Failure;
use crate::rest::Rest;
use secrecy::SecretString;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use twilight_model::id::Id;
use twilight_model::id::marker::{ApplicationMarker, ChannelMarker, WebhookMarker};

/// The name that people see in a channel's settings.
const NAME: &str = "Relay";

/// A webhook of ours.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Its id.
    pub id: Id<WebhookMarker>,
    /// What lets anybody post through it.
    pub token: SecretString,
}

/// A webhook as Discord lists it. Never formatted: it holds a token.
#[derive(Deserialize)]
struct Listed {
    id: Id<WebhookMarker>,
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    application_id: Option<Id<ApplicationMarker>>,
}

/// Webhooks of ours, by channel, in memory.
#[derive(Debug, Default)]
pub struct Webhooks(RwLock<HashMap<Id<ChannelMarker>, Webhook>>);

impl Webhooks {
    /// The one to post through: known, found, or made.
    pub async fn of_channel(
        &self,
        rest: &Rest,
        us: Id<ApplicationMarker>,
        channel: Id<ChannelMarker>,
    ) -> Result<Webhook, Failure> {
        if let Some(known) = self.known(channel) {
            return Ok(known);
        }
        let webhook = match listed(rest, us, channel).await?.into_iter().next() {
            Some(found) => found,
            None => {
                let made = rest.ask(rest.client().create_webhook(channel, NAME)).await;
                tracing::info!(%channel, ok = made.is_ok(), "made a webhook");
                ours(us, made.map_err(Failure::before_anything)?)
                    .ok_or_else(|| Failure::NotDone("Discord made a webhook without a token".to_owned()))?
            }
        };
        self.keep(channel, webhook.clone());
        Ok(webhook)
    }

    /// The one that once posted a message; `None` when it is gone.
    pub async fn that_posted(
        &self,
        rest: &Rest,
        us: Id<ApplicationMarker>,
        channel: Id<ChannelMarker>,
        id: Id<WebhookMarker>,
    ) -> Result<Option<Webhook>, Failure> {
        if let Some(known) = self.known(channel).filter(|known| known.id == id) {
            return Ok(Some(known));
        }
        let found = listed(rest, us, channel).await?.into_iter().find(|webhook| webhook.id == id);
        if let Some(webhook) = &found
            && self.known(channel).is_none()
        {
            self.keep(channel, webhook.clone());
        }
        Ok(found)
    }

    /// Forgets a channel's webhook: it is gone, or may be.
    pub fn forget(&self, channel: Id<ChannelMarker>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&channel);
    }

    fn known(&self, channel: Id<ChannelMarker>) -> Option<Webhook> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&channel).cloned()
    }

    fn keep(&self, channel: Id<ChannelMarker>, webhook: Webhook) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(channel, webhook);
    }
}

/// Our webhooks in a channel, oldest first, so that every start picks the same.
async fn listed(
    rest: &Rest,
    us: Id<ApplicationMarker>,
    channel: Id<ChannelMarker>,
) -> Result<Vec<Webhook>, Failure> {
    let all: Vec<Listed> =
        rest.ask(rest.client().channel_webhooks(channel)).await.map_err(Failure::before_anything)?;
    let mut ours: Vec<Webhook> = all.into_iter().filter_map(|listed| ours(us, listed)).collect();
    ours.sort_by_key(|webhook| webhook.id);
    Ok(ours)
}

fn ours(us: Id<ApplicationMarker>, listed: Listed) -> Option<Webhook> {
    let token = listed.token.filter(|token| !token.is_empty())?;
    (listed.application_id == Some(us)).then(|| Webhook { id: listed.id, token: token.into() })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_webhooks_of_our_application_with_a_token_are_ours() {
        let us = Id::new(9);
        for (listed, is_ours) in [
            (r#"{"id":"1","token":"t","application_id":"9"}"#, true),
            (r#"{"id":"1","token":"t","application_id":"8"}"#, false),
            (r#"{"id":"1","token":"t"}"#, false),
            (r#"{"id":"1","application_id":"9"}"#, false),
        ] {
            assert_eq!(ours(us, serde_json::from_str(listed).unwrap()).is_some(), is_ours, "{listed}");
        }
        let webhook = Webhook { id: Id::new(1), token: "owl-token".to_owned().into() };
        assert!(!format!("{webhook:?}").contains("owl-token"));
    }
}
