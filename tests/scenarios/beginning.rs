//! An admin's first five minutes: `relay init` in a real terminal, from nothing to a message that crosses.

use crate::bench::{Bench, until};
use crate::terminal::{CTRL_C, DOWN, ENTER, SPACE, Terminal};
use pty_process::blocking::Command as PtyCommand;
use stand_ins::irc;
use stand_ins::people::Act;
use stand_ins::world::World;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The wizard is to take less, with typing.
const FIVE_MINUTES: Duration = Duration::from_secs(300);

/// Three platforms, and an admin who has nothing yet.
struct Admin {
    bench: Bench,
    folder: tempfile::TempDir,
}

impl Admin {
    async fn new() -> Self {
        Self::of(World::demo()).await
    }

    async fn of(world: World) -> Self {
        Self { bench: Bench::of(world).await, folder: tempfile::tempdir().expect("a temporary folder") }
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("bridges.toml")
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.config()).expect("it was written")
    }

    /// Where the imitated platforms are, as an admin says it of a server of their own.
    fn servers(&self) -> Vec<String> {
        let of =
            |platform: &str| format!("--set={platform}.api_url={}", self.bench.people(platform).api_url());
        ["discord", "slack", "telegram"].map(of).into()
    }

    fn init(&self) -> Terminal {
        let command = PtyCommand::new(env!("CARGO_BIN_EXE_relay")).arg("init").args(self.servers());
        Terminal::run(command.current_dir(self.folder.path()))
    }

    fn token(&self, platform: &str) -> String {
        self.bench.platform(platform).bots[0].token.clone()
    }

    fn secrets(&self) -> [String; 4] {
        let app = self.bench.platform("slack").bots[0].app_token.clone();
        [self.token("discord"), self.token("slack"), app, self.token("telegram")]
    }

    /// Unattended, with these answers.
    fn answer(&self, answers: &str) -> Output {
        let file = self.folder.path().join("answers.toml");
        std::fs::write(&file, answers).expect("a file in the temporary folder");
        let mut command = Command::new(env!("CARGO_BIN_EXE_relay"));
        command.arg("init").args(self.servers()).arg("--answers").arg(file).current_dir(self.folder.path());
        command
            .env("DISCORD_TOKEN", self.token("discord"))
            .env("TELEGRAM_TOKEN", self.token("telegram"))
            .env("SLACK_BOT_TOKEN", self.token("slack"))
            .env("SLACK_APP_TOKEN", self.secrets()[2].clone())
            .env_remove("STATE_DIRECTORY")
            .stdin(Stdio::null());
        command.output().expect("the binary runs")
    }

    /// `relay status` of it.
    fn status(&self) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_relay"));
        command.arg("status").current_dir(self.folder.path()).env_remove("STATE_DIRECTORY");
        String::from_utf8_lossy(&command.output().expect("the binary runs").stdout).into_owned()
    }

    /// `relay run` with what was written.
    fn run(&self) -> Running {
        // Other tests run at the same time.
        let text = self.text().replace("listen = \"127.0.0.1:8722\"", "listen = \"127.0.0.1:0\"");
        std::fs::write(self.config(), text).expect("it can be written");
        let log = std::fs::File::create(self.folder.path().join("relay.log")).expect("a log file");
        let mut relay = Command::new(env!("CARGO_BIN_EXE_relay"));
        relay.arg("run").current_dir(self.folder.path()).env_remove("STATE_DIRECTORY");
        Running(relay.stdin(Stdio::null()).stderr(log).spawn().expect("the binary runs"))
    }
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

fn both(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned()
}

/// The first question: Discord, Slack, Telegram of the five.
fn choose_platforms(terminal: &mut Terminal) {
    terminal.see("Which platforms are to be joined?");
    terminal.press(&[SPACE, DOWN, DOWN, DOWN, SPACE, DOWN, SPACE, ENTER]);
}

fn discord(admin: &Admin, terminal: &mut Terminal) {
    terminal.see("The bot's token");
    terminal.press(&[&admin.token("discord"), ENTER]);
    terminal.see("Discord takes it. The bot is called Relay there.");
    terminal.see("When that is done:");
    let screen = terminal.screen().replace('\n', "");
    assert!(screen.contains("scope=bot+applications.commands&permissions=2815059541732416"), "{screen}");
    terminal.press(&[ENTER]);
    terminal.see("Are the rooms there");
    terminal.press(&[ENTER]);
}

