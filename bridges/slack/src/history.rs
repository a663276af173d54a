//! What was said in a conversation after a place in it: pages of `conversations.history` and `conversations.replies`, made into the
//! events that Socket Mode would have brought (<https://docs.slack.dev/messaging/retrieving-messages/>).
//!
//! One look reads a page of the channel after the place, oldest message first, and with each message the answers in its thread; before
//! that, the answers since in threads of the page before the place, and what was edited there. What it has no room for comes next. An
//! answer that came late may so come before what was said in the channel earlier, but never before what it answers; some come again.
//!
//! Slack does not tell: which messages were deleted, but for those that began a thread; which reactions and pins came and went when;
//! changes of what lies further back than the page before, and answers to that; changes of answers from before the place.

use crate::errors::CallError;
use crate::ids;
use crate::listen::Listener;
use crate::web::Web;
use relay_contract::{DeliverError, Mark, Past, RawEvent, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// All requests of a look, and one of them.
const LOOK: Duration = Duration::from_secs(60);
const REQUEST: Duration = Duration::from_secs(15);
/// Messages of a page of the channel after the place, and of the one before it.
const PAGE: usize = 100;
const LOOK_BACK: &str = "100";
/// Threads that one look reads: `conversations.replies` is a tier 3 method, 50 a minute.
const MOST_THREADS: usize = 40;
/// Answers of a page, and how many pages of a thread are read.
const ANSWERS: &str = "200";
const MOST_PAGES: usize = 25;

/// Messages by their place in time.
type Said = BTreeMap<u64, Value>;

/// One look, at most 60 seconds.
pub async fn look(
    listener: &Listener<'_>,
    channel: &str,
    after: &Mark,
    most: u16,
) -> Result<Past, DeliverError> {
    let room = Room { web: listener.web, channel };
    let read = async {
        let (events, next) = room.after(&Place::of(after), usize::from(most.max(1))).await?;
        Ok(Past { events: raw(listener, events).await, next })
    };
    match tokio::time::timeout(LOOK, read).await {
        Ok(read) => read.map_err(|error: CallError| error.before_posting().into_deliver(channel)),
        Err(_) => Err(DeliverError::Unavailable(format!("no history within {} s", LOOK.as_secs()))),
    }
}

/// Where a look begins.
struct Place {
    /// The `ts` of it. One that is only a time lies before all messages of its millisecond.
    ts: String,
    order: u64,
    /// Threads that began before the place have been read up to the one of this message.
    read: Option<u64>,
}

impl Place {
    fn of(mark: &Mark) -> Self {
        let known = mark.id.as_ref().map(|id| id.as_str().split_once('#').unwrap_or((id.as_str(), "")));
        let known = known.and_then(|(ts, read)| Some((ts.to_owned(), ids::order(ts)?, ids::order(read))));
        let (ts, order, read) = known.unwrap_or_else(|| {
            let ts = ids::ts_at(mark.at);
            let order = ids::order(&ts).unwrap_or_default();
            (ts, order, None)
        });
        Self { ts, order, read }
    }

    /// The same place, with threads read up to this one's.
    fn with_threads_read(&self, root: &str) -> Mark {
        Mark { id: Some(format!("{}#{root}", self.ts).into()), at: time(&self.ts) }
    }
}

struct Room<'a> {
    web: &'a Web,
    channel: &'a str,
}

/// A piece of a channel or a thread.
struct Page {
    said: Said,
    more: bool,
    cursor: Option<String>,
}

