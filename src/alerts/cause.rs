//! What needs a person, worked out of how everything is: a closed set, each with a key by which it is known again, a sentence, what to
//! do, and the sentence for when it is over.

use crate::adapt::presentable;
use crate::engine::{AccountState, Finding, GivenUp, Grade, LaneState, QueueRoom, Refusal, Status};
use crate::spans;
use relay_contract::Problem;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// So many bytes more than `least_free` should be free.
const ROOMY: u64 = 800_000_000;

/// Everything that is looked at.
pub struct Seen<'a> {
    /// Accounts, rooms, disk.
    pub status: &'a Status,
    /// What waits.
    pub queues: &'a [QueueRoom],
    /// What was given up and by no person.
    pub given_up: &'a [GivenUp],
    /// What was found of this machine's clock.
    pub clock: &'a [Finding],
    /// What is wrong with the admins' room itself.
    pub own_room: Option<(String, Problem)>,
    /// Now, in milliseconds since the epoch.
    pub now: i64,
    /// Later than this is late.
    pub late: Duration,
}

/// Something that needs a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// An account waits for a person.
    Parked {
        /// Its name.
        account: String,
        /// What is wrong and what to do.
        problem: Problem,
    },
    /// An account has had no connection for a while.
    Down {
        /// Its name.
        account: String,
        /// Why.
        reason: String,
    },
    /// Rights that an account has not.
    Rights {
        /// Its name.
        account: String,
        /// Which, and what to do.
        warnings: Vec<String>,
    },
    /// A room cannot be used, or a right is missing there.
    Room {
        /// As it is written.
        link: String,
        /// How people call it.
        name: String,
        /// What is wrong, and what to do.
        problems: Vec<String>,
        /// Its account works: otherwise that is what is to be told.
        reachable: bool,
    },
    /// What waits for an account's rooms waits for long.
    Late {
        /// Its name.
        account: String,
        /// Which rooms, as they are written.
        rooms: BTreeSet<String>,
        /// How people call the one that is latest.
        name: String,
        /// By how much.
        by: Duration,
        /// Why.
        why: String,
        /// It is later than it may be; otherwise it is only not over yet.
        begins: bool,
    },
    /// Deliveries into a room were given up.
    GivenUp {
        /// As it is written.
        link: String,
        /// How people call it.
        name: String,
        /// How many.
        count: u64,
        /// Why the last one was.
        reason: String,
    },
    /// Nothing is heard in a room where there is usually something.
    Silent {
        /// As it is written.
        link: String,
        /// How people call it.
        name: String,
        /// Its account is connected: otherwise that is what is to be told.
        reachable: bool,
    },
    /// Nothing is accepted.
    DiskFull {
        /// Bytes that are free.
        free: u64,
        /// Bytes that are to be left free.
        least: u64,
    },
    /// It soon will be.
    DiskLow {
        /// Bytes that are free.
        free: u64,
        /// Bytes that are to be left free.
        least: u64,
    },
    /// What the config file says now was not taken.
    Config {
        /// The file.
        file: String,
        /// The first reason, with its place.
        why: String,
        /// Only a restart takes it.
        restart: bool,
    },
    /// The clock is wrong.
    Clock {
        /// By how much.
        what: String,
        /// What to do.
        fix: String,
    },
}

