//! What clients have acknowledged, in order and bounded.

use std::collections::VecDeque;

/// How many events are remembered; the oldest go first.
const KEPT: usize = 500_000;

/// Native ids of acknowledged events, with `/edit/N` or `/delete` for later ones.
#[derive(Debug, Default)]
pub struct Acknowledged(VecDeque<String>);

impl Acknowledged {
    /// Appends some.
    pub fn add(&mut self, labels: impl IntoIterator<Item = String>) {
        self.0.extend(labels);
        let over = self.0.len().saturating_sub(KEPT);
        self.0.drain(..over);
    }

    /// All of them.
    pub fn list(&self) -> Vec<String> {
        self.0.iter().cloned().collect()
    }
}
