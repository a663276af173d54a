//! `/relay mute` and `/relay unmute`: those who manage a room are not shown any more what somebody from elsewhere says. Whom they mean is
//! told by a message of theirs, or by the name that they have in the room.

use super::pause::{moment, until, unwritten};
use super::{Commands, Refused, Reply};
use crate::engine::{KnownThere, RunningAccount};
use crate::store::{Muted, StoreError};
use crate::text;
use crate::texts::Language;
use relay_contract::{Call, MessageRef, Offer, RoomKey};
use xxhash_rust::xxh3::xxh3_64;

/// So many are told, and offered, at once.
const MOST: usize = 20;
const MOST_OFFERED: usize = 5;

impl Commands {
    /// Mutes somebody, or tells who is muted.
    pub(super) async fn mute(
        &self,
        account: &RunningAccount,
        call: &Call,
        message: Option<&MessageRef>,
        words: &str,
    ) -> Result<Reply, Refused> {
        let language = self.language(call);
        self.must_manage(account, call).await?;
        self.must_be_joined(language, &call.room)?;
        let (name, mut span) = parts(words);
        let known = match (name, message) {
            ("", None) if span.is_none() => return Ok(self.mutes(language, &call.room)),
            ("", None) => return Err(text!(language, "mute-whom")),
            ("", Some(message)) => {
                let (_, subject) = self.subject(call, Some(message), "mute")?;
                let known = self.core.known_by(&call.room, subject);
                known
                    .map_err(|error| unread(language, &error))?
                    .ok_or_else(|| text!(language, "mute-from-here"))?
            }
            (name, _) => {
                let mut meant = self.read_as(language, &call.room, name, span).await?;
                if span.is_some() {
                    // A name may end like a span.
                    meant.extend(self.read_as(language, &call.room, words.trim(), None).await?);
                }
                match meant.as_slice() {
                    [] => return Err(text!(language, "mute-unknown", name = shown(name))),
                    [(known, for_so_long)] => {
                        span = *for_so_long;
                        known.clone()
                    }
                    several => return Err(which(language, "mute", several)),
                }
            }
        };
        // It is asked by the same clock whether it has ended.
        let now = self.core.consent_clock();
        let until = span.map(|span| until(language, span, now)).transpose()?;
        let KnownThere { person, name, bare, mark, of } = known;
        let muted =
            Muted { name: name.clone(), bare, mark: mark.clone(), since: now.0, until, of, also: Vec::new() };
        // Whoever is muted already stays so from when they were, and goes on being told of by what they were called then.
        let there = self.core.ledger.mutes_in(&call.room).into_iter().find(|(other, _)| *other == person);
        let muted = there.map_or(muted.clone(), |(_, before)| before.and(muted, now));
        let stored = self.core.ledger.mute(call.room.clone(), person, muted).await;
        stored.map_err(|error| unwritten(language, &error))?;
        tracing::info!(account = %account.name, room = %call.room, until, "somebody from elsewhere is muted in a room from the chat");
        let words = match until {
            Some(until) => text!(language, "mute-done-until", name = name.as_str(), until = moment(until)),
            None => text!(language, "mute-done", name = name.as_str()),
        };
        let delete = text!(language, "mute-delete", platform = call.room.platform.as_str());
        Ok(Reply { words: format!("{words} {delete}"), offers: vec![unmute_offer(language, &name, &mark)] })
    }

