//! The config, read anew while Relay runs: one task owns what is in force, and does one thing after another. It reads when a file changes
//! (`files`), at SIGHUP and when a command asks. All that can fail is done before anything is changed.

mod files;
mod outcome;

pub use outcome::{Found, Outcome};

use crate::commands::Commands;
use crate::config::plan::{Does, Plan, accounts};
use crate::config::{AccountSection, Config, Mistakes, Reload, joined};
use crate::doctor::Doctor;
use crate::engine::{Change, ConfigState, Core, Heir, Refusal};
use crate::observe::Count;
use crate::service;
use files::Files;
use relay_contract::Timestamp;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// So many wait for their turn; more are told to come again.
const WAITING: usize = 16;
/// Longest wait for the files: one may lie on a disk that does not answer.
const READING: Duration = Duration::from_secs(20);
/// Longest wait for the answer: accounts that end take their time.
const PATIENCE: Duration = Duration::from_secs(55);
const BUSY: &str = "too many wait for the config to be read anew; try again in a moment";

/// What is asked for.
enum Ask {
    Reload(By),
    Plan(Option<PathBuf>, oneshot::Sender<Outcome>),
}

/// Who wants it.
enum By {
    /// A command, which waits for the answer.
    Command(oneshot::Sender<Outcome>),
    /// A signal: the log tells what came of it, whatever it is.
    Signal,
    /// The file has changed.
    File,
}

/// Asks for it. Cheap to clone.
#[derive(Clone)]
pub struct Reloads {
    asks: mpsc::Sender<Ask>,
    busy: watch::Receiver<bool>,
}

impl Reloads {
    /// Has the config read anew; resolves when what came of it is in force.
    pub async fn reload(&self) -> Outcome {
        let (answer, outcome) = oneshot::channel();
        self.ask(Ask::Reload(By::Command(answer)), outcome).await
    }

    /// The same, and nobody waits for it. One that is due already is enough.
    pub fn reload_soon(&self) {
        let _ = self.asks.try_send(Ask::Reload(By::Signal));
    }

    /// What a reload would do, with this file instead of the one that is read.
    pub async fn plan(&self, config: Option<PathBuf>) -> Outcome {
        let (answer, outcome) = oneshot::channel();
        self.ask(Ask::Plan(config, answer), outcome).await
    }

    /// Whether the config is being read anew, as it changes.
    pub fn busy(&self) -> watch::Receiver<bool> {
        self.busy.clone()
    }

    async fn ask(&self, ask: Ask, outcome: oneshot::Receiver<Outcome>) -> Outcome {
        if self.asks.try_send(ask).is_err() {
            return Outcome::Failed(BUSY.into());
        }
        match tokio::time::timeout(PATIENCE, outcome).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Outcome::Failed("Relay stops".into()),
            Err(_) => {
                Outcome::Failed("it takes longer than usual; `relay status` tells when it was done".into())
            }
        }
    }
}

/// Owns what is in force.
pub struct Reloader {
    asks: mpsc::Receiver<Ask>,
    busy: watch::Sender<bool>,
    running: Config,
    files: Files,
    core: Arc<Core>,
    commands: Arc<Commands>,
    doctor: Doctor,
}

/// With what a Relay was started with. Looks at the files.
pub fn new(running: Config, core: Arc<Core>, commands: Arc<Commands>, doctor: Doctor) -> (Reloads, Reloader) {
    let (asks, receiver) = mpsc::channel(WAITING);
    let (busy, is_busy) = watch::channel(false);
    let files = Files::new(running.path.clone(), joined::folder(&running.relay.data_dir));
    core.config.send_replace(ConfigState {
        file: running.path.display().to_string(),
        loaded: Timestamp::now().0,
        refused: None,
    });
    let reloader = Reloader { asks: receiver, busy, running, files, core, commands, doctor };
    (Reloads { asks, busy: is_busy }, reloader)
}

impl Reloader {
    /// Works until the task is ended.
    pub async fn run(mut self) {
        loop {
            let follows = self.running.relay.reload == Reload::OnChange;
            let ask = tokio::select! {
                ask = self.asks.recv() => ask,
                () = self.files.changed(), if follows => {
                    tracing::debug!("the config file has changed");
                    Some(Ask::Reload(By::File))
                }
            };
            match ask {
                Some(Ask::Reload(by)) => {
                    let outcome = self.reload(matches!(by, By::Signal)).await;
                    if let By::Command(answer) = by {
                        // Whoever asked may have gone.
                        let _ = answer.send(outcome);
                    }
                }
                Some(Ask::Plan(config, answer)) => {
                    let _ = answer.send(self.plan(config).await);
                }
                None => return,
            }
        }
    }

    async fn plan(&mut self, config: Option<PathBuf>) -> Outcome {
        let path = config.unwrap_or_else(|| self.running.path.clone());
        let loaded = in_time(move || load(&path)).await;
        self.running = self.in_force();
        match loaded {
            Ok(config) => Outcome::of(Plan::between(&self.running, &config)),
            Err(outcome) => outcome,
        }
    }

    async fn reload(&mut self, is_told: bool) -> Outcome {
        self.busy.send_replace(true);
        let outcome = self.take().await;
        self.note(&outcome, is_told);
        self.busy.send_replace(false);
        outcome
    }

