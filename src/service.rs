//! A whole Relay from a checked config: engine, control socket, health page. What `relay run` and `relay demo` share.

use crate::alerts::{Alerts, Ways};
use crate::api::{self, Api};
use crate::commands::Commands;
use crate::commands::keys::unused_master;
use crate::config::{
    AccountSection, ApiSection, ChannelSection, Config, LinkSection, RelaySection, RoomText,
};
use crate::doctor::Doctor;
use crate::engine::{
    AccountPlan, Channel, Channels, Engine, Keeping, Plan, PlannedLink, PlannedRoom, Pulse, Stores,
};
use crate::media::{self, Habits, Media, MediaError};
use crate::policy::Unsure;
use crate::reload::{self, Reloads};
use crate::routing::{Direction, LinkSettings};
use crate::store::{Master, StoreError};
use crate::{control, platforms};
use relay_contract::{Account, Connector, Problem};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// Why Relay did not start, or did not go on.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The state directory.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Where files are kept.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// An account's settings cannot work. The config's check has asked the same connector, so this is not expected.
    #[error("account {account}: {problem}")]
    Account {
        /// Which.
        account: Account,
        /// Why.
        problem: Problem,
    },
    /// The ways by which admins are told.
    #[error("{0}")]
    Alerts(String),
    /// An address or the socket cannot be listened on.
    #[error("cannot listen on {place}: {why}")]
    Listen {
        /// Where.
        place: String,
        /// Why.
        why: String,
    },
    /// The ledger failed while running.
    #[error(
        "the ledger cannot be written any more (see the log); stopped, so that nothing is promised that cannot be kept"
    )]
    LedgerFailed,
}

impl ServiceError {
    /// It did not start because the disk has no room: it may, later.
    pub fn is_disk_full(&self) -> bool {
        use std::io::ErrorKind::{QuotaExceeded, StorageFull};
        match self {
            Self::Store(StoreError::Full(_)) => true,
            Self::Media(MediaError::Io(error)) => matches!(error.kind(), StorageFull | QuotaExceeded),
            _ => false,
        }
    }
}

/// A running Relay.
pub struct Service {
    engine: Engine,
    media: Media,
    servers: JoinSet<()>,
    reloads: Reloads,
}

impl Service {
    /// Opens the state, starts the engine and its servers. Nothing runs if anything fails.
    pub async fn start(config: Config) -> Result<Self, ServiceError> {
        let mut plan = plan(&config)?;
        let own = config.api.as_ref().map(|section| (section.clone(), open_api(&mut plan)));
        let webhooks = config.api.as_ref().map(|section| open_webhooks(section, &mut plan)).transpose()?;
        let ways = Ways::open(&config).map_err(ServiceError::Alerts)?;
        let data_dir = &config.relay.data_dir;
        let stores = match &config.master_key {
            Some(key) => Stores::open_with(data_dir, Master::given(key)?)?,
            None => Stores::open(data_dir)?,
        };
        let habits =
            Habits { least_free: config.relay.least_free, ..Habits::usual().map_err(MediaError::from)? };
        let media = Media::open_with(&config.media, data_dir, habits)?;
        let mut servers = JoinSet::new();
        let control =
            control::bind(data_dir).map_err(|e| cannot_listen(control::path(data_dir).display(), &e))?;
        let listener = listen(config.relay.listen).await?;
        let files = listen(config.media.listen).await?;
        let own_listener = listen(config.api.as_ref().map(|section| section.listen)).await?;
        let compatible = config.api.as_ref().and_then(|section| section.matterbridge.clone());
        let compatible_listener = listen(compatible.as_ref().map(|section| section.listen)).await?;
        let (engine, calls) = Engine::start(stores, media.clone(), plan)?;
        if let Some(unused) = engine.core().ledger.keys().ok().and_then(|keys| keys.unused) {
            tracing::warn!("{}", unused_master(&unused));
        }
        if let Some(webhooks) = webhooks {
            webhooks.reads(&engine.core());
        }
        let joined = config.channels.iter().map(|channel| channel.joined.clone());
        let commands = Arc::new(Commands::new(engine.core(), data_dir.clone(), joined));
        servers.spawn(commands.clone().serve(calls));
        let doctor = Doctor::new(engine.core(), &config);
        let (reloads, reloader) =
            reload::new(config.clone(), engine.core(), commands.clone(), doctor.clone());
        servers.spawn(reloader.run());
        let alerts = config.alerts.clone();
        let alerts = alerts.map(|section| Arc::new(Alerts::new(engine.core(), &config, section, ways)));
        servers.spawn(control::serve(
            control,
            commands,
            media.clone(),
            doctor,
            reloads.clone(),
            alerts.clone(),
        ));
        if let Some(alerts) = alerts {
            servers.spawn(alerts.run());
        }
        if let Some(listener) = listener {
            if let Ok(address) = listener.local_addr() {
                tracing::info!("health page: http://{address}/healthz");
            }
            servers.spawn(api::serve_health(listener, engine.core()));
        }
        if let Some(files) = files {
            if let Ok(address) = files.local_addr() {
                tracing::info!("files are served on {address}");
            }
            servers.spawn(media::serve(files, media.clone()));
        }
        if let (Some(listener), Some((section, entrance))) = (own_listener, own) {
            if let Ok(address) = listener.local_addr() {
                tracing::info!("API: http://{address}/api/v1");
            }
            let api = Arc::new(Api::new(engine.core(), entrance, &section, data_dir));
            servers.spawn(api::serve(listener, api.clone()));
            if let Some(listener) = compatible_listener {
                let token = compatible.and_then(|section| section.token);
                servers.spawn(api::serve_compatible(listener, api, token));
            }
        }
        servers.spawn(media.clone().tend());
        Ok(Self { engine, media, servers, reloads })
    }

