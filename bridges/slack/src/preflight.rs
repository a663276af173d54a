//! What the account turns out to be: tokens, scopes, rooms.

use crate::errors::CallError;
use crate::ids;
use crate::known::{Known, Memory, Own};
use crate::names::Directory;
use crate::permissions::Permissions;
use crate::web::{Web, With};
use futures::StreamExt;
use relay_contract::{Identity, NativeId, OpenError, Preflight, Problem, RoomReport, SpaceRef, Visibility};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

/// What to do when Socket Mode does not work.
pub const SOCKET_MODE_FIX: &str = "At api.slack.com/apps, your app, Socket Mode, switch it on, and make sure that `app_token` belongs to this app.";

const DEADLINE: Duration = Duration::from_secs(19);
const ONE_REQUEST: Duration = Duration::from_secs(6);
const ROOMS_AT_ONCE: usize = 4;
/// More rooms than that are looked for in the list of the bot's rooms first: `conversations.info` is a tier 3 method,
/// 50 a minute and more.
const MANY_ROOMS: usize = 20;
/// Of that list, as many pages of 999 rooms as tier 2 lets through at once.
const MOST_PAGES: usize = 15;

/// What the checks need.
pub struct Check<'a> {
    /// The Web API.
    pub web: &'a Web,
    /// Where names of rooms are kept.
    pub directory: &'a Directory,
    /// Where the answer is kept.
    pub memory: &'a Memory,
}

