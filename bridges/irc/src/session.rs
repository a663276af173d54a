//! One connection to a server, from its first line to its end.

use crate::batches::{Batches, Came};
use crate::config::Config;
use crate::fences::{Fences, Request};
use crate::heard::{self, Heard};
use crate::known::Known;
use crate::line::{Line, compose};
use crate::link::Link;
use crate::register::{Handshake, Next};
use crate::{errors, rooms, track};
use relay_contract::{OpenError, Timestamp};
use secrecy::ExposeSecret;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// How many events are kept that come before anybody listens.
const MOST_EARLY: usize = 1_000;

/// How many requests may wait for the server's word: what is behind them waits here, where it can still go another way, and no server
/// takes Relay for a flood.
const MOST_WAITING: usize = 4;

/// How long a connection may be silent before the server is asked whether it is there, and until that is answered.
const SILENT: Duration = Duration::from_secs(60);
/// The longest silence.
const DEAD: Duration = Duration::from_secs(90);

/// How long the server may owe the answer to a delivery.
const STUCK: Duration = Duration::from_secs(60);

/// How long somebody who says goodbye waits for it to be taken.
const GOODBYE: Duration = Duration::from_millis(500);

/// How far a server's clock may be behind, in ms, before what it tells is taken for old.
const SKEW: i64 = 60_000;

/// A connection with a nick.
pub struct Session {
    link: Link,
    fences: Fences,
    batches: Batches,
    began: Timestamp,
    early: VecDeque<Heard>,
    heard_last: Instant,
    asked: bool,
    /// Why the server ends the connection, in its own words.
    farewell: Option<String>,
}

impl Session {
    /// Connects, registers, and joins the channels that Relay is to be in: when it is there, all of them were answered.
    pub async fn open(config: &Config, known: &Known) -> Result<Self, OpenError> {
        let link = Link::open(config).await?;
        known.change(|state| state.begin(&config.nick));
        let mut session = Self {
            link,
            fences: Fences::default(),
            batches: Batches::default(),
            began: Timestamp::now(),
            early: VecDeque::new(),
            heard_last: Instant::now(),
            asked: false,
            farewell: None,
        };
        session.register(config, known).await?;
        if let Some(password) = &config.nickserv_password {
            session.link.say(&compose(&[
                "PRIVMSG",
                "NickServ",
                &format!("IDENTIFY {}", password.expose_secret()),
            ]));
        }
        let lines = known.look(|state| rooms::joins(config, state));
        session.ask_and_wait(config, known, lines).await?;
        Ok(session)
    }

    async fn register(&mut self, config: &Config, known: &Known) -> Result<(), OpenError> {
        let mut handshake = Handshake::new(config);
        for line in handshake.begin() {
            self.link.say(&line);
        }
        loop {
            let line = self.link.line().await.map_err(OpenError::Unavailable)?;
            let Some(line) = Line::read(&line) else { continue };
            self.answer_ping(&line);
            known.change(|state| track::track(state, &line, Timestamp::now()));
            match handshake.heard(&line)? {
                Next::Say(lines) => lines.iter().for_each(|line| self.link.say(line)),
                Next::Done => break,
            }
        }
        known.change(|state| state.caps = handshake.caps);
        Ok(())
    }

    /// Sends these lines, and waits until the server has dealt with them.
    pub async fn ask_and_wait(
        &mut self,
        config: &Config,
        known: &Known,
        lines: Vec<String>,
    ) -> Result<(), OpenError> {
        let (done, mut outcome) = oneshot::channel();
        self.ask(vec![Request { lines, room: None, label: None, begun: Arc::default(), done }]);
        while outcome.try_recv().is_err() {
            let line = self.line().await.map_err(OpenError::Unavailable)?;
            let room = MOST_EARLY.saturating_sub(self.early.len());
            let heard = self.take(config, known, &line);
            self.early.extend(heard.into_iter().take(room));
        }
        Ok(())
    }

    /// Sends what is asked for, and remembers who waits for the outcome.
    pub fn ask(&mut self, requests: Vec<Request>) {
        for line in self.fences.raise(requests) {
            self.link.say(&line);
        }
    }

    /// Sends a line that nobody waits for.
    pub fn say(&mut self, line: &str) {
        self.link.say(line);
    }

    /// Whether more may be asked now.
    pub fn has_room(&self) -> bool {
        self.link.has_room() && self.fences.waiting() < MOST_WAITING
    }

