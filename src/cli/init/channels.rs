//! Which rooms are joined: what belongs together is proposed, somebody ticks.

use super::asker::{Asker, Check, Choice, Ended, GivenChannels, Judge, Question};
use super::draft::Link;
use super::pairs::{self, Room, channel_name};
use super::rooms::{Open, hint};
use crate::commands::RoomLine;
use relay_contract::Visibility;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A room of an account.
#[derive(Clone, Copy)]
struct Seen<'a> {
    account: &'a Open,
    line: &'a RoomLine,
}

/// The new links of each channel.
pub type Chosen = BTreeMap<String, Vec<Link>>;

/// Asks which; `known` are the channels that there are already.
pub fn choose(asker: &mut dyn Asker, accounts: &[Open], known: &[String]) -> Result<Chosen, Ended> {
    let rooms: Vec<Seen<'_>> = accounts
        .iter()
        .flat_map(|open| open.rooms.iter().map(|line| Seen { account: open, line }))
        .filter(|seen| seen.line.channels.is_empty())
        .collect();
    if let Some(given) = asker.channels()? {
        return given_rooms(given, accounts);
    }
    let mut chosen = Chosen::new();
    let mut taken = proposed(asker, (accounts, &rooms), known, &mut chosen)?;
    while asker.is_attended() {
        let free: Vec<Seen<'_>> =
            rooms.iter().filter(|seen| !taken.contains(seen.line.link.as_str())).copied().collect();
        if free.is_empty() {
            break;
        }
        let (done, more) =
            (Choice::new("That is all", ""), Choice::new("Put other rooms into a channel", ""));
        let question = Question::new("channels", "Are there other rooms to join?");
        let stops = match chosen.is_empty() {
            true => asker.one(&question, &[more, done])? == 1,
            false => asker.one(&question, &[done, more])? == 0,
        };
        if stops {
            break;
        }
        others(asker, &free, known, &mut chosen, &mut taken)?;
    }
    Ok(chosen)
}

/// What belongs together. Answers the links that are taken.
fn proposed<'a>(
    asker: &mut dyn Asker,
    (accounts, rooms): (&[Open], &[Seen<'a>]),
    known: &[String],
    chosen: &mut Chosen,
) -> Result<BTreeSet<&'a str>, Ended> {
    let free = rooms.iter().filter(|seen| !seen.account.left.contains(&seen.line.id));
    let rooms: Vec<Seen<'a>> = free.copied().collect();
    // Behind those that are free, so that these keep their places.
    let joined = accounts.iter().flat_map(|account| {
        let lines = account.joined.iter().filter_map(|(_, _, line)| line.as_ref());
        lines.map(move |line| Room { joined: true, ..Seen { account, line }.room() })
    });
    let named: Vec<Room> = rooms.iter().map(Seen::room).chain(joined).collect();
    let proposals = pairs::propose(&named);
    if proposals.is_empty() {
        return Ok(BTreeSet::new());
    }
    let choices = proposals.iter().map(|proposal| {
        let links: Vec<String> =
            proposal.rooms.iter().filter_map(|at| rooms.get(*at)).map(Seen::label).collect();
        Choice { label: links.join(" + "), hint: proposal.why.to_owned(), ticked: proposal.likely }
    });
    let choices: Vec<Choice> = choices.collect();
    let ticked: Vec<usize> = match asker.is_attended() {
        true => {
            let question =
                Question::new("channels", "These rooms may belong together. Which are to be joined?");
            asker.many(&question, &choices, 0)?
        }
        false => {
            (0..choices.len()).filter(|at| choices.get(*at).is_some_and(|choice| choice.ticked)).collect()
        }
    };
    let mut taken = BTreeSet::new();
    for (usual, group) in merged(ticked.iter().filter_map(|at| proposals.get(*at))) {
        let group: Vec<Seen<'a>> = group.iter().filter_map(|at| rooms.get(*at)).copied().collect();
        taken.extend(group.iter().map(|seen| seen.line.link.as_str()));
        let name = match asker.is_attended() {
            true => name_for(asker, &group, &usual, known, chosen)?,
            false => free_name(&usual, known, chosen),
        };
        chosen.entry(name).or_default().extend(group.iter().map(Seen::link));
    }
    Ok(taken)
}

