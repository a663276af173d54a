//! A webhook that is called with what needs a person. Its body is readable for programs, and for the incoming webhooks of chat platforms,
//! which want `text` or `content`.

use super::book::{Letter, Line};
use crate::config::AlertHook;
use crate::media::{Answered, Sender, Unanswered};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::Serialize;

/// The longest `content`, in characters: what is read by people elsewhere has a limit.
const CONTENT: usize = 1_900;

/// Calls it.
pub struct Hook {
    section: AlertHook,
    sender: Sender,
}

/// A call's body.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    /// When, by RFC 3339.
    timestamp: String,
    data: Data<'a>,
    /// As Slack takes it.
    text: String,
    /// As Discord takes it.
    content: String,
    allowed_mentions: Mentions,
}

/// Whom Discord is to call: nobody, whatever a room is called.
#[derive(Serialize)]
struct Mentions {
    parse: [&'static str; 0],
}

#[derive(Serialize)]
struct Data<'a> {
    needs: &'a [Line],
    over: &'a [Line],
}

impl Hook {
    /// As the config names it.
    pub fn new(section: AlertHook) -> Result<Self, String> {
        let sender = Sender::new(section.private).map_err(|why| format!("the webhook of [alerts]: {why}"))?;
        Ok(Self { section, sender })
    }

    /// One attempt.
    pub async fn send(&self, letter: &Letter) -> Result<(), String> {
        let body = body(letter)?;
        let headers = self.headers(&letter.id, &body);
        match self.sender.post(&self.section.url, headers, body.into()).await {
            Ok(Answered { code: 200..=299, .. }) => Ok(()),
            Ok(Answered { code, .. }) => Err(format!("the webhook's receiver answered {code}")),
            Err(Unanswered::NotPublic) => Err(
                "the webhook's receiver is not on the public Internet: write private = true where it is one of your own"
                    .into(),
            ),
            Err(Unanswered::NotSent(why) | Unanswered::Unsure(why)) => Err(why),
        }
    }

    fn headers(&self, id: &str, body: &[u8]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let now = jiff::Timestamp::now().as_second();
        let signature = self.section.key.as_ref().map(|key| key.sign(id, now, body));
        let all =
            [("id", Some(id.to_owned())), ("timestamp", Some(now.to_string())), ("signature", signature)];
        for (name, value) in all.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            let name = HeaderName::try_from(format!("webhook-{name}"));
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value)) {
                headers.insert(name, value);
            }
        }
        headers
    }
}

/// What a letter looks like.
fn body(letter: &Letter) -> Result<Vec<u8>, String> {
    let text = letter.in_words();
    let body = Body {
        kind: "alert",
        timestamp: jiff::Timestamp::from_millisecond(letter.at).unwrap_or_default().to_string(),
        data: Data { needs: &letter.needs, over: &letter.over },
        content: text.chars().take(CONTENT).collect(),
        // <https://docs.slack.dev/messaging/formatting-message-text/#escaping>
        text: text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"),
        allowed_mentions: Mentions { parse: [] },
    };
    serde_json::to_vec(&body).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::collections::BTreeSet;

    #[test]
    fn a_name_calls_nobody() {
        let what = "What is said elsewhere reaches @everyone <!channel> & co late: 502.".to_owned();
        let line = Line { key: "late owls".into(), what, fix: None, urgent: false };
        let letter = Letter { id: "1".into(), at: 0, needs: vec![line], over: vec![], to: BTreeSet::new() };
        let body: Value = serde_json::from_slice(&body(&letter).unwrap()).unwrap();
        assert_eq!(body["allowed_mentions"], json!({ "parse": [] }));
        let text = body["text"].as_str().unwrap();
        assert!(text.contains("@everyone &lt;!channel&gt; &amp; co") && !text.contains('<'), "{text}");
    }
}
