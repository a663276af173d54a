//! A bench for scenarios: three stand-ins in this process, the real binary as a child, and a channel between them.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use stand_ins::StandIns;
use stand_ins::faults::{Fault, Kind};
use stand_ins::people::{Act, People, Seen};
use stand_ins::world::World;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The three platforms, in the order of most tables.
pub const PLATFORMS: [&str; 3] = ["discord", "slack", "telegram"];

/// The token of another Discord bot.
const OTHER_DISCORD_BOT: &str = "other-discord-bot";
/// The token of another Slack app.
const OTHER_BOT: &str = "xoxb-other-app";
/// The token of another Telegram bot.
const OTHER_TELEGRAM_BOT: &str = "7000000009:other-telegram-token-of-thirty-five-c";

/// How long anything may take before a scenario gives up on it.
const PATIENCE: Duration = Duration::from_secs(30);

/// The bench. Whatever it started ends with it.
pub struct Bench {
    /// The stand-ins.
    pub stand_ins: StandIns,
    /// Config, secrets and state.
    pub dir: tempfile::TempDir,
    relay: Option<Child>,
    world: World,
}

impl Bench {
    /// Stand-ins and a config; Relay does not run yet.
    pub async fn new() -> Self {
        Self::of(World::demo()).await
    }

    /// Gives a platform's link more settings, before the start.
    pub fn link_as(&self, platform: &str, settings: &str) {
        let room = format!("\"{platform}:{}\"", self.room(platform));
        let text = std::fs::read_to_string(self.config()).expect("the config was written");
        let text = text.replace(&room, &format!("{{ room = {room}, {settings} }}"));
        std::fs::write(self.config(), text).expect("a file in the temporary folder");
    }

    /// The same, with another app in the Slack workspace, and another bot in the Discord guild.
    pub async fn with_another_bot() -> Self {
        Self::of(Self::world_with_another_bot()).await
    }

    /// The same, with so many Telegram groups that the last one counts its messages like the first.
    pub async fn with_two_groups_that_count_alike() -> Self {
        let mut world = World::demo();
        let rooms = &mut world.telegram.spaces[0].rooms;
        for number in rooms.len()..=2_000 {
            rooms.push(stand_ins::world::Room {
                id: String::new(),
                name: format!("Group {number}"),
                ..rooms[0].clone()
            });
        }
        Self::of(world).await
    }

    /// Everything that people can do is possible there: with other bots that are let in, and topics in the Telegram group. Relay is
    /// connected.
    pub async fn for_conformance() -> Self {
        let mut world = Self::world_with_another_bot();
        world.telegram.spaces[0].rooms[0].forum = true;
        let mut other = world.telegram.bots[0].clone();
        (other.name, other.token) = ("Bridge".into(), OTHER_TELEGRAM_BOT.into());
        world.telegram.bots.push(other);
        for bot in &mut world.telegram.bots {
            bot.may = Some(["privacy_off", "admin", "bot_to_bot"].map(str::to_owned).to_vec());
        }
        let mut bench = Self::of(world).await;
        let mut text = std::fs::read_to_string(bench.config()).expect("the config was written");
        for platform in PLATFORMS {
            let room = format!("\"{platform}:{}\"", bench.room(platform));
            text = text.replace(&room, &format!("{{ room = {room}, bots = true, notices = \"each\" }}"));
        }
        std::fs::write(bench.config(), text).expect("a file in the temporary folder");
        bench.start();
        bench.connected(3).await;
        bench
    }

    fn world_with_another_bot() -> World {
        let mut world = World::demo();
        let mut other = world.slack.bots[0].clone();
        (other.name, other.token, other.app_token) = ("Bridge".into(), OTHER_BOT.into(), "xapp-other".into());
        world.slack.bots.push(other);
        let mut other = world.discord.bots[0].clone();
        (other.name, other.token) = ("Bridge".into(), OTHER_DISCORD_BOT.into());
        world.discord.bots.push(other);
        world
    }

    /// The same, with a Telegram group that is not a supergroup yet.
    pub async fn with_a_basic_group() -> Self {
        let mut world = World::demo();
        world.telegram.spaces[0].rooms[0].id = "-4001234567".into();
        Self::of(world).await
    }

    /// The other app says something in the linked Slack channel.
    pub async fn bot_says(&self, text: &str) {
        self.app_posts(serde_json::json!({ "text": text })).await;
    }

