//! What Relay costs: start, idle memory, CPU time a message, memory an idle space. The binary runs as a process of its own
//! against the stand-ins in this one; medians of several runs.
//!
//! `cargo run --example measure -- --relay target/release/relay`

mod process;
mod rig;

use clap::Parser;
use rig::{Rig, Trouble};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Measures the relay binary against the stand-ins, in less than three minutes.
#[derive(Parser)]
struct Arguments {
    /// The binary [default: the one that was built beside this program]
    #[arg(long)]
    relay: Option<PathBuf>,
    /// Messages from Discord to Slack and Telegram, a round
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    messages: u32,
    /// Idle spaces
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=50_000))]
    spaces: u32,
    /// Rounds, of which the median counts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=20))]
    rounds: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The figures.
#[derive(serde::Serialize)]
struct Figures {
    /// From the process's start to its word that all rooms are reachable, in milliseconds.
    start_ms: f64,
    /// Resident, with three accounts connected and nothing said, in KiB.
    idle_kib: f64,
    /// User and system time for a message that goes from Discord to Slack and to Telegram, in microseconds.
    message_us: f64,
    /// Resident memory that each further space costs with its lane, idle, in bytes.
    space_bytes: f64,
    /// How many there were.
    spaces: u32,
    /// The start with all of these, in milliseconds.
    start_with_spaces_ms: f64,
}

/// What was just started, or said, still has some memory to give back.
const SETTLE: Duration = Duration::from_secs(2);

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match measure(&arguments).await {
        Ok(figures) => {
            show(&figures, arguments.json);
            ExitCode::SUCCESS
        }
        Err(trouble) => {
            eprintln!("measure: {trouble}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(arguments: &Arguments) -> Result<Figures, Trouble> {
    let relay = match &arguments.relay {
        Some(relay) => relay.clone(),
        None => rig::beside_this_program()?,
    };
    let (mut starts, mut idles, mut costs) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..arguments.rounds {
        let rig = Rig::new(&relay, 0).await?;
        let (running, start) = rig.start().await?;
        starts.push(start.as_secs_f64() * 1e3);
        tokio::time::sleep(SETTLE).await;
        idles.push(running.resident_kib()?);
        // The first messages fill caches and make the webhook.
        rig.carry(&format!("warm-{round}"), 20).await?;
        let before = running.cpu()?;
        rig.carry(&format!("round-{round}"), arguments.messages).await?;
        costs.push((running.cpu()? - before).as_secs_f64() * 1e6 / f64::from(arguments.messages));
    }
    let idle_kib = median(&mut idles);
    let rig = Rig::new(&relay, arguments.spaces).await?;
    let (running, start) = rig.start().await?;
    tokio::time::sleep(SETTLE).await;
    let with_spaces = running.resident_kib()?;
    Ok(Figures {
        start_ms: median(&mut starts),
        idle_kib,
        message_us: median(&mut costs),
        space_bytes: (with_spaces - idle_kib) * 1024.0 / f64::from(arguments.spaces),
        spaces: arguments.spaces,
        start_with_spaces_ms: start.as_secs_f64() * 1e3,
    })
}

/// The middle one. There is always one.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn show(figures: &Figures, json: bool) {
    if json {
        if let Ok(json) = serde_json::to_string_pretty(figures) {
            println!("{json}");
        }
        return;
    }
    let spaces = figures.spaces;
    println!("start until ready, three accounts          {:>8.0} ms", figures.start_ms);
    println!("resident memory, idle, three accounts      {:>8.1} MiB", figures.idle_kib / 1024.0);
    println!("CPU time a message, Discord to two rooms   {:>8.0} µs", figures.message_us);
    println!("resident memory an idle space, of {spaces:<8} {:>8.1} KiB", figures.space_bytes / 1024.0);
    println!("start until ready, with {spaces:<8} spaces    {:>8.0} ms", figures.start_with_spaces_ms);
}
