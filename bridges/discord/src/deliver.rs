//! One part, one attempt: through the channel's webhook under the author's name, or as the bot.

use crate::connector::Discord;
use crate::errors::{Failure, code, no_permission, outage};
use crate::guilds::{self, SMALLEST_LIMIT};
use crate::ids::{PostedBy, snowflake, thread_in};
use crate::persona;
use crate::post::{LONGEST_NAME, Post};
use crate::rest::Rest;
use crate::rooms::Room;
use relay_contract::{Attempt, DeliverError, MessageRef, NativeId, Operation, Part, Receipt, RoomKey};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Instant;
use twilight_http::request::Method;
use twilight_model::guild::Permissions;
use twilight_model::id::Id;
use twilight_model::id::marker::{ChannelMarker, MessageMarker};

/// What is read of a message that was posted.
#[derive(Deserialize)]
struct Posted {
    id: Id<MessageMarker>,
    channel_id: Id<ChannelMarker>,
}

/// What is read of a forum's post that was begun.
#[derive(Deserialize)]
struct Begun {
    id: Id<ChannelMarker>,
}

impl Discord {
    /// One attempt.
    pub(crate) async fn attempt(&self, attempt: Attempt<'_>) -> Result<Receipt, DeliverError> {
        let rest = self.rest().map_err(|problem| DeliverError::Unavailable(problem.to_string()))?;
        let (channel, room) = self.room(&rest, attempt.room).await?;
        let done = self.change(&rest, channel, room, attempt.operation).await;
        done.map_err(|error| if self.facts.has_outage(room.guild) { in_outage(error) } else { error })
    }

    async fn change(
        &self,
        rest: &Rest,
        channel: Id<ChannelMarker>,
        room: Room,
        operation: Operation<'_>,
    ) -> Result<Receipt, DeliverError> {
        match operation {
            Operation::Post { persona, .. } => {
                let Some(post) = Post::of(&operation, room) else {
                    return Err(DeliverError::Rejected("there is nothing to post".to_owned()));
                };
                if room.may_webhook {
                    self.post_by_webhook(rest, channel, room, post).await
                } else if persona.is_some() {
                    // Planned while webhooks were allowed: the bot would show it without the author's name.
                    Err(DeliverError::Forbidden(no_permission("it may not manage webhooks any more")))
                } else {
                    self.look_for_webhooks(rest, channel, room).await;
                    post_by_bot(rest, channel, room, post).await
                }
            }
            Operation::Edit { target, part } => self.edit(rest, channel, room, target, part).await,
            Operation::Delete { target } => self.delete(rest, channel, room, target).await,
            Operation::React { target, emoji, on } => self.react(rest, channel, target, emoji, on).await,
            Operation::Pin { target, on } => self.pin(rest, channel, target, on).await,
            Operation::Open { root, name } => self.open_thread(rest, channel, room, root, name).await,
        }
    }

    /// What is known of a room; asked for where `preflight` has not seen it.
    pub(crate) async fn room(
        &self,
        rest: &Rest,
        key: &RoomKey,
    ) -> Result<(Id<ChannelMarker>, Room), DeliverError> {
        let channel: Id<ChannelMarker> = snowflake(&key.room)
            .ok_or_else(|| DeliverError::Rejected(format!("`{}` is not a channel's id", key.room)))?;
        if let Some(room) = self.rooms.get(channel) {
            return Ok((channel, room));
        }
        let found = guilds::channel(rest, channel).await.map_err(Failure::before_anything)?;
        // What may be done there shows itself when it is done.
        let room = found
            .as_room(Permissions::all(), false, SMALLEST_LIMIT)
            .ok_or_else(|| DeliverError::Rejected("that channel is not one of a server".to_owned()))?;
        self.rooms.put(channel, room);
        Ok((channel, room))
    }

    /// Sees, once in a while, if webhooks are allowed again. This post was planned for the bot; the next one need not be.
    async fn look_for_webhooks(&self, rest: &Rest, channel: Id<ChannelMarker>, room: Room) {
        if !self.rooms.is_to_look(channel, Instant::now()) {
            return;
        }
        let Ok(us) = self.us_or_ask(rest).await else {
            return;
        };
        match self.webhooks.of_channel(rest, us.application, room.webhooks_of).await {
            Ok(_) => self.rooms.with_webhooks(channel),
            Err(failure) => tracing::debug!(%channel, why = failure.words(), "still without webhooks"),
        }
    }