    /// Whether answers are still to come that are read from this connection, and from nowhere else.
    pub fn awaits_answers(&self) -> bool {
        self.fences.labelled() > 0
    }

    /// Whether the server has stopped answering, whatever else it says.
    pub fn is_stuck(&self) -> bool {
        self.fences.is_overdue(STUCK)
    }

    /// What came before anybody listened.
    pub fn early(&mut self) -> VecDeque<Heard> {
        std::mem::take(&mut self.early)
    }

    /// The next line; an error when the connection is gone. May be dropped and called again.
    pub async fn line(&mut self) -> Result<String, String> {
        loop {
            let silent_until = self.heard_last + if self.asked { DEAD } else { SILENT };
            match tokio::time::timeout_at(silent_until, self.link.line()).await {
                Ok(Ok(line)) => {
                    (self.heard_last, self.asked) = (Instant::now(), false);
                    return Ok(line);
                }
                Ok(Err(reason)) => return Err(self.farewell.take().unwrap_or(reason)),
                Err(_) if self.asked => {
                    return Err(format!("the server was silent for {} s", DEAD.as_secs()));
                }
                Err(_) => {
                    self.asked = true;
                    self.link.say("PING relay");
                }
            }
        }
    }

    /// Takes a line in: answers what wants an answer, and says what was heard.
    pub fn take(&mut self, config: &Config, known: &Known, line: &str) -> Vec<Heard> {
        let Some(line) = Line::read(line) else { return Vec::new() };
        self.answer_ping(&line);
        let mut heard = Vec::new();
        for came in self.batches.take(line) {
            match came {
                Came::Line(line) if self.is_old(&line) => heard.extend(self.before(config, known, &[line])),
                Came::Line(line) => heard.extend(self.now(config, known, &line)),
                Came::Answer(label, lines) => {
                    note_ids(known, &lines);
                    self.fences.answered(&label, lines);
                }
                Came::PlayedBack(lines) => heard.extend(self.before(config, known, &lines)),
            }
        }
        heard
    }

    /// Somebody's words from before this connection: a bouncer has kept them. Source: <https://ircv3.net/specs/extensions/server-time>.
    fn is_old(&self, line: &Line) -> bool {
        let at = line.tag("time").and_then(|time| time.parse::<jiff::Timestamp>().ok());
        let said = matches!(line.command.as_str(), "PRIVMSG" | "NOTICE" | "TAGMSG" | "REDACT");
        said && at.is_some_and(|at| at.as_millisecond() < self.began.0 - SKEW)
    }

    fn before(&self, config: &Config, known: &Known, lines: &[Line]) -> Vec<Heard> {
        note_ids(known, lines);
        let now = Timestamp::now();
        known.look(|state| {
            let network = state.network(&config.host, config.port);
            lines.iter().filter_map(|line| heard::before(state, &network, line, now)).collect()
        })
    }

    fn now(&mut self, config: &Config, known: &Known, line: &Line) -> Option<Heard> {
        if line.command == "ERROR" {
            self.farewell =
                Some(format!("the server has ended the connection: {}", errors::words(line.last())));
        }
        if line.command == "INVITE" {
            let lines = known.change(|state| rooms::invited(config, state, line));
            lines.iter().for_each(|line| self.link.say(line));
        }
        let now = Timestamp::now();
        // Of somebody who goes, it is known before that who they were.
        let heard = known.change(|state| {
            let was_in = track::track(state, line, now);
            state.ids |= line.tag("msgid").is_some();
            self.fences.heard(line, |name| state.fold(name));
            heard::of(state, &state.network(&config.host, config.port), line, was_in, now)
        });
        if line.command == "CAP" && line.param(1).eq_ignore_ascii_case("NEW") {
            let wanted = known.look(|state| state.caps.to_ask());
            wanted.iter().for_each(|name| self.link.say(&compose(&["CAP", "REQ", name])));
        }
        heard
    }

    /// Says goodbye.
    pub async fn close(mut self) {
        self.link.say(&compose(&["QUIT", "Relay stops"]));
        self.link.finish(GOODBYE).await;
    }

    fn answer_ping(&mut self, line: &Line) {
        if line.command == "PING" {
            self.link.say(&compose(&["PONG", line.last()]));
        }
    }
}

/// A message with an id says that messages have ids here.
fn note_ids(known: &Known, lines: &[Line]) {
    if lines.iter().any(|line| line.tag("msgid").is_some()) && !known.look(|state| state.ids) {
        known.change(|state| state.ids = true);
    }
}
