//! Deliveries that wait for the server's word. Where the server answers by label, each has an answer of its own. Elsewhere a `PING` with a
//! number goes behind what is sent, which the server answers in order: what stands before the answer has been dealt with, and was taken
//! unless it was refused meanwhile.

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

/// What came of a request: the lines of its answer, where the server answers by label.
pub type Outcome = Result<Vec<Line>, DeliverError>;

/// Lines that are to be sent, and where the outcome is told.
pub struct Request {
    /// The lines.
    pub lines: Vec<String>,
    /// The channel whose refusals concern it, folded; none where nobody refuses.
    pub room: Option<String>,
    /// The label that the first of its lines bears; none where a `PING` has to tell.
    /// Source: <https://ircv3.net/specs/extensions/labeled-response>.
    pub label: Option<String>,
    /// Whether any of it may have reached the server: said before it is written.
    pub begun: Arc<AtomicBool>,
    /// The outcome.
    pub done: oneshot::Sender<Outcome>,
}

/// Those that wait, oldest first.
#[derive(Default)]
pub struct Fences {
    next: u64,
    waiting: VecDeque<Fence>,
    labelled: VecDeque<(Instant, String, Request)>,
}

struct Fence {
    number: u64,
    raised: Instant,
    requests: Vec<Request>,
}

impl Fences {
    /// The lines of requests, and the `PING` behind those without a label.
    pub fn raise(&mut self, requests: Vec<Request>) -> Vec<String> {
        let mut lines = Vec::new();
        let mut fenced = Vec::new();
        for mut request in requests {
            request.begun.store(true, Ordering::Release);
            lines.append(&mut request.lines);
            match request.label.take() {
                Some(label) => self.labelled.push_back((Instant::now(), label, request)),
                None => fenced.push(request),
            }
        }
        if !fenced.is_empty() {
            let number = self.next;
            self.next += 1;
            lines.push(compose(&["PING", &format!("{TOKEN}{number}")]));
            self.waiting.push_back(Fence { number, raised: Instant::now(), requests: fenced });
        }
        lines
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.labelled.len() + self.waiting.iter().map(|fence| fence.requests.len()).sum::<usize>()
    }

    /// How many of them have a label.
    pub fn labelled(&self) -> usize {
        self.labelled.len()
    }

    /// Whether the server owes an answer for longer than this: whatever else it says, nothing can be delivered any more.
    pub fn is_overdue(&self, longest: Duration) -> bool {
        let fence = self.waiting.front().map(|fence| fence.raised);
        let oldest = fence.into_iter().chain(self.labelled.front().map(|(raised, ..)| *raised));
        oldest.min().is_some_and(|raised| raised.elapsed() >= longest)
    }

    /// The server has answered what bore this label.
    pub fn answered(&mut self, label: &str, lines: Vec<Line>) {
        let at = self.labelled.iter().position(|(_, found, _)| found == label);
        if let Some((.., request)) = at.and_then(|at| self.labelled.remove(at)) {
            let refused = lines.iter().find_map(errors::refused);
            // Whoever asked may have stopped waiting.
            let _ = request.done.send(refused.map_or(Ok(lines), Err));
        }
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
                let _ = request.done.send(Ok(Vec::new()));
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

    fn request(room: &str, label: Option<&str>) -> (Request, oneshot::Receiver<Outcome>) {
        let (done, outcome) = oneshot::channel();
        let (room, label) = (Some(room.to_owned()), label.map(str::to_owned));
        (Request { lines: vec!["PRIVMSG".into()], room, label, begun: Arc::default(), done }, outcome)
    }

    #[test]
    fn what_is_answered_is_done() {
        let mut fences = Fences::default();
        let ((a, mut of_a), (b, mut of_b), (c, mut of_c)) =
            (request("#a", None), request("#b", None), request("#b", None));
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
        assert_eq!(of_a.try_recv(), Ok(Ok(Vec::new())));
        assert!(of_c.try_recv().is_err(), "the second is still out");
        hear(":s PONG s :relay-1");
        assert_eq!(of_c.try_recv(), Ok(Ok(Vec::new())));
        assert!(fences.waiting() == 0 && !fences.is_overdue(Duration::ZERO));
    }

    #[test]
    fn what_bears_a_label_has_an_answer_of_its_own() {
        let mut fences = Fences::default();
        let ((a, mut of_a), (b, mut of_b)) = (request("#a", Some("1")), request("#a", Some("2")));
        assert_eq!(fences.raise(vec![a, b]), ["PRIVMSG", "PRIVMSG"], "nothing is behind them");
        assert!(fences.waiting() == 2 && fences.is_overdue(Duration::ZERO));
        let line = |text: &str| vec![Line::read(text).unwrap()];
        fences.answered("2", line("@msgid=x :relay!r@h PRIVMSG #a :hi"));
        fences.answered("unknown", line(":s ACK"));
        assert_eq!(of_b.try_recv().unwrap().unwrap()[0].tag("msgid"), Some("x"));
        fences.answered("1", line(":s 404 relay #a :Cannot send"));
        assert!(matches!(of_a.try_recv(), Ok(Err(DeliverError::Forbidden(_)))));
        assert_eq!(fences.waiting(), 0);
    }
}
