//! `kill -9` while the keys are rotated, and while somebody is forgotten: before each call that changes what is on disk of the keys, and
//! before each write and sync of the ledger. What a kill leaves is what was done before the call, so that these are all the places there are.

use crate::bench::{Bench, until};
use crate::executioner::{self, Call, Executioner};
use futures::StreamExt;
use serde_json::Value;
use stand_ins::people::Act;
use stand_ins::world::{Person, World};
use std::fs;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// More calls than either of it takes.
const MOST: usize = 60;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(40);
/// Over so many Relays the kills of a forgetting are spread.
const AT_ONCE: usize = 3;

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

fn ok(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", told(&output));
    told(&output)
}

fn export(bench: &Bench, who: &str) -> String {
    told(&bench.command("export").arg(who).args(["--out", "-"]).output().unwrap())
}

fn keys(bench: &Bench) -> Value {
    serde_json::from_str(&ok(bench.command("keys").arg("--json"))).unwrap()
}

/// Starts a Relay that was killed: it says nothing of damage, nor do those who look.
async fn starts_again(bench: &mut Bench, place: &str) {
    // What was killed lies there: a look at it comes first.
    let checked = bench.command("check").output().unwrap();
    assert!(checked.status.success(), "{place}: {}", told(&checked));
    let before = bench.log().len();
    bench.start();
    bench.connected(3).await;
    let log = bench.log().split_off(before);
    let complaint = log.lines().find(|line| line.contains("ERROR") || line.contains("keys"));
    assert_eq!(complaint, None, "{place}");
    let doctor = bench.command("doctor").arg("--quiet").output().unwrap();
    let found = told(&doctor);
    assert!(!found.contains("damaged") && !found.contains("older"), "{place}: {found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_of_the_keys_is_killed_before_each_of_its_calls_and_costs_nothing() {
    if !executioner::is_there() {
        return crate::not_tested("kills while keys are rotated", "strace");
    }
    let began = Instant::now();
    let mut bench = Bench::started().await;
    let first = bench.say("slack", "edited-0.");
    bench.say("discord", "of Discord.");
    bench.say("telegram", "of Telegram.");
    let who = |platform: &str| format!("{platform}:{}", bench.platform(platform).people[0].id);
    let said = [("discord", "of Discord."), ("telegram", "of Telegram.")].map(|(p, word)| (who(p), word));
    let slack = who("slack");
    bench.arrives("discord", "edited-0.").await;
    for (there, word) in [("telegram", "of Discord."), ("slack", "of Telegram."), ("telegram", "edited-0.")] {
        bench.arrives(there, word).await;
    }
    let mut kills = 0;
    for calls in executioner::CHANGES {
        let mut number = 1;
        loop {
            let place = format!("before {calls} {number}");
            assert!(number < MOST, "there is no end to its {calls}");
            let executioner = Executioner::at_keys(&bench, calls, number);
            let rotated = bench.command("keys").arg("rotate").output().unwrap();
            if rotated.status.success() {
                break;
            }
            let asked = Instant::now();
            while bench.runs() {
                assert!(asked.elapsed() < PATIENCE, "{place}: {}", told(&rotated));
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            bench.bury();
            drop(executioner);
            starts_again(&mut bench, &place).await;
            for (who, word) in &said {
                assert!(export(&bench, who).contains(word), "{place}: {}", export(&bench, who));
            }
            let words = format!("edited-{kills}.");
            assert!(export(&bench, &slack).contains(&words), "{place}: {}", export(&bench, &slack));
            (kills, number) = (kills + 1, number + 1);
            bench.edit("slack", &first, &format!("edited-{kills}."));
            bench.arrives("discord", &format!("edited-{kills}.")).await;
            // Once more, and it ends.
            let master = || fs::read(bench.state().join("master.key")).unwrap();
            let before = master();
            ok(bench.command("keys").arg("rotate"));
            assert_ne!(before, master(), "{place}");
            let shown = keys(&bench);
            assert_eq!((&shown["people"], &shown["masters"]), (&3.into(), &1.into()), "{place}: {shown}");
        }
    }
    crate::tell(&format!("{kills} kills while keys are rotated, in {:.0?}\n", began.elapsed()));
    // Three files: what an earlier kill has left of each is removed, it is written, synced and renamed, and the folder is synced.
    assert!(kills >= 15, "only {kills} places were found");
}

/// Where Relay is killed.
#[derive(Debug, Clone, Copy)]
enum Place {
    Keys(&'static str, usize),
    Ledger(Call, usize),
}

/// People of Discord with a few words each, one for each kill.
struct Crowd {
    bench: Bench,
    /// Who is next.
    next: usize,
    /// How often it went on after a kill without being asked for again.
    by_itself: usize,
}

impl Crowd {
    async fn of(count: usize) -> Self {
        let mut world = World::demo();
        let people = &mut world.discord.people;
        for number in people.len()..count {
            let name = format!("Somebody {number}");
            let person = Person { id: String::new(), handle: String::new(), name, ..people[1].clone() };
            people.push(person);
        }
        let mut bench = Bench::of(world).await;
        bench.start();
        bench.connected(3).await;
        bench.say("slack", "of who stays.");
        bench.arrives("telegram", "of who stays.").await;
        Self { bench, next: 0, by_itself: 0 }
    }

    fn who(&self, number: usize) -> String {
        format!("discord:{}", self.bench.platform("discord").people[number].id)
    }

    /// What somebody says: it is in the other rooms when this returns.
    async fn talks(&self, number: usize) {
        let bench = &self.bench;
        for part in ["first", "second"] {
            let act = Act::Say {
                person: bench.platform("discord").people[number].id.clone(),
                room: bench.room("discord"),
                text: format!("{part} of n{number}."),
                reply_to: None,
                files: vec![],
                thread: None,
            };
            bench.people("discord").act(act).expect("people can talk");
        }
        for there in ["slack", "telegram"] {
            bench.arrives(there, &format!("first of n{number}.")).await;
            bench.arrives(there, &format!("second of n{number}.")).await;
        }
    }

    fn forget(&self, number: usize) -> Command {
        let mut command = self.bench.command("forget");
        command.arg(self.who(number));
        command
    }

    /// What has become of a wish; none where nobody has asked.
    fn wish(&self, number: usize) -> Option<String> {
        let output = self.forget(number).output().unwrap();
        output.status.success().then(|| told(&output))
    }

    /// Somebody is forgotten, with a kill at a place; answers whether it was reached.
    async fn kill_at(&mut self, place: Place) -> bool {
        let (number, stays) = (self.next, self.next + 1);
        assert!(stays < MOST, "there is no end to its calls");
        self.next += 1;
        if number == 0 {
            self.talks(0).await;
        }
        self.talks(stays).await;
        let executioner = match place {
            Place::Keys(calls, number) => Executioner::at_keys(&self.bench, calls, number),
            Place::Ledger(call, number) => Executioner::at(&self.bench, call, number),
        };
        let mut asking = self.forget(number);
        let asking = asking.arg("--yes").stdout(Stdio::null()).stderr(Stdio::null());
        let acknowledged = asking.status().unwrap().success();
        let is_done = |wish: Option<String>| wish.is_some_and(|wish| wish.contains("Forgotten on"));
        let began = Instant::now();
        while self.bench.runs() && !is_done(self.wish(number)) {
            assert!(began.elapsed() < PATIENCE, "{place:?}: neither done nor dead");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        // It may have come to its place after all while it was asked.
        drop(executioner);
        tokio::time::sleep(Duration::from_millis(100)).await;
        let died = !self.bench.runs();
        if died {
            self.bench.bury();
            let place = format!("{place:?}");
            starts_again(&mut self.bench, &place).await;
            match self.wish(number) {
                Some(_) => self.by_itself += 1,
                None => {
                    assert!(!acknowledged, "{place}: what was acknowledged goes on by itself");
                    ok(self.forget(number).arg("--yes"));
                }
            }
            until("they are forgotten", || is_done(self.wish(number))).await;
        }
        self.is_gone(number, &format!("{place:?}")).await;
        died
    }

    /// Nothing of somebody is left, and all of the others.
    async fn is_gone(&self, number: usize, place: &str) {
        let bench = &self.bench;
        for there in ["slack", "telegram"] {
            assert_eq!(bench.with(there, &format!("of n{number}.")), [], "{place}");
            assert_eq!(bench.with(there, &format!("of n{}.", number + 1)).len(), 2, "{place}");
        }
        assert!(!export(bench, &self.who(number)).contains("of n"), "{place}");
        let others = export(bench, &self.who(number + 1));
        assert!(others.contains("first of n") && others.contains("second of n"), "{place}: {others}");
        let other = export(bench, &format!("slack:{}", bench.platform("slack").people[0].id));
        assert!(other.contains("of who stays."), "{place}: {other}");
        // Whoever stays, and who was forgotten until now.
        let shown = keys(bench);
        assert_eq!(
            (&shown["people"], &shown["retired"], &shown["forgotten"]),
            (&2.into(), &0.into(), &(number + 1).into()),
            "{place}: {shown}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgetting_is_killed_at_each_of_its_steps_and_goes_on_to_its_end() {
    if !executioner::is_there() {
        return crate::not_tested("kills while somebody is forgotten", "strace");
    }
    let began = Instant::now();
    type Placed = fn(usize) -> Place;
    let keys: [Placed; 5] = [
        |n| Place::Keys(executioner::CHANGES[0], n),
        |n| Place::Keys(executioner::CHANGES[1], n),
        |n| Place::Keys(executioner::CHANGES[2], n),
        |n| Place::Keys(executioner::CHANGES[3], n),
        |n| Place::Keys(executioner::CHANGES[4], n),
    ];
    let ledger: [Placed; 2] = [|n| Place::Ledger(Call::Write, n), |n| Place::Ledger(Call::Sync, n)];
    let runs = futures::stream::iter([&keys[..], &ledger[..1], &ledger[1..]]).map(|places| async move {
        let mut crowd = Crowd::of(MOST).await;
        let mut kills = 0;
        for place in places {
            let mut number = 1;
            while crowd.kill_at(place(number)).await {
                (kills, number) = (kills + 1, number + 1);
            }
        }
        crowd.bench.stop().await;
        assert!(crowd.by_itself > 0, "none of {kills} was after somebody had asked");
        kills
    });
    let kills: Vec<usize> = runs.buffered(AT_ONCE).collect().await;
    crate::tell(&format!(
        "{kills:?} kills while somebody is forgotten (keys, writes, syncs), in {:.0?}\n",
        began.elapsed()
    ));
    assert!(kills[0] >= 9 && kills[1] >= 5 && kills[2] >= 2, "only {kills:?} places were found");
}
