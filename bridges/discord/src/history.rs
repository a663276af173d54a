//! What was said in a room while nobody listened: its channel and its threads after a mark, in one order, as the gateway would have told it.
//!
//! <https://discord.com/developers/docs/resources/message#get-channel-messages>

use crate::connector::{Discord, Us};
use crate::errors::{Failure, no_history};
use crate::guilds;
use crate::ids::{id_before, made_at};
use crate::raw;
use crate::rest::Rest;
use crate::rooms::Room;
use crate::translate::time;
use futures::{StreamExt, TryStreamExt, stream};
use relay_contract::{DeliverError, Mark, Past, RawEvent, RoomKey, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;
use twilight_http::request::Method;
use twilight_model::channel::ChannelType;
use twilight_model::guild::Permissions;
use twilight_model::id::Id;
use twilight_model::id::marker::{ChannelMarker, UserMarker};

/// How long one look may take.
const WITHIN: Duration = Duration::from_secs(60);
/// How many messages Discord tells at once.
const PAGE: u16 = 100;
/// How many messages before the mark are looked at for edits.
const LOOKED_BACK: u16 = 50;
/// In how many threads without anything new edits are looked for.
const QUIET_THREADS: usize = 10;
/// How many pages of archived threads are read: the newest 1,000.
const ARCHIVE_PAGES: usize = 10;
/// How many requests are made at the same time.
const AT_ONCE: usize = 4;
/// How many of the people that one message mentions are looked up.
const MENTIONED: usize = 20;

/// Where a look begins.
#[derive(Debug, Clone, Copy)]
struct Since {
    /// Everything up to this id is known.
    id: u64,
    /// It is that of a message.
    said: bool,
    /// In milliseconds since the epoch.
    at: i64,
}

/// A channel or a thread that is looked at.
#[derive(Debug, Clone, Copy)]
struct Place {
    channel: Id<ChannelMarker>,
    /// For what is new.
    forward: bool,
    /// For edits of what is old.
    back: bool,
}

/// What one place has to tell.
#[derive(Default)]
struct Told {
    /// After the mark, by id.
    new: Vec<(u64, Value)>,
    /// There may be more after it.
    more: bool,
    /// Before the mark, and changed after it.
    edited: Vec<Value>,
    /// Nothing at all stands there, as far as Discord says.
    empty: bool,
}

/// A list of threads.
///
/// <https://discord.com/developers/docs/resources/channel#list-public-archived-threads>
#[derive(Deserialize)]
struct Listed {
    #[serde(default)]
    threads: Vec<Thread>,
    #[serde(default)]
    has_more: bool,
}

/// A thread as it is listed.
#[derive(Deserialize)]
pub struct Thread {
    #[serde(flatten)]
    pub channel: guilds::Channel,
    /// Who opened it.
    #[serde(default)]
    pub owner_id: Option<Id<UserMarker>>,
    #[serde(default)]
    last_message_id: Option<Id<ChannelMarker>>,
}

impl Since {
    fn of(mark: &Mark) -> Result<Self, DeliverError> {
        let Some(id) = &mark.id else {
            return Ok(Self { id: id_before(mark.at.0), said: false, at: mark.at.0 });
        };
        let read =
            id.as_str().parse().map_err(|_| DeliverError::Rejected(format!("`{id}` is no message's id")))?;
        // Discord's clock, whatever ours said.
        Ok(Self { id: read, said: true, at: made_at(id.as_str()).unwrap_or(mark.at.0) })
    }
}

impl Discord {
    /// `history`.
    pub(crate) async fn past(&self, key: &RoomKey, after: &Mark, most: u16) -> Result<Past, DeliverError> {
        let rest = self.rest().map_err(|problem| DeliverError::Unavailable(problem.to_string()))?;
        let late = |_| DeliverError::Unavailable(format!("no history within {} seconds", WITHIN.as_secs()));
        tokio::time::timeout(WITHIN, self.look(&rest, key, after, most)).await.map_err(late)?
    }

    async fn look(&self, rest: &Rest, key: &RoomKey, after: &Mark, most: u16) -> Result<Past, DeliverError> {
        let since = Since::of(after)?;
        let us = self.us_or_ask(rest).await?;
        let (channel, room) = self.room(rest, key).await?;
        if !room.may.contains(Permissions::READ_MESSAGE_HISTORY) {
            return Err(DeliverError::Forbidden(no_history()));
        }
        let itself = Place { channel, forward: true, back: true };
        let mut places: Vec<Place> = (!room.forum).then_some(itself).into_iter().collect();
        if room.thread.is_none() {
            places.extend(self.threads(rest, channel, room, since).await?);
        }
        let most = most.clamp(1, PAGE);
        let told = stream::iter(places).map(|place| ask(rest, place, since, most)).buffered(AT_ONCE);
        let told: Vec<Told> =
            told.try_collect().await.map_err(|failure: Failure| failure.before_anything())?;
        if !room.forum && told.first().is_some_and(|told| told.empty) {
            self.is_readable(key, channel).await?;
        }
        let (new, next) = merged(told.iter().map(|told| (&told.new[..], told.more)), usize::from(most));
        let edited: Vec<Value> = told.iter().flat_map(|told| told.edited.iter().cloned()).collect();
        let events = self.events(rest, us, room, edited, new).await;
        Ok(Past { events, next })
    }

    /// Where the bot may not read what was said, Discord answers that nothing was. What may be done there may have changed since it was
    /// asked last.
    async fn is_readable(&self, key: &RoomKey, channel: Id<ChannelMarker>) -> Result<(), DeliverError> {
        let asked = self.look_around(std::slice::from_ref(&key.room)).await;
        let asked = asked.map_err(|error| DeliverError::Unavailable(error.to_string()))?;
        if let Some((_, Err(problem))) = asked.rooms.into_iter().next() {
            return Err(DeliverError::Forbidden(problem));
        }
        let may =
            self.rooms.get(channel).is_some_and(|it| it.may.contains(Permissions::READ_MESSAGE_HISTORY));
        if may { Ok(()) } else { Err(DeliverError::Forbidden(no_history())) }
    }

    /// The threads of a channel in which something was said since, and the newest of the others.
    async fn threads(
        &self,
        rest: &Rest,
        channel: Id<ChannelMarker>,
        room: Room,
        since: Since,
    ) -> Result<Vec<Place>, Failure> {
        let mut threads = active_threads(rest, room, channel).await?;
        threads.extend(archived(rest, channel, since).await?);
        // One that is linked is a room of its own; one that only some see is no part of the room.
        threads.retain(|it| {
            it.channel.kind != ChannelType::PrivateThread && !self.rooms.is_linked(it.channel.id)
        });
        threads.iter().for_each(|it| self.places.keep(&it.channel));
        threads.sort_by_key(|it| std::cmp::Reverse(it.last_message_id));
        let mut quiet = 0;
        let places = threads.into_iter().map(|it| {
            let forward = it.last_message_id.is_none_or(|last| last.get() > since.id);
            quiet += usize::from(!forward);
            Place { channel: it.channel.id, forward, back: since.said && (forward || quiet <= QUIET_THREADS) }
        });
        Ok(places.filter(|place| place.forward || place.back).collect())
    }

    /// As the gateway would have told it: with the guild, and the names that people have there.
    async fn events(
        &self,
        rest: &Rest,
        us: Us,
        room: Room,
        edited: Vec<Value>,
        new: Vec<Value>,
    ) -> Vec<RawEvent> {
        let guild = room.guild.to_string();
        let wanted: BTreeSet<String> = edited.iter().chain(&new).flat_map(people_in).collect();
        let known = stream::iter(wanted)
            .map(|user| async {
                let person = self.person(rest, &guild, &user).await;
                (user, person.get("member").cloned().unwrap_or_default())
            })
            .buffer_unordered(AT_ONCE);
        let known: HashMap<String, Value> = known.collect().await;
        let mut events = Vec::with_capacity(edited.len() + new.len());
        let edited = edited.into_iter().map(|native| ("MESSAGE_UPDATE", native));
        let new = new.into_iter().map(|native| ("MESSAGE_CREATE", native));
        for (kind, mut native) in edited.chain(new) {
            native["guild_id"] = guild.as_str().into();
            complete(&mut native, &known);
            let version = format!("history:{}", native["id"].as_str().unwrap_or_default());
            let is_edited = edited_at(&native).is_some();
            let told = self.said(rest, &guild, native).await;
            // Whoever knows the message from before, as it was then, hears of the edit all the same.
            if kind == "MESSAGE_CREATE" && is_edited {
                events.push(raw::event(us, &guild, kind, &version, told.clone()));
                events.push(raw::event(us, &guild, "MESSAGE_UPDATE", &version, told));
            } else {
                events.push(raw::event(us, &guild, kind, &version, told));
            }
        }
        events
    }
}

/// The threads of a channel that are not in the archive.
///
/// <https://discord.com/developers/docs/resources/guild#list-active-guild-threads>
pub async fn active_threads(
    rest: &Rest,
    room: Room,
    channel: Id<ChannelMarker>,
) -> Result<Vec<Thread>, Failure> {
    let all: Listed = get(rest, format!("guilds/{}/threads/active", room.guild)).await?;
    Ok(all.threads.into_iter().filter(|it| it.channel.parent_id == Some(channel)).collect())
}

/// Reads something: nothing is unclear about a question.
pub async fn get<T: serde::de::DeserializeOwned>(rest: &Rest, path: String) -> Result<T, Failure> {
    rest.send(Method::Get, path, true, None).await.map_err(Failure::before_anything)
}

/// Public threads that went into the archive since: what was said in the others is older.
async fn archived(rest: &Rest, channel: Id<ChannelMarker>, since: Since) -> Result<Vec<Thread>, Failure> {
    let mut found = Vec::new();
    let mut before = String::new();
    for _ in 0..ARCHIVE_PAGES {
        let path = format!("channels/{channel}/threads/archived/public?limit=100{before}");
        let page: Listed = get(rest, path).await?;
        let at =
            |it: &Thread| it.channel.thread_metadata.as_ref().and_then(|it| it.archive_timestamp.clone());
        let last = page.threads.last().and_then(at);
        let old = time(last.as_deref()).is_none_or(|at| at < since.at);
        found.extend(
            page.threads.into_iter().filter(|it| time(at(it).as_deref()).is_none_or(|at| at >= since.at)),
        );
        match last {
            Some(last) if page.has_more && !old => before = format!("&before={}", last.replace('+', "%2B")),
            _ => break,
        }
    }
    Ok(found)
}

async fn ask(rest: &Rest, place: Place, since: Since, most: u16) -> Result<Told, Failure> {
    let channel = place.channel;
    let mut told = Told::default();
    if place.forward {
        let path = format!("channels/{channel}/messages?after={}&limit={most}", since.id);
        let page: Vec<Value> = get(rest, path).await?;
        told.more = page.len() >= usize::from(most);
        told.new = page.into_iter().filter_map(|it| Some((id_of(&it)?, it))).collect();
        told.new.sort_unstable_by_key(|(id, _)| *id);
    }
    told.empty = told.new.is_empty();
    if place.back && since.said {
        let path =
            format!("channels/{channel}/messages?before={}&limit={LOOKED_BACK}", since.id.saturating_add(1));
        let page: Vec<Value> = get(rest, path).await?;
        told.empty &= page.is_empty();
        // In the mark's own millisecond it may have been before or after: what is known already is recognised.
        told.edited = page.into_iter().filter(|it| edited_at(it).is_some_and(|at| at >= since.at)).collect();
        told.edited.sort_by_key(edited_at);
    }
    Ok(told)
}

fn id_of(native: &Value) -> Option<u64> {
    native.get("id")?.as_str()?.parse().ok()
}

fn edited_at(native: &Value) -> Option<i64> {
    time(native.get("edited_timestamp")?.as_str())
}

/// The pages of several places in one order, as far as all of them are known: at most so many, and where the next look begins.
fn merged<'a>(
    pages: impl Iterator<Item = (&'a [(u64, Value)], bool)>,
    most: usize,
) -> (Vec<Value>, Option<Mark>) {
    let mut all: Vec<&(u64, Value)> = Vec::new();
    let mut known_to = u64::MAX;
    for (page, more) in pages {
        if let Some((last, _)) = page.last().filter(|_| more) {
            known_to = known_to.min(*last);
        }
        all.extend(page);
    }
    all.retain(|(id, _)| *id <= known_to);
    all.sort_unstable_by_key(|(id, _)| *id);
    let more = known_to < u64::MAX || all.len() > most;
    all.truncate(most);
    let next = all.last().filter(|_| more).map(|(id, _)| {
        let id = id.to_string();
        Mark { at: Timestamp(made_at(&id).unwrap_or_default()), id: Some(id.into()) }
    });
    (all.into_iter().map(|(_, native)| native.clone()).collect(), next)
}

/// Who wrote a message and whom it mentions, where it does not say how they appear in the guild.
fn people_in(native: &Value) -> Vec<String> {
    let author =
        native.get("author").filter(|_| native.get("webhook_id").is_none() && native.get("member").is_none());
    let mentions = native.get("mentions").and_then(Value::as_array).into_iter().flatten();
    let mentions = mentions.filter(|it| it.get("member").is_none()).take(MENTIONED);
    author.into_iter().chain(mentions).filter_map(|it| Some(it.get("id")?.as_str()?.to_owned())).collect()
}

/// Puts in how its author and those whom it mentions appear in the guild.
fn complete(native: &mut Value, known: &HashMap<String, Value>) {
    let member =
        |user: &Value| known.get(user.get("id")?.as_str()?).filter(|member| member.is_object()).cloned();
    if native.get("webhook_id").is_none()
        && native.get("member").is_none()
        && let Some(member) = native.get("author").and_then(member)
    {
        native["member"] = member;
    }
    let mentions = native.get_mut("mentions").and_then(Value::as_array_mut).into_iter().flatten();
    for mentioned in mentions.filter(|it| it.get("member").is_none()) {
        if let Some(member) = member(mentioned) {
            mentioned["member"] = member;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn several_places_in_one_order() {
        let page = |ids: &[u64]| ids.iter().map(|id| (*id, json!(id))).collect::<Vec<_>>();
        type Case<'a> = (&'a [(&'a [u64], bool)], usize, &'a [u64], Option<u64>);
        let cases: &[Case] = &[
            (&[], 5, &[], None),
            (&[(&[], false), (&[], false)], 5, &[], None),
            (&[(&[1, 4], false), (&[2, 3], false)], 5, &[1, 2, 3, 4], None),
            // One may have more after its last: what is later elsewhere waits.
            (&[(&[1, 4], true), (&[2, 9], false)], 5, &[1, 2, 4], Some(4)),
            (&[(&[1, 4], true), (&[2, 3], true)], 5, &[1, 2, 3], Some(3)),
            (&[(&[1, 4], false), (&[2, 3], false)], 2, &[1, 2], Some(2)),
            (&[(&[1, 2], false)], 2, &[1, 2], None),
        ];
        for (pages, most, ids, next) in cases {
            let pages: Vec<_> = pages.iter().map(|(ids, more)| (page(ids), *more)).collect();
            let (all, mark) = merged(pages.iter().map(|(page, more)| (&page[..], *more)), *most);
            let all: Vec<u64> = all.iter().filter_map(Value::as_u64).collect();
            let at = mark.and_then(|mark| mark.id?.as_str().parse().ok());
            assert_eq!((&all[..], at), (*ids, *next), "{pages:?}");
        }
    }

    #[test]
    fn people_are_completed_as_the_gateway_names_them() {
        let ada = json!({ "nick": "Countess" });
        let known = HashMap::from([("1".to_owned(), ada.clone()), ("2".to_owned(), Value::Null)]);
        let mut said = json!({ "author": { "id": "1" }, "mentions": [{ "id": "1" }, { "id": "2" }] });
        assert_eq!(people_in(&said), ["1", "1", "2"]);
        complete(&mut said, &known);
        assert_eq!(
            said,
            json!({
                "author": { "id": "1" }, "member": ada, "mentions": [{ "id": "1", "member": ada }, { "id": "2" }],
            })
        );
        let mut by_webhook = json!({ "author": { "id": "1" }, "webhook_id": "1" });
        assert_eq!(people_in(&by_webhook), [""; 0]);
        complete(&mut by_webhook, &known);
        assert_eq!(by_webhook.get("member"), None);
    }
}
