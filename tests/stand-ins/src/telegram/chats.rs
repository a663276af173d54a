//! What becomes of chats: names, the way to a supergroup, private chats, and who is in them.

use super::state::{Bot, Chat, Standing, State, Stored, User, now};
use super::wire;
use crate::people::{Change, Refused};
use serde_json::{Value, json};

/// What is put before a supergroup's own number.
const SUPERGROUP: i64 = -1_000_000_000_000;

fn impossible<T>(why: &str) -> Result<T, Refused> {
    Err(Refused::Impossible(why.to_owned()))
}

impl State {
    /// Who made the groups: the first who manages them, else simply the first.
    pub fn creator(&self) -> Option<&User> {
        self.people.iter().find(|person| person.manages).or_else(|| self.people.first())
    }

    /// A bot by id, name or handle.
    fn bot_mut(&mut self, wanted: &str) -> Result<&mut Bot, Refused> {
        let handle = wanted.trim_start_matches('@');
        let known = |b: &&mut Bot| {
            b.user.id.to_string() == wanted || b.user.name == wanted || b.user.handle == handle
        };
        self.bots.iter_mut().find(known).ok_or_else(|| Refused::Unknown("bot", wanted.to_owned()))
    }

    /// Where a person's words for a room go: to what the group has become, or to their private chat with a bot, which
    /// begins with them.
    pub fn talk(&mut self, person: &User, room: &str) -> Result<i64, Refused> {
        match self.room(room) {
            Ok(chat) => Ok(self.chat(chat).and_then(|chat| chat.moved_to).unwrap_or(chat)),
            Err(unknown) => {
                let bot = self.bot_mut(room).map_err(|_| unknown)?;
                let with = bot.user.id;
                bot.standing.insert(person.id, Standing::Member);
                self.begin(person, with)
            }
        }
    }

    fn begin(&mut self, person: &User, with: i64) -> Result<i64, Refused> {
        match self.chat(person.id) {
            Some(chat) if chat.with == Some(with) => {}
            Some(_) => {
                return impossible("here a person talks to one bot alone, and this one talks to another");
            }
            None => {
                let username = Some(person.handle.clone()).filter(|handle| !handle.is_empty());
                let mut chat = Chat::new(person.id, person.name.clone(), 1);
                (chat.username, chat.with) = (username, Some(with));
                self.chats.push(chat);
            }
        }
        Ok(person.id)
    }

    /// Posts a service message in the name of whoever made the group.
    fn announce(&mut self, chat: i64, fields: Value) -> Option<Change> {
        let by = self.creator()?.clone();
        let message = Stored { service: Some(fields), ..Stored::new(by, Default::default()) };
        self.post(chat, message).map(|(_, change)| change)
    }

    /// Gives a group another name.
    pub fn rename(&mut self, chat: i64, name: &str) -> Result<Option<Change>, Refused> {
        let place = self.group_mut(chat)?;
        if name.trim().is_empty() {
            return impossible("a group's name is not empty");
        }
        name.clone_into(&mut place.title);
        Ok(self.announce(chat, json!({ "new_chat_title": name })))
    }

    /// Gives a supergroup a public name, or takes it away. No bot is told: it shows in the next update.
    pub fn set_private(&mut self, chat: i64, private: bool) -> Result<(), Refused> {
        let place = self.group_mut(chat)?;
        if place.kind() != "supergroup" {
            return impossible("only a supergroup has a public name: close the group first");
        }
        let name = place.title.to_lowercase();
        let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        place.username = (!private).then(|| format!("chat_{name}"));
        Ok(())
    }

    /// Makes a group a supergroup, with another id and messages counted anew; both chats tell of it.
    /// Source: <https://core.telegram.org/api/channel#migration>.
    pub fn upgrade(&mut self, chat: i64) -> Result<(i64, Vec<Change>), Refused> {
        let place = self.group_mut(chat)?;
        if place.kind() != "group" {
            return impossible("it is a supergroup already");
        }
        let title = place.title.clone();
        let first = SUPERGROUP - 1_700_000_000 - (chat.unsigned_abs() % 100_000_000).cast_signed();
        let new = (0..).map(|n| first - n).find(|id| self.chat(*id).is_none()).unwrap_or(first);
        self.chats.push(Chat::new(new, title, 1));
        let mut changes: Vec<_> =
            self.announce(chat, json!({ "migrate_to_chat_id": new })).into_iter().collect();
        for bot in &mut self.bots {
            if let Some(standing) = bot.standing.get(&chat).copied() {
                bot.standing.insert(new, standing);
            }
        }
        self.group_mut(chat)?.moved_to = Some(new);
        changes.extend(self.announce(new, json!({ "migrate_from_chat_id": chat })));
        Ok((new, changes))
    }

    fn group_mut(&mut self, chat: i64) -> Result<&mut Chat, Refused> {
        match self.chats.iter_mut().find(|place| place.id == chat) {
            None => Err(Refused::Unknown("room", chat.to_string())),
            Some(Chat { with: Some(_), .. }) => impossible("this is a private chat"),
            Some(Chat { moved_to: Some(new), .. }) => {
                impossible(&format!("the group became the supergroup {new}"))
            }
            Some(place) => Ok(place),
        }
    }

    /// Lets a bot in or out, and tells it with `my_chat_member`; in a private chat, unblocks or blocks it.
    pub fn stand(&mut self, bot: &str, chat: i64, inside: bool) -> Result<(), Refused> {
        let by = self.creator().map(wire::user);
        let place = self.chat(chat).map(wire::chat);
        let bot = self.bot_mut(bot)?;
        let old = bot.standing.get(&chat).copied();
        let new = match (inside, bot.admin && chat < 0) {
            (true, true) => Standing::Administrator,
            (true, false) => Standing::Member,
            (false, _) => Standing::Kicked,
        };
        if old != Some(new) {
            bot.standing.insert(chat, new);
            let update = json!({
                "chat": place,
                "from": by.unwrap_or_else(|| wire::user(&bot.user)),
                "date": now() / 1_000,
                "old_chat_member": wire::bot_member(bot, old),
                "new_chat_member": wire::bot_member(bot, Some(new)),
            });
            bot.queue.push("my_chat_member", update, None);
        }
        Ok(())
    }
}
