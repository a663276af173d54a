//! The newest lines of the index log, as they were put there: the index takes them in, and lookups lay them over it, without reading them
//! back from the disk.

use super::ledger::LedgerPosition;
use super::records::IndexLine;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// So many are worth that the index is written to at once.
pub(super) const MANY: u64 = 1_024;
/// So many are kept: the index may be behind by those that were gathered for it, and by what comes while it is written to.
const MOST: usize = 4 * MANY as usize;

/// Without gaps. Here before the batch that they belong to is written: who sees what else it did, sees them.
#[derive(Default)]
pub(super) struct Lines(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// The number of the newest.
    newest: LedgerPosition,
    lines: VecDeque<Arc<IndexLine>>,
}

impl Lines {
    /// Of a log with so many lines, none of which is kept.
    pub(super) fn after(newest: LedgerPosition) -> Self {
        Self(Mutex::new(Kept { newest, lines: VecDeque::new() }))
    }

    /// These follow.
    pub(super) fn add(&self, lines: Vec<IndexLine>) {
        let mut kept = self.kept();
        for line in lines {
            kept.newest += 1;
            kept.lines.push_back(Arc::new(line));
        }
        let more = kept.lines.len().saturating_sub(MOST);
        kept.lines.drain(..more);
    }

    /// Those behind a position that are wanted, in order, at most so many; none where not all behind it are kept.
    pub(super) fn behind(
        &self,
        position: LedgerPosition,
        most: usize,
        wanted: impl Fn(&IndexLine) -> bool,
    ) -> Option<Vec<(LedgerPosition, Arc<IndexLine>)>> {
        let kept = self.kept();
        let behind = usize::try_from(kept.newest.saturating_sub(position)).ok()?;
        let from = kept.lines.len().checked_sub(behind)?;
        let lines = (position + 1..).zip(kept.lines.range(from..)).filter(|(_, line)| wanted(line));
        Some(lines.take(most).map(|(at, line)| (at, line.clone())).collect())
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::EnvelopeId;
    use relay_contract::{MessageRef, Platform, RoomKey};

    fn line(n: usize) -> IndexLine {
        IndexLine {
            envelope: EnvelopeId::default(),
            room: RoomKey::new(Platform::new("p"), "n", "r"),
            messages: vec![MessageRef::plain(n.to_string())],
            origin: true,
            lost: Vec::new(),
            way: None,
        }
    }

    #[test]
    fn all_or_none() {
        let lines = Lines::after(10);
        let told = |position| {
            let lines = lines.behind(position, usize::MAX, |_| true)?;
            Some(
                lines.into_iter().map(|(at, line)| (at, line.messages[0].id.to_string())).collect::<Vec<_>>(),
            )
        };
        assert_eq!((told(10), told(9)), (Some(vec![]), None), "what was there before is on the disk");
        lines.add(vec![line(11), line(12), line(13)]);
        let all =
            |of: std::ops::RangeInclusive<u64>| Some(of.map(|n| (n, n.to_string())).collect::<Vec<_>>());
        assert_eq!([told(9), told(10), told(12), told(13)], [None, all(11..=13), all(13..=13), Some(vec![])]);
        lines.add((14..14 + MOST).map(line).collect());
        let newest = 13 + MOST as u64;
        assert_eq!((told(12), told(13)), (None, all(14..=newest)), "the oldest are given up");
        let of = |text: &'static str| move |line: &IndexLine| line.messages[0].id.as_str().ends_with(text);
        let at = |most, text| {
            let lines = lines.behind(newest - 30, most, of(text));
            lines.map(|lines| lines.into_iter().map(|(at, _)| at).collect::<Vec<_>>())
        };
        assert_eq!((at(9, "99"), at(9, "nothing")), (Some(vec![4_099]), Some(vec![])));
        assert_eq!(at(2, "0"), Some(vec![4_080, 4_090]));
    }
}
