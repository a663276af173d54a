//! `approve CODE`: somebody lets a room into a channel, in an owners' room or on the command line.

use super::codes::{NotGood, Waiting};
use super::words::{TOO_MANY, full_name, readers, shown};
use super::{Commands, Refused, carries};
use crate::adapt::presentable;
use crate::engine::RunningAccount;
use relay_contract::{Account, Call, NativeId, Visibility};
use std::sync::Arc;
use std::time::Instant;

const NOT_GOOD: &str = "This code is not good: it was mistyped or used, or its time is over. Codes are asked for with \
                        /relay connect in the room that is to join.";

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
    ) -> Result<String, Refused> {
        let channels = self.core.channels();
        if !channels.keys().any(|channel| self.core.is_owners_room(channel, &call.room)) {
            return Err(
                "Codes are approved in an owners' room, or with `relay approve` where Relay runs.".into()
            );
        }
        // In a room that more than the invited can read, being there says nothing about somebody.
        let asked_for = self.core.known.asked_for(&call.room);
        if !asked_for.iter().any(|(.., known)| known.visibility == Some(Visibility::Private)) {
            self.must_manage(account, call).await?;
        }
        let who = format!("{}/{}", call.room.platform, call.asker.id);
        let guessed = self.codes().guess(code, &who, Instant::now());
        let waiting = guessed.map_err(|why| match why {
            NotGood::Wrong => NOT_GOOD,
            NotGood::TooMany => TOO_MANY,
        })?;
        if !self.core.is_owners_room(&waiting.channel, &call.room) {
            return Err(NOT_GOOD.into());
        }
        match self.review(code, waiting, sure).await? {
            Review::Shown(words) => {
                Ok(format!("{words}\nTo let it in, write /relay approve {} yes.", code.trim()))
            }
            Review::Done(words) => Ok(words),
        }
    }

    /// On the command line: a code, or a link that was parked because more people can read its room now.
    pub async fn approve(&self, what: &str, sure: bool) -> Result<Review, Refused> {
        if let Some((account, room)) = what.split_once(':') {
            return self.approve_wider(&Account(account.to_owned()), &NativeId::from(room), sure).await;
        }
        let waiting = self.codes().look(what, Instant::now()).ok_or(NOT_GOOD)?;
        self.review(what, waiting, sure).await
    }

    async fn review(&self, code: &str, waiting: Waiting, sure: bool) -> Result<Review, Refused> {
        if !sure {
            return Ok(Review::Shown(described(&waiting)));
        }
        let Some(account) = self.core.accounts.get(&waiting.account) else { return Err(NOT_GOOD.into()) };
        let now = self.describe(&account, &waiting.report.key.room).await?;
        if now.visibility > waiting.report.visibility {
            return Err("More people can read the room now than when its code was asked for. Ask for a new one there.".into());
        }
        // Used up only now: what passes, such as a platform that does not answer, costs no code.
        let waiting = self.codes().take(code, Instant::now()).ok_or(NOT_GOOD)?;
        let told = full_name(&now);
        let carries = carries::report(&account.connector.capabilities(&now.key));
        self.join(&account, now, &waiting.channel, waiting.by).await?;
        let channel = waiting.channel;
        Ok(Review::Done(format!(
            "{told} has joined {channel}, and every room of it is told. In it:\n{carries}"
        )))
    }

    async fn approve_wider(&self, account: &Account, room: &NativeId, sure: bool) -> Result<Review, Refused> {
        let unknown = || format!("There is no link `{account}:{room}` that waits for this.");
        let running = self.core.accounts.get(account).ok_or_else(unknown)?;
        let known =
            self.core.known.get(account, room).filter(|known| known.is_wider()).ok_or_else(unknown)?;
        let readers = readers(known.visibility.unwrap_or(Visibility::Space));
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

/// Who knocks, as whoever lets them in needs to know.
fn described(waiting: &Waiting) -> String {
    let report = &waiting.report;
    let size =
        report.members.map_or_else(|| "an unknown number of".to_owned(), |members| members.to_string());
    format!(
        "{} wants to join {}.\nPlatform: {}\nSpace: {}\nReadable by: {}\nPeople: {size}\nAsked by: {}",
        presentable(&report.name),
        waiting.channel,
        shown(&report.key.platform),
        presentable(&report.space.name),
        readers(report.visibility),
        waiting.by
    )
}
