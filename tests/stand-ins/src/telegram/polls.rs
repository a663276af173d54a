//! Polls.

use super::access::{me, room};
use super::methods::{addressed, told};
use super::server::Failure;
use super::state::{State, Stored, now};
use crate::parameters::Parameters;
use crate::people::{Change, Refused, SeenPoll};
use serde_json::{Value, json};

/// The longest question, in characters. Source: <https://core.telegram.org/bots/api#sendpoll>.
const QUESTION: usize = 300;
/// The longest answer, in characters.
const ANSWER: usize = 100;
/// How far ahead a poll may end, in seconds.
const AHEAD: std::ops::RangeInclusive<i64> = 5..=2_628_000;

/// A poll.
#[derive(Debug, Clone)]
pub struct Poll {
    id: String,
    question: String,
    answers: Vec<String>,
    multiple: bool,
    /// Seconds since the epoch; told, and left to a client to keep.
    pub ends: Option<i64>,
    ended: bool,
    /// Who chose what, by the places of the answers.
    votes: Vec<(i64, Vec<usize>)>,
}

impl Poll {
    fn count(&self, answer: usize) -> u64 {
        self.votes.iter().filter(|(_, chosen)| chosen.contains(&answer)).count() as u64
    }

    fn counted(&self) -> impl Iterator<Item = (&String, u64)> {
        self.answers.iter().enumerate().map(|(at, answer)| (answer, self.count(at)))
    }

    /// A `Poll`.
    pub fn told(&self) -> Value {
        let option = |(at, (text, count)): (usize, (&String, u64))| {
            // The id is later than 9.1; current clients insist on it.
            json!({ "text": text, "voter_count": count, "persistent_id": at.to_string() })
        };
        let options: Vec<Value> = self.counted().enumerate().map(option).collect();
        let mut told = json!({
            "id": self.id, "question": self.question, "options": options, "total_voter_count": self.votes.len(),
            "is_closed": self.ended, "is_anonymous": true, "type": "regular",
            "allows_multiple_answers": self.multiple, "allows_revoting": true, "members_only": false,
        });
        if let Some(ends) = self.ends {
            told["close_date"] = json!(ends);
        }
        told
    }

    /// As the people in the chat see it.
    pub fn seen(&self) -> SeenPoll {
        SeenPoll {
            question: self.question.clone(),
            answers: self.counted().map(|(answer, count)| (answer.clone(), count)).collect(),
            multiple: self.multiple,
            ended: self.ended,
        }
    }
}

impl State {
    /// A new poll, if it can be one.
    pub fn poll(&mut self, question: String, answers: Vec<String>, multiple: bool) -> Result<Poll, String> {
        let long = |text: &str, most: usize| !(1..=most).contains(&text.trim().chars().count());
        if long(&question, QUESTION) {
            return Err("poll question length must not exceed 300, and it must be non-empty".into());
        }
        if !(1..=12).contains(&answers.len()) {
            return Err("poll must have at least 1 and at most 12 options".into());
        }
        if answers.iter().any(|answer| long(answer, ANSWER)) {
            return Err("poll options length must not exceed 100, and they must be non-empty".into());
        }
        self.made += 1;
        let id = format!("55000{:014}", self.made);
        Ok(Poll { id, question, answers, multiple, ends: None, ended: false, votes: Vec::new() })
    }

    /// Somebody chooses; choosing nothing takes the vote back.
    pub fn vote(&mut self, chat: i64, id: i64, person: i64, chosen: Vec<usize>) -> Result<Change, Refused> {
        let impossible = |why: &str| Refused::Impossible(why.to_owned());
        let message =
            self.message_mut(chat, id).ok_or_else(|| Refused::Unknown("message", id.to_string()))?;
        let poll = message.poll.as_mut().ok_or_else(|| impossible("this is no poll"))?;
        if poll.ended {
            return Err(impossible("the poll has ended"));
        }
        if chosen.len() > 1 && !poll.multiple || chosen.iter().any(|at| *at >= poll.answers.len()) {
            return Err(impossible("that cannot be chosen"));
        }
        poll.votes.retain(|(voter, _)| *voter != person);
        if !chosen.is_empty() {
            poll.votes.push((person, chosen));
        }
        let told = poll.told();
        let message = message.clone();
        // Of votes only the bot that asked is told.
        self.tell_bots(chat, "poll", &told, |bot, _| bot.user.id == message.from.id);
        Ok(self.change("voted", chat, &message))
    }

    /// The poll ends.
    pub fn end_poll(&mut self, chat: i64, id: i64) -> Result<(Stored, Change), String> {
        let message = self.message_mut(chat, id).ok_or("message with poll to stop not found")?;
        let poll = message.poll.as_mut().filter(|poll| !poll.ended).ok_or("poll can't be stopped")?;
        poll.ended = true;
        let (told, message) = (poll.told(), message.clone());
        self.tell_bots(chat, "poll", &told, |_, _| true);
        let change = self.change("voted", chat, &message);
        Ok((message, change))
    }
}

/// `sendPoll`.
pub fn send(
    state: &mut State,
    bot: usize,
    given: &Parameters,
    changes: &mut Vec<Change>,
) -> Result<Value, Failure> {
    let chat = room(state, bot, given)?;
    let options = given.json("options").map_err(Failure::bad)?.unwrap_or_default();
    let text = |option: &Value| match option {
        // As it was before there were objects.
        Value::String(text) => text.clone(),
        option => option.get("text").and_then(Value::as_str).unwrap_or_default().to_owned(),
    };
    let answers = options.as_array().into_iter().flatten().map(text).collect();
    let (question, multiple) =
        (given.text("question").unwrap_or_default(), given.flag("allows_multiple_answers"));
    let ends = given.number("close_date").filter(|at| *at > 0);
    let ahead = ends.map(|at| at - i64::try_from(now() / 1_000).unwrap_or(i64::MAX));
    if ahead.is_some_and(|ahead| !AHEAD.contains(&ahead)) {
        return Err(Failure::bad("poll close date must be 5 to 2628000 seconds in the future"));
    }
    let poll = Poll { ends, ..state.poll(question, answers, multiple).map_err(Failure::bad)? };
    let message = Stored::new(me(state, bot)?.user.clone(), Default::default());
    let message = Stored { poll: Some(poll), ..addressed(state, chat, given, message)? };
    let (message, change) = state.post(chat, message).ok_or_else(|| Failure::bad("chat not found"))?;
    changes.push(change);
    told(state, chat, &message)
}