fn slack(admin: &Admin, terminal: &mut Terminal) {
    terminal.see("The Bot User OAuth Token");
    let manifest = std::fs::read_to_string(admin.folder.path().join("slack-manifest.json")).expect("written");
    assert_eq!(manifest, include_str!("../../config/slack-manifest.json"));
    // What is wrong is said while it is typed.
    terminal.press(&["xoxp"]);
    terminal.see("It begins with xoxb-");
    terminal.press(&["\x7f\x7f\x7f\x7f", &admin.secrets()[1], ENTER]);
    terminal.see("The App-Level Token");
    terminal.press(&[&admin.secrets()[2], ENTER]);
    terminal.see("Slack takes it");
    terminal.see("When that is done:");
    terminal.press(&[ENTER]);
    terminal.see("It sees 2 rooms: #general, #random.");
    terminal.see("Are the rooms there");
    terminal.press(&[ENTER]);
}

fn telegram(admin: &Admin, terminal: &mut Terminal) {
    terminal.see("The bot's token");
    terminal.press(&[&admin.token("telegram"), ENTER]);
    terminal.see("When that is done:");
    admin.bench.say("telegram", "anybody here?");
    terminal.press(&[ENTER]);
    terminal.see("It sees one room: Sunday hikers.");
    terminal.see("Are the rooms there");
    terminal.press(&[ENTER]);
}