impl Check<'_> {
    /// Everything, within 20 seconds.
    pub async fn run(&self, rooms: &[NativeId]) -> Result<Preflight, OpenError> {
        tokio::time::timeout(DEADLINE, self.all(rooms)).await.map_err(|_| {
            OpenError::Unavailable(format!("Slack did not answer within {} s", DEADLINE.as_secs()))
        })?
    }

    async fn all(&self, rooms: &[NativeId]) -> Result<Preflight, OpenError> {
        let (answer, scopes) =
            self.web.auth_test(ONE_REQUEST).await.map_err(|error| error.into_open("bot_token"))?;
        let team = space(&answer)?;
        let own = own(&answer)?;
        let permissions = Permissions::from_scopes(scopes.as_deref()).map_err(OpenError::Refused)?;
        self.socket_mode().await?;
        let name = answer.get("user").and_then(Value::as_str).unwrap_or(&own.user).to_owned();
        self.memory.set(Known {
            own: own.clone(),
            url: answer.get("url").and_then(Value::as_str).unwrap_or_default().to_owned(),
            customize: permissions.customize,
        });
        let listed = if rooms.len() > MANY_ROOMS { self.rooms_of_the_bot().await? } else { BTreeMap::new() };
        let reports: Vec<_> =
            futures::stream::iter(rooms.to_vec())
                .map(|room| {
                    let listed = listed.get(room.as_str());
                    let (team, name, permissions) = (&team, &name, &permissions);
                    async move {
                        self.room(&room, listed, team, name, permissions).await.map(|report| (room, report))
                    }
                })
                .buffered(ROOMS_AT_ONCE)
                .collect()
                .await;
        Ok(Preflight {
            identity: Identity { id: own.user.as_str().into(), name },
            warnings: permissions.warnings,
            rooms: reports.into_iter().collect::<Result<_, OpenError>>()?,
        })
    }

    /// The URL in the answer is a one-time ticket: it is not used, and not shown.
    async fn socket_mode(&self) -> Result<(), OpenError> {
        let asked = self.web.post("apps.connections.open", &json!({}), With::App, ONE_REQUEST).await;
        match asked {
            Ok(_) => Ok(()),
            // A tier 1 method: too many starts in a row say nothing against the token.
            Err(CallError::RateLimited(_)) => Ok(()),
            Err(error) => match (error.code(), error.clone().into_open("app_token")) {
                (Some("missing_scope"), refused) => Err(refused),
                (Some(code), OpenError::Refused(_)) if !crate::errors::is_bad_credential(code) => {
                    Err(OpenError::Refused(Problem::new(
                        format!("Socket Mode cannot be used: {code}."),
                        SOCKET_MODE_FIX,
                    )))
                }
                (_, other) => Err(other),
            },
        }
    }

    /// By id (<https://docs.slack.dev/reference/methods/users.conversations/>); empty where a server has no such method.
    async fn rooms_of_the_bot(&self) -> Result<BTreeMap<String, Value>, OpenError> {
        let mut listed = BTreeMap::new();
        let mut cursor = String::new();
        for _ in 0..MOST_PAGES {
            let query = [("types", "public_channel,private_channel"), ("limit", "999"), ("cursor", &cursor)];
            let answer = match self.web.get("users.conversations", &query, ONE_REQUEST).await {
                Ok(answer) => answer,
                Err(error) if matches!(error.code(), Some("unknown_method" | "missing_scope")) => break,
                Err(error) => return Err(error.into_open("bot_token")),
            };
            for channel in answer.get("channels").and_then(Value::as_array).into_iter().flatten() {
                if let Some(id) = channel.get("id").and_then(Value::as_str) {
                    listed.insert(id.to_owned(), channel.clone());
                }
            }
            cursor = match answer.pointer("/response_metadata/next_cursor").and_then(Value::as_str) {
                Some(next) if !next.is_empty() => next.to_owned(),
                _ => break,
            };
        }
        Ok(listed)
    }

    async fn room(
        &self,
        room: &NativeId,
        listed: Option<&Value>,
        team: &SpaceRef,
        bot: &str,
        permissions: &Permissions,
    ) -> Result<Result<RoomReport, Problem>, OpenError> {
        let answer = match listed {
            Some(_) => Value::Null,
            None => {
                let asked =
                    self.web.get("conversations.info", &[("channel", room.as_str())], ONE_REQUEST).await;
                match asked {
                    Ok(answer) => answer,
                    Err(error) => return not_found(room, bot, error).map(Err),
                }
            }
        };
        let channel = listed.or(answer.get("channel")).unwrap_or(&Value::Null);
        let is = |key: &str| channel.get(key).and_then(Value::as_bool).unwrap_or(false);
        let name = channel.get("name").and_then(Value::as_str).unwrap_or(room.as_str()).to_owned();
        if is("is_archived") {
            return Ok(Err(Problem::new(
                format!("The Slack channel #{name} is archived."),
                "Unarchive it, or remove the link.",
            )));
        }
        if listed.is_none() && !is("is_member") {
            return Ok(Err(Problem::new(
                format!("Relay is not in the Slack channel #{name}."),
                format!("Type `/invite @{bot}` in #{name}."),
            )));
        }
        if is("is_private") && !permissions.private {
            let problem = crate::errors::missing_scopes("bot_token", &["groups:history", "groups:read"]);
            return Ok(Err(Problem::new(
                format!("#{name} is a private channel. {}", problem.what),
                problem.fix,
            )));
        }
        self.directory.room_is(room.as_str(), &name);
        Ok(Ok(RoomReport {
            key: ids::room(team.id.as_str(), room.as_str()),
            space: team.clone(),
            name: format!("#{name}"),
            visibility: if is("is_private") { Visibility::Private } else { Visibility::Space },
            members: None,
            warnings: Vec::new(),
        }))
    }
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

fn own(answer: &Value) -> Result<Own, OpenError> {
    let string = |key: &str| answer.get(key).and_then(Value::as_str).map(str::to_owned);
    let (Some(team), Some(user)) = (string("team_id"), string("user_id")) else {
        return Err(OpenError::Unavailable("Slack's answer to auth.test names no team or no user".into()));
    };
    Ok(Own { team, user, bot: string("bot_id") })
}

fn space(answer: &Value) -> Result<SpaceRef, OpenError> {
    let own = own(answer)?;
    Ok(SpaceRef {
        name: answer.get("team").and_then(Value::as_str).unwrap_or(&own.team).to_owned(),
        id: own.team.into(),
    })
}
