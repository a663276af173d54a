//! The stand-ins, a config for them, and Relay started with it.

use crate::process::Running;
use stand_ins::StandIns;
use stand_ins::people::Act;
use stand_ins::world::{Room, World};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tokio::net::UnixDatagram;

/// Longest start, and longest wait for messages.
const PATIENCE: Duration = Duration::from_secs(90);

/// What went wrong, for people.
#[derive(Debug)]
pub struct Trouble(pub String);

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn trouble(what: &str) -> impl Fn(std::io::Error) -> Trouble {
    move |error| Trouble(format!("{what}: {error}"))
}

/// Stand-ins and a folder.
pub struct Rig {
    stand_ins: StandIns,
    world: World,
    dir: tempfile::TempDir,
    relay: PathBuf,
}

/// `target/PROFILE/relay`, for a program in `target/PROFILE/examples`.
pub fn beside_this_program() -> Result<PathBuf, Trouble> {
    let program = std::env::current_exe().map_err(trouble("this program"))?;
    let relay = program.parent().and_then(Path::parent).map(|folder| folder.join("relay"));
    relay.filter(|relay| relay.is_file()).ok_or_else(|| {
        Trouble("there is no relay beside this program: build it, or name it with --relay".into())
    })
}

impl Rig {
    /// Three linked rooms, and so many more chats that are linked in pairs, each a space of its own.
    pub async fn new(relay: &Path, more: u32) -> Result<Self, Trouble> {
        let mut world = World::demo();
        let chats = (0..more + more % 2).map(|number| Room {
            id: format!("-100{}", 2_000_000_000_u64 + u64::from(number)),
            name: format!("Chat {number}"),
            private: false,
            forum: false,
        });
        world.telegram.spaces[0].rooms.extend(chats);
        world.fill_ids().map_err(|error| Trouble(format!("the world: {error}")))?;
        let stand_ins =
            stand_ins::start(world.clone()).await.map_err(|error| Trouble(format!("stand-ins: {error}")))?;
        let dir = tempfile::tempdir().map_err(trouble("a temporary folder"))?;
        let rig = Self { stand_ins, world, dir, relay: relay.to_owned() };
        std::fs::write(rig.config(), rig.written()).map_err(trouble("the config"))?;
        Ok(rig)
    }

    fn config(&self) -> PathBuf {
        self.dir.path().join("bridges.toml")
    }

    fn room(platform: &stand_ins::world::Platform) -> &str {
        &platform.spaces[0].rooms[0].id
    }

    fn written(&self) -> String {
        let (discord, slack, telegram) = (&self.world.discord, &self.world.slack, &self.world.telegram);
        let mut text = format!(
            "[relay]\ndata_dir = \"state\"\nflood = \"off\"\n\
             [accounts.discord]\nplatform = \"discord\"\ntoken = {{ env = \"DISCORD_TOKEN\" }}\nceilings = false\n\
             api_url = \"{}\"\ngateway_url = \"{}\"\n\
             [accounts.slack]\nplatform = \"slack\"\nbot_token = {{ env = \"SLACK_BOT_TOKEN\" }}\n\
             app_token = {{ env = \"SLACK_APP_TOKEN\" }}\nceilings = false\napi_url = \"{}\"\n\
             [accounts.telegram]\nplatform = \"telegram\"\ntoken = {{ env = \"TELEGRAM_TOKEN\" }}\nceilings = false\n\
             api_url = \"{}\"\n\
             [channels.lobby]\nlinks = [\"discord:{}\", \"slack:{}\", \"telegram:{}\"]\n",
            self.stand_ins.discord.api_url(),
            self.stand_ins.discord.gateway_url().unwrap_or_default(),
            self.stand_ins.slack.api_url(),
            self.stand_ins.telegram.api_url(),
            Self::room(discord),
            Self::room(slack),
            Self::room(telegram),
        );
        let idle = telegram.spaces[0].rooms.iter().filter(|room| room.name.starts_with("Chat "));
        for (number, pair) in idle.collect::<Vec<_>>().chunks(2).enumerate() {
            let links = pair.iter().map(|room| format!("\"telegram:{}\"", room.id)).collect::<Vec<_>>();
            // Writing into a String cannot fail.
            let _ = writeln!(text, "[channels.idle-{number}]\nlinks = [{}]", links.join(", "));
        }
        text
    }

    /// Starts Relay; answers how long it took until it said that it is ready.
    pub async fn start(&self) -> Result<(Running, Duration), Trouble> {
        let path = self.dir.path().join("notify");
        let socket = UnixDatagram::bind(&path).map_err(trouble("the notify socket"))?;
        let log = std::fs::File::create(self.dir.path().join("relay.log")).map_err(trouble("the log"))?;
        let mut command = Command::new(&self.relay);
        command
            .args(["run", "--config"])
            .arg(self.config())
            .env("NOTIFY_SOCKET", &path)
            .env("DISCORD_TOKEN", &self.world.discord.bots[0].token)
            .env("SLACK_BOT_TOKEN", &self.world.slack.bots[0].token)
            .env("SLACK_APP_TOKEN", &self.world.slack.bots[0].app_token)
            .env("TELEGRAM_TOKEN", &self.world.telegram.bots[0].token)
            .env_remove("STATE_DIRECTORY")
            .env_remove("WATCHDOG_USEC")
            .stdin(Stdio::null())
            .stderr(log);
        let began = Instant::now();
        let running = Running(command.spawn().map_err(trouble("relay"))?);
        match tokio::time::timeout(PATIENCE, ready(&socket)).await {
            Ok(told) => told.map_err(trouble("the notify socket"))?,
            Err(_) => return Err(Trouble(format!("relay is never ready:\n{}", self.log()))),
        }
        Ok((running, began.elapsed()))
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("relay.log")).unwrap_or_default()
    }

    /// Says so many things on Discord, and waits until all are on Slack and in Telegram.
    pub async fn carry(&self, word: &str, messages: u32) -> Result<(), Trouble> {
        let discord = &self.world.discord;
        for number in 0..messages {
            let act = Act::Say {
                person: discord.people[0].name.clone(),
                room: Self::room(discord).to_owned(),
                text: format!("{word}-{number}. A line as people write it, with **some** words in it."),
                reply_to: None,
                files: vec![],
                thread: None,
            };
            self.stand_ins.discord.act(act).map_err(|error| Trouble(format!("saying it: {error}")))?;
        }
        let began = Instant::now();
        let there = |seen: Vec<stand_ins::people::Seen>| {
            seen.iter().filter(|message| message.text.contains(word)).count() >= messages as usize
        };
        loop {
            let slack = self.stand_ins.slack.messages(Self::room(&self.world.slack));
            let telegram = self.stand_ins.telegram.messages(Self::room(&self.world.telegram));
            if there(slack.unwrap_or_default()) && there(telegram.unwrap_or_default()) {
                return Ok(());
            }
            if began.elapsed() > PATIENCE {
                return Err(Trouble(format!("not all messages arrive:\n{}", self.log())));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn ready(socket: &UnixDatagram) -> std::io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        let length = socket.recv(&mut buffer).await?;
        if buffer[..length].split(|byte| *byte == b'\n').any(|line| line == b"READY=1") {
            return Ok(());
        }
    }
}
