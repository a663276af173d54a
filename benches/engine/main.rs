//! What the engine itself costs a message: accepted, on disk, fanned out, delivered to a platform that answers at once, completed.
//! One process, no sockets; CPU time and syncs are those of everything in it.
//!
//! `cargo bench --bench engine`

mod consent;
#[path = "../figures.rs"]
mod figures;
mod instant;
#[path = "../process.rs"]
mod process;

use clap::Parser;
use figures::{Figure, Target};
use instant::{Instant, Say};
use process::Process;
use relay::engine::{AccountPlan, Channel, Engine, Plan, PlannedLink, PlannedRoom, Stores, block_on};
use relay::media::{Media, Settings};
use relay::routing::Direction;
use relay_contract::{Account, NativeId};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// The binary's own.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Measures the engine path, in about a minute.
#[derive(Parser)]
struct Arguments {
    /// Messages a round
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(100..=1_000_000))]
    messages: u64,
    /// Rounds, of which the median counts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=50))]
    rounds: u32,
    /// Linked rooms (each with one elsewhere) among which the messages are spread; one run each
    #[arg(long, value_delimiter = ',', default_value = "1,16,1000")]
    rooms: Vec<u64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Be the engine of another such process: its input says how many messages are to be carried, line by line
    #[arg(long, hide = true)]
    turns: Option<consent::Who>,
    /// `cargo bench` says so
    #[arg(long, hide = true)]
    bench: bool,
}

/// Longest wait for a round.
const PATIENCE: Duration = Duration::from_secs(300);

type Trouble = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.turns {
        Some(who) => block_on(consent::take_turns(who)),
        None => figures(&arguments).map(|figures| figures::show(&figures, arguments.json)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("engine: {trouble}");
            ExitCode::FAILURE
        }
    }
}

fn figures(arguments: &Arguments) -> Result<Vec<Figure>, Trouble> {
    let mut figures = Vec::new();
    for &rooms in &arguments.rooms {
        figures.extend(measure(arguments, rooms.max(1))?);
    }
    figures.extend(consent::measure(arguments)?);
    Ok(figures)
}

/// What one round has given.
struct Round {
    cpu_us: f64,
    per_second: f64,
    syncs: f64,
    resident_mib: f64,
}

fn measure(arguments: &Arguments, rooms: u64) -> Result<Vec<Figure>, Trouble> {
    let rounds = block_on(rounds(arguments, rooms))?;
    let of = |value: fn(&Round) -> f64| rounds.iter().map(value).collect();
    let what = |what: &str| format!("{what}, {rooms} linked rooms");
    Ok(vec![
        Figure::new(what("CPU a message"), "µs", of(|round| round.cpu_us)).aimed(Target::AtMost(60.0)),
        Figure::new(what("durable messages"), "1/s", of(|round| round.per_second))
            .aimed(Target::AtLeast(5_000.0)),
        Figure::new(what("syncs"), "a message", of(|round| round.syncs)).aimed(Target::AtMost(1.0 / 16.0)),
        Figure::new(what("resident memory"), "MiB", of(|round| round.resident_mib)),
    ])
}

/// One engine for all rounds, as in a Relay that has run for a while; the first messages fill caches and are not counted.
async fn rounds(arguments: &Arguments, rooms: u64) -> Result<Vec<Round>, Trouble> {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let (here, say) = Instant::new("here");
    let (there, _silent) = Instant::new("there");
    let (here, there) = (Arc::new(here), Arc::new(there));
    let stores = Stores::open(dir.path())?;
    let media = Media::open(&Settings::default(), dir.path())?;
    let (engine, _calls) = Engine::start(stores, media, plan(&here, &there, rooms))?;
    let mut said = 0;
    carry(&engine, &there, &say, &mut said, rooms, (2 * rooms).max(1_000)).await?;
    let mut rounds = Vec::new();
    for _ in 0..arguments.rounds {
        let (process, syncs) = (Process::of(std::process::id()), engine.core().ledger.syncs());
        let (cpu, began) = (process.cpu().map_err(told)?, std::time::Instant::now());
        carry(&engine, &there, &say, &mut said, rooms, arguments.messages).await?;
        let messages = arguments.messages as f64;
        rounds.push(Round {
            per_second: messages / began.elapsed().as_secs_f64(),
            cpu_us: (process.cpu().map_err(told)? - cpu).as_secs_f64() * 1e6 / messages,
            syncs: (engine.core().ledger.syncs() - syncs) as f64 / messages,
            resident_mib: process.resident_kib().map_err(told)? / 1024.0,
        });
    }
    engine.stop().await;
    Ok(rounds)
}

fn told(not_told: process::NotTold) -> Trouble {
    not_told.to_string().into()
}

fn plan(here: &Arc<Instant>, there: &Arc<Instant>, rooms: u64) -> Plan {
    let account = |name: &str, connector: &Arc<Instant>| AccountPlan {
        name: Account(name.into()),
        connector: connector.clone(),
        ceilings: false,
        pace: 1,
        server: None,
        deaf_after: Duration::from_secs(60),
        unsure: Default::default(),
    };
    let link = |account: &str, room: u64| PlannedLink {
        at: PlannedRoom {
            account: Account(account.into()),
            room: NativeId::from(room.to_string()),
            by_name: false,
        },
        direction: Direction::Both,
        settings: Default::default(),
        joined: false,
        own_name: None,
    };
    let channel =
        |room| Channel { links: vec![link("here", room), link("there", room)], ..Channel::default() };
    Plan {
        accounts: vec![account("here", here), account("there", there)],
        channels: (0..rooms).map(|room| (format!("channel-{room}"), channel(room))).collect(),
        catch_up: Default::default(),
        flood: None,
        keeping: Default::default(),
        language: Default::default(),
        admins: None,
    }
}

/// Says so many messages, and waits until each is delivered and its row closed.
async fn carry(
    engine: &Engine,
    there: &Instant,
    say: &tokio::sync::mpsc::Sender<Say>,
    said: &mut u64,
    rooms: u64,
    messages: u64,
) -> Result<(), Trouble> {
    say.send(Say { from: *said, messages, rooms }).await?;
    *said += messages;
    let ledger = engine.core().ledger.clone();
    let done = async {
        while there.shown() < *said || ledger.waiting_for_fan_out() > 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        while ledger.depths().values().any(|depth| depth.queued > 0) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, done).await.is_err() {
        return Err(format!("only {} of {said} messages arrive", there.shown()).into());
    }
    let dead: u64 = ledger.depths().values().map(|depth| depth.dead).sum();
    match (there.shown() - *said, there.disorder(), dead) {
        (0, 0, 0) => Ok(()),
        (more, disorder, dead) => {
            Err(format!("{more} too many, {disorder} out of order, {dead} given up").into())
        }
    }
}
