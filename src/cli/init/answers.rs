//! The answers from a file, for whoever sets Relay up without a terminal.

use super::asker::{Asker, Check, Choice, Ended, GivenChannels, Question};
use crate::config::Config;
use secrecy::{ExposeSecret, SecretString};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// What such a file looks like.
pub const EXAMPLE: &str = r##"# Answers for `relay init --answers FILE`.

platforms = ["discord", "slack", "telegram"]
# private = true                        # rooms that are read by invitation only may be joined, too

[discord]
token = { env = "DISCORD_TOKEN" }       # or { file = "PATH" }; a secret never stands here
# api_url = "https://chat.example.org"  # any further key of an account: docs/config.md

[slack]
bot_token = { env = "SLACK_BOT_TOKEN" }
app_token = { env = "SLACK_APP_TOKEN" }

[telegram]
token = { env = "TELEGRAM_TOKEN" }

# [irc]
# server = "ircs://irc.libera.chat"
# nick = "owlrelay"
# rooms = "#hikes #maps"

# Rooms as `relay rooms` lists them, behind the name of their account, which is that of the platform.
# Or, before the first section: channels = "proposed", for the rooms that are called alike.
[channels]
lobby = ["discord:Night Owls/#general", "slack:#general", "telegram:Sunday hikers"]
"##;

/// A file of answers.
#[derive(Debug)]
pub struct Answers {
    path: PathBuf,
    table: Table,
}

impl Answers {
    /// Reads it.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Self::parse(&text, path)
    }

    /// Parses it; the error is without the lines, in which there may be a secret by mistake.
    pub fn parse(text: &str, path: &Path) -> Result<Self, String> {
        let table = text.parse::<Table>().map_err(|error| {
            let line = error
                .span()
                .map_or(1, |span| 1 + text.bytes().take(span.start).filter(|byte| *byte == b'\n').count());
            format!("{}:{line}: {}", path.display(), error.message().replace('\n', ", "))
        })?;
        Ok(Self { path: path.to_owned(), table })
    }

    /// `discord.token` is the key `token` of the section `[discord]`.
    fn value(&self, key: &str) -> Option<&Value> {
        match key.split_once('.') {
            Some((section, key)) => self.table.get(section)?.as_table()?.get(key),
            None => self.table.get(key),
        }
    }

    fn needed(&self, question: &Question) -> Result<&Value, Ended> {
        self.value(&question.key).ok_or_else(|| {
            Ended::Failed(format!(
                "{} does not answer `{}`: {}. `relay init --print-answers` shows what it may look like",
                self.path.display(),
                question.key,
                question.words.trim_end_matches('.')
            ))
        })
    }

    fn wrong(&self, key: &str, why: impl std::fmt::Display) -> Ended {
        Ended::Failed(format!("{}: `{key}`: {why}", self.path.display()))
    }

    fn text_of(&self, key: &str, value: &Value) -> Result<String, Ended> {
        let text = value.as_str().map(str::to_owned);
        text.ok_or_else(|| self.wrong(key, "it is to be a text in quotes"))
    }

    fn place(&self, question: &Question, choices: &[Choice], label: &str) -> Result<usize, Ended> {
        choices.iter().position(|choice| choice.label.eq_ignore_ascii_case(label)).ok_or_else(|| {
            let labels: Vec<&str> = choices.iter().map(|choice| choice.label.as_str()).collect();
            self.wrong(&question.key, format!("there is no `{label}`, but {}", labels.join(", ")))
        })
    }
}

impl Asker for Answers {
    fn is_attended(&self) -> bool {
        false
    }

    fn title(&mut self, _: &str) {}

    fn steps(&mut self, _: &str, _: &[String]) {}

    fn tell(&mut self, words: &str) {
        sayln!("{words}");
    }

    fn good(&mut self, words: &str) {
        sayln!("{words}");
    }

    fn problem(&mut self, words: &str) {
        eprintln!("warning: {}", super::super::printable(words));
    }

    fn busy(&mut self, _: &str) {}

    fn done(&mut self) {}

    fn many(&mut self, question: &Question, choices: &[Choice], least: usize) -> Result<Vec<usize>, Ended> {
        let value = self.needed(question)?;
        let named = value.as_array().ok_or_else(|| self.wrong(&question.key, "it is to be a list: […]"))?;
        let chosen = named.iter().map(|value| {
            let label = self.text_of(&question.key, value)?;
            self.place(question, choices, &label)
        });
        let chosen = chosen.collect::<Result<Vec<_>, _>>()?;
        match chosen.len() >= least {
            true => Ok(chosen),
            false => Err(self.wrong(&question.key, format!("name at least {least}"))),
        }
    }

    fn one(&mut self, question: &Question, choices: &[Choice]) -> Result<usize, Ended> {
        match self.value(&question.key) {
            Some(value) => self.place(question, choices, &self.text_of(&question.key, value)?),
            None => Ok(0),
        }
    }

    fn text(&mut self, question: &Question, usual: &str, check: Check) -> Result<String, Ended> {
        let text = match self.value(&question.key) {
            Some(value) => self.text_of(&question.key, value)?,
            None if !usual.is_empty() => usual.to_owned(),
            None => self.text_of(&question.key, self.needed(question)?)?,
        };
        (check.whole)(&text).map_err(|why| self.wrong(&question.key, why))?;
        Ok(text)
    }

