//! From a connection to a nick: capabilities, SASL, password, name. Pure: lines in, lines out.
//! Source: <https://modern.ircdocs.horse/#connection-setup> and <https://ircv3.net/specs/extensions/capability-negotiation>.

use crate::caps::Caps;
use crate::config::Config;
use crate::errors::words;
use crate::line::{Line, compose};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use relay_contract::{OpenError, Problem};
use secrecy::ExposeSecret;

/// How often another underscore is put behind a nick that somebody else has.
const MOST_NICKS: usize = 4;

/// The most of one `AUTHENTICATE`. Source: <https://ircv3.net/specs/extensions/sasl-3.1#the-authenticate-command>.
const SASL_CHUNK: usize = 400;

/// The way to a nick.
pub struct Handshake<'a> {
    config: &'a Config,
    nick: String,
    tries: usize,
    /// What the server can do, and what was switched on.
    pub caps: Caps,
    /// Requests for capabilities that were not answered yet.
    asked: usize,
    welcomed: bool,
    /// The services account was shown, and taken.
    shown: bool,
}

/// What a line leads to.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// These are sent.
    Say(Vec<String>),
    /// Relay is on the server.
    Done,
}

impl<'a> Handshake<'a> {
    /// Nothing said yet.
    pub fn new(config: &'a Config) -> Self {
        let caps = Caps::default();
        Self { config, nick: config.nick.clone(), tries: 0, caps, asked: 0, welcomed: false, shown: false }
    }

    /// What is said first.
    pub fn begin(&self) -> Vec<String> {
        let mut lines = vec![compose(&["CAP", "LS", "302"])];
        lines.extend(
            self.config.password.as_ref().map(|password| compose(&["PASS", password.expose_secret()])),
        );
        lines.push(compose(&["NICK", &self.nick]));
        lines.push(compose(&["USER", &self.config.user, "0", "*", &self.config.realname]));
        lines
    }

    /// Goes on after a line.
    pub fn heard(&mut self, line: &Line) -> Result<Next, OpenError> {
        let refused = |what: String, fix: &str| Err(OpenError::Refused(Problem::new(what, fix)));
        let said = words(line.last());
        let say = match line.command.as_str() {
            "CAP" => self.capability(line)?,
            "AUTHENTICATE" if line.param(0) == "+" => self.authenticate(),
            "903" => {
                self.shown = true;
                vec![compose(&["CAP", "END"])]
            }
            "902" | "904" | "905" | "906" => {
                return refused(
                    format!("The server does not take Relay's services account: {said}."),
                    "Look whether `sasl_user` and `sasl_password`, or `sasl_certificate`, are right.",
                );
            }
            "433" | "436" if !self.welcomed => self.another_nick(&said)?,
            "432" if !self.welcomed => {
                return refused(
                    format!("The server does not allow the nick {}: {said}.", self.nick),
                    "Choose another `nick`; some servers allow no more than 9 characters.",
                );
            }
            "464" => {
                return refused(
                    format!("The server wants another password: {said}."),
                    "Ask whoever runs it, and write it into `password`.",
                );
            }
            "465" => {
                return refused(
                    format!("The server has banned Relay's address: {said}."),
                    "Ask whoever runs it to lift the ban.",
                );
            }
            "ERROR" => {
                return Err(OpenError::Unavailable(format!("the server has ended the connection: {said}")));
            }
            // It has passed over what it was asked before.
            "001" if self.wants_sasl() && !self.shown => return Err(no_sasl()),
            "001" => {
                self.welcomed = true;
                Vec::new()
            }
            // The end of the message of the day, or that there is none: all about the server has been said.
            "376" | "422" if self.welcomed => return Ok(Next::Done),
            _ => Vec::new(),
        };
        Ok(Next::Say(say))
    }

    fn wants_sasl(&self) -> bool {
        self.config.sasl_password.is_some() || self.config.certificate.is_some()
    }

    fn capability(&mut self, line: &Line) -> Result<Vec<String>, OpenError> {
        match line.param(1).to_ascii_uppercase().as_str() {
            "LS" => {
                self.caps.offer(line.last());
                // More of them follow.
                if line.param(2) == "*" && line.params.len() > 3 {
                    return Ok(Vec::new());
                }
                let sasl = self.wants_sasl().then_some("sasl");
                if sasl.is_some() && !self.caps.offers("sasl") {
                    return Err(no_sasl());
                }
                let wanted: Vec<_> = self.caps.to_ask().into_iter().chain(sasl).collect();
                Ok(match wanted.is_empty() {
                    true => vec![compose(&["CAP", "END"])],
                    false => self.ask(&[&wanted.join(" ")]),
                })
            }
            "ACK" => {
                self.caps.switch(line.last());
                Ok(self.answered())
            }
            "NAK" if self.wants_sasl() && line.last().trim() == "sasl" => {
                Err(OpenError::Unavailable("the server does not switch SASL on just now".to_owned()))
            }
            // One of them was too much: each by itself.
            "NAK" if line.last().trim().contains(' ') => {
                self.asked = self.asked.saturating_sub(1);
                let each: Vec<_> = line.last().split_ascii_whitespace().collect();
                Ok(self.ask(&each))
            }
            "NAK" => Ok(self.answered()),
            _ => Ok(Vec::new()),
        }
    }

    fn ask(&mut self, requests: &[&str]) -> Vec<String> {
        self.asked += requests.len();
        requests.iter().map(|names| compose(&["CAP", "REQ", names])).collect()
    }

