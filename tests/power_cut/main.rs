//! A power-cut replay of the ledger.
//!
//! This binary runs itself as a workload under `strace`, so that the true order of writes, syncs and answers is known.
//! Then it cuts the power at many places: what was synced is kept; of what was not, pages and names are kept or dropped
//! at random. Each folder made so is opened by another run of this binary, and must hold everything that was answered
//! before the cut, and nothing by halves. That this would tell is shown by the same trace with syncs taken out of it.
//!
//! `RELAY_POWER_CUT_SEED` repeats a run's choices, `RELAY_POWER_CUT_KEEP` keeps the folders of cuts that went wrong, and
//! with `RELAY_REQUIRE_POWER_CUT` a missing `strace` is a failure.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod check;
mod content;
mod disk;
mod file;
mod mutants;
mod trace;
mod workload;

use content::Answered;
use disk::Disk;
use file::{Cut, Harm};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use trace::Step;
use workload::SIZES;

const ROLE: &str = "RELAY_POWER_CUT_ROLE";
const FOLDER: &str = "RELAY_POWER_CUT_FOLDER";
const SEED: &str = "RELAY_POWER_CUT_SEED";
const KEEP: &str = "RELAY_POWER_CUT_KEEP";

/// The state directory below the folder that is watched: its making is part of the trace.
const STATE: &str = "state";
/// Beside a cut's folder: what had been answered.
const ANSWERED: &str = "answered.jsonl";

/// Cuts in each phase of the trace.
const PHASES: [(&str, usize); 4] =
    [("while it is made", 25), ("first run", 45), ("reopening", 15), ("tables are written", 30)];

/// Longest that a run of this binary may take.
const DEADLINE: Duration = Duration::from_secs(120);
const CHECKS_AT_ONCE: usize = 2;

