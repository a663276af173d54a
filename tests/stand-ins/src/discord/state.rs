//! Everything a Discord stand-in knows, and the changes that people and bots make to it. One lock, never held across an await.

use super::gateway::session::Sessions;
use super::interactions::Interaction;
use super::mentions::Mentions;
use super::model::{Attachment, Bot, Channel, ChannelKind, Guild, Message, User, Webhook};
use super::permissions::{self, May, Overwrite};
use crate::faults::Faults;
use crate::history::History;
use crate::people::Change;
use crate::world;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::broadcast;

/// Milliseconds from the Unix epoch to the first second of 2015, where snowflakes begin.
const DISCORD_EPOCH: u64 = 1_420_070_400_000;
/// Message flag: the application is thinking.
///
/// <https://discord.com/developers/docs/resources/message#message-object-message-flags>
pub const LOADING: u64 = 1 << 7;

/// What exists and who listens.
pub struct State {
    /// Base URL of the server.
    pub url: String,
    /// By id.
    pub guilds: BTreeMap<u64, Guild>,
    /// By id.
    pub channels: BTreeMap<u64, Channel>,
    /// People, as in the world.
    pub people: Vec<User>,
    /// Bots, as in the world; their place is how the rest of the stand-in names them.
    pub bots: Vec<Bot>,
    /// By id.
    pub webhooks: BTreeMap<u64, Webhook>,
    /// By id: the last of those that people began.
    pub interactions: BTreeMap<u64, Interaction>,
    /// By channel.
    pub history: History<Message>,
    /// Attached files and stickers, by id.
    pub files: BTreeMap<u64, Attachment>,
    /// How often somebody was shown as typing, by channel.
    pub typed: BTreeMap<u64, u64>,
    /// What signs links to files.
    pub secret: String,
    /// Gateway sessions.
    pub sessions: Sessions,
    /// Who watches the rooms.
    pub changes: broadcast::Sender<Change>,
    /// What is armed.
    pub faults: Arc<Faults>,
    last_id: u64,
}

