//! `/relay …` as Discord tells it, typed, chosen or clicked: what is asked, by whom, and how it is answered.
//!
//! <https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object>

use crate::buttons;
use crate::connector::Discord;
use crate::errors::Failure;
use crate::ids::{made_at, snowflake};
use crate::native::User;
use crate::registration::NAME;
use crate::render;
use crate::translate::Beside;
use relay_contract::{
    Answer, Ask, Asker, Call, DeliverError, Draft, MessageRef, Part, SpaceRef, Timestamp, Translation,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use twilight_model::channel::message::{AllowedMentions, MessageFlags};
use twilight_model::guild::Permissions;

/// Command types: typed after a slash; chosen in the menu of a message.
///
/// <https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-types>
const TYPED: u64 = 1;
pub const MESSAGE: u64 = 3;
/// An interaction that began with a click on a button.
///
/// <https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-interaction-type>
const CLICK: u64 = 3;
/// How many messages one answer has at most.
const MOST_PARTS: usize = 5;
/// What stands in the last of them where there would be more.
const CUT: &str = "… The rest is too long to be shown here.";
/// How much of an unknown word is kept, in characters.
const LONGEST_WORD: usize = 40;

/// A command that was given, or is being typed. Never formatted: it holds a token.
#[derive(Deserialize)]
pub struct Interaction {
    pub id: String,
    pub token: String,
    application_id: String,
    #[serde(rename = "type")]
    kind: u64,
    #[serde(default, rename = "data")]
    command: Option<Command>,
    #[serde(default)]
    guild_id: Option<String>,
    #[serde(default)]
    channel_id: Option<String>,
    #[serde(default)]
    member: Option<Member>,
    /// The language of their client.
    #[serde(default)]
    locale: Option<String>,
}

#[derive(Deserialize)]
struct Command {
    /// None where a button was clicked.
    #[serde(default)]
    name: String,
    /// 1: typed after a slash; the others are chosen from a menu.
    #[serde(default, rename = "type")]
    kind: u64,
    /// The button that was clicked.
    #[serde(default)]
    custom_id: Option<String>,
    #[serde(default)]
    options: Vec<Given>,
    /// The message in whose menu it was chosen.
    #[serde(default)]
    target_id: Option<String>,
}

/// A part of the command, or an option that was filled in.
#[derive(Deserialize)]
pub struct Given {
    name: String,
    #[serde(default)]
    value: Value,
    #[serde(default)]
    focused: bool,
    #[serde(default)]
    options: Vec<Self>,
}

#[derive(Deserialize)]
struct Member {
    user: User,
    #[serde(default)]
    nick: Option<String>,
    /// What they may do in that channel, overwrites included.
    #[serde(default)]
    permissions: Option<Permissions>,
}

/// What an interaction is.
pub enum Kind<'a> {
    /// `/relay` was given, with this part of it.
    Command(Option<&'a Given>),
    /// One of our commands was chosen in the menu of this message.
    About(Shortcut, &'a str),
    /// One of our buttons was clicked, which stands for these words.
    Click(&'a str),
    /// A channel's name is being typed for this part of it, and begins like this.
    Typing(&'a str, &'a str),
    /// Not for us, with a word why.
    Other(&'static str),
}

/// What can be asked about a message, in its menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortcut {
    /// Who reacted, and with what.
    Who,
    /// Why it looks as it does elsewhere.
    Trace,
    /// Delete it in every room.
    Delete,
}

impl Shortcut {
    /// All of them, in the order of the menu.
    pub const ALL: [Self; 3] = [Self::Who, Self::Trace, Self::Delete];

    /// The words in the menu.
    pub fn name(self) -> &'static str {
        match self {
            Self::Who => "Who reacted",
            Self::Trace => "Trace",
            Self::Delete => "Delete everywhere",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    fn ask(self) -> Ask {
        match self {
            Self::Who => Ask::Who { message: None },
            Self::Trace => Ask::Trace { message: None },
            Self::Delete => Ask::Delete { message: None },
        }
    }
}

/// What is kept with a call.
#[derive(Serialize, Deserialize)]
struct Reply {
    application: String,
    interaction: String,
    token: String,
    may_manage: bool,
}

impl Interaction {
    /// What it is, for an application.
    pub fn kind(&self, application: &str) -> Kind<'_> {
        if self.application_id != application {
            return Kind::Other("another application's command");
        }
        let Some(command) = &self.command else {
            return Kind::Other("not our command");
        };
        if self.kind == CLICK {
            let words = command.custom_id.as_deref().and_then(buttons::words);
            return match words {
                Some(_) if !self.is_in_a_server() => Kind::Other("not in a server"),
                Some(words) => Kind::Click(words),
                None => Kind::Other("not a button of ours"),
            };
        }
        let shortcut = Shortcut::named(&command.name).filter(|_| command.kind == MESSAGE);
        if shortcut.is_none() && (command.name != NAME || command.kind != TYPED) {
            return Kind::Other("not our command");
        }
        if !self.is_in_a_server() {
            return Kind::Other("not in a server");
        }
        let part = command.options.first();
        match self.kind {
            2 if shortcut.is_some() => match shortcut.zip(command.target_id.as_deref()) {
                Some((shortcut, message)) => Kind::About(shortcut, message),
                None => Kind::Other("about no message"),
            },
            2 => Kind::Command(part),
            4 => {
                let options = part.map(|part| part.options.as_slice()).unwrap_or_default();
                let typed = options.iter().find(|option| option.focused).map(|option| &option.value);
                let part = part.map(|part| part.name.as_str()).unwrap_or_default();
                Kind::Typing(part, typed.and_then(Value::as_str).unwrap_or_default())
            }
            _ => Kind::Other("not a command"),
        }
    }

    fn is_in_a_server(&self) -> bool {
        self.guild_id.is_some() && self.channel_id.is_some() && self.member.is_some()
    }

    /// The channel where it was begun.
    pub fn channel(&self) -> Option<&str> {
        self.channel_id.as_deref()
    }

    /// The asker may manage that channel.
    pub fn may_manage(&self) -> bool {
        let right = Permissions::MANAGE_CHANNELS | Permissions::ADMINISTRATOR;
        let has = self.member.as_ref().and_then(|member| member.permissions);
        has.is_some_and(|has| has.intersects(right))
    }
}

/// What an INTERACTION_CREATE means.
pub fn call(network: &str, native: &Value, beside: &Beside) -> Translation {
    let Ok(it) = Interaction::deserialize(native) else {
        // Without the library's words, which may quote what they stumbled over.
        return Translation::Unreadable("INTERACTION_CREATE: not of the documented form".to_owned());
    };
    let ask = match it.kind(&beside.application) {
        Kind::Command(part) => part.map_or(Ask::Help, ask),
        Kind::Click(words) => Ask::parse(words),
        Kind::About(shortcut, message) => {
            let message = MessageRef::plain(message).within(beside.thread_id());
            shortcut.ask().about(Some(message))
        }
        Kind::Typing(..) => return Translation::Ignored("still typing"),
        Kind::Other(why) => return Translation::Ignored(why),
    };
    let may_manage = it.may_manage();
    let (Some(guild), Some(channel), Some(member)) = (it.guild_id, it.channel_id, it.member) else {
        return Translation::Ignored("not in a server");
    };
    let reply =
        Reply { application: it.application_id, interaction: it.id.clone(), token: it.token, may_manage };
    let Ok(reply) = serde_json::to_value(reply) else {
        return Translation::Unreadable("INTERACTION_CREATE: it cannot be kept".to_owned());
    };
    let nick = member.nick.as_deref().filter(|nick| !nick.trim().is_empty());
    Translation::Command(Call {
        room: beside.room(network, &channel),
        space: SpaceRef { name: beside.guild_name().unwrap_or(&guild).to_owned(), id: guild.as_str().into() },
        asker: Asker {
            id: member.user.id.as_str().into(),
            name: nick.unwrap_or_else(|| member.user.shown(None)).to_owned(),
        },
        locale: it.locale,
        ask,
        at: Timestamp(made_at(&it.id).unwrap_or(beside.heard)),
        message: None,
        reply,
    })
}

fn ask(part: &Given) -> Ask {
    let option = |name: &str| part.options.iter().find(|option| option.name == name);
    let text =
        |name: &str| option(name).and_then(|it| it.value.as_str()).unwrap_or_default().trim().to_owned();
    let sure = option("sure").and_then(|it| it.value.as_bool()).unwrap_or_default();
    match part.name.as_str() {
        "help" => Ask::Help,
        "status" => Ask::Status,
        "connect" => Ask::Connect { channel: text("channel"), sure },
        "disconnect" => Ask::Disconnect { channel: Some(text("channel")).filter(|name| !name.is_empty()) },
        "privacy" => Ask::Privacy { to: Some(text("choice")).filter(|choice| !choice.is_empty()) },
        "consent" => Ask::Consent { words: text("change") },
        "forget" => Ask::Forget { sure },
        "export" => Ask::Export,
        "link" => Ask::Link { code: Some(text("code")).filter(|code| !code.is_empty()) },
        "unlink" => Ask::Unlink { all: option("all").and_then(|it| it.value.as_bool()).unwrap_or_default() },
        "name" => Ask::Name { of: Some(text("of")).filter(|of| !of.is_empty()) },
        "approve" => Ask::Approve { code: text("code"), sure },
        "pause" => Ask::parse(&format!("pause {}", text("for"))),
        "resume" => Ask::Resume,
        "mute" => {
            let span = text("for");
            let span = span.strip_prefix("for ").unwrap_or(&span);
            let words = [text("who"), if span.is_empty() { String::new() } else { format!("for {span}") }];
            Ask::Mute { message: None, words: words.join(" ").trim().to_owned() }
        }
        "unmute" => Ask::Unmute { words: text("who") },
        "template" => Ask::Template { words: Some(text("template")).filter(|words| !words.is_empty()) },
        unknown => Ask::Unknown(unknown.chars().take(LONGEST_WORD).collect()),
    }
}

impl Discord {
    /// `may_manage`: as Discord said it with the command.
    pub(crate) async fn asker_manages(&self, call: &Call) -> Result<bool, DeliverError> {
        let reply = Reply::of(call)?;
        self.still_open(&reply).await?;
        Ok(reply.may_manage)
    }

    /// `answer`: into the message that says "is thinking", and further ones to the asker alone.
    pub(crate) async fn answer_call(&self, call: &Call, answer: &Answer) -> Result<(), DeliverError> {
        let reply = Reply::of(call)?;
        let application = snowflake(&reply.application.as_str().into()).ok_or_else(not_ours)?;
        self.still_open(&reply).await?;
        let rest = self.rest().map_err(|problem| DeliverError::Unavailable(problem.to_string()))?;
        let client = rest.client().interaction(application);
        let nobody = AllowedMentions::default();
        let parts = within(render::parts(&Draft { body: answer.text.clone(), ..Draft::default() }));
        let rows = buttons::rows(&answer.offers);
        for (at, part) in parts.iter().enumerate() {
            // The buttons stand below all of it.
            let rows = if at + 1 == parts.len() { rows.as_slice() } else { &[] };
            let told = if at == 0 {
                let request = client.update_response(&reply.token).content(Some(&part.text));
                rest.tell(request.components(Some(rows)).allowed_mentions(Some(&nobody))).await
            } else {
                let request = client.create_followup(&reply.token).content(&part.text).components(rows);
                rest.tell(request.flags(MessageFlags::EPHEMERAL).allowed_mentions(Some(&nobody))).await
            };
            told.map_err(unanswerable)?;
        }
        Ok(())
    }

    async fn still_open(&self, reply: &Reply) -> Result<(), DeliverError> {
        let id = snowflake(&reply.interaction.as_str().into()).ok_or_else(not_ours)?;
        if self.first_answers.is_open(id).await { Ok(()) } else { Err(given_up()) }
    }
}

impl Reply {
    fn of(call: &Call) -> Result<Self, DeliverError> {
        Self::deserialize(&call.reply).map_err(|_| not_ours())
    }
}

fn not_ours() -> DeliverError {
    DeliverError::Rejected("this command was not given on Discord".to_owned())
}

fn given_up() -> DeliverError {
    DeliverError::Rejected("Discord takes no answer to this command any more".to_owned())
}

/// A token of an interaction lasts for 15 minutes; what is said about it says nothing about the bot's.
fn unanswerable(failure: Failure) -> DeliverError {
    match failure {
        Failure::Refused { status: 401 | 404, .. } => given_up(),
        other => other.into(),
    }
}

/// As many parts as an answer may have.
fn within(mut parts: Vec<Part>) -> Vec<Part> {
    if parts.len() > MOST_PARTS {
        parts.truncate(MOST_PARTS);
        if let Some(last) = parts.last_mut() {
            CUT.clone_into(&mut last.text);
        }
    }
    parts
}

#[cfg(test)]
#[path = "interactions_tests.rs"]
mod tests;
