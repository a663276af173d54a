//! Whether a cut would tell: the same trace with syncs taken out must lose what was answered.

use super::file::Cut;
use super::trace::Step;
use super::{Finding, Planned, cut_all};
use rand::Rng;
use rand::rngs::StdRng;
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// Cuts for each kind of sync that is taken out altogether.
const CUTS: usize = 8;
/// How many syncs are taken out one at a time.
const SINGLE: usize = 12;

/// What a sync is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Of {
    Journal,
    Folder,
    Other,
}

/// A sync in the trace.
struct Sync {
    number: usize,
    of: Of,
    /// Where in the trace it ends.
    ends: usize,
}

/// Takes syncs out and says whether it was noticed each time.
pub fn run(steps: &[Step], watched: &Path, work: &Path, rng: &mut StdRng) -> Result<(), String> {
    let syncs = syncs(steps);
    println!("without                     cuts  noticed");
    for of in [Of::Journal, Of::Folder] {
        let ignored: HashSet<usize> = syncs.iter().filter(|s| s.of == of).map(|s| s.number).collect();
        let answers: Vec<usize> =
            (0..steps.len()).filter(|i| matches!(steps[*i], Step::Answered(_))).collect();
        let later = &answers[answers.len() / 8..];
        let mut cuts: Vec<Planned> =
            (0..CUTS).map(|_| drops_all(later[rng.random_range(0..later.len())])).collect();
        cuts.sort_by_key(|cut| cut.after);
        let noticed = noticed(&cut_all(steps, &cuts, &ignored, watched, work, rng)?);
        println!("{:<26} {CUTS:>5} {noticed:>8}", format!("any sync of {of:?}s").to_lowercase());
        if noticed < CUTS {
            return Err(format!("without syncs of {of:?}s, only {noticed} of {CUTS} cuts lost something"));
        }
    }
    let single = singles(steps, &syncs);
    if single.len() < SINGLE {
        return Err("the trace has too few syncs that something was answered after".into());
    }
    let mut caught = 0;
    for number in 0..SINGLE {
        let (sync, after) = single[number * single.len() / SINGLE];
        let findings = cut_all(steps, &[drops_all(after)], &HashSet::from([sync]), watched, work, rng)?;
        caught += noticed(&findings);
    }
    println!("{:<26} {SINGLE:>5} {caught:>8}", "one sync of the journal");
    // What is printed after a sync may have been answered by the one before it: not every place is one where it shows.
    if caught < SINGLE / 2 {
        return Err(format!(
            "a single sync was taken out {SINGLE} times, and that was noticed {caught} times"
        ));
    }
    Ok(())
}

fn drops_all(after: usize) -> Planned {
    Planned { phase: 0, after, how: Cut::DropsAll }
}

fn noticed(findings: &[Finding]) -> usize {
    findings.iter().filter(|finding| !finding.wrong.is_empty()).count()
}

/// Syncs of the journal that something was answered after, each with the last answer before the next one has ended.
fn singles(steps: &[Step], syncs: &[Sync]) -> Vec<(usize, usize)> {
    let journal: Vec<&Sync> = syncs.iter().filter(|sync| sync.of == Of::Journal).collect();
    let pairs = journal.windows(2);
    let found = pairs.filter_map(|two| {
        let between = two[0].ends..two[1].ends;
        let answer = between.rev().find(|i| matches!(steps[*i], Step::Answered(_)))?;
        Some((two[0].number, answer))
    });
    found.collect()
}

/// All syncs in the order of their ends.
fn syncs(steps: &[Step]) -> Vec<Sync> {
    let mut open: HashMap<i32, Of> = HashMap::new();
    let mut begun: HashMap<usize, Of> = HashMap::new();
    let mut syncs = Vec::new();
    for (place, step) in steps.iter().enumerate() {
        match step {
            Step::Restart => open.clear(),
            Step::Open { fd, at, .. } => {
                let name = at.path.rsplit('/').next().unwrap_or_default();
                let of = match name {
                    _ if name.ends_with(".jnl") => Of::Journal,
                    // Folders are opened to be synced; the mapping is made anew after a cut.
                    _ if !name.contains('.') && !at.path.contains("mapping") => Of::Folder,
                    _ => Of::Other,
                };
                open.insert(*fd, of);
            }
            Step::Duplicate { fd, to } => {
                if let Some(of) = open.get(fd).copied() {
                    open.insert(*to, of);
                }
            }
            Step::SyncBegins { sync, fd } => {
                begun.insert(*sync, open.get(fd).copied().unwrap_or(Of::Other));
            }
            Step::SyncEnds { sync } => {
                if let Some(of) = begun.remove(sync) {
                    syncs.push(Sync { number: *sync, of, ends: place });
                }
            }
            _ => {}
        }
    }
    syncs
}
