//! Who exists, who is where, what was said: everything behind one short lock.

use super::entities::Formatted;
use super::media::{Files, Media};
use super::polls::Poll;
use super::updates::Queue;
use crate::acknowledged::Acknowledged;
use crate::history::History;
use crate::people::{Change, Refused};
use crate::world;
use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// A person or a bot.
#[derive(Debug, Clone)]
pub struct User {
    /// User id.
    pub id: i64,
    /// What others see.
    pub name: String,
    /// Without `@`.
    pub handle: String,
    /// Not a person.
    pub is_bot: bool,
    /// Of a person: is an administrator of the groups.
    pub manages: bool,
    /// Of a person: the language of their app.
    pub locale: String,
}

/// A group, or what a person and a bot say to each other alone.
#[derive(Debug)]
pub struct Chat {
    /// `-100…` for a supergroup.
    pub id: i64,
    /// Its name.
    pub title: String,
    /// The name by which anybody finds it.
    pub username: Option<String>,
    /// The supergroup that it became.
    pub moved_to: Option<i64>,
    /// Of a private chat: the bot. Its id is the person's.
    pub with: Option<i64>,
    /// Its messages may stand in topics.
    pub forum: bool,
    /// Ids and names of its topics.
    pub topics: Vec<(i64, String)>,
    /// People who are not in it; all others are.
    pub absent: HashSet<i64>,
    /// How often somebody was shown as typing.
    pub typed: u64,
    /// The id that the next message gets.
    next: i64,
}

impl Chat {
    /// An empty one.
    pub fn new(id: i64, title: String, first_message: i64) -> Self {
        Self {
            id,
            title,
            username: None,
            moved_to: None,
            with: None,
            forum: false,
            topics: Vec::new(),
            absent: HashSet::new(),
            typed: 0,
            next: first_message,
        }
    }

    /// The id that the next message gets.
    pub fn upcoming(&self) -> i64 {
        self.next
    }

    /// `supergroup`, `group` or `private`.
    pub fn kind(&self) -> &'static str {
        match self.id {
            id if id.to_string().starts_with("-100") => "supergroup",
            ..0 => "group",
            _ => "private",
        }
    }
}

/// How a bot stands to a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Has been made an administrator.
    Administrator,
    /// Is in it.
    Member,
    /// Was removed.
    Kicked,
}

/// A message.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Counts up within the chat.
    pub id: i64,
    /// Who said it.
    pub from: User,
    /// Text or caption.
    pub body: Formatted,
    /// Id of what it answers.
    pub reply_to: Option<i64>,
    /// The topic it stands in.
    pub topic: Option<i64>,
    /// The attached file.
    pub media: Option<Arc<Media>>,
    /// The album it is part of.
    pub album: Option<String>,
    /// A poll.
    pub poll: Option<Poll>,
    /// Where it was passed on from, as bots are told, and whose it was.
    pub forward: Option<(serde_json::Value, String)>,
    /// Who reacted with what: an emoji, or the id of a custom one.
    pub reactions: Vec<(i64, String)>,
    /// It is pinned.
    pub pinned: bool,
    /// The fields of a service message, which says nothing else.
    pub service: Option<serde_json::Value>,
    /// As a bot gave it.
    pub link_preview: Option<serde_json::Value>,
    /// The buttons below it, as a bot gave them.
    pub markup: Option<serde_json::Value>,
    /// Milliseconds since the epoch.
    pub at: u64,
    /// Seconds since the epoch of the last edit.
    pub edited_at: Option<u64>,
    /// How often it was edited.
    pub edits: u32,
    /// Kept for those who look back.
    pub deleted: bool,
}

impl Stored {
    /// Something said now; its id comes when it is posted.
    pub fn new(from: User, body: Formatted) -> Self {
        Self {
            id: 0,
            from,
            body,
            reply_to: None,
            topic: None,
            media: None,
            album: None,
            poll: None,
            forward: None,
            reactions: Vec::new(),
            pinned: false,
            service: None,
            link_preview: None,
            markup: None,
            at: now(),
            edited_at: None,
            edits: 0,
            deleted: false,
        }
    }
}

