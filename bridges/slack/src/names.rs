//! Names and pictures of people, and names of rooms, which Slack's events give by id only: looked up and kept for a
//! while, at most 10,000 of each.

use crate::web::Web;
use futures::StreamExt;
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const MOST_KEPT: usize = 10_000;
const FRESH: Duration = Duration::from_secs(3_600);
/// A failed look-up is not repeated for each message.
const FRESH_FAILURE: Duration = Duration::from_secs(30);
/// All look-ups for one event together. Slack wants its acknowledgement within three seconds.
const DEADLINE: Duration = Duration::from_secs(2);
/// One look-up, a little less than all together, so that its failure is still noted.
const ONE: Duration = Duration::from_millis(1_800);
const AT_ONCE: usize = 8;
/// A message that mentions more than that shows the rest by their ids.
const MOST_AT_ONCE: usize = 100;

/// A person as people in the workspace see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Display name, else real name, else handle.
    pub name: String,
    /// A picture that anybody can fetch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
    /// The language of their client, where Slack was asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// An app's user, or a workflow's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bot: bool,
}

#[derive(Debug, Clone)]
struct Kept<T> {
    what: Option<T>,
    until: Instant,
}

impl<T> Kept<T> {
    fn new(what: Option<T>) -> Self {
        let fresh = if what.is_some() { FRESH } else { FRESH_FAILURE };
        Self { what, until: Instant::now() + fresh }
    }
}

/// The names that are known.
#[derive(Debug)]
pub struct Directory {
    people: Cache<String, Kept<Person>>,
    rooms: Cache<String, Kept<String>>,
}

impl Default for Directory {
    fn default() -> Self {
        Self { people: Cache::new(MOST_KEPT), rooms: Cache::new(MOST_KEPT) }
    }
}

impl Directory {
    /// What is known of these, asking for what is not. An id that cannot be looked up in time is left out.
    pub async fn look_up(
        &self,
        web: &Web,
        people: &[String],
        rooms: &[String],
    ) -> (BTreeMap<String, Person>, BTreeMap<String, String>) {
        let deadline = tokio::time::Instant::now() + DEADLINE;
        let people = all(&self.people, people, |id| async move {
            let asked = web.get("users.info", &[("user", id), ("include_locale", "true")], ONE).await;
            asked.map(|answer| answer.get("user").and_then(person))
        });
        let rooms = all(&self.rooms, rooms, |id| async move {
            let asked = web.get("conversations.info", &[("channel", id)], ONE).await;
            asked.map(|answer| Some(answer.pointer("/channel/name")?.as_str()?.to_owned()))
        });
        let (people, rooms) = (collected(people, deadline), collected(rooms, deadline));
        futures::join!(people, rooms)
    }

    /// Keeps a person as their changed profile tells; answers what they were called, where that is known and was something else, and what
    /// they are now.
    pub fn person_is(&self, user: &Value) -> Option<(String, Person)> {
        let (id, mut now) = (user.get("id")?.as_str()?, person(user)?);
        let before = self.people.get(id)?.what?;
        now.locale = now.locale.or_else(|| before.locale.clone());
        self.people.insert(id.to_owned(), Kept::new(Some(now.clone())));
        (before.name != now.name).then_some((before.name, now))
    }

    /// The conversations that somebody is in together with Relay, or could be (<https://docs.slack.dev/reference/methods/users.conversations/>);
    /// at most 200, and none that cannot be had in time.
    pub async fn rooms_of(&self, web: &Web, person: &str) -> Vec<String> {
        let deadline = tokio::time::Instant::now() + DEADLINE;
        for types in ["public_channel,private_channel", "public_channel"] {
            let query = [("user", person), ("types", types), ("exclude_archived", "true"), ("limit", "200")];
            let asked = web.get("users.conversations", &query, ONE);
            match tokio::time::timeout_at(deadline, asked).await {
                Ok(Ok(answer)) => {
                    let all = answer.get("channels").and_then(Value::as_array).into_iter().flatten();
                    return all.filter_map(|room| Some(room.get("id")?.as_str()?.to_owned())).collect();
                }
                Ok(Err(error)) if error.code() == Some("missing_scope") => {}
                Ok(Err(error)) => {
                    tracing::debug!(%person, %error, "it cannot be asked where somebody is");
                    break;
                }
                Err(_) => break,
            }
        }
        Vec::new()
    }

