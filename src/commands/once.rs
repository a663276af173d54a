//! A command is carried out once, and not long after it was given. Histories that are read, and connections that are made anew, bring what
//! was dealt with already; and in between somebody may have said something else.

use super::Commands;
use super::privacy::asker;
use relay_contract::{Ask, Call, Timestamp};

/// A command that was given so long ago is not carried out any more, in milliseconds: nobody expects it to be.
const TOO_OLD: i64 = 10 * 60 * 1000;

impl Commands {
    /// Whether a command is to be carried out now; from then on it is not any more.
    pub(super) async fn is_due(&self, call: &Call) -> bool {
        let now = Timestamp::now();
        let allowed_last = || {
            let history = self.core.ledger.consent_of(&asker(call))?;
            history.entries().iter().rev().find(|entry| entry.allows).map(|entry| entry.at)
        };
        if !still_counts(&call.ask, call.at, now, allowed_last) {
            tracing::info!(room = %call.room, "a command from long ago is not carried out");
            return false;
        }
        if call.is_sign() {
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

    /// A command was carried out. Of a no only now: who was killed in between hears it once more, and twice is the same as once.
    pub(super) async fn was_carried_out(&self, call: &Call) {
        if call.ask.only_forbids() && !call.is_sign() {
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

/// Whether a command counts by now. A no does however late it is heard, where its asker has allowed nothing since.
fn still_counts(
    ask: &Ask,
    at: Timestamp,
    now: Timestamp,
    allowed_last: impl FnOnce() -> Option<Timestamp>,
) -> bool {
    now.0.saturating_sub(at.0) <= TOO_OLD
        || ask.only_forbids() && allowed_last().is_none_or(|last| last <= at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_no_counts_late_where_nothing_was_said_since() {
        let counts = |words: &str, late: i64, said_last: Option<i64>| {
            let (at, now) = (Timestamp(5), Timestamp(5 + late));
            still_counts(&Ask::parse(words), at, now, || said_last.map(Timestamp))
        };
        for words in ["privacy none", "consent revoke bridging", "privacy full", "status"] {
            let forbids = words.contains("none") || words.contains("revoke");
            assert!(counts(words, TOO_OLD, Some(6)), "{words}: it is not late");
            assert_eq!(counts(words, TOO_OLD + 1, None), forbids, "{words}");
            assert_eq!(counts(words, TOO_OLD + 1, Some(4)), forbids, "{words}");
            assert!(!counts(words, TOO_OLD + 1, Some(6)), "{words}");
        }
    }
}
