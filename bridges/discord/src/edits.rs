//! Messages that stand already: changed, deleted, reacted to, pinned.

use crate::connector::Discord;
use crate::emojis::written;
use crate::errors::{Failure, code};
use crate::ids::PostedBy;
use crate::places::awake;
use crate::post::nobody;
use crate::render::{Beside, SUPPRESS_EMBEDS};
use crate::rest::Rest;
use crate::rooms::Room;
use crate::webhooks::Webhook;
use relay_contract::{DeliverError, MessageRef, Part, Receipt};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::json;
use twilight_http::request::Method;
use twilight_model::guild::Permissions;
use twilight_model::id::Id;
use twilight_model::id::marker::{ChannelMarker, MessageMarker};

/// What is read of a message that was changed.
#[derive(Deserialize)]
struct Changed {
    id: Id<MessageMarker>,
}

/// What is read of a message whose files are to be fewer.
#[derive(Deserialize)]
struct WithFiles {
    #[serde(default)]
    attachments: Vec<Attached>,
}

#[derive(Deserialize)]
struct Attached {
    id: String,
}

impl Discord {
    /// Changes a message of ours: its text, and which of its files are left.
    pub(crate) async fn edit(
        &self,
        rest: &Rest,
        channel: Id<ChannelMarker>,
        room: Room,
        target: &MessageRef,
        part: &Part,
    ) -> Result<Receipt, DeliverError> {
        let (message, by) = PostedBy::read(target).ok_or(DeliverError::TargetGone)?;
        let place = by.thread().or(room.thread).unwrap_or(channel);
        let (path, as_bot) = match self.that_posted(rest, room, by).await? {
            Some(webhook) => {
                let path =
                    format!("webhooks/{}/{}/messages/{message}", webhook.id, webhook.token.expose_secret());
                (by.thread().map_or(path.clone(), |thread| format!("{path}?thread_id={thread}")), false)
            }
            None if matches!(by, PostedBy::Webhook(..)) => return Err(DeliverError::TargetGone),
            None => (format!("channels/{place}/messages/{message}"), true),
        };
        let flags = if Beside::of(part).no_preview { SUPPRESS_EMBEDS } else { 0 };
        let mut change = json!({ "content": part.text, "allowed_mentions": nobody(), "flags": flags });
        if part.files != target.files
            && let Some(left) = self.files_left(rest, room, &path, as_bot, target, part).await?
        {
            change["attachments"] = left.iter().map(|id| json!({ "id": id })).collect();
        }
        let send = || rest.send::<Changed>(Method::Patch, path.clone(), as_bot, Some(&change));
        let edited = awake(rest, place, send).await;
        if edited.as_ref().is_err_and(|failure| failure.is(code::UNKNOWN_WEBHOOK)) {
            self.webhooks.forget(room.webhooks_of);
            return Err(DeliverError::TargetGone);
        }
        let edited = if as_bot { edited? } else { self.or_forget(room, edited)? };
        Ok(Receipt::of(by.reference(edited.id).holding(part.files.clone(), target.no_text)))
    }

    /// The ids of the files that stay. None where those that are to go are gone already.
    async fn files_left(
        &self,
        rest: &Rest,
        room: Room,
        path: &str,
        as_bot: bool,
        target: &MessageRef,
        part: &Part,
    ) -> Result<Option<Vec<String>>, DeliverError> {
        let asked: Result<WithFiles, Failure> = rest.send(Method::Get, path.to_owned(), as_bot, None).await;
        let asked = asked.map_err(Failure::before_anything);
        let there = if as_bot { asked? } else { self.or_forget(room, asked)? }.attachments;
        if there.len() != target.files.len() {
            return Ok(None);
        }
        let each = target.files.iter().zip(there);
        let left = each.filter(|(place, _)| part.files.contains(place)).map(|(_, file)| file.id);
        Ok(Some(left.collect()))
    }

