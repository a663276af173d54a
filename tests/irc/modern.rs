//! What IRCv3 adds, between two channels of one server: on InspIRCd what it has, on the stand-in all of it.

use crate::bench::{relay, until};
use crate::inspircd::{self, InspIrcd};
use crate::person::{Person, tag, untagged};
use stand_ins::irc::{self, Fault, Irc, Limit, Server};
use std::process::{Child, Command};

/// What people's clients ask for.
const CAPABILITIES: &str = "batch echo-message labeled-response message-tags server-time";
/// And of the stand-in.
const ALL: &str =
    "batch echo-message labeled-response message-tags server-time draft/multiline draft/message-redaction";
const CHANNELS: [&str; 2] = ["#alpha", "#Beta"];

/// Ada in the first channel, Ivo in the second, and Relay in both with a nick each.
struct Modern {
    ada: Person,
    ivo: Person,
    dir: tempfile::TempDir,
    relay: Option<Child>,
}

impl Modern {
    async fn started(port: u16, capabilities: &str) -> Self {
        Self::with(port, capabilities, "ceilings = false").await
    }

    /// The same; `account` stands in the config of both accounts.
    async fn with(port: u16, capabilities: &str, account: &str) -> Self {
        let ada = Person::modern(port, "Ada", &[CHANNELS[0]], capabilities).await;
        let ivo = Person::modern(port, "Ivo", &[CHANNELS[1]], capabilities).await;
        let dir = tempfile::tempdir().unwrap();
        let section = |name: &str, nick: &str| {
            format!(
                "[accounts.{name}]\nplatform = \"irc\"\nserver = \"irc://127.0.0.1:{port}\"\nnick = \"{nick}\"\n{account}\n"
            )
        };
        let config = format!(
            "[relay]\ndata_dir = \"state\"\nflood = \"off\"\ntell_rooms = false\n{}{}[channels.lobby]\nlinks = [\"one:{}\", \"two:{}\"]\n",
            section("one", "relay"),
            section("two", "relay2"),
            CHANNELS[0],
            CHANNELS[1]
        );
        std::fs::write(dir.path().join("bridges.toml"), config).unwrap();
        let mut modern = Self { ada, ivo, dir, relay: None };
        modern.start();
        modern.inside().await;
        modern
    }

    fn start(&mut self) {
        self.relay = Some(relay(self.dir.path()));
    }

    fn kill(&mut self) {
        if let Some(mut relay) = self.relay.take() {
            let _ = relay.kill();
            let _ = relay.wait();
        }
    }

    /// Until each delivery has its receipt.
    async fn nothing_waits(&self) {
        until("nothing waits", || {
            let mut queue = Command::new(env!("CARGO_BIN_EXE_relay"));
            let told = queue
                .args(["queue", "--json", "--config", "bridges.toml"])
                .current_dir(self.dir.path())
                .output();
            serde_json::from_slice::<Vec<serde_json::Value>>(&told.unwrap().stdout)
                .is_ok_and(|rooms| rooms.is_empty())
        })
        .await;
    }

    /// Until both channels hear each other.
    async fn inside(&self) {
        self.ada.hears("Relay coming", |line| comes(line, "relay")).await;
        self.ivo.hears("Relay coming", |line| comes(line, "relay2")).await;
        self.ada.says(CHANNELS[0], "is it there").await;
        self.ivo.sees("is it there").await;
    }
}

impl Drop for Modern {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("{}", std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default());
        }
    }
}

fn comes(line: &str, nick: &str) -> bool {
    untagged(line).starts_with(&format!(":{nick}!")) && line.contains(" JOIN ")
}

/// How often Relay's connection has ended.
fn cuts(person: &Person) -> usize {
    person
        .lines()
        .iter()
        .filter(|line| untagged(line).starts_with(":relay2!") && line.contains(" QUIT "))
        .count()
}

/// The line in which something is said, with its tags.
async fn line(person: &Person, words: &str) -> String {
    person.hears(words, |line| line.contains(" PRIVMSG ") && line.contains(words)).await
}