    /// The engine's shared state, which the demo's page shows.
    #[cfg(feature = "demo")]
    pub fn core(&self) -> std::sync::Arc<crate::engine::Core> {
        self.engine.core()
    }

    /// Asks whether the engine still works, and how far it is.
    pub fn pulse(&self) -> Pulse {
        self.engine.pulse()
    }

    /// Has the config read anew.
    pub fn reloads(&self) -> Reloads {
        self.reloads.clone()
    }

    /// Resolves when the ledger has failed.
    pub async fn failure(&self) {
        self.engine.failure().await;
    }

    /// Stops gracefully. The servers answer until the end.
    pub async fn stop(mut self) {
        self.engine.stop().await;
        self.media.close();
        self.servers.shutdown().await;
    }
}

async fn listen(address: Option<SocketAddr>) -> Result<Option<TcpListener>, ServiceError> {
    let Some(address) = address else { return Ok(None) };
    let bound = TcpListener::bind(address).await;
    Ok(Some(bound.map_err(|e| cannot_listen(address, &e))?))
}

fn cannot_listen(place: impl std::fmt::Display, why: &std::io::Error) -> ServiceError {
    ServiceError::Listen { place: place.to_string(), why: why.to_string() }
}

fn plan(config: &Config) -> Result<Plan, ServiceError> {
    let accounts = config.accounts.iter().map(account).collect::<Result<Vec<_>, _>>()?;
    Ok(Plan {
        accounts: accounts.into_iter().flatten().collect(),
        channels: channels(config),
        catch_up: config.relay.catch_up,
        flood: config.relay.flood,
        keeping: keeping(config),
        language: config.relay.language,
        admins: config.alerts.as_ref().and_then(|alerts| alerts.room.as_ref()).map(room),
    })
}

/// An account, opened; it asks nobody.
pub(crate) fn account(section: &AccountSection) -> Result<Option<AccountPlan>, ServiceError> {
    let account = section.settings.account.clone();
    // The check has found the platform already.
    let Some(platform) = platforms::named(section.platform) else { return Ok(None) };
    let connector = (platform.open)(section.settings.clone())
        .map_err(|problem| ServiceError::Account { account: account.clone(), problem })?;
    Ok(Some(AccountPlan {
        name: account,
        connector,
        ceilings: section.ceilings,
        pace: section.pace,
        server: section.settings.urls.get("api_url").cloned(),
        deaf_after: section.deaf_after,
        unsure: section.unsure,
    }))
}

