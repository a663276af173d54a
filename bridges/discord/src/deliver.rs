//! One part, one attempt: through the channel's webhook under the author's name, or as the bot.

use crate::connector::Discord;
use crate::errors::{Failure, code, no_permission, outage};
use crate::ids::{PostedBy, snowflake};
use crate::rest::Rest;
use crate::rooms::Room;
use crate::webhooks::Webhook;
use crate::{guilds, persona};
use relay_contract::{Attempt, DeliverError, MessageRef, Operation, Part, Persona, Receipt, RoomKey};
use secrecy::ExposeSecret;
use serde::Deserialize;
use std::time::Instant;
use twilight_model::channel::message::AllowedMentions;
use twilight_model::id::Id;
use twilight_model::id::marker::{ChannelMarker, MessageMarker};

/// What is read of a message that was posted.
#[derive(Deserialize)]
struct Posted {
    id: Id<MessageMarker>,
}

/// Nobody is notified, whatever a text says.
fn nobody() -> AllowedMentions {
    AllowedMentions::default()
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
            Operation::Post { part, persona, reply_to, .. } => {
                if room.may_webhook {
                    self.post_by_webhook(rest, channel, room, part, persona).await
                } else if persona.is_some() {
                    // Planned while webhooks were allowed: the bot would show it without the author's name.
                    Err(DeliverError::Forbidden(no_permission("it may not manage webhooks any more")))
                } else {
                    self.look_for_webhooks(rest, channel, room).await;
                    post_by_bot(rest, channel, part, reply_to).await
                }
            }
            Operation::Edit { target, part } => self.edit(rest, channel, room, target, part).await,
            Operation::Delete { target } => self.delete(rest, channel, room, target).await,
            Operation::React { .. } | Operation::Pin { .. } | Operation::Open { .. } => {
                Err(DeliverError::Rejected("this room cannot do that".to_owned()))
            }
        }
    }

    /// What is known of a room; asked for where `preflight` has not seen it.
    async fn room(&self, rest: &Rest, key: &RoomKey) -> Result<(Id<ChannelMarker>, Room), DeliverError> {
        let channel: Id<ChannelMarker> = snowflake(&key.room)
            .ok_or_else(|| DeliverError::Rejected(format!("`{}` is not a channel's id", key.room)))?;
        if let Some(room) = self.rooms.get(channel) {
            return Ok((channel, room));
        }
        let found = guilds::channel(rest, channel).await.map_err(Failure::before_anything)?;
        // Whether webhooks may be used shows itself when one is used.
        let room = found
            .as_room(true)
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
        part: &Part,
        persona: Option<&Persona>,
    ) -> Result<Receipt, DeliverError> {
        let us = self.us_or_ask(rest).await?;
        let webhook = match self.webhooks.of_channel(rest, us.application, room.webhooks_of).await {
            Err(Failure::Refused { status: 403, message, .. }) => {
                self.rooms.without_webhooks(channel);
                return Err(DeliverError::Forbidden(no_permission(&message)));
            }
            other => other?,
        };
        let name = persona.map(persona::name);
        let allowed = nobody();
        let mut request = rest
            .client()
            .execute_webhook(webhook.id, webhook.token.expose_secret())
            .content(&part.text)
            .allowed_mentions(Some(&allowed));
        if let Some(name) = &name {
            request = request.username(name);
        }
        if let Some(avatar) = persona.and_then(persona::avatar) {
            request = request.avatar_url(avatar);
        }
        if let Some(thread) = room.thread {
            request = request.thread_id(thread);
        }
        let posted = rest.ask::<Posted>(request.wait()).await;
        let posted = self.or_forget(room, posted.map_err(or_locked))?;
        Ok(receipt(PostedBy::Webhook(webhook.id, room.thread), posted))
    }

    async fn edit(
        &self,
        rest: &Rest,
        channel: Id<ChannelMarker>,
        room: Room,
        target: &MessageRef,
        part: &Part,
    ) -> Result<Receipt, DeliverError> {
        let allowed = nobody();
        let (message, by) = PostedBy::read(target).ok_or(DeliverError::TargetGone)?;
        let PostedBy::Webhook(_, thread) = by else {
            let request = rest
                .client()
                .update_message(channel, message)
                .content(Some(&part.text))
                .allowed_mentions(Some(&allowed));
            return Ok(receipt(by, rest.ask(request).await?));
        };
        let webhook = self.that_posted(rest, room, by).await?.ok_or(DeliverError::TargetGone)?;
        let mut request = rest
            .client()
            .update_webhook_message(webhook.id, webhook.token.expose_secret(), message)
            .content(Some(&part.text))
            .allowed_mentions(Some(&allowed));
        if let Some(thread) = thread {
            request = request.thread_id(thread);
        }
        let edited = rest.ask::<Posted>(request).await;
        if edited.as_ref().is_err_and(|failure| failure.is(code::UNKNOWN_WEBHOOK)) {
            self.webhooks.forget(room.webhooks_of);
            return Err(DeliverError::TargetGone);
        }
        Ok(receipt(by, self.or_forget(room, edited)?))
    }

    async fn delete(
        &self,
        rest: &Rest,
        channel: Id<ChannelMarker>,
        room: Room,
        target: &MessageRef,
    ) -> Result<Receipt, DeliverError> {
        let (message, by) = PostedBy::read(target).ok_or(DeliverError::TargetGone)?;
        if let PostedBy::Webhook(_, thread) = by {
            if let Some(webhook) = self.that_posted(rest, room, by).await? {
                let token = webhook.token.expose_secret();
                let mut request = rest.client().delete_webhook_message(webhook.id, token, message);
                if let Some(thread) = thread {
                    request = request.thread_id(thread);
                }
                let deleted = rest.tell(request).await;
                self.or_forget(room, deleted)?;
                return Ok(Receipt::of(target.clone()));
            }
            // Its webhook is gone, yet the message stands: the bot may take it away if it moderates here.
            return match rest.tell(rest.client().delete_message(channel, message)).await {
                Err(Failure::Refused { status: 403, .. }) => Err(DeliverError::Rejected(
                    "the webhook that posted it was deleted; grant the bot Manage Messages to let it delete such messages"
                        .to_owned(),
                )),
                other => Ok(other.map(|()| Receipt::of(target.clone()))?),
            };
        }
        rest.tell(rest.client().delete_message(channel, message)).await?;
        Ok(Receipt::of(target.clone()))
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

    /// Forgets the channel's webhook where Discord says that it is gone.
    fn or_forget<T>(&self, room: Room, answer: Result<T, Failure>) -> Result<T, DeliverError> {
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
    part: &Part,
    reply_to: Option<&MessageRef>,
) -> Result<Receipt, DeliverError> {
    let allowed = nobody();
    let mut request =
        rest.client().create_message(channel).content(&part.text).allowed_mentions(Some(&allowed));
    if let Some(answered) = reply_to.and_then(|target| snowflake(&target.id)) {
        // A target that is gone by now does not stop the answer.
        request = request.reply(answered).fail_if_not_exists(false);
    }
    Ok(receipt(PostedBy::Bot, rest.ask(request).await.map_err(or_locked)?))
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

fn receipt(by: PostedBy, posted: Posted) -> Receipt {
    Receipt::of(by.reference(posted.id))
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
