//! Where the messages stood when Relay was killed: the ledger beside what the platforms have.

use crate::bench::{Bench, PLATFORMS};
use crate::load::Load;
use relay::store::{EnvelopeId, Ledger};
use relay_contract::{Event, RoomKey};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::ops::AddAssign;
use std::time::{Duration, Instant};

/// How many of each person's newest messages are looked at.
const RECENT: usize = 200;
/// In how many lines of the index they surely are: three origins, two copies each, and their edits.
const RECENT_LINES: u64 = 20 * RECENT as u64;

/// How many messages were found between each two steps, over all kills.
#[derive(Debug, Default)]
pub struct Fallen {
    said_not_accepted: usize,
    accepted_not_acknowledged: usize,
    acknowledged_not_fanned_out: usize,
    fanned_out_not_delivered: usize,
    delivered_not_completed: usize,
}

impl Fallen {
    fn table(&self) -> [(&'static str, usize); 5] {
        [
            ("said, not accepted", self.said_not_accepted),
            ("accepted, not acknowledged", self.accepted_not_acknowledged),
            ("acknowledged, not fanned out", self.acknowledged_not_fanned_out),
            ("fanned out, not delivered", self.fanned_out_not_delivered),
            ("delivered, not completed", self.delivered_not_completed),
        ]
    }

    /// Every gap was hit.
    pub fn none_is_zero(&self) -> bool {
        self.table().iter().all(|(_, count)| *count > 0)
    }
}

impl AddAssign for Fallen {
    fn add_assign(&mut self, other: Self) {
        self.said_not_accepted += other.said_not_accepted;
        self.accepted_not_acknowledged += other.accepted_not_acknowledged;
        self.acknowledged_not_fanned_out += other.acknowledged_not_fanned_out;
        self.fanned_out_not_delivered += other.fanned_out_not_delivered;
        self.delivered_not_completed += other.delivered_not_completed;
    }
}

impl fmt::Display for Fallen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "fell between these steps:")?;
        self.table().iter().try_for_each(|(gap, count)| writeln!(f, "  {gap:<30} {count:>6}"))
    }
}

/// Opens the dead Relay's ledger and counts. Nobody talks meanwhile.
pub async fn examine(bench: &Bench, load: &Load) -> Fallen {
    let ledger = open(bench).await;
    let mut fallen = Fallen::default();
    let to_fan_out: BTreeSet<EnvelopeId> =
        ledger.to_fan_out(EnvelopeId([0; 16]), usize::MAX).unwrap().into_iter().collect();
    let journal = Journal::of(&ledger, bench);
    for platform in PLATFORMS {
        let acknowledged: BTreeSet<String> = bench.people(platform).acknowledged().into_iter().collect();
        // Acknowledgements are remembered for the newest messages only, which is where a kill leaves its traces.
        for said in load.said(platform).iter().rev().take(RECENT) {
            let Some(envelope) = journal.accepted.get(&(platform, said.id.clone())) else {
                fallen.said_not_accepted += 1;
                continue;
            };
            // Discord's gateway has no acknowledgement: there, accepted is all that can be promised.
            if platform != "discord" && !acknowledged.contains(&said.id) {
                fallen.accepted_not_acknowledged += 1;
            } else if to_fan_out.contains(envelope) {
                fallen.acknowledged_not_fanned_out += 1;
            }
        }
    }
    // A copy's last word is the message, whatever prefix it bears.
    let last_word = |text: &str| text.split_whitespace().next_back().unwrap_or_default().to_owned();
    let copies: HashMap<&str, HashSet<String>> = PLATFORMS
        .into_iter()
        .map(|there| {
            (there, bench.seen(there).iter().filter(|m| m.by_bot).map(|m| last_word(&m.text)).collect())
        })
        .collect();
    for (platform, text) in &journal.outbox {
        if copies[platform].contains(text) {
            fallen.delivered_not_completed += 1
        } else {
            fallen.fanned_out_not_delivered += 1
        }
    }
    ledger.ledger.close().await.unwrap();
    ledger.writer.join();
    fallen
}

struct Opened {
    ledger: Ledger,
    writer: relay::store::ledger::WriterGuard,
}

impl std::ops::Deref for Opened {
    type Target = Ledger;

    fn deref(&self) -> &Ledger {
        &self.ledger
    }
}

/// The kernel may take a moment to let a killed process's lock go.
async fn open(bench: &Bench) -> Opened {
    let began = Instant::now();
    loop {
        match Ledger::open(&bench.state()) {
            Ok((ledger, writer)) => return Opened { ledger, writer },
            Err(error) if began.elapsed() > Duration::from_secs(10) => panic!("{error}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// What the ledger says.
struct Journal {
    /// Accepted posts by platform and native id.
    accepted: HashMap<(&'static str, String), EnvelopeId>,
    /// Deliveries still to be done: into which platform, and with which text.
    outbox: Vec<(&'static str, String)>,
}

impl Journal {
    fn of(ledger: &Ledger, bench: &Bench) -> Self {
        let mut accepted = HashMap::new();
        // The newest lines are enough for the newest messages, and a hundred times all lines is a long wait.
        let recent = ledger.position().saturating_sub(RECENT_LINES);
        for (_, line) in ledger.index_after(recent, usize::MAX).unwrap() {
            if line.origin {
                let platform = PLATFORMS.into_iter().find(|p| *p == line.room.platform.as_str()).unwrap();
                accepted.insert((platform, line.messages[0].id.to_string()), line.envelope);
            }
        }
        let rooms: BTreeSet<RoomKey> = ledger.depths().into_keys().collect();
        let mut outbox = Vec::new();
        for room in rooms {
            let platform = PLATFORMS.into_iter().find(|p| *p == room.platform.as_str()).unwrap();
            assert_eq!(bench.room(platform), room.room.as_str());
            let mut from = EnvelopeId([0; 16]);
            while let Some((id, _)) = ledger.head(&room, from).unwrap() {
                let text = match &ledger.envelope(id).unwrap().unwrap().event {
                    Event::Posted(message) | Event::Edited { to: message, .. } => message.body.excerpt(200),
                    _ => String::new(),
                };
                outbox.push((platform, text));
                from = EnvelopeId((u128::from_be_bytes(id.0) + 1).to_be_bytes());
            }
        }
        Self { accepted, outbox }
    }
}
