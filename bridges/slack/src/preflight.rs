//! What the account turns out to be: tokens and scopes.

use crate::errors::CallError;
use crate::known::{Known, Memory, Own};
use crate::names::Directory;
use crate::permissions::Permissions;
use crate::rooms::Rooms;
use crate::web::{Web, With};
use relay_contract::{Identity, Listing, NativeId, OpenError, Preflight, Problem};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// What to do when Socket Mode does not work.
pub const SOCKET_MODE_FIX: &str = "At api.slack.com/apps, your app, Socket Mode, switch it on, and make sure that `app_token` belongs to this app.";

const DEADLINE: Duration = Duration::from_secs(19);
const ONE_REQUEST: Duration = Duration::from_secs(6);
const MOST_EMOJI: usize = 20_000;

/// What a token turns out to be.
pub struct Seen {
    /// Who Relay is.
    pub own: Own,
    /// The bot's handle, as people type it behind `/invite`.
    pub bot: String,
    /// The workspace's URL, for links.
    pub url: String,
    /// What the token's scopes allow.
    pub permissions: Permissions,
}

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
    /// Everything, within 20 seconds. Whether Socket Mode works is not asked where somebody listens through it.
    pub async fn run(&self, rooms: &[NativeId], listening: bool) -> Result<Preflight, OpenError> {
        within(self.all(rooms, listening)).await
    }

    async fn all(&self, rooms: &[NativeId], listening: bool) -> Result<Preflight, OpenError> {
        let account = self.account().await?;
        if !listening {
            self.socket_mode().await?;
        }
        let rights = account.permissions.rights;
        let emoji = if rights.reads_emoji { self.emoji().await } else { None };
        // What was known before is better than nothing.
        let emoji = emoji.or_else(|| self.memory.get().map(|known| known.emoji)).unwrap_or_default();
        self.memory.set(Known { own: account.own.clone(), url: account.url.clone(), rights, emoji });
        let asked = Rooms { web: self.web, directory: self.directory, account: &account };
        let reports = asked.these(rooms).await?;
        let Permissions { of_account, of_rooms, .. } = account.permissions;
        Ok(Preflight {
            identity: Identity { id: account.own.user.as_str().into(), name: account.bot },
            warnings: of_account.into_iter().chain(of_rooms).collect(),
            rooms: reports,
        })
    }

    /// Every channel that the account sees, within 20 seconds.
    pub async fn find(&self) -> Result<Listing, OpenError> {
        let all = async {
            let account = self.account().await?;
            Rooms { web: self.web, directory: self.directory, account: &account }.all().await
        };
        within(all).await
    }

    async fn account(&self) -> Result<Seen, OpenError> {
        let (answer, scopes) =
            self.web.auth_test(ONE_REQUEST).await.map_err(|error| error.into_open("bot_token"))?;
        let string = |key: &str| answer.get(key).and_then(Value::as_str).map(str::to_owned);
        let (Some(team), Some(user)) = (string("team_id"), string("user_id")) else {
            return Err(OpenError::Unavailable(
                "Slack's answer to auth.test names no team or no user".into(),
            ));
        };
        let team_name = string("team").unwrap_or_else(|| team.clone());
        Ok(Seen {
            bot: string("user").unwrap_or_else(|| user.clone()),
            url: string("url").unwrap_or_default(),
            permissions: Permissions::from_scopes(scopes.as_deref()).map_err(OpenError::Refused)?,
            own: Own { team, team_name, user, bot: string("bot_id") },
        })
    }

    /// Names of the workspace's own emoji (<https://docs.slack.dev/reference/methods/emoji.list/>), at most 20,000.
    async fn emoji(&self) -> Option<Arc<HashSet<String>>> {
        match self.web.get("emoji.list", &[], ONE_REQUEST).await {
            Ok(answer) => {
                let all = answer.get("emoji").and_then(Value::as_object)?;
                Some(Arc::new(all.keys().take(MOST_EMOJI).cloned().collect()))
            }
            Err(error) => {
                tracing::warn!(%error, "the workspace's own emoji cannot be listed");
                None
            }
        }
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
}

/// The answer, or `Unavailable` when it does not come.
async fn within<T>(answer: impl Future<Output = Result<T, OpenError>>) -> Result<T, OpenError> {
    tokio::time::timeout(DEADLINE, answer).await.map_err(|_| {
        OpenError::Unavailable(format!("Slack did not answer within {} s", DEADLINE.as_secs()))
    })?
}