/// Proposals that share a room become one channel.
fn merged<'p>(ticked: impl Iterator<Item = &'p pairs::Proposal>) -> Vec<(String, BTreeSet<usize>)> {
    let mut groups: Vec<(String, BTreeSet<usize>)> = Vec::new();
    for proposal in ticked {
        let rooms: BTreeSet<usize> = proposal.rooms.iter().copied().collect();
        match groups.iter_mut().find(|(_, group)| !group.is_disjoint(&rooms)) {
            Some((_, group)) => group.extend(rooms),
            None => groups.push((proposal.name.clone(), rooms)),
        }
    }
    groups
}

/// Any rooms, into a channel that is there or into a new one.
fn others<'a>(
    asker: &mut dyn Asker,
    free: &[Seen<'a>],
    known: &[String],
    chosen: &mut Chosen,
    taken: &mut BTreeSet<&'a str>,
) -> Result<(), Ended> {
    let choices: Vec<Choice> = free.iter().map(|seen| Choice::new(seen.label(), hint(seen.line))).collect();
    let ticked = asker.many(&Question::new("channels", "Which rooms?"), &choices, 1)?;
    let group: Vec<Seen<'a>> = ticked.iter().filter_map(|at| free.get(*at)).copied().collect();
    let there: BTreeSet<String> = known.iter().chain(chosen.keys()).cloned().collect();
    let mut choices: Vec<Choice> =
        there.iter().map(|name| Choice::new(name.as_str(), "a channel that is there")).collect();
    choices.push(Choice::new("A new channel", ""));
    let into = match there.is_empty() {
        true => 0,
        false => asker.one(&Question::new("channels", "Into which channel?"), &choices)?,
    };
    let name = match there.iter().nth(into) {
        Some(name) => name.clone(),
        None => {
            let usual = group.first().map_or_else(String::new, |seen| channel_name(&seen.line.name));
            name_for(asker, &group, &usual, known, chosen)?
        }
    };
    taken.extend(group.iter().map(|seen| seen.line.link.as_str()));
    chosen.entry(name).or_default().extend(group.iter().map(Seen::link));
    Ok(())
}

