//! One connection to a server, from its first line to its end.

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

/// A connection with a nick.
pub struct Session {
    link: Link,
    fences: Fences,
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
        let (early, fences) = (VecDeque::new(), Fences::default());
        let mut session =
            Self { link, fences, early, heard_last: Instant::now(), asked: false, farewell: None };
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
        self.ask(vec![Request { lines, room: None, begun: Arc::default(), done }]);
        while outcome.try_recv().is_err() {
            let line = self.line().await.map_err(OpenError::Unavailable)?;
            if let Some(heard) = self.take(config, known, &line)
                && self.early.len() < MOST_EARLY
            {
                self.early.push_back(heard);
            }
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
    pub fn take(&mut self, config: &Config, known: &Known, line: &str) -> Option<Heard> {
        let line = Line::read(line)?;
        self.answer_ping(&line);
        if line.command == "ERROR" {
            self.farewell =
                Some(format!("the server has ended the connection: {}", errors::words(line.last())));
        }
        if line.command == "INVITE" {
            let lines = known.change(|state| rooms::invited(config, state, &line));
            lines.iter().for_each(|line| self.link.say(line));
        }
        let now = Timestamp::now();
        // Of somebody who goes, it is known before that who they were.
        known.change(|state| {
            let was_in = track::track(state, &line, now);
            self.fences.heard(&line, |name| state.fold(name));
            heard::of(state, &state.network(&config.host, config.port), &line, was_in, now)
        })
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