    async fn post_by_webhook(
        &self,
        rest: &Rest,
        channel: Id<ChannelMarker>,
        room: Room,
        post: Post<'_>,
    ) -> Result<Receipt, DeliverError> {
        let us = self.us_or_ask(rest).await?;
        let webhook = match self.webhooks.of_channel(rest, us.application, room.webhooks_of).await {
            Err(Failure::Refused { status: 403, message, .. }) => {
                self.rooms.without_webhooks(channel);
                return Err(DeliverError::Forbidden(no_permission(&message)));
            }
            other => other?,
        };
        let mut message = post.message();
        if let Some(persona) = post.persona {
            message["username"] = persona::name(persona).into();
            if let Some(avatar) = persona::avatar(persona) {
                message["avatar_url"] = avatar.into();
            }
        }
        let mut path = format!("webhooks/{}/{}?wait=true", webhook.id, webhook.token.expose_secret());
        match post.thread {
            Some(thread) => path.push_str(&format!("&thread_id={thread}")),
            None if room.forum => message["thread_name"] = post.thread_name().into(),
            None => {}
        }
        let posted = post.sent::<Posted>(rest, path, false, &message).await;
        let posted = self.or_forget(room, posted.map_err(or_locked))?;
        let thread = post.thread.or(room.forum.then_some(posted.channel_id));
        Ok(post.receipt(PostedBy::Webhook(webhook.id, thread), posted.id))
    }

    /// Opens a thread: hanging from a message, or only named. In a forum its name is said in it, as something has to be.
    async fn open_thread(
        &self,
        rest: &Rest,
        channel: Id<ChannelMarker>,
        room: Room,
        root: Option<&MessageRef>,
        name: &str,
    ) -> Result<Receipt, DeliverError> {
        if room.thread.is_some() {
            return Err(DeliverError::Rejected("a thread has no threads of its own".to_owned()));
        }
        let address = |id: String| MessageRef::plain(id.clone()).within(Some(NativeId::from(id)));
        if let Some(thread) = root.and_then(|root| root.thread.as_ref()).and_then(thread_in) {
            // What is said in a thread is answered in it.
            return Ok(Receipt::of(address(thread.to_string())));
        }
        let name: String = name.chars().take(LONGEST_NAME).collect();
        if room.forum {
            let (part, thread) = (Part::text(name, Value::Null), None);
            let post = Post { part: &part, persona: None, reply_to: None, thread, files: &[], key: "" };
            return if room.may_webhook {
                self.post_by_webhook(rest, channel, room, post).await
            } else {
                post_by_bot(rest, channel, room, post).await
            };
        }
        let root = root.map(|root| PostedBy::read(root).ok_or(DeliverError::TargetGone)).transpose()?;
        let (path, body) = match root {
            Some((message, _)) => {
                (format!("channels/{channel}/messages/{message}/threads"), json!({ "name": name }))
            }
            // 11: one that everybody sees who sees the channel.
            None => (format!("channels/{channel}/threads"), json!({ "name": name, "type": 11 })),
        };
        let opened: Result<Begun, Failure> = rest.send(Method::Post, path, true, Some(&body)).await;
        match opened {
            Ok(begun) => Ok(Receipt::of(address(begun.id.to_string()))),
            // Somebody was faster: it has the message's id.
            Err(failure) if failure.is(code::HAS_THREAD) => match root {
                Some((message, _)) => Ok(Receipt::of(address(message.to_string()))),
                None => Err(failure.into()),
            },
            Err(failure) => Err(self.without(channel, Permissions::CREATE_PUBLIC_THREADS, failure)),
        }
    }

    /// What was refused for want of a permission that only this needs: the room goes on without it.
    pub(crate) fn without(
        &self,
        channel: Id<ChannelMarker>,
        permissions: Permissions,
        failure: Failure,
    ) -> DeliverError {
        if failure.is(code::MISSING_PERMISSIONS) {
            self.rooms.without(channel, permissions);
            return DeliverError::Rejected(failure.words());
        }
        failure.into()
    }

    /// `typing`.
    pub(crate) async fn show_typing(&self, room: &RoomKey, thread: Option<&NativeId>) {
        let Ok(rest) = self.rest() else {
            return;
        };
        let channel = thread.and_then(thread_in).or_else(|| snowflake(&room.room));
        if let Some(channel) = channel
            && let Err(failure) = rest.tell(rest.client().create_typing_trigger(channel)).await
        {
            tracing::debug!(%channel, why = failure.words(), "nobody was shown as typing");
        }
    }