/// All channels, with what programs have of them.
pub(crate) fn channels(config: &Config) -> Channels {
    let all = config.channels.iter().map(|section| (section.name.clone(), channel(section, &config.relay)));
    let mut channels = all.collect();
    if let Some(section) = &config.api {
        join_api(section, &mut channels);
        join_webhooks(section, &mut channels);
    }
    channels
}

/// How much is kept.
pub(crate) fn keeping(config: &Config) -> Keeping {
    Keeping {
        days: config.relay.keep_days,
        audit_days: config.relay.audit_days,
        least_free: config.relay.least_free,
    }
}

/// The API is an account, with a room in each channel that it has.
fn open_api(plan: &mut Plan) -> api::Entrance {
    let (connector, entrance) = api::connector();
    plan.accounts.push(own_account(Account(api::ACCOUNT.to_owned()), connector));
    entrance
}

fn join_api(section: &ApiSection, channels: &mut Channels) {
    let name = Account(api::ACCOUNT.to_owned());
    for (channel, planned) in channels.iter_mut().filter(|(channel, _)| section.has(channel)) {
        planned.links.push(PlannedLink {
            at: PlannedRoom { account: name.clone(), room: channel.as_str().into(), by_name: false },
            direction: Direction::Both,
            settings: LinkSettings::default(),
            joined: false,
            own_name: None,
        });
    }
}

/// Outgoing webhooks are an account, with a room each.
fn open_webhooks(section: &ApiSection, plan: &mut Plan) -> Result<Arc<api::Outgoing>, ServiceError> {
    let name = Account(api::WEBHOOKS.to_owned());
    let connector = api::Outgoing::open(&section.outgoing)
        .map_err(|problem| ServiceError::Account { account: name.clone(), problem })?;
    if !section.outgoing.is_empty() {
        plan.accounts.push(own_account(name, connector.clone()));
    }
    Ok(connector)
}

fn join_webhooks(section: &ApiSection, channels: &mut Channels) {
    let name = Account(api::WEBHOOKS.to_owned());
    for webhook in &section.outgoing {
        if let Some(planned) = channels.get_mut(&webhook.channel) {
            planned.links.push(PlannedLink {
                at: PlannedRoom { account: name.clone(), room: webhook.name.as_str().into(), by_name: false },
                direction: Direction::Out,
                settings: LinkSettings::default(),
                joined: false,
                own_name: None,
            });
        }
    }
}

/// One that is in this process: nobody limits it, and it cannot go deaf.
fn own_account(name: Account, connector: Arc<dyn Connector>) -> AccountPlan {
    AccountPlan {
        name,
        connector,
        ceilings: false,
        pace: 1,
        server: None,
        deaf_after: Duration::MAX,
        unsure: Unsure::Repeat,
    }
}

fn channel(section: &ChannelSection, relay: &RelaySection) -> Channel {
    let planned = |link: &LinkSection, joined| PlannedLink {
        at: room(&link.at),
        direction: link.direction,
        settings: link.settings.clone(),
        joined,
        own_name: section.own_name(&link.at).map(str::to_owned),
    };
    let disconnected = section.links.iter().filter(|link| section.is_disconnected(link));
    Channel {
        connect: section.connect,
        owners: section.owners.iter().map(room).collect(),
        links: section.links_in_force().iter().map(|(link, joined)| planned(link, *joined)).collect(),
        disconnected: disconnected.map(|link| planned(link, false)).collect(),
        expire: section.expire,
        unsaid: section.unsaid,
        level: relay.privacy.tighter(section.privacy),
        language: section.language,
        named_since: None,
        tells: relay.tell_rooms,
    }
}

fn room(written: &RoomText) -> PlannedRoom {
    PlannedRoom { account: written.account.clone(), room: written.room.clone(), by_name: written.by_name }
}
