//! The rooms of the channel, who is in them, and Relay.

use crate::bench::Bench;
use crate::person::{Person, Seen};
use crate::server::{self, Server};
use crate::synapse::Synapse;
use crate::{NO_PENALTY, socket};
use serde_json::json;
use stand_ins::ports;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The rooms, by the names of their platforms; the second IRC server is `2nd irc`.
pub const PLACES: [&str; 4] = ["discord", "irc", "matrix", "2nd irc"];
/// The platforms.
pub const PLATFORMS: [&str; 3] = ["discord", "irc", "matrix"];
/// Relay's accounts, its own API among them.
pub const ACCOUNTS: usize = 5;
/// The channels on the two IRC servers.
pub const CHANNELS: [&str; 2] = ["#alpha", "#Beta"];

/// All of it. Whatever was started ends with it.
pub struct Town {
    /// Discord and Relay.
    pub bench: Bench,
    /// Both IRC servers.
    pub servers: [Server; 2],
    /// Operator of the channel on the first server; talks there.
    pub ada: socket::Person,
    /// Operator of the channel on the second.
    pub ivo: socket::Person,
    /// Made the room on Matrix, and talks there.
    pub mia: Person,
    /// Is in it, too.
    pub bo: Person,
    /// Relay's own account there.
    pub relay: Person,
    /// The room on Matrix.
    pub room: String,
    /// Where Relay's API is.
    pub api: String,
    /// Ends last, where nobody else uses it.
    _synapse: Option<Arc<Synapse>>,
}

impl Town {
    /// Everybody is there, and Relay does not run yet; none where a server is missing.
    pub async fn new() -> Option<Self> {
        if !server::is_there() {
            return None;
        }
        let synapse = Synapse::there().await?;
        let mut town = Self::with(&synapse).await;
        town._synapse = Some(synapse);
        Some(town)
    }

    /// The same with this homeserver.
    pub async fn with(synapse: &Synapse) -> Self {
        let (mia, bo, relay) =
            (synapse.person("Mia").await, synapse.person("Bo").await, synapse.person("Relay").await);
        let room = mia.room("The yard", &[&bo, &relay], json!({})).await;
        bo.joins(&room).await;
        // Whoever makes a room stands above all levels.
        mia.sets(&room, "m.room.power_levels", json!({ "users": { (relay.user.clone()): 50 } })).await;
        let servers = [Server::start("one", NO_PENALTY), Server::start("two", NO_PENALTY)];
        let ada = socket::Person::join(servers[0].port, "Ada", &[CHANNELS[0]]).await;
        let ivo = socket::Person::join(servers[1].port, "Ivo", &[CHANNELS[1]]).await;
        let bench = Bench::with_another_bot().await;
        let api = format!("127.0.0.1:{}", ports::free());
        let town = Self { bench, servers, ada, ivo, mia, bo, relay, room, api, _synapse: None };
        town.write_config(&synapse.url);
        town
    }

    /// The same, with Relay connected everywhere.
    pub async fn started() -> Option<Self> {
        let mut town = Self::new().await?;
        town.bench.start();
        town.bench.connected(ACCOUNTS).await;
        Some(town)
    }

    /// Mia begins to type in the room, for 20 seconds, or stops.
    pub async fn mia_types(&self, typing: bool) {
        let (room, user) = (crate::person::encoded(&self.room), crate::person::encoded(&self.mia.user));
        let told =
            if typing { json!({ "typing": true, "timeout": 20_000 }) } else { json!({ "typing": false }) };
        self.mia.put(&format!("rooms/{room}/typing/{user}"), told).await;
    }

    /// The first message on Matrix for which this holds, once there is one.
    pub async fn on_matrix(&self, what: &str, is_it: impl Fn(&Seen) -> bool) -> Seen {
        let began = Instant::now();
        loop {
            if let Some(seen) = self.mia.sees(&self.room).await.into_iter().find(|seen| is_it(seen)) {
                return seen;
            }
            assert!(began.elapsed() < socket::PATIENCE, "{what} is never on Matrix: {}", self.bench.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn write_config(&self, homeserver: &str) {
        let folder = self.bench.dir.path();
        std::fs::write(folder.join("matrix"), &self.relay.token).expect("a file in the temporary folder");
        std::fs::write(folder.join("discord"), &self.bench.platform("discord").bots[0].token)
            .expect("a file");
        let discord = &self.bench.stand_ins.discord;
        let media = ports::free();
        let rooms = [
            format!("discord:{}", self.bench.room("discord")),
            format!("one:{}", CHANNELS[0]),
            format!("two:{}", CHANNELS[1]),
            format!("mx:{}", self.room),
        ];
        let links = rooms.map(|room| format!("{{ room = \"{room}\", bots = true, notices = \"each\" }}"));
        let irc = |name: &str, server: &Server| {
            format!(
                "[accounts.{name}]\nplatform = \"irc\"\nserver = \"irc://127.0.0.1:{}\"\nnick = \"relay\"\nceilings = false\n",
                server.port
            )
        };
        let config = format!(
            "[relay]\ndata_dir = \"state\"\nflood = \"off\"\ntell_rooms = false\n[api]\nlisten = \"{}\"\n\
             [media]\nlisten = \"127.0.0.1:{media}\"\nurl = \"http://127.0.0.1:{media}\"\n\
             [accounts.discord]\nplatform = \"discord\"\ntoken = {{ file = \"discord\" }}\nceilings = false\n\
             api_url = \"{}\"\ngateway_url = \"{}\"\n{}{}\
             [accounts.mx]\nplatform = \"matrix\"\nhomeserver = \"{}\"\naccess_token = {{ file = \"matrix\" }}\n\
             [channels.lobby]\nlinks = [{}]\n",
            self.api,
            discord.api_url(),
            discord.gateway_url().expect("Discord has a gateway"),
            irc("one", &self.servers[0]),
            irc("two", &self.servers[1]),
            homeserver,
            links.join(", "),
        );
        std::fs::write(self.bench.config(), config).expect("a file in the temporary folder");
    }
}

/// The platform of a place.
pub fn platform_of(place: &str) -> &str {
    place.trim_start_matches("2nd ")
}
