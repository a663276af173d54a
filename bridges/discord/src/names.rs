//! Names of guilds, rooms and roles, so that a mention of one can be shown: learnt from the gateway, asked for once where it has not told.

use crate::rest::Rest;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use twilight_model::id::Id;
use twilight_model::id::marker::ChannelMarker;

/// C8: how long one lookup may take.
const LOOKUP: Duration = Duration::from_secs(2);
/// How long a guild is not asked again after its names were asked for.
const ASK_AGAIN: Duration = Duration::from_secs(60);
/// A guild has at most 500 channels, 1,000 active threads and 250 roles.
///
/// <https://support.discord.com/hc/en-us/articles/33694251638295>
pub const MOST_NAMES: usize = 2_500;
/// How many guilds are remembered: more than one unsharded connection can have.
pub const MOST_GUILDS: usize = 2_500;
/// How many mentions of one message are looked up.
const MOST_WANTED: usize = 100;
/// The key of the guild's own name.
pub const ITSELF: &str = "=";

#[derive(Debug, Default)]
struct Guild {
    /// `#ID` of a room, `&ID` of a role, `=` the guild → its name.
    names: HashMap<String, String>,
    asked: Option<Instant>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
    #[serde(default)]
    name: Option<String>,
}

/// The names, by guild.
#[derive(Debug, Default)]
pub struct Names(Mutex<HashMap<String, Guild>>);

impl Names {
    /// Learns from a gateway event about a guild, its rooms and its roles.
    pub fn learn(&self, kind: &str, native: &Value) {
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let Some(guild) = text(
            native,
            if kind.starts_with("GUILD_") && native.get("id").is_some() { "id" } else { "guild_id" },
        ) else {
            return;
        };
        let list =
            |key: &str| native.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        match kind {
            "GUILD_CREATE" => {
                let rooms = list("channels").iter().chain(list("threads")).map(|it| ('#', it));
                let roles = list("roles").iter().map(|it| ('&', it));
                let itself = text(native, "name").map(|name| (ITSELF.to_owned(), name));
                let all = rooms.chain(roles).filter_map(|(sign, it)| named(sign, it));
                self.keep(&guild, itself.into_iter().chain(all));
            }
            "GUILD_UPDATE" => {
                self.keep(&guild, text(native, "name").map(|name| (ITSELF.to_owned(), name)));
            }
            // Without `unavailable` we have left it; otherwise it only has an outage.
            "GUILD_DELETE" if native.get("unavailable").is_none() => {
                self.lock().remove(&guild);
            }
            "CHANNEL_CREATE" | "CHANNEL_UPDATE" | "THREAD_CREATE" | "THREAD_UPDATE" => {
                self.keep(&guild, named('#', native));
            }
            "GUILD_ROLE_CREATE" | "GUILD_ROLE_UPDATE" => {
                self.keep(&guild, native.get("role").and_then(|role| named('&', role)));
            }
            "CHANNEL_DELETE" | "THREAD_DELETE" => self.lose(&guild, '#', text(native, "id")),
            "GUILD_ROLE_DELETE" => self.lose(&guild, '&', text(native, "role_id")),
            _ => {}
        }
    }

    /// The names of all that a message mentions, as far as they are to be had.
    pub async fn of_message(&self, rest: &Rest, guild: &str, native: &Value) -> Map<String, Value> {
        self.told(rest, guild, &wanted(native)).await
    }

    /// The name of a guild, if it is to be had.
    pub async fn of_guild(&self, rest: &Rest, guild: &str) -> Map<String, Value> {
        self.told(rest, guild, &[ITSELF.to_owned()]).await
    }

    /// The name of a room, if it has been told.
    pub fn of_channel(&self, guild: &str, channel: Id<ChannelMarker>) -> Option<String> {
        self.lock().get(guild)?.names.get(&format!("#{channel}")).cloned()
    }

    /// Remembers a room's name that was asked for.
    pub fn keep_channel(&self, guild: &str, channel: Id<ChannelMarker>, name: &str) {
        self.keep(guild, [(format!("#{channel}"), name.to_owned())]);
    }

    async fn told(&self, rest: &Rest, guild: &str, wanted: &[String]) -> Map<String, Value> {
        let (found, missing) = self.known(guild, wanted);
        if missing && self.may_ask(guild) {
            self.ask(rest, guild).await;
            return self.known(guild, wanted).0;
        }
        found
    }

    async fn ask(&self, rest: &Rest, guild: &str) {
        let Some(id) = guild.parse().ok().and_then(Id::new_checked) else {
            return;
        };
        let rooms = rest.ask::<Vec<Named>>(rest.client().guild_channels(id));
        let roles = rest.ask::<Vec<Named>>(rest.client().roles(id));
        let itself = async { Ok(vec![rest.ask::<Named>(rest.client().guild(id)).await?]) };
        let asked = futures::join!(
            tokio::time::timeout(LOOKUP, rooms),
            tokio::time::timeout(LOOKUP, roles),
            tokio::time::timeout(LOOKUP, itself),
        );
        for (sign, answer) in [("#", asked.0), ("&", asked.1), (ITSELF, asked.2)] {
            let key = |id: &str| if sign == ITSELF { ITSELF.to_owned() } else { format!("{sign}{id}") };
            match answer {
                Ok(Ok(list)) => {
                    self.keep(guild, list.into_iter().filter_map(|it| Some((key(&it.id), it.name?))));
                }
                Ok(Err(failure)) => {
                    tracing::debug!(guild, why = failure.words(), "names cannot be looked up")
                }
                Err(_) => tracing::debug!(guild, "names were not told in time"),
            }
        }
    }