/// Milliseconds since the epoch.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl State {
    /// From a world whose ids are filled in. The error says what in it cannot be.
    pub fn new(world: &world::Platform, url: String, faults: Arc<Faults>) -> Result<Self, String> {
        let id = |text: &str| {
            text.parse::<u64>().ok().filter(|id| *id != 0).ok_or(format!("`{text}` is not a snowflake"))
        };
        let mut state = Self {
            url,
            guilds: BTreeMap::new(),
            channels: BTreeMap::new(),
            people: Vec::new(),
            bots: Vec::new(),
            webhooks: BTreeMap::new(),
            interactions: BTreeMap::new(),
            history: History::default(),
            files: BTreeMap::new(),
            typed: BTreeMap::new(),
            secret: ulid::Ulid::new().to_string(),
            sessions: Sessions::default(),
            changes: broadcast::Sender::new(4_096),
            faults,
            last_id: 0,
        };
        for person in &world.people {
            state.people.push(User {
                id: id(&person.id)?,
                name: person.name.clone(),
                handle: person.handle.clone(),
                bot: false,
                manages: person.manages,
                locale: person.locale.clone(),
            });
        }
        // An owner may do everything; where nobody may manage, it is nobody of this world.
        let owner = state.people.iter().find(|person| person.manages).map_or(1, |person| person.id);
        for space in &world.spaces {
            let guild = Guild {
                id: id(&space.id)?,
                name: space.name.clone(),
                owner,
                unavailable: false,
                absent: Default::default(),
                nicks: Default::default(),
            };
            for (position, room) in space.rooms.iter().enumerate() {
                let channel = Channel {
                    id: id(&room.id)?,
                    guild: guild.id,
                    name: room.name.clone(),
                    private: room.private,
                    position,
                    bots: Default::default(),
                    last_message: None,
                    kind: if room.forum { ChannelKind::Forum } else { ChannelKind::Text },
                    parent: None,
                    owner: 0,
                    archived: false,
                    archived_at: 0,
                    locked: false,
                    last_pin: None,
                };
                state.channels.insert(channel.id, channel);
            }
            state.guilds.insert(guild.id, guild);
        }
        for (place, bot) in world.bots.iter().enumerate() {
            let mut made = Bot {
                id: id(&bot.id)?,
                name: bot.name.clone(),
                token: bot.token.clone(),
                may: May::from_names(bot.may.as_deref()).map_err(|e| format!("bot `{}`: {e}", bot.name))?,
                guilds: Default::default(),
                commands: Default::default(),
            };
            match &bot.rooms {
                None => {
                    made.guilds.extend(state.guilds.keys());
                    for channel in state.channels.values_mut() {
                        channel.bots.insert(place);
                    }
                }
                Some(rooms) => {
                    for room in rooms {
                        let unknown = || format!("bot `{}`: there is no room `{room}`", bot.name);
                        let channel = state.find_channel(room).ok_or_else(unknown)?;
                        made.guilds.insert(channel.guild);
                        let channel = channel.id;
                        state.channels.entry(channel).and_modify(|c| {
                            c.bots.insert(place);
                        });
                    }
                }
            }
            state.bots.push(made);
        }
        Ok(state)
    }

    /// A snowflake of now, larger than all before it.
    ///
    /// <https://discord.com/developers/docs/reference#snowflakes>
    pub fn new_id(&mut self) -> u64 {
        self.last_id = (now().saturating_sub(DISCORD_EPOCH) << 22).max(self.last_id + 1);
        self.last_id
    }

    /// By id, or by name with or without `#`.
    pub fn find_channel(&self, room: &str) -> Option<&Channel> {
        let by_id = room.parse().ok().and_then(|id: u64| self.channels.get(&id));
        let name = room.strip_prefix('#').unwrap_or(room);
        let named = |channel: &&Channel| channel.name == name;
        by_id
            .or_else(|| self.channels.values().filter(|channel| channel.parent.is_none()).find(named))
            .or_else(|| self.channels.values().find(named))
    }

    /// A person or a bot.
    pub fn user(&self, id: u64) -> Option<User> {
        let person = self.people.iter().find(|person| person.id == id).cloned();
        person.or_else(|| self.bots.iter().find(|bot| bot.id == id).map(Bot::user))
    }

    /// Who is in a guild: all people, and the bots that were let in.
    pub fn members(&self, guild: &Guild) -> Vec<User> {
        let bots = self.bots.iter().filter(|bot| bot.guilds.contains(&guild.id)).map(Bot::user);
        let people = self.people.iter().filter(|person| !guild.absent.contains(&person.id));
        people.cloned().chain(bots).collect()
    }

    /// The channels of a guild that are no threads.
    pub fn top_channels(&self, guild: u64) -> impl Iterator<Item = &Channel> {
        self.channels.values().filter(move |channel| channel.guild == guild && channel.parent.is_none())
    }

    /// The name that a guild's members see.
    pub fn shown(&self, guild: u64, user: &User) -> String {
        let nick = self.guilds.get(&guild).and_then(|guild| guild.nicks.get(&user.id));
        nick.unwrap_or(&user.name).clone()
    }

    /// The channel whose settings hold in a channel: a thread has those of the channel that it is in.
    pub fn governing<'a>(&'a self, channel: &'a Channel) -> &'a Channel {
        channel.parent.and_then(|parent| self.channels.get(&parent)).unwrap_or(channel)
    }

    /// A member's roles, without `@everyone`.
    pub fn roles_of(&self, guild: &Guild, user: &User) -> Vec<u64> {
        match self.bots.iter().position(|bot| bot.id == user.id) {
            Some(place) => vec![guild.bot_role(place)],
            None if user.manages => vec![guild.people_role(), guild.managers_role()],
            None => vec![guild.people_role()],
        }
    }

    /// A channel's overwrites: a private one is hidden from `@everyone` and shown to its members; a public one is hidden
    /// from the bots that are not in it, or may see nothing.
    pub fn overwrites(&self, channel: &Channel) -> Vec<Overwrite> {
        let channel = self.governing(channel);
        let view = permissions::VIEW_CHANNEL;
        let mut overwrites = Vec::new();
        let Some(guild) = self.guilds.get(&channel.guild) else {
            return overwrites;
        };
        if channel.private {
            overwrites.push(Overwrite { role: guild.id, deny: view, allow: 0 });
            overwrites.push(Overwrite { role: guild.people_role(), deny: 0, allow: view });
        }
        for (place, bot) in self.bots.iter().enumerate() {
            let role = guild.bot_role(place);
            if !channel.bots.contains(&place) || bot.may.permissions & view == 0 {
                overwrites.push(Overwrite { role, deny: view, allow: 0 });
            } else if channel.private {
                overwrites.push(Overwrite { role, deny: 0, allow: view });
            }
        }
        overwrites
    }

    /// What a bot may do in a channel; nothing when it is not in the guild.
    pub fn bot_permissions(&self, place: usize, channel: &Channel) -> u64 {
        let (Some(bot), Some(guild)) = (self.bots.get(place), self.guilds.get(&channel.guild)) else {
            return 0;
        };
        if !bot.guilds.contains(&guild.id) {
            return 0;
        }
        let overwrites = self.overwrites(channel);
        let base = permissions::of_everyone() | bot.may.permissions;
        permissions::in_channel(base, guild.id, &[guild.bot_role(place)], &overwrites)
    }

    /// What a person may do in a channel.
    pub fn person_permissions(&self, person: &User, channel: &Channel) -> u64 {
        let Some(guild) = self.guilds.get(&channel.guild) else {
            return 0;
        };
        if guild.owner == person.id {
            return permissions::all();
        }
        let managing = if person.manages { permissions::MANAGE_CHANNELS } else { 0 };
        let base = permissions::of_everyone() | permissions::of_people() | managing;
        permissions::in_channel(base, guild.id, &self.roles_of(guild, person), &self.overwrites(channel))
    }

    /// A message that has not been deleted, and that everybody sees.
    pub fn live_message(&self, channel: u64, id: u64) -> Option<&Message> {
        let message = self.history.get(&channel.to_string(), &id.to_string());
        message.filter(|message| !message.deleted && message.only_for.is_none())
    }

    /// Whom a message by a bot or a webhook really pings: only who is in the guild; `@everyone` and roles only with the right.
    pub fn pingable(&self, guild: u64, mut pings: Mentions, may_ping_all: bool) -> Mentions {
        let Some(guild) = self.guilds.get(&guild) else {
            return Mentions::default();
        };
        let members = self.members(guild);
        pings.users.retain(|id| members.iter().any(|member| member.id == *id));
        if !may_ping_all {
            (pings.everyone, pings.here) = (false, false);
            pings.roles.clear();
        }
        pings
    }
}
