//! What Relay costs between two real IRC servers (ngIRCd that holds nobody back), from socket to socket, with the ledger on: the binary
//! as a process of its own, and somebody with a plain socket on each server. No message may be lost, doubled or out of order meanwhile.
//!
//! `cargo bench --bench irc`

#[path = "../figures.rs"]
mod figures;
#[path = "../process.rs"]
mod process;
mod rig;
#[path = "../running.rs"]
mod running;
#[path = "../../tests/irc/server.rs"]
#[allow(dead_code, reason = "tests use the rest of it")]
mod server;
mod talker;

use clap::{Parser, ValueEnum};
use figures::{Figure, Target};
use rig::Rig;
use running::Trouble;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Measures the relay binary between two IRC servers. Needs ngIRCd.
#[derive(Parser)]
struct Arguments {
    /// Another binary than the one of this tree
    #[arg(long, default_value = env!("CARGO_BIN_EXE_relay"))]
    relay: PathBuf,
    /// What to measure [default: all of it, in about two minutes]
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
    /// Messages at once, a round
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    messages: u32,
    /// Linked pairs of channels
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(2..=1_000))]
    pairs: u32,
    /// Rounds, of which the median counts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=20))]
    rounds: u32,
    /// Where Relay's state is: on a disk; in memory, syncs cost nothing, which shows what else does
    #[arg(long, default_value = env!("CARGO_TARGET_TMPDIR"))]
    state: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// `cargo bench` says so
    #[arg(long, hide = true)]
    bench: bool,
}

/// What can be measured.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Part {
    /// The start, and the memory of two idle accounts.
    Start,
    /// How long a message is under way, at 50 a second.
    Latency,
    /// CPU time a message and messages a second, as fast as it goes.
    Flood,
    /// The same with many linked pairs, and their memory.
    Pairs,
}

/// What was just started still has some memory to give back.
const SETTLE: Duration = Duration::from_secs(2);
/// Messages that fill caches.
const WARM: u32 = 100;
/// Between two messages of the latency's rounds.
const BEAT: Duration = Duration::from_millis(20);
/// Messages of one of them.
const BEATS: u32 = 500;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if !server::is_there() {
        return ExitCode::FAILURE;
    }
    match measure(&arguments).await {
        Ok(figures) => {
            figures::show(&figures, arguments.json);
            ExitCode::SUCCESS
        }
        Err(trouble) => {
            eprintln!("irc: {trouble}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(arguments: &Arguments) -> Result<Vec<Figure>, Trouble> {
    let wanted = |part| arguments.only.is_empty() || arguments.only.contains(&part);
    let mut figures = Vec::new();
    if wanted(Part::Start) {
        figures.extend(start(arguments).await?);
    }
    if wanted(Part::Latency) {
        figures.extend(latency(arguments).await?);
    }
    if wanted(Part::Flood) {
        let (costs, rates) = flood(arguments, 1).await?;
        figures
            .push(Figure::new("CPU a message, as fast as it goes", "µs", costs).aimed(Target::AtMost(150.0)));
        let what = format!("messages, {} at once", arguments.messages);
        figures.push(Figure::new(what, "1/s", rates).aimed(Target::AtLeast(3_000.0)));
    }
    if wanted(Part::Pairs) {
        figures.extend(pairs(arguments).await?);
    }
    Ok(figures)
}

async fn start(arguments: &Arguments) -> Result<Vec<Figure>, Trouble> {
    let (mut ready, mut joined, mut idle) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..arguments.rounds {
        let mut rig = Rig::new(&arguments.relay, &arguments.state, 1).await?;
        let started = rig.start().await?;
        tokio::time::sleep(SETTLE).await;
        ready.push(started.ready.as_secs_f64() * 1e3);
        joined.push(started.joined.as_secs_f64() * 1e3);
        idle.push(started.running.process.resident_kib()? / 1024.0);
    }
    Ok(vec![
        Figure::new("start until joined on two servers", "ms", joined).aimed(Target::AtMost(1_000.0)),
        Figure::new("start until ready", "ms", ready),
        Figure::new("resident memory, two idle accounts", "MiB", idle).aimed(Target::AtMost(20.0)),
    ])
}

async fn latency(arguments: &Arguments) -> Result<Vec<Figure>, Trouble> {
    let mut rig = Rig::new(&arguments.relay, &arguments.state, 1).await?;
    let started = rig.start().await?;
    rig.flood(0, WARM).await?;
    let (mut middle, mut high, mut costs) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..arguments.rounds {
        let before = started.running.process.cpu()?;
        let took = rig.paced(WARM + round * BEATS, BEATS, BEAT).await?;
        costs.push((started.running.process.cpu()? - before).as_secs_f64() * 1e6 / f64::from(BEATS));
        middle.push(took[took.len() / 2]);
        high.push(took[took.len() * 99 / 100]);
    }
    Ok(vec![
        Figure::new("under way at 50 a second, p50", "ms", middle).aimed(Target::AtMost(1.5)),
        Figure::new("under way at 50 a second, p99", "ms", high).aimed(Target::AtMost(12.0)),
        Figure::new("CPU a message, at 50 a second", "µs", costs),
    ])
}

/// CPU time a message in µs, and messages a second, of each round.
async fn flood(arguments: &Arguments, pairs: u32) -> Result<(Vec<f64>, Vec<f64>), Trouble> {
    let mut rig = Rig::new(&arguments.relay, &arguments.state, pairs).await?;
    let started = rig.start().await?;
    // As many for each channel, so that each round begins with the first.
    let warm = WARM.div_ceil(pairs) * pairs;
    let messages = arguments.messages.div_ceil(pairs) * pairs;
    rig.flood(0, warm).await?;
    let (mut costs, mut rates) = (Vec::new(), Vec::new());
    for round in 0..arguments.rounds {
        let before = started.running.process.cpu()?;
        let took = rig.flood(warm + round * messages, messages).await?;
        costs.push((started.running.process.cpu()? - before).as_secs_f64() * 1e6 / f64::from(messages));
        rates.push(f64::from(messages) / took.as_secs_f64());
    }
    Ok((costs, rates))
}

async fn pairs(arguments: &Arguments) -> Result<Vec<Figure>, Trouble> {
    let of = arguments.pairs;
    let (one, _) = flood(arguments, 1).await?;
    let (many, rates) = flood(arguments, of).await?;
    let shares = one.iter().zip(&many).map(|(one, many)| 100.0 * many / one).collect();
    let mut each = Vec::new();
    for _ in 0..arguments.rounds {
        let mut resident = Vec::new();
        for pairs in [1, of] {
            let mut rig = Rig::new(&arguments.relay, &arguments.state, pairs).await?;
            let started = rig.start().await?;
            tokio::time::sleep(SETTLE).await;
            resident.push(started.running.process.resident_kib()?);
        }
        each.push((resident[1] - resident[0]) / f64::from(of - 1));
    }
    Ok(vec![
        Figure::new(format!("CPU a message, {of} linked pairs"), "µs", many),
        Figure::new(format!("of that with one pair, {of} linked pairs"), "%", shares)
            .aimed(Target::AtMost(120.0)),
        Figure::new(format!("messages, {of} linked pairs"), "1/s", rates),
        Figure::new(format!("resident memory an idle pair, of {of}"), "KiB", each).aimed(Target::AtMost(4.0)),
    ])
}
