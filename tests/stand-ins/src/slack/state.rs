//! Who exists, who is where, what was said: everything behind one short lock.

use super::commands::Grants;
use super::events::Queue;
use super::files::{Attached, Files};
use super::mrkdwn::Names;
use crate::acknowledged::Acknowledged;
use crate::history::History;
use crate::people::Refused;
use crate::world;
use serde_json::Value;
use std::collections::HashSet;
use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

/// What an app may do when the world does not say: everything but posting into channels that it is not in.
const ALL: [&str; 17] = [
    "channels:history",
    "channels:join",
    "channels:read",
    "chat:write",
    "chat:write.customize",
    "commands",
    "emoji:read",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "pins:read",
    "pins:write",
    "reactions:read",
    "reactions:write",
    "team:read",
    "users:read",
];

/// A person.
#[derive(Debug, Clone)]
pub struct Person {
    /// `U…`.
    pub id: String,
    /// What others see.
    pub name: String,
    /// Without `@`.
    pub handle: String,
    /// `xoxc-…`: the person's own client; empty where there is none.
    pub token: String,
    /// Is an admin of the workspace.
    pub admin: bool,
    /// The language of their client.
    pub locale: String,
}

/// An app and its bot user.
#[derive(Debug)]
pub struct App {
    /// `A…`.
    pub id: String,
    /// `B…`.
    pub bot_id: String,
    /// `U…`: the bot's user.
    pub user: Person,
    /// `xoxb-…`.
    pub token: String,
    /// `xapp-…`; empty where Socket Mode is off.
    pub app_token: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Ids of the channels it is in.
    pub rooms: HashSet<String>,
    /// What it has not acknowledged.
    pub queue: Queue,
}

impl App {
    /// Has it been granted this scope?
    pub fn may(&self, scope: &str) -> bool {
        self.scopes.iter().any(|s| s == scope)
    }
}

/// A channel.
#[derive(Debug, Clone)]
pub struct Room {
    /// `C…`.
    pub id: String,
    /// Without `#`.
    pub name: String,
    /// Only its members know of it.
    pub private: bool,
    /// Nobody can write there any more.
    pub archived: bool,
    /// Ids of the people who have left: everybody else is in it.
    pub absent: HashSet<String>,
}

/// Who said something.
#[derive(Debug, Clone, PartialEq)]
pub enum Author {
    /// By user id.
    Person(String),
    /// By place in the list of apps.
    App(usize),
}

/// What an app adds to a message.
#[derive(Debug, Clone, Default)]
pub struct Custom {
    /// The name shown instead of the app's.
    pub username: Option<String>,
    /// The picture shown instead of the app's.
    pub icon_url: Option<String>,
    /// The emoji shown instead of a picture.
    pub icon_emoji: Option<String>,
    /// Blocks as sent; none where they follow from the text.
    pub blocks: Option<Value>,
    /// Attachments as sent.
    pub attachments: Option<Value>,
    /// Metadata as sent.
    pub metadata: Option<Value>,
}

/// A message.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its id within the channel, and its time.
    pub ts: String,
    /// Who.
    pub author: Author,
    /// mrkdwn.
    pub text: String,
    /// What an app added.
    pub custom: Custom,
    /// The first message of its thread, also in that first message once it has replies.
    pub thread: Option<String>,
    /// A reply that is shown in the channel as well.
    pub broadcast: bool,
    /// How many live replies it has.
    pub replies: u32,
    /// The newest of them.
    pub latest_reply: Option<String>,
    /// The id the client gave it; people only.
    pub client_id: Option<String>,
    /// Attached files.
    pub files: Vec<Attached>,
    /// Names of reactions, each with the ids of those who reacted, in the order of their first use.
    pub reactions: Vec<(String, Vec<String>)>,
    /// It is pinned.
    pub pinned: bool,
    /// The only person who sees it. Such a message is in no history, and nobody is told of it.
    pub only_for: Option<String>,
    /// Who changed it last, and when (a `ts`). Not set by an app that updates its blocks.
    pub edited: Option<(String, String)>,
    /// How often it was changed.
    pub edits: u32,
    /// Kept for those who look back.
    pub deleted: bool,
    /// Milliseconds since the epoch.
    pub at: u64,
}

/// Everything.
#[derive(Debug)]
pub struct State {
    /// Base URL of this server.
    pub url: String,
    /// `T…`.
    pub team: String,
    /// The workspace's name.
    pub team_name: String,
    /// Everybody who is no bot.
    pub people: Vec<Person>,
    /// Every app.
    pub apps: Vec<App>,
    /// Every channel.
    pub rooms: Vec<Room>,
    /// By channel id.
    pub said: History<Stored>,
    /// Events whose envelopes were acknowledged, in that order.
    pub acknowledged: Acknowledged,
    /// Response URLs that were given out.
    pub grants: Grants,
    /// Files.
    pub files: Files,
    /// When it was started, in seconds since the epoch.
    pub since: u64,
    /// The next edit is told as if somebody else had written the message.
    pub forged: bool,
    pub(super) last: u64,
}