/// A bot and its updates.
#[derive(Debug)]
pub struct Bot {
    /// As others see it.
    pub user: User,
    /// Its credential.
    pub token: String,
    /// Sees everything in groups even when it is no administrator.
    pub privacy_off: bool,
    /// What it becomes in a chat that lets it in.
    pub admin: bool,
    /// Bot-to-Bot Communication Mode, which is off unless the world names it.
    pub bot_to_bot: bool,
    /// Chats that it is or was in.
    pub standing: HashMap<i64, Standing>,
    /// What it has not been told yet.
    pub queue: Queue,
    /// By `setMyCommands`, for each scope and language.
    pub commands: HashMap<(String, String), serde_json::Value>,
}

/// Everything.
#[derive(Debug, Default)]
pub struct State {
    /// Everybody who can talk and is no bot.
    pub people: Vec<User>,
    /// Every credential.
    pub bots: Vec<Bot>,
    /// Every group.
    pub chats: Vec<Chat>,
    /// By chat id.
    pub said: History<Stored>,
    /// Events that a confirmed offset has passed, in that order.
    pub acknowledged: Acknowledged,
    /// Every file.
    pub files: Files,
    /// Clicks on buttons that wait for their answer, and the bots that they are told to.
    pub clicks: VecDeque<(String, i64)>,
    /// Names of custom emoji, by their ids.
    pub custom_emoji: HashMap<String, String>,
    /// Where its server is.
    pub url: String,
    /// How many albums and polls there have been.
    pub made: u64,
}

/// Milliseconds since the epoch.
pub fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}

fn number(id: &str, what: &str) -> io::Result<i64> {
    id.parse().map_err(|_| {
        io::Error::new(io::ErrorKind::InvalidInput, format!("the Telegram {what} id `{id}` is not a number"))
    })
}

impl State {
    /// What the world says. Ids must have been filled in.
    pub fn new(world: &world::Platform) -> io::Result<Self> {
        let mut state = Self::default();
        for (index, room) in world.spaces.iter().flat_map(|s| &s.rooms).enumerate() {
            let id = number(&room.id, "chat")?;
            // Real groups have different ages too: ids that differ between chats catch a client that forgets the chat.
            let next = i64::try_from(index % 2_000).unwrap_or(0) * 1_000_000 + 1;
            // A forum's first message, of its making, stands for the topic that all others are not in.
            let next = next + i64::from(room.forum);
            state.chats.push(Chat { forum: room.forum, ..Chat::new(id, room.name.clone(), next) });
        }
        for person in &world.people {
            let id = number(&person.id, "user")?;
            let (name, handle) = (person.name.clone(), person.handle.clone());
            let (manages, locale) = (person.manages, person.locale.clone());
            state.people.push(User { id, name, handle, is_bot: false, manages, locale });
        }
        for bot in &world.bots {
            let id = number(&bot.id, "bot")?;
            let may = |what: &str| bot.may.as_ref().is_none_or(|may| may.iter().any(|m| m == what));
            let admin = may("admin");
            let inside = |chat: &&Chat| {
                bot.rooms.as_ref().is_none_or(|rooms| {
                    rooms.iter().any(|room| {
                        *room == chat.id.to_string() || room.trim_start_matches('#') == chat.title
                    })
                })
            };
            let standing = if admin { Standing::Administrator } else { Standing::Member };
            let standing = state.chats.iter().filter(inside).map(|chat| (chat.id, standing)).collect();
            let handle = bot_handle(&bot.name);
            state.bots.push(Bot {
                user: User {
                    id,
                    name: bot.name.clone(),
                    handle,
                    is_bot: true,
                    manages: false,
                    locale: String::new(),
                },
                token: bot.token.clone(),
                privacy_off: may("privacy_off"),
                admin,
                bot_to_bot: bot.may.iter().flatten().any(|m| m == "bot_to_bot"),
                standing,
                queue: Queue::new(id),
                commands: HashMap::new(),
            });
        }
        Ok(state)
    }

