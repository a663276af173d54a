//! What is told once: to a person what becomes of what they say, and to a room, with where Relay has pinned a notice of it. Marks in meta.

use super::ledger::Ledger;
use super::writer::Command;
use super::{StoreError, keys};
use crate::consent::Person;
use relay_contract::RoomKey;

impl Ledger {
    /// Whether somebody was told what becomes of what they say.
    pub fn is_told(&self, person: &Person) -> Result<bool, StoreError> {
        Ok(self.shared.meta.contains_key(keys::told(person.as_str()))?)
    }

    /// They were. Goes when they are forgotten.
    pub async fn remember_told(&self, person: &Person) -> Result<(), StoreError> {
        let key = keys::told(person.as_str());
        self.ask(|done| Command::Remember { key, value: Vec::new(), done }).await
    }

    /// Whether a room was told by itself that it is linked.
    pub fn is_room_told(&self, room: &RoomKey) -> Result<bool, StoreError> {
        Ok(self.shared.meta.contains_key(keys::told_room(room))?)
    }

    /// It was.
    pub async fn remember_room_told(&self, room: &RoomKey) -> Result<(), StoreError> {
        let key = keys::told_room(room);
        self.ask(|done| Command::Remember { key, value: Vec::new(), done }).await
    }

    /// Whether Relay has pinned a notice in a room, whatever became of it since.
    pub fn has_pinned_notice(&self, room: &RoomKey) -> Result<bool, StoreError> {
        Ok(self.shared.meta.contains_key(keys::pinned_notice(room))?)
    }

    /// It has.
    pub async fn remember_pinned_notice(&self, room: &RoomKey) -> Result<(), StoreError> {
        let key = keys::pinned_notice(room);
        self.ask(|done| Command::Remember { key, value: Vec::new(), done }).await
    }
}
