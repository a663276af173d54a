//! What Relay costs as people run it: the binary as a process of its own, over real sockets, with the platforms' real client libraries,
//! against the stand-ins in this process. No message may be lost, doubled or out of order meanwhile.
//!
//! `cargo bench --bench bridge`

#[path = "../figures.rs"]
mod figures;
mod full;
#[path = "../process.rs"]
mod process;
mod rig;
#[path = "../running.rs"]
mod running;

use clap::{Parser, ValueEnum};
use figures::{Figure, Target};
use full::Became;
use rig::Rig;
use running::Trouble;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Measures the relay binary against the stand-ins.
#[derive(Parser)]
struct Arguments {
    /// Another binary than the one of this tree
    #[arg(long, default_value = env!("CARGO_BIN_EXE_relay"))]
    relay: PathBuf,
    /// What to measure [default: all of it, in about ten minutes]
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
    /// Messages from Discord to Slack, a round
    #[arg(long, default_value_t = 4_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    messages: u32,
    /// Idle spaces
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    spaces: u32,
    /// Messages that are on disk, delivered or waiting
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    full: u64,
    /// Rounds, of which the median counts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=20))]
    rounds: u32,
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
    /// The start, and the memory of three idle accounts.
    Start,
    /// CPU time a message and messages a second, as fast as it goes.
    Flood,
    /// How much later a message arrives, at 50 a second.
    Latency,
    /// The memory of idle spaces, and the start with them.
    Spaces,
    /// The start with a million receipts on disk.
    Receipts,
    /// The start, and the memory, with a million deliveries that wait.
    Backlog,
}

/// What was just started, or said, still has some memory to give back.
const SETTLE: Duration = Duration::from_secs(2);
/// Messages that fill caches and make the first connections.
const WARM: u32 = 100;
/// Between two messages of the latency's rounds.
const BEAT: Duration = Duration::from_millis(20);
/// Messages of one of them.
const BEATS: u32 = 500;

