//! How much waits for each room and how much was given up: counted as it changes, so that nobody has to look through it.

use super::records::DeadLetter;

/// How much waits for a room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depth {
    /// Outbox rows.
    pub queued: u64,
    /// Dead letters, without those that a purge has taken back.
    pub dead: u64,
    /// Dead letters that are no trouble: a purge has taken back what they would have delivered.
    pub purged: u64,
}

impl Depth {
    /// All dead letters, whatever has become of them.
    pub fn letters(self) -> u64 {
        self.dead + self.purged
    }

    /// More or less of each.
    pub(super) fn change(&mut self, by: DepthChange) {
        self.queued = self.queued.saturating_add_signed(by.queued);
        self.dead = self.dead.saturating_add_signed(by.dead);
        self.purged = self.purged.saturating_add_signed(by.purged);
    }
}

/// How much more of each there is; less, where it is negative.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct DepthChange {
    pub(super) queued: i64,
    dead: i64,
    purged: i64,
}

impl DepthChange {
    /// One dead letter more.
    pub(super) fn add(&mut self, letter: &DeadLetter) {
        *self.kind(letter) += 1;
    }

    /// One dead letter less.
    pub(super) fn remove(&mut self, letter: &DeadLetter) {
        *self.kind(letter) -= 1;
    }

    /// Both.
    pub(super) fn and(&mut self, other: Self) {
        self.queued += other.queued;
        self.dead += other.dead;
        self.purged += other.purged;
    }

    fn kind(&mut self, letter: &DeadLetter) -> &mut i64 {
        if letter.is_purged() { &mut self.purged } else { &mut self.dead }
    }
}
