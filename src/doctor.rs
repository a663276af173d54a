//! `relay doctor`: what is not as it should be, each with what to do about it. The running engine is looked at from inside; where none
//! runs, the config file and the platforms are asked. Nothing is changed.

mod clock;
mod machine;

pub use clock::Clock;

use crate::config::{AccountSection, Config};
use crate::engine::{Core, Finding, find, of_preflight};
use crate::platforms;
use futures::future::join_all;
use relay_contract::{Connector, NativeId, OpenError};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Longest wait for one account that does not run.
const PATIENCE: Duration = Duration::from_secs(45);

/// All that was looked at.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// Whether Relay runs: then its lanes and its ledger were looked at, too.
    pub running: bool,
    /// What was found, that which works included.
    pub findings: Vec<Finding>,
}

/// Looks at a running Relay.
#[derive(Clone)]
pub struct Doctor {
    core: Arc<Core>,
    data_dir: PathBuf,
    /// Those of the accounts that run.
    clocks: Arc<Mutex<Vec<Clock>>>,
}

impl Doctor {
    /// With all that it needs to know.
    pub fn new(core: Arc<Core>, config: &Config) -> Self {
        Self { core, data_dir: config.relay.data_dir.clone(), clocks: Arc::new(Mutex::new(clocks(config))) }
    }

    /// Another config is in force.
    pub fn set_config(&self, config: &Config) {
        *self.clocks.lock().unwrap_or_else(PoisonError::into_inner) = clocks(config);
    }

    /// Looks at everything, within a minute.
    pub async fn examine(&self) -> Report {
        let data_dir = self.data_dir.clone();
        let clocks = self.clocks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (engine, machine, clocks) = tokio::join!(
            self.core.examine(),
            machine::examine(data_dir, self.core.disk.state().least_free),
            clock::examine(&clocks)
        );
        Report { running: true, findings: [machine, clocks, engine].concat() }
    }
}

/// The same without a running Relay. What its ledger holds is not looked at: only one process may open it.
pub async fn of_config(config: &Config) -> Report {
    let clocks = clocks(config);
    let accounts = join_all(config.accounts.iter().map(|section| of_account(config, section)));
    let (accounts, machine, clocks) = tokio::join!(
        accounts,
        machine::examine(config.relay.data_dir.clone(), config.relay.least_free),
        clock::examine(&clocks)
    );
    let warnings = config.warnings.iter();
    let warnings: Vec<Finding> = warnings
        .map(|warning| Finding::look("config", warning.clone(), "Change it in the config file."))
        .collect();
    Report { running: false, findings: [warnings, machine, clocks, accounts.concat()].concat() }
}

fn clocks(config: &Config) -> Vec<Clock> {
    let of = |section: &AccountSection| {
        let own = section.settings.urls.get("api_url").map(ToString::to_string);
        let site =
            own.or_else(|| platforms::named(section.platform).map(|platform| platform.site.to_owned()))?;
        let site = Some(site).filter(|site| !site.is_empty())?;
        Some(Clock { account: section.settings.account.0.clone(), site })
    };
    config.accounts.iter().filter_map(of).collect()
}

async fn of_account(config: &Config, section: &AccountSection) -> Vec<Finding> {
    let name = &section.settings.account.0;
    let Some(Ok(connector)) =
        platforms::named(section.platform).map(|platform| (platform.open)(section.settings.clone()))
    else {
        return Vec::new();
    };
    let looked_up = tokio::time::timeout(PATIENCE, rooms(config, section, &*connector)).await;
    let (asked, mut found) = looked_up.unwrap_or_default();
    let ids: Vec<NativeId> = asked.iter().map(|(id, _)| id.clone()).collect();
    let began = Instant::now();
    let late = |_| Err(OpenError::Unavailable("no answer in time".into()));
    let told = tokio::time::timeout(PATIENCE, connector.preflight(&ids)).await.unwrap_or_else(late);
    let mut all = of_preflight(name, &asked, told, began.elapsed());
    all.append(&mut found);
    all
}

/// The linked rooms of an account by their ids, each with what is written for it; and those that were not found.
async fn rooms(
    config: &Config,
    section: &AccountSection,
    connector: &dyn Connector,
) -> (Vec<(NativeId, String)>, Vec<Finding>) {
    let name = &section.settings.account;
    let links = config.channels.iter().flat_map(|channel| channel.links_in_force());
    let (mut ids, mut names, mut found) = (Vec::new(), Vec::new(), Vec::new());
    for (link, _) in links {
        if link.at.account != *name {
        } else if link.at.by_name {
            names.push(link.at.room.clone());
        } else {
            ids.push((link.at.room.clone(), link.at.room.to_string()));
        }
    }
    if names.is_empty() {
        return (ids, found);
    }
    // Without the account's own id, a connector cannot tell which rooms it is in.
    let listed = match connector.preflight(&[]).await {
        Ok(_) => connector.find().await,
        Err(error) => Err(error),
    };
    // Why an account cannot be asked is told by its own finding.
    if let Ok(listing) = listed {
        for room in names {
            match find::named(room.as_str(), &name.0, &listing.rooms, listing.complete) {
                Ok(id) => ids.push((id, room.to_string())),
                Err(problem) => {
                    found.push(Finding::broken(format!("room {name}:{room}"), problem.what, problem.fix));
                }
            }
        }
    }
    (ids, found)
}
