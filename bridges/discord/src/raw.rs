//! Gateway events → raw events with all that `translate` needs to know beside them (C8).

use crate::connector::{Discord, Us};
use crate::ids::snowflake;
use crate::interactions::{Interaction, Kind};
use crate::places::Place;
use crate::rest::Rest;
use crate::shard::Frame;
use relay_contract::{RawEvent, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::Duration;
use twilight_model::id::Id;
use twilight_model::id::marker::ChannelMarker;

/// C8: how long one lookup may take.
const LOOKUP: Duration = Duration::from_secs(2);
/// The message that tells how a poll ended.
const POLL_RESULT: u64 = 46;

/// What `translate` reads beside a native event.
pub type Beside = Map<String, Value>;

/// An event of a guild as it is handed up. `version` is the same when the platform repeats it.
pub fn event(us: Us, guild: &str, kind: &str, version: &str, (native, beside): (Value, Beside)) -> RawEvent {
    let mut relay = json!({
        "user": us.user.to_string(), "application": us.application.to_string(), "names": {},
        "heard": Timestamp::now().0, "version": version,
    });
    if let Some(relay) = relay.as_object_mut() {
        relay.extend(beside);
    }
    RawEvent { space: guild.into(), payload: json!({ "t": kind, "d": native, "relay": relay }), cursor: None }
}

impl Discord {
    /// An event with all that `translate` needs, as one or more. Those that say nothing new of a room only teach names, and are not
    /// handed up.
    pub(crate) async fn raw(&self, rest: &Rest, us: Us, frame: Frame) -> Vec<RawEvent> {
        let read = serde_json::from_str::<Value>(&frame.text);
        let read = read.inspect_err(
            |error| tracing::warn!(kind = frame.kind, %error, "the gateway sent an event that is not JSON"),
        );
        let Some(native) = read.ok().and_then(|mut event| Some(event.get_mut("d")?.take())) else {
            return Vec::new();
        };
        // Direct messages are in no guild, and nobody links them.
        let Some(guild) = guild_of(&frame.kind, &native).map(str::to_owned) else {
            return Vec::new();
        };
        let told = match frame.kind.as_str() {
            kind if kind.starts_with("MESSAGE_REACTION_") => self.reaction(rest, &guild, kind, native).await,
            kind if kind.starts_with("MESSAGE_") => self.message(rest, &guild, native).await,
            "INTERACTION_CREATE" => self.interaction(rest, us, &guild, native).await,
            "TYPING_START" => self.typist(rest, us, native).await,
            "GUILD_MEMBER_ADD" | "GUILD_MEMBER_REMOVE" | "GUILD_MEMBER_UPDATE" => {
                self.member(us, &guild, &frame.kind, native)
            }
            _ => self.of_a_room(us, &guild, &frame.kind, native),
        };
        let position = &frame.position;
        let version = format!("{}:{}", position.info.session, position.sequence);
        let last = told.len().saturating_sub(1);
        let cursor = serde_json::to_string(position).ok();
        let raw = told.into_iter().enumerate().map(|(at, told)| RawEvent {
            cursor: cursor.clone().filter(|_| at == last),
            ..event(us, &guild, &frame.kind, &version, told)
        });
        raw.collect()
    }

    async fn message(&self, rest: &Rest, guild: &str, native: Value) -> Vec<(Value, Beside)> {
        let (native, mut beside) = self.said(rest, guild, native).await;
        if self.pins.unpinned(&native) {
            beside.insert("unpinned".to_owned(), true.into());
        }
        vec![(native, beside)]
    }

    /// A message with all that `translate` needs to know of it, whether it was heard or is found in a history.
    pub(crate) async fn said(&self, rest: &Rest, guild: &str, native: Value) -> (Value, Beside) {
        self.people.learn(guild, &native);
        let (mut beside, channel, _) = self.beside_of(rest, &native).await;
        beside.insert("names".to_owned(), self.names.of_message(rest, guild, &native).await.into());
        if native.get("type").and_then(Value::as_u64) == Some(POLL_RESULT)
            && let Some(poll) = self.ended_poll(rest, channel, &native).await
        {
            beside.insert("poll".to_owned(), poll);
        }
        (native, beside)
    }

    /// The poll whose end a message tells: the message itself names only who won.
    async fn ended_poll(
        &self,
        rest: &Rest,
        channel: Option<Id<ChannelMarker>>,
        native: &Value,
    ) -> Option<Value> {
        let message = native.get("message_reference")?.get("message_id")?.as_str()?;
        let asked = rest.ask::<Value>(rest.client().message(channel?, snowflake(&message.into())?));
        let found = tokio::time::timeout(LOOKUP, asked).await.ok()?.ok()?;
        found.get("poll").cloned()
    }

    async fn reaction(&self, rest: &Rest, guild: &str, kind: &str, native: Value) -> Vec<(Value, Beside)> {
        self.people.learn(guild, &native);
        let (mut beside, channel, place) = self.beside_of(rest, &native).await;
        // Nobody wants them, and each may cost a look-up.
        if !channel.is_some_and(|channel| self.is_linked(channel, &place)) {
            return Vec::new();
        }
        let person = match native.get("user_id").and_then(Value::as_str) {
            Some(user) => self.person(rest, guild, user).await,
            None => Value::Null,
        };
        let cleared = self.people.reacted(kind, &native, &person);
        beside.insert("person".to_owned(), person);
        beside.insert("cleared".to_owned(), cleared.into());
        vec![(native, beside)]
    }

    async fn typist(&self, rest: &Rest, us: Us, native: Value) -> Vec<(Value, Beside)> {
        let ours = native.get("user_id").and_then(Value::as_str) == Some(us.user.to_string().as_str());
        if ours {
            return Vec::new();
        }
        let (beside, channel, place) = self.beside_of(rest, &native).await;
        let linked = channel.is_some_and(|channel| self.is_linked(channel, &place));
        if linked { vec![(native, beside)] } else { Vec::new() }
    }

    /// Somebody came, left or has another name: told for the rooms that all members see. Our own roles are news of the space.
    fn member(&self, us: Us, guild: &str, kind: &str, native: Value) -> Vec<(Value, Beside)> {
        let Some(user) = native.get("user").cloned() else {
            return Vec::new();
        };
        let ours = user.get("id").and_then(Value::as_str) == Some(us.user.to_string().as_str());
        if ours {
            return self.of_a_room(us, guild, kind, native);
        }
        let left = kind == "GUILD_MEMBER_REMOVE";
        let before = self.people.keep(guild, &user, Some(&native).filter(|_| !left));
        let rooms = snowflake(&guild.into()).map(|guild| self.rooms.open_to_all(guild)).unwrap_or_default();
        // Roles and pictures change too.
        if rooms.is_empty() || (kind == "GUILD_MEMBER_UPDATE" && before.is_none()) {
            return Vec::new();
        }
        let rooms: Vec<String> = rooms.iter().map(ToString::to_string).collect();
        let mut beside = Beside::new();
        beside.insert("rooms".to_owned(), rooms.into());
        beside.insert("was".to_owned(), before.into());
        beside.insert("person".to_owned(), json!({ "user": user, "member": { "nick": native.get("nick") } }));
        vec![(json!({}), beside)]
    }

    async fn interaction(&self, rest: &Rest, us: Us, guild: &str, mut native: Value) -> Vec<(Value, Beside)> {
        let Ok(interaction) = Interaction::deserialize(&native) else {
            // Not handed up, as what is set aside is kept, and its token is nobody's business.
            tracing::warn!("the gateway sent an interaction that cannot be read");
            return Vec::new();
        };
        let mut beside = match interaction.kind(&us.application.to_string()) {
            Kind::Command(_) | Kind::Click(_) => self.beside_of_command(rest, &native).await,
            // About a message of a room, also where that stands in a thread.
            Kind::About(..) => self.beside_of(rest, &native).await.0,
            Kind::Typing(..) | Kind::Other(_) => return Vec::new(),
        };
        beside.insert("names".to_owned(), self.names.of_guild(rest, guild).await.into());
        // The answer that a clicked button stands below: nobody asks for its words again.
        native.as_object_mut().and_then(|native| native.remove("message"));
        vec![(native, beside)]
    }

    /// A command in a thread is about the room that the thread belongs to, where that is linked; any other about the place where it was
    /// given, also where Discord does not say in time what that is: it is to be answered.
    async fn beside_of_command(&self, rest: &Rest, native: &Value) -> Beside {
        match self.beside_of(rest, native).await {
            (beside, _, Place::Thread { room, .. }) if self.rooms.is_linked(room) => beside,
            _ => Beside::new(),
        }
    }

    /// An event about a guild or a channel: news of a room, and its new name where it has one.
    fn of_a_room(&self, us: Us, guild: &str, kind: &str, native: Value) -> Vec<(Value, Beside)> {
        let renamed = self.renamed(guild, kind, &native);
        self.learn(kind, &native);
        let mut told = Vec::new();
        if self.facts.heard(us, kind, &native) {
            told.push((self.concerned(&native), Beside::new()));
        }
        if let Some(name) = renamed {
            let mut beside = Beside::new();
            beside.insert("renamed".to_owned(), name.into());
            told.push((self.concerned(&native), beside));
        }
        told
    }

    /// The new name of a linked room.
    fn renamed(&self, guild: &str, kind: &str, native: &Value) -> Option<String> {
        if !matches!(kind, "CHANNEL_UPDATE" | "THREAD_UPDATE") {
            return None;
        }
        let channel = Self::channel_named(native, "id")?;
        let (name, known) = (native.get("name")?.as_str()?, self.names.of_channel(guild, channel)?);
        (self.rooms.is_linked(channel) && name != known).then(|| name.to_owned())
    }

    /// Where an event happened, in the words of `translate`.
    async fn beside_of(&self, rest: &Rest, native: &Value) -> (Beside, Option<Id<ChannelMarker>>, Place) {
        let mut beside = Beside::new();
        let channel = Self::channel_named(native, "channel_id");
        let place = match channel {
            Some(channel) => self.place(rest, channel).await,
            None => Place::Room,
        };
        match &place {
            Place::Room => {}
            Place::Thread { told, .. } => drop(beside.insert("place".to_owned(), told.clone())),
            Place::Unknown => drop(beside.insert("nowhere".to_owned(), true.into())),
        }
        (beside, channel, place)
    }

    /// Of an event about a guild or a channel, what it concerns: the rest may be large, and is asked for anew.
    fn concerned(&self, native: &Value) -> Value {
        let mut kept = Map::new();
        for key in ["id", "guild_id", "unavailable"] {
            if let Some(value) = native.get(key) {
                kept.insert(key.to_owned(), value.clone());
            }
        }
        if let Some(user) = native.get("user").and_then(|user| user.get("id")) {
            kept.insert("user".to_owned(), json!({ "id": user }));
        }
        let channel = Self::channel_named(native, "id");
        if channel.is_some_and(|channel| self.rooms.has_threads_of(channel)) {
            kept.insert("threads".to_owned(), true.into());
        }
        kept.into()
    }

    fn learn(&self, kind: &str, native: &Value) {
        let may_give_rights = matches!(
            kind,
            "GUILD_CREATE"
                | "GUILD_MEMBER_UPDATE"
                | "CHANNEL_UPDATE"
                | "GUILD_ROLE_UPDATE"
                | "GUILD_ROLE_DELETE"
        );
        let guild = guild_of(kind, native).and_then(|id| snowflake(&id.into()));
        if let Some(guild) = guild {
            if may_give_rights {
                self.rooms.may_have_changed(guild);
            }
            if matches!(kind, "GUILD_CREATE" | "GUILD_EMOJIS_UPDATE") {
                self.emojis.learn(guild, native);
            }
            // Without the members intent it is only ourselves.
            for member in native.get("members").and_then(Value::as_array).into_iter().flatten() {
                if let Some(user) = member.get("user") {
                    self.people.keep(&guild.to_string(), user, Some(member));
                }
            }
        }
        self.places.learn(kind, native);
        if kind == "WEBHOOKS_UPDATE" {
            if let Some(channel) = Self::channel_named(native, "channel_id") {
                self.webhooks.forget(channel);
            }
        } else {
            self.names.learn(kind, native);
        }
    }
}

/// The guild that an event belongs to.
fn guild_of<'a>(kind: &str, native: &'a Value) -> Option<&'a str> {
    let of_itself = matches!(kind, "GUILD_CREATE" | "GUILD_UPDATE" | "GUILD_DELETE");
    native.get(if of_itself { "id" } else { "guild_id" })?.as_str()
}
