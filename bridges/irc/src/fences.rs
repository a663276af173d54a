//! Deliveries that wait for the server's word. Behind what is sent goes a `PING` with a number, which the server answers in order: what
//! stands before the answer has been dealt with, and was taken unless it was refused meanwhile.

use crate::errors;
use crate::line::{Line, compose};
use relay_contract::DeliverError;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// What the numbers begin with.
const TOKEN: &str = "relay-";

/// Lines that are to be sent, and where the outcome is told.
pub struct Request {
    /// The lines.
    pub lines: Vec<String>,
    /// The channel whose refusals concern it, folded; none where nobody refuses.
    pub room: Option<String>,
    /// Whether any of it may have reached the server: said before it is written.
    pub begun: Arc<AtomicBool>,
    /// The outcome.
    pub done: oneshot::Sender<Result<(), DeliverError>>,
}

/// Those that wait, oldest first.
#[derive(Default)]
pub struct Fences {
    next: u64,
    waiting: VecDeque<Fence>,
}

struct Fence {
    number: u64,
    raised: Instant,
    requests: Vec<Request>,
}

impl Fences {
    /// The lines of requests, and the `PING` behind them all.
    pub fn raise(&mut self, requests: Vec<Request>) -> Vec<String> {
        let mut lines = Vec::new();
        for request in &requests {
            request.begun.store(true, Ordering::Release);
            lines.extend(request.lines.iter().cloned());
        }
        let number = self.next;
        self.next += 1;
        lines.push(compose(&["PING", &format!("{TOKEN}{number}")]));
        self.waiting.push_back(Fence { number, raised: Instant::now(), requests });
        lines
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiting.iter().map(|fence| fence.requests.len()).sum()
    }

    /// Whether the server owes an answer for longer than this: whatever else it says, nothing can be delivered any more.
    pub fn is_overdue(&self, longest: Duration) -> bool {
        self.waiting.front().is_some_and(|fence| fence.raised.elapsed() >= longest)
    }

    /// Takes a line into account. `fold` is how the server folds names.
    pub fn heard(&mut self, line: &Line, fold: impl Fn(&str) -> String) {
        if line.command == "PONG" {
            let number = line.last().strip_prefix(TOKEN).and_then(|number| number.parse::<u64>().ok());
            if let Some(number) = number {
                self.passed(number);
            }
        } else if let Some((room, error)) = errors::not_taken(line) {
            self.refused(&fold(room), error);
        }
    }

    fn passed(&mut self, number: u64) {
        while let Some(fence) = self.waiting.pop_front_if(|fence| fence.number <= number) {
            for request in fence.requests {
                // Whoever asked may have stopped waiting.
                let _ = request.done.send(Ok(()));
            }
        }
    }

    /// The oldest one about this channel is refused: the server answers in order.
    fn refused(&mut self, room: &str, error: DeliverError) {
        for fence in &mut self.waiting {
            let found = fence.requests.iter().position(|request| request.room.as_deref() == Some(room));
            if let Some(at) = found {
                let _ = fence.requests.remove(at).done.send(Err(error));
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(room: &str) -> (Request, oneshot::Receiver<Result<(), DeliverError>>) {
        let (done, outcome) = oneshot::channel();
        let room = Some(room.to_owned());
        (Request { lines: vec!["PRIVMSG".into()], room, begun: Arc::default(), done }, outcome)
    }

    #[test]
    fn what_is_answered_is_done() {
        let mut fences = Fences::default();
        let ((a, mut of_a), (b, mut of_b), (c, mut of_c)) = (request("#a"), request("#b"), request("#b"));
        let begun = a.begun.clone();
        assert_eq!(fences.raise(vec![a, b]), ["PRIVMSG", "PRIVMSG", "PING relay-0"]);
        assert_eq!(fences.raise(vec![c]), ["PRIVMSG", "PING relay-1"]);
        assert!(begun.load(Ordering::Acquire) && fences.is_overdue(Duration::ZERO));
        let mut hear = |text: &str| fences.heard(&Line::read(text).unwrap(), str::to_lowercase);
        hear(":s PONG s :other");
        hear(":s PRIVMSG #b :relay-0");
        assert!(of_a.try_recv().is_err(), "nothing was answered yet");
        hear(":s 404 relay #B :Cannot send");
        assert!(matches!(of_b.try_recv(), Ok(Err(DeliverError::Forbidden(_)))));
        hear(":s PONG s :relay-0");
        assert_eq!(of_a.try_recv(), Ok(Ok(())));
        assert!(of_c.try_recv().is_err(), "the second is still out");
        hear(":s PONG s :relay-1");
        assert_eq!(of_c.try_recv(), Ok(Ok(())));
        assert!(fences.waiting() == 0 && !fences.is_overdue(Duration::ZERO));
    }
}