    /// Forgets the channel's webhook where Discord says that it is gone.
    pub(crate) fn or_forget<T>(&self, room: Room, answer: Result<T, Failure>) -> Result<T, DeliverError> {
        answer.map_err(|failure| {
            if failure.is(code::UNKNOWN_WEBHOOK) || failure.is(code::INVALID_WEBHOOK_TOKEN) {
                self.webhooks.forget(room.webhooks_of);
            }
            // A webhook's own 401 or 403 says nothing about the bot's token.
            match failure {
                Failure::Refused { status: 401, code, .. } if code != code::INVALID_WEBHOOK_TOKEN => {
                    self.webhooks.forget(room.webhooks_of);
                    DeliverError::Unavailable("the webhook's token was not accepted".to_owned())
                }
                failure => failure.into(),
            }
        })
    }
}

async fn post_by_bot(
    rest: &Rest,
    channel: Id<ChannelMarker>,
    room: Room,
    post: Post<'_>,
) -> Result<Receipt, DeliverError> {
    let mut message = post.message();
    if room.forum && post.thread.is_none() {
        let body = json!({ "name": post.thread_name(), "message": message });
        // A forum's post takes its files beside the message, in the same form.
        let path = format!("channels/{channel}/threads");
        let begun: Begun = post.sent(rest, path, true, &body).await.map_err(or_locked)?;
        return Ok(post.receipt(PostedBy::User(Some(begun.id)), begun.id.cast()));
    }
    let answered = post.reply_to.and_then(PostedBy::read);
    // An answer stands where the answered message does: a thread's root is not in the thread.
    let here = answered.filter(|(_, by)| by.thread().or(room.thread) == post.thread);
    if let Some((answered, _)) = here {
        // A target that is gone by now does not stop the answer.
        message["message_reference"] =
            json!({ "message_id": answered.to_string(), "fail_if_not_exists": false });
    }
    if let Some(nonce) = post.nonce() {
        (message["nonce"], message["enforce_nonce"]) = (nonce.into(), true.into());
    }
    let place = post.thread.unwrap_or(channel);
    let path = format!("channels/{place}/messages");
    let posted: Posted = post.sent(rest, path, true, &message).await.map_err(or_locked)?;
    let thread = post.thread.filter(|_| room.thread.is_none());
    Ok(post.receipt(PostedBy::User(thread), posted.id))
}

/// A post takes a thread out of the archive: where it does not, the thread is locked.
fn or_locked(failure: Failure) -> Failure {
    match failure {
        Failure::Refused { status, code: code::THREAD_ARCHIVED, message } => {
            Failure::Refused { status, code: code::THREAD_LOCKED, message }
        }
        other => other,
    }
}

/// What is refused while a guild has an outage says nothing about what will be allowed afterwards.
fn in_outage(error: DeliverError) -> DeliverError {
    match error {
        DeliverError::Forbidden(_) | DeliverError::TargetGone | DeliverError::Rejected(_) => {
            DeliverError::Unavailable(outage().what)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_contract::Problem;
    use std::time::Duration;

    #[test]
    fn a_post_into_an_archive_that_stays_shut_is_forbidden() {
        let refused = |code| Failure::Refused { status: 400, code, message: "no".to_owned() };
        for (code, forbidden) in [(code::THREAD_ARCHIVED, true), (code::THREAD_LOCKED, true), (50_035, false)]
        {
            let error = DeliverError::from(or_locked(refused(code)));
            assert_eq!(matches!(error, DeliverError::Forbidden(_)), forbidden, "{code}: {error:?}");
        }
    }

    #[test]
    fn nothing_parks_and_nothing_is_buried_in_an_outage() {
        use DeliverError as E;
        let limited = E::RateLimited { retry_after: Duration::ZERO, scope: relay_contract::Scope::Room };
        let problem = || Problem::new("a", "b");
        for (error, later) in [
            (E::Forbidden(problem()), true),
            (E::TargetGone, true),
            (E::Rejected("x".into()), true),
            (E::Unauthorized(problem()), false),
            (E::Unsure("x".into()), false),
            (limited, false),
        ] {
            let told = in_outage(error.clone());
            assert_eq!(matches!(told, E::Unavailable(_)), later, "{error:?}");
            assert!(later || told == error);
        }
    }
}
