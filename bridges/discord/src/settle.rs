//! What became of an attempt that nobody answered: looked for among what was said since by whose it is, where it stands and what it says.
//! Webhooks have no nonce, and what a bot's message bore is not always told.
//!
//! <https://discord.com/developers/docs/resources/message#get-channel-messages>

use crate::connector::{Discord, Us};
use crate::errors::Failure;
use crate::history::{Thread, active_threads, get};
use crate::ids::{PostedBy, id_before, thread_in};
use crate::persona;
use crate::post::{LONGEST_NAME, Post};
use crate::rest::Rest;
use crate::rooms::Room;
use relay_contract::{Attempt, DeliverError, MessageRef, Operation, Part, Receipt, Settled, Timestamp};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use std::time::Duration;
use twilight_model::guild::Permissions;
use twilight_model::id::Id;
use twilight_model::id::marker::{
    ApplicationMarker, ChannelMarker, MessageMarker, UserMarker, WebhookMarker,
};

/// How long one look may take.
const WITHIN: Duration = Duration::from_secs(20);
/// How far Discord's clock may be behind ours, in milliseconds. Older messages that say the same are known to the engine.
const CLOCKS: i64 = 10_000;
/// How many messages Discord tells at once, and how many pages are read.
const PAGE: usize = 100;
const PAGES: usize = 30;
/// How many of a forum's posts are looked into.
const POSTS: usize = 50;

/// A message, as far as it tells whether it is the one.
#[derive(Debug, Deserialize)]
struct Candidate {
    id: Id<MessageMarker>,
    #[serde(default)]
    content: String,
    author: Author,
    #[serde(default)]
    webhook_id: Option<Id<WebhookMarker>>,
    #[serde(default)]
    application_id: Option<Id<ApplicationMarker>>,
    #[serde(default)]
    attachments: Vec<IgnoredAny>,
    #[serde(default)]
    poll: Option<Poll>,
    #[serde(default)]
    nonce: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Author {
    id: Id<UserMarker>,
    #[serde(default)]
    username: String,
}

#[derive(Debug, Deserialize)]
struct Poll {
    question: Question,
}

#[derive(Debug, Deserialize)]
struct Question {
    #[serde(default)]
    text: Option<String>,
}

impl Candidate {
    /// How it was posted, if it is what this attempt would have made in this thread.
    fn is(&self, post: &Post<'_>, us: Us, thread: Option<Id<ChannelMarker>>) -> Option<PostedBy> {
        let by = match self.webhook_id {
            Some(webhook) if self.application_id == Some(us.application) => {
                let named = post.persona.is_none_or(|it| persona::name(it) == self.author.username);
                named.then_some(PostedBy::Webhook(webhook, thread))
            }
            // As the bot only what has no name of its own.
            None if self.author.id == us.user && post.persona.is_none() => Some(PostedBy::User(thread)),
            _ => None,
        }?;
        let asks = self.poll.as_ref().and_then(|poll| poll.question.text.as_deref());
        // Discord keeps no blanks at the ends.
        let says = |kept: &str, sent: &str| kept.trim() == sent.trim();
        let same = says(&self.content, &post.part.text)
            && self.attachments.len() == post.files.len()
            && says(asks.unwrap_or_default(), &post.asks().unwrap_or_default());
        let other =
            self.webhook_id.is_none() && self.nonce.is_some() && self.nonce != post.nonce().map(Value::from);
        (same && !other).then_some(by)
    }
}

impl Discord {
    /// `settle`.
    pub(crate) async fn look_for(
        &self,
        attempt: Attempt<'_>,
        since: Timestamp,
    ) -> Result<Settled, DeliverError> {
        let rest = self.rest().map_err(|problem| DeliverError::Unavailable(problem.to_string()))?;
        let late = |_| DeliverError::Unavailable(format!("not told within {} seconds", WITHIN.as_secs()));
        let looked = tokio::time::timeout(WITHIN, self.settled(&rest, attempt, since));
        looked.await.map_err(late)?
    }

    async fn settled(
        &self,
        rest: &Rest,
        attempt: Attempt<'_>,
        since: Timestamp,
    ) -> Result<Settled, DeliverError> {
        let us = self.us_or_ask(rest).await?;
        let (channel, room) = self.room(rest, attempt.room).await?;
        // Without it Discord says that nothing is there.
        if !room.may.contains(Permissions::READ_MESSAGE_HISTORY) {
            return Ok(Settled::CannotTell);
        }
        let after = id_before(since.0.saturating_sub(CLOCKS));
        if let Operation::Open { root, name } = attempt.operation {
            return self.opened(rest, us, channel, room, root, name, after).await;
        }
        let Some(post) = Post::of(&attempt.operation, room) else {
            return Ok(Settled::CannotTell);
        };
        Ok(posted(rest, us, channel, room, &post, after).await?)
    }

