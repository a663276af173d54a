//! People who join and leave.

use super::state::{Standing, State, Stored, User, now};
use super::wire;
use crate::people::Change;
use serde_json::json;

impl State {
    /// Somebody joins a chat or leaves it: a service message for all, and a change of membership for the administrators among
    /// the bots. Everybody is in every group at the start, so that whoever joins without having left counts as having been out.
    pub fn attend(&mut self, chat: i64, person: &User, inside: bool) -> Option<Change> {
        let creator = self.creator().is_some_and(|creator| creator.id == person.id);
        let place = self.chats.iter_mut().find(|place| place.id == chat)?;
        if inside {
            place.absent.remove(&person.id);
        } else {
            place.absent.insert(person.id);
        }
        let who = wire::user(person);
        let (member, left) = (wire::person_member(person, creator), wire::left(person));
        let (old, new) = if inside { (left, member) } else { (member, left) };
        let update = json!({
            "chat": wire::chat(place), "from": who, "date": now() / 1_000, "old_chat_member": old, "new_chat_member": new,
        });
        self.tell_bots(chat, "chat_member", &update, |_, standing| standing == Standing::Administrator);
        let service =
            if inside { json!({ "new_chat_members": [who] }) } else { json!({ "left_chat_member": who }) };
        let says = Stored { service: Some(service), ..Stored::new(person.clone(), Default::default()) };
        self.post(chat, says).map(|(_, change)| change)
    }
}
