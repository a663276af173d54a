//! Gateway sessions: what each has been sent, so that a client that lost its connection can resume.
//!
//! <https://discord.com/developers/docs/events/gateway#resuming>

use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tokio::sync::Notify;
use tokio::time::Instant;

/// How many dispatches a session keeps for a resume; the oldest go first.
const KEPT_DISPATCHES: usize = 10_000;
/// How many disconnected sessions a bot keeps; the longest disconnected go first. Each holds its own copy of what it missed.
const KEPT_DISCONNECTED: usize = 4;

/// What a connection is told to do beside sending dispatches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Drop the connection without a word.
    Cut,
    /// Send op 7.
    Reconnect,
    /// Pass over what comes behind this sequence number, until then.
    Silence(u64, Instant),
}

struct Session {
    /// Place of the bot.
    bot: usize,
    intents: u64,
    /// The last sequence number given.
    seq: u64,
    sent: VecDeque<(u64, Arc<str>)>,
    /// Which connection it belongs to; 0 when none.
    connection: u64,
    notify: Arc<Notify>,
    order: Option<Order>,
    /// Grows with every disconnection, over all sessions.
    left: u64,
}

/// All sessions.
#[derive(Default)]
pub struct Sessions {
    by_id: BTreeMap<String, Session>,
    /// Numbers connections and disconnections.
    clock: u64,
}

/// A connection's hold on a session.
#[derive(Debug, Clone)]
pub struct Hold {
    /// The session.
    pub session: String,
    /// This connection.
    connection: u64,
    /// Wakes it.
    pub notify: Arc<Notify>,
}

/// What a connection should do now.
#[derive(Debug)]
pub enum Next {
    /// Send these dispatches; then obey the order, if any.
    Send(Vec<(u64, Arc<str>)>, Option<Order>),
    /// Another connection resumed the session, or it is gone, or more was missed than is kept.
    Lost,
}

impl Sessions {
    /// A new session of a bot, held by the connection that identified.
    pub fn open(&mut self, bot: usize, intents: u64) -> Hold {
        self.forget_oldest(bot);
        let id = ulid::Ulid::new().to_string().to_lowercase();
        self.clock += 1;
        let session = Session {
            bot,
            intents,
            seq: 0,
            sent: VecDeque::new(),
            connection: self.clock,
            notify: Arc::default(),
            order: None,
            left: 0,
        };
        let hold = Hold { session: id.clone(), connection: self.clock, notify: session.notify.clone() };
        self.by_id.insert(id, session);
        hold
    }

    /// Keeps of a bot's disconnected sessions only the last few.
    fn forget_oldest(&mut self, bot: usize) {
        let idle = self.by_id.iter().filter(|(_, session)| session.bot == bot && session.connection == 0);
        let mut idle: Vec<(u64, String)> = idle.map(|(id, session)| (session.left, id.clone())).collect();
        idle.sort_unstable_by(|a, b| b.cmp(a));
        for (_, id) in idle.into_iter().skip(KEPT_DISCONNECTED) {
            self.by_id.remove(&id);
        }
    }

    /// Takes a session over for a connection that has seen everything up to `seq`. `Ok(None)`: it cannot be resumed;
    /// `Err`: the client claims to have seen what was never sent.
    pub fn resume(&mut self, id: &str, bot: usize, seq: u64) -> Result<Option<Hold>, ()> {
        let Some(session) = self.by_id.get_mut(id).filter(|session| session.bot == bot) else {
            return Ok(None);
        };
        if seq > session.seq {
            return Err(());
        }
        if session.sent.front().is_some_and(|(first, _)| *first > seq + 1) {
            self.by_id.remove(id);
            return Ok(None);
        }
        self.clock += 1;
        session.connection = self.clock;
        // Wakes the connection that held it, which finds it lost.
        std::mem::take(&mut session.notify).notify_one();
        session.order = None;
        Ok(Some(Hold { session: id.to_owned(), connection: self.clock, notify: session.notify.clone() }))
    }

    /// Forgets a session: it cannot be resumed.
    pub fn end(&mut self, id: &str) {
        if let Some(session) = self.by_id.remove(id) {
            session.notify.notify_one();
        }
    }

    /// Its connection is gone; it stays resumable.
    pub fn leave(&mut self, hold: &Hold) {
        self.clock += 1;
        if let Some(session) = self.by_id.get_mut(&hold.session).filter(|s| s.connection == hold.connection) {
            (session.connection, session.left) = (0, self.clock);
        }
    }