fn micros() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| u64::try_from(d.as_micros()).unwrap_or(u64::MAX))
}

impl Stored {
    /// Nobody has said it yet: what is left out is empty.
    pub fn new(author: Author, text: String) -> Self {
        Self {
            ts: String::new(),
            author,
            text,
            custom: Custom::default(),
            thread: None,
            broadcast: false,
            replies: 0,
            latest_reply: None,
            client_id: None,
            files: Vec::new(),
            reactions: Vec::new(),
            pinned: false,
            only_for: None,
            edited: None,
            edits: 0,
            deleted: false,
            at: 0,
        }
    }
}

impl Names for State {
    fn user(&self, handle: &str) -> Option<String> {
        let users = self.people.iter().chain(self.apps.iter().map(|a| &a.user));
        users.into_iter().find(|u| u.handle.eq_ignore_ascii_case(handle)).map(|u| u.id.clone())
    }

    fn room(&self, name: &str) -> Option<String> {
        self.rooms.iter().find(|r| !r.private && r.name == name).map(|r| r.id.clone())
    }
}

impl State {
    /// What the world says. Ids must have been filled in.
    pub fn new(world: &world::Platform, url: String) -> io::Result<Self> {
        let space = match &world.spaces[..] {
            [] => None,
            [space] => Some(space),
            _ => {
                let why = "Slack's part of a world has one space: a workspace";
                return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
            }
        };
        let rooms: Vec<Room> = space
            .iter()
            .flat_map(|space| &space.rooms)
            .map(|r| Room {
                id: r.id.clone(),
                name: r.name.clone(),
                private: r.private,
                archived: false,
                absent: HashSet::new(),
            })
            .collect();
        let apps = world.bots.iter().map(|bot| {
            let rest = bot.id.get(1..).unwrap_or_default();
            let inside = |room: &&Room| {
                bot.rooms.as_ref().is_none_or(|wanted| {
                    wanted.iter().any(|w| *w == room.id || w.trim_start_matches('#') == room.name)
                })
            };
            App {
                id: format!("A{rest}"),
                bot_id: format!("B{rest}"),
                user: Person {
                    id: bot.id.clone(),
                    name: bot.name.clone(),
                    handle: handle(&bot.name),
                    token: String::new(),
                    admin: false,
                    locale: String::new(),
                },
                token: bot.token.clone(),
                app_token: bot.app_token.clone(),
                scopes: bot.may.clone().unwrap_or_else(|| ALL.map(str::to_owned).to_vec()),
                rooms: rooms.iter().filter(inside).map(|r| r.id.clone()).collect(),
                queue: Queue::default(),
            }
        });
        let person = |p: &world::Person| Person {
            id: p.id.clone(),
            name: p.name.clone(),
            handle: p.handle.clone(),
            token: p.token.clone(),
            admin: p.manages,
            locale: p.locale.clone(),
        };
        Ok(Self {
            url,
            team: space.map_or_else(|| "T00000000".to_owned(), |s| s.id.clone()),
            team_name: space.map_or_else(|| "Nowhere".to_owned(), |s| s.name.clone()),
            people: world.people.iter().map(person).collect(),
            apps: apps.collect(),
            rooms,
            said: History::default(),
            acknowledged: Acknowledged::default(),
            grants: Grants::default(),
            files: Files::default(),
            since: micros() / 1_000_000,
            forged: false,
            last: 0,
        })
    }

    /// The next `ts`: later than all before it, in every channel.
    pub fn next_ts(&mut self) -> String {
        self.last = micros().max(self.last + 1);
        self.last_ts()
    }

    /// The newest `ts`.
    pub fn last_ts(&self) -> String {
        format!("{}.{:06}", self.last / 1_000_000, self.last % 1_000_000)
    }

    /// A person by id, handle or name.
    pub fn person(&self, wanted: &str) -> Result<&Person, Refused> {
        let handle = wanted.trim_start_matches('@');
        let mut people = self.people.iter();
        people
            .clone()
            .find(|p| p.id == wanted)
            .or_else(|| people.clone().find(|p| p.handle == handle))
            .or_else(|| people.find(|p| p.name == wanted))
            .ok_or_else(|| Refused::Unknown("person", wanted.to_owned()))
    }

    /// An author's user id.
    pub fn user_id(&self, author: &Author) -> Option<String> {
        match author {
            Author::Person(id) => Some(id.clone()),
            Author::App(app) => self.apps.get(*app).map(|app| app.user.id.clone()),
        }
    }

    /// A channel by id or name.
    pub fn find_room(&self, wanted: &str) -> Option<&Room> {
        let name = wanted.trim_start_matches('#');
        let by_id = self.rooms.iter().find(|r| r.id == wanted);
        by_id.or_else(|| self.rooms.iter().find(|r| r.name == name))
    }
}

fn handle(name: &str) -> String {
    name.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect()
}