/// All that needs a person now.
pub fn all(seen: &Seen<'_>) -> Vec<Cause> {
    let mut found = Vec::new();
    let mut working = BTreeSet::new();
    let mut parked = BTreeSet::new();
    for account in &seen.status.accounts {
        let name = account.name.clone();
        match &account.state {
            AccountState::Up => drop(working.insert(account.name.as_str())),
            AccountState::Parked { problem } => {
                parked.insert(account.name.as_str());
                found.push(Cause::Parked { account: name.clone(), problem: problem.clone() });
            }
            AccountState::Interrupted { reason } => {
                found.push(Cause::Down { account: name.clone(), reason: reason.clone() });
            }
            AccountState::Starting => {
                found.push(Cause::Down { account: name.clone(), reason: "it is still starting".into() });
            }
        }
        if !account.warnings.is_empty() {
            found.push(Cause::Rights { account: name, warnings: account.warnings.clone() });
        }
    }
    found.extend(rooms(seen, &working));
    found.extend(late(seen, &parked));
    found.extend(seen.given_up.iter().map(|letters| Cause::GivenUp {
        link: letters.link.clone(),
        name: presentable(&letters.name),
        count: letters.count,
        reason: letters.reason.clone(),
    }));
    let disk = seen.status.disk;
    if disk.full {
        found.push(Cause::DiskFull { free: disk.free, least: disk.least_free });
    } else if disk.free < disk.least_free.saturating_add(ROOMY) {
        found.push(Cause::DiskLow { free: disk.free, least: disk.least_free });
    }
    let config = &seen.status.config;
    found.extend(config.refused.as_ref().map(|Refusal { why, restart, .. }| Cause::Config {
        file: config.file.clone(),
        why: why.clone(),
        restart: *restart,
    }));
    let wrong = seen.clock.iter().filter(|finding| finding.grade != Grade::Fine);
    found.extend(wrong.take(1).map(|finding| Cause::Clock {
        what: finding.what.clone(),
        fix: finding.fix.clone().unwrap_or_default(),
    }));
    found
}

/// Rooms that cannot be used: a room in two channels is told of once.
fn rooms(seen: &Seen<'_>, working: &BTreeSet<&str>) -> Vec<Cause> {
    let mut found: BTreeMap<String, Cause> = BTreeMap::new();
    for link in seen.status.channels.iter().flat_map(|channel| &channel.links) {
        let mut problems = link.problems.clone();
        if let Some(LaneState::Parked { problem }) = &link.lane {
            let told = problem.to_string();
            if !problems.contains(&told) {
                problems.push(told);
            }
        }
        if !problems.is_empty() {
            let room = Cause::Room {
                link: link.link.clone(),
                name: presentable(link.name.as_ref().unwrap_or(&link.room)),
                problems,
                reachable: working.contains(link.account.as_str()),
            };
            found.entry(link.link.clone()).or_insert(room);
        }
    }
    if let Some((link, problem)) = &seen.own_room {
        let account = link.split(':').next().unwrap_or_default();
        found.entry(link.clone()).or_insert(Cause::Room {
            link: link.clone(),
            name: "the admins' room".into(),
            problems: vec![problem.to_string()],
            reachable: working.contains(account),
        });
    }
    found.into_values().collect()
}

/// What is late, an account at a time: an outage is one thing, however many rooms it concerns.
fn late(seen: &Seen<'_>, parked: &BTreeSet<&str>) -> Vec<Cause> {
    let mut found: BTreeMap<String, Cause> = BTreeMap::new();
    for queue in seen.queues {
        let (Some(link), Some(head)) = (&queue.link, &queue.head) else { continue };
        // While it was held it was not late.
        let since = queue.resumed.map_or(head.accepted, |resumed| resumed.max(head.accepted));
        let by = Duration::from_millis(u64::try_from(seen.now - since).unwrap_or(0));
        // A person who holds it knows. What is becoming less is over when it is short.
        if matches!(queue.lane, LaneState::Paused { .. }) || by <= seen.late / 4 {
            continue;
        }
        let account = link.split(':').next().unwrap_or_default();
        let why = match &queue.lane {
            LaneState::Retrying { reason } => reason.clone(),
            LaneState::Waiting => "Relay has no connection there".to_owned(),
            LaneState::Parked { problem } => problem.what.trim_end_matches('.').to_owned(),
            _ => "more is said than goes out".to_owned(),
        };
        let is_late = by > seen.late && !parked.contains(account);
        let name = presentable(queue.name.as_ref().unwrap_or(link));
        let one = found.entry(account.to_owned()).or_insert_with(|| Cause::Late {
            account: account.to_owned(),
            rooms: BTreeSet::new(),
            name: name.clone(),
            by,
            why: why.clone(),
            begins: false,
        });
        if let Cause::Late { rooms, name: latest, by: most, why: because, begins, .. } = one {
            rooms.insert(link.clone());
            *begins |= is_late;
            if by > *most {
                (*latest, *most, *because) = (name, by, why);
            }
        }
    }
    found.into_values().collect()
}

