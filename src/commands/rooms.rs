//! What each account sees, with what is needed to link it.

use super::Commands;
use crate::config::{AccountSection, Config};
use crate::engine::{AccountState, find};
use crate::platforms;
use futures::future::join_all;
use relay_contract::{Connector, Listed, Listing, OpenError, RoomKey, RoomReport, Visibility};
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
    /// Rights that the account has not, and what to do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
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
        let accounts = self.core.accounts.all();
        let asked = accounts.iter().map(|account| async {
            let listing = self.core.listing(account).await;
            let platform = account.connector.platform().to_string();
            let channels =
                |room: &RoomKey| self.core.joined(room).into_iter().map(|(name, _)| name).collect();
            let mut rooms = lines(account.name.0.clone(), platform, listing, &channels);
            if let AccountState::Parked { problem } = &*account.state.borrow() {
                rooms.problem.get_or_insert_with(|| problem.to_string());
            }
            rooms.warnings = account.warnings();
            rooms
        });
        join_all(asked).await
    }
}

/// The same without a running Relay: each account is asked directly. Telegram then tells of no room.
pub async fn of_config(config: &Config) -> Vec<AccountRooms> {
    join_all(config.accounts.iter().map(of_account)).await
}

async fn of_account(section: &AccountSection) -> AccountRooms {
    let account = section.settings.account.0.clone();
    let opened = platforms::named(section.platform).map(|platform| (platform.open)(section.settings.clone()));
    match opened {
        Some(Ok(connector)) => of_connector(account, &*connector, Vec::new()).await,
        Some(Err(problem)) => {
            lines(account, section.platform.to_owned(), Err(OpenError::Refused(problem)), &|_| Vec::new())
        }
        None => lines(account, section.platform.to_owned(), Ok(Listing::default()), &|_| Vec::new()),
    }
}

/// The same of an open connector; `heard` are rooms that were told of while it listened.
pub async fn of_connector(
    account: String,
    connector: &dyn Connector,
    heard: Vec<RoomReport>,
) -> AccountRooms {
    // What the whole account lacks is found out first: it explains why rooms are missing.
    let both = async { Ok((connector.preflight(&[]).await?.warnings, connector.find().await?)) };
    let late = |_| Err(OpenError::Unavailable("the platform does not answer".into()));
    let asked = tokio::time::timeout(PATIENCE, both).await.unwrap_or_else(late);
    let (warnings, mut listing) = match asked {
        Ok((warnings, listing)) => (warnings, Ok(listing)),
        Err(error) => (Vec::new(), Err(error)),
    };
    if let Ok(listing) = &mut listing {
        let known: Vec<RoomKey> = listing.rooms.iter().map(|listed| listed.report.key.clone()).collect();
        let new = heard.into_iter().filter(|report| !known.contains(&report.key));
        listing.rooms.extend(new.map(|report| Listed { report, problem: None }));
    }
    let mut rooms = lines(account, connector.platform().to_string(), listing, &|_| Vec::new());
    rooms.warnings = warnings.iter().map(ToString::to_string).collect();
    rooms
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
                    space: on_one_line(&report.space.name),
                    name: on_one_line(&report.name),
                    visibility: report.visibility,
                    members: report.members,
                    channels: channels(&report.key),
                    problem: room.problem.as_ref().map(ToString::to_string),
                    warnings: report.warnings.iter().map(ToString::to_string).collect(),
                }
            };
            let shown = rooms.iter().map(line).collect();
            AccountRooms { account, platform, problem: None, warnings: Vec::new(), complete, rooms: shown }
        }
        Err(error) => AccountRooms {
            account,
            platform,
            problem: Some(error.to_string()),
            warnings: Vec::new(),
            complete: false,
            rooms: Vec::new(),
        },
    }
}

/// A name ends no line of a table.
fn on_one_line(name: &str) -> String {
    name.replace(char::is_control, " ")
}

/// By name where the name is enough, else by id.
fn written(account: &str, room: &Listed, all: &[Listed]) -> String {
    let name = find::full_name(room);
    match find::named(&name, account, all, true) {
        // What cannot be typed is written by its id.
        Ok(id) if id == room.report.key.room && name == on_one_line(&name) => format!("{account}:{name}"),
        _ => format!("{account}:{}", room.report.key.room),
    }
}
