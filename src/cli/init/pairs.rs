//! Which rooms may belong together. Pure: names, words, sizes.

use std::collections::{BTreeMap, BTreeSet};
use unicode_normalization::UnicodeNormalization;

/// From this share of common words on, two names are alike.
const COMMON: f64 = 0.5;
/// From this likeness of letters on (Jaro-Winkler), two names are one misspelt.
const ALIKE: f64 = 0.93;

/// How people call the room where everybody is.
const MAIN: &[&str] = &[
    "general",
    "main",
    "lobby",
    "lounge",
    "chat",
    "common",
    "hall",
    "plaza",
    "everybody",
    "all",
    "allgemein",
    "town square",
    "offtopic",
];
/// Words that tell nothing of a room.
const EMPTY: &[&str] = &["the", "a", "of", "and", "room", "channel", "group", "official", "our"];

/// A room as an account sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Through which account.
    pub account: String,
    /// Its space's name.
    pub space: String,
    /// Its name.
    pub name: String,
    /// How many people are in it, where that is known.
    pub members: Option<u64>,
    /// It is in a channel: nothing is proposed for it, but it may be the main room.
    pub joined: bool,
}

/// Rooms that may belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// A name for their channel.
    pub name: String,
    /// Which of the rooms, at most one of each account.
    pub rooms: Vec<usize>,
    /// Why.
    pub why: &'static str,
    /// Whether it is likely enough to be ticked.
    pub likely: bool,
}

/// What belongs together by its names; then, for accounts that are in none of it, the room of each where everybody is.
pub fn propose(rooms: &[Room]) -> Vec<Proposal> {
    let mut proposals = by_name(rooms);
    proposals.extend(by_likeness(rooms, &proposals));
    proposals.extend(of_everybody(rooms, &proposals));
    proposals
}

/// Rooms that are called the same.
fn by_name(rooms: &[Room]) -> Vec<Proposal> {
    let mut called: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (at, room) in rooms.iter().enumerate().filter(|(_, room)| !room.joined) {
        called.entry(words(&room.name).join(" ")).or_default().push(at);
    }
    let groups = called.into_iter().filter(|(words, _)| !words.is_empty());
    let groups = groups.map(|(_, group)| one_each(rooms, &group)).filter(|group| group.len() > 1);
    groups.map(|group| proposal(rooms, group, "called the same", true)).collect()
}

/// Rooms that are called alike, or like the other's space.
fn by_likeness(rooms: &[Room], taken: &[Proposal]) -> Vec<Proposal> {
    let mut taken: BTreeSet<usize> = taken.iter().flat_map(|proposal| proposal.rooms.clone()).collect();
    let mut found = Vec::new();
    for at in 0..rooms.len() {
        if taken.contains(&at) {
            continue;
        }
        let like: Vec<usize> =
            (0..rooms.len()).filter(|other| !taken.contains(other) && are_alike(rooms, at, *other)).collect();
        let group = one_each(rooms, &[&[at], &like[..]].concat());
        if group.len() > 1 && group.contains(&at) {
            taken.extend(&group);
            found.push(proposal(rooms, group, "called alike", true));
        }
    }
    found
}

/// The main room of each account that is nowhere yet, beside those of a channel that is the main one already.
fn of_everybody(rooms: &[Room], proposals: &[Proposal]) -> Option<Proposal> {
    let main = proposals.iter().find(|proposal| proposal.rooms.iter().any(|at| is_main(rooms, *at)));
    let mut group: Vec<usize> = main.map(|main| main.rooms.clone()).unwrap_or_default();
    let begun = group.len();
    let placed: BTreeSet<&str> = proposals
        .iter()
        .flat_map(|proposal| &proposal.rooms)
        .filter_map(|at| rooms.get(*at))
        .map(|room| room.account.as_str())
        .collect();
    let accounts: BTreeSet<&str> = rooms.iter().map(|room| room.account.as_str()).collect();
    for account in accounts.difference(&placed) {
        let of_it = (0..rooms.len()).filter(|at| rooms.get(*at).is_some_and(|room| room.account == *account));
        let first = of_it.max_by_key(|at| {
            let members = rooms.get(*at).and_then(|room| room.members).unwrap_or(0);
            // Of several that are alike the first.
            (is_main(rooms, *at), members, std::cmp::Reverse(*at))
        });
        // What is left of an account whose main room is joined is not the main room.
        group.extend(first.filter(|at| rooms.get(*at).is_some_and(|room| !room.joined)));
    }
    let why = if begun == 0 { "the main room of each" } else { "the main room, beside the main rooms" };
    (group.len() > 1 && group.len() > begun).then(|| {
        let mut proposal = proposal(rooms, group.clone(), why, false);
        // What is new in it stands first.
        group.rotate_left(begun);
        proposal.rooms = group;
        proposal
    })
}

