//! `/relay pause [for SPAN]` and `/relay resume`: those who manage a room keep back what is said elsewhere, until later.

use super::{Commands, Refused, Reply};
use crate::adapt::presentable;
use crate::engine::RunningAccount;
use crate::spans;
use crate::store::StoreError;
use crate::store::queue::Held;
use crate::text;
use crate::texts::Language;
use relay_contract::{Call, Offer, RoomKey, Text, Timestamp};
use std::ops::RangeInclusive;
use std::time::Duration;

/// For so long something of a room can be held or muted, where it is not for as long as somebody wants.
const BOUNDS: RangeInclusive<Duration> = Duration::from_secs(60)..=Duration::from_secs(30 * 24 * 60 * 60);

impl Commands {
    /// Keeps back what is said elsewhere.
    pub(super) async fn pause(
        &self,
        account: &RunningAccount,
        call: &Call,
        span: Option<&str>,
    ) -> Result<Reply, Refused> {
        let language = self.language(call);
        self.must_manage(account, call).await?;
        self.must_be_joined(language, &call.room)?;
        let until = span.map(|span| until(language, span, Timestamp::now())).transpose()?;
        let before = self.core.paused_from_chat(&call.room).map(|pause| pause.ends);
        self.core.pause_from_chat(&call.room, until).await.map_err(|error| unwritten(language, &error))?;
        let by = presentable(&call.asker.name);
        tracing::info!(account = %account.name, room = %call.room, until, "a room is paused from the chat");
        if before != Some(until) {
            let spoken = self.core.language_of(&call.room);
            let words = match until {
                Some(until) => text!(spoken, "pause-notice-until", by = by.as_str(), until = moment(until)),
                None => text!(spoken, "pause-notice", by = by.as_str()),
            };
            self.tell_room(account, call, &words).await;
        }
        let mut words = match until {
            Some(until) => text!(language, "pause-done-until", until = moment(until)),
            None => text!(language, "pause-done"),
        };
        if self.core.is_held_by_operator(&account.name, &call.room) {
            words = format!("{words}\n{}", text!(language, "pause-held-too"));
        }
        let resume =
            Offer { label: text!(language, "pause-offer-resume"), words: "resume".into(), grave: false };
        Ok(Reply { words, offers: vec![resume] })
    }

    /// Lets come what was kept back.
    pub(super) async fn resume(&self, account: &RunningAccount, call: &Call) -> Result<String, Refused> {
        let language = self.language(call);
        self.must_manage(account, call).await?;
        // Said while it is held, so that it stands before what comes then.
        if self.core.paused_from_chat(&call.room).is_some() {
            let (spoken, by) = (self.core.language_of(&call.room), presentable(&call.asker.name));
            let words = match self.core.is_held_by_operator(&account.name, &call.room) {
                false => text!(spoken, "resume-notice", by = by),
                true => text!(spoken, "resume-notice-still-held", by = by),
            };
            self.tell_room(account, call, &words).await;
        }
        let was_paused = self
            .core
            .resume(Held::Chat(call.room.clone()))
            .await
            .map_err(|error| unwritten(language, &error))?;
        match (was_paused, self.core.is_held_by_operator(&account.name, &call.room)) {
            (true, false) => Ok(text!(language, "resume-done")),
            (true, true) => Ok(text!(language, "resume-still-held")),
            (false, true) => Err(text!(language, "resume-held-by-operator")),
            (false, false) => Err(text!(language, "resume-not-paused")),
        }
    }

    /// Tells a room what was changed in it; where everybody reads the answer, that tells them.
    async fn tell_room(&self, account: &RunningAccount, call: &Call, words: &str) {
        if !account.connector.may_answer_apart(call) {
            return;
        }
        let words = words.replace("/relay", account.connector.called_by());
        let told = self.core.notice_ahead(&account.name, &call.room, Text::plain(&words)).await;
        if let Err(error) = told {
            tracing::error!(%error, "a room is not told what those who manage it have changed");
        }
    }

    /// That those who manage a room have paused it, until when, and how much waits; none when they have not.
    pub(super) fn paused_in_words(&self, language: Language, room: &RoomKey) -> Option<String> {
        let pause = self.core.paused_from_chat(room)?;
        let count = self.core.ledger.depths().get(room).map_or(0, |depth| depth.queued);
        Some(match pause.ends {
            Some(until) => text!(language, "pause-status-until", count = count, until = moment(until)),
            None => text!(language, "pause-status", count = count),
        })
    }

    pub(super) fn must_be_joined(&self, language: Language, room: &RoomKey) -> Result<(), Refused> {
        match self.core.joined(room).is_empty() {
            true => Err(text!(language, "moderation-not-joined")),
            false => Ok(()),
        }
    }
}

/// Until when something holds for a span from then on, as it was written, in milliseconds since the epoch.
pub(super) fn until(language: Language, span: &str, from: Timestamp) -> Result<i64, Refused> {
    let Some(span) = spans::read(span) else {
        return Err(text!(language, "moderation-span-unread"));
    };
    if !BOUNDS.contains(&span) {
        return Err(text!(language, "moderation-span-bounds"));
    }
    Ok(from.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
}

/// Such as `2026-01-31 18:00 UTC`: the same in every language.
pub(super) fn moment(at: i64) -> String {
    let at = jiff::Timestamp::from_millisecond(at);
    at.map(|at| at.strftime("%Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default()
}

pub(super) fn unwritten(language: Language, error: &StoreError) -> Refused {
    tracing::error!(%error, "a command cannot use the ledger");
    text!(language, "not-written")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_bounds() {
        let refused = [
            ("soon", "Write it like"),
            ("59 seconds", "at least a minute"),
            ("31 days", "at most 30 days"),
            ("", "Write it like"),
        ];
        for (span, why) in refused {
            let told = until(Language::English, span, Timestamp::now()).unwrap_err();
            assert!(told.contains(why), "{span}: {told}");
        }
        let now = Timestamp(1_700_000_000_000);
        for (span, seconds) in [("1 minute", 60), ("2h", 7_200), ("30 days", 2_592_000)] {
            assert_eq!(until(Language::English, span, now), Ok(now.0 + seconds * 1_000), "{span}");
        }
        assert_eq!(moment(1_700_000_000_000), "2023-11-14 22:13 UTC");
    }
}
