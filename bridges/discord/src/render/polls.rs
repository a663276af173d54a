//! Polls as Discord takes them, and in words where it does not take all of one.
//!
//! <https://discord.com/developers/docs/resources/poll#poll-create-request-object>

use relay_contract::{Poll, Timestamp};
use serde_json::{Value, json};

/// Code points of a question, and of an answer; how many answers; how many hours a poll lasts.
const LONGEST_QUESTION: usize = 300;
const LONGEST_ANSWER: usize = 55;
const MOST_ANSWERS: usize = 10;
const MOST_HOURS: i64 = 32 * 24;
const HOUR: i64 = 60 * 60 * 1_000;

/// A poll as it is posted.
#[derive(Debug, PartialEq)]
pub struct Written {
    /// What is said in words: all of a question or an answer that is too long to be one, or the whole poll.
    pub words: Option<String>,
    /// As Discord takes it; none where it has no or too many answers.
    pub native: Option<Value>,
}

/// How long a poll lasts that is posted now, in hours. Without an end as long as Discord lets it, which is nearer to what was asked
/// than the day that it is otherwise.
pub fn hours(ends: Option<Timestamp>, now: Timestamp) -> i64 {
    let left = ends.map_or(MOST_HOURS, |ends| ends.0.saturating_sub(now.0).div_euclid(HOUR) + 1);
    left.clamp(1, MOST_HOURS)
}

/// Writes a poll, but for its duration.
pub fn written(poll: &Poll) -> Written {
    let answers: Vec<&str> = poll.answers.iter().map(|it| it.trim()).filter(|it| !it.is_empty()).collect();
    let question = Some(poll.question.trim()).filter(|it| !it.is_empty()).unwrap_or("…");
    let in_words = || {
        let each = answers.iter().zip(1..).map(|(answer, number)| format!("\n{number}. {answer}"));
        Some(format!("{question}{}", each.collect::<String>()))
    };
    if answers.is_empty() || answers.len() > MOST_ANSWERS || answers.len() < poll.answers.len() {
        return Written { words: in_words(), native: None };
    }
    let too_long = |text: &str, most: usize| text.chars().count() > most;
    let cut = too_long(question, LONGEST_QUESTION) || answers.iter().any(|it| too_long(it, LONGEST_ANSWER));
    let text = |text: &str, most: usize| json!({ "text": shortened(text, most) });
    let each = answers.iter().map(|answer| json!({ "poll_media": text(answer, LONGEST_ANSWER) }));
    let native = json!({
        "question": text(question, LONGEST_QUESTION), "answers": each.collect::<Vec<_>>(),
        "allow_multiselect": poll.multiple, "layout_type": 1,
    });
    Written { words: cut.then(in_words).flatten(), native: Some(native) }
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most - 1).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_said_in_words() {
        let long = "x".repeat(56);
        let many: Vec<String> = (0..11).map(|n| n.to_string()).collect();
        let two = || vec!["Yes".to_owned(), "No".to_owned()];
        for (answers, native, words) in [
            (two(), true, false),
            (vec![long, "No".to_owned()], true, true),
            (many, false, true),
            (vec![], false, true),
            (vec!["Yes".to_owned(), " ".to_owned()], false, true),
        ] {
            let poll = Poll { question: "Owls?".into(), answers, multiple: false, ends: None };
            let written = written(&poll);
            let told = (written.native.is_some(), written.words.is_some());
            assert_eq!(told, (native, words), "{:?}", poll.answers);
        }
    }

    #[test]
    fn it_ends_when_it_was_to() {
        for (ends, hours) in [
            (None, 768),
            (Some(0), 1),
            (Some(HOUR / 2), 1),
            (Some(HOUR * 5 + 1), 6),
            (Some(HOUR * 10_000), 768),
            (Some(i64::MAX), 768),
            (Some(i64::MIN), 1),
        ] {
            assert_eq!(self::hours(ends.map(Timestamp), Timestamp(0)), hours, "{ends:?}");
        }
    }
}
