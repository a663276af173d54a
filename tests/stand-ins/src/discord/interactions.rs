//! Application commands that people give or are still typing, as their client sends them to the application.
//!
//! <https://discord.com/developers/docs/interactions/receiving-and-responding>

use super::model::User;
use super::state::{State, now};
use super::{payload, seen, typed};
use crate::people::Refused;
use serde_json::{Value, json};

/// How long an application has for its first answer, in milliseconds.
const FIRST_ANSWER: u64 = 3_000;
/// How long the token of an interaction is worth something, in milliseconds.
const TOKEN_LASTS: u64 = 15 * 60 * 1_000;
/// How many are remembered.
const KEPT: usize = 1_000;

/// What somebody began with an application.
#[derive(Debug, Clone)]
pub struct Interaction {
    /// Its id.
    pub id: u64,
    /// What the application answers with.
    pub token: String,
    /// The application's bot, by its place in the world.
    pub bot: usize,
    /// Where.
    pub channel: u64,
    /// That channel's guild.
    pub guild: u64,
    /// Who.
    pub person: u64,
    /// They are still typing, and wait for proposals.
    pub completing: bool,
    /// They have clicked on a button below this message.
    pub below: Option<u64>,
    /// The id that its first answer has, or will have.
    pub original: u64,
    /// Has its first answer.
    pub answered: bool,
    /// Milliseconds since the epoch.
    pub at: u64,
}

impl Interaction {
    /// The first answer comes in time.
    pub fn waits(&self) -> bool {
        now().saturating_sub(self.at) <= FIRST_ANSWER
    }

    /// Its type.
    pub fn kind(&self) -> u64 {
        match (self.completing, self.below) {
            (true, _) => 4,
            (false, Some(_)) => 3,
            (false, None) => 2,
        }
    }

    /// The token is still worth something.
    pub fn lives(&self) -> bool {
        now().saturating_sub(self.at) <= TOKEN_LASTS
    }
}

/// A command of an application in the guild.
struct Found {
    bot: usize,
    command: Value,
}