    /// Reads, checks, and puts into force what has changed, wholly or not at all.
    async fn take(&mut self) -> Outcome {
        self.files.look().await;
        let held = self.commands.hold_changes().await;
        let before = self.in_force();
        let path = before.path.clone();
        let (config, mut plan, change) = match in_time(move || read(&path, &before)).await {
            Ok(read) => read,
            Err(outcome) => return outcome,
        };
        if !plan.restart.is_empty() {
            return Outcome::Restart(plan);
        }
        for warning in config.warnings.iter().filter(|warning| !self.running.warnings.contains(warning)) {
            tracing::warn!("{warning}");
        }
        if plan.steps.is_empty() {
            self.commands.set_joined(config.channels.iter().map(|channel| channel.joined.clone()));
            self.running = config;
            return Outcome::Nothing;
        }
        let Some(ending) = self.core.reload(change).await else {
            return Outcome::Failed("Relay stops".into());
        };
        self.commands.set_joined(config.channels.iter().map(|channel| channel.joined.clone()));
        self.doctor.set_config(&config);
        self.running = config;
        drop(held);
        for step in &plan.steps {
            tracing::info!("{step}");
        }
        plan.waited = ending.waited;
        if ending.waited > 0 {
            tracing::warn!(
                deliveries = ending.waited,
                "what waited for rooms that no link leads to any more is given up"
            );
        }
        for room in ending.left.iter().filter(|room| self.core.joined(room).is_empty()) {
            self.commands.forget_moderation(room).await;
        }
        self.core.finish_reload(ending).await;
        Outcome::Done(plan)
    }

    /// What is in force, with what was changed from the chat since.
    fn in_force(&self) -> Config {
        let (mut config, mut joined) = (self.running.clone(), self.commands.joined());
        for channel in &mut config.channels {
            channel.joined = joined.remove(&channel.name).unwrap_or_default();
        }
        config
    }

    /// Says what came of it: in the log, the status, the counters. In the log nothing twice, unless somebody looks for it there.
    fn note(&self, outcome: &Outcome, is_told: bool) {
        let now = Timestamp::now().0;
        let before = self.core.config.borrow().refused.clone();
        match outcome {
            Outcome::Done(plan) => {
                self.core.counters.add(Count::Reloaded);
                tracing::info!(steps = plan.steps.len(), "the config was read anew, and is in force");
            }
            Outcome::Nothing if is_told || before.is_some() => {
                tracing::info!("the config was read anew: it says what is in force");
            }
            Outcome::Nothing => {}
            other => {
                let why = other.why();
                if is_told || before.is_none_or(|refused| refused.why != why) {
                    tracing::error!(why, "the config was read anew and is not taken: all goes on as before");
                }
                self.core.counters.add(Count::ReloadRefused);
                let restart = matches!(other, Outcome::Restart(_));
                self.core.config.send_modify(|state| state.refused = Some(Refusal { at: now, why, restart }));
                return;
            }
        }
        self.core.config.send_modify(|state| (state.loaded, state.refused) = (now, None));
    }
}

/// Reads off the runtime's workers, and not for ever: nothing else can be asked for meanwhile.
async fn in_time<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, Outcome> + Send + 'static,
) -> Result<T, Outcome> {
    match tokio::time::timeout(READING, tokio::task::spawn_blocking(read)).await {
        Ok(Ok(read)) => read,
        Ok(Err(error)) => Err(Outcome::Failed(error.to_string())),
        Err(_) => Err(Outcome::Failed("the config, or the file of a secret, cannot be read in time".into())),
    }
}

fn load(path: &Path) -> Result<Config, Outcome> {
    Config::load(path).map_err(|mistakes: Mistakes| Outcome::Mistakes(Found::from(&mistakes)))
}

/// Everything that can fail.
fn read(path: &Path, before: &Config) -> Result<(Config, Plan, Change), Outcome> {
    let config = load(path)?;
    let plan = Plan::between(before, &config);
    let (mut gone, mut opened, mut heirs) = (Vec::new(), Vec::new(), Vec::new());
    if plan.restart.is_empty() {
        for (name, (does, _)) in accounts(before, &config) {
            match config.account(&name) {
                Some(section) if does != Does::Stop => {
                    let account =
                        service::account(section).map_err(|error| Outcome::Failed(error.to_string()))?;
                    opened.extend(account);
                    heirs.extend(before.accounts.iter().filter_map(|other| heir(section, other)));
                }
                _ => gone.push(name),
            }
        }
    }
    let change = Change {
        gone,
        opened,
        heirs,
        channels: service::channels(&config),
        catch_up: config.relay.catch_up,
        flood: config.relay.flood,
        keeping: service::keeping(&config),
        language: config.relay.language,
    };
    Ok((config, plan, change))
}

/// An account that reaches, under its own name, what another one has reached: rooms have the same ids for all accounts of a server.
fn heir(section: &AccountSection, of: &AccountSection) -> Option<Heir> {
    let (account, other) = (&section.settings.account, &of.settings.account);
    let same_server = section.platform == of.platform && section.settings.urls == of.settings.urls;
    let same_bot = section.has_secrets_of(of) && section.settings.texts == of.settings.texts;
    (account != other && same_server).then(|| Heir { account: account.clone(), of: other.clone(), same_bot })
}