    /// Sessions (connected or not) that asked for an intent: id, place of the bot, all intents.
    pub fn listening(&self, intent: u64) -> Vec<(String, usize, u64)> {
        let asked = self.by_id.iter().filter(|(_, session)| session.intents & intent != 0);
        asked.map(|(id, session)| (id.clone(), session.bot, session.intents)).collect()
    }

    /// All sessions of a bot: what is for its application alone.
    pub fn of_bot(&self, bot: usize) -> Vec<String> {
        self.by_id.iter().filter(|(_, session)| session.bot == bot).map(|(id, _)| id.clone()).collect()
    }

    /// Appends a dispatch to a session.
    pub fn push(&mut self, id: &str, event: &str, body: &Value) {
        let Some(session) = self.by_id.get_mut(id) else {
            return;
        };
        session.seq += 1;
        let text = json!({ "op": 0, "t": event, "s": session.seq, "d": body }).to_string();
        if session.sent.len() >= KEPT_DISPATCHES {
            session.sent.pop_front();
        }
        session.sent.push_back((session.seq, text.into()));
        session.notify.notify_one();
    }

    /// Orders every connected session; answers how many there are.
    pub fn order(&mut self, order: Order) -> usize {
        let mut connected = 0;
        for session in self.by_id.values_mut().filter(|session| session.connection != 0) {
            session.order = Some(order);
            session.notify.notify_one();
            connected += 1;
        }
        connected
    }

    /// Silences every connected session from now until then; answers how many there are.
    pub fn silence(&mut self, until: Instant) -> usize {
        let mut connected = 0;
        for session in self.by_id.values_mut().filter(|session| session.connection != 0) {
            session.order = Some(Order::Silence(session.seq, until));
            session.notify.notify_one();
            connected += 1;
        }
        connected
    }

    /// What the holder, which has sent everything up to `seq`, should do now.
    pub fn next(&mut self, hold: &Hold, seq: u64) -> Next {
        let Some(session) = self.by_id.get_mut(&hold.session).filter(|s| s.connection == hold.connection)
        else {
            return Next::Lost;
        };
        if session.sent.front().is_some_and(|(first, _)| *first > seq + 1) {
            self.by_id.remove(&hold.session);
            return Next::Lost;
        }
        let unsent = session.sent.partition_point(|(s, _)| *s <= seq);
        Next::Send(session.sent.range(unsent..).cloned().collect(), session.order.take())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn seqs(next: Next) -> Option<Vec<u64>> {
        match next {
            Next::Send(dispatches, _) => Some(dispatches.iter().map(|(seq, _)| *seq).collect()),
            Next::Lost => None,
        }
    }

    #[test]
    fn a_session_replays_what_a_lost_connection_missed_and_belongs_to_one_connection() {
        let mut sessions = Sessions::default();
        let first = sessions.open(0, 1);
        for _ in 0..3 {
            sessions.push(&first.session, "E", &json!({}));
        }
        assert_eq!(seqs(sessions.next(&first, 1)), Some(vec![2, 3]));
        sessions.leave(&first);
        sessions.push(&first.session, "E", &json!({}));
        let second = sessions.resume(&first.session, 0, 3).unwrap().unwrap();
        assert_eq!(seqs(sessions.next(&second, 3)), Some(vec![4]));
        assert_eq!(seqs(sessions.next(&first, 3)), None);
        // Another bot's, one of the future, and a forgotten one.
        assert!(sessions.resume(&first.session, 1, 3).unwrap().is_none());
        assert!(sessions.resume(&first.session, 0, 5).is_err());
        sessions.end(&first.session);
        assert!(sessions.resume(&first.session, 0, 3).unwrap().is_none());
    }

    #[test]
    fn the_buffer_is_bounded_and_what_it_lost_cannot_be_resumed() {
        let mut sessions = Sessions::default();
        let hold = sessions.open(0, 1);
        for _ in 0..KEPT_DISPATCHES + 2 {
            sessions.push(&hold.session, "E", &json!({}));
        }
        assert_eq!(seqs(sessions.next(&hold, 2)).unwrap().len(), KEPT_DISPATCHES);
        assert!(sessions.resume(&hold.session, 0, 1).unwrap().is_none());
        let holds: Vec<Hold> = (0..KEPT_DISCONNECTED + 3).map(|_| sessions.open(0, 1)).collect();
        holds.iter().for_each(|hold| sessions.leave(hold));
        sessions.open(0, 1);
        assert_eq!(sessions.by_id.len(), KEPT_DISCONNECTED + 1);
        assert!(sessions.resume(&holds[2].session, 0, 0).unwrap().is_none());
        assert!(sessions.resume(&holds[3].session, 0, 0).unwrap().is_some());
    }
}
