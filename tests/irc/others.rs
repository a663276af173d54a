//! IRC and a platform that can do more: what people there change, IRC is told of.

use crate::bench::{CHANNELS, relay, until};
use crate::person::{PATIENCE, Person, Said};
use crate::server::{self, Server};
use stand_ins::StandIns;
use stand_ins::people::{Act, Given, Seen};
use stand_ins::ports;
use stand_ins::world::World;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A Discord guild, a Slack workspace where that is wanted, and an IRC server, and Relay between them.
struct Both {
    stand_ins: StandIns,
    ada: Person,
    room: String,
    person: String,
    person_id: String,
    other: stand_ins::world::Person,
    slack_room: String,
    media: u16,
    /// Links to long texts so far.
    linked: AtomicUsize,
    _server: Server,
    _dir: tempfile::TempDir,
    relay: Child,
}

impl Both {
    async fn started() -> Self {
        Self::of(false).await
    }

    async fn with_slack() -> Self {
        Self::of(true).await
    }

    async fn of(has_slack: bool) -> Self {
        let mut world = World::demo();
        world.fill_ids().unwrap();
        let stand_ins = stand_ins::start(world.clone()).await.unwrap();
        let server = Server::start("one", crate::NO_PENALTY);
        let ada = Person::join(server.port, "Ada", &[CHANNELS[0]]).await;
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("discord"), &world.discord.bots[0].token).unwrap();
        let room = world.discord.spaces[0].rooms[0].id.clone();
        let (person, person_id) = (world.discord.people[0].name.clone(), world.discord.people[0].id.clone());
        let other = world.discord.people[1].clone();
        let slack_room = world.slack.spaces[0].rooms[0].id.clone();
        std::fs::write(dir.path().join("slack"), &world.slack.bots[0].token).unwrap();
        std::fs::write(dir.path().join("slack-app"), &world.slack.bots[0].app_token).unwrap();
        let account = format!(
            "[accounts.s]\nplatform = \"slack\"\nbot_token = {{ file = \"slack\" }}\n\
             app_token = {{ file = \"slack-app\" }}\nceilings = false\napi_url = \"{}\"\n",
            stand_ins.slack.api_url()
        );
        let slack_link = format!(", \"s:{slack_room}\"");
        let (account, slack_link) = if has_slack { (account, slack_link) } else { Default::default() };
        let media = ports::free();
        let config = format!(
            "[relay]\ndata_dir = \"state\"\nflood = \"off\"\ntell_rooms = false\n\
             [media]\nlisten = \"127.0.0.1:{media}\"\nurl = \"https://media.example.org\"\n\
             [accounts.d]\nplatform = \"discord\"\ntoken = {{ file = \"discord\" }}\nceilings = false\n\
             api_url = \"{}\"\ngateway_url = \"{}\"\n\
             [accounts.i]\nplatform = \"irc\"\nserver = \"irc://127.0.0.1:{}\"\nnick = \"relay\"\nceilings = false\n\
             {account}[channels.lobby]\nlinks = [\"d:{room}\", \"i:{}\"{slack_link}]\n",
            stand_ins.discord.api_url(),
            stand_ins.discord.gateway_url().unwrap(),
            server.port,
            CHANNELS[0],
        );
        std::fs::write(dir.path().join("bridges.toml"), config).unwrap();
        let relay = relay(dir.path());
        let (_server, _dir) = (server, dir);
        let both = Self {
            stand_ins,
            ada,
            room,
            person,
            person_id,
            other,
            slack_room,
            media,
            linked: AtomicUsize::new(0),
            _server,
            _dir,
            relay,
        };
        both.ada.hears("Relay coming", |line| line.starts_with(":relay!") && line.contains(" JOIN ")).await;
        // Until the other side listens too.
        both.ada.says(CHANNELS[0], "is it there").await;
        until("it is there", || both.there("is it there").is_some()).await;
        until("it is on Slack", || !has_slack || both.on_slack("is it there").is_some()).await;
        both
    }

    /// Somebody on Discord gives a command.
    async fn asks(&self, person: &str, text: &str) {
        let act = Act::Command { person: person.into(), room: self.room.clone(), text: text.into() };
        // It is there as soon as Relay has registered it.
        until(text, || self.stand_ins.discord.act(act.clone()).is_ok()).await;
    }

    /// What has these words on Slack and is there.
    fn on_slack(&self, words: &str) -> Option<Seen> {
        let all = self.stand_ins.slack.messages(&self.slack_room).unwrap();
        all.into_iter().find(|message| !message.deleted && message.text.contains(words))
    }

    /// Says a text that IRC shows the beginning of, with this in it; answers the path of the link to the whole of it.
    async fn says_at_length(&self, which: &str, more: &str) -> String {
        let lines: Vec<String> = (0..30).map(|at| format!("{which} {at:02}.")).collect();
        self.say(&format!("{}\n{more}", lines.join("\n")), None);
        self.ada.sees(&format!("{which} 00.")).await;
        let has_link = |said: &Said| said.text.contains("more lines: https");
        let before = self.linked.load(Ordering::Relaxed);
        until("its link", || self.ada.said().iter().filter(|said| has_link(said)).count() > before).await;
        self.linked.store(before + 1, Ordering::Relaxed);
        let line = self.ada.said().into_iter().rfind(has_link).unwrap();
        path_in(&line.text)
    }

    /// Waits until a link leads nowhere.
    async fn ends(&self, path: &str) {
        let began = Instant::now();
        while !got(self.media, path).await.starts_with("HTTP/1.1 404") {
            assert!(began.elapsed() < PATIENCE, "{path} stays open");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn act(&self, act: Act) -> String {
        self.stand_ins.discord.act(act).unwrap()
    }

    fn say(&self, text: &str, reply_to: Option<String>) -> String {
        let (person, room, text) = (self.person.clone(), self.room.clone(), text.to_owned());
        self.act(Act::Say { person, room, text, reply_to, files: Vec::new(), thread: None })
    }

    /// The id of what has these words on Discord.
    fn there(&self, words: &str) -> Option<String> {
        let all = self.stand_ins.discord.messages(&self.room).unwrap();
        all.into_iter().find(|message| message.text.contains(words)).map(|message| message.id)
    }
}

impl Drop for Both {
    fn drop(&mut self) {
        let _ = self.relay.kill();
        let _ = self.relay.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_change_elsewhere_is_told_in_lines() {
    if !server::is_there() {
        return;
    }
    let both = Both::started().await;
    let (person, room) = (both.person.clone(), both.room.clone());
    let id = both.say("**bold** frist\nsecond line", None);
    let first = both.ada.sees("frist").await;
    let second = both.ada.sees("second line").await;
    assert!(first.text.contains("> \u{2}bold\u{2} frist"), "{first:?}");
    let before = first.text.split('>').next().unwrap();
    assert!(second.text.starts_with(before), "each line bears the name: {second:?}");

    both.act(Act::Edit {
        person: person.clone(),
        room: room.clone(),
        message: id.clone(),
        text: "first".into(),
    });
    let corrected = both.ada.sees("✎ first").await;
    assert!(corrected.text.starts_with(before), "{corrected:?}");

    both.act(Act::React {
        person: person.clone(),
        room: room.clone(),
        message: id.clone(),
        emoji: "👍".into(),
        on: true,
    });
    let reacted = both.ada.sees("reacted with 👍 to “first”").await;
    assert!(
        reacted.text.starts_with("· @") && !reacted.text.contains(&person),
        "nobody is pinged: {reacted:?}"
    );

    both.say("an answer", Some(id.clone()));
    let quoted = both.ada.sees("↪").await;
    assert!(quoted.text.starts_with(before) && quoted.text.contains("first"), "{quoted:?}");
    both.ada.sees("an answer").await;

    both.act(Act::Delete { person: person.clone(), room, message: id });
    let deleted = both.ada.sees("🗑 deleted: what").await;
    assert!(
        deleted.text.contains(" said at ")
            && !deleted.text.contains(&person)
            && !deleted.text.contains("first"),
        "{deleted:?}"
    );

    let said = both.ada.said().len();
    both.ada.says(CHANNELS[0], "a \u{1d}word\u{1d} back").await;
    until("it is there", || both.there("a *word* back").is_some() || both.there("a _word_ back").is_some())
        .await;
    assert_eq!(both.ada.said().len(), said, "nothing more was said: {:?}", both.ada.said());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_is_told_once_in_a_room_without_deletes() {
    const SAID: usize = 12;
    if !server::is_there() {
        return;
    }
    let both = Both::started().await;
    for number in 0..SAID {
        both.say(&format!("spam-{number}."), None);
    }
    both.ada.sees(&format!("spam-{}.", SAID - 1)).await;
    let spammer = format!("discord:{}", both.person_id);
    let purge = Command::new(env!("CARGO_BIN_EXE_relay"))
        .args(["purge", "--config", "bridges.toml", &spammer, "--yes"])
        .current_dir(both._dir.path())
        .env_remove("STATE_DIRECTORY")
        .output()
        .unwrap();
    assert!(purge.status.success(), "{purge:?}");
    let told = both.ada.sees("🗑 deleted: ").await;
    assert!(told.text.contains(&format!("🗑 deleted: {SAID} messages that ")), "{told:?}");
    assert!(told.text.contains(" said ") && !told.text.contains(&both.person), "{told:?}");
    // What comes later shows that nothing more is said of it.
    both.say("after all of it", None);
    both.ada.sees("after all of it").await;
    let lines = both.ada.said().into_iter().filter(|said| said.text.contains("🗑")).count();
    assert_eq!(lines, 1, "{:?}", both.ada.said());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_line_has_a_link() {
    if !server::is_there() {
        return;
    }
    let both = Both::started().await;
    let (person, room) = (both.person.clone(), both.room.clone());
    let files = vec![Given::Name("notes.txt".into())];
    both.act(Act::Say { person, room, text: "look".into(), reply_to: None, files, thread: None });
    let file = both.ada.sees("notes.txt").await;
    assert!(file.text.contains("(https://media.example.org/m/"), "{file:?}");

    let long: Vec<String> = (0..30).map(|at| format!("verse {at:02}.")).collect();
    both.say(&long.join("\n"), None);
    let rest = both.ada.sees("more lines").await;
    assert!(rest.text.contains("… (11 more lines: https://media.example.org/m/"), "{rest:?}");
    let path = rest.text.split("https://media.example.org").nth(1).unwrap().trim_end_matches(" )");
    let page = got(both.media, path).await;
    assert!(long.iter().all(|verse| page.contains(verse.as_str())), "{page}");
    assert!(!both.ada.said().iter().any(|said| said.text.contains("verse 29.")), "{:?}", both.ada.said());
}

/// Promise: a link to a whole text ends when who said it, or whom it names, is not to be seen there any more; no other one with it.
#[tokio::test(flavor = "multi_thread")]
async fn the_whole_of_a_text_is_not_to_be_read_longer_than_the_text() {
    if !server::is_there() {
        return;
    }
    let both = Both::started().await;
    let other = &both.other;
    let mention = format!("it was <@{}>", other.id);
    let named = both.says_at_length("verse", &mention).await;
    let page = got(both.media, &named).await;
    assert!(page.contains("verse 29.") && page.contains(&other.name), "{page}");
    let innocent = both.says_at_length("chapter", "it was nobody").await;
    both.asks(&other.name, "/relay privacy none").await;
    both.ends(&named).await;
    assert!(got(both.media, &innocent).await.contains("chapter 29."));
    // Without their name it has another one, which is found all the same when it is to end.
    let masked = both.says_at_length("stanza", &mention).await;
    let page = got(both.media, &masked).await;
    assert!(page.contains("stanza 29.") && !page.contains(&other.name), "{page}");
    both.asks(&both.person, "/relay privacy none").await;
    both.ends(&masked).await;
    both.ends(&innocent).await;
}

/// Promise: what somebody takes back of one platform is not to be read there by a link either; elsewhere it stays.
#[tokio::test(flavor = "multi_thread")]
async fn a_link_ends_where_one_platform_may_not_see_what_it_leads_to() {
    if !server::is_there() {
        return;
    }
    let both = Both::with_slack().await;
    let (person, room) = (both.person.clone(), both.room.clone());
    let files = vec![Given::Name("notes.txt".into())];
    both.act(Act::Say { person, room, text: "look".into(), reply_to: None, files, thread: None });
    let file = path_in(&both.ada.sees("notes.txt").await.text);
    until("Slack has it", || both.on_slack("look").is_some()).await;
    let text = both.says_at_length("verse", "the end").await;
    for path in [&file, &text] {
        assert!(got(both.media, path).await.starts_with("HTTP/1.1 200"), "{path}");
    }
    both.asks(&both.person, "/relay consent revoke bridging to irc").await;
    both.ends(&file).await;
    both.ends(&text).await;
    assert!(both.on_slack("look").is_some() && both.on_slack("verse 00.").is_some());
}

/// The path of the link in a line.
fn path_in(line: &str) -> String {
    let (_, path) = line.split_once("https://media.example.org").unwrap();
    path.trim_end_matches([' ', ')']).to_owned()
}

/// What a web server on loopback answers.
async fn got(port: u16, path: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let ask = format!("GET {path} HTTP/1.1\r\nhost: media.example.org\r\nconnection: close\r\n\r\n");
    stream.write_all(ask.as_bytes()).await.unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).await.unwrap();
    page
}
