//! A command is carried out once, and not long after it was given. Histories that are read, and connections that are made anew, bring what
//! was dealt with already; and in between somebody may have said something else.

use super::privacy::asker;
use super::{Commands, who};
use crate::consent::{History, Stance, Unsaid};
use relay_contract::{Ask, Call, Timestamp};
use std::sync::PoisonError;

/// A command that was given so long ago is not carried out any more, in milliseconds: nobody expects it to be.
const TOO_OLD: i64 = 10 * 60 * 1000;

impl Commands {
    /// Whether a command is to be carried out now; from then on it is not any more.
    pub(super) async fn is_due(&self, call: &Call) -> bool {
        let now = Timestamp::now();
        let is_late = now.0.saturating_sub(call.at.0) > TOO_OLD;
        if is_late && !self.counts_late(call) {
            tracing::info!(room = %call.room, "a command from long ago is not carried out");
            return false;
        }
        if call.ask.chooses() && !self.is_last_word(call, now) {
            tracing::info!(room = %call.room, "somebody has chosen something else since");
            return false;
        }
        if call.message.is_none() && call.is_sign() {
            return true;
        }
        let until = Timestamp(now.0.max(call.at.0).saturating_add(2 * TOO_OLD));
        if !self.core.ledger.carries_out(&named(call), until, now) {
            tracing::debug!(room = %call.room, "a command came again");
            return false;
        }
        if !call.ask.only_forbids() {
            self.keep_what_was_carried_out().await;
        }
        true
    }

    /// Whether a choice counts however late it is heard.
    fn counts_late(&self, call: &Call) -> bool {
        let asks = {
            let routes = self.core.routes.borrow();
            routes.links_of(&call.room).any(|(channel, _)| routes.unsaid(channel) == Unsaid::OptIn)
        };
        let history = self.core.ledger.consent_of(&asker(call));
        still_counts(&call.ask, call.at, history.as_deref(), asks)
    }

    /// Whether nothing that somebody chose after it was carried out before it: a connection that is made anew brings the newest first, and
    /// then what was missed. A no counts all the same.
    fn is_last_word(&self, call: &Call, now: Timestamp) -> bool {
        let mut chosen = self.chosen.lock().unwrap_or_else(PoisonError::into_inner);
        // What is older is too old anyway.
        chosen.retain(|_, at| now.0.abs_diff(at.0) <= TOO_OLD.unsigned_abs());
        let last = chosen.entry(who(call)).or_insert(call.at);
        let is_last = *last <= call.at || call.ask.only_forbids();
        *last = call.at.max(*last);
        is_last
    }

    /// A command was carried out. Of a no only now: who was killed in between hears it once more, and twice is the same as once.
    pub(super) async fn was_carried_out(&self, call: &Call) {
        if call.ask.only_forbids() {
            self.keep_what_was_carried_out().await;
        }
    }

    async fn keep_what_was_carried_out(&self) {
        if let Err(error) = self.core.ledger.keep_carried_out().await {
            tracing::error!(%error, "it cannot be written down that a command is carried out");
        }
    }
}

/// The same whenever it comes.
fn named(call: &Call) -> String {
    match &call.message {
        Some(message) => format!("{} {message}", call.room),
        None => format!("{} {} {} {} {:?}", call.room, call.asker.id, call.at.0, call.reply, call.ask),
    }
}

/// Whether a command that is heard late counts: one that only allows less than its asker did, and where they have allowed nothing since. Where
/// people are asked first, who has said nothing has allowed nothing.
fn still_counts(ask: &Ask, at: Timestamp, history: Option<&History>, asks: bool) -> bool {
    let narrows = |word: &str| {
        let stance = Stance::named(&word.trim().to_lowercase());
        stance.is_some_and(|stance| match history {
            Some(history) => history.is_narrowed_by(stance),
            None => !asks && stance != Stance::Full,
        })
    };
    let allows_less = match ask {
        Ask::Privacy { to: Some(word) } => ask.only_forbids() || narrows(word),
        ask => ask.only_forbids(),
    };
    let entries = history.map(History::entries).unwrap_or_default();
    let allowed_last = entries.iter().rev().find(|entry| entry.allows).map(|entry| entry.at);
    allows_less && allowed_last.is_none_or(|last| last <= at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_allows_less_counts_late_where_nothing_was_allowed_since() {
        let said = |stance: Option<Stance>, at: i64| {
            let stance = stance?;
            let mut history = History::default();
            stance.entries("", Timestamp(at)).into_iter().for_each(|entry| history.add(entry));
            Some(history)
        };
        let counts = |words: &str, before: Option<Stance>, at: i64, asks: bool| {
            still_counts(&Ask::parse(words), Timestamp(5), said(before, at).as_ref(), asks)
        };
        for (words, forbids) in [
            ("privacy none", true),
            ("consent revoke bridging", true),
            ("privacy anonymous", false),
            ("privacy full", false),
            ("status", false),
        ] {
            let narrows = forbids || words.contains("anonymous");
            assert_eq!(counts(words, None, 0, false), narrows, "{words}");
            assert_eq!(counts(words, None, 0, true), forbids, "{words}: it would allow something");
            assert_eq!(counts(words, Some(Stance::Full), 4, true), narrows, "{words}");
            assert!(!counts(words, Some(Stance::Full), 6, false), "{words}: allowed since");
            assert_eq!(counts(words, Some(Stance::None), 4, false), forbids, "{words}");
        }
    }
}
