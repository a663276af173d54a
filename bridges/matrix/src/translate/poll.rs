//! Polls, as the specification and as clients before it write them (<https://spec.matrix.org/v1.11/client-server-api/#polls>, and
//! <https://github.com/matrix-org/matrix-spec-proposals/blob/main/proposals/3381-polls.md>).

use relay_contract::Poll;
use serde_json::Value;

/// A poll has so many answers; what is more is not read.
const MOST: usize = 20;

/// The poll in a content; none where it asks nothing.
pub fn poll(content: &Value) -> Option<Poll> {
    let start = ["m.poll", "m.poll.start", "org.matrix.msc3381.poll.start"];
    let start = start.iter().find_map(|key| content.get(*key))?;
    let question = words(start.get("question")?)?;
    let answers = start.get("answers")?.as_array()?.iter().filter_map(words).take(MOST).collect::<Vec<_>>();
    let most = start.get("max_selections").and_then(Value::as_u64).unwrap_or(1);
    (!answers.is_empty()).then_some(Poll { question, answers, multiple: most > 1, ends: None })
}

fn words(value: &Value) -> Option<String> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        // Extensible events: one of several forms.
        Value::Array(forms) => forms.iter().find_map(|form| Some(form.get("body")?.as_str()?.to_owned())),
        _ => None,
    };
    let keys = ["m.text", "org.matrix.msc1767.text", "body"];
    keys.iter().find_map(|key| text(value.get(*key)?)).filter(|text| !text.trim().is_empty())
}
