//! The newest accepted envelopes, as reading them from the journal would give them: fan-out and lanes want each of them a
//! millisecond after the writer had it. And whether anything was done to them, which with most of them nobody does.

use super::records::EnvelopeId;
use relay_contract::Envelope;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// So much is kept, measured by what the envelopes take on disk, in bytes.
const MOST: usize = 1 << 20;

/// An envelope that was put into the journal.
pub(super) struct Entered {
    pub(super) id: EnvelopeId,
    pub(super) envelope: Arc<Envelope>,
    /// How many bytes it has there.
    pub(super) bytes: usize,
}

/// In the order of their ids, which only grow.
#[derive(Default)]
pub(super) struct Newest(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    envelopes: VecDeque<One>,
    bytes: usize,
}

struct One {
    entered: Entered,
    /// It was edited, deleted or reacted to, or is about to be.
    touched: bool,
}

impl Newest {
    /// These are in the journal.
    pub(super) fn keep(&self, entered: Vec<Entered>) {
        let mut kept = self.kept();
        for one in entered {
            kept.bytes += one.bytes;
            kept.envelopes.push_back(One { entered: one, touched: false });
            while kept.bytes > MOST
                && let Some(oldest) = kept.envelopes.pop_front()
            {
                kept.bytes -= oldest.entered.bytes;
            }
        }
    }

    /// These are not in the journal any more.
    pub(super) fn forget(&self, ids: &[EnvelopeId]) {
        let mut kept = self.kept();
        for id in ids {
            if let Ok(at) = kept.find(*id)
                && let Some(one) = kept.envelopes.remove(at)
            {
                kept.bytes -= one.entered.bytes;
            }
        }
    }

    /// Something is done to the message of one; before it is written.
    pub(super) fn touch(&self, id: EnvelopeId) {
        let mut kept = self.kept();
        if let Ok(at) = kept.find(id)
            && let Some(one) = kept.envelopes.get_mut(at)
        {
            one.touched = true;
        }
    }

    /// Whether it is certain that nothing was done to its message: no edit, delete or reaction is written anywhere.
    pub(super) fn is_untouched(&self, id: EnvelopeId) -> bool {
        let kept = self.kept();
        kept.find(id).ok().and_then(|at| kept.envelopes.get(at)).is_some_and(|one| !one.touched)
    }

    pub(super) fn get(&self, id: EnvelopeId) -> Option<Arc<Envelope>> {
        let kept = self.kept();
        let at = kept.find(id).ok()?;
        kept.envelopes.get(at).map(|one| one.entered.envelope.clone())
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn find(&self, id: EnvelopeId) -> Result<usize, usize> {
        self.envelopes.binary_search_by_key(&id, |one| one.entered.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_contract::{Event, Platform, RoomKey, Timestamp};

    #[test]
    fn the_newest_are_kept() {
        let newest = Newest::default();
        let id = |n: u8| EnvelopeId([n; 16]);
        let entered = |n: u8, bytes| {
            let event = Event::Deleted { target: n.to_string().into() };
            let origin = RoomKey::new(Platform::new("p"), "n", "r");
            let envelope = Arc::new(Envelope { origin, author: None, at: Timestamp(n.into()), event });
            Entered { id: id(n), envelope, bytes }
        };
        let has = |n| newest.get(id(n)).map(|envelope| envelope.at.0) == Some(n.into());
        newest.keep(vec![entered(1, MOST / 2), entered(3, MOST / 4)]);
        assert_eq!([1, 2, 3].map(has), [true, false, true]);
        newest.keep(vec![entered(4, MOST / 2)]);
        assert_eq!([1, 3, 4].map(has), [false, true, true], "the oldest makes room");
        newest.forget(&[id(1), id(3)]);
        assert_eq!([3, 4].map(has), [false, true]);
        newest.keep(vec![entered(5, MOST / 2)]);
        assert_eq!([4, 5].map(has), [true, true], "what was forgotten takes no room");
        newest.touch(id(4));
        newest.touch(id(1));
        let untouched = [1, 4, 5].map(|n| newest.is_untouched(id(n)));
        assert_eq!(untouched, [false, false, true], "of what is not kept, nothing is certain");
        newest.keep(vec![entered(6, MOST + 1)]);
        assert_eq!([4, 5, 6].map(has), [false; 3], "what is larger than all is read from the disk");
    }
}