impl Room<'_> {
    async fn after(&self, from: &Place, most: usize) -> Result<(Vec<Value>, Option<Mark>), CallError> {
        let limit = most.min(PAGE).to_string();
        // Without `latest`, Slack answers what is closest to `oldest`.
        let new = self.page("conversations.history", &[("oldest", &from.ts), ("limit", &limit)]).await?;
        let before = [("latest", from.ts.as_str()), ("inclusive", "true"), ("limit", LOOK_BACK)];
        let old = self.page("conversations.history", &before).await?;
        let (mut said, mut threads) = (Said::new(), 0);
        let mut last = None;
        for root in old.said.iter().filter(|(at, _)| from.read.is_none_or(|read| **at > read)) {
            let Some(root) = answered(root.1, from.order) else { continue };
            if let Some(last) = last.filter(|_| threads >= MOST_THREADS || said.len() >= most) {
                return Ok((self.events(said, Said::new(), from), Some(from.with_threads_read(last))));
            }
            said.extend(self.thread(root, from).await?);
            (threads, last) = (threads + 1, Some(root));
        }
        let mut next = None;
        let mut more = new.more;
        for (at, message) in new.said.into_iter().filter(|(at, _)| *at > from.order) {
            let root = answered(&message, from.order).map(str::to_owned);
            let full = said.len() >= most || (threads >= MOST_THREADS && root.is_some());
            if full && next.is_some() {
                more = true;
                break;
            }
            next = message.get("ts").and_then(Value::as_str).map(str::to_owned);
            said.insert(at, message);
            if let Some(root) = root {
                said.extend(self.thread(&root, from).await?);
                threads += 1;
            }
        }
        let changed = if from.read.is_none() { old.said } else { Said::new() };
        let next = next.filter(|_| more).map(|ts| Mark { at: time(&ts), id: Some(ts.into()) });
        Ok((self.events(said, changed, from), next))
    }

    /// What is told, oldest first.
    fn events(&self, said: Said, changed: Said, from: &Place) -> Vec<Value> {
        let changed = changed.into_values().filter_map(|message| self.changed(message, from));
        // Whoever knows a message from before, as it was then, hears behind it what has become of it.
        let posted = said.into_iter().flat_map(|(at, message)| {
            let since = self.changed(message.clone(), from).map(|(_, event)| (at, event));
            [Some((at, self.posted(message))), since].into_iter().flatten()
        });
        let mut events: Vec<_> = changed.chain(posted).collect();
        events.sort_by_key(|(at, _)| *at);
        events.into_iter().map(|(_, event)| event).collect()
    }

    /// The answers since in a thread.
    async fn thread(&self, root: &str, from: &Place) -> Result<Said, CallError> {
        let (mut said, mut cursor) = (Said::new(), None::<String>);
        for _ in 0..MOST_PAGES {
            let mut query = vec![("ts", root), ("oldest", &from.ts), ("limit", ANSWERS)];
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            match self.page("conversations.replies", &query).await {
                Ok(page) => {
                    said.extend(page.said);
                    cursor = page.cursor;
                }
                // Deleted meanwhile.
                Err(error) if error.code() == Some("thread_not_found") => cursor = None,
                Err(error) => return Err(error),
            }
            if cursor.is_none() {
                break;
            }
        }
        if cursor.is_some() {
            tracing::warn!(
                channel = self.channel,
                root,
                read = said.len(),
                "a thread has more answers than are read"
            );
        }
        // What a thread begins with is always told.
        said.retain(|at, message| *at > from.order && message.get("ts").is_some_and(|ts| ts != root));
        Ok(said)
    }

    async fn page(&self, method: &str, query: &[(&str, &str)]) -> Result<Page, CallError> {
        let query: Vec<_> = [("channel", self.channel)].into_iter().chain(query.iter().copied()).collect();
        let mut answer = self.web.get(method, &query, REQUEST).await?;
        let more = answer.get("has_more").and_then(Value::as_bool).unwrap_or(false);
        let cursor = answer.pointer("/response_metadata/next_cursor").and_then(Value::as_str);
        let cursor = cursor.filter(|cursor| !cursor.is_empty()).map(str::to_owned);
        let Some(Value::Array(said)) = answer.get_mut("messages").map(Value::take) else {
            return Err(CallError::NotSlack);
        };
        let at = |message: &Value| ids::order(message.get("ts")?.as_str()?);
        let said = said.into_iter().filter_map(|message| Some((at(&message)?, message))).collect();
        Ok(Page { said, more, cursor })
    }

    /// The event of a new message, as it is now.
    fn posted(&self, mut message: Value) -> Value {
        message["event_ts"] = message["ts"].clone();
        message["channel"] = self.channel.into();
        message
    }

    /// The event of a message from before the place that was changed since: edited, or the gravestone of a thread's first. Slack tells
    /// the time of an edit in seconds, so that one in the second of the place may have been heard.
    fn changed(&self, message: Value, from: &Place) -> Option<(u64, Value)> {
        let edited = message.pointer("/edited/ts").and_then(Value::as_str).map(str::to_owned);
        let gravestone = message.get("subtype").is_some_and(|subtype| subtype == "tombstone");
        let at = edited.as_deref().and_then(ids::order);
        if !gravestone && at.is_none_or(|at| at < from.order - from.order % ids::SECOND) {
            return None;
        }
        let stamp = edited.unwrap_or_else(|| from.ts.clone());
        let event = json!({
            "type": "message", "subtype": "message_changed", "hidden": true, "channel": self.channel,
            "message": message, "ts": stamp, "event_ts": stamp,
        });
        Some((at.filter(|_| !gravestone).unwrap_or(from.order), event))
    }
}

/// The `ts` of a message whose thread was answered in after a place.
fn answered(message: &Value, after: u64) -> Option<&str> {
    let latest = ids::order(message.get("latest_reply")?.as_str()?)?;
    message.get("ts")?.as_str().filter(|_| latest > after)
}

fn time(ts: &str) -> Timestamp {
    ids::time(ts).unwrap_or(Timestamp(0))
}

/// As `listen` would have handed them up, with the names of whom they mention.
async fn raw(listener: &Listener<'_>, events: Vec<Value>) -> Vec<RawEvent> {
    listener.know(&events).await;
    let mut all = Vec::with_capacity(events.len());
    for event in events {
        all.push(listener.wrapped("events_api", None, event).await);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let cases = [
            (Some("1700000000.000100"), 5, "1700000000.000100", None),
            (Some("1700000000.000100#1699.000001"), 5, "1700000000.000100", Some(1_699_000_001)),
            (Some("1700000000.000100#odd"), 5, "1700000000.000100", None),
            (Some("no ts"), 1_700_000_000_123, "1700000000.123000", None),
            (None, 1_700_000_000_007, "1700000000.007000", None),
            (None, -5, "0.001000", None),
        ];
        for (id, at, ts, read) in cases {
            let place = Place::of(&Mark { id: id.map(Into::into), at: Timestamp(at) });
            assert_eq!((place.ts.as_str(), place.read), (ts, read), "{id:?} {at}");
            assert_eq!(ids::order(&place.ts), Some(place.order));
        }
        let place = Place::of(&Mark { id: Some("17.000100".into()), at: Timestamp(0) });
        let on = Place::of(&place.with_threads_read("16.000002"));
        assert_eq!((on.ts.as_str(), on.read), ("17.000100", Some(16_000_002)));
    }
}