const MIB: f64 = 1024.0;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match measure(&arguments).await {
        Ok(figures) => {
            figures::show(&figures, arguments.json);
            ExitCode::SUCCESS
        }
        Err(trouble) => {
            eprintln!("bridge: {trouble}");
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
    if wanted(Part::Flood) {
        figures.extend(flood(arguments).await?);
    }
    if wanted(Part::Latency) {
        figures.extend(latency(arguments).await?);
    }
    if wanted(Part::Spaces) {
        figures.extend(spaces(arguments).await?);
    }
    if wanted(Part::Receipts) {
        figures.extend(filled(arguments, Became::Delivered).await?);
    }
    if wanted(Part::Backlog) {
        figures.extend(filled(arguments, Became::Waits).await?);
    }
    Ok(figures)
}

async fn start(arguments: &Arguments) -> Result<Vec<Figure>, Trouble> {
    let (mut starts, mut idle) = (Vec::new(), Vec::new());
    for _ in 0..arguments.rounds {
        let rig = Rig::new(&arguments.relay, 0).await?;
        let (running, start) = rig.start().await?;
        tokio::time::sleep(SETTLE).await;
        starts.push(start.as_secs_f64() * 1e3);
        idle.push(running.process.resident_kib()? / MIB);
    }
    Ok(vec![
        Figure::new("start until ready, three accounts", "ms", starts),
        Figure::new("resident memory, three idle accounts", "MiB", idle).aimed(Target::AtMost(30.0)),
    ])
}

async fn flood(arguments: &Arguments) -> Result<Vec<Figure>, Trouble> {
    let rig = Rig::new(&arguments.relay, 0).await?;
    let (running, _) = rig.start().await?;
    let mut changes = rig.watch();
    let (mut costs, mut rates) = (Vec::new(), Vec::new());
    let mut said = 0;
    for round in 0..=arguments.rounds {
        let messages = if round == 0 { WARM } else { arguments.messages };
        let (before, began) = (running.process.cpu()?, Instant::now());
        let saying = async {
            for number in said..said + messages {
                rig.say(number)?;
                // The stand-ins answer on the same threads.
                if number % 16 == 0 {
                    tokio::task::yield_now().await;
                }
            }
            Ok::<(), Trouble>(())
        };
        tokio::try_join!(saying, rig.arrivals(&mut changes, said, messages))?;
        let took = began.elapsed();
        said += messages;
        if round > 0 {
            costs.push((running.process.cpu()? - before).as_secs_f64() * 1e6 / f64::from(messages));
            rates.push(f64::from(messages) / took.as_secs_f64());
        }
    }
    Ok(vec![
        Figure::new("CPU a message, Discord to Slack", "µs", costs).aimed(Target::AtMost(300.0)),
        Figure::new("messages, Discord to Slack", "1/s", rates).aimed(Target::AtLeast(1_500.0)),
    ])
}

async fn latency(arguments: &Arguments) -> Result<Vec<Figure>, Trouble> {
    let rig = Rig::new(&arguments.relay, 0).await?;
    let (_running, _) = rig.start().await?;
    let mut changes = rig.watch();
    let (mut middle, mut high) = (Vec::new(), Vec::new());
    for round in 0..=arguments.rounds {
        let (from, messages) = if round == 0 { (0, WARM) } else { (WARM + (round - 1) * BEATS, BEATS) };
        let mut said = Vec::new();
        let saying = async {
            let mut beat = tokio::time::interval(BEAT);
            for number in from..from + messages {
                beat.tick().await;
                said.push(Instant::now());
                rig.say(number)?;
            }
            Ok::<(), Trouble>(())
        };
        let ((), arrived) = tokio::try_join!(saying, rig.arrivals(&mut changes, from, messages))?;
        let mut took: Vec<f64> =
            said.iter().zip(&arrived).map(|(said, arrived)| (*arrived - *said).as_secs_f64() * 1e3).collect();
        took.sort_by(f64::total_cmp);
        if round > 0 {
            middle.push(took[took.len() / 2]);
            high.push(took[took.len() * 99 / 100]);
        }
    }
    Ok(vec![
        Figure::new("added latency at 50 a second, p50", "ms", middle).aimed(Target::AtMost(1.5)),
        Figure::new("added latency at 50 a second, p99", "ms", high).aimed(Target::AtMost(12.0)),
    ])
}

async fn spaces(arguments: &Arguments) -> Result<Vec<Figure>, Trouble> {
    let mut resident = Vec::new();
    let mut starts = Vec::new();
    for spaces in [0, arguments.spaces] {
        let rig = Rig::new(&arguments.relay, spaces).await?;
        let (running, start) = rig.start().await?;
        tokio::time::sleep(SETTLE).await;
        resident.push(running.process.resident_kib()?);
        starts.push(start.as_secs_f64() * 1e3);
    }
    let each = (resident[1] - resident[0]) / f64::from(arguments.spaces);
    let of = arguments.spaces;
    Ok(vec![
        Figure::new(format!("resident memory an idle space, of {of}"), "KiB", vec![each])
            .aimed(Target::AtMost(2.0)),
        Figure::new(format!("start until ready, {of} spaces more"), "ms", vec![starts[1]]),
    ])
}

async fn filled(arguments: &Arguments, became: Became) -> Result<Vec<Figure>, Trouble> {
    let rig = Rig::new(&arguments.relay, 0).await?;
    full::fill(&rig, arguments.full, became).await?;
    let of = arguments.full;
    if became == Became::Waits {
        // Once: it is delivered from then on.
        let (running, start) = rig.start().await?;
        tokio::time::sleep(SETTLE).await;
        let resident = running.process.resident_kib()? / MIB;
        return Ok(vec![
            Figure::new(
                format!("start until ready, {of} deliveries waiting"),
                "ms",
                vec![start.as_secs_f64() * 1e3],
            ),
            Figure::new(format!("resident memory, {of} deliveries waiting"), "MiB", vec![resident])
                .aimed(Target::AtMost(150.0)),
        ]);
    }
    let mut starts = Vec::new();
    for _ in 0..arguments.rounds {
        let (_running, start) = rig.start().await?;
        starts.push(start.as_secs_f64() * 1e3);
    }
    Ok(vec![
        Figure::new(format!("start until ready, receipts of {of} messages"), "ms", starts)
            .aimed(Target::AtMost(1_000.0)),
    ])
}