impl Cause {
    /// By which it is known again.
    pub fn key(&self) -> String {
        match self {
            Self::Parked { account, .. } => format!("parked {account}"),
            Self::Down { account, .. } => format!("down {account}"),
            Self::Rights { account, .. } => format!("rights {account}"),
            Self::Room { link, .. } => format!("room {link}"),
            Self::Late { account, .. } => format!("late {account}"),
            Self::GivenUp { link, .. } => format!("given up {link}"),
            Self::Silent { link, .. } => format!("silent {link}"),
            Self::DiskFull { .. } => "disk full".into(),
            Self::DiskLow { .. } => "disk low".into(),
            Self::Config { .. } => "config".into(),
            Self::Clock { .. } => "clock".into(),
        }
    }

    /// Whether it is worth waking somebody: without a person it stays so, and messages pile up or are not heard at all.
    pub fn is_urgent(&self) -> bool {
        matches!(self, Self::Parked { .. } | Self::DiskFull { .. })
    }

    /// Whether a person has just done it, and wants to know each time.
    pub fn is_done_by_hand(&self) -> bool {
        matches!(self, Self::Config { .. })
    }

    /// How long it has to be so before it is told: what mends itself is nobody's business.
    pub fn patience(&self, late: Duration) -> Duration {
        match self {
            Self::Down { .. } | Self::Rights { .. } | Self::Room { .. } => late,
            _ => Duration::ZERO,
        }
    }

    /// Whether it is to be told if nobody was told yet; otherwise something else says the same, or it is only not over yet.
    pub fn begins(&self) -> bool {
        match self {
            Self::Room { reachable, .. } | Self::Silent { reachable, .. } => *reachable,
            Self::Late { begins, .. } => *begins,
            _ => true,
        }
    }

    /// How much of it there is: where that grows, it is told again.
    pub fn count(&self) -> u64 {
        if let Self::GivenUp { count, .. } = self { *count } else { 0 }
    }

    /// What is so.
    pub fn sentence(&self) -> String {
        match self {
            Self::Parked { account, problem } => {
                format!("The account {account} waits for somebody: {}", problem.what)
            }
            Self::Down { account, reason } => {
                format!("The account {account} has no connection: {}.", reason.trim_end_matches('.'))
            }
            Self::Rights { account, .. } => format!("The account {account} may not do all that it needs."),
            Self::Room { name, link, .. } => {
                format!("The room {} does not work as it should.", both(name, link))
            }
            Self::Late { rooms, name, by, why, account, .. } => {
                let late = spans::in_words(*by);
                let why = why.trim_end_matches('.');
                match rooms.len() {
                    0 | 1 => format!("What is said elsewhere reaches {name} {late} late: {why}."),
                    many => format!(
                        "What is said elsewhere is late in {many} rooms of {account}, by {late} in {name}: {why}."
                    ),
                }
            }
            Self::GivenUp { name, count, reason, .. } => {
                let count = match count {
                    1 => "1 delivery was given up".to_owned(),
                    count => format!("{count} deliveries were given up"),
                };
                let reason = reason.trim_end_matches('.');
                format!("{count} that should have gone into {name}; the last one: {reason}.")
            }
            Self::Silent { name, .. } => format!(
                "Nothing was heard in {name} for two hours, where on each of the last seven days something was in both of these hours."
            ),
            Self::DiskFull { free, least } => format!(
                "The disk is full: {} MB are free, {} MB are to stay free. Nothing that is said is accepted until there is room.",
                free / 1_000_000,
                least / 1_000_000
            ),
            Self::DiskLow { free, least } => format!(
                "The disk is nearly full: {} MB are free, and below {} MB nothing is accepted.",
                free / 1_000_000,
                least / 1_000_000
            ),
            Self::Config { file, why, .. } => {
                format!(
                    "What {file} says now was not taken, and nothing has changed: {}.",
                    why.trim_end_matches('.')
                )
            }
            Self::Clock { what, .. } => format!("This machine's clock is wrong: {what}"),
        }
    }

