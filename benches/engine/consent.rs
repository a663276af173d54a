//! What it costs a message that everybody has chosen what is to be seen of them, half of them another name.
//!
//! Three engines take turns, each in a process of its own: in one process the threads that come last share the allocator's arenas with the
//! first, and the engine they belong to pays for that (18 µs a message where nobody had chosen anything in any of them).

use super::figures::{Figure, Target};
use super::instant::{Instant, PEOPLE};
use super::process::Process;
use super::{Arguments, Trouble, carry, plan, told};
use clap::ValueEnum;
use relay::consent::{Person, Stance};
use relay::engine::{Core, Engine, Stores};
use relay::media::{Media, Settings};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

const ROOMS: u64 = 16;
const WARMING: u64 = 1_000;

/// Who has chosen.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub enum Who {
    /// Nobody.
    Nobody,
    /// Everybody.
    Everybody,
}

/// Against an engine to which nobody has said anything. A third one is like that: what those two differ by is not worth believing.
pub fn measure(arguments: &Arguments) -> Result<Vec<Figure>, Trouble> {
    let mut engines = [Turns::start("nobody")?, Turns::start("everybody")?, Turns::start("nobody")?]
        .map(|it| (it, Vec::new()));
    // Each is as often the first of a round as the others.
    for round in 0..(arguments.rounds as usize).next_multiple_of(engines.len()) {
        for turn in 0..engines.len() {
            let at = (round + turn) % engines.len();
            let (engine, rounds) = &mut engines[at];
            rounds.push(engine.carry(arguments.messages)?);
        }
    }
    let [nobody, everybody, again] = engines.map(|(_, rounds)| rounds);
    let more = |than: &[f64]| than.iter().zip(&nobody).map(|(with, without)| with - without).collect();
    let ratio = everybody.iter().zip(&nobody).map(|(with, without)| 100.0 * with / without).collect();
    let chosen = Figure::new("consent: CPU a message more when everybody has chosen", "µs", more(&everybody));
    let sealing = relay::engine::block_on(sealing(arguments))?;
    let sealed = Figure::new("encryption: CPU a message more than in clear", "µs", sealing);
    let together = vec![chosen.median + sealed.median];
    Ok(vec![
        chosen,
        sealed,
        Figure::new("consent, minimisation and encryption together", "µs", together)
            .aimed(Target::AtMost(15.0)),
        Figure::new("consent: the same against nobody", "%", ratio),
        Figure::new(
            "consent: what two engines differ by to which nobody has said anything",
            "µs",
            more(&again),
        ),
    ])
}

/// An engine in a process of its own, which carries messages when it is told to, and says what that took.
struct Turns {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Drop for Turns {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Turns {
    fn start(who: &str) -> Result<Self, Trouble> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--turns", who])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(orders), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the engine's process has no pipes".into());
        };
        Ok(Self { child, orders, answers: BufReader::new(answers) })
    }

    /// CPU time of its process for each of so many messages, in µs.
    fn carry(&mut self, messages: u64) -> Result<f64, Trouble> {
        writeln!(self.orders, "{messages}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        answer.trim().parse().map_err(|_| "an engine in its own process ended: see above".into())
    }
}

/// The other side of [`Turns`]: until its input ends.
pub async fn take_turns(who: Who) -> Result<(), Trouble> {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let (here, say) = Instant::new("here");
    let (there, _silent) = Instant::new("there");
    let (here, there) = (Arc::new(here), Arc::new(there));
    let media = Media::open(&Settings::default(), dir.path())?;
    let (engine, _calls) = Engine::start(Stores::open(dir.path())?, media, plan(&here, &there, ROOMS))?;
    for person in 0..if who == Who::Everybody { PEOPLE } else { 0 } {
        let stance = if person % 2 == 0 { Stance::Anonymous } else { Stance::Full };
        let person = Person::from_parts(&here.key("0"), &person.to_string());
        engine.core().choose(person, stance, "the benchmark", true).await?;
    }
    let mut said = 0;
    carry(&engine, &there, &say, &mut said, ROOMS, WARMING).await?;
    let process = Process::of(std::process::id());
    while let Some(line) = tokio::task::spawn_blocking(|| std::io::stdin().lines().next()).await? {
        let messages: u64 = line?.trim().parse()?;
        let cpu = process.cpu().map_err(told)?;
        carry(&engine, &there, &say, &mut said, ROOMS, messages).await?;
        let cpu = process.cpu().map_err(told)? - cpu;
        println!("{}", cpu.as_secs_f64() * 1e6 / messages as f64);
    }
    engine.stop().await;
    Ok(())
}

/// What it costs to seal a message's record, beside making it in clear: what is read back comes from memory, unless Relay was started anew.
async fn sealing(arguments: &Arguments) -> Result<Vec<f64>, Trouble> {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let (here, _say) = Instant::new("here");
    let (there, _silent) = Instant::new("there");
    let (here, there) = (Arc::new(here), Arc::new(there));
    let media = Media::open(&Settings::default(), dir.path())?;
    let (engine, _calls) = Engine::start(Stores::open(dir.path())?, media, plan(&here, &there, ROOMS))?;
    let process = Process::of(std::process::id());
    let weigh = |core: &Core, sealed: bool| -> Result<f64, Trouble> {
        let cpu = process.cpu().map_err(told)?;
        for number in 0..arguments.messages {
            let envelope = here.envelope(number).ok_or("it says nothing")?;
            core.ledger.weigh(core.ledger.newest(), envelope, sealed)?;
        }
        let cpu = process.cpu().map_err(told)? - cpu;
        Ok(cpu.as_secs_f64() * 1e6 / arguments.messages as f64)
    };
    let core = engine.core();
    let rounds = (0..arguments.rounds).map(|_| Ok(weigh(&core, true)? - weigh(&core, false)?)).collect();
    engine.stop().await;
    rounds
}
