//! `/relay consent`: what the asker allows in particular: for what, which kinds of things, to whom, until when.

use super::privacy::{asker, date, holds, time, unreadable};
use super::spaces::{PROGRAMS, Spaces, Written};
use super::{Commands, Refused, words};
use crate::consent::{Classes, DataClass, Entry, Person, Purpose, Recipient, Scope, WORDS};
use crate::engine::RunningAccount;
use crate::spans;
use crate::text;
use crate::texts::Language;
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
        let language = self.language(call);
        // Of what they have said before, others who read the answer may not know.
        let before = self.core.ledger.consent_of(&person).filter(|_| account.connector.answers_alone(call));
        let spaces = self.spaces(&call.room, before.as_deref());
        if said.trim().is_empty() {
            return Ok(self.allowed(language, &person, &spaces));
        }
        let platforms: Vec<Platform> =
            self.core.accounts.all().iter().map(|account| account.connector.platform()).collect();
        let mut entry = parse(language, said, (&platforms, &spaces), self.core.consent_clock())?;
        if entry.allows && self.chose_often(&person) {
            return Err(text!(language, "consent-too-often"));
        }
        entry.how = format!("/relay consent in {}", self.where_said(call));
        let told = in_words(language, &entry, entry.at, &spaces);
        let is_proven = account.connector.proves(&call.asker.id);
        let is_told = account.connector.answers_alone(call) && self.core.ledger.linked(&person).is_some();
        let all = (is_told && !entry.allows).then(|| text!(language, "chosen-for-all"));
        let for_a_time = entry.until.is_some();
        let is_no = !entry.allows && entry.purpose == Purpose::Bridging;
        let unused = unused(language, &entry);
        let is_bridging = entry.purpose == Purpose::Bridging;
        // With the words or the name the message goes, and its picture with it.
        let goes = [DataClass::Content, DataClass::Identity].iter().any(|class| entry.classes.has(*class));
        let picture_stays = !goes && entry.classes.has(DataClass::Picture);
        let is_picture_alone = entry.classes.is_picture_alone();
        let said = self.core.say_entry(person.clone(), entry, is_proven).await;
        let said = said.map_err(|error| unreadable(language, &error))?;
        // What is allowed or not shows nothing of what it comes to, beside what else was said and what the room shows of everybody.
        let now = is_bridging.then(|| self.shown_now(language, &call.room, &person)).flatten();
        let stays = said.takes_back && picture_stays;
        let stays = stays.then(|| text!(language, "privacy-stays-with-picture"));
        let before = match said.takes_back {
            true if is_picture_alone => None,
            true if for_a_time => Some(text!(language, "consent-taken-back-for-good")),
            true => Some(text!(language, "privacy-taken-back")),
            false if is_no && !is_proven && !said.is_same => Some(text!(language, "privacy-unproven-stays")),
            false => None,
        };
        let sentences = [Some(holds(language, said.is_same, &told)), unused, all];
        let told = sentences.into_iter().flatten().collect::<Vec<_>>().join(" ");
        Ok([Some(told), now, before, stays].into_iter().flatten().collect::<Vec<_>>().join("\n"))
    }

    /// What somebody has said, newest first, and how more is said.
    fn allowed(&self, language: Language, person: &Person, spaces: &Spaces) -> String {
        let history = self.core.ledger.consent_of(person);
        let entries = history.as_ref().map(|history| history.entries()).unwrap_or_default();
        let now = self.core.consent_clock();
        let told = entries.iter().rev().take(TOLD);
        let told = told.map(|entry| {
            // Where it was said is not told here: others may read it.
            let how = entry.how.split([',']).next().unwrap_or_default();
            let how = how.split_once(" in ").map_or(how, |(how, _)| how);
            let line = in_words(language, entry, now, spaces);
            let (date, time) = (date(entry.at), time(entry.at));
            format!(
                "• {}",
                text!(language, "consent-since", line = line, date = date, time = time, how = how)
            )
        });
        let first = match entries.is_empty() {
            true => text!(language, "consent-nothing"),
            false => text!(language, "consent-said", more = entries.len().saturating_sub(TOLD)),
        };
        let mut platforms: Vec<String> =
            self.core.accounts.all().iter().map(|account| account.connector.platform().to_string()).collect();
        platforms.sort_unstable();
        platforms.dedup();
        let whom = text!(language, "consent-whom", platforms = platforms.join(", "));
        let one = one_alone(language, spaces);
        let has = |program: &str| platforms.iter().any(|platform| platform == program);
        let programs = has("relay").then(|| text!(language, "consent-whom-programs"));
        let called = has("webhook").then(|| text!(language, "consent-whom-webhooks"));
        let whom = [Some(whom), one, programs, called].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let lines = std::iter::once(first).chain(told).chain([text!(language, "consent-how"), whom]);
        lines.collect::<Vec<_>>().join("\n")
    }
}

