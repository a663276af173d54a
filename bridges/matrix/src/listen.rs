//! `/sync` until stopped: each answer's events are accepted in their order, and then its token is where to go on
//! (<https://spec.matrix.org/v1.11/client-server-api/#syncing>).

use crate::api::{Api, CallError};
use crate::errors;
use crate::joins::Joins;
use crate::look_up::{Listener, changes_room};
use crate::rooms::{self, JOIN};
use crate::translate::Said;
use futures::StreamExt;
use relay_contract::{Inbox, ListenError, RawEvent};
use ruma::api::client::filter::FilterDefinition;
use ruma::api::client::sync::sync_events::v3::{Filter, Request};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// How long the homeserver holds a sync open when nothing happens, and how much longer than that an answer may take.
const HOLD: Duration = Duration::from_secs(30);
const GRACE: Duration = Duration::from_secs(30);
/// Events of one room in one answer. What is more is a gap, and read from the history.
const MOST: u32 = 200;
/// Events that are looked up, and that wait for their accept, at the same time.
const LOOK_UPS: usize = 8;
const OVERLAP: usize = 32;
/// Waits before a sync is tried again: by how often it failed in a row, the last one from then on; in ms. A server that is started anew
/// is found soon.
const WAITS: [u64; 11] = [500, 1_000, 2_000, 3_000, 3_000, 3_000, 3_000, 3_000, 3_000, 5_000, 15_000];
/// What a server asks for is obeyed within reason.
const LONGEST_WAIT: Duration = Duration::from_secs(600);

