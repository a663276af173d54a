//! Who is there, in which channels, and what was said.

use super::Fault;
use super::told::Told;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc;

/// How much is kept of a channel.
const MOST_KEPT: usize = 10_000;

/// What kind of server it is.
#[derive(Debug, Clone)]
pub struct Server {
    /// What the network calls itself.
    pub network: String,
    /// Its capabilities, with their values.
    pub capabilities: Vec<&'static str>,
    /// The only services account and its password, for SASL PLAIN.
    pub account: Option<(String, String)>,
    /// How fast a client may talk; what goes beyond ends the connection.
    pub limit: Option<Limit>,
    /// How many messages of history are told at once.
    pub history_most: usize,
}

/// A bucket of lines for each client.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// How many at once.
    pub burst: f64,
    /// How many more a second.
    pub a_second: f64,
}

impl Default for Server {
    /// One with everything.
    fn default() -> Self {
        Self {
            network: "Standin".to_owned(),
            capabilities: vec![
                "account-notify",
                "account-tag",
                "batch",
                "cap-notify",
                "draft/chathistory",
                "draft/event-playback",
                "draft/message-redaction",
                "draft/multiline=max-bytes=4096,max-lines=24",
                "draft/relaymsg=/",
                "echo-message",
                "extended-join",
                "labeled-response",
                "message-tags",
                "sasl=PLAIN",
                "server-time",
                "setname",
                "standard-replies",
            ],
            account: None,
            limit: None,
            history_most: 50,
        }
    }
}

/// All that changes.
#[derive(Default)]
pub(super) struct State {
    pub clients: BTreeMap<u64, Client>,
    pub channels: HashMap<String, Channel>,
    next: u64,
    pub quiet_until: Option<Instant>,
    pub slow: Duration,
    pub refuse_sasl: bool,
    pub no_names: bool,
    pub cut_after: Option<String>,
}

/// A connection.
pub(super) struct Client {
    pub nick: String,
    pub user: String,
    pub account: Option<String>,
    pub caps: BTreeSet<String>,
    pub negotiating: bool,
    pub welcomed: bool,
    pub out: mpsc::Sender<String>,
    /// Batches of several lines that were begun.
    pub begun: HashMap<String, Said>,
    /// What is left of the limit, and since when.
    pub left: (f64, Instant),
    /// The connection ends after what was said so far.
    pub ends: bool,
}

/// A channel.
#[derive(Default)]
pub(super) struct Channel {
    pub name: String,
    /// Who is in it, and whether as an operator.
    pub members: BTreeMap<u64, bool>,
    pub kept: Vec<Said>,
}

/// Something that was said or done in a channel.
#[derive(Debug, Clone, Default)]
pub(super) struct Said {
    pub id: String,
    /// Milliseconds since 1970.
    pub at: i64,
    pub source: String,
    pub command: String,
    /// Tags that everybody is told, those of clients among them.
    pub tags: Vec<(String, String)>,
    pub channel: String,
    /// The lines, and whether each goes on from the one before without a break.
    pub lines: Vec<(bool, String)>,
    pub redacted: bool,
}

impl Said {
    /// The words as one text.
    pub fn words(&self) -> String {
        let mut words = String::new();
        for (at, (goes_on, line)) in self.lines.iter().enumerate() {
            if at > 0 && !goes_on {
                words.push('\n');
            }
            words.push_str(line);
        }
        words
    }
}

/// A name in its one form.
pub(super) fn fold(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// Milliseconds since 1970.
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl State {
    /// A number that nobody had.
    pub fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Whose nick it is.
    pub fn find(&self, nick: &str) -> Option<u64> {
        self.clients.iter().find(|(_, client)| fold(&client.nick) == fold(nick)).map(|(id, _)| *id)
    }

    /// `nick!user@host` of somebody.
    pub fn source(&self, id: u64) -> String {
        self.clients
            .get(&id)
            .map_or_else(String::new, |one| format!("{}!{}@host.example", one.nick, one.user))
    }

    /// Tells somebody something.
    pub fn tell(&mut self, id: u64, told: &Told) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        for line in told.lines(&client.caps) {
            // Who does not read what they are sent is cut, as anywhere.
            client.ends |= client.out.try_send(line).is_err();
        }
    }

    /// Tells everybody in a channel but this one.
    pub fn tell_others(&mut self, channel: &str, but: u64, told: &Told) {
        let members = self.channels.get(channel).map(|channel| channel.members.keys().copied().collect());
        let members: Vec<u64> = members.unwrap_or_default();
        members.into_iter().filter(|id| *id != but).for_each(|id| self.tell(id, told));
    }

    /// Keeps something that was said.
    pub fn keep(&mut self, said: Said) {
        if let Some(channel) = self.channels.get_mut(&fold(&said.channel)) {
            channel.kept.push(said);
            let beyond = channel.kept.len().saturating_sub(MOST_KEPT);
            channel.kept.drain(..beyond);
        }
    }

    /// Somebody is gone.
    pub fn gone(&mut self, id: u64, why: &str) {
        let told = Told::from(&self.source(id), &format!("QUIT :{why}"));
        let rooms: Vec<String> = self
            .channels
            .iter()
            .filter(|(_, room)| room.members.contains_key(&id))
            .map(|(name, _)| name.clone())
            .collect();
        let others: BTreeSet<u64> = rooms
            .iter()
            .flat_map(|room| self.channels[room].members.keys().copied())
            .filter(|other| *other != id)
            .collect();
        others.into_iter().for_each(|other| self.tell(other, &told));
        for channel in self.channels.values_mut() {
            channel.members.remove(&id);
        }
        self.clients.remove(&id);
    }

    pub fn fault(&mut self, fault: Fault) {
        match fault {
            Fault::Cut(nick) => self.end(&nick),
            Fault::ExcessFlood(nick) => {
                if let Some(id) = self.find(&nick) {
                    self.tell(id, &Told::plain("ERROR :Closing link: (Excess Flood)"));
                }
                self.end(&nick);
            }
            Fault::Silent(time) => self.quiet_until = Some(Instant::now() + time),
            Fault::Slow(time) => self.slow = time,
            Fault::RefuseSasl => self.refuse_sasl = true,
            Fault::NoNames => self.no_names = true,
            Fault::CutAfter(nick) => self.cut_after = Some(nick),
            Fault::Split(nicks) => {
                for id in nicks.iter().filter_map(|nick| self.find(nick)).collect::<Vec<_>>() {
                    self.gone(id, "one.example two.example");
                }
            }
        }
    }

    /// Ends the connection of whoever has a nick.
    fn end(&mut self, nick: &str) {
        if let Some(id) = self.find(nick)
            && let Some(client) = self.clients.get_mut(&id)
        {
            client.ends = true;
            // Wakes whoever writes.
            let _ = client.out.try_send(String::new());
        }
    }

    pub fn messages(&self, channel: &str) -> Vec<(String, String, bool)> {
        let kept =
            self.channels.get(&fold(channel)).map(|channel| channel.kept.as_slice()).unwrap_or_default();
        let said = kept.iter().filter(|said| said.command == "PRIVMSG");
        let nick = |said: &Said| said.source.split('!').next().unwrap_or_default().to_owned();
        said.map(|said| (nick(said), said.words(), said.redacted)).collect()
    }
}
