//! What was last heard of guilds, so that only what can matter to a link is told: a channel's name, overwrites and archive, roles'
//! permissions, our own roles, the guild's name, owner and discoverability; and whether a guild has an outage.

use crate::connector::Us;
use crate::guilds::{Channel, Guild, Home, Member, Role};
use crate::ids::snowflake;
use crate::names::{MOST_GUILDS, MOST_NAMES};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use twilight_model::id::Id;
use twilight_model::id::marker::GuildMarker;

/// `=` the guild, `@` ourselves, `&ID` a role, `#ID` a channel or thread → a digest of what matters.
type Digests = HashMap<String, u64>;

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Presence {
    #[default]
    Here,
    /// Has an outage. We have not left it.
    Outage,
    /// We were removed.
    Left,
}

#[derive(Debug, Default)]
struct Known {
    presence: Presence,
    digests: Digests,
}

/// The guilds.
#[derive(Debug, Default)]
pub struct Facts {
    guilds: Mutex<HashMap<Id<GuildMarker>, Known>>,
    /// A room was asked about that Discord did not show: any guild may be its own.
    missed: AtomicBool,
}

impl Facts {
    /// Remembers what was asked just now, so that the gateway's word can be compared with it.
    pub fn asked(&self, home: &Home, channels: &[&Channel]) {
        let mut guilds = self.lock();
        let Some(known) = entry(&mut guilds, home.guild.id) else {
            return;
        };
        keep(&mut known.digests, of_guild(&home.guild));
        keep(&mut known.digests, [("@".to_owned(), of_member(&home.member))]);
        keep(&mut known.digests, channels.iter().map(|channel| of_channel(channel)));
    }

    /// Says whether a room that was asked about was not to be seen.
    pub fn missed_some(&self, missed: bool) {
        self.missed.store(missed, Ordering::Relaxed);
    }

    /// The guild has an outage.
    pub fn has_outage(&self, guild: Id<GuildMarker>) -> bool {
        self.lock().get(&guild).is_some_and(|known| known.presence == Presence::Outage)
    }

