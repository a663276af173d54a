//! A poll, as clients write it: most know it by the name that it had before the specification
//! (<https://github.com/matrix-org/matrix-spec-proposals/blob/main/proposals/3381-polls.md#unstable-prefix>).

use relay_contract::Poll;
use serde_json::{Value, json};

/// The kind of its event.
pub const KIND: &str = "org.matrix.msc3381.poll.start";
/// How words are written in it.
const TEXT: &str = "org.matrix.msc1767.text";

/// The content of a message that asks; clients without polls show the question and the answers as words.
pub fn content(poll: &Poll) -> Value {
    let answers = poll.answers.iter().zip(1_u32..);
    let mut words = poll.question.clone();
    for (answer, number) in answers.clone() {
        words.push_str(&format!("\n{number}. {answer}"));
    }
    let answers: Vec<Value> =
        answers.map(|(answer, number)| json!({ "id": number.to_string(), TEXT: answer })).collect();
    let most = if poll.multiple { answers.len() } else { 1 };
    json!({
        KIND: {
            "kind": "org.matrix.msc3381.poll.disclosed", "max_selections": most, "answers": answers,
            "question": { "msgtype": "m.text", "body": poll.question, TEXT: poll.question },
        },
        TEXT: words, "m.mentions": {},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_heard_as_it_was() {
        let poll = |answers: &[&str], multiple| Poll {
            question: "Owls or <larks>?".into(),
            answers: answers.iter().map(|answer| (*answer).to_owned()).collect(),
            multiple,
            ends: None,
        };
        for poll in [poll(&["Owls", "Larks"], false), poll(&["Owls", "Larks", "@room"], true)] {
            let content = content(&poll);
            assert_eq!(crate::translate::poll::poll(&content), Some(poll), "{content}");
            assert_eq!(content["m.mentions"], json!({}));
        }
    }
}