fn parse(
    language: Language,
    said: &str,
    (platforms, spaces): (&[Platform], &Spaces),
    now: Timestamp,
) -> Result<Entry, Refused> {
    let wrong = |what: String| format!("{what} {}", text!(language, "consent-how"));
    let until = |span: &str| {
        let span = spans::read(span).filter(|span| *span > Duration::ZERO);
        let span = span.ok_or_else(|| wrong(text!(language, "consent-how-long")))?;
        let ms = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        Ok::<_, Refused>(Timestamp(now.0.saturating_add(ms)))
    };
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let lower = said.to_lowercase();
    let (lower, whom, until) = match Written::read(&said, platforms) {
        // A name has words of its own.
        Some(written) => {
            let (space, span) = spaces.find(language, &written).map_err(wrong)?;
            let span = span.map(|span| until(&span.to_lowercase())).transpose()?;
            (written.before.to_lowercase(), Scope::One(space), span)
        }
        None => {
            let (lower, until) = match lower.split_once(" for ") {
                Some((before, span)) => (before.trim(), Some(until(span)?)),
                None => (lower.as_str(), None),
            };
            match lower.split_once(" to ") {
                Some((before, whom)) => (
                    before.trim().to_owned(),
                    scope(language, whom.trim(), (platforms, spaces)).map_err(wrong)?,
                    until,
                ),
                None => (lower.to_owned(), Scope::All, until),
            }
        }
    };
    let mut parts = lower.split_whitespace();
    let allows = match parts.next() {
        Some("grant") => true,
        Some("revoke") => false,
        other => {
            let other = other.unwrap_or_default().escape_debug().to_string();
            return Err(wrong(text!(language, "consent-neither", word = other)));
        }
    };
    let Some(word) = parts.next() else { return Err(text!(language, "consent-how")) };
    let purpose = Purpose::ALL.iter().find(|(_, known)| *known == word).map(|(purpose, _)| *purpose);
    let purpose = purpose.ok_or_else(|| {
        wrong(text!(language, "consent-no-purpose", word = word.escape_debug().to_string()))
    })?;
    let mut classes = Vec::new();
    for word in parts.flat_map(|part| part.split(',')).filter(|word| !word.is_empty()) {
        let class = DataClass::ALL.into_iter().find(|class| class.word() == word);
        let unknown = || text!(language, "consent-no-class", word = word.escape_debug().to_string());
        classes.push(class.ok_or_else(|| wrong(unknown()))?);
    }
    let classes = if classes.is_empty() { Classes::ALL } else { Classes::of(&classes) };
    let how = String::new();
    Ok(Entry { allows, purpose, classes, scope: whom, how, words: WORDS, at: now, from: now, until })
}

/// That nothing comes of it today, where that is so.
fn unused(language: Language, entry: &Entry) -> Option<String> {
    match (entry.purpose, &entry.scope) {
        (Purpose::Bridging, Scope::One(Recipient::Service(_) | Recipient::Plugin(_))) => {
            Some(text!(language, "consent-nobody"))
        }
        (Purpose::Bridging, _) => None,
        _ => Some(text!(language, "consent-unused")),
    }
}

/// Which spaces may be named; none where there are none.
fn one_alone(language: Language, spaces: &Spaces) -> Option<String> {
    spaces.all().map(|spaces| text!(language, "consent-whom-spaces", spaces = spaces))
}

fn scope(
    language: Language,
    whom: &str,
    (platforms, spaces): (&[Platform], &Spaces),
) -> Result<Scope, String> {
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
            let whom = whom.escape_debug().to_string();
            let unknown = text!(language, "consent-no-recipient", whom = whom, platforms = all.join(", "));
            Err([Some(unknown), one_alone(language, spaces)]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" "))
        }
    }
}

