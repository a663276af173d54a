//! `/relay consent`: what the asker allows in particular: for what, which kinds of things, to whom, until when.

use super::privacy::{ALL_LINKED, asker, unreadable};
use super::{Commands, Refused, words};
use crate::consent::{Classes, DataClass, Entry, Purpose, Recipient, Scope, WORDS};
use crate::engine::RunningAccount;
use crate::spans;
use relay_contract::{Call, Platform, Timestamp};
use std::time::Duration;

/// So many of the newest entries are told.
const TOLD: usize = 10;

impl Commands {
    /// Tells, or changes, what the asker allows.
    pub(super) async fn consent(
        &self,
        account: &RunningAccount,
        call: &Call,
        said: &str,
    ) -> Result<String, Refused> {
        let person = asker(call);
        if said.trim().is_empty() {
            let history = self.core.ledger.consent_of(&person);
            let entries = history.as_ref().map(|history| history.entries()).unwrap_or_default();
            let now = self.core.consent_clock();
            let lines = entries.iter().rev().take(TOLD).map(|entry| format!("\n• {}", in_words(entry, now)));
            let lines: String = lines.collect();
            let told = match lines.is_empty() {
                true => "You have said nothing about it.".to_owned(),
                false => format!("What you said, newest first:{lines}"),
            };
            return Ok(format!("{told}\n{HOW}"));
        }
        let platforms: Vec<Platform> =
            self.core.accounts.all().iter().map(|account| account.connector.platform()).collect();
        let mut entry = parse(said, &platforms, self.core.consent_clock())?;
        if entry.allows && self.chose_often(&person) {
            return Err(
                "You have chosen many times in the last hour. Wait an hour; to revoke is always possible."
                    .into(),
            );
        }
        entry.how = format!("/relay consent in {}", call.room);
        let told = in_words(&entry, entry.at);
        let is_proven = account.connector.proves(&call.asker.id);
        let is_told = account.connector.answers_alone() && self.core.ledger.linked(&person).is_some();
        let all = if is_told { ALL_LINKED } else { "" };
        let unused = match entry.purpose {
            Purpose::Bridging => "",
            _ => " Relay does nothing for that today; your word is kept for when it does.",
        };
        let said = self.core.say_entry(person, entry, is_proven).await.map_err(|error| unreadable(&error))?;
        Ok(format!("{}: {told}.{unused}{all}", if said { "From now on" } else { "That holds already" }))
    }
}

const HOW: &str = "/relay consent grant or revoke PURPOSE, and where you want it: what, to whom, for how long. Such as:\n\
     • /relay consent revoke bridging to telegram\n\
     • /relay consent revoke bridging attachments,presence\n\
     • /relay consent grant archive content for 30 days\n\
     Purposes: bridging, archive, moderation, ai, analytics, personalisation, marketing. What: content, attachments, identity, presence, \
     reactions, derived, picture. /relay privacy says the most usual things in one word.";

fn parse(said: &str, platforms: &[Platform], now: Timestamp) -> Result<Entry, Refused> {
    let wrong = |what: String| format!("{what} {HOW}");
    let lower = said.trim().to_lowercase();
    let (lower, until) = match lower.split_once(" for ") {
        Some((before, span)) => {
            let span = spans::read(span).filter(|span| *span > Duration::ZERO);
            let span = span.ok_or_else(|| wrong("How long is that? Write it like 30 days.".into()))?;
            let ms = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
            (before.trim().to_owned(), Some(Timestamp(now.0.saturating_add(ms))))
        }
        None => (lower, None),
    };
    let (lower, scope) = match lower.split_once(" to ") {
        Some((before, whom)) => (before.trim().to_owned(), scope(whom.trim(), platforms).map_err(wrong)?),
        None => (lower, Scope::All),
    };
    let mut parts = lower.split_whitespace();
    let allows = match parts.next() {
        Some("grant") => true,
        Some("revoke") => false,
        other => {
            let other = other.unwrap_or_default().escape_debug();
            return Err(wrong(format!("`{other}` is neither grant nor revoke.")));
        }
    };
    let word = parts.next().unwrap_or_default();
    let purpose = Purpose::ALL.iter().find(|(_, known)| *known == word).map(|(purpose, _)| *purpose);
    let purpose = purpose.ok_or_else(|| wrong(format!("There is no purpose `{}`.", word.escape_debug())))?;
    let mut classes = Vec::new();
    for word in parts.flat_map(|part| part.split(',')).filter(|word| !word.is_empty()) {
        let class = DataClass::ALL.into_iter().find(|class| class.word() == word);
        classes.push(
            class.ok_or_else(|| wrong(format!("There is no such thing as `{}`.", word.escape_debug())))?,
        );
    }
    let classes = if classes.is_empty() { Classes::ALL } else { Classes::of(&classes) };
    Ok(Entry { allows, purpose, classes, scope, how: String::new(), words: WORDS, at: now, from: now, until })
}

