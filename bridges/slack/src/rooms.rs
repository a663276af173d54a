//! Channels as Slack describes them: some by id for `preflight`, all of them for `find`.
//!
//! Conversation objects: <https://docs.slack.dev/reference/objects/conversation-object/>.

use crate::errors::CallError;
use crate::ids;
use crate::names::Directory;
use crate::preflight::Seen;
use crate::web::Web;
use futures::StreamExt;
use relay_contract::{Listed, Listing, NativeId, OpenError, Problem, RoomReport, SpaceRef, Visibility};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const ONE_REQUEST: Duration = Duration::from_secs(6);
/// No page is asked for after that, so that the last one is there before preflight's deadline.
const LAST_PAGE: Duration = Duration::from_secs(12);
const ROOMS_AT_ONCE: usize = 4;
/// More rooms than that are looked for in the list of the bot's rooms first: `conversations.info` is a tier 3 method,
/// 50 a minute and more.
const MANY_ROOMS: usize = 20;
/// Of a list, as many pages of 999 rooms as tier 2 lets through at once.
const MOST_PAGES: usize = 15;

/// Whoever asks about rooms.
pub struct Rooms<'a> {
    /// The Web API.
    pub web: &'a Web,
    /// Where names of rooms are kept.
    pub directory: &'a Directory,
    /// Who asks, and what the token allows.
    pub account: &'a Seen,
}

/// A list, as far as it could be had.
struct Pages {
    channels: Vec<Value>,
    complete: bool,
}

