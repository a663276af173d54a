//! IRC and a platform that can do more: what people there change, IRC is told of.

use crate::bench::{CHANNELS, relay, until};
use crate::person::Person;
use crate::server::{self, Server};
use stand_ins::StandIns;
use stand_ins::people::{Act, Given};
use stand_ins::ports;
use stand_ins::world::World;
use std::process::{Child, Command};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A Discord guild and an IRC server, and Relay between them.
struct Both {
    stand_ins: StandIns,
    ada: Person,
    room: String,
    person: String,
    person_id: String,
    media: u16,
    _server: Server,
    _dir: tempfile::TempDir,
    relay: Child,
}

impl Both {
    async fn started() -> Self {
        let mut world = World::demo();
        world.fill_ids().unwrap();
        let stand_ins = stand_ins::start(world.clone()).await.unwrap();
        let server = Server::start("one", crate::NO_PENALTY);
        let ada = Person::join(server.port, "Ada", &[CHANNELS[0]]).await;
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("discord"), &world.discord.bots[0].token).unwrap();
        let room = world.discord.spaces[0].rooms[0].id.clone();
        let (person, person_id) = (world.discord.people[0].name.clone(), world.discord.people[0].id.clone());
        let media = ports::free();
        let config = format!(
            "[relay]\ndata_dir = \"state\"\nflood = \"off\"\ntell_rooms = false\n\
             [media]\nlisten = \"127.0.0.1:{media}\"\nurl = \"https://media.example.org\"\n\
             [accounts.d]\nplatform = \"discord\"\ntoken = {{ file = \"discord\" }}\nceilings = false\n\
             api_url = \"{}\"\ngateway_url = \"{}\"\n\
             [accounts.i]\nplatform = \"irc\"\nserver = \"irc://127.0.0.1:{}\"\nnick = \"relay\"\nceilings = false\n\
             [channels.lobby]\nlinks = [\"d:{room}\", \"i:{}\"]\n",
            stand_ins.discord.api_url(),
            stand_ins.discord.gateway_url().unwrap(),
            server.port,
            CHANNELS[0],
        );
        std::fs::write(dir.path().join("bridges.toml"), config).unwrap();
        let relay = relay(dir.path());
        let both = Self { stand_ins, ada, room, person, person_id, media, _server: server, _dir: dir, relay };
        both.ada.hears("Relay coming", |line| line.starts_with(":relay!") && line.contains(" JOIN ")).await;
        // Until the other side listens too.
        both.ada.says(CHANNELS[0], "is it there").await;
        until("it is there", || both.there("is it there").is_some()).await;
        both
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

/// What a web server on loopback answers.
async fn got(port: u16, path: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let ask = format!("GET {path} HTTP/1.1\r\nhost: media.example.org\r\nconnection: close\r\n\r\n");
    stream.write_all(ask.as_bytes()).await.unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).await.unwrap();
    page
}