    /// Files of other workspaces, of which events tell no more than the id
    /// (<https://docs.slack.dev/apis/slack-connect/#files>); those that cannot be had in time are left out.
    pub async fn files(&self, web: &Web, ids: &[String]) -> BTreeMap<String, Value> {
        let deadline = tokio::time::Instant::now() + DEADLINE;
        let asked = futures::stream::iter(ids.iter().take(MOST_AT_ONCE).cloned())
            .map(|id| async move {
                let answer = web.get("files.info", &[("file", &id)], ONE).await;
                let answer =
                    answer.map_err(|error| tracing::debug!(%id, %error, "a file cannot be looked up"));
                Some((id, answer.ok()?.get_mut("file")?.take()))
            })
            .buffer_unordered(AT_ONCE)
            .filter_map(std::future::ready);
        collected(asked, deadline).await
    }

    /// Keeps a room's name that was learned on the way.
    pub fn room_is(&self, id: &str, name: &str) {
        self.rooms.insert(id.to_owned(), Kept::new(Some(name.to_owned())));
    }
}

/// Answers as they come, those already known first.
fn all<'a, T, F, A>(
    cache: &'a Cache<String, Kept<T>>,
    ids: &'a [String],
    ask: A,
) -> impl futures::Stream<Item = (String, T)> + 'a
where
    T: Clone + Send + Sync + 'a,
    A: Fn(&'a str) -> F + Copy + 'a,
    F: Future<Output = Result<Option<T>, crate::errors::CallError>> + 'a,
{
    let now = Instant::now();
    let fresh = move |id: &String| cache.get(id).filter(|kept| kept.until > now);
    let (known, unknown): (Vec<_>, Vec<_>) =
        ids.iter().map(|id| (id, fresh(id))).partition(|(_, kept)| kept.is_some());
    let known = known.into_iter().filter_map(|(id, kept)| Some((id.clone(), kept?.what?)));
    let asked = futures::stream::iter(unknown.into_iter().take(MOST_AT_ONCE))
        .map(move |(id, _)| async move {
            let what = match ask(id).await {
                Ok(what) => what,
                Err(error) => {
                    tracing::debug!(%id, %error, "a name could not be looked up");
                    None
                }
            };
            cache.insert(id.clone(), Kept::new(what.clone()));
            Some((id.clone(), what?))
        })
        .buffer_unordered(AT_ONCE)
        .filter_map(std::future::ready);
    futures::stream::iter(known).chain(asked)
}

async fn collected<T>(
    answers: impl futures::Stream<Item = (String, T)>,
    deadline: tokio::time::Instant,
) -> BTreeMap<String, T> {
    let mut found = BTreeMap::new();
    let mut answers = std::pin::pin!(answers);
    while let Ok(Some((id, what))) = tokio::time::timeout_at(deadline, answers.next()).await {
        found.insert(id, what);
    }
    found
}

/// From a user object (<https://docs.slack.dev/reference/objects/user-object/>).
fn person(user: &Value) -> Option<Person> {
    let text =
        |key: &str| user.pointer(key).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let name = text("/profile/display_name")
        .or_else(|| text("/profile/real_name"))
        .or_else(|| text("/real_name"))
        .or_else(|| text("/name"))?;
    let bot = user.get("is_bot").and_then(Value::as_bool).unwrap_or(false);
    Some(Person {
        name: name.to_owned(),
        avatar: text("/profile/image_72").map(str::to_owned),
        locale: text("/locale").map(str::to_owned),
        bot,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_of_people() {
        let cases = [
            (
                json!({"name": "ada", "real_name": "Ada L", "profile": {"display_name": "Ada", "image_72": "https://x/a"}}),
                "Ada",
            ),
            (json!({"name": "ada", "profile": {"display_name": " ", "real_name": "Ada L"}}), "Ada L"),
            (json!({"name": "ada", "real_name": "Ada R"}), "Ada R"),
            (json!({"name": "ada"}), "ada"),
        ];
        for (user, expected) in cases {
            assert_eq!(person(&user).map(|person| person.name).as_deref(), Some(expected), "{user}");
        }
        assert_eq!(person(&json!({})), None);
    }
}