    fn secret(
        &mut self,
        question: &Question,
        optional: bool,
        check: Check,
    ) -> Result<Option<SecretString>, Ended> {
        if optional && self.value(&question.key).is_none() {
            return Ok(None);
        }
        let value = self.needed(question)?;
        let source = value.as_table().filter(|table| table.len() == 1).and_then(|table| table.iter().next());
        let Some((kind, Value::String(name))) = source else {
            let how = "a secret does not belong here. Write { env = \"NAME\" } or { file = \"PATH\" }";
            return Err(self.wrong(&question.key, how));
        };
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let secret = Config::secret(kind, name, folder, false)
            .map_err(|(what, way_out)| self.wrong(&question.key, format!("{what}. {way_out}")))?;
        (check.whole)(secret.expose_secret()).map_err(|why| self.wrong(&question.key, why))?;
        Ok(Some(secret))
    }

    fn confirm(&mut self, question: &Question, usual: bool) -> Result<bool, Ended> {
        match self.value(&question.key) {
            Some(value) => {
                value.as_bool().ok_or_else(|| self.wrong(&question.key, "it is to be true or false"))
            }
            None => Ok(usual),
        }
    }

    fn further(&mut self, section: &str) -> Vec<(String, String)> {
        let section = self.table.get(section).and_then(Value::as_table);
        // Rooms that have to be named are asked for.
        let keys = section.into_iter().flatten().filter(|(key, _)| *key != "rooms");
        let texts = keys.filter_map(|(key, value)| Some((key, value.as_str()?)));
        texts.map(|(key, value)| (key.clone(), value.to_owned())).collect()
    }

    fn sections(&self) -> Vec<String> {
        let sections = self.table.iter().filter(|(name, value)| *name != "channels" && value.is_table());
        sections.map(|(name, _)| name.clone()).collect()
    }

    fn channels(&mut self) -> Result<Option<GivenChannels>, Ended> {
        let what = "which rooms are joined";
        match self.needed(&Question::new("channels", what))? {
            Value::String(word) if word == "proposed" => Ok(None),
            Value::Table(channels) => {
                let channels = channels.iter().map(|(name, links)| {
                    let key = format!("channels.{name}");
                    let list =
                        links.as_array().ok_or_else(|| self.wrong(&key, "it is to be a list of rooms"))?;
                    let links = list.iter().map(|link| self.text_of(&key, link)).collect::<Result<_, _>>()?;
                    Ok((name.clone(), links))
                });
                channels.collect::<Result<_, _>>().map(Some)
            }
            _ => Err(self.wrong("channels", "write a section [channels], or channels = \"proposed\"")),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::rc::Rc;

    fn of(text: &str) -> Answers {
        Answers::parse(text, Path::new("answers.toml")).unwrap()
    }

    fn any() -> Check {
        Check { typing: Rc::new(|_| Ok(())), whole: Rc::new(|_| Ok(())) }
    }

    fn why<T: std::fmt::Debug>(answer: Result<T, Ended>) -> String {
        match answer.unwrap_err() {
            Ended::Failed(why) => why,
            Ended::Interrupted => "interrupted".into(),
        }
    }

    #[test]
    fn the_example_answers() {
        let mut example = of(EXAMPLE);
        let all: Vec<Choice> =
            ["discord", "irc", "slack", "telegram"].map(|name| Choice::new(name, "")).into();
        let platforms = example.many(&Question::new("platforms", "?"), &all, 1).unwrap();
        assert_eq!(platforms, [0, 2, 3]);
        assert_eq!(example.channels().unwrap().unwrap()["lobby"].len(), 3);
    }

    #[test]
    fn what_is_missing_or_wrong_is_named_by_its_key() {
        let token = || Question::new("discord.token", "The bot's token");
        let missing = why(of("platforms = []").secret(&token(), false, any()));
        assert!(missing.contains("does not answer `discord.token`: The bot's token"), "{missing}");
        let mut plain = of("[discord]\ntoken = \"abc.def\"");
        let shown = why(plain.secret(&token(), false, any()));
        assert!(shown.contains("does not belong here") && !shown.contains("abc"), "{shown}");
        let mut unset = of("[discord]\ntoken = { env = \"RELAY_NO_SUCH_VARIABLE\" }");
        let shown = why(unset.secret(&token(), false, any()));
        assert!(shown.contains("`discord.token`: the environment variable"), "{shown}");
        let shown = why(of("").channels());
        assert!(shown.contains("`channels`"), "{shown}");
        let shown = why(of("channels = 1").channels());
        assert!(shown.contains("channels = \"proposed\""), "{shown}");
        assert_eq!(of("channels = \"proposed\"").channels().unwrap(), None);
        let unread = Answers::parse("token = \"sec\nret\"", Path::new("a")).unwrap_err();
        assert!(
            unread.starts_with("a:2: ") && !unread.contains("sec") && !unread.contains("ret"),
            "{unread}"
        );
    }
}