/// A name of its own for a new channel: rooms come into one that is there only where somebody chooses that one.
fn name_for(
    asker: &mut dyn Asker,
    group: &[Seen<'_>],
    usual: &str,
    known: &[String],
    chosen: &Chosen,
) -> Result<String, Ended> {
    let links: Vec<&str> = group.iter().map(|seen| seen.line.link.as_str()).collect();
    let words = format!("What is the channel of {} called?", links.join(" + "));
    let usual = free_name(usual, known, chosen);
    let check = name_check(known.iter().chain(chosen.keys()).cloned().collect());
    asker.text(&Question::new("channels", words), &usual, check)
}

fn name_check(there: BTreeSet<String>) -> Check {
    let is_fine = |typed: &str| typed.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let judge = move |typed: &str| match typed.trim() {
        typed if there.contains(typed) => {
            Err(format!("There is a channel {typed} already: take another name"))
        }
        typed if is_fine(typed) => Ok(()),
        _ => Err("Use letters, digits, - and _".to_owned()),
    };
    let judge: Judge = Rc::new(judge);
    Check { typing: judge.clone(), whole: judge }
}

fn free_name(usual: &str, known: &[String], chosen: &Chosen) -> String {
    let is_taken = |name: &String| known.contains(name) || chosen.contains_key(name);
    let numbered = (2..).map(|number| format!("{usual}-{number}"));
    std::iter::once(usual.to_owned()).chain(numbered).find(|name| !is_taken(name)).unwrap_or_default()
}

/// The rooms that a file of answers names.
fn given_rooms(given: GivenChannels, accounts: &[Open]) -> Result<Chosen, Ended> {
    let mut chosen = Chosen::new();
    for (name, links) in given {
        let links = links.iter().filter_map(|written| given_room(&name, written, accounts).transpose());
        let links = links.collect::<Result<Vec<_>, _>>()?;
        if !links.is_empty() {
            chosen.insert(name, links);
        }
    }
    Ok(chosen)
}

/// None where it is in that channel already.
fn given_room(channel: &str, written: &str, accounts: &[Open]) -> Result<Option<Link>, Ended> {
    let failed = |why: String| Ended::Failed(format!("`channels.{channel}`: {written}: {why}"));
    let (account, room) = written
        .split_once(':')
        .ok_or_else(|| failed("write the account before the room, with a colon".into()))?;
    let open = accounts.iter().find(|open| open.name == account);
    let open = open.ok_or_else(|| failed(format!("there is no account `{account}`")))?;
    let is_there = |(of, at, line): &(String, String, Option<RoomLine>)| {
        of == channel && (at == room || line.as_ref().is_some_and(|line| is_meant(line, room)))
    };
    if open.joined.iter().any(is_there) {
        return Ok(None);
    }
    let meant: Vec<&RoomLine> = open.rooms.iter().filter(|line| is_meant(line, room)).collect();
    match meant.first() {
        Some(_) if meant.len() > 1 => {
            let links: Vec<&str> = meant.iter().map(|line| line.link.as_str()).collect();
            Err(failed(format!("it may be {}", links.join(" or "))))
        }
        Some(line) => Ok(Some(Seen { account: open, line }.link())),
        // Nobody tells of it, but it is written as an id is: it is asked for by that.
        None if (open.entry.room_ids.holds)(room) => {
            // Who reads it is told when the room is looked at.
            let (link, id, note) = (written.to_owned(), room.to_owned(), String::new());
            Ok(Some(Link { link, id, note, private: true }))
        }
        None => {
            let seen: Vec<&str> = open.rooms.iter().map(|line| line.link.as_str()).collect();
            Err(failed(match seen.is_empty() {
                true => format!("`{account}` sees no room that is not joined already"),
                false => format!("`{account}` sees no such room, but {}", seen.join(", ")),
            }))
        }
    }
}

/// By its id, or as people call it.
pub fn is_meant(line: &RoomLine, written: &str) -> bool {
    let fold = |name: &str| name.replace('#', "").to_lowercase();
    let full = format!("{}/{}", line.space, line.name);
    line.id == written || fold(&line.name) == fold(written) || fold(&full) == fold(written)
}

impl Seen<'_> {
    fn room(&self) -> Room {
        Room {
            account: self.account.name.clone(),
            space: self.line.space.clone(),
            name: self.line.name.clone(),
            members: self.line.members,
            joined: false,
        }
    }

    fn is_private(&self) -> bool {
        self.line.visibility == Visibility::Private
    }

    /// As it stands in a list.
    fn label(&self) -> String {
        format!("{}{}", self.line.link, if self.is_private() { " (private)" } else { "" })
    }

    fn link(&self) -> Link {
        let line = self.line;
        let link = match self.account.by_id {
            true => format!("{}:{}", self.account.name, line.id),
            false => line.link.clone(),
        };
        let note = match link.ends_with(&line.name) {
            true => String::new(),
            false if line.space == line.name => line.name.clone(),
            false => format!("{}/{}", line.space, line.name),
        };
        Link { link, id: line.id.clone(), note, private: self.is_private() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_channel_is_not_called_like_one_that_is_there() {
        let Check { typing, whole } = name_check(BTreeSet::from(["lobby".to_owned()]));
        for check in [typing, whole] {
            assert_eq!(check("lobby-2"), Ok(()));
            let told = check("lobby ").unwrap_err();
            assert!(told.contains("There is a channel lobby already"), "{told}");
            assert!(check("tea time").unwrap_err().contains("letters, digits"));
        }
    }
}
