//! Relay speaks with somebody in their own language, and in a room in that of its channel.

use crate::bench::{Bench, until};
use crate::joining::ask;
use stand_ins::irc;
use stand_ins::world::World;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// Promise: whose platform tells their language is answered in it, also when they are refused; others are not.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_is_answered_in_their_own_language() {
    let mut world = World::demo();
    world.discord.people[0].locale = "de".into();
    world.discord.people[1].locale = "fr".into();
    world.telegram.people[0].locale = "de-AT".into();
    world.telegram.people[1].locale = "de".into();
    let mut bench = Bench::of(world).await;
    bench.start();
    bench.connected(3).await;
    let (discord, telegram) = (bench.room("discord"), bench.room("telegram"));
    let told = ask(&bench, "discord", 0, &discord, "/relay status").await;
    assert!(
        told.contains("Verbunden mit lobby, zusammen mit 1 Slack-Raum, 1 Telegram-Raum: läuft."),
        "{told}"
    );
    let told = ask(&bench, "discord", 1, &discord, "/relay status").await;
    assert!(told.contains("Joined to lobby, with 1 Slack room, 1 Telegram room: works."), "{told}");
    let told = ask(&bench, "telegram", 0, &telegram, "/relay status").await;
    assert!(
        told.contains("Verbunden mit lobby, zusammen mit 1 Discord-Raum, 1 Slack-Raum: läuft."),
        "{told}"
    );
    let told = ask(&bench, "telegram", 1, &telegram, "/relay disconnect").await;
    let refused = "Das darf nur, wer diesen Raum verwalten darf: auf Telegram wer die Gruppe administriert.";
    assert!(told.contains(refused), "{told}");
    bench.stop().await;
}

/// Somebody on IRC, in a channel.
struct Person {
    lines: Lines<BufReader<OwnedReadHalf>>,
    says: OwnedWriteHalf,
    channel: String,
}

impl Person {
    async fn join(server: &irc::Irc, nick: &str, channel: &str) -> Self {
        let (hears, mut says) = TcpStream::connect(server.address).await.unwrap().into_split();
        let hello = format!("NICK {nick}\r\nUSER {nick} 0 * :{nick}\r\nJOIN {channel}\r\n");
        says.write_all(hello.as_bytes()).await.unwrap();
        let mut person = Self { lines: BufReader::new(hears).lines(), says, channel: channel.to_owned() };
        person.hear(" 366 ").await;
        person
    }

    /// The next line with these words.
    async fn hear(&mut self, words: &str) -> String {
        let heard = async {
            loop {
                let line = self.lines.next_line().await.unwrap().expect("the server stays");
                if line.contains(words) {
                    return line;
                }
            }
        };
        let patience = std::time::Duration::from_secs(20);
        tokio::time::timeout(patience, heard).await.unwrap_or_else(|_| panic!("nobody says {words:?}"))
    }

    async fn say(&mut self, words: &str) {
        let line = format!("PRIVMSG {} :{words}\r\n", self.channel);
        self.says.write_all(line.as_bytes()).await.unwrap();
    }
}

/// Promise: what a room is told, and whoever asks in it without a language of their own, is said in its channel's language; another
/// one in the config is spoken from its reload on.
#[tokio::test(flavor = "multi_thread")]
async fn a_channel_has_a_language() {
    let server = irc::start(irc::Server::default(), 0).await.expect("a loopback port");
    let mut bench = Bench::new().await;
    bench.write_config(&format!(
        "[accounts.i]\nplatform = \"irc\"\nserver = \"irc://{}\"\nnick = \"relay\"\n",
        server.address
    ));
    let write = |from: &str, to: &str| {
        let text = std::fs::read_to_string(bench.config()).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(bench.config(), text.replace(from, to)).unwrap();
    };
    write("[channels.lobby]\nlinks = [", "[channels.lobby]\nlanguage = \"de\"\nlinks = [\"i:#owls\", ");
    write("flood = \"off\"", "flood = \"300 per minute, 5 at once\"\nreload = \"asked\"");
    bench.start();
    bench.connected(4).await;
    let mut ada = Person::join(&server, "ada", "#owls").await;
    ada.say("!relay status").await;
    ada.hear("Verbunden mit lobby, zusammen mit 1 Discord-Raum, 1 Slack-Raum, 1 Telegram-Raum").await;
    (0..20).for_each(|number| drop(bench.say("slack", &format!("flood-{number}."))));
    let late = format!("Nachrichten von {} kommen in den anderen Räumen später an", bench.person("slack"));
    until("its room is told in German", || !bench.with("slack", &late).is_empty()).await;
    let text = std::fs::read_to_string(bench.config()).unwrap();
    std::fs::write(bench.config(), text.replace("language = \"de\"\n", "")).unwrap();
    let reload = bench.command("reload").output().unwrap();
    assert!(reload.status.success(), "{reload:?}");
    assert!(String::from_utf8_lossy(&reload.stdout).contains("language"), "{reload:?}");
    ada.say("!relay status").await;
    ada.hear("Joined to lobby, with").await;
    let text = std::fs::read_to_string(bench.config()).unwrap();
    std::fs::write(bench.config(), text.replace("[relay]\n", "[relay]\nlanguage = \"de\"\n")).unwrap();
    assert!(bench.command("reload").output().unwrap().status.success());
    ada.say("!relay status").await;
    ada.hear("Verbunden mit lobby").await;
    bench.stop().await;
}
