//! A bench with two rooms on a homeserver, the yard and the barn, in one channel with the Discord stand-in's room.

use crate::bench::Bench;
use crate::person::{Person, Seen};
use crate::synapse::{Service, Synapse};
use serde_json::json;
use std::sync::Arc;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(40);

/// All of it. Whatever was started ends with it.
pub struct Yard {
    /// The stand-ins and Relay.
    pub bench: Bench,
    /// Who talks in the yard.
    pub ada: Person,
    /// Who talks in the barn.
    pub bo: Person,
    /// Relay's own account.
    pub relay: Person,
    /// Ada's room.
    pub yard: String,
    /// Bo's room.
    pub barn: String,
    /// Its registration, where Relay is an application service.
    pub service: Option<Service>,
    /// Ends last.
    pub synapse: Arc<Synapse>,
}

impl Yard {
    /// Relay has been invited and does not run yet; none where there is no homeserver.
    pub async fn new() -> Option<Self> {
        let synapse = Synapse::there().await?;
        let relay = synapse.person("Relay").await;
        Some(Self::of(synapse, relay, None).await)
    }

    /// The same with an application service.
    pub async fn with_ghosts() -> Option<Self> {
        let synapse = Synapse::there().await?;
        let service = synapse.service();
        let relay = Person::new(&synapse.url, service.bot.clone(), service.token.clone());
        Some(Self::of(synapse, relay, Some(service)).await)
    }

    async fn of(synapse: Arc<Synapse>, relay: Person, service: Option<Service>) -> Self {
        let (ada, bo) = (synapse.person("Ada").await, synapse.person("Bo").await);
        let yard = ada.room("The yard", &[&relay], json!({})).await;
        let barn = bo.room("The barn", &[&relay], json!({})).await;
        for (person, room) in [(&ada, &yard), (&bo, &barn)] {
            // Whoever makes a room stands above all levels.
            let levels = json!({ "users": { (relay.user.clone()): 50 } });
            person.sets(room, "m.room.power_levels", levels).await;
        }
        let bench = Bench::new().await;
        let made = Self { bench, ada, bo, relay, yard, barn, service, synapse };
        made.write_config(&[&made.yard, &made.barn], true);
        made
    }

    /// The same, with Relay connected.
    pub async fn started() -> Option<Self> {
        let mut made = Self::new().await?;
        made.bench.start();
        made.bench.connected(2).await;
        Some(made)
    }

    /// A config with these rooms, and perhaps Discord's.
    pub fn write_config(&self, rooms: &[&String], with_discord: bool) {
        let folder = self.bench.dir.path();
        std::fs::write(folder.join("matrix"), &self.relay.token).expect("a file in the temporary folder");
        let credential = match &self.service {
            Some(service) => format!("registration = {{ file = \"{}\" }}", service.file.display()),
            None => "access_token = { file = \"matrix\" }".to_owned(),
        };
        std::fs::write(folder.join("discord"), &self.bench.platform("discord").bots[0].token)
            .expect("a file");
        let discord = &self.bench.stand_ins.discord;
        let mut links: Vec<String> = rooms.iter().map(|room| format!("\"mx:{room}\"")).collect();
        if with_discord {
            links.push(format!("\"discord:{}\"", self.bench.room("discord")));
        }
        let config = format!(
            "[relay]\ndata_dir = \"state\"\nflood = \"off\"\ntell_rooms = false\n\
             [accounts.mx]\nplatform = \"matrix\"\nhomeserver = \"{}\"\n{credential}\n\
             [accounts.discord]\nplatform = \"discord\"\ntoken = {{ file = \"discord\" }}\nceilings = false\n\
             api_url = \"{}\"\ngateway_url = \"{}\"\n\
             [channels.lobby]\nlinks = [{}]\n",
            self.synapse.url,
            discord.api_url(),
            discord.gateway_url().expect("Discord has a gateway"),
            links.join(", "),
        );
        std::fs::write(self.bench.config(), config).expect("a file in the temporary folder");
    }

    /// The one message in a room for which this holds, once there is one.
    pub async fn arrives(&self, room: &str, what: &str, is_it: impl Fn(&Seen) -> bool) -> Seen {
        let began = Instant::now();
        loop {
            let there = if room == self.yard { &self.ada } else { &self.bo };
            let mut found: Vec<Seen> =
                there.sees(room).await.into_iter().filter(|seen| is_it(seen)).collect();
            match found.len() {
                0 => assert!(began.elapsed() < PATIENCE, "never: {what}: {}", self.bench.log()),
                1 => return found.remove(0),
                _ => panic!("{what}, more than once: {found:?}"),
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Relay's one message with a word.
    pub async fn copy(&self, room: &str, word: &str) -> Seen {
        self.arrives(room, word, |seen| self.is_own(&seen.sender) && seen.body().contains(word)).await
    }

    /// Whether Relay speaks by an account.
    pub fn is_own(&self, user: &str) -> bool {
        let ghost = self.service.as_ref().is_some_and(|service| user.starts_with(&service.ghosts));
        user == self.relay.user || ghost
    }

    /// Waits until no message of Relay's bears a word.
    pub async fn goes(&self, room: &str, word: &str) {
        let began = Instant::now();
        let there = if room == self.yard { &self.ada } else { &self.bo };
        while there
            .sees(room)
            .await
            .iter()
            .any(|seen| self.is_own(&seen.sender) && seen.body().contains(word))
        {
            assert!(began.elapsed() < PATIENCE, "{word} does not go");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Waits until a message of Relay's is so.
    pub async fn becomes(&self, room: &str, id: &str, what: &str, is_so: impl Fn(&Seen) -> bool) -> Seen {
        self.arrives(room, what, |seen| seen.id == id && is_so(seen)).await
    }
}