    fn known(&self, guild: &str, wanted: &[String]) -> (Map<String, Value>, bool) {
        let guilds = self.lock();
        let names = guilds.get(guild).map(|guild| &guild.names);
        let mut found = Map::new();
        for key in wanted {
            if let Some(name) = names.and_then(|names| names.get(key)) {
                found.insert(key.clone(), name.as_str().into());
            }
        }
        let missing = found.len() < wanted.len();
        (found, missing)
    }

    fn may_ask(&self, guild: &str) -> bool {
        let mut guilds = self.lock();
        if guilds.len() >= MOST_GUILDS && !guilds.contains_key(guild) {
            return false;
        }
        let asked = &mut guilds.entry(guild.to_owned()).or_default().asked;
        let may = asked.is_none_or(|at| at.elapsed() >= ASK_AGAIN);
        if may {
            *asked = Some(Instant::now());
        }
        may
    }

    fn keep(&self, guild: &str, names: impl IntoIterator<Item = (String, String)>) {
        let mut guilds = self.lock();
        if guilds.len() >= MOST_GUILDS && !guilds.contains_key(guild) {
            return;
        }
        let kept = &mut guilds.entry(guild.to_owned()).or_default().names;
        for (key, name) in names {
            if kept.len() < MOST_NAMES || kept.contains_key(&key) {
                kept.insert(key, name);
            }
        }
    }

    fn lose(&self, guild: &str, sign: char, id: Option<String>) {
        if let (Some(id), Some(guild)) = (id, self.lock().get_mut(guild)) {
            guild.names.remove(&format!("{sign}{id}"));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Guild>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn named(sign: char, it: &Value) -> Option<(String, String)> {
    let id = it.get("id")?.as_str()?;
    let name = it.get("name")?.as_str()?;
    Some((format!("{sign}{id}"), name.to_owned()))
}

/// `#ID` and `&ID` of what a message, the one it answers and those it forwards mention.
fn wanted(native: &Value) -> Vec<String> {
    let forwarded = native.get("message_snapshots").and_then(Value::as_array).into_iter().flatten();
    let messages = [Some(native), native.get("referenced_message")]
        .into_iter()
        .flatten()
        .chain(forwarded.filter_map(|it| it.get("message")));
    let mut wanted = Vec::new();
    // Where what is passed on comes from.
    let reference = native.get("message_reference");
    let origin = reference.filter(|it| it.get("type").and_then(Value::as_u64) == Some(1));
    wanted.extend(origin.and_then(|it| it.get("channel_id")?.as_str()).map(|id| format!("#{id}")));
    for text in messages.filter_map(|message| message.get("content")?.as_str()) {
        for (opening, sign) in [("<#", '#'), ("<@&", '&')] {
            for (at, _) in text.match_indices(opening) {
                let rest = &text[at + opening.len()..];
                let id: String = rest.chars().take(21).take_while(char::is_ascii_digit).collect();
                let key = format!("{sign}{id}");
                if !id.is_empty() && rest[id.len()..].starts_with('>') && !wanted.contains(&key) {
                    wanted.push(key);
                }
                if wanted.len() == MOST_WANTED {
                    return wanted;
                }
            }
        }
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_learnt_and_lost() {
        let names = Names::default();
        let known = |key: &str| {
            names.known("1", &[key.to_owned()]).0.get(key).and_then(|n| n.as_str().map(str::to_owned))
        };
        names.learn(
            "GUILD_CREATE",
            &json!({"id": "1", "name": "Night Owls", "channels": [{"id": "2", "name": "general"}],
            "threads": [{"id": "3", "name": "owls"}], "roles": [{"id": "4", "name": "mods"}]}),
        );
        assert_eq!(known(ITSELF).as_deref(), Some("Night Owls"));
        names.learn("GUILD_UPDATE", &json!({"id": "1", "name": "Early Birds"}));
        assert_eq!(known(ITSELF).as_deref(), Some("Early Birds"));
        assert_eq!(known("#2").as_deref(), Some("general"));
        assert_eq!(known("#3").as_deref(), Some("owls"));
        assert_eq!(known("&4").as_deref(), Some("mods"));
        names.learn("CHANNEL_UPDATE", &json!({"id": "2", "guild_id": "1", "name": "lobby"}));
        names.learn("GUILD_ROLE_UPDATE", &json!({"guild_id": "1", "role": {"id": "4", "name": "elders"}}));
        assert_eq!((known("#2").as_deref(), known("&4").as_deref()), (Some("lobby"), Some("elders")));
        names.learn("GUILD_ROLE_DELETE", &json!({"guild_id": "1", "role_id": "4"}));
        names.learn("CHANNEL_DELETE", &json!({"id": "2", "guild_id": "1"}));
        assert_eq!((known("#2"), known("&4")), (None, None));
        names.learn("GUILD_DELETE", &json!({"id": "1", "unavailable": true}));
        assert_eq!(known("#3").as_deref(), Some("owls"));
        names.learn("GUILD_DELETE", &json!({"id": "1"}));
        assert_eq!(known("#3"), None);
    }

    #[test]
    fn only_whole_mentions_are_looked_up() {
        let native =
            json!({"content": "<#1> <@&2> <#x> <#3 <@4> <#1>", "referenced_message": {"content": "<#5>"}});
        assert_eq!(wanted(&native), ["#1", "&2", "#5"]);
    }
}
