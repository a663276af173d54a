//! Deliveries that nobody wants any more after a while, where the config says so. Only what is new to a room expires: what changes or
//! takes away a message that is there is done however late.

use super::core::{Core, LaneHandle};
use crate::store::{EnvelopeId, OutboxRow};
use relay_contract::Timestamp;
use std::time::Duration;

/// How long a row is still to be tried.
pub struct Left {
    /// What the config says.
    pub expire: Duration,
    /// What is left of it; nothing when it is too old.
    pub left: Duration,
}

/// How long a row is still to be tried; none when for ever. The time for which a person has held it does not count.
pub fn left(core: &Core, lane: &LaneHandle, id: EnvelopeId, row: &OutboxRow) -> Option<Left> {
    if row.target.is_some() || core.pauses.holds(&lane.account.name, &lane.room).is_some() {
        return None;
    }
    let expire = core.channels().get(&row.channel)?.expire?;
    let since = Some(id.at().0).max(row.retried).max(core.pauses.ended(&lane.account.name, &lane.room));
    Some(Left { expire, left: of(expire, since.unwrap_or_default(), Timestamp::now().0) })
}

fn of(expire: Duration, since: i64, now: i64) -> Duration {
    let waited = Duration::from_millis(u64::try_from(now.saturating_sub(since)).unwrap_or(0));
    expire.saturating_sub(waited)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left() {
        let minute = Duration::from_secs(60);
        let cases = [
            ("new", 0, 0, minute),
            ("half", 0, 30_000, minute / 2),
            ("over", 0, 60_000, Duration::ZERO),
            ("long over", 0, 600_000, Duration::ZERO),
            ("from the future", 5_000, 0, minute),
        ];
        for (what, since, now, left) in cases {
            assert_eq!(of(minute, since, now), left, "{what}");
        }
    }
}
