//! Whether everything that was asked for is under way or waits for a person: for the health page and for whoever started the
//! process.

use super::core::Core;
use super::states::{AccountState, RoomState};

/// How far the start is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Readiness {
    /// What is waited for, a line each; nothing when all is settled.
    pub waits_for: Vec<String>,
    /// Accounts that are connected, of all.
    pub connected: (usize, usize),
    /// Linked rooms that were found, of all.
    pub found: (usize, usize),
    /// The disk is full: nothing is accepted.
    pub disk_full: bool,
}

impl Readiness {
    /// Whether each account is connected or parked, and each linked room found or reported.
    pub fn is_settled(&self) -> bool {
        self.waits_for.is_empty()
    }

    /// Whether something is carried: all is settled, and not by parking everything. It takes two rooms.
    pub fn is_carrying(&self) -> bool {
        self.is_settled() && self.connected.0 > 0 && self.found.0 > 1 && !self.disk_full
    }

    /// One line for people.
    pub fn summary(&self) -> String {
        const SHOWN: usize = 3;
        let ((connected, accounts), (found, rooms)) = (self.connected, self.found);
        let mut line =
            format!("{connected} of {accounts} accounts connected, {found} of {rooms} rooms found");
        if self.disk_full {
            line.insert_str(0, "THE DISK IS FULL, nothing is accepted; ");
        }
        let shown = &self.waits_for[..self.waits_for.len().min(SHOWN)];
        if !shown.is_empty() {
            line.push_str("; waiting for ");
            line.push_str(&shown.join(", "));
        }
        match self.waits_for.len() - shown.len() {
            0 if shown.is_empty() && (connected < accounts || found < rooms) => {
                line.push_str("; `relay status` says what is wrong");
            }
            0 => {}
            more => line.push_str(&format!(" and {more} more")),
        }
        line
    }
}

impl Core {
    /// How far the start is. An account that is parked counts as settled, and so do its rooms.
    pub fn readiness(&self) -> Readiness {
        let mut readiness = Readiness { disk_full: self.disk.state().full, ..Readiness::default() };
        for account in self.accounts.all() {
            let state = account.state.borrow().clone();
            readiness.connected.1 += 1;
            match &state {
                AccountState::Up => readiness.connected.0 += 1,
                AccountState::Parked { .. } => {}
                AccountState::Starting => {
                    readiness.waits_for.push(format!("{} (checking its credential)", account.name));
                }
                AccountState::Interrupted { reason } => {
                    readiness.waits_for.push(format!("{} ({reason})", account.name));
                }
            }
            for room in self.planned_of(&account.name) {
                readiness.found.1 += 1;
                match self.states.get(&account.name, &room.room) {
                    Some(RoomState::Found(_)) => readiness.found.0 += 1,
                    None if state == AccountState::Up => {
                        readiness.waits_for.push(format!("room {} of {}", room.room, account.name));
                    }
                    // Reported, or as its account is.
                    Some(RoomState::Missing(_)) | None => {}
                }
            }
        }
        readiness
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_is_waited_for_and_what_is_wrong() {
        let of = |waits: usize, connected, found| {
            let waits_for = (0..waits).map(|number| format!("account{number}")).collect();
            Readiness { waits_for, connected, found, disk_full: false }
        };
        let wrong = "; `relay status` says what is wrong";
        let cases = [
            (of(0, (3, 3), (4, 4)), true, true, "3 of 3 accounts connected, 4 of 4 rooms found".to_owned()),
            (of(0, (2, 3), (3, 4)), true, true, format!("2 of 3 accounts connected, 3 of 4 rooms found{wrong}")),
            (of(0, (0, 1), (0, 1)), true, false, format!("0 of 1 accounts connected, 0 of 1 rooms found{wrong}")),
            (
                of(1, (2, 3), (3, 4)),
                false,
                false,
                "2 of 3 accounts connected, 3 of 4 rooms found; waiting for account0".into(),
            ),
            (
                of(5, (0, 5), (0, 5)),
                false,
                false,
                "0 of 5 accounts connected, 0 of 5 rooms found; waiting for account0, account1, account2 and 2 more"
                    .into(),
            ),
        ];
        let full = Readiness { disk_full: true, ..of(0, (3, 3), (4, 4)) };
        let line = "THE DISK IS FULL, nothing is accepted; 3 of 3 accounts connected, 4 of 4 rooms found";
        let cases = cases.into_iter().chain([(full, true, false, line.to_owned())]);
        for (readiness, settled, carrying, line) in cases {
            assert_eq!(readiness.summary(), line);
            assert_eq!((readiness.is_settled(), readiness.is_carrying()), (settled, carrying), "{line}");
        }
    }
}
