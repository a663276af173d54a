//! What is known of the connection: who Relay is there, what the server can do, who is in which channel. Never locked across an await.

use crate::caps::Caps;
use crate::fences::Request;
use crate::support::Support;
use relay_contract::{Problem, Timestamp};
use std::collections::{BTreeMap, HashMap};
use std::sync::{PoisonError, RwLock};
use tokio::sync::{mpsc, watch};

/// Longest user and host that a server is taken to put before a line while it has not been seen, in bytes.
const WORST_MASK: usize = 1 + 11 + 1 + 63;

/// Behind a lock, for everybody.
pub struct Known {
    inner: RwLock<State>,
    /// The way to the connection, while there is one that is listened to.
    pub way: watch::Sender<Option<mpsc::Sender<Request>>>,
    /// Whether somebody listens: whatever is asked then goes over their connection.
    pub listening: watch::Sender<bool>,
}

/// What is known.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// The nick that the server knows Relay by.
    pub nick: String,
    /// `user@host` as others see it, once it was seen.
    pub mask: Option<String>,
    /// What the server says about itself.
    pub support: Support,
    /// What the server can do beyond the old protocol; while a new connection is made, what the last one could.
    pub caps: Caps,
    /// Messages have ids: one was seen.
    pub ids: bool,
    /// The channels that Relay is in, by folded name.
    pub channels: HashMap<String, Channel>,
    /// The channels that Relay is to be in, by folded name.
    pub wanted: BTreeMap<String, Wanted>,
}

/// A channel that Relay is in.
#[derive(Debug, Clone, Default)]
pub struct Channel {
    /// Its name as people there write it.
    pub name: String,
    /// Its members, by folded nick.
    pub members: HashMap<String, Member>,
    /// Its modes that say who may come in.
    pub modes: String,
    /// The server has refused Relay to speak under people's names here.
    pub no_names: bool,
}

/// A member of a channel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Member {
    /// The nick as it is written.
    pub nick: String,
    /// The signs of their rights there.
    pub signs: String,
    /// Their services account, where the server tells it.
    pub account: Option<String>,
}

/// A channel that Relay is to be in.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Its name as it was asked for.
    pub name: String,
    /// Why the server does not let Relay in.
    pub refused: Option<Problem>,
    /// How often it was tried in vain.
    pub tries: u32,
    /// When it is tried again.
    pub again: Option<Timestamp>,
    /// When somebody invited Relay there; none once the channel is asked for, to be joined to others.
    pub invited: Option<Timestamp>,
    /// It was somebody's invitation, whatever has become of it.
    pub by_invitation: bool,
}

impl Default for Known {
    fn default() -> Self {
        Self { inner: RwLock::default(), way: watch::Sender::new(None), listening: watch::Sender::new(false) }
    }
}

impl Known {
    /// Looks.
    pub fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.inner.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes.
    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.inner.write().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    /// A name in its one form.
    pub fn fold(&self, name: &str) -> String {
        self.support.casemap.fold(name)
    }

    /// Whether this nick is Relay's own.
    pub fn is_own(&self, nick: &str) -> bool {
        self.support.casemap.same(&self.nick, nick)
    }

    /// Whether this names a channel here.
    pub fn is_channel(&self, name: &str) -> bool {
        name.starts_with(|sign: char| self.support.channel_signs.contains(sign))
    }

    /// The network's identity: what it calls itself, else where it is.
    pub fn network(&self, host: &str, port: u16) -> String {
        match &self.support.network {
            Some(network) => network.clone(),
            None => format!("{host}:{port}"),
        }
    }

    /// A new connection: nothing of the old one is true any more but what is wanted, which is folded anew.
    pub fn begin(&mut self, nick: &str) {
        let wanted = std::mem::take(&mut self.wanted);
        let (caps, ids) = (std::mem::take(&mut self.caps), self.ids);
        *self = Self { nick: nick.to_owned(), caps, ids, ..Self::default() };
        for mut room in wanted.into_values() {
            (room.tries, room.again, room.refused) = (0, None, None);
            self.wanted.insert(self.fold(&room.name), room);
        }
    }

    /// The server has said how it folds names.
    pub fn fold_anew(&mut self) {
        for room in std::mem::take(&mut self.wanted).into_values() {
            self.wanted.insert(self.fold(&room.name), room);
        }
    }

    /// How many bytes a line to a channel may hold: what the server puts before it counts too.
    /// Source: <https://modern.ircdocs.horse/#messages>.
    pub fn room_for(&self, channel: &str) -> usize {
        let mask = self.mask.as_ref().map_or(WORST_MASK, |mask| 1 + mask.len());
        let nick = self.nick.len().max(9);
        let around = ":".len() + nick + mask + " PRIVMSG ".len() + channel.len() + " :".len() + "\r\n".len();
        self.support.line_length.saturating_sub(around).max(64)
    }

    /// Whether Relay's own lines may bear this tag of clients, which names another message.
    pub fn may_tag(&self, name: &str) -> bool {
        let ids = self.ids || self.caps.keeps_history() || self.caps.redacts();
        ids && self.caps.answers() && self.support.passes_tag(name)
    }

    /// Whether Relay is an operator of a channel.
    pub fn is_operator(&self, channel: &str) -> bool {
        self.manages(channel, &self.nick)
    }

    /// The signs of which one stands in a name that Relay speaks under in a channel; none where it speaks under its own.
    pub fn name_signs(&self, channel: &str) -> Option<&str> {
        let may = self.channels.get(channel).is_some_and(|channel| !channel.no_names);
        self.caps.name_signs().filter(|_| may && self.is_operator(channel))
    }

    /// Whether somebody in a channel may manage it, by their services account.
    pub fn account_manages(&self, channel: &str, account: &str) -> bool {
        let Some(channel) = self.channels.get(channel) else { return false };
        let has = |member: &&Member| member.account.as_deref() == Some(account);
        channel
            .members
            .values()
            .filter(has)
            .any(|member| member.signs.chars().any(|sign| self.support.manages(sign)))
    }

    /// Whether somebody in a channel may manage it.
    pub fn manages(&self, channel: &str, nick: &str) -> bool {
        let member = self.channels.get(channel).and_then(|channel| channel.members.get(&self.fold(nick)));
        member.is_some_and(|member| member.signs.chars().any(|sign| self.support.manages(sign)))
    }
}