fn scope(whom: &str, platforms: &[Platform]) -> Result<Scope, String> {
    if let Some(platform) = platforms.iter().find(|platform| platform.as_str() == whom) {
        return Ok(Scope::Platform(platform.to_string()));
    }
    match whom.split_once(':') {
        Some(("service", name)) if !name.is_empty() => Ok(Scope::One(Recipient::Service(name.to_owned()))),
        Some(("plugin", name)) if !name.is_empty() => Ok(Scope::One(Recipient::Plugin(name.to_owned()))),
        _ => {
            let mut all: Vec<&str> = platforms.iter().map(Platform::as_str).collect();
            all.sort_unstable();
            all.dedup();
            Err(format!(
                "Relay does not know `{}`. It knows {}, and service:NAME and plugin:NAME.",
                whom.escape_debug(),
                all.join(", ")
            ))
        }
    }
}

fn in_words(entry: &Entry, now: Timestamp) -> String {
    let classes: Vec<DataClass> = entry.classes.into();
    let what = match entry.classes {
        _ if entry.classes == Classes::ALL => "everything".to_owned(),
        _ => classes.into_iter().map(DataClass::word).collect::<Vec<_>>().join(", "),
    };
    let whom = match &entry.scope {
        Scope::All => "everybody".to_owned(),
        Scope::Platform(platform) => words::shown(&Platform::from_stored(platform.clone())),
        Scope::One(Recipient::Space { platform, .. }) => format!("a space on {platform}"),
        Scope::One(Recipient::Service(name)) => format!("the service {name}"),
        Scope::One(Recipient::Plugin(name)) => format!("the plugin {name}"),
    };
    let until = match entry.until {
        Some(until) if until <= now => ", which has ended".to_owned(),
        Some(until) => {
            let at = jiff::Timestamp::from_millisecond(until.0);
            at.map(|at| at.strftime(" until %Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default()
        }
        None => String::new(),
    };
    let does = if entry.allows { "allowed" } else { "not allowed" };
    format!("{}: {what} to {whom} {does}{until}", entry.purpose.word())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_and_told() {
        let platforms = [Platform::new("discord"), Platform::new("telegram")];
        let now = Timestamp(1_700_000_000_000);
        let said = |words: &str| parse(words, &platforms, now).map(|entry| in_words(&entry, now));
        let cases = [
            ("grant archive", Ok("archive: everything to everybody allowed")),
            ("revoke bridging to telegram", Ok("bridging: everything to Telegram not allowed")),
            (
                "Revoke  Bridging attachments, presence",
                Ok("bridging: attachments, presence to everybody not allowed"),
            ),
            (
                "grant ai content to service:tongues for 30 days",
                Ok("ai: content to the service tongues allowed until 2023-12-14 22:13 UTC"),
            ),
            ("grant", Err("There is no purpose ``")),
            ("allow bridging", Err("`allow` is neither grant nor revoke")),
            ("grant love", Err("There is no purpose `love`")),
            ("grant bridging souls", Err("There is no such thing as `souls`")),
            ("grant bridging to signal", Err("It knows discord, telegram, and service:NAME")),
            ("grant bridging for ever", Err("How long is that?")),
            ("grant bridging for 0 days", Err("How long is that?")),
        ];
        for (words, expected) in cases {
            match (said(words), expected) {
                (Ok(told), Ok(expected)) => assert_eq!(told, expected, "{words}"),
                (Err(told), Err(expected)) => assert!(told.contains(expected), "{words}: {told}"),
                (told, _) => panic!("{words}: {told:?}"),
            }
        }
    }
}
