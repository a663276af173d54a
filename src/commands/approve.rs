//! `approve CODE`: somebody lets a room into a channel, in an owners' room or on the command line.

use super::codes::{NotGood, Waiting};
use super::words::{full_name, readers, shown, too_many};
use super::{Commands, Refused, Reply, carries, offer};
use crate::adapt::presentable;
use crate::engine::RunningAccount;
use crate::routing::Connect;
use crate::text;
use crate::texts::Language;
use relay_contract::{Account, Call, NativeId, RoomKey, Visibility};
use std::sync::Arc;
use std::time::Instant;

/// What came of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Review {
    /// It is good; nothing was done yet.
    Shown(String),
    /// The room has joined.
    Done(String),
}

impl Commands {
    /// In the chat: only in a room that the admin named among the channel's owners.
    pub(super) async fn approve_in_chat(
        &self,
        account: &Arc<RunningAccount>,
        call: &Call,
        code: &str,
        sure: bool,
    ) -> Result<Reply, Refused> {
        let language = self.language(call);
        let channels = self.core.channels();
        if !channels.keys().any(|channel| self.core.is_owners_room(channel, &call.room)) {
            return Err(text!(language, "approve-where"));
        }
        // In a room that more than the invited can read, being there says nothing about somebody.
        let asked_for = self.core.known.asked_for(&call.room);
        if !asked_for.iter().any(|(.., known)| known.visibility == Some(Visibility::Private)) {
            self.must_manage(account, call).await?;
        }
        let who = format!("{}/{}", call.room.platform, call.asker.id);
        let guessed = self.codes().guess(code, &who, Instant::now());
        let waiting = guessed.map_err(|why| match why {
            NotGood::Wrong => not_good(language),
            NotGood::TooMany => too_many(language),
        })?;
        if !self.core.is_owners_room(&waiting.channel, &call.room) {
            return Err(not_good(language));
        }
        match self.review(language, code, waiting, Some(&call.room), sure).await? {
            Review::Shown(words) => {
                let how = text!(language, "approve-how", code = code.trim());
                let sure = offer(text!(language, "approve-sure"), format!("approve {} yes", code.trim()));
                Ok(Reply::offering(format!("{words}\n{how}"), vec![sure]))
            }
            Review::Done(words) => Ok(words.into()),
        }
    }

    /// On the command line: a code, or a link that was parked because more people can read its room now.
    pub async fn approve(&self, what: &str, sure: bool) -> Result<Review, Refused> {
        if let Some((account, room)) = what.split_once(':') {
            return self.approve_wider(&Account(account.to_owned()), &NativeId::from(room), sure).await;
        }
        let language = Language::English;
        let waiting = self.codes().look(what, Instant::now()).ok_or_else(|| not_good(language))?;
        self.review(language, what, waiting, None, sure).await
    }

    async fn review(
        &self,
        language: Language,
        code: &str,
        waiting: Waiting,
        asked_in: Option<&RoomKey>,
        sure: bool,
    ) -> Result<Review, Refused> {
        if !sure {
            // Whoever runs Relay is told all; a room, no more than it may see of them.
            let may_name =
                asked_in.is_none_or(|room| self.core.may_name(room, &waiting.report.key, &waiting.asker));
            let also = self.also_joined(language, &waiting, asked_in);
            let people = self.people_between(language, &waiting.report.key, &waiting.channel);
            let words =
                [Some(described(language, &waiting, may_name)), also, Some(people)].into_iter().flatten();
            return Ok(Review::Shown(words.collect::<Vec<_>>().join("\n")));
        }
        let account = self.core.accounts.get(&waiting.account).ok_or_else(|| not_good(language))?;
        let now = self.describe(language, &account, &waiting.report.key.room).await?;
        if now.visibility > waiting.report.visibility {
            return Err(text!(language, "approve-wider"));
        }
        // Used up only now: what passes, such as a platform that does not answer, costs no code.
        let waiting = self.codes().take(code, Instant::now()).ok_or_else(|| not_good(language))?;
        let told = full_name(language, &now);
        let (carries, room) =
            (carries::report(language, &account.connector.capabilities(&now.key)), now.key.clone());
        self.join(language, &account, now, &waiting.channel, waiting.by).await?;
        let people = self.people_between(language, &room, &waiting.channel);
        let done = text!(language, "approve-done", room = told, channel = waiting.channel);
        Ok(Review::Done(format!("{done}\n{carries}\n• {people}")))
    }

    /// The other channels that a room is joined to; by name to whoever may know them: whoever runs Relay, and in the chat of those that
    /// are open, or that the room in which it is asked has to do with.
    fn also_joined(
        &self,
        language: Language,
        waiting: &Waiting,
        asked_in: Option<&RoomKey>,
    ) -> Option<String> {
        let channels = self.core.channels();
        let joined = self.core.joined(&waiting.report.key).into_iter().map(|(name, _)| name);
        let others: Vec<String> = joined.filter(|name| *name != waiting.channel).collect();
        let may_know = |room: &RoomKey, name: &str| {
            channels.get(name).is_some_and(|channel| channel.connect == Connect::Open)
                || self.core.is_owners_room(name, room)
                || self.core.joined(room).iter().any(|(joined, _)| joined == name)
        };
        let count = others.len();
        Some(match asked_in {
            _ if others.is_empty() => return None,
            Some(room) if !others.iter().all(|name| may_know(room, name)) => {
                text!(language, "knocks-also-unnamed", count = count)
            }
            _ => text!(language, "knocks-also", channels = others.join(", "), count = count),
        })
    }

    async fn approve_wider(&self, account: &Account, room: &NativeId, sure: bool) -> Result<Review, Refused> {
        let unknown = || format!("There is no link `{account}:{room}` that waits for this.");
        let running = self.core.accounts.get(account).ok_or_else(unknown)?;
        let known =
            self.core.known.get(account, room).filter(|known| known.is_wider()).ok_or_else(unknown)?;
        let readers = readers(Language::English, known.visibility.unwrap_or(Visibility::Space));
        if !sure {
            let words = format!("{} of {} can now be read by {readers}.", known.name, known.space_name);
            return Ok(Review::Shown(words));
        }
        match self.core.agree(&running, room).await {
            Ok(true) => Ok(Review::Done(format!("{} goes on: what waited is delivered.", known.name))),
            Ok(false) => Err(unknown()),
            Err(error) => Err(format!("It cannot be written down: {error}.")),
        }
    }
}

fn not_good(language: Language) -> Refused {
    text!(language, "approve-not-good")
}

/// Who knocks, as whoever lets them in needs to know.
fn described(language: Language, waiting: &Waiting, may_name: bool) -> String {
    let report = &waiting.report;
    let channel = waiting.channel.clone();
    let lines = [
        text!(language, "knocks", room = presentable(&report.name), channel = channel),
        text!(language, "knocks-platform", platform = shown(&report.key.platform)),
        text!(language, "knocks-space", space = presentable(&report.space.name)),
        text!(language, "knocks-readers", readers = readers(language, report.visibility)),
        match report.members {
            Some(members) => text!(language, "knocks-people", count = members),
            None => text!(language, "knocks-people-unknown"),
        },
        match may_name {
            true => text!(language, "knocks-asker", asker = waiting.by.clone()),
            false => text!(language, "knocks-asker-unnamed"),
        },
    ];
    lines.join("\n")
}
