//! Which events of an account are behind us. Spaces finish side by side, but a cursor stands for all events before it: it
//! moves only to where nothing earlier is still under way.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The events of one `listen`.
#[derive(Debug, Default)]
pub struct Passed(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The next ticket.
    next: u64,
    /// All tickets below are finished.
    low: u64,
    /// Finished tickets from `low` on, with their cursors.
    finished: BTreeMap<u64, Option<String>>,
}

/// An event's place in the order.
#[derive(Debug)]
pub struct Ticket(u64);

impl Passed {
    /// An event has come.
    pub fn begin(&self) -> Ticket {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.next += 1;
        Ticket(state.next - 1)
    }

    /// An event is safe; answers the cursor that may now be stored, if it moved.
    pub fn finish(&self, ticket: Ticket, cursor: Option<String>) -> Option<String> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.finished.insert(ticket.0, cursor);
        let mut moved = None;
        loop {
            let low = state.low;
            let Some(cursor) = state.finished.remove(&low) else { return moved };
            state.low += 1;
            moved = cursor.or(moved);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_never_passes_an_event_that_is_under_way() {
        let passed = Passed::default();
        let (a, b, c, d) = (passed.begin(), passed.begin(), passed.begin(), passed.begin());
        assert_eq!(passed.finish(b, Some("b".into())), None);
        assert_eq!(passed.finish(c, None), None);
        assert_eq!(passed.finish(a, Some("a".into())), Some("b".into()));
        assert_eq!(passed.finish(d, Some("d".into())), Some("d".into()));
    }
}