    /// A person by id, handle or name.
    pub fn person(&self, wanted: &str) -> Result<User, Refused> {
        let handle = wanted.trim_start_matches('@');
        self.people
            .iter()
            .find(|p| p.id.to_string() == wanted)
            .or_else(|| self.people.iter().find(|p| p.handle == handle))
            .or_else(|| self.people.iter().find(|p| p.name == wanted))
            .cloned()
            .ok_or_else(|| Refused::Unknown("person", wanted.to_owned()))
    }

    /// Anybody by user id.
    pub fn user(&self, id: i64) -> Option<&User> {
        self.people.iter().chain(self.bots.iter().map(|b| &b.user)).find(|u| u.id == id)
    }

    /// A chat's id by id or title; what was left behind has no title any more.
    pub fn room(&self, wanted: &str) -> Result<i64, Refused> {
        let title = wanted.trim_start_matches('#');
        self.chats
            .iter()
            .find(|c| c.id.to_string() == wanted)
            .or_else(|| self.chats.iter().find(|c| c.title == title && c.moved_to.is_none()))
            .map(|c| c.id)
            .ok_or_else(|| Refused::Unknown("room", wanted.to_owned()))
    }

    /// A chat by id.
    pub fn chat(&self, id: i64) -> Option<&Chat> {
        self.chats.iter().find(|c| c.id == id)
    }

    /// A message that has not been deleted.
    pub fn message(&self, chat: i64, id: i64) -> Option<&Stored> {
        self.said.get(&chat.to_string(), &id.to_string()).filter(|m| !m.deleted)
    }

    /// The same, to change it.
    pub fn message_mut(&mut self, chat: i64, id: i64) -> Option<&mut Stored> {
        self.said.get_mut(&chat.to_string(), &id.to_string()).filter(|m| !m.deleted)
    }

    /// Keeps a message, tells the bots that may see it, and answers it with its id and the change.
    pub fn post(&mut self, chat: i64, mut message: Stored) -> Option<(Stored, Change)> {
        let place = self.chats.iter_mut().find(|c| c.id == chat)?;
        message.id = place.next;
        place.next += 1;
        self.said.push(&chat.to_string(), message.id.to_string(), message.clone());
        self.tell(chat, &message, "message");
        let change = self.change("posted", chat, &message);
        Some((message, change))
    }

    /// Puts new text into a message, tells the bots, and answers the message with the change.
    pub fn edit(&mut self, chat: i64, id: i64, body: Formatted) -> Option<(Stored, Change)> {
        let message = self.message_mut(chat, id)?;
        message.body = body;
        message.edits += 1;
        message.edited_at = Some(now() / 1_000);
        let message = message.clone();
        self.tell(chat, &message, "edited_message");
        let change = self.change("edited", chat, &message);
        Some((message, change))
    }

    /// Takes a message away. No bot is told: Telegram does not tell bots either.
    pub fn delete(&mut self, chat: i64, id: i64) -> Option<Change> {
        let message = self.message_mut(chat, id)?;
        message.deleted = true;
        let message = message.clone();
        Some(self.change("deleted", chat, &message))
    }

    /// Posts messages as one album.
    pub fn post_album(&mut self, chat: i64, messages: Vec<Stored>, changes: &mut Vec<Change>) -> Vec<Stored> {
        self.made += 1;
        let album = Some(format!("1370000{:010}", self.made));
        let posted = messages.into_iter().filter_map(|message| {
            let (message, change) = self.post(chat, Stored { album: album.clone(), ..message })?;
            changes.push(change);
            Some(message)
        });
        posted.collect()
    }

    /// A change of a message, for whoever watches.
    pub fn change(&self, what: &str, chat: i64, message: &Stored) -> Change {
        Change { what: what.to_owned(), message: self.seen(chat, message) }
    }
}

/// Bots' handles end in `bot` on Telegram.
fn bot_handle(name: &str) -> String {
    let made: String =
        name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if made.ends_with("bot") { made } else { format!("{made}_bot") }
}