    /// Shows somebody again.
    pub(super) async fn unmute(
        &self,
        account: &RunningAccount,
        call: &Call,
        words: &str,
    ) -> Result<Reply, Refused> {
        let language = self.language(call);
        self.must_manage(account, call).await?;
        let muted = self.muted_there(language, &call.room);
        if words.trim().is_empty() {
            return Ok(self.mutes(language, &call.room));
        }
        // Somebody without a name is called so in each language: the list may have been another's.
        let is_called = |known: &KnownThere, is_named: bool| {
            let nameless = |language: Language| {
                let bare = text!(language, "mute-somebody");
                KnownThere { name: bare.clone(), bare, ..known.clone() }.is_called(words)
            };
            known.is_called(words)
                || is_mark(words, &known.mark)
                || (!is_named && [Language::English, Language::German].into_iter().any(nameless))
        };
        let meant: Vec<Listed> =
            muted.into_iter().filter(|listed| is_called(&listed.known, listed.is_named)).collect();
        let meant = match meant.as_slice() {
            [] => return Err(text!(language, "unmute-unknown", name = shown(words))),
            [listed] => listed.clone(),
            several => {
                let several: Vec<_> = several.iter().map(|listed| (listed.known.clone(), None)).collect();
                return Err(which(language, "unmute", &several));
            }
        };
        let left = meant.muted.clone().without(&meant.one.name, &meant.one.mark, self.core.consent_clock());
        let stored = match left {
            // By another of their names they stay muted.
            Some(left) => self.core.ledger.mute(call.room.clone(), meant.known.person.clone(), left).await,
            // With another of their accounts they stay muted: that these are one person's is nobody's to know.
            None => {
                let person = vec![meant.known.person.clone()];
                self.core.ledger.unmute(call.room.clone(), Some(person)).await
            }
        };
        stored.map_err(|error| unwritten(language, &error))?;
        tracing::info!(account = %account.name, room = %call.room, "somebody from elsewhere is muted in a room no more");
        Ok(text!(language, "unmute-done", name = meant.known.name).into())
    }

    /// A room that has left everything has nobody to be held or muted in it.
    pub async fn forget_moderation(&self, room: &RoomKey) {
        let unmuted = self.core.ledger.unmute(room.clone(), None).await;
        let resumed = self.core.resume(crate::store::queue::Held::Chat(room.clone())).await;
        if let Err(error) = unmuted.and(resumed.map(drop)) {
            tracing::error!(%error, "what those who manage a room have changed is kept for a room that has left");
        }
    }

    fn mutes(&self, language: Language, room: &RoomKey) -> Reply {
        let mut muted = self.muted_there(language, room);
        muted.sort_by_key(|listed| listed.one.since);
        if muted.is_empty() {
            return format!("{}\n{}", text!(language, "mute-nobody"), text!(language, "mute-how")).into();
        }
        let mut lines = vec![text!(language, "mute-list", count = muted.len())];
        for Listed { known, one, is_named, .. } in muted.iter().take(MOST) {
            let name = match is_named {
                true => format!("{} #{}", known.name, known.mark),
                false => text!(
                    language,
                    "mute-somebody-since",
                    mark = known.mark.as_str(),
                    since = moment(one.since)
                ),
            };
            lines.push(match one.until {
                Some(until) => text!(language, "mute-line-until", name = name, until = moment(until)),
                None => text!(language, "mute-line", name = name),
            });
        }
        if muted.len() > MOST {
            lines.push(text!(language, "mute-more", count = muted.len() - MOST));
        }
        lines.push(text!(language, "mute-how"));
        let offered = muted.iter().take(MOST_OFFERED);
        let offers =
            offered.map(|listed| unmute_offer(language, &listed.known.name, &listed.known.mark)).collect();
        Reply { words: lines.join("\n"), offers }
    }

    /// Who is muted in a room, once for each name that they were muted by; without it where the room may not be told it any more.
    fn muted_there(&self, language: Language, room: &RoomKey) -> Vec<Listed> {
        let now = self.core.consent_clock();
        let mut there = Vec::new();
        for (person, muted) in self.core.ledger.mutes_in(room) {
            for one in muted.names(now) {
                let is_named = self.core.is_called_still(room, &person, &one.bare, one.of.as_ref());
                let known = match is_named {
                    true => KnownThere {
                        person: person.clone(),
                        name: one.name.clone(),
                        bare: one.bare.clone(),
                        mark: one.mark.clone(),
                        of: one.of.clone(),
                    },
                    // Of the time alone, for what else tells them apart tells who they are.
                    false => KnownThere {
                        person: person.clone(),
                        name: text!(language, "mute-somebody"),
                        bare: text!(language, "mute-somebody"),
                        mark: format!("{:03x}", xxh3_64(&one.since.to_be_bytes()) & 0xFFF),
                        of: None,
                    },
                };
                there.push(Listed { known, one: one.clone(), muted: muted.clone(), is_named });
            }
        }
        there
    }