/// Says something; answers its id.
async fn say(person: &Person, channel: &str, tags: &str, words: &str) -> String {
    person.send(&format!("{tags}PRIVMSG {channel} :{words}")).await;
    tag(&line(person, words).await, "msgid").unwrap()
}

/// Answers and reactions, which need no more than tags.
async fn answers_and_reactions(modern: &Modern) {
    let (ada, ivo) = (&modern.ada, &modern.ivo);
    let first = say(ada, CHANNELS[0], "", "the question").await;
    let copy = tag(&line(ivo, "the question").await, "msgid").unwrap();
    let answer = say(ivo, CHANNELS[1], &format!("@+draft/reply={copy} "), "the answer").await;
    let answered = line(ada, "the answer").await;
    assert_eq!(tag(&answered, "+draft/reply"), Some(first.clone()), "{answered}");
    assert!(!answered.contains("the question"), "an answer that is one quotes nothing: {answered}");
    let copy_of_answer = tag(&answered, "msgid").unwrap();
    say(ada, CHANNELS[0], &format!("@+draft/reply={copy_of_answer} "), "thank you").await;
    assert_eq!(tag(&line(ivo, "thank you").await, "+draft/reply"), Some(answer));
    for sign in ["+draft/react", "+draft/unreact"] {
        ivo.send(&format!("@{sign}=👍;+draft/reply={copy} TAGMSG {}", CHANNELS[1])).await;
        let of_relay = |line: &str| untagged(line).starts_with(":relay!") && line.contains(" TAGMSG ");
        let told = ada.hears(sign, |line| of_relay(line) && tag(line, sign).is_some()).await;
        assert_eq!((tag(&told, sign), tag(&told, "+draft/reply")), (Some("👍".into()), Some(first.clone())));
    }
}