fn proposal(rooms: &[Room], mut group: Vec<usize>, why: &'static str, likely: bool) -> Proposal {
    group.sort_unstable();
    let name = group.iter().find(|at| is_main(rooms, **at)).or(group.first());
    let name = name.and_then(|at| rooms.get(*at)).map_or_else(String::new, |room| channel_name(&room.name));
    Proposal { name, rooms: group, why, likely }
}

/// A name for a channel: lower case, digits and hyphens.
pub fn channel_name(room: &str) -> String {
    let plain: String = room.nfkd().filter(|c| !unicode_normalization::char::is_combining_mark(*c)).collect();
    let words = plain.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let name = words.collect::<Vec<_>>().join("-").to_lowercase();
    if name.is_empty() { "lobby".to_owned() } else { name }
}

/// Of several rooms of one account the largest, else the first.
fn one_each(rooms: &[Room], group: &[usize]) -> Vec<usize> {
    let mut of_account: BTreeMap<&str, usize> = BTreeMap::new();
    for at in group {
        let Some(room) = rooms.get(*at) else { continue };
        let best = of_account.entry(&room.account).or_insert(*at);
        if rooms.get(*best).is_some_and(|known| known.members.unwrap_or(0) < room.members.unwrap_or(0)) {
            *best = *at;
        }
    }
    of_account.into_values().collect()
}

fn are_alike(rooms: &[Room], one: usize, other: usize) -> bool {
    let (Some(one), Some(other)) = (rooms.get(one), rooms.get(other)) else { return false };
    if one.account == other.account || one.joined || other.joined {
        return false;
    }
    let (a, b) = (words(&one.name), words(&other.name));
    if a.is_empty() || b.is_empty() {
        return false;
    }
    let is_space_of = |small: &Room, large: &Room| {
        // A group that is a space of its own, and the main room of a space of that name.
        (small.space.is_empty() || small.space == small.name)
            && words(&small.name) == words(&large.space)
            && MAIN.contains(&bare(&large.name).as_str())
    };
    common(&a, &b) >= COMMON
        || strsim::jaro_winkler(&a.join(" "), &b.join(" ")) >= ALIKE
        || is_space_of(one, other)
        || is_space_of(other, one)
}

fn common(a: &[String], b: &[String]) -> f64 {
    let (a, b): (BTreeSet<_>, BTreeSet<_>) = (a.iter().collect(), b.iter().collect());
    let all = a.union(&b).count();
    if all == 0 { 0.0 } else { a.intersection(&b).count() as f64 / all as f64 }
}

fn is_main(rooms: &[Room], at: usize) -> bool {
    rooms.get(at).is_some_and(|room| MAIN.contains(&bare(&room.name).as_str()))
}

/// A name's words that tell something, in one spelling; the main room is called the same everywhere.
fn words(name: &str) -> Vec<String> {
    let bare = bare(name);
    if MAIN.contains(&bare.as_str()) {
        return vec!["general".to_owned()];
    }
    let mut words: Vec<String> =
        bare.split(' ').filter(|word| !word.is_empty() && !EMPTY.contains(word)).map(str::to_owned).collect();
    words.sort();
    words.dedup();
    words
}