    /// What to do.
    pub fn fix(&self) -> String {
        match self {
            Self::Parked { problem, .. } => problem.fix.clone(),
            Self::Down { account, .. } => format!(
                "Nothing is lost, and it is tried again by itself; if it stays so, look at this machine's network and the platform's status \
                 page. relay doctor asks {account} anew."
            ),
            Self::Rights { warnings, .. } => warnings.join(" "),
            Self::Room { problems, .. } => problems.join(" "),
            Self::Late { rooms, account, .. } => {
                let of = match rooms.first() {
                    Some(room) if rooms.len() == 1 => format!("show \"{room}\""),
                    _ => format!("list {account}"),
                };
                format!("Nothing is lost, and it arrives in order. What waits: relay queue {of}")
            }
            Self::GivenUp { link, .. } => format!(
                "Why: relay queue show \"{link}\". Once that is mended: relay queue retry \"{link}\", or relay queue drop \"{link}\"."
            ),
            Self::Silent { link, .. } => {
                format!(
                    "Where people do talk there: relay doctor --canary \"{link}\" looks whether Relay hears them."
                )
            }
            Self::DiskFull { .. } | Self::DiskLow { .. } => {
                "Make room on the disk of data_dir, or have less kept: keep_days in [relay], most in [media]."
                    .into()
            }
            Self::Config { restart: true, .. } => {
                "Restart Relay (sudo systemctl restart relay, where systemd runs it), or take that change back: nothing else of the file is \
                 taken before."
                    .into()
            }
            Self::Config { .. } => {
                "All mistakes, with their lines: relay plan. Once they are mended: relay reload".into()
            }
            Self::Clock { fix, .. } => fix.clone(),
        }
    }

    /// That it is over.
    pub fn over(&self) -> String {
        match self {
            Self::Parked { account, .. } => format!("The account {account} works again."),
            Self::Down { account, .. } => format!("The account {account} is connected again."),
            Self::Rights { account, .. } => format!("The account {account} may do all that it needs."),
            Self::Room { name, link, .. } => format!("The room {} works as it should.", both(name, link)),
            Self::Late { account, .. } => {
                format!("What is said elsewhere reaches the rooms of {account} in time again.")
            }
            Self::GivenUp { name, .. } => format!("Nothing that was given up is left for {name}."),
            Self::Silent { name, .. } => format!("Something was heard in {name} again."),
            Self::DiskFull { .. } => "There is room on the disk: Relay accepts again.".into(),
            Self::DiskLow { .. } => "There is room on the disk again.".into(),
            Self::Config { .. } => "What the config file says is in force again.".into(),
            Self::Clock { .. } => "This machine's clock is right again.".into(),
        }
    }
}

/// What is said in the place of an all-clear where what it is about is in the config no more.
pub fn no_more(key: &str, accounts: &BTreeSet<String>, links: &BTreeSet<String>) -> Option<String> {
    let (kind, of) = key.split_once(' ')?;
    match kind {
        "parked" | "down" | "rights" | "late" if !accounts.contains(of) => {
            Some(format!("The account {of} is in the config no more."))
        }
        "room" | "silent" if !links.contains(of) => Some(format!("The room {of} is linked no more.")),
        _ => None,
    }
}

/// A name with how it is written, where that is not the same.
fn both(name: &str, link: &str) -> String {
    if link.ends_with(&format!(":{name}")) { link.to_owned() } else { format!("{name} ({link})") }
}
