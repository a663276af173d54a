//! A disk that rots: one file of the state directory is cut, emptied, gone, or has a flipped bit, and Relay is started on it.

use crate::bench::{Bench, PLATFORMS, until};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use stand_ins::faults::Kind;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often each file is damaged; `RELAY_DAMAGES` asks for another number.
const EACH: usize = 2;
/// How many messages wait for Telegram.
const WAITING: usize = 5;
/// Until what is there has come, or Relay has ended.
const PATIENCE: Duration = Duration::from_secs(8);

#[derive(Debug, Clone, Copy)]
enum Damage {
    Flipped(u64),
    Cut(u64),
    Gone,
}

impl Damage {
    fn of(size: u64, number: usize, rng: &mut StdRng) -> Self {
        match number % 4 {
            _ if size == 0 => Self::Gone,
            0 => Self::Flipped(rng.random_range(0..size)),
            1 => Self::Cut(rng.random_range(0..size)),
            2 => Self::Cut(0),
            _ => Self::Gone,
        }
    }

    fn done_to(self, path: &Path) {
        match self {
            Self::Flipped(at) => {
                let mut bytes = std::fs::read(path).unwrap();
                bytes[usize::try_from(at).unwrap()] ^= 0x10;
                std::fs::write(path, bytes).unwrap();
            }
            Self::Cut(to) => std::fs::File::options().write(true).open(path).unwrap().set_len(to).unwrap(),
            Self::Gone => std::fs::remove_file(path).unwrap(),
        }
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_below(&path))
        } else if path.is_file() {
            files.push(path)
        }
    }
    files.sort();
    files
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in from.read_dir().unwrap() {
        let path = entry.unwrap().path();
        let there = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &there)
        } else if path.is_file() {
            std::fs::copy(&path, &there).unwrap();
        }
    }
}

/// What Relay makes of it.
struct Found {
    /// Everything that was answered came to what it is to come to.
    intact: bool,
    /// It runs.
    runs: bool,
    /// What it said at a level that is looked at.
    told: String,
}

async fn started_on(bench: &mut Bench, round: usize, old: &str) -> Found {
    let log_before = bench.log().len();
    let delivered = |bench: &Bench| bench.with("telegram", "waiting-").len();
    let before = delivered(bench);
    bench.start();
    let began = Instant::now();
    let corrected = format!("old, corrected {round}.");
    let mut edited = false;
    let mut intact = false;
    while began.elapsed() < PATIENCE && !intact && bench.runs() {
        if !edited
            && bench
                .status()
                .is_some_and(|s| s["accounts"].as_array().unwrap().iter().all(|a| a["state"] == "up"))
        {
            bench.edit("slack", old, &corrected);
            edited = true;
        }
        let everywhere = ["discord", "telegram"].iter().all(|there| bench.with(there, &corrected).len() == 1);
        intact = delivered(bench) >= before + WAITING && everywhere;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let runs = bench.runs();
    if runs {
        bench.kill()
    } else {
        bench.bury()
    }
    let log = bench.log()[log_before..].to_owned();
    assert!(!log.contains("panicked"), "{log}");
    let aloud =
        |line: &&str| ["ERROR", "WARN", "error:", "×", "│", "help:"].iter().any(|level| line.contains(level));
    Found {
        intact,
        runs,
        told: if runs { log.lines().filter(aloud).collect::<Vec<_>>().join("\n") } else { log },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_loses_nothing_answered_or_is_named_and_is_never_passed_over_in_silence() {
    let each = std::env::var("RELAY_DAMAGES").ok().and_then(|n| n.parse().ok()).unwrap_or(EACH);
    let seed = std::env::var("RELAY_DAMAGES_SEED")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or_else(rand::random::<u64>);
    let mut rng = StdRng::seed_from_u64(seed);
    let mut bench = Bench::started().await;
    let old = bench.say("slack", "old.");
    for there in ["discord", "telegram"] {
        bench.arrives(there, "old.").await;
    }
    for number in 0..20 {
        for platform in PLATFORMS {
            bench.say(platform, &format!("before-{platform}-{number}."));
        }
    }
    until("all has arrived", || PLATFORMS.iter().all(|there| bench.with(there, "before-").len() == 60)).await;
    bench.fault("telegram", Kind::ServerError, 1_000_000, "sendMessage");
    for number in 0..WAITING {
        bench.say("slack", &format!("waiting-{number}."));
    }
    until("Discord has it", || bench.with("discord", "waiting-").len() == WAITING).await;
    bench.stop().await;
    bench.people("telegram").faults().disarm();
    let whole = bench.dir.path().join("whole");
    copy(&bench.state(), &whole);
    let files = files_below(&whole);
    let mut table = format!("RELAY_DAMAGES_SEED={seed}\n{:<44} {:<16} came to\n", "file", "damage");
    let mut wrong = Vec::new();
    let mut round = 0;
    let turn = rng.random_range(0..4);
    for (place, file) in files.iter().enumerate() {
        let name = file.strip_prefix(&whole).unwrap().to_owned();
        // The ledger's journal holds what was answered last.
        let times = if file.extension().is_some_and(|end| end == "jnl") { each * 4 } else { each };
        for number in 0..times {
            round += 1;
            std::fs::remove_dir_all(bench.state()).unwrap();
            copy(&whole, &bench.state());
            let damage = Damage::of(file.metadata().unwrap().len(), turn + place + number, &mut rng);
            damage.done_to(&bench.state().join(&name));
            let found = started_on(&mut bench, round, &old).await;
            let named = found.told.contains(&bench.state().display().to_string());
            let came_to = match &found {
                Found { intact: true, .. } => "nothing lost",
                Found { runs: true, .. } if named => "runs, says what is lost",
                Found { runs: false, .. } if named => "refused, with its place",
                Found { runs: true, .. } => "LOST IN SILENCE",
                _ => "ENDED WITHOUT A PLACE",
            };
            writeln!(table, "{:<44} {:<16} {came_to}", name.display(), format!("{damage:?}")).unwrap();
            if std::env::var_os("RELAY_DAMAGES_TOLD").is_some() {
                writeln!(table, "{}", found.told).unwrap();
            }
            if !found.intact && !named {
                wrong.push(format!("{} {damage:?}: {came_to}: {}", name.display(), found.told));
            }
        }
    }
    crate::tell(&table);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