impl State {
    /// Gives a command, or asks for proposals where the text ends in a tab. Answers the id of the message that the answer will be.
    pub fn command(
        &mut self,
        person: &User,
        channel: u64,
        guild: u64,
        text: &str,
    ) -> Result<String, Refused> {
        let impossible = |what: String| Refused::Impossible(what);
        if self.guilds.get(&guild).is_some_and(|guild| guild.unavailable) {
            return Err(impossible("the guild has an outage".into()));
        }
        if let Some(chosen) = text.strip_prefix("shortcut:") {
            return self.choose(person, channel, guild, chosen);
        }
        let words = text.strip_prefix('/').ok_or_else(|| impossible("a command begins with `/`".into()))?;
        let completing = words.ends_with('\t');
        let (name, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
        let found = self
            .registered(guild, name, 1)
            .ok_or_else(|| impossible(format!("no application here has the command `/{name}`")))?;
        self.may_use(person, channel, &found)?;
        let options =
            typed::options(&found.command["options"], rest.trim(), completing).map_err(impossible)?;
        let mut asked = json!({ "id": found.command["id"], "name": found.command["name"], "type": 1 });
        if !options.is_empty() {
            asked["options"] = options.into();
        }
        Ok(self.begin(person, found.bot, (channel, guild), (completing, None), &asked))
    }

    /// Chooses a command from a message's menu: its name, a space, the message's id.
    fn choose(&mut self, person: &User, channel: u64, guild: u64, chosen: &str) -> Result<String, Refused> {
        let (name, id) = chosen.rsplit_once(' ').unwrap_or((chosen, ""));
        let unknown = || Refused::Unknown("message", id.to_owned());
        let place = id.parse().ok().and_then(|id| Some((self.place_of(channel, id)?, id)));
        let (place, message) = place.ok_or_else(unknown)?;
        let message = self.live_message(place, message).ok_or_else(unknown)?;
        let found = self.registered(guild, name, 3);
        let found = found.ok_or_else(|| Refused::Unknown("command", name.to_owned()))?;
        let asked = json!({
            "id": found.command["id"], "name": found.command["name"], "type": 3, "target_id": id,
            "resolved": { "messages": { id: payload::message(self, message) } },
        });
        self.may_use(person, place, &found)?;
        Ok(self.begin(person, found.bot, (place, guild), (false, None), &asked))
    }

    /// Clicks on the button with this label below a message that the person sees.
    pub fn click(
        &mut self,
        person: &User,
        channel: u64,
        guild: u64,
        (message, label): (&str, &str),
    ) -> Result<String, Refused> {
        let unknown = || Refused::Unknown("message", message.to_owned());
        let id: u64 = message.parse().map_err(|_| unknown())?;
        let found = self.all_messages(channel).into_iter().find(|it| it.id == id);
        let found = found.filter(|it| !it.deleted && it.only_for.is_none_or(|only| only == person.id));
        let found = found.ok_or_else(unknown)?;
        let place = found.channel;
        let button = seen::buttons(&found.draft.components).into_iter().find(|it| it.label == label);
        let button = button.ok_or_else(|| Refused::Unknown("button", label.to_owned()))?;
        let bot = self.bots.iter().position(|bot| bot.id == found.author.id());
        let bot = bot.ok_or_else(|| Refused::Impossible("its application is not there".into()))?;
        let asked = json!({ "id": 2, "component_type": 2, "custom_id": button.data });
        Ok(self.begin(person, bot, (place, guild), (false, Some(id)), &asked))
    }

    /// Tells the application, and remembers that it has not answered yet.
    fn begin(
        &mut self,
        person: &User,
        bot: usize,
        (channel, guild): (u64, u64),
        (completing, below): (bool, Option<u64>),
        asked: &Value,
    ) -> String {
        let interaction = Interaction {
            id: self.new_id(),
            token: format!("aW50ZXJhY3Rpb246{}{}", ulid::Ulid::new(), ulid::Ulid::new()),
            bot,
            channel,
            guild,
            person: person.id,
            completing,
            below,
            original: self.new_id(),
            answered: false,
            at: now(),
        };
        let body = self.told_to_application(person, &interaction, asked);
        for session in self.sessions.of_bot(interaction.bot) {
            self.sessions.push(&session, "INTERACTION_CREATE", &body);
        }
        while self.interactions.len() >= KEPT {
            self.interactions.pop_first();
        }
        let original = interaction.original.to_string();
        self.interactions.insert(interaction.id, interaction);
        original
    }

    /// The command of that name that a client offers in a guild: the guild's own before a global one.
    fn registered(&self, guild: u64, name: &str, kind: u64) -> Option<Found> {
        let here = self.bots.iter().enumerate().filter(|(_, bot)| bot.guilds.contains(&guild));
        here.flat_map(|(place, bot)| [(place, bot, Some(guild)), (place, bot, None)]).find_map(
            |(place, bot, scope)| {
                let is_it = |command: &&Value| command["name"] == name && command["type"] == kind;
                let command = bot.commands.get(&scope)?.iter().find(is_it)?.clone();
                Some(Found { bot: place, command })
            },
        )
    }

    /// The client offers a command only to those who have what it wants.
    fn may_use(&self, person: &User, channel: u64, found: &Found) -> Result<(), Refused> {
        let wants = found.command["default_member_permissions"].as_str();
        let wants: Option<u64> = wants.and_then(|bits| bits.parse().ok());
        let has = self.channels.get(&channel).map_or(0, |channel| self.person_permissions(person, channel));
        match wants {
            Some(wants) if has & wants != wants || wants == 0 => {
                Err(Refused::Impossible(format!("the command is not offered to {}", person.name)))
            }
            _ => Ok(()),
        }
    }

    /// The interaction object.
    fn told_to_application(&self, person: &User, of: &Interaction, asked: &Value) -> Value {
        let guild = of.guild.to_string();
        let channel = self.channels.get(&of.channel);
        let mut member = self
            .guilds
            .get(&of.guild)
            .map_or_else(|| json!({}), |guild| payload::member(self, guild, person));
        let permissions = channel.map_or(0, |channel| self.person_permissions(person, channel));
        member["permissions"] = permissions.to_string().into();
        let locale = if person.locale.is_empty() { "en-US" } else { &person.locale };
        let ours = channel.map_or(0, |channel| self.bot_permissions(of.bot, channel));
        let mut told = json!({
            "id": of.id.to_string(), "application_id": self.bots.get(of.bot).map_or(0, |bot| bot.id).to_string(),
            "type": of.kind(), "data": asked, "token": of.token, "version": 1,
            "guild_id": guild, "guild": { "id": guild, "locale": "en-US", "features": [] },
            "channel_id": of.channel.to_string(),
            "channel": channel.map(|channel| payload::channel(self, channel)),
            "member": member, "app_permissions": ours.to_string(), "locale": locale, "guild_locale": "en-US",
            "entitlements": [], "authorizing_integration_owners": { "0": guild }, "context": 0,
            "attachment_size_limit": 10 << 20,
        });
        let below = of.below.and_then(|id| self.history.get(&of.channel.to_string(), &id.to_string()));
        if let Some(below) = below {
            told["message"] = payload::message(self, below);
        }
        told
    }

    /// The interaction that an application may still answer with this token.
    pub fn interaction_with_token(&self, application: u64, token: &str) -> Option<&Interaction> {
        let is_it = |it: &&Interaction| it.token == token && it.lives();
        let found = self.interactions.values().find(is_it)?;
        self.bots.get(found.bot).filter(|bot| bot.id == application).map(|_| found)
    }
}