    /// Goes on when the last request for capabilities is answered.
    fn answered(&mut self) -> Vec<String> {
        self.asked = self.asked.saturating_sub(1);
        match (self.asked, self.wants_sasl()) {
            (0, true) => vec![compose(&["AUTHENTICATE", self.mechanism()])],
            (0, false) => vec![compose(&["CAP", "END"])],
            _ => Vec::new(),
        }
    }

    fn mechanism(&self) -> &'static str {
        if self.config.certificate.is_some() { "EXTERNAL" } else { "PLAIN" }
    }

    fn authenticate(&self) -> Vec<String> {
        let Some(password) = self.config.sasl_password.as_ref().filter(|_| self.mechanism() == "PLAIN")
        else {
            return vec![compose(&["AUTHENTICATE", "+"])];
        };
        let user = &self.config.sasl_user;
        let words = BASE64_STANDARD.encode(format!("\0{user}\0{}", password.expose_secret()));
        let mut lines: Vec<String> = Vec::new();
        let mut rest = words.as_str();
        while !rest.is_empty() {
            let (chunk, more) = rest.split_at(rest.len().min(SASL_CHUNK));
            lines.push(compose(&["AUTHENTICATE", chunk]));
            rest = more;
        }
        // A last chunk that is full does not say that it is the last.
        if words.len().is_multiple_of(SASL_CHUNK) {
            lines.push(compose(&["AUTHENTICATE", "+"]));
        }
        lines
    }

    fn another_nick(&mut self, said: &str) -> Result<Vec<String>, OpenError> {
        self.tries += 1;
        if self.tries > MOST_NICKS {
            return Err(OpenError::Unavailable(format!(
                "somebody else has the nick {}: {said}",
                self.config.nick
            )));
        }
        self.nick.push('_');
        Ok(vec![compose(&["NICK", &self.nick])])
    }
}

fn no_sasl() -> OpenError {
    OpenError::Refused(Problem::new(
        "The server has no SASL, so Relay cannot show its services account.",
        "Remove `sasl_password` and `sasl_certificate`; where there is a NickServ, write `nickserv_password`.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::settings;

    fn config(secrets: &[(&'static str, &str)]) -> Config {
        Config::read(&settings("irc://host", &[("nick", "relay"), ("sasl_user", "u")], secrets)).unwrap()
    }

    /// What is said after each line, or the error that ends it.
    fn talk(config: &Config, lines: &[&str]) -> String {
        let mut handshake = Handshake::new(config);
        let mut said = Vec::new();
        for line in lines {
            match handshake.heard(&Line::read(line).unwrap()) {
                Ok(Next::Say(lines)) => said.extend(lines),
                Ok(Next::Done) => said.push("done".into()),
                Err(error) => said.push(error.to_string()),
            }
        }
        said.join(" | ")
    }

    #[test]
    fn the_way_to_a_nick() {
        let plain = config(&[]);
        let sasl = config(&[("sasl_password", "pw")]);
        let welcome = [":s 001 relay :Hi", ":s 376 relay :End"];
        let cases: &[(&Config, &[&str], &str)] = &[
            (&plain, &welcome, "done"),
            (&plain, &[":s 421 * CAP :Unknown", ":s 001 r :Hi", ":s 422 r :No MOTD"], "done"),
            (&plain, &[":s CAP * LS :sasl unknown"], "CAP END"),
            (&plain, &[":s CAP * LS * :batch", ":s CAP * LS :server-time=x"], "CAP REQ :batch server-time"),
            (&plain, &[":s CAP * LS :batch", ":s CAP * ACK :batch"], "CAP REQ batch | CAP END"),
            (
                &plain,
                &[
                    ":s CAP * LS :batch setname",
                    ":s CAP * NAK :batch setname",
                    ":s CAP * ACK :batch",
                    ":s CAP * NAK :setname",
                ],
                "CAP REQ :batch setname | CAP REQ batch | CAP REQ setname | CAP END",
            ),
            (&plain, &[":s 433 * relay :Taken", ":s 433 * relay_ :Taken"], "NICK relay_ | NICK relay__"),
            (&sasl, &[":s CAP * LS :sasl=PLAIN", ":s CAP * ACK :sasl"], "CAP REQ sasl | AUTHENTICATE PLAIN"),
            (&sasl, &["AUTHENTICATE +", ":s 903 * :ok"], "AUTHENTICATE AHUAcHc= | CAP END"),
        ];
        for (config, lines, expected) in cases {
            assert_eq!(talk(config, lines), *expected, "{lines:?}");
        }
        let refusals: &[(&Config, &str, &str)] = &[
            (&plain, ":s 464 * :Bad password", "`password`"),
            (&plain, ":s 432 * relay :Too long", "`nick`"),
            (&plain, "ERROR :Closing link", "Closing link"),
            (&sasl, ":s CAP * LS :batch", "`nickserv_password`"),
            (&sasl, ":s 001 relay :Hi", "`nickserv_password`"),
            (&sasl, ":s 904 * :SASL failed", "`sasl_password`"),
        ];
        for (config, line, says) in refusals {
            let said = talk(config, &[line]);
            assert!(said.contains(says) && !said.contains("pw"), "{line}: {said}");
        }
    }

    #[test]
    fn long_passwords_come_in_chunks() {
        let config = config(&[("sasl_password", &"x".repeat(297))]);
        let lines = Handshake::new(&config).authenticate();
        assert_eq!(lines.len(), 2, "{} bytes are one full chunk and the sign of its end", 400);
        assert_eq!(lines[1], "AUTHENTICATE +");
    }
}