    /// Learns from a gateway event about a guild; answers whether something in it can matter to a link.
    pub fn heard(&self, us: Us, kind: &str, native: &Value) -> bool {
        let text = |key: &str| native.get(key).and_then(Value::as_str);
        let of_itself = matches!(kind, "GUILD_CREATE" | "GUILD_UPDATE" | "GUILD_DELETE");
        let guild = text(if of_itself { "id" } else { "guild_id" }).and_then(|id| snowflake(&id.into()));
        let Some(guild) = guild else {
            return false;
        };
        let mut guilds = self.lock();
        let Some(known) = entry(&mut guilds, guild) else {
            // Too many to remember: rather told once too often.
            return true;
        };
        match kind {
            "GUILD_CREATE" => known.created(us, native, self.missed.load(Ordering::Relaxed)),
            // Without the word it is no outage: we were removed.
            "GUILD_DELETE" if native.get("unavailable").and_then(Value::as_bool) == Some(true) => {
                known.presence = Presence::Outage;
                false
            }
            "GUILD_DELETE" => {
                *known = Known { presence: Presence::Left, digests: Digests::new() };
                true
            }
            "GUILD_UPDATE" => known.read(native, |guild: Guild| of_guild(&guild)),
            "GUILD_MEMBER_UPDATE" => {
                let user = native.get("user").and_then(|user| user.get("id")).and_then(Value::as_str);
                user == Some(us.user.to_string().as_str())
                    && known.read(native, |member: Member| vec![("@".to_owned(), of_member(&member))])
            }
            "GUILD_ROLE_CREATE" | "GUILD_ROLE_UPDATE" => {
                let changed =
                    known.read(native.get("role").unwrap_or(&Value::Null), |role: Role| vec![of_role(&role)]);
                // Nobody has a new role yet.
                changed && kind == "GUILD_ROLE_UPDATE"
            }
            "GUILD_ROLE_DELETE" => {
                known.digests.remove(&format!("&{}", text("role_id").unwrap_or_default()));
                true
            }
            "CHANNEL_CREATE" | "CHANNEL_UPDATE" | "THREAD_CREATE" | "THREAD_UPDATE" => {
                let changed = known.read(native, |channel: Channel| vec![of_channel(&channel)]);
                // A thread that is not new is one that we were let into.
                let new = kind == "CHANNEL_CREATE"
                    || native.get("newly_created").and_then(Value::as_bool) == Some(true);
                changed && !new
            }
            "CHANNEL_DELETE" | "THREAD_DELETE" => {
                known.digests.remove(&format!("#{}", text("id").unwrap_or_default()));
                true
            }
            _ => false,
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Id<GuildMarker>, Known>> {
        self.guilds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// A guild that is there: at the begin of a session, after an outage, or because we were let in.
    fn created(&mut self, us: Us, native: &Value, missed: bool) -> bool {
        let was = std::mem::take(&mut self.presence);
        let Ok(guild) = Guild::deserialize(native) else {
            return true;
        };
        let list = |key: &str| native.get(key).and_then(Value::as_array).into_iter().flatten();
        let is_us = |member: &&Value| {
            let id = member.get("user").and_then(|user| user.get("id")).and_then(Value::as_str);
            id == Some(us.user.to_string().as_str())
        };
        let member = list("members").find(is_us).and_then(|member| Member::deserialize(member).ok());
        let channels = list("channels").chain(list("threads"));
        let channels = channels.filter_map(|channel| Channel::deserialize(channel).ok());
        let mut digests = Digests::new();
        keep(&mut digests, of_guild(&guild));
        keep(&mut digests, member.map(|member| ("@".to_owned(), of_member(&member))));
        keep(&mut digests, channels.map(|channel| of_channel(&channel)));
        let before = std::mem::replace(&mut self.digests, digests);
        let differs = before.iter().any(|(key, digest)| self.digests.get(key) != Some(digest));
        // One that we were let into does not say whether it is available.
        let joined = native.get("unavailable").is_none();
        was != Presence::Here || joined || differs || (missed && before.is_empty())
    }

    /// Reads a part of an event; answers whether it differs from what was known. What cannot be read may differ.
    fn read<'a, T: Deserialize<'a>>(
        &mut self,
        native: &'a Value,
        digests: impl FnOnce(T) -> Vec<(String, u64)>,
    ) -> bool {
        let Ok(part) = T::deserialize(native) else {
            return true;
        };
        let digests = digests(part);
        let differs = digests.iter().any(|(key, digest)| self.digests.get(key) != Some(digest));
        keep(&mut self.digests, digests);
        differs
    }
}

fn entry(guilds: &mut HashMap<Id<GuildMarker>, Known>, guild: Id<GuildMarker>) -> Option<&mut Known> {
    (guilds.len() < MOST_GUILDS || guilds.contains_key(&guild)).then(|| guilds.entry(guild).or_default())
}

fn keep(digests: &mut Digests, new: impl IntoIterator<Item = (String, u64)>) {
    for (key, digest) in new {
        if digests.len() < MOST_NAMES || digests.contains_key(&key) {
            digests.insert(key, digest);
        }
    }
}

fn digest(of: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// The guild itself, and its roles.
fn of_guild(guild: &Guild) -> Vec<(String, u64)> {
    let itself = digest(&(&guild.name, guild.owner_id, guild.is_discoverable()));
    let roles = guild.roles.iter().map(of_role);
    std::iter::once(("=".to_owned(), itself)).chain(roles).collect()
}

fn of_role(role: &Role) -> (String, u64) {
    (format!("&{}", role.id), digest(&role.permissions.bits()))
}

fn of_member(member: &Member) -> u64 {
    let mut roles = member.roles.clone();
    roles.sort_unstable();
    digest(&roles)
}

fn of_channel(channel: &Channel) -> (String, u64) {
    let overwrites = channel.permission_overwrites.iter();
    let mut overwrites: Vec<_> = overwrites.map(|it| (it.id, it.allow.bits(), it.deny.bits())).collect();
    overwrites.sort_unstable();
    let thread = channel.thread_metadata.clone().unwrap_or_default();
    (format!("#{}", channel.id), digest(&(&channel.name, overwrites, thread.archived, thread.locked)))
}

#[cfg(test)]
#[path = "facts_tests.rs"]
mod tests;
