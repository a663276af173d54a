//! Threads and forum posts: opened, told, woken from the archive.
//!
//! <https://discord.com/developers/docs/topics/threads>

use super::errors::{self, ApiError};
use super::model::{Author, Channel, ChannelKind, Draft, Message};
use super::payload;
use super::permissions::GUILDS;
use super::state::{State, now};
use crate::people::SeenThread;

/// Characters of a thread's name.
const LONGEST_NAME: usize = 100;
/// What a system message is: a thread was opened, and the first of a thread that hangs from a message.
const THREAD_CREATED: u64 = 18;
const THREAD_STARTER: u64 = 21;

/// A name that a thread may have.
pub fn proper_name(name: &str) -> Result<&str, ApiError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        let says = "Must be between 1 and 100 in length.";
        return Err(ApiError::field("name", "BASE_TYPE_BAD_LENGTH", says));
    }
    Ok(name)
}

impl State {
    /// Opens a thread in a channel: hanging from a message of it, or only named. Answers it.
    pub fn open_thread(
        &mut self,
        parent: &Channel,
        root: Option<u64>,
        name: &str,
        by: &Author,
    ) -> Result<Channel, ApiError> {
        let name = proper_name(name)?.to_owned();
        if parent.kind != ChannelKind::Text {
            return Err(errors::NOT_TEXT);
        }
        if let Some(root) = root {
            self.live_message(parent.id, root).ok_or(errors::UNKNOWN_MESSAGE)?;
            if self.channels.contains_key(&root) {
                return Err(errors::HAS_THREAD);
            }
        }
        let id = root.unwrap_or_else(|| self.new_id());
        let thread = self.make_thread(id, parent, name.clone(), by);
        match root {
            Some(root) => {
                let first =
                    Draft { kind: THREAD_STARTER, about: Some((parent.id, Some(root))), ..Draft::default() };
                // The root now says that it has a thread.
                self.touch(parent.id, root, "threaded", |_| {});
                self.post(thread.id, parent.guild, by.clone(), first);
            }
            None => {
                let told = Draft {
                    kind: THREAD_CREATED,
                    content: name,
                    about: Some((thread.id, None)),
                    ..Draft::default()
                };
                self.post(parent.id, parent.guild, by.clone(), told);
            }
        }
        Ok(thread)
    }

    /// Begins a post in a forum; answers its first message, which has the thread's id.
    pub fn open_post(
        &mut self,
        forum: &Channel,
        name: &str,
        by: Author,
        draft: Draft,
    ) -> Result<Message, ApiError> {
        let name = proper_name(name)?.to_owned();
        if forum.kind != ChannelKind::Forum {
            return Err(errors::NO_FORUM);
        }
        let id = self.new_id();
        let thread = self.make_thread(id, forum, name, &by);
        Ok(self.post_as(id, thread.id, forum.guild, by, draft, now()))
    }

    fn make_thread(&mut self, id: u64, parent: &Channel, name: String, by: &Author) -> Channel {
        let thread = Channel {
            id,
            guild: parent.guild,
            name,
            private: false,
            position: 0,
            bots: Default::default(),
            last_message: None,
            kind: ChannelKind::Thread,
            parent: Some(parent.id),
            owner: by.id(),
            archived: false,
            archived_at: now(),
            locked: false,
            last_pin: None,
        };
        self.channels.insert(id, thread.clone());
        let mut body = payload::channel(self, &thread);
        body["newly_created"] = true.into();
        self.dispatch("THREAD_CREATE", GUILDS, id, &body);
        thread
    }

    /// Takes a thread out of the archive, as anything that is said in it does.
    pub fn wake(&mut self, channel: u64) {
        let woken = self.channels.get_mut(&channel).filter(|it| it.archived).map(|thread| {
            (thread.archived, thread.archived_at) = (false, now());
            thread.clone()
        });
        if let Some(thread) = woken {
            let body = payload::channel(self, &thread);
            self.dispatch("THREAD_UPDATE", GUILDS, channel, &body);
        }
    }

    /// Takes a thread out of the archive or puts it there, locks or unlocks it; tells of it.
    pub fn set_thread(&mut self, id: u64, archived: bool, locked: bool) -> Option<Channel> {
        let thread = self.channels.get_mut(&id)?;
        if thread.archived != archived {
            (thread.archived, thread.archived_at) = (archived, now());
        }
        thread.locked = locked;
        let thread = thread.clone();
        let body = payload::channel(self, &thread);
        self.dispatch("THREAD_UPDATE", GUILDS, id, &body);
        Some(thread)
    }

    /// Nothing but a post changes anything in an archived thread.
    pub fn not_archived(&self, place: u64) -> Result<(), ApiError> {
        let archived = self.channels.get(&place).is_some_and(|it| it.archived);
        if archived { Err(errors::THREAD_ARCHIVED) } else { Ok(()) }
    }

    /// The threads of a channel, in the order of their making.
    pub fn threads_of(&self, channel: u64) -> impl Iterator<Item = &Channel> {
        self.channels.values().filter(move |it| it.parent == Some(channel))
    }

    /// The threads of a channel as its members see them.
    pub fn seen_threads(&self, channel: u64) -> Vec<SeenThread> {
        let seen = |thread: &Channel| {
            let in_itself = self.live_message(thread.id, thread.id);
            let root = in_itself.or_else(|| self.live_message(channel, thread.id));
            SeenThread {
                id: thread.id.to_string(),
                name: thread.name.clone(),
                root: root.map(|message| message.id.to_string()),
            }
        };
        self.threads_of(channel).map(seen).collect()
    }

    /// The channel or the thread of it in which a message stands.
    pub fn place_of(&self, channel: u64, message: u64) -> Option<u64> {
        let here = std::iter::once(channel).chain(self.threads_of(channel).map(|thread| thread.id));
        here.into_iter().find(|place| self.live_message(*place, message).is_some())
    }

    /// A channel's messages and those of its threads, in the order of their ids.
    pub fn all_messages(&self, channel: u64) -> Vec<&Message> {
        let places = std::iter::once(channel).chain(self.threads_of(channel).map(|thread| thread.id));
        let said = |place: u64| self.history.room(&place.to_string()).collect::<Vec<_>>();
        let mut all: Vec<&Message> = places.flat_map(said).collect();
        all.sort_by_key(|message| message.id);
        all
    }
}