    /// Deletes a message: ours, or a person's where the bot may.
    pub(crate) async fn delete(
        &self,
        rest: &Rest,
        channel: Id<ChannelMarker>,
        room: Room,
        target: &MessageRef,
    ) -> Result<Receipt, DeliverError> {
        let (message, by) = PostedBy::read(target).ok_or(DeliverError::TargetGone)?;
        let place = by.thread().or(room.thread).unwrap_or(channel);
        if let Some(webhook) = self.that_posted(rest, room, by).await? {
            let token = webhook.token.expose_secret();
            let deleted = awake(rest, place, || {
                let request = rest.client().delete_webhook_message(webhook.id, token, message);
                rest.tell(match by.thread() {
                    Some(thread) => request.thread_id(thread),
                    None => request,
                })
            });
            self.or_forget(room, deleted.await)?;
            return Ok(Receipt::of(target.clone()));
        }
        // A person's, the bot's own, or one whose webhook is gone: the bot may take it away if it moderates here.
        match awake(rest, place, || rest.tell(rest.client().delete_message(place, message))).await {
            Err(failure) if failure.is(code::MISSING_PERMISSIONS) => {
                self.rooms.without(channel, Permissions::MANAGE_MESSAGES);
                let what = "the bot may delete only what it posted itself; grant it Manage Messages to let it delete others' messages";
                Err(DeliverError::Rejected(what.to_owned()))
            }
            other => Ok(other.map(|()| Receipt::of(target.clone()))?),
        }
    }

    /// Puts the bot's reaction on a message, or takes it away.
    pub(crate) async fn react(
        &self,
        rest: &Rest,
        channel: Id<ChannelMarker>,
        target: &MessageRef,
        emoji: &str,
        on: bool,
    ) -> Result<Receipt, DeliverError> {
        let (message, by) = PostedBy::read(target).ok_or(DeliverError::TargetGone)?;
        let (place, emoji) = (by.thread().unwrap_or(channel), written(emoji));
        let client = rest.client();
        let done = if on {
            awake(rest, place, || rest.tell(client.create_reaction(place, message, &emoji))).await
        } else {
            awake(rest, place, || rest.tell(client.delete_current_user_reaction(place, message, &emoji)))
                .await
        };
        match done {
            Ok(()) => Ok(Receipt::of(target.clone())),
            // It is not there any more.
            Err(failure) if !on && failure.is(code::UNKNOWN_EMOJI) => Ok(Receipt::of(target.clone())),
            Err(failure) => Err(self.without(channel, Permissions::ADD_REACTIONS, failure)),
        }
    }

    /// Pins a message, or unpins it.
    pub(crate) async fn pin(
        &self,
        rest: &Rest,
        channel: Id<ChannelMarker>,
        target: &MessageRef,
        on: bool,
    ) -> Result<Receipt, DeliverError> {
        let (message, by) = PostedBy::read(target).ok_or(DeliverError::TargetGone)?;
        let place = by.thread().unwrap_or(channel);
        let done = if on {
            awake(rest, place, || rest.tell(rest.client().create_pin(place, message))).await
        } else {
            // What Relay does is no news: it is forgotten before Discord tells of it.
            self.pins.forget(target.id.as_str());
            awake(rest, place, || rest.tell(rest.client().delete_pin(place, message))).await
        };
        let needed = Permissions::PIN_MESSAGES | Permissions::MANAGE_MESSAGES;
        done.map(|()| Receipt::of(target.clone())).map_err(|failure| self.without(channel, needed, failure))
    }

    async fn that_posted(
        &self,
        rest: &Rest,
        room: Room,
        by: PostedBy,
    ) -> Result<Option<Webhook>, DeliverError> {
        let PostedBy::Webhook(id, _) = by else {
            return Ok(None);
        };
        let us = self.us_or_ask(rest).await?;
        Ok(self.webhooks.that_posted(rest, us.application, room.webhooks_of, id).await?)
    }
}
