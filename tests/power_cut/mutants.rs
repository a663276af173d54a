//! Whether a cut would tell: the same trace with syncs taken out must lose what was answered.

use super::content::Answered;
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
    /// Where in the trace.
    begins: usize,
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
        return Err(format!("only {} syncs alone made something durable that was answered", single.len()));
    }
    let mut caught = 0;
    for number in 0..SINGLE {
        let (sync, after) = single[number * single.len() / SINGLE];
        let findings = cut_all(steps, &[drops_all(after)], &HashSet::from([sync]), watched, work, rng)?;
        caught += noticed(&findings);
    }
    println!("{:<26} {SINGLE:>5} {caught:>8}", "one sync of the journal");
    if caught < SINGLE {
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

/// Syncs of the journal that alone made an acceptance durable, each with the answer that says so: the only one begun
/// after the envelope was written and ended before it was answered.
fn singles(steps: &[Step], syncs: &[Sync]) -> Vec<(usize, usize)> {
    let written = first_written(steps);
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (answer, step) in steps.iter().enumerate() {
        let Some(message) = accepted(step) else { continue };
        let Some(&written) = written.get(message.as_bytes()) else { continue };
        let mut between =
            syncs.iter().filter(|sync| sync.of == Of::Journal && sync.begins > written && sync.ends < answer);
        if let (Some(only), None) = (between.next(), between.next())
            && found.last().is_none_or(|(number, _)| *number != only.number)
        {
            found.push((only.number, answer));
        }
    }
    found
}

/// The message whose acceptance is answered here.
fn accepted(step: &Step) -> Option<String> {
    let Step::Answered(line) = step else { return None };
    match serde_json::from_str(line).ok()? {
        Answered::Accepted { what } => Some(what.first()?.0.message_id()),
        _ => None,
    }
}

/// Where each message's id is written for the first time.
fn first_written(steps: &[Step]) -> HashMap<&[u8], usize> {
    let mut found = HashMap::new();
    for (place, step) in steps.iter().enumerate() {
        let Step::Write { bytes, .. } = step else { continue };
        let mut rest = bytes.as_slice();
        while let Some(m) = rest.iter().position(|byte| *byte == b'm') {
            let end = 1 + rest[m + 1..].iter().take_while(|b| b.is_ascii_digit() || **b == b'-').count();
            found.entry(&rest[m..][..end]).or_insert(place);
            rest = &rest[m + end..];
        }
    }
    found
}

/// All syncs in the order of their ends.
fn syncs(steps: &[Step]) -> Vec<Sync> {
    let mut open: HashMap<i32, Of> = HashMap::new();
    let mut begun: HashMap<usize, (usize, Of)> = HashMap::new();
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
                begun.insert(*sync, (place, open.get(fd).copied().unwrap_or(Of::Other)));
            }
            Step::SyncEnds { sync } => {
                if let Some((begins, of)) = begun.remove(sync) {
                    syncs.push(Sync { number: *sync, of, begins, ends: place });
                }
            }
            _ => {}
        }
    }
    syncs
}