fn in_words(language: Language, entry: &Entry, now: Timestamp, spaces: &Spaces) -> String {
    let classes: Vec<DataClass> = entry.classes.into();
    let what = match entry.classes {
        _ if entry.classes == Classes::ALL => text!(language, "consent-everything"),
        _ => classes.into_iter().map(DataClass::word).collect::<Vec<_>>().join(", "),
    };
    let whom = match &entry.scope {
        Scope::All => text!(language, "consent-everybody"),
        Scope::Platform(platform) if PROGRAMS.contains(&platform.as_str()) => {
            text!(language, "consent-programs", platform = platform.as_str())
        }
        Scope::Platform(platform) => words::shown(&Platform::from_stored(platform.clone())),
        Scope::One(space @ Recipient::Space { platform, .. }) => match spaces.name(space) {
            Some(name) => {
                text!(language, "consent-space-named", name = name, platform = words::shown(platform))
            }
            None => text!(language, "consent-space", platform = words::shown(platform)),
        },
        Scope::One(Recipient::Service(name)) => text!(language, "consent-service", name = name.as_str()),
        Scope::One(Recipient::Plugin(name)) => text!(language, "consent-plugin", name = name.as_str()),
    };
    let (purpose, allows) = (entry.purpose.word(), if entry.allows { "yes" } else { "no" });
    match entry.until {
        Some(until) if until <= now => text!(
            language,
            "consent-line-ended",
            purpose = purpose,
            what = what,
            whom = whom,
            allows = allows
        ),
        Some(until) => text!(
            language,
            "consent-line-until",
            purpose = purpose,
            what = what,
            whom = whom,
            allows = allows,
            date = date(until),
            time = time(until),
        ),
        None => text!(language, "consent-line", purpose = purpose, what = what, whom = whom, allows = allows),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_and_told() {
        let platforms = ["discord", "telegram", "relay"].map(Platform::new);
        let spaces = Spaces::of(&[("discord", &["1"], "Night Owls for to Two")]);
        let now = Timestamp(1_700_000_000_000);
        let said = |words: &str| {
            let parsed = parse(Language::English, words, (&platforms, &spaces), now);
            parsed.map(|entry| in_words(Language::English, &entry, now, &spaces))
        };
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
            (
                "revoke bridging content to Discord:night  owls for to two for 1 day",
                Ok(
                    "bridging: content to Night Owls for to Two on Discord not allowed until 2023-11-15 22:13 UTC",
                ),
            ),
            ("revoke bridging to relay", Ok("bridging: everything to programs (relay) not allowed")),
            ("grant", Err("/relay consent grant or revoke PURPOSE")),
            ("grant bridging souls to discord:1", Err("There is no such thing as `souls`")),
            ("grant bridging to discord:1 for ever", Err("How long is that?")),
            ("grant bridging for 1 day to discord:1", Err("How long is that?")),
            ("grant bridging to discord:Owls", Err("There are: discord:Night Owls for to Two.")),
            ("allow bridging", Err("`allow` is neither grant nor revoke")),
            ("grant love", Err("There is no purpose `love`")),
            ("grant bridging souls", Err("There is no such thing as `souls`")),
            ("grant bridging to signal", Err("It knows discord, relay, telegram, and service:NAME")),
            ("grant bridging to Night Owls", Err("discord:Night Owls for to Two.")),
            ("grant bridging for ever", Err("How long is that?")),
            ("grant bridging for 0 days", Err("How long is that?")),
        ];
        for (words, expected) in cases {
            match (said(words), expected) {
                (Ok(told), Ok(expected)) => assert_eq!(told, expected, "{words}"),
                (Err(told), Err(expected)) => {
                    assert!(told.contains(expected) && !told.contains("``"), "{words}: {told}");
                }
                (told, _) => panic!("{words}: {told:?}"),
            }
        }
    }

    #[test]
    fn what_nothing_comes_of_today_is_said() {
        let platforms = [Platform::new("discord")];
        let spaces = Spaces::of(&[]);
        let cases = [
            ("revoke bridging", None),
            ("revoke bridging to discord", None),
            ("revoke bridging to service:api", Some("no such service or plugin")),
            ("grant bridging to plugin:foo", Some("no such service or plugin")),
            ("grant ai to service:tongues", Some("does nothing for that today")),
        ];
        for (words, expected) in cases {
            let entry = parse(Language::English, words, (&platforms, &spaces), Timestamp(0)).unwrap();
            let told = unused(Language::English, &entry);
            let is_so =
                expected.map_or(told.is_none(), |words| told.is_some_and(|told| told.contains(words)));
            assert!(is_so, "{words}");
        }
    }

    #[test]
    fn in_german() {
        let platforms = [Platform::new("telegram")];
        let spaces = Spaces::of(&[("telegram", &["-1"], "Wanderer")]);
        let now = Timestamp(1_700_000_000_000);
        let said = |words: &str| {
            parse(Language::German, words, (&platforms, &spaces), now)
                .map(|entry| in_words(Language::German, &entry, now, &spaces))
        };
        let told = said("revoke ai content to service:tongues for 30 days");
        let expected = "ai: content an den Dienst tongues nicht erlaubt bis 2023-12-14, 22:13 UTC";
        assert_eq!(told.as_deref(), Ok(expected));
        let told = said("revoke bridging to telegram:wanderer");
        assert_eq!(told.as_deref(), Ok("bridging: alles an Wanderer auf Telegram nicht erlaubt"));
        let refused = said("grant love").err().unwrap_or_default();
        assert!(
            refused.starts_with("Den Zweck `love` gibt es nicht. /relay consent grant oder revoke"),
            "{refused}"
        );
    }
}