fn main() -> ExitCode {
    let folder = std::env::var_os(FOLDER).map(PathBuf::from).unwrap_or_default();
    let outcome = match std::env::var(ROLE).ok().as_deref() {
        Some("check") => check_one(&folder),
        Some(run) => {
            let size = run.parse().ok().and_then(|run: usize| SIZES.get(run)).expect("a run");
            workload::run(&folder.join(STATE), *size)
        }
        None => replay(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// In a process of its own: a panic or a hang is a finding like any other.
fn check_one(folder: &Path) -> Result<(), String> {
    let lines = std::fs::read_to_string(folder.join(ANSWERED)).map_err(|e| e.to_string())?;
    let answered: Result<Vec<Answered>, _> = lines.lines().map(serde_json::from_str).collect();
    let wrong = check::run(&folder.join(STATE), &answered.map_err(|e| e.to_string())?)?;
    for line in &wrong {
        println!("{}", line.chars().take(300).collect::<String>());
    }
    Ok(())
}

fn replay() -> Result<(), String> {
    let started = Instant::now();
    if Command::new("strace").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        println!("power cut: NOT TESTED, because strace is not installed");
        return match std::env::var_os("RELAY_REQUIRE_POWER_CUT") {
            Some(_) => Err("RELAY_REQUIRE_POWER_CUT is set".into()),
            None => Ok(()),
        };
    }
    let seed =
        std::env::var(SEED).ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random::<u64>);
    println!("power cut: {SEED}={seed}");
    // The order of calls is the same in memory, and the syncs cost nothing there.
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let work = tempfile::tempdir_in(place).map_err(|e| e.to_string())?;
    let watched = work.path().canonicalize().map_err(|e| e.to_string())?.join("watched");
    std::fs::create_dir(&watched).map_err(|e| e.to_string())?;
    let mut steps = Vec::new();
    let mut syncs = 0;
    for run in 0..SIZES.len() {
        let log = record(&watched, work.path(), run)?;
        steps.extend(trace::parse(&log, &mut syncs)?);
    }
    println!("power cut: {} steps, {syncs} syncs recorded after {:.1?}", steps.len(), started.elapsed());
    let mut rng = StdRng::seed_from_u64(seed);
    let cuts = choose(&steps, &mut rng)?;
    let findings = cut_all(&steps, &cuts, &HashSet::new(), &watched, work.path(), &mut rng)?;
    let failed = report(&findings);
    mutants::run(&steps, &watched, work.path(), &mut rng)?;
    println!("power cut: {:.1?}", started.elapsed());
    if failed && std::env::var_os(KEEP).is_some() {
        println!("power cut: kept in {}", work.keep().display());
    }
    if failed { Err(format!("a power cut did harm; {SEED}={seed}")) } else { Ok(()) }
}

/// Runs the workload under strace and returns the log.
fn record(watched: &Path, work: &Path, run: usize) -> Result<String, String> {
    let log = work.join(format!("{run}.strace"));
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-qq", "--seccomp-bpf", "-xx", "-s"])
        .arg(trace::LONGEST.to_string())
        .arg("-o")
        .arg(&log);
    strace
        .arg("-e")
        .arg(format!("trace={}", trace::CALLS))
        .arg(std::env::current_exe().map_err(|e| e.to_string())?);
    strace.env(ROLE, run.to_string()).env(FOLDER, watched).stdin(Stdio::null()).stdout(Stdio::null());
    let status = wait(strace.spawn().map_err(|e| e.to_string())?)?;
    let aborts = SIZES[run].abort;
    let log = std::fs::read_to_string(&log).map_err(|e| format!("strace left no log ({status}): {e}"))?;
    if status.success() != aborts && (!aborts || log.contains("killed by SIGABRT")) {
        return Ok(log);
    }
    Err(format!("the workload ended badly: {status}"))
}

fn wait(mut child: Child) -> Result<std::process::ExitStatus, String> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
            return Ok(status);
        }
        if started.elapsed() > DEADLINE {
            child.kill().and_then(|()| child.wait()).map_err(|e| e.to_string())?;
            return Err("it did not end in time".into());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// One cut: after which step, and how.
struct Planned {
    phase: usize,
    after: usize,
    how: Cut,
}

/// Places in all phases; two thirds of them where a sync has begun and is not done.
fn choose(steps: &[Step], rng: &mut StdRng) -> Result<Vec<Planned>, String> {
    let found = |place: Option<usize>, what: &str| place.ok_or_else(|| format!("the trace has no {what}"));
    let answer = |step: &Step| matches!(step, Step::Answered(_));
    let first_answer = found(steps.iter().position(answer), "answer")?;
    let restart = found(steps.iter().rposition(|step| *step == Step::Restart), "second run")?;
    let reopened = found(steps[restart..].iter().position(answer), "second answer")? + restart;
    // The first tables are those of fjall's own keyspace.
    let table =
        |step: &Step| matches!(step, Step::Open { at, create: true, .. } if at.path.contains("/tables/"));
    let tables = found(steps[reopened..].iter().position(table), "table")? + reopened;
    println!("power cut: tables from step {tables} on, {} in all", steps.iter().filter(|s| table(s)).count());
    let bounds = [(0, first_answer), (first_answer, restart), (restart, reopened), (reopened, steps.len())];
    let mut cuts = Vec::new();
    for (phase, (from, to)) in bounds.into_iter().enumerate() {
        let syncs: Vec<usize> = (from..to).filter(|i| matches!(steps[*i], Step::SyncBegins { .. })).collect();
        for number in 0..PHASES[phase].1 {
            // The last phase is mostly about tables.
            let from = if phase == 3 && number % 4 != 0 { tables } else { from };
            let syncs = &syncs[syncs.partition_point(|i| *i < from)..];
            let after = if number % 3 == 0 || syncs.is_empty() {
                rng.random_range(from..to)
            } else {
                // Of four, the one that is to sync the most: there is most to be lost.
                let some: Vec<usize> = (0..4).map(|_| syncs[rng.random_range(0..syncs.len())]).collect();
                some.into_iter().max_by_key(|sync| bytes_before(&steps[..*sync])).unwrap_or(from)
            };
            let how = [Cut::Shuffles, Cut::LeavesHoles, Cut::KeepsNameOrder, Cut::LeavesHoles, Cut::DropsAll]
                [number % 5];
            cuts.push(Planned { phase, after, how });
        }
    }
    cuts.sort_by_key(|cut| cut.after);
    Ok(cuts)
}

/// Bytes written shortly before.
fn bytes_before(steps: &[Step]) -> usize {
    let written = steps.iter().rev().take(12).map(|step| match step {
        Step::Write { bytes, .. } => bytes.len(),
        _ => 0,
    });
    written.sum()
}

/// What came of one cut.
struct Finding {
    phase: usize,
    after: usize,
    how: Cut,
    harm: Harm,
    answered: usize,
    /// What is wrong, a line each.
    wrong: Vec<String>,
    opened: bool,
    /// The journal's end was cut at opening.
    mended: bool,
    folder: PathBuf,
}

/// Cuts, and looks at what is left; syncs of `ignored` are taken out.
fn cut_all(
    steps: &[Step],
    cuts: &[Planned],
    ignored: &HashSet<usize>,
    watched: &Path,
    work: &Path,
    rng: &mut StdRng,
) -> Result<Vec<Finding>, String> {
    let mut disk = Disk::new(watched);
    let mut cuts = cuts.iter().peekable();
    let mut answered = String::new();
    let mut findings = Vec::new();
    let mut running: Vec<(Finding, Child)> = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        match step {
            Step::SyncBegins { sync, .. } if ignored.contains(sync) => {}
            _ => disk.apply(step)?,
        }
        if let Step::Answered(line) = step {
            answered.push_str(line);
        }
        while let Some(cut) = cuts.next_if(|cut| cut.after == number) {
            let folder = work.join(format!("cut-{}", findings.len() + running.len()));
            if folder.exists() {
                std::fs::remove_dir_all(&folder).map_err(|e| e.to_string())?;
            }
            let harm = disk.cut(cut.how, rng, &folder).map_err(|e| e.to_string())?;
            std::fs::write(folder.join(ANSWERED), &answered).map_err(|e| e.to_string())?;
            let finding = Finding {
                phase: cut.phase,
                after: cut.after,
                how: cut.how,
                harm,
                answered: answered.lines().count(),
                wrong: Vec::new(),
                opened: false,
                mended: false,
                folder,
            };
            let child = start_check(&finding.folder)?;
            running.push((finding, child));
            if running.len() >= CHECKS_AT_ONCE {
                let (finding, child) = running.remove(0);
                findings.push(finish_check(finding, child)?);
            }
        }
    }
    for (finding, child) in running {
        findings.push(finish_check(finding, child)?);
    }
    Ok(findings)
}

