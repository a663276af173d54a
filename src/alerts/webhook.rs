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
    text: &'a str,
    content: String,
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
        let text = letter.in_words();
        let body = Body {
            kind: "alert",
            timestamp: jiff::Timestamp::from_millisecond(letter.at).unwrap_or_default().to_string(),
            data: Data { needs: &letter.needs, over: &letter.over },
            content: text.chars().take(CONTENT).collect(),
            text: &text,
        };
        let body = serde_json::to_vec(&body).map_err(|error| error.to_string())?;
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
