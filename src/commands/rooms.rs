//! What each account sees, with what is needed to link it.

use super::Commands;
use crate::config::{AccountSection, Config};
use crate::engine::find;
use crate::platforms;
use futures::future::join_all;
use relay_contract::{Listed, Listing, OpenError, RoomKey, Visibility};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Longest wait for one account.
const PATIENCE: Duration = Duration::from_secs(45);

/// One account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccountRooms {
    /// Its name.
    pub account: String,
    /// Its platform.
    pub platform: String,
    /// Why it could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Whether these are all, or only those in which something has happened.
    pub complete: bool,
    /// What it sees.
    pub rooms: Vec<RoomLine>,
}

/// One room.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RoomLine {
    /// What to write into `links`.
    pub link: String,
    /// Its id.
    pub id: String,
    /// Its space's name.
    pub space: String,
    /// Its name.
    pub name: String,
    /// Who can read it.
    pub visibility: Visibility,
    /// How many people are in it, where the platform tells.
    pub members: Option<u64>,
    /// The channels that it is joined to.
    #[serde(default)]
    pub channels: Vec<String>,
    /// Why it cannot be linked as it is, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Rights that are missing, and what to do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl Commands {
    /// What each account of the running Relay sees.
    pub async fn rooms(&self) -> Vec<AccountRooms> {
        let asked = self.core.accounts.values().map(|account| async {
            let listing = self.core.listing(account).await;
            let platform = account.connector.platform().to_string();
            let channels =
                |room: &RoomKey| self.core.joined(room).into_iter().map(|(name, _)| name).collect();
            lines(account.name.0.clone(), platform, listing, &channels)
        });
        join_all(asked).await
    }
}

/// The same without a running Relay: each account is asked directly. Telegram then tells of no room.
pub async fn of_config(config: &Config) -> Vec<AccountRooms> {
    join_all(config.accounts.iter().map(of_account)).await
}

async fn of_account(section: &AccountSection) -> AccountRooms {
    let listing =
        match platforms::named(section.platform).map(|platform| (platform.open)(section.settings.clone())) {
            Some(Ok(connector)) => tokio::time::timeout(PATIENCE, connector.find())
                .await
                .unwrap_or_else(|_| Err(OpenError::Unavailable("the platform does not answer".into()))),
            Some(Err(problem)) => Err(OpenError::Refused(problem)),
            None => Ok(Listing::default()),
        };
    lines(section.settings.account.0.clone(), section.platform.to_owned(), listing, &|_| Vec::new())
}

fn lines(
    account: String,
    platform: String,
    listing: Result<Listing, OpenError>,
    channels: &dyn Fn(&RoomKey) -> Vec<String>,
) -> AccountRooms {
    match listing {
        Ok(Listing { rooms, complete }) => {
            let line = |room: &Listed| {
                let report = &room.report;
                RoomLine {
                    link: written(&account, room, &rooms),
                    id: report.key.room.to_string(),
                    space: report.space.name.clone(),
                    name: report.name.clone(),
                    visibility: report.visibility,
                    members: report.members,
                    channels: channels(&report.key),
                    problem: room.problem.as_ref().map(ToString::to_string),
                    warnings: report.warnings.iter().map(ToString::to_string).collect(),
                }
            };
            let shown = rooms.iter().map(line).collect();
            AccountRooms { account, platform, problem: None, complete, rooms: shown }
        }
        Err(error) => AccountRooms {
            account,
            platform,
            problem: Some(error.to_string()),
            complete: false,
            rooms: Vec::new(),
        },
    }
}

/// By name where the name is enough, else by id.
fn written(account: &str, room: &Listed, all: &[Listed]) -> String {
    let name = find::full_name(room);
    match find::named(&name, account, all, true) {
        Ok(id) if id == room.report.key.room => format!("{account}:{name}"),
        _ => format!("{account}:{}", room.report.key.room),
    }
}
