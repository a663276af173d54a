//! The stand-ins, a config for them, and Relay started with it as a process of its own.

use crate::running::{self, PATIENCE, Running, Trouble, trouble};
use relay_contract::{Platform, RoomKey};
use stand_ins::StandIns;
use stand_ins::people::{Act, Change};
use stand_ins::world::{Room, World};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tokio::sync::broadcast::Receiver;

/// Stand-ins and a folder.
pub struct Rig {
    stand_ins: StandIns,
    dir: tempfile::TempDir,
    relay: PathBuf,
}

impl Rig {
    /// `lobby` joins a Discord and a Slack room, `trail` another Discord room and a Telegram chat. So many more chats are linked in
    /// pairs, each a space of its own.
    pub async fn new(relay: &Path, more: u32) -> Result<Self, Trouble> {
        let mut world = World::demo();
        let chats = (0..more + more % 2).map(|number| Room {
            id: format!("-100{}", 2_000_000_000_u64 + u64::from(number)),
            name: format!("Chat {number}"),
            private: false,
            forum: false,
        });
        world.telegram.spaces[0].rooms.extend(chats);
        let stand_ins = stand_ins::start(world).await.map_err(trouble("stand-ins"))?;
        // On a disk: in memory, syncs would cost nothing.
        let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).map_err(trouble("a temporary folder"))?;
        let rig = Self { stand_ins, dir, relay: relay.to_owned() };
        std::fs::write(rig.config(), rig.written()).map_err(trouble("the config"))?;
        Ok(rig)
    }

    fn config(&self) -> PathBuf {
        self.dir.path().join("bridges.toml")
    }

    /// Where Relay keeps its state.
    pub fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    /// The joined Discord room.
    pub fn discord_room(&self) -> RoomKey {
        let space = &self.stand_ins.world.discord.spaces[0];
        RoomKey::new(Platform::new("discord"), space.id.as_str(), space.rooms[0].id.as_str())
    }

    /// The Slack room that it is joined with.
    pub fn slack_room(&self) -> RoomKey {
        let space = &self.stand_ins.world.slack.spaces[0];
        RoomKey::new(Platform::new("slack"), space.id.as_str(), space.rooms[0].id.as_str())
    }

    fn written(&self) -> String {
        let world = &self.stand_ins.world;
        let room = |platform: &stand_ins::world::Platform, at: usize| platform.spaces[0].rooms[at].id.clone();
        let mut text = format!(
            "[relay]\ndata_dir = \"state\"\nflood = \"off\"\ntell_rooms = false\n\
             [accounts.discord]\nplatform = \"discord\"\ntoken = {{ env = \"DISCORD_TOKEN\" }}\nceilings = false\n\
             api_url = \"{}\"\ngateway_url = \"{}\"\n\
             [accounts.slack]\nplatform = \"slack\"\nbot_token = {{ env = \"SLACK_BOT_TOKEN\" }}\n\
             app_token = {{ env = \"SLACK_APP_TOKEN\" }}\nceilings = false\napi_url = \"{}\"\n\
             [accounts.telegram]\nplatform = \"telegram\"\ntoken = {{ env = \"TELEGRAM_TOKEN\" }}\nceilings = false\n\
             api_url = \"{}\"\n\
             [channels.lobby]\nlinks = [\"discord:{}\", \"slack:{}\"]\n\
             [channels.trail]\nlinks = [\"discord:{}\", \"telegram:{}\"]\n",
            self.stand_ins.discord.api_url(),
            self.stand_ins.discord.gateway_url().unwrap_or_default(),
            self.stand_ins.slack.api_url(),
            self.stand_ins.telegram.api_url(),
            room(&world.discord, 0),
            room(&world.slack, 0),
            room(&world.discord, 1),
            room(&world.telegram, 0),
        );
        let idle = world.telegram.spaces[0].rooms.iter().filter(|room| room.name.starts_with("Chat "));
        for (number, pair) in idle.collect::<Vec<_>>().chunks(2).enumerate() {
            let links = pair.iter().map(|room| format!("\"telegram:{}\"", room.id)).collect::<Vec<_>>();
            // Writing into a String cannot fail.
            let _ = writeln!(text, "[channels.idle-{number}]\nlinks = [{}]", links.join(", "));
        }
        text
    }

    /// Starts Relay; answers how long it took until it said that it is ready.
    pub async fn start(&self) -> Result<(Running, Duration), Trouble> {
        let world = &self.stand_ins.world;
        let variables = [
            ("DISCORD_TOKEN", world.discord.bots[0].token.as_str()),
            ("SLACK_BOT_TOKEN", &world.slack.bots[0].token),
            ("SLACK_APP_TOKEN", &world.slack.bots[0].app_token),
            ("TELEGRAM_TOKEN", &world.telegram.bots[0].token),
        ];
        running::start(&self.relay, self.dir.path(), &variables).await
    }

    fn gave_up(&self, what: &str) -> Trouble {
        running::gave_up(self.dir.path(), what)
    }

    /// What people in the Slack room see from now on.
    pub fn watch(&self) -> Receiver<Change> {
        self.stand_ins.slack.watch()
    }

    /// Somebody says something on Discord: the number, and behind it a line.
    pub fn say(&self, number: u32) -> Result<(), Trouble> {
        let act = Act::Say {
            person: self.stand_ins.world.discord.people[0].name.clone(),
            room: self.stand_ins.world.discord.spaces[0].rooms[0].id.clone(),
            text: format!("{number} is a line as people write it, with **some** words in it."),
            reply_to: None,
            files: vec![],
            thread: None,
        };
        self.stand_ins.discord.act(act).map(drop).map_err(trouble("saying it"))
    }

    /// When each of the messages from `from` on arrived in the Slack room; all of them, in order.
    pub async fn arrivals(
        &self,
        changes: &mut Receiver<Change>,
        from: u32,
        messages: u32,
    ) -> Result<Vec<Instant>, Trouble> {
        let mut arrived = Vec::with_capacity(messages as usize);
        while arrived.len() < messages as usize {
            let change = match tokio::time::timeout(PATIENCE, changes.recv()).await {
                Ok(change) => change.map_err(trouble("watching Slack"))?,
                Err(_) => {
                    return Err(
                        self.gave_up(&format!("only {} of {messages} messages arrive", arrived.len()))
                    );
                }
            };
            let Some(number) = number(&change).filter(|_| change.what == "posted") else { continue };
            let expected = from + u32::try_from(arrived.len()).unwrap_or_default();
            if number != expected {
                return Err(self.gave_up(&format!("message {number} arrives where {expected} is expected")));
            }
            arrived.push(Instant::now());
        }
        Ok(arrived)
    }
}

fn number(change: &Change) -> Option<u32> {
    change.message.text.split_whitespace().next()?.parse().ok()
}
