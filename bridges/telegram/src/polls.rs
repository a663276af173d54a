//! Polls, both ways.
//!
//! Telegram tells a bot how a poll went when its own changes and when another's is stopped, by the poll's id alone: which message
//! that is, `listen` adds from what it remembers.

use crate::ids;
use relay_contract::{Block, Envelope, Event, Inline, Poll, Style, Text, Timestamp, Translation};
use serde::Deserialize;
use serde_json::{Value, json};
use std::ops::RangeInclusive;

/// The kind of update that tells how a poll goes.
pub const KIND: &str = "poll";

/// What `listen` adds to it: where the poll stands.
pub const STANDS: &str = "relay_poll";

/// The longest question and answer, in UTF-16 units, and how many answers. Source: <https://core.telegram.org/bots/api#sendpoll>.
const QUESTION: usize = 300;
const ANSWER: usize = 100;
const ANSWERS: RangeInclusive<usize> = 1..=12;

/// How far ahead a poll may end, in seconds.
const AHEAD: RangeInclusive<i64> = 5..=2_628_000;

/// Where a poll stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Stands {
    /// The chat.
    pub chat: i64,
    /// The message.
    pub message: i64,
}

/// The poll among a message's fields.
pub fn among(fields: &serde_json::Map<String, Value>) -> Option<Poll> {
    let poll = fields.get("poll")?;
    let text =
        |of: &Value, name: &str| of.get(name).and_then(Value::as_str).map(str::trim).map(str::to_owned);
    let options = poll.get("options").and_then(Value::as_array).into_iter().flatten();
    let ends = poll.get("close_date").and_then(Value::as_i64).filter(|at| *at > 0);
    Some(Poll {
        question: text(poll, "question")?,
        answers: options.filter_map(|option| text(option, "text")).collect(),
        multiple: poll.get("allows_multiple_answers").and_then(Value::as_bool).unwrap_or(false),
        ends: ends.map(|at| Timestamp(at.saturating_mul(1_000))),
    })
}

/// How a poll goes: only its end is for others.
pub fn update(payload: &Value, poll: &Value) -> Translation {
    #[derive(Deserialize)]
    struct Counted {
        #[serde(default)]
        voter_count: u64,
    }
    #[derive(Deserialize)]
    struct Told {
        #[serde(default)]
        is_closed: bool,
        options: Vec<Counted>,
    }
    #[derive(Deserialize)]
    struct Known {
        #[serde(flatten)]
        stands: Stands,
        at: i64,
    }
    let told = match Told::deserialize(poll) {
        Ok(told) => told,
        Err(error) => return Translation::Unreadable(format!("not a Telegram poll: {error}")),
    };
    if !told.is_closed {
        return Translation::Ignored("votes");
    }
    let Some(known) = payload.get(STANDS).and_then(|known| Known::deserialize(known).ok()) else {
        return Translation::Ignored("end of a poll that was asked before Relay was started");
    };
    let counts = told.options.iter().map(|option| option.voter_count).collect();
    Translation::Events(vec![Envelope {
        origin: ids::room(known.stands.chat),
        author: None,
        at: Timestamp(known.at),
        event: Event::PollEnded { target: ids::native(known.stands.message), counts },
    }])
}

/// What `listen` adds to an update about a poll, and when.
pub fn standing(stands: Stands, at: Timestamp) -> Value {
    json!({ "chat": stands.chat, "message": stands.message, "at": at.0 })
}

/// Whether Telegram takes it as a poll.
pub fn fits(poll: &Poll) -> bool {
    let within = |text: &str, most: usize| (1..=most).contains(&text.trim().encode_utf16().count());
    within(&poll.question, QUESTION)
        && ANSWERS.contains(&poll.answers.len())
        && poll.answers.iter().all(|answer| within(answer, ANSWER))
}

/// When a poll ends by itself, in seconds since the epoch; none when Telegram would not take that.
pub fn close_date(poll: &Poll, now: Timestamp) -> Option<i64> {
    let ends = poll.ends?.0.div_euclid(1_000);
    AHEAD.contains(&ends.saturating_sub(now.0.div_euclid(1_000))).then_some(ends)
}