impl Rooms<'_> {
    /// These, each with its identity or its problem.
    pub async fn these(
        &self,
        rooms: &[NativeId],
    ) -> Result<Vec<(NativeId, Result<RoomReport, Problem>)>, OpenError> {
        let listed = if rooms.len() > MANY_ROOMS { self.of_the_bot().await? } else { BTreeMap::new() };
        let reports: Vec<_> = futures::stream::iter(rooms.to_vec())
            .map(|room| {
                let listed = listed.get(room.as_str());
                async move {
                    let answer = match listed {
                        Some(channel) => Ok(self.described(&room, channel)),
                        None => self.one(&room).await,
                    };
                    answer.map(|answer| (room, answer))
                }
            })
            .buffered(ROOMS_AT_ONCE)
            .collect()
            .await;
        reports.into_iter().collect()
    }

    /// All that the account sees: every public channel, and the private ones that it is in; archived ones are left out
    /// (<https://docs.slack.dev/reference/methods/conversations.list/>). At most 14,985.
    pub async fn all(&self) -> Result<Listing, OpenError> {
        let query = [("types", self.types()), ("exclude_archived", "true")];
        let pages = self.pages("conversations.list", &query).await;
        let pages = pages.map_err(|error| error.into_open("bot_token"))?;
        let rooms = pages.channels.iter().filter_map(|channel| {
            let id = NativeId::from(channel.get("id")?.as_str()?);
            let mut report = self.report(&id, channel);
            report.warnings.clone_from(&self.account.permissions.of_rooms);
            Some(Listed { problem: self.problem(channel), report })
        });
        Ok(Listing { rooms: rooms.collect(), complete: pages.complete })
    }

    /// By id (<https://docs.slack.dev/reference/methods/users.conversations/>); empty where a server has no such method.
    async fn of_the_bot(&self) -> Result<BTreeMap<String, Value>, OpenError> {
        let pages = match self.pages("users.conversations", &[("types", self.types())]).await {
            Ok(pages) => pages,
            Err(error) if matches!(error.code(), Some("unknown_method" | "missing_scope")) => {
                return Ok(BTreeMap::new());
            }
            Err(error) => return Err(error.into_open("bot_token")),
        };
        let channels = pages.channels.into_iter().filter_map(|mut channel| {
            let id = channel.get("id")?.as_str()?.to_owned();
            // Only in those that it is in, which this list does not say of each.
            channel["is_member"] = true.into();
            Some((id, channel))
        });
        Ok(channels.collect())
    }

    fn types(&self) -> &'static str {
        if self.account.permissions.private { "public_channel,private_channel" } else { "public_channel" }
    }

    /// Page by page. `Err` when not even the first can be had.
    async fn pages(&self, method: &str, query: &[(&str, &str)]) -> Result<Pages, CallError> {
        let begun = Instant::now();
        let mut channels = Vec::new();
        let mut cursor = String::new();
        for page in 0..MOST_PAGES {
            if begun.elapsed() > LAST_PAGE {
                break;
            }
            let here = [("limit", "999"), ("cursor", cursor.as_str())];
            let query: Vec<_> = query.iter().copied().chain(here).collect();
            let mut answer = match self.web.get(method, &query, ONE_REQUEST).await {
                Ok(answer) => answer,
                Err(error) if page == 0 => return Err(error),
                Err(error) => {
                    tracing::warn!(%method, %page, %error, "a list of channels ends early");
                    break;
                }
            };
            if let Some(Value::Array(more)) = answer.get_mut("channels").map(Value::take) {
                channels.extend(more);
            }
            match answer.pointer("/response_metadata/next_cursor").and_then(Value::as_str) {
                Some(next) if !next.is_empty() => next.clone_into(&mut cursor),
                _ => return Ok(Pages { channels, complete: true }),
            }
        }
        Ok(Pages { channels, complete: false })
    }

    async fn one(&self, room: &NativeId) -> Result<Result<RoomReport, Problem>, OpenError> {
        let query = [("channel", room.as_str()), ("include_num_members", "true")];
        match self.web.get("conversations.info", &query, ONE_REQUEST).await {
            Ok(answer) => Ok(self.described(room, answer.get("channel").unwrap_or(&Value::Null))),
            Err(error) => not_found(room, &self.account.bot, error).map(Err),
        }
    }

    fn described(&self, room: &NativeId, channel: &Value) -> Result<RoomReport, Problem> {
        if let Some(problem) = self.problem(channel) {
            return Err(problem);
        }
        let report = self.report(room, channel);
        self.directory.room_is(room.as_str(), report.name.trim_start_matches('#'));
        Ok(report)
    }

    fn report(&self, room: &NativeId, channel: &Value) -> RoomReport {
        let own = &self.account.own;
        RoomReport {
            key: ids::room(&own.team, room.as_str()),
            space: SpaceRef { id: own.team.as_str().into(), name: own.team_name.clone() },
            name: name(channel).map_or_else(|| room.to_string(), |name| format!("#{name}")),
            visibility: if is(channel, "is_private") { Visibility::Private } else { Visibility::Space },
            members: channel.get("num_members").and_then(Value::as_u64),
            warnings: Vec::new(),
        }
    }

    /// Why a channel cannot be linked as it is.
    fn problem(&self, channel: &Value) -> Option<Problem> {
        let (name, bot) = (name(channel).unwrap_or("that channel"), &self.account.bot);
        if is(channel, "is_archived") {
            return Some(Problem::new(
                format!("The Slack channel #{name} is archived."),
                "Unarchive it, or remove the link.",
            ));
        }
        if !is(channel, "is_member") {
            return Some(Problem::new(
                format!("Relay is not in the Slack channel #{name}."),
                format!("Type `/invite @{bot}` in #{name}."),
            ));
        }
        if is(channel, "is_private") && !self.account.permissions.private {
            let problem = crate::errors::missing_scopes("bot_token", crate::permissions::PRIVATE);
            return Some(Problem::new(
                format!("#{name} is a private channel. {}", problem.what),
                problem.fix,
            ));
        }
        None
    }
}

fn is(channel: &Value, key: &str) -> bool {
    channel.get(key).and_then(Value::as_bool).unwrap_or(false)
}

fn name(channel: &Value) -> Option<&str> {
    channel.get("name").and_then(Value::as_str).filter(|name| !name.is_empty())
}

/// A room's own problem, or one of the whole account.
fn not_found(room: &NativeId, bot: &str, error: CallError) -> Result<Problem, OpenError> {
    match error.code() {
        Some("channel_not_found") => Ok(Problem::new(
            format!("There is no Slack channel `{room}`, or Relay cannot see it."),
            format!(
                "Copy its id from the end of the channel's details (it begins with C or G); in a private channel type \
                 `/invite @{bot}`."
            ),
        )),
        Some(code) if !crate::errors::is_bad_credential(code) => match error.into_open("bot_token") {
            OpenError::Refused(problem) => Ok(problem),
            unavailable => Err(unavailable),
        },
        _ => Err(error.into_open("bot_token")),
    }
}
