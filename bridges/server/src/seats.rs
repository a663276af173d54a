//! How much of something each may have at once, so that one alone keeps nobody out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Who has how many.
#[derive(Debug, Clone)]
pub struct Seats {
    each: usize,
    taken: Arc<Mutex<HashMap<String, usize>>>,
}

/// One that somebody has, until it is dropped.
#[derive(Debug)]
pub struct Seat {
    of: Seats,
    name: String,
}

impl Seats {
    /// So many for each.
    pub fn new(each: usize) -> Self {
        Self { each, taken: Arc::default() }
    }

    /// One more; none when they have all that they may.
    pub fn take(&self, name: &str) -> Option<Seat> {
        let mut taken = self.taken();
        let count = taken.get(name).copied().unwrap_or_default();
        if count >= self.each {
            return None;
        }
        taken.insert(name.to_owned(), count + 1);
        Some(Seat { of: self.clone(), name: name.to_owned() })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.of.taken();
        match taken.get_mut(&self.name) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(taken.remove(&self.name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_so_many_and_leaves_nothing_behind() {
        let seats = Seats::new(2);
        let first = seats.take("a");
        let second = seats.take("a");
        assert!(first.is_some() && second.is_some() && seats.take("a").is_none());
        assert!(seats.take("b").is_some(), "others have theirs");
        drop(first);
        assert!(seats.take("a").is_some());
        drop(second);
        assert!(seats.taken().is_empty());
    }
}
