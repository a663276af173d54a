//! `relay doctor`: what is not as it should be, each with what to do about it. The running engine is looked at from inside; where none
//! runs, the config file and the platforms are asked. Nothing is changed.

mod clock;
mod left;
mod machine;
mod network;
mod ports;

pub use clock::Clock;
pub use machine::readable_keys;

use crate::commands::keys::unused_master;
use crate::config::{AccountSection, Config, Mistakes, joined};
use crate::engine::{Core, Finding, Grade, find, invited_with, of_preflight};
use crate::platforms;
use futures::future::join_all;
use network::Place;
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

/// The clocks that this machine's is compared with.
#[derive(Clone)]
pub struct Clocks(Vec<Clock>);

impl Clocks {
    /// Those of the platforms.
    pub fn of(config: &Config) -> Self {
        Self(clocks(config))
    }

    /// Reads each.
    pub async fn examine(&self) -> Vec<Finding> {
        clock::examine(&self.0).await
    }
}

/// Looks at a running Relay.
#[derive(Clone)]
pub struct Doctor {
    core: Arc<Core>,
    data_dir: PathBuf,
    of_config: Arc<Mutex<OfConfig>>,
}

/// What follows from the config that is in force.
#[derive(Clone)]
struct OfConfig {
    clocks: Vec<Clock>,
    places: Vec<Place>,
    /// What it warned of when it was read.
    warnings: Vec<Finding>,
}

impl OfConfig {
    fn new(config: &Config) -> Self {
        Self { clocks: clocks(config), places: network::places(config), warnings: warnings(config) }
    }
}

impl Doctor {
    /// With all that it needs to know.
    pub fn new(core: Arc<Core>, config: &Config) -> Self {
        let of_config = Arc::new(Mutex::new(OfConfig::new(config)));
        Self { core, data_dir: config.relay.data_dir.clone(), of_config }
    }

    /// Another config is in force.
    pub fn set_config(&self, config: &Config) {
        *self.of_config.lock().unwrap_or_else(PoisonError::into_inner) = OfConfig::new(config);
    }

    /// Looks at everything, within a minute.
    pub async fn examine(&self) -> Report {
        let data_dir = self.data_dir.clone();
        let OfConfig { clocks, places, warnings } =
            self.of_config.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (engine, machine, clocks) = tokio::join!(
            self.core.examine(),
            machine::examine(data_dir, self.core.disk.state().least_free),
            clock::examine(&clocks)
        );
        let engine = network::explain(&places, engine).await;
        let clocks = without_fine(clocks, &engine);
        let proxy = network::past_a_proxy(&places).into_iter().collect();
        let own = self.refused().into_iter().chain(self.unused_master()).collect();
        Report { running: true, findings: [own, warnings, machine, clocks, proxy, engine].concat() }
    }

    /// A master key that lies where it is not used.
    fn unused_master(&self) -> Option<Finding> {
        let unused = self.core.ledger.keys().ok()?.unused?;
        Some(said("keys", Grade::Look, &unused_master(&unused)))
    }

    /// What the config file says now, where that was not taken.
    fn refused(&self) -> Option<Finding> {
        let config = self.core.config.borrow();
        let why = config.refused.as_ref()?.why.trim_end_matches('.');
        let what = format!("what the file says now was not taken, and all goes on as before: {why}.");
        Some(Finding::broken("config", what, "relay plan shows all of it; once it is mended: relay reload"))
    }
}

/// What is found fine of a thing is not said where something else is found of it.
fn without_fine(found: Vec<Finding>, beside: &[Finding]) -> Vec<Finding> {
    let is_said = |about: &str| beside.iter().any(|other| other.about == about);
    found.into_iter().filter(|found| found.grade != Grade::Fine || !is_said(&found.about)).collect()
}

/// The same without a running Relay. What its ledger holds is not looked at: only one process may open it.
pub async fn of_config(config: &Config) -> Report {
    let (clocks, places) = (clocks(config), network::places(config));
    let accounts = async {
        let asked = config.accounts.iter().map(|section| of_account(config, section));
        network::explain(&places, join_all(asked).await.concat()).await
    };
    let (accounts, machine, left, clocks) = tokio::join!(
        accounts,
        machine::examine(config.relay.data_dir.clone(), config.relay.least_free),
        left::examine(config.relay.data_dir.clone(), config.master_key.clone()),
        clock::examine(&clocks)
    );
    let ports = if left.is_held { Vec::new() } else { ports::examine(config) };
    let proxy = network::past_a_proxy(&places).into_iter().collect();
    let findings =
        [warnings(config), disconnected(config), machine, left.findings, ports, clocks, proxy, accounts];
    Report { running: false, findings: findings.concat() }
}

/// What is told of a config file that cannot be used: then nothing else was looked at.
pub fn of_mistakes(found: &Mistakes) -> Report {
    let finding = |mistake: &crate::config::Mistake| {
        let place = match found.text.is_empty() {
            true => "config".to_owned(),
            false => format!("config line {}", mistake.line),
        };
        let what = format!("{}: {}.", found.path.display(), mistake.what.trim_end_matches('.'));
        Finding::broken(place, what, mistake.help.clone())
    };
    Report { running: false, findings: found.mistakes.iter().map(finding).collect() }
}

/// What the config warns of. Rooms that were disconnected are told as rooms.
fn warnings(config: &Config) -> Vec<Finding> {
    let channels = config.channels.iter();
    let gone: Vec<String> = channels
        .flat_map(|channel| {
            channel.joined.disconnected.iter().map(|entry| joined::disconnected(&channel.name, entry))
        })
        .collect();
    let warnings = config.warnings.iter().filter(|warning| !gone.contains(warning));
    warnings.map(|warning| said("config", Grade::Look, warning)).collect()
}

fn disconnected(config: &Config) -> Vec<Finding> {
    let of = |channel: &crate::config::ChannelSection| {
        let gone = channel.links.iter().filter(|link| channel.is_disconnected(link));
        let told = gone.map(|link| Finding::disconnected(&link.at.account.0, &link.at.room, &channel.name));
        told.collect::<Vec<_>>()
    };
    config.channels.iter().flat_map(of).collect()
}

/// A finding of words whose first sentence says what is, and the rest what to do.
fn said(about: &str, grade: Grade, words: &str) -> Finding {
    let (what, fix) = words.split_once(". ").unwrap_or((words, "Look at the config file, and at the log."));
    Finding { grade, ..Finding::look(about, format!("{}.", what.trim_end_matches('.')), fix) }
}

fn clocks(config: &Config) -> Vec<Clock> {
    let of = |section: &AccountSection| {
        let urls = &section.settings.urls;
        let own = urls.get("api_url").or_else(|| urls.get("homeserver")).map(ToString::to_string);
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
    all.extend(invited_with(name, &*connector));
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