/// As words, where it is none to Telegram.
pub fn in_words(poll: &Poll) -> Text {
    let line = |text: &str| Text::plain(text).blocks().to_vec();
    let question = vec![Inline::Styled(Style::Bold, vec![Inline::Plain(poll.question.clone())])];
    let items = poll.answers.iter().map(|answer| line(answer)).filter(|answer| !answer.is_empty()).collect();
    Text::new(vec![Block::Paragraph(question), Block::List { start: None, items }])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll(question: &str, answers: &[&str]) -> Poll {
        let answers = answers.iter().map(|answer| (*answer).to_owned()).collect();
        Poll { question: question.into(), answers, multiple: false, ends: None }
    }

    #[test]
    fn polls_of_people() {
        let fields = json!({"poll": {
            "id": "1", "question": "When?", "options": [{"text": "Sat"}, {"text": "Sun"}, 7],
            "allows_multiple_answers": true, "close_date": 60,
        }});
        let expected =
            Poll { multiple: true, ends: Some(Timestamp(60_000)), ..poll("When?", &["Sat", "Sun"]) };
        assert_eq!(among(fields.as_object().unwrap()), Some(expected));
        for odd in [json!({}), json!({"poll": 7}), json!({"poll": {"question": 7}})] {
            assert_eq!(among(odd.as_object().unwrap()), None, "{odd}");
        }
    }

    #[test]
    fn which_polls_are_taken() {
        let long = "é".repeat(301);
        let cases = [
            (poll("When?", &["Sat", "Sun"]), true),
            (poll("When?", &["Sat"]), true),
            (poll("When?", &[]), false),
            (poll("When?", &["a"; 13]), false),
            (poll(" ", &["Sat", "Sun"]), false),
            (poll(&long, &["Sat", "Sun"]), false),
            (poll("When?", &["Sat", ""]), false),
            (poll("When?", &["Sat", &long[..202]]), false),
            (poll("When?", &["Sat", &long[..200]]), true),
        ];
        for (poll, taken) in cases {
            assert_eq!(fits(&poll), taken, "{poll:?}");
        }
        assert_eq!(in_words(&poll("When?", &["Sat"])).excerpt(99), "When? Sat");
    }

    #[test]
    fn when_a_poll_ends() {
        let now = Timestamp(1_000_500);
        let cases = [
            (None, None),
            (Some(1_004_999), None),
            (Some(1_005_000), Some(1_005)),
            (Some(2_629_000_000), Some(2_629_000)),
            (Some(2_629_001_000), None),
            (Some(-1), None),
        ];
        for (ends, expected) in cases {
            let poll = Poll { ends: ends.map(Timestamp), ..poll("When?", &["Sat"]) };
            assert_eq!(close_date(&poll, now), expected, "{ends:?}");
        }
    }

    #[test]
    fn how_a_poll_goes() {
        let told = |closed: bool, stands: Option<Value>| {
            let poll =
                json!({"id": "1", "is_closed": closed, "options": [{"voter_count": 2}, {"voter_count": 0}]});
            let mut payload = json!({"update_id": 1, "poll": poll});
            if let Some(stands) = stands {
                payload[STANDS] = stands;
            }
            update(&payload, &payload["poll"])
        };
        let stands = standing(Stands { chat: -1001, message: 9 }, Timestamp(5));
        assert_eq!(told(false, Some(stands.clone())), Translation::Ignored("votes"));
        assert!(matches!(told(true, None), Translation::Ignored(_)));
        let expected = Envelope {
            origin: ids::room(-1001),
            author: None,
            at: Timestamp(5),
            event: Event::PollEnded { target: "9".into(), counts: vec![2, 0] },
        };
        assert_eq!(told(true, Some(stands)), Translation::Events(vec![expected]));
        assert!(matches!(update(&json!({}), &json!(7)), Translation::Unreadable(_)));
    }
}