impl Listener<'_> {
    /// Until stopped or refused. A connection that can be mended is mended here.
    pub async fn run(&self, cursor: Option<String>, inbox: &dyn Inbox) -> Result<(), ListenError> {
        let mut since = cursor;
        let mut failures = 0_usize;
        let mut up = false;
        let mut joins = Joins::new(self);
        tokio::select! {
            () = inbox.stopped() => return Ok(()),
            () = self.learn_reactions() => {}
        }
        loop {
            // The first answer should come at once, so that "connected" is said when it is true.
            let hold = if up && since.is_some() { HOLD } else { Duration::ZERO };
            let answer = {
                let sync = sync(self.api, since.as_deref(), hold);
                tokio::pin!(sync);
                loop {
                    tokio::select! {
                        biased;
                        () = inbox.stopped() => return Ok(()),
                        moved = joins.next() => if let Some(moved) = moved
                            && inbox.accept(moved).await.is_err()
                        {
                            return Ok(());
                        },
                        answer = &mut sync => break answer,
                    }
                }
            };
            let answer = match answer {
                Ok(answer) => answer,
                Err(error) => {
                    if let Some(refused) = errors::listening(&error) {
                        return Err(refused);
                    }
                    if since.is_some() && is_bad_token(&error) {
                        // The server does not know the place any more: what was said since is in the histories.
                        inbox.gap("the homeserver does not know where the last sync ended");
                        since = None;
                    }
                    inbox.interrupted(&errors::words(&error));
                    up = false;
                    let wait = wait(&error, failures);
                    failures += 1;
                    tokio::select! {
                        biased;
                        () = inbox.stopped() => return Ok(()),
                        () = tokio::time::sleep(wait) => continue,
                    }
                }
            };
            failures = 0;
            if !up {
                up = true;
                inbox.connected();
            }
            let Some(next) = answer.get("next_batch").and_then(Value::as_str).map(str::to_owned) else {
                return Err(ListenError::Lost("the homeserver's answer does not say where to go on".into()));
            };
            // What is said in a room that goes on in the place of another is told of behind the move, or nobody has asked for it.
            let come_in =
                part(&answer, "join").into_iter().filter(|(_, told)| has_just_joined(told, &self.own));
            let come_in: Vec<&String> = come_in.map(|(room, _)| room).collect();
            come_in.iter().for_each(|room| joins.came_in(room));
            while come_in.iter().any(|room| joins.is_joining(room)) {
                tokio::select! {
                    biased;
                    () = inbox.stopped() => return Ok(()),
                    moved = joins.next() => if let Some(moved) = moved
                        && inbox.accept(moved).await.is_err()
                    {
                        return Ok(());
                    },
                }
            }
            part(&answer, "invite").into_iter().for_each(|(room, _)| joins.invited(room));
            if since.is_some() && !self.hand_up(&answer, inbox).await {
                return Ok(());
            }
            if since.as_ref() != Some(&next) {
                inbox.moved(next.clone());
            }
            since = Some(next);
        }
    }

    /// Everything that an answer tells; false when Relay stops.
    async fn hand_up(&self, answer: &Value, inbox: &dyn Inbox) -> bool {
        let joined = part(answer, "join");
        let left = part(answer, "leave");
        for (room, told) in &joined {
            for event in events(told, "state").chain(events(told, "timeline")) {
                self.known.learn(room, event);
            }
            if is_limited(told) && !has_just_joined(told, &self.own) {
                inbox.gap("more was said in a room than one sync holds");
            }
        }
        let mut said: Vec<(String, Told)> = Vec::new();
        for (room, told) in &joined {
            // State that a gap has left out comes apart, and names of whoever said something do too.
            if is_limited(told) && events(told, "state").any(|event| changes_room(event, &self.own)) {
                said.push(((*room).clone(), Told::Said(Said::Changed)));
            }
            said.extend(events(told, "timeline").map(|event| ((*room).clone(), Told::Event(event.clone()))));
            said.extend(typing(told).map(|people| ((*room).clone(), Told::Said(Said::Typing(people)))));
        }
        said.extend(left.iter().map(|(room, _)| ((*room).clone(), Told::Said(Said::Changed))));
        let raws = futures::stream::iter(said).map(|(room, told)| async move {
            match told {
                Told::Said(said) => vec![self.wrapped(&room, said)],
                Told::Event(event) => self.made(room, event).await,
            }
        });
        let raws = raws.buffered(LOOK_UPS);
        let raws = raws.flat_map(futures::stream::iter);
        let mut accepts = raws.map(|raw| inbox.accept(raw)).buffered(OVERLAP);
        while let Some(accepted) = accepts.next().await {
            if accepted.is_err() {
                return false;
            }
        }
        true
    }

    /// What an event comes to. A room that goes on elsewhere is followed.
    pub async fn made(&self, room: String, event: Value) -> Vec<RawEvent> {
        // Only rooms that somebody has asked for: anybody can invite Relay, and have their room go on where nobody answers.
        let asked_for = self.known.room_name(&room).is_some();
        let moved = rooms::replacement(&event).filter(|_| asked_for).map(str::to_owned);
        let mut made = self.raw(&room, event).await;
        if let Some(to) = moved {
            // A room that Relay cannot follow into is said to have changed, and then what is wrong with it is found.
            match rooms::join(self.api, &to, rooms::server_of(&self.own), JOIN).await {
                Ok(()) => made.push(self.wrapped(&room, Said::Moved(to))),
                Err(error) => {
                    tracing::warn!(room, to, "the room goes on elsewhere: {}", errors::words(&error))
                }
            }
        }
        made
    }
}

/// What is handed up of a room.
enum Told {
    Event(Value),
    Said(Said),
}

/// One sync. Without a place to go on from, what was said before is not asked for.
async fn sync(api: &Api, since: Option<&str>, hold: Duration) -> Result<Value, CallError> {
    let mut request = Request::new();
    request.filter = filter(if since.is_some() { MOST } else { 1 }).map(Filter::FilterDefinition);
    request.since = since.map(str::to_owned);
    request.timeout = Some(hold);
    api.call(request, hold + GRACE).await
}

/// What is asked for (<https://spec.matrix.org/v1.11/client-server-api/#filtering>): with the members who said something, also those that
/// an earlier sync told of, for nothing is remembered from one process to the next.
fn filter(most: u32) -> Option<FilterDefinition> {
    let members = json!({ "lazy_load_members": true, "include_redundant_members": true });
    let nothing = json!({ "types": [] });
    let mut timeline = members.clone();
    timeline["limit"] = most.into();
    let filter = json!({
        "account_data": nothing, "presence": nothing,
        "room": {
            "timeline": timeline, "state": members, "account_data": nothing, "ephemeral": { "types": ["m.typing"] },
        },
    });
    serde_json::from_value(filter).ok()
}

