//! `approve CODE`: somebody lets a room into a channel, in an owners' room or on the command line.

use super::codes::{NotGood, Waiting};
use super::words::{full_name, readers, shown, too_many};
use super::{Commands, Refused, Reply, carries, offer};
use crate::adapt::presentable;
use crate::engine::RunningAccount;
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
        match self.review(language, code, waiting, sure, Some(&call.room)).await? {
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
        self.review(language, what, waiting, sure, None).await
    }

    async fn review(
        &self,
        language: Language,
        code: &str,
        waiting: Waiting,
        sure: bool,
        told_in: Option<&RoomKey>,
    ) -> Result<Review, Refused> {
        if !sure {
            // Whoever runs Relay is told all; a room, no more than it may see of them.
            let may_name =
                told_in.is_none_or(|room| self.core.may_name(room, &waiting.report.key, &waiting.asker));
            return Ok(Review::Shown(described(language, &waiting, may_name)));
        }
        let account = self.core.accounts.get(&waiting.account).ok_or_else(|| not_good(language))?;
        let now = self.describe(language, &account, &waiting.report.key.room).await?;
        if now.visibility > waiting.report.visibility {
            return Err(text!(language, "approve-wider"));
        }
        // Used up only now: what passes, such as a platform that does not answer, costs no code.
        let waiting = self.codes().take(code, Instant::now()).ok_or_else(|| not_good(language))?;
        let told = full_name(language, &now);
        let carries = carries::report(language, &account.connector.capabilities(&now.key));
        self.join(language, &account, now, &waiting.channel, waiting.by).await?;
        let done = text!(language, "approve-done", room = told, channel = waiting.channel);
        Ok(Review::Done(format!("{done}\n{carries}")))
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