/// Many lines at once, which come all, once, and in order.
async fn a_burst(modern: &Modern) {
    for at in 0..100 {
        modern.ada.says(CHANNELS[0], &format!("line {at:03}.")).await;
    }
    modern.ivo.sees("line 099.").await;
    let said = modern.ivo.said();
    let lines: Vec<_> = said.iter().filter(|said| said.text.contains("line ")).collect();
    assert_eq!(lines.len(), 100);
    assert!(
        lines.iter().zip(0..).all(|(said, at)| said.text.contains(&format!("line {at:03}."))),
        "{lines:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_server_with_message_ids() {
    if !inspircd::is_there() {
        return;
    }
    let server = InspIrcd::start();
    let mut modern = Modern::started(server.port, CAPABILITIES).await;
    answers_and_reactions(&modern).await;
    a_burst(&modern).await;
    // The server plays back what was said to whoever comes in: only what nobody has heard is news.
    modern.ada.send(&format!("MODE {} +H 50:1h", CHANNELS[0])).await;
    say(&modern.ada, CHANNELS[0], "", "before").await;
    modern.ivo.sees("before").await;
    // A kill between a delivery and its receipt leaves it in doubt, and here nobody tells what is there.
    modern.nothing_waits().await;
    modern.kill();
    modern
        .ada
        .hears("Relay going", |line| untagged(line).starts_with(":relay!") && line.contains(" QUIT "))
        .await;
    say(&modern.ada, CHANNELS[0], "", "meanwhile").await;
    modern.start();
    modern.ivo.sees("meanwhile").await;
    say(&modern.ada, CHANNELS[0], "", "afterwards").await;
    modern.ivo.sees("afterwards").await;
    for words in ["before", "meanwhile", "afterwards"] {
        let count = modern.ivo.said().iter().filter(|said| said.text.contains(words)).count();
        assert_eq!(count, 1, "{words}: {:?}", modern.ivo.said());
    }
}

async fn stand_in(server: Server) -> Irc {
    irc::start(server, 0).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_drafts_add() {
    let server = stand_in(Server::default()).await;
    let modern = Modern::started(server.address.port(), ALL).await;
    answers_and_reactions(&modern).await;
    let (ada, ivo) = (&modern.ada, &modern.ivo);

    // Several lines are one message, both ways, and each bears the name.
    ada.send("BATCH +1 draft/multiline #alpha").await;
    for (tags, words) in [("", "one"), ("", "two"), (";draft/multiline-concat", " and a half")] {
        ada.send(&format!("@batch=1{tags} PRIVMSG #alpha :{words}")).await;
    }
    ada.send("BATCH -1").await;
    line(ivo, "two and a half").await;
    let kept = server.messages("#beta").into_iter().find(|(_, words, _)| words.contains("two")).unwrap();
    assert_eq!(kept.1, "<A\u{2060}da ‹IRC›> one\n<A\u{2060}da ‹IRC›> two and a half");

    // Taken back where it was said, and taken away by an operator: gone on the other side.
    let said = say(ada, CHANNELS[0], "", "said in haste").await;
    line(ivo, "said in haste").await;
    ada.send(&format!("REDACT {} {said} :oops", CHANNELS[0])).await;
    ivo.hears("the redaction", |line| untagged(line).starts_with(":relay2!") && line.contains(" REDACT "))
        .await;
    let gone = |channel: &str| {
        let all = server.messages(channel);
        all.into_iter().any(|(_, words, redacted)| words.contains("said in haste") && redacted)
    };
    until("it is gone", || gone("#beta")).await;
    assert!(!ivo.said().iter().any(|said| said.text.contains("deleted")), "nothing is said about it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_misses_nothing() {
    let server = stand_in(Server { history_most: 7, ..Server::default() }).await;
    let mut modern = Modern::started(server.address.port(), ALL).await;
    say(&modern.ada, CHANNELS[0], "", "before").await;
    modern.ivo.sees("before").await;
    modern.kill();
    for at in 0..30 {
        modern.ada.says(CHANNELS[0], &format!("meanwhile {at:02}.")).await;
    }
    line(&modern.ada, "meanwhile 29.").await;
    modern.start();
    modern.ivo.sees("meanwhile 29.").await;
    // And while only the connection was away.
    server.fault(Fault::Cut("relay".into()));
    say(&modern.ada, CHANNELS[0], "", "just then").await;
    modern.ivo.sees("just then").await;
    let told: Vec<_> =
        modern.ivo.said().into_iter().filter(|said| !said.text.contains("is it there")).collect();
    let words: Vec<_> = told.iter().map(|said| said.text.rsplit("> ").next().unwrap()).collect();
    let expected: Vec<_> = ["before".to_owned()]
        .into_iter()
        .chain((0..30).map(|at| format!("meanwhile {at:02}.")))
        .chain(["just then".to_owned()])
        .collect();
    assert_eq!(words, expected, "each once, in order");
}

/// Promise: a no counts that was said while Relay was away; what was answered before is not carried out again.
#[tokio::test(flavor = "multi_thread")]
async fn a_no_in_a_history_counts_once() {
    let server = stand_in(Server::default()).await;
    let mut modern = Modern::started(server.address.port(), ALL).await;
    say(&modern.ada, CHANNELS[0], "", "before").await;
    modern.ivo.sees("before").await;
    let answered = |modern: &Modern, words: &str| {
        modern.ada.said().iter().filter(|said| said.command == "NOTICE" && said.text.contains(words)).count()
    };
    let nothing = |modern: &Modern| answered(modern, "nothing of yours is carried");
    modern.ada.says(CHANNELS[0], "!relay privacy none").await;
    until("an answer", || nothing(&modern) == 1).await;
    // What was said last was said where no history has it.
    modern.ada.send(&format!("PRIVMSG relay :{} privacy full", CHANNELS[0])).await;
    until("another answer", || answered(&modern, "From now on") == 2).await;
    modern.kill();
    modern.start();
    say(&modern.ada, CHANNELS[0], "", "for everybody").await;
    modern.ivo.sees("for everybody").await;
    assert_eq!(nothing(&modern), 1);
    modern.kill();
    modern.ada.says(CHANNELS[0], "!relay privacy none").await;
    modern.ada.says(CHANNELS[0], "!relay status").await;
    say(&modern.ada, CHANNELS[0], "", "a secret").await;
    modern.start();
    until("it is answered", || nothing(&modern) == 2).await;
    let eve = Person::join(server.address.port(), "Eve", &[CHANNELS[0]]).await;
    eve.says(CHANNELS[0], "who else is here").await;
    modern.ivo.sees("who else is here").await;
    assert_eq!(answered(&modern, "lobby"), 0, "whoever asked may be gone");
    assert!(!modern.ivo.said().iter().any(|said| said.text.contains("a secret")), "{:?}", modern.ivo.said());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_answered_is_looked_for() {
    let server = stand_in(Server::default()).await;
    let modern = Modern::started(server.address.port(), ALL).await;
    for round in 0..3 {
        // Relay's copy is taken, and the connection is cut before Relay is told.
        server.fault(Fault::CutAfter("relay2".into()));
        say(&modern.ada, CHANNELS[0], "", &format!("cut {round}.")).await;
        modern
            .ivo
            .hears("the cut", |line| {
                untagged(line).starts_with(":relay2!") && line.contains(" QUIT ") && cuts(&modern.ivo) > round
            })
            .await;
    }
    say(&modern.ada, CHANNELS[0], "", "the end").await;
    modern.ivo.sees("the end").await;
    for round in 0..3 {
        let words = format!("cut {round}.");
        let copies =
            server.messages("#beta").into_iter().filter(|(_, said, _)| said.contains(&words)).count();
        assert_eq!(copies, 1, "{words}: {:?}", server.messages("#beta"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_nicks_where_relay_may() {
    let server = stand_in(Server::default()).await;
    let modern = Modern::started(server.address.port(), ALL).await;
    let (ada, ivo) = (&modern.ada, &modern.ivo);
    ivo.send(&format!("MODE {} +o relay2", CHANNELS[1])).await;
    ivo.hears("the mode", |line| line.contains(" MODE ") && line.contains("relay2")).await;
    say(ada, CHANNELS[0], "", "under a name").await;
    let under = ivo.sees("under a name").await;
    assert_eq!((under.nick.as_str(), under.text.as_str()), ("Ada/IRC", "under a name"));
    // It is Relay's own, and does not come back.
    say(ada, CHANNELS[0], "", "the next").await;
    ivo.sees("the next").await;
    assert!(!ada.said().iter().any(|said| said.nick == "relay"), "{:?}", ada.said());
    server.fault(Fault::NoNames);
    say(ada, CHANNELS[0], "", "before the line").await;
    assert_eq!(ivo.sees("before the line").await.text, "<A\u{2060}da ‹IRC›> before the line");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_floods_gets_all_of_a_burst() {
    // Relay may say 20 lines at once, and less than two a second from then on.
    let limit = Some(Limit { burst: 30.0, a_second: 2.5 });
    let server = stand_in(Server { limit, ..Server::default() }).await;
    let port = server.address.port();
    let modern = Modern::with(port, ALL, "").await;
    for nick in ["Bo", "Cy", "Di"] {
        let person = Person::modern(port, nick, &[CHANNELS[0]], ALL).await;
        for at in 0..14 {
            person.says(CHANNELS[0], &format!("{nick} {at:02}.")).await;
        }
        line(&person, &format!("{nick} 13.")).await;
    }
    modern.ivo.sees("Di 13.").await;
    let said: Vec<_> = modern.ivo.said().into_iter().filter(|said| said.text.ends_with('.')).collect();
    let words: Vec<_> = said.iter().map(|said| said.text.rsplit("> ").next().unwrap().to_owned()).collect();
    let each = |nick: &'static str| (0..14).map(move |at| format!("{nick} {at:02}."));
    assert_eq!(words, ["Bo", "Cy", "Di"].into_iter().flat_map(each).collect::<Vec<_>>());
    assert_eq!(cuts(&modern.ivo), 0, "nobody has sent too much");
}