/// The rooms of a part of an answer.
fn part<'a>(answer: &'a Value, part: &str) -> Vec<(&'a String, &'a Value)> {
    let rooms = answer.get("rooms").and_then(|rooms| rooms.get(part)).and_then(Value::as_object);
    rooms.into_iter().flat_map(Map::iter).collect()
}

fn events<'a>(told: &'a Value, part: &str) -> impl Iterator<Item = &'a Value> {
    let events = told.get(part).and_then(|part| part.get("events")).and_then(Value::as_array);
    events.into_iter().flatten()
}

fn is_limited(told: &Value) -> bool {
    told.pointer("/timeline/limited").and_then(Value::as_bool).unwrap_or(false)
}

/// Relay came into this room only now: what was said before is nobody's to fetch.
fn has_just_joined(told: &Value, own: &str) -> bool {
    events(told, "state").chain(events(told, "timeline")).any(|event| is_own_join(event, own))
}

/// Whether Relay came into a room by this event.
pub fn is_own_join(event: &Value, own: &str) -> bool {
    let at = |path: &str| event.pointer(path).and_then(Value::as_str);
    at("/type") == Some("m.room.member")
        && at("/state_key") == Some(own)
        && at("/content/membership") == Some("join")
        && at("/unsigned/prev_content/membership") != Some("join")
}

/// Who is typing, where that has changed.
fn typing(told: &Value) -> Option<Vec<String>> {
    let event =
        events(told, "ephemeral").find(|event| event.get("type").is_some_and(|kind| kind == "m.typing"))?;
    let people = event.pointer("/content/user_ids")?.as_array()?;
    let people: Vec<_> = people.iter().filter_map(|user| user.as_str().map(str::to_owned)).collect();
    (!people.is_empty()).then_some(people)
}

/// The token of the last sync is not the server's.
fn is_bad_token(error: &CallError) -> bool {
    matches!(error, CallError::Answered(answer) if answer.status == 400)
}

fn wait(error: &CallError, failures: usize) -> Duration {
    let asked = match error {
        CallError::Answered(answer) => answer.retry_after,
        _ => None,
    };
    let wait = WAITS.get(failures).or(WAITS.last()).copied().unwrap_or(15_000);
    asked.unwrap_or_default().clamp(Duration::from_millis(wait), LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_is_one() {
        let filter = filter(7).and_then(|filter| serde_json::to_value(filter).ok()).unwrap_or_default();
        assert_eq!(filter.pointer("/room/timeline/limit"), Some(&json!(7)));
        assert_eq!(filter.pointer("/room/state/lazy_load_members"), Some(&json!(true)));
        assert_eq!(filter.pointer("/room/ephemeral/types"), Some(&json!(["m.typing"])));
    }

    #[test]
    fn who_has_just_joined() {
        let member = |user: &str, membership: &str, before: &str| {
            json!({ "timeline": { "events": [{
                "type": "m.room.member", "state_key": user, "content": { "membership": membership },
                "unsigned": { "prev_content": { "membership": before } },
            }]}})
        };
        let cases = [
            (member("@me:x", "join", "invite"), true),
            (member("@me:x", "join", "join"), false),
            (member("@me:x", "leave", "join"), false),
            (member("@ada:x", "join", "leave"), false),
            (json!({}), false),
        ];
        for (told, joined) in cases {
            assert_eq!(has_just_joined(&told, "@me:x"), joined, "{told}");
        }
    }

    #[test]
    fn waits() {
        let limited = |after| {
            CallError::Answered(crate::api::Answer {
                status: 429,
                retry_after: Some(after),
                ..Default::default()
            })
        };
        let cases = [
            (CallError::Silent("x".into()), 0, Duration::from_millis(500)),
            (CallError::Silent("x".into()), 99, Duration::from_secs(15)),
            (limited(Duration::from_secs(7)), 0, Duration::from_secs(7)),
            (limited(Duration::from_secs(7_000)), 0, LONGEST_WAIT),
        ];
        for (error, failures, expected) in cases {
            assert_eq!(wait(&error, failures), expected, "{error:?} {failures}");
        }
    }
}