fn bare(name: &str) -> String {
    let folded: String = name.nfkc().collect::<String>().to_lowercase();
    folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn room(written: &str) -> Room {
        let (written, joined) = written.strip_prefix('!').map_or((written, false), |rest| (rest, true));
        let (account, rest) = written.split_once(':').unwrap();
        let (rest, members) =
            rest.split_once('=').map_or((rest, None), |(rest, count)| (rest, count.parse().ok()));
        let (space, name) = rest.split_once('/').unwrap_or((rest, rest));
        Room { account: account.into(), space: space.into(), name: name.into(), members, joined }
    }

    fn proposed(rooms: &[&str]) -> Vec<String> {
        let rooms: Vec<Room> = rooms.iter().map(|written| room(written)).collect();
        let shown = propose(&rooms).into_iter().map(|proposal| {
            let at: Vec<String> = proposal.rooms.iter().map(ToString::to_string).collect();
            let tick = if proposal.likely { "x" } else { " " };
            format!("[{tick}] {} = {}", proposal.name, at.join(" "))
        });
        shown.collect()
    }

    #[test]
    fn what_belongs_together() {
        let cases: &[(&[&str], &[&str])] = &[
            (&["d:Owls/#general", "s:Studio/#general", "s:Studio/#random"], &["[x] general = 0 1"]),
            // The words for the room where everybody is.
            (&["d:Owls/#lobby", "s:Studio/#general"], &["[x] lobby = 0 1"]),
            // The same name in other clothes.
            (&["d:Owls/#night-hikes", "t:Night Hikes 🌙", "s:S/#night_hikes"], &["[x] night-hikes = 0 1 2"]),
            (&["d:Owls/#hikes-berlin", "t:Berlin hikes"], &["[x] hikes-berlin = 0 1"]),
            (&["d:Owls/#photgraphy", "t:Photography"], &["[x] photgraphy = 0 1"]),
            // A group that is called like the other's server goes to its main room.
            (&["d:Night Owls/#general", "d:Night Owls/#music", "t:Night Owls"], &["[x] general = 0 2"]),
            // The largest of two that are called the same.
            (&["d:A/#general=3", "d:B/#general=40", "s:S/#general"], &["[x] general = 1 2"]),
            // Who is nowhere is offered beside the main rooms, and not ticked.
            (
                &["d:Owls/#general", "s:Studio/#general", "t:Book club=4", "t:Hikers=9"],
                &["[x] general = 0 1", "[ ] general = 3 0 1"],
            ),
            (&["d:Owls/#music", "t:Hikers"], &["[ ] music = 0 1"]),
            // Whose main room is joined already is not proposed by what is left.
            (&["d:Owls/#music", "t:Hikers", "!d:Owls/#general"], &[]),
            (&["d:Owls/#music=3", "t:Hikers", "!d:Owls/#tea=30", "!t:Tea"], &[]),
            (&["d:Owls/#general", "t:Hikers", "!d:Owls/#music"], &["[ ] general = 0 1"]),
            (&["d:Owls/#tea", "t:Tea", "!s:Studio/#tea"], &["[x] tea = 0 1"]),
            // Nothing with itself, and nothing of one account alone.
            (&["d:Owls/#general", "d:Birds/#general"], &[]),
            (&["d:Owls/#general"], &[]),
            (&[], &[]),
        ];
        for (rooms, expected) in cases {
            assert_eq!(proposed(rooms), *expected, "{rooms:?}");
        }
    }

    #[test]
    fn names_of_channels() {
        for (room, name) in [
            ("#general", "general"),
            ("Café Müller 2", "cafe-muller-2"),
            ("☕", "lobby"),
            ("a: b/c", "a-b-c"),
        ] {
            assert_eq!(channel_name(room), name);
        }
    }

    proptest! {
        #[test]
        fn at_most_one_room_of_each_account_and_two_accounts_at_least(
            rooms in proptest::collection::vec(
                ("[a-c]", "[ab]", "#?(general|lobby|owls|night owls|the|☕|[a-d]{0,3})", proptest::option::of(0..9u64)),
                0..12,
            )
        ) {
            let rooms: Vec<Room> = rooms
                .into_iter()
                .map(|(account, space, name, members)| Room { account, space, name, members, joined: false })
                .collect();
            let proposals = propose(&rooms);
            let mut likely = BTreeSet::new();
            for proposal in &proposals {
                let accounts: BTreeSet<_> =
                    proposal.rooms.iter().map(|at| rooms[*at].account.clone()).collect();
                prop_assert_eq!(accounts.len(), proposal.rooms.len());
                prop_assert!(proposal.rooms.len() > 1 && !proposal.name.is_empty());
                // What is ticked puts no room into two channels.
                if proposal.likely {
                    prop_assert!(proposal.rooms.iter().all(|at| likely.insert(*at)));
                }
            }
        }
    }
}