fn start_check(folder: &Path) -> Result<Child, String> {
    let out = |name| std::fs::File::create(folder.join(name)).map_err(|e| e.to_string());
    let mut check = Command::new(std::env::current_exe().map_err(|e| e.to_string())?);
    check.env(ROLE, "check").env(FOLDER, folder).stdin(Stdio::null());
    check.stdout(out("wrong")?).stderr(out("errors")?).spawn().map_err(|e| e.to_string())
}

fn finish_check(mut finding: Finding, child: Child) -> Result<Finding, String> {
    let read = |name| std::fs::read_to_string(finding.folder.join(name)).map_err(|e| e.to_string());
    let status = wait(child);
    finding.opened = status.as_ref().is_ok_and(std::process::ExitStatus::success);
    finding.wrong = read("wrong")?.lines().map(str::to_owned).collect();
    if !finding.opened {
        let errors = read("errors")?;
        let last: Vec<&str> = errors.lines().filter(|line| !line.starts_with("note:")).collect();
        finding.wrong.push(format!("{status:?}: {}", last.join(" | ")));
    }
    let ledger = finding.folder.join(STATE).join("ledger");
    finding.mended = ledger.read_dir().is_ok_and(|mut entries| {
        entries.any(|entry| entry.is_ok_and(|entry| entry.file_name().to_string_lossy().contains(".torn-")))
    });
    if finding.wrong.is_empty() {
        std::fs::remove_dir_all(&finding.folder).map_err(|e| e.to_string())?;
    }
    Ok(finding)
}

/// Prints the table, and what went wrong; says whether anything did.
fn report(findings: &[Finding]) -> bool {
    println!(
        "phase               cuts  something dropped  torn  mended  answers checked  lost or halved  not opened"
    );
    let mut failed = false;
    for (phase, (name, _)) in PHASES.iter().enumerate() {
        let of: Vec<&Finding> = findings.iter().filter(|finding| finding.phase == phase).collect();
        let count = |holds: &dyn Fn(&Finding) -> bool| of.iter().filter(|finding| holds(finding)).count();
        let lost: usize = of.iter().filter(|f| f.opened).map(|f| f.wrong.len()).sum();
        let shut = count(&|f| !f.opened);
        failed |= lost + shut > 0;
        println!(
            "{name:<18} {:>5} {:>18} {:>5} {:>7} {:>16} {lost:>15} {shut:>11}",
            of.len(),
            count(&|f| f.harm.dropped > 0),
            count(&|f| f.harm.torn > 0),
            count(&|f| f.mended),
            of.iter().map(|f| f.answered).sum::<usize>(),
        );
    }
    for finding in findings.iter().filter(|f| !f.wrong.is_empty()) {
        println!(
            "after step {} ({:?}, {:?}): {} problems",
            finding.after,
            finding.how,
            finding.harm,
            finding.wrong.len()
        );
        for line in finding.wrong.iter().take(3) {
            println!("    {line}");
        }
    }
    failed
}
