//! Polls, as the specification and as clients before it write them (<https://spec.matrix.org/v1.11/client-server-api/#polls>, and
//! <https://github.com/matrix-org/matrix-spec-proposals/blob/main/proposals/3381-polls.md>), and how they ended.

use super::{Nothing, Reader, required, string};
use relay_contract::{Envelope, Event, Poll};
use serde_json::Value;
use std::collections::HashMap;

/// A poll has so many answers; what is more is not read.
const MOST: usize = 20;

impl Reader<'_> {
    /// The end of a poll, with the votes that were looked up.
    pub(super) fn poll_ended(&self) -> Result<Envelope, Nothing> {
        let relation = self.event.pointer("/content/m.relates_to").unwrap_or(&Value::Null);
        let target = required(relation, "event_id")?.into();
        // Nobody votes for nothing: it was not theirs to end, or the homeserver did not tell the votes.
        let counts = self.added.votes.clone().ok_or(Nothing::Ignored("end of a poll without its votes"))?;
        self.envelope(self.sender()?, Event::PollEnded { target, counts })
    }
}

/// The poll in a content; none where it asks nothing.
pub fn poll(content: &Value) -> Option<Poll> {
    let start = start(content)?;
    let question = words(start.get("question")?)?;
    let answers = answers(start).filter_map(words).collect::<Vec<_>>();
    let most = start.get("max_selections").and_then(Value::as_u64).unwrap_or(1);
    (!answers.is_empty()).then_some(Poll { question, answers, multiple: most > 1, ends: None })
}

fn start(content: &Value) -> Option<&Value> {
    let keys = ["m.poll", "m.poll.start", "org.matrix.msc3381.poll.start"];
    keys.iter().find_map(|key| content.get(*key))
}

/// The answers that have words.
fn answers(start: &Value) -> impl Iterator<Item = &Value> {
    let all = start.get("answers").and_then(Value::as_array).into_iter().flatten();
    all.filter(|answer| words(answer).is_some()).take(MOST)
}

/// How many chose each answer of a poll, of all that was said about it: everybody's last vote before its end counts, with as many
/// answers as the poll allows; one with an answer that it has not is spoiled
/// (<https://spec.matrix.org/v1.11/client-server-api/#mpollresponse>).
pub fn count(content: &Value, about: &[Value], ended: i64) -> Option<Vec<u64>> {
    let start = start(content)?;
    let ids: Vec<&str> = answers(start).map(|answer| id(answer).unwrap_or_default()).collect();
    let most = start.get("max_selections").and_then(Value::as_u64).unwrap_or(1).clamp(1, MOST as u64);
    let mut last: HashMap<&str, (i64, Vec<&str>)> = HashMap::new();
    for vote in
        about.iter().filter(|event| string(event, "type").is_some_and(|kind| kind.ends_with("poll.response")))
    {
        let at = vote.get("origin_server_ts").and_then(Value::as_i64).filter(|at| *at <= ended);
        let (Some(at), Some(by)) = (at, string(vote, "sender")) else { continue };
        // What was taken back has no content, and never was.
        let Some(chosen) = vote.get("content").and_then(selections) else { continue };
        if last.get(by).is_none_or(|(before, _)| *before <= at) {
            last.insert(by, (at, chosen.into_iter().take(usize::try_from(most).unwrap_or(MOST)).collect()));
        }
    }
    let mut counts = vec![0; ids.len()];
    for (_, chosen) in last.into_values() {
        let places: Option<std::collections::BTreeSet<usize>> =
            chosen.iter().map(|chosen| ids.iter().position(|id| id == chosen)).collect();
        places.into_iter().flatten().for_each(|place| counts[place] += 1);
    }
    Some(counts)
}

fn id(answer: &Value) -> Option<&str> {
    string(answer, "id").or(string(answer, "m.id"))
}

/// What a vote chooses; nothing where it is taken back by choosing nothing.
fn selections(content: &Value) -> Option<Vec<&str>> {
    let chosen = content.get("m.selections").or_else(|| {
        let response = ["m.poll.response", "org.matrix.msc3381.poll.response"];
        response.iter().find_map(|key| content.get(*key)?.get("answers"))
    })?;
    Some(chosen.as_array()?.iter().map(|chosen| chosen.as_str().unwrap_or_default()).collect())
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