#[tokio::test(flavor = "multi_thread")]
async fn from_nothing_to_a_message_that_crosses_in_a_terminal() {
    let admin = Admin::new().await;
    let began = Instant::now();
    let mut terminal = admin.init();
    choose_platforms(&mut terminal);
    // A token that Discord does not take is named, and asked for again.
    terminal.see("The bot's token");
    terminal.press(&["no-token-of-theirs", ENTER]);
    terminal.see("Discord does not accept the token.");
    terminal.see("Copy it anew");
    terminal.see("What now?");
    terminal.press(&[DOWN, ENTER]);
    discord(&admin, &mut terminal);
    slack(&admin, &mut terminal);
    telegram(&admin, &mut terminal);
    terminal.see("These rooms may belong together.");
    let screen = terminal.screen();
    assert!(screen.contains("discord:Night Owls/#general + slack:Studio/#general"), "{screen}");
    // Not #random, and the group beside #general.
    terminal.press(&[DOWN, SPACE, DOWN, SPACE, ENTER]);
    terminal.see("What is the channel of");
    terminal.press(&["lobby", ENTER]);
    terminal.see("Are there other rooms to join?");
    terminal.press(&[ENTER]);
    terminal.see("Write it into bridges.toml?");
    terminal.press(&[ENTER]);
    assert_eq!(terminal.ends(), Some(0), "{}", terminal.screen());
    let all = terminal.all();
    assert!(all.contains("is right: 3 account(s), 1 channel(s), 3 link(s)."), "{}", terminal.screen());
    assert!(all.contains("relay run --config bridges.toml"), "{}", terminal.screen());

    // No secret anywhere but in its own file.
    let text = admin.text();
    for secret in admin.secrets() {
        assert!(!text.contains(&secret) && !all.contains(&secret), "{text}");
    }
    let folder = admin.folder.path();
    assert_eq!(mode(&folder.join("secrets")), 0o700);
    for file in ["discord.token", "slack.bot_token", "slack.app_token", "telegram.token"] {
        assert_eq!(mode(&folder.join("secrets").join(file)), 0o600, "{file}");
    }
    assert!(!folder.join("bridges.toml.init").exists(), "what was kept meanwhile is gone");

    let _relay = admin.run();
    until("three rooms are ready", || {
        admin.status().lines().filter(|line| line.ends_with(" idle")).count() == 3
    })
    .await;
    admin.bench.say("slack", "good evening to everybody");
    admin.bench.arrives("discord", "good evening to everybody").await;
    admin.bench.arrives("telegram", "good evening to everybody").await;
    let took = began.elapsed();
    println!("from nothing to a message that crosses: {took:?}");
    assert!(took < FIVE_MINUTES);
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted_and_gone_on_with() {
    let admin = Admin::new().await;
    let mut terminal = admin.init();
    choose_platforms(&mut terminal);
    discord(&admin, &mut terminal);
    terminal.see("The Bot User OAuth Token");
    terminal.press(&[CTRL_C]);
    assert_eq!(terminal.ends(), Some(130), "{}", terminal.screen());
    assert!(terminal.all().contains("What you have answered is kept"), "{}", terminal.screen());
    assert!(!admin.config().exists());
    let kept = admin.folder.path().join("bridges.toml.init");
    assert_eq!(mode(&kept), 0o600);
    let text = std::fs::read_to_string(&kept).expect("it is kept");
    assert!(text.contains("discord") && !text.contains(&admin.token("discord")), "{text}");

    // It goes on where it was: Discord's token is not asked for again.
    let mut terminal = admin.init();
    terminal.see("An earlier run was interrupted. It has: discord.");
    terminal.see("Go on from there?");
    terminal.press(&[ENTER]);
    terminal.see("On Discord it sees 2 rooms: #general, #random.");
    slack(&admin, &mut terminal);
    terminal.see("The bot's token");
    terminal.press(&[CTRL_C]);
    assert_eq!(terminal.ends(), Some(130));
    let text = std::fs::read_to_string(&kept).expect("it is kept");
    assert!(text.contains("slack") && admin.secrets().iter().all(|secret| !text.contains(secret)), "{text}");
}

const ANSWERS: &str = r#"
platforms = ["discord", "slack"]
[discord]
token = { env = "DISCORD_TOKEN" }
[slack]
bot_token = { env = "SLACK_BOT_TOKEN" }
app_token = { env = "SLACK_APP_TOKEN" }
[channels]
lobby = ["discord:Night Owls/#general", "slack:#general"]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn unattended_and_run_again() {
    let admin = Admin::new().await;
    // What is missing is named by its key, and nothing is written.
    let output = admin.answer(&ANSWERS.replace("app_token", "other"));
    assert!(!output.status.success());
    assert!(both(&output).contains("`slack.app_token`"), "{}", both(&output));
    let output = admin.answer(&ANSWERS.replace("#general\"]", "#genral\"]"));
    assert!(!output.status.success());
    assert!(both(&output).contains("sees no such room, but slack:Studio/#general"), "{}", both(&output));
    assert!(!admin.config().exists());

    let output = admin.answer(ANSWERS);
    assert!(output.status.success(), "{}", both(&output));
    assert!(both(&output).contains("2 account(s), 1 channel(s), 2 link(s)."), "{}", both(&output));
    assert!(!admin.folder.path().join("bridges.toml.init").exists());

    // The same answers again: all of it is there.
    let before = admin.text();
    let output = admin.answer(ANSWERS);
    assert!(output.status.success(), "{}", both(&output));
    assert!(both(&output).contains("Nothing is to be changed."), "{}", both(&output));
    assert_eq!(admin.text(), before);

    // A private room is joined where somebody has said that it is meant.
    let room = admin.bench.platform("slack").spaces[0].rooms[1].id.clone();
    let hidden = |private: bool| Act::SetPrivate { room: room.clone(), private };
    admin.bench.people("slack").act(hidden(true)).expect("it can be hidden");
    let more = format!("{ANSWERS}den = [\"slack:{room}\"]\n");
    let output = admin.answer(&more);
    assert!(!output.status.success(), "{}", both(&output));
    let told = "is private. To join it all the same, answer private = true";
    assert!(both(&output).contains(told), "{}", both(&output));
    assert_eq!(admin.text(), before);
    admin.bench.people("slack").act(hidden(false)).expect("it can be shown");

    // The admin writes into it, and comes again for another channel.
    let own = admin.text().replace("[channels.lobby]", "# Ours since 2019.\n[channels.lobby]");
    std::fs::write(admin.config(), own).expect("it can be written");
    let mut terminal = admin.init();
    terminal.see("Which platforms are to be added?");
    terminal.press(&[ENTER]);
    terminal.see("These rooms may belong together.");
    let screen = terminal.screen();
    assert!(screen.contains("discord:Night Owls/#random + slack:Studio/#random"), "{screen}");
    assert!(!screen.contains("#general"), "what is joined already is not offered: {screen}");
    terminal.press(&[ENTER]);
    terminal.see("What is the channel of");
    terminal.press(&["lobby", ENTER]);
    terminal.see("There is a channel lobby already");
    terminal.press(&["\x7f\x7f\x7f\x7f\x7f", "random", ENTER]);
    terminal.see("Write it into bridges.toml?");
    terminal.press(&[ENTER]);
    assert_eq!(terminal.ends(), Some(0), "{}", terminal.screen());
    let text = admin.text();
    assert!(text.contains("# Ours since 2019.\n[channels.lobby]"), "{text}");
    assert!(text.contains("[channels.random]\nlinks = ["), "{text}");
    assert!(terminal.all().contains("2 account(s), 2 channel(s), 4 link(s)."), "{}", terminal.screen());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_named() {
    // The token is good, and its bot may not read.
    let mut world = World::demo();
    world.discord.bots[0].may = Some(["VIEW_CHANNEL", "SEND_MESSAGES"].map(str::to_owned).to_vec());
    let admin = Admin::of(world).await;
    let output = both(&admin.answer(ANSWERS));
    assert!(output.contains("the message content intent is off"), "{output}");
    assert!(!admin.config().exists());

    // It may read, and was not given the rest; the app is in one channel alone.
    let mut world = World::demo();
    let few = ["VIEW_CHANNEL", "SEND_MESSAGES", "READ_MESSAGE_HISTORY", "MESSAGE_CONTENT"];
    world.discord.bots[0].may = Some(few.map(str::to_owned).to_vec());
    world.slack.bots[0].rooms = Some(vec!["random".into()]);
    let admin = Admin::of(world).await;
    let output = admin.answer(ANSWERS);
    assert!(output.status.success(), "{}", both(&output));
    assert!(both(&output).contains("The bot has no `Manage Webhooks` in #general"), "{}", both(&output));
    assert!(both(&output).contains("/invite @relay"), "{}", both(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_mistaken_in_the_answers_is_named_before_anybody_is_asked() {
    let admin = Admin::new().await;
    let cases = [
        ("[discord]", "[dicsord]", "[dicsord]: the accounts are discord, slack"),
        ("\"DISCORD_TOKEN\"", "\"SLACK_BOT_TOKEN\"", "token is a Slack bot token"),
        ("{ env = \"DISCORD_TOKEN\" }", "\"abc\"", "a secret does not belong here"),
    ];
    for (right, wrong, what) in cases {
        assert!(ANSWERS.contains(right), "{right}");
        let output = admin.answer(&ANSWERS.replace(right, wrong));
        assert!(!output.status.success() && both(&output).contains(what), "{wrong}: {}", both(&output));
        // Nobody is shown what is another's.
        assert!(!both(&output).contains("takes it") && !both(&output).contains("does not accept"));
        assert!(!admin.config().exists());
    }
}

/// Whoever names a room, a server or a bot writes nothing on the admin's screen but that name.
#[tokio::test(flavor = "multi_thread")]
async fn names_do_not_move_the_cursor() {
    const HOSTILE: &str = "gen\u{1b}]0;owned\u{7}\u{1b}[31meral\u{202e}\nrelay: all is well";
    let mut world = World::demo();
    world.discord.spaces[0].name = format!("Night {HOSTILE}");
    world.discord.spaces[0].rooms[1].name = HOSTILE.into();
    world.discord.bots[0].name = "Re\u{1b}[31mlay".into();
    let admin = Admin::of(world).await;
    let id = admin.bench.platform("discord").spaces[0].rooms[1].id.clone();
    let answers = ANSWERS.replace("Night Owls/#general", &id);
    let output = admin.answer(&answers);
    assert!(output.status.success(), "{}", both(&output));
    let relay = |command: &str| {
        let mut relay = Command::new(env!("CARGO_BIN_EXE_relay"));
        relay.arg(command).current_dir(admin.folder.path()).env_remove("STATE_DIRECTORY");
        both(&relay.output().expect("the binary runs"))
    };
    let rooms = relay("rooms");
    let _running = admin.run();
    until("it is connected", || relay("status").contains("gen")).await;
    for (what, told) in [("init", both(&output)), ("rooms", rooms), ("status", relay("status"))] {
        assert!(told.contains("gen") || what == "init", "{what}: {told}");
        assert!(!told.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{what}: {told:?}");
        assert!(
            !told.lines().any(|line| line.trim_start().starts_with("relay: all is well")),
            "{what}: {told}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn channels_of_irc_are_named() {
    let admin = Admin::new().await;
    let server = irc::start(irc::Server::default(), 0).await.expect("a loopback port");
    let answers = ANSWERS.replace("\"slack\"]", "\"irc\"]").replace("slack:#general", "irc:#owls");
    let irc =
        format!("[irc]\nserver = \"irc://{}\"\nnick = \"owlrelay\"\nrooms = \"#owls\"\n", server.address);
    let unnamed =
        admin.answer(&answers.replace("[channels]", &format!("{}[channels]", irc.replace("#owls", "owls"))));
    assert!(both(&unnamed).contains("owls is no name of a room there"), "{}", both(&unnamed));
    let output = admin.answer(&answers.replace("[channels]", &format!("{irc}[channels]")));
    assert!(output.status.success(), "{}", both(&output));
    assert!(both(&output).contains("It sees one room: #owls."), "{}", both(&output));
    assert!(admin.text().contains("nick = \"owlrelay\"\n"), "{}", admin.text());
    assert!(admin.text().contains("\"irc:#owls\""), "{}", admin.text());
}
