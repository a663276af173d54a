//! What was said in the rooms, in memory and bounded.

use std::collections::{HashMap, VecDeque};

/// How many messages a room keeps; the oldest go first.
pub const KEPT: usize = 50_000;

/// Messages by room, in order, of whatever shape a platform keeps them in.
#[derive(Debug)]
pub struct History<M>(HashMap<String, VecDeque<(String, M)>>);

impl<M> Default for History<M> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<M> History<M> {
    /// Appends a message to a room.
    pub fn push(&mut self, room: &str, id: String, message: M) {
        let kept = self.0.entry(room.to_owned()).or_default();
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        kept.push_back((id, message));
    }

    /// One message. Searches from the newest.
    pub fn get(&self, room: &str, id: &str) -> Option<&M> {
        self.0.get(room)?.iter().rev().find(|(i, _)| i == id).map(|(_, m)| m)
    }

    /// One message, to change it.
    pub fn get_mut(&mut self, room: &str, id: &str) -> Option<&mut M> {
        self.0.get_mut(room)?.iter_mut().rev().find(|(i, _)| i == id).map(|(_, m)| m)
    }

    /// A room's messages, oldest first.
    pub fn room(&self, room: &str) -> impl DoubleEndedIterator<Item = &M> {
        self.0.get(room).into_iter().flatten().map(|(_, m)| m)
    }
}