    /// A thread with that name that we opened since, or that hangs from that message.
    #[allow(clippy::too_many_arguments)]
    async fn opened(
        &self,
        rest: &Rest,
        us: Us,
        channel: Id<ChannelMarker>,
        room: Room,
        root: Option<&MessageRef>,
        name: &str,
        after: u64,
    ) -> Result<Settled, DeliverError> {
        let address = |id: String| Receipt::of(MessageRef::plain(id.clone()).within(Some(id.into())));
        if let Some(thread) = root.and_then(|root| root.thread.as_ref()).and_then(thread_in) {
            return Ok(Settled::Found(vec![address(thread.to_string())]));
        }
        let name: String = name.chars().take(LONGEST_NAME).collect();
        if room.forum {
            let part = Part::text(name, Value::Null);
            let post = Post { part: &part, persona: None, reply_to: None, thread: None, files: &[], key: "" };
            return Ok(posted(rest, us, channel, room, &post, after).await?);
        }
        let root = root.map(|root| PostedBy::read(root).ok_or(DeliverError::TargetGone)).transpose()?;
        let mine = |it: &Thread| match root {
            // It has the message's id.
            Some((message, _)) => it.channel.id == message.cast(),
            None => {
                let named = it.channel.name.as_deref().is_some_and(|it| it.trim() == name.trim());
                named && it.channel.id.get() > after && it.owner_id == Some(us.user)
            }
        };
        let threads = active_threads(rest, room, channel).await?;
        let found = threads.iter().filter(|it| mine(it));
        Ok(Settled::Found(found.map(|it| address(it.channel.id.to_string())).collect()))
    }
}

async fn posted(
    rest: &Rest,
    us: Us,
    channel: Id<ChannelMarker>,
    room: Room,
    post: &Post<'_>,
    after: u64,
) -> Result<Settled, Failure> {
    if room.forum && post.thread.is_none() {
        return begun(rest, us, channel, room, post, after).await;
    }
    let place = post.thread.unwrap_or(channel);
    let (mut found, mut after) = (Vec::new(), after);
    for _ in 0..PAGES {
        let path = format!("channels/{place}/messages?after={after}&limit={PAGE}");
        let mut page: Vec<Candidate> = get(rest, path).await?;
        page.sort_unstable_by_key(|it| it.id);
        found.extend(page.iter().filter_map(|it| receipt(it, post, us, room, post.thread)));
        match page.last() {
            Some(last) if page.len() >= PAGE => after = last.id.get(),
            _ => return Ok(Settled::Found(found)),
        }
    }
    // More was said since than can be read.
    Ok(Settled::CannotTell)
}

/// A forum's posts that were begun since: the first message has the thread's id.
async fn begun(
    rest: &Rest,
    us: Us,
    channel: Id<ChannelMarker>,
    room: Room,
    post: &Post<'_>,
    after: u64,
) -> Result<Settled, Failure> {
    let mut threads: Vec<_> =
        active_threads(rest, room, channel).await?.into_iter().map(|it| it.channel.id).collect();
    threads.retain(|id| id.get() > after);
    threads.sort_unstable();
    if threads.len() > POSTS {
        return Ok(Settled::CannotTell);
    }
    let mut found = Vec::new();
    for thread in threads {
        match get::<Candidate>(rest, format!("channels/{thread}/messages/{thread}")).await {
            Ok(first) => found.extend(receipt(&first, post, us, room, Some(thread))),
            // Deleted since.
            Err(Failure::Refused { status: 404, .. }) => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(Settled::Found(found))
}

/// The receipt that `deliver` would have given.
fn receipt(
    candidate: &Candidate,
    post: &Post<'_>,
    us: Us,
    room: Room,
    thread: Option<Id<ChannelMarker>>,
) -> Option<Receipt> {
    let by = match candidate.is(post, us, thread)? {
        PostedBy::User(thread) => PostedBy::User(thread.filter(|_| room.thread.is_none())),
        by => by,
    };
    Some(post.receipt(by, candidate.id))
}