    /// The other app posts a message, as `chat.postMessage` takes it; answers its id.
    pub async fn app_posts(&self, mut message: serde_json::Value) -> String {
        message["channel"] = self.room("slack").into();
        let said = reqwest::Client::new()
            .post(format!("{}/api/chat.postMessage", self.stand_ins.slack.api_url()))
            .bearer_auth(OTHER_BOT)
            .json(&message);
        let answer: serde_json::Value = said.send().await.expect("an answer").json().await.expect("JSON");
        assert_eq!(answer["ok"], true, "{answer}");
        answer["ts"].as_str().expect("an id").to_owned()
    }

    /// The other Telegram bot posts a message, as `sendMessage` takes it; answers its id.
    pub async fn telegram_bot_posts(&self, mut message: serde_json::Value) -> String {
        message["chat_id"] = self.room("telegram").into();
        let said = reqwest::Client::new()
            .post(format!("{}/bot{OTHER_TELEGRAM_BOT}/sendMessage", self.stand_ins.telegram.api_url()))
            .json(&message);
        let answer: serde_json::Value = said.send().await.expect("an answer").json().await.expect("JSON");
        assert_eq!(answer["ok"], true, "{answer}");
        answer["result"]["message_id"].to_string()
    }

    /// The other Discord bot posts a message, as Discord's API takes it; answers its id.
    pub async fn bot_posts(&self, message: serde_json::Value) -> String {
        let room = self.room("discord");
        let said = reqwest::Client::new()
            .post(format!("{}/api/v10/channels/{room}/messages", self.stand_ins.discord.api_url()))
            .header("authorization", format!("Bot {OTHER_DISCORD_BOT}"))
            .json(&message);
        let answer: serde_json::Value = said.send().await.expect("an answer").json().await.expect("JSON");
        answer["id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// Stand-ins with this world and a config for its first rooms; Relay does not run yet.
    pub async fn of(mut world: World) -> Self {
        world.fill_ids().expect("the demo world is sound");
        let stand_ins = stand_ins::start(world.clone()).await.expect("loopback ports");
        let bench =
            Self { stand_ins, dir: tempfile::tempdir().expect("a temporary folder"), relay: None, world };
        bench.write_config("");
        bench
    }

    /// Stand-ins, config, and Relay connected everywhere.
    pub async fn started() -> Self {
        let mut bench = Self::new().await;
        bench.start();
        bench.connected(3).await;
        bench
    }

    /// Writes the config; `more` is put at its end.
    pub fn write_config(&self, more: &str) {
        let token = |name: &str, token: &str| {
            std::fs::write(self.dir.path().join(name), token).expect("a file in the temporary folder");
        };
        token("discord", &self.world.discord.bots[0].token);
        token("slack", &self.world.slack.bots[0].token);
        token("slack-app", &self.world.slack.bots[0].app_token);
        token("telegram", &self.world.telegram.bots[0].token);
        let discord = &self.stand_ins.discord;
        let config = format!(
            "[relay]\ndata_dir = \"state\"\nflood = \"off\"\ntell_rooms = false\n\
             [accounts.discord]\nplatform = \"discord\"\ntoken = {{ file = \"discord\" }}\nceilings = false\n\
             api_url = \"{}\"\ngateway_url = \"{}\"\n\
             [accounts.slack]\nplatform = \"slack\"\nbot_token = {{ file = \"slack\" }}\n\
             app_token = {{ file = \"slack-app\" }}\nceilings = false\napi_url = \"{}\"\n\
             [accounts.telegram]\nplatform = \"telegram\"\ntoken = {{ file = \"telegram\" }}\nceilings = false\n\
             api_url = \"{}\"\n\
             [channels.lobby]\nlinks = [\"discord:{}\", \"slack:{}\", \"telegram:{}\"]\n{more}",
            discord.api_url(),
            discord.gateway_url().expect("Discord has a gateway"),
            self.stand_ins.slack.api_url(),
            self.stand_ins.telegram.api_url(),
            self.room("discord"),
            self.room("slack"),
            self.room("telegram"),
        );
        std::fs::write(self.config(), config).expect("a file in the temporary folder");
    }

    /// The config file.
    pub fn config(&self) -> PathBuf {
        self.dir.path().join("bridges.toml")
    }

    /// The state directory.
    pub fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    /// Telegram's first person begins a chat with the bot alone; answers their id, which that chat has too.
    pub fn in_chat_with_bot(&self) -> String {
        let world = self.platform("telegram");
        let (person, bot) = (world.people[0].id.clone(), world.bots[0].id.clone());
        let (text, who) = ("hello".to_owned(), person.clone());
        let begin = Act::Say { person: who, room: bot, text, reply_to: None, files: vec![], thread: None };
        self.people("telegram").act(begin).expect("people can talk to a bot");
        person
    }

    /// A platform's people.
    pub fn people(&self, platform: &str) -> &Arc<dyn People> {
        match platform {
            "discord" => &self.stand_ins.discord,
            "slack" => &self.stand_ins.slack,
            _ => &self.stand_ins.telegram,
        }
    }

    /// What exists on a platform.
    pub fn platform(&self, name: &str) -> &stand_ins::world::Platform {
        match name {
            "discord" => &self.world.discord,
            "slack" => &self.world.slack,
            _ => &self.world.telegram,
        }
    }

    /// The linked room of a platform.
    pub fn room(&self, platform: &str) -> String {
        self.platform(platform).spaces[0].rooms[0].id.clone()
    }

    /// Who talks there.
    pub fn person(&self, platform: &str) -> String {
        self.platform(platform).people[0].name.clone()
    }

    /// What they are called elsewhere.
    pub fn persona(&self, platform: &str) -> String {
        let (first, rest) = platform.split_at(1);
        format!("{} ‹{}{rest}›", self.person(platform), first.to_uppercase())
    }

    /// Posts; answers the native id.
    pub fn say(&self, platform: &str, text: &str) -> String {
        self.reply(platform, text, None)
    }

    /// Posts an answer.
    pub fn reply(&self, platform: &str, text: &str, reply_to: Option<String>) -> String {
        let (person, room) = (self.person(platform), self.room(platform));
        let act = Act::Say { person, room, text: text.into(), reply_to, files: vec![], thread: None };
        self.people(platform).act(act).expect("people can talk")
    }

    /// Changes a message.
    pub fn edit(&self, platform: &str, message: &str, text: &str) {
        let (person, room) = (self.person(platform), self.room(platform));
        let act = Act::Edit { person, room, message: message.into(), text: text.into() };
        self.people(platform).act(act).expect("people can edit");
    }

    /// Deletes a message.
    pub fn delete(&self, platform: &str, message: &str) {
        let (person, room) = (self.person(platform), self.room(platform));
        self.people(platform)
            .act(Act::Delete { person, room, message: message.into() })
            .expect("people can delete");
    }

    /// Arms a fault.
    pub fn fault(&self, platform: &str, kind: Kind, times: u32, only: &str) {
        let only = (!only.is_empty()).then(|| only.to_owned());
        self.people(platform).fault(Fault { kind, times, only, seconds: 0.2 }).expect("a fault that exists");
    }

    /// All messages in a platform's linked room, deleted ones included.
    pub fn seen(&self, platform: &str) -> Vec<Seen> {
        self.people(platform).messages(&self.room(platform)).expect("the room is there")
    }

    /// Messages in a platform's room that are there and contain a word.
    pub fn with(&self, platform: &str, word: &str) -> Vec<Seen> {
        self.seen(platform).into_iter().filter(|m| !m.deleted && m.text.contains(word)).collect()
    }

    /// The one message with a word, once it is there.
    pub async fn arrives(&self, platform: &str, word: &str) -> Seen {
        until(&format!("{word:?} arrives on {platform}"), || !self.with(platform, word).is_empty()).await;
        let mut found = self.with(platform, word);
        assert_eq!(found.len(), 1, "{word:?} on {platform}: {found:?}");
        found.remove(0)
    }

    /// Relay's memory in kibibytes, as the system counts it under this name: `VmRSS` now, `VmHWM` at most so far.
    pub fn memory(&self, name: &str) -> u64 {
        let pid = self.relay.as_ref().expect("Relay runs").id();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("its status");
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("that line");
        line.trim_matches(|c: char| !c.is_ascii_digit()).parse().expect("a number")
    }

    /// A `relay` command with this bench's config.
    pub fn command(&self, name: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_relay"));
        command.arg(name).arg("--config").arg(self.config()).env_remove("STATE_DIRECTORY");
        command
    }

    /// Starts Relay; its log goes to `relay.log` in the folder.
    pub fn start(&mut self) {
        self.start_with(&[]);
    }

    /// The same, with these variables in its environment.
    pub fn start_with(&mut self, variables: &[(String, String)]) {
        assert!(self.relay.is_none(), "Relay runs already");
        let log = std::fs::File::options().create(true).append(true).open(self.dir.path().join("relay.log"));
        let mut run = self.command("run");
        run.envs(variables.iter().cloned()).stdin(Stdio::null()).stderr(log.expect("a log file"));
        self.relay = Some(run.spawn().expect("the binary runs"));
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.relay.as_ref().expect("Relay runs").id()
    }

    /// Somebody else has killed it: waits for its end.
    pub fn bury(&mut self) {
        self.relay.take().expect("Relay ran").wait().expect("it can be waited for");
    }

    /// Another Relay with a config like this one's and a state of its own: it is the other bots, and leaves Telegram alone.
    pub fn second_relay(&self, config: &str) -> Second {
        let folder = self.dir.path().join("second");
        std::fs::create_dir(&folder).expect("a folder");
        for (name, token) in
            [("discord", OTHER_DISCORD_BOT), ("slack", OTHER_BOT), ("slack-app", "xapp-other")]
        {
            std::fs::write(folder.join(name), token).expect("a file in the temporary folder");
        }
        let (before, rest) = config.split_once("[accounts.telegram]").expect("an account");
        let (_, channels) = rest.split_once("[channels.lobby]").expect("a channel");
        let telegram = format!(", \"telegram:{}\"", self.room("telegram"));
        let text = format!("{before}[channels.lobby]{}", channels.replace(&telegram, ""));
        let file = folder.join("bridges.toml");
        std::fs::write(&file, text).expect("a file in the temporary folder");
        let log = std::fs::File::create(folder.join("relay.log")).expect("a log file");
        let mut relay = Command::new(env!("CARGO_BIN_EXE_relay"));
        relay
            .arg("run")
            .arg("--config")
            .arg(file)
            .env_remove("STATE_DIRECTORY")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        Second(relay.spawn().expect("the binary runs"))
    }

    /// What Relay has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("relay.log")).unwrap_or_default()
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        let mut child = self.relay.take().expect("Relay runs");
        child.kill().expect("it can be killed");
        child.wait().expect("it can be waited for");
    }

    /// SIGTERM, and waits for a clean end.
    pub async fn stop(&mut self) {
        let mut child = self.relay.take().expect("Relay runs");
        let told = Command::new("kill").arg(child.id().to_string()).status();
        assert!(told.expect("kill exists").success());
        let began = Instant::now();
        loop {
            match child.try_wait().expect("it can be waited for") {
                Some(status) => {
                    assert!(status.success(), "{status}: {}", self.log());
                    return;
                }
                None if began.elapsed() > PATIENCE => panic!("Relay does not stop: {}", self.log()),
                None => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    /// Sends it a signal, such as `HUP`.
    pub fn signal(&self, name: &str) {
        let child = self.relay.as_ref().expect("Relay runs");
        let told = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status();
        assert!(told.expect("kill exists").success());
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.relay.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// `relay status --json`, if it answers.
    pub fn status(&self) -> Option<serde_json::Value> {
        let output: Output = self.command("status").arg("--json").output().expect("the binary runs");
        output.status.success().then(|| serde_json::from_slice(&output.stdout).expect("status is JSON"))
    }

    /// Waits until so many accounts are connected.
    pub async fn connected(&self, wanted: usize) {
        let began = Instant::now();
        loop {
            let up = self.status().map_or(0, |status| {
                let accounts = status["accounts"].as_array().expect("accounts").clone();
                accounts.iter().filter(|account| account["state"] == "up").count()
            });
            if up >= wanted {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{up} of {wanted} connected: {}", self.log());
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// One counter of the running Relay.
    pub fn counter(&self, name: &str) -> u64 {
        self.status().and_then(|status| status["counters"][name].as_u64()).unwrap_or(0)
    }
}

/// Another Relay; it ends with this.
pub struct Second(Child);

impl Drop for Second {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if let Some(mut child) = self.relay.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            eprintln!("--- Relay's log ---\n{}", self.log());
        }
    }
}

/// Waits until something is so.
pub async fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