    /// Whom a name means, each person once, with whichever of their accounts.
    async fn whom(&self, language: Language, room: &RoomKey, name: &str) -> Result<Vec<KnownThere>, Refused> {
        let (core, room, name) = (self.core.clone(), room.clone(), name.to_owned());
        let found = tokio::task::spawn_blocking(move || core.known_as_in(&room, &name)).await;
        let found = match found {
            Ok(found) => found.map_err(|error| unread(language, &error))?,
            Err(_) => return Err(text!(language, "went-wrong")),
        };
        let mut people: Vec<KnownThere> = Vec::new();
        for known in found {
            let accounts = self.core.ledger.accounts_of(&known.person);
            if !people.iter().any(|other| accounts.contains(&other.person)) {
                people.push(known);
            }
        }
        Ok(people)
    }

    /// Whom a name means, each with the span that was read beside it.
    async fn read_as<'w>(
        &self,
        language: Language,
        room: &RoomKey,
        name: &str,
        span: Option<&'w str>,
    ) -> Result<Vec<(KnownThere, Option<&'w str>)>, Refused> {
        let people = self.whom(language, room, name).await?;
        Ok(people.into_iter().map(|known| (known, span)).collect())
    }
}

/// Somebody who is muted, as the room is told of them.
#[derive(Clone)]
struct Listed {
    known: KnownThere,
    /// By this one of their names.
    one: Muted,
    /// By all of them.
    muted: Muted,
    /// Whether the room may still be told this name.
    is_named: bool,
}

/// Several people go by a name: each with what tells them apart.
fn which(language: Language, verb: &str, several: &[(KnownThere, Option<&str>)]) -> Refused {
    let mut lines = vec![text!(language, "mute-which", count = several.len())];
    for (KnownThere { name, mark, .. }, span) in several.iter().take(MOST) {
        let span = span.map(|span| format!(" for {span}")).unwrap_or_default();
        lines.push(format!("• {name}: /relay {verb} {name} #{mark}{span}"));
    }
    lines.join("\n")
}

/// A name and a span: `Ada for 1 hour`, `for 1 hour`, `Ada`. A name may have a `for` in it: a span begins with a number, and what tells
/// people apart stands behind a name.
fn parts(words: &str) -> (&str, Option<&str>) {
    let words = words.trim();
    let is_span = |span: &str| span.starts_with(|c: char| c.is_ascii_digit()) && !span.contains('#');
    if let Some(span) = words.strip_prefix("for ").map(str::trim).filter(|span| is_span(span)) {
        return ("", Some(span));
    }
    match words.rsplit_once(" for ") {
        Some((name, span)) if is_span(span.trim()) => (name.trim(), Some(span.trim())),
        _ => (words, None),
    }
}

fn unmute_offer(language: Language, name: &str, mark: &str) -> Offer {
    let label = text!(language, "mute-offer-unmute", name = name);
    Offer { label, words: format!("unmute {name} #{mark}"), grave: false }
}

/// Whether these words are what tells somebody apart in the list, and nothing else.
fn is_mark(words: &str, mark: &str) -> bool {
    let words = words.trim();
    words.strip_prefix('#').unwrap_or(words).eq_ignore_ascii_case(mark)
}

/// What somebody wrote, made harmless.
fn shown(name: &str) -> String {
    crate::adapt::presentable(name)
}

fn unread(language: Language, error: &StoreError) -> Refused {
    tracing::error!(%error, "a command cannot use the ledger");
    text!(language, "moderation-unread")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_without_a_name_goes_by_their_number() {
        for words in ["#3ee", " 3ee ", "#3EE"] {
            assert!(is_mark(words, "3ee"), "{words}");
        }
        for words in ["", "#", "##3ee", "3e", "Ada #3ee"] {
            assert!(!is_mark(words, "3ee"), "{words}");
        }
    }

    #[test]
    fn a_name_and_a_span() {
        let cases = [
            ("", ("", None)),
            ("Ada", ("Ada", None)),
            (" Ada Lovelace  for  1 hour ", ("Ada Lovelace", Some("1 hour"))),
            ("for 2h", ("", Some("2h"))),
            ("Thanks for all", ("Thanks for all", None)),
            ("Thanks for all for 3 days", ("Thanks for all", Some("3 days"))),
            ("for all", ("for all", None)),
            ("Ada for 5 minutes #3f2", ("Ada for 5 minutes #3f2", None)),
            ("Ada #3f2 for 5 minutes", ("Ada #3f2", Some("5 minutes"))),
        ];
        for (words, expected) in cases {
            assert_eq!(parts(words), expected, "{words:?}");
        }
    }
}
