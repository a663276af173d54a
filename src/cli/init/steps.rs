//! The conversation, from the first question to the file.

use super::asker::{Asker, Choice, Ended, Question};
use super::channels;
use super::draft::{Draft, NewAccount};
use super::rooms::{self, Open};
use super::write::{NotWritten, Place};
use super::{account, discover, mistakes};
use crate::commands::{AccountRooms, RoomLine};
use crate::config::Config;
use crate::control::{self, Request, Response};
use crate::platforms::{self, Entry};
use relay_contract::{Account, NativeId, Visibility};
use std::time::Duration;
use tokio::time::timeout;

/// Longest wait for an answer about rooms; the contract allows 20 seconds (C2).
const ASKING: Duration = Duration::from_secs(25);
/// How long an account that there is already is listened to for its rooms, where it is told of them only then.
const A_MOMENT: Duration = Duration::from_secs(6);

/// Keys of accounts that are said on the command line: the account, the key, the value.
pub type Set = (String, String, String);

/// All of it. Whether something was written.
pub async fn converse(asker: &mut dyn Asker, place: &Place, set: &[Set]) -> Result<bool, Ended> {
    let existing = existing(place)?;
    asker.title("Relay: joining rooms");
    let (mut accounts, known) = match &existing {
        Some(config) => (there(asker, config).await?, names(config)),
        None => (Vec::new(), Vec::new()),
    };
    let mut draft = begin(asker, place, existing.is_some())?;
    // Answers that are given again speak of an account that they have made.
    if !asker.is_attended() {
        let said = asker.sections();
        let is_made = |name: &String| said.contains(name) && accounts.iter().any(|open| open.name == *name);
        draft.platforms.retain(|platform| !is_made(platform));
    }
    for made in std::mem::take(&mut draft.accounts) {
        // It came into the file by another run.
        if accounts.iter().any(|open| open.name == made.name) {
            continue;
        }
        match again(asker, place, &made).await? {
            Ok(open) => {
                accounts.push(open);
                draft.accounts.push(made);
            }
            Err(why) => {
                asker.problem(&format!("{}: {why}", made.name));
                draft.platforms.insert(0, made.platform);
            }
        }
    }
    all_are_meant(asker, place, &accounts, &draft, set)?;
    while let Some(platform) = draft.platforms.first().cloned() {
        if let Some(entry) = platforms::named(&platform) {
            let taken: Vec<&str> = accounts.iter().map(|open| open.name.as_str()).collect();
            let name = account_name(entry, &taken, place);
            let mut further = asker.further(&name);
            further.extend(
                set.iter().filter(|(of, ..)| *of == name).map(|(_, key, value)| (key.clone(), value.clone())),
            );
            if let Some((made, connector)) = account::make(asker, place, entry, &name, &further).await? {
                let mut open = Open::new(name, entry, made.bot.clone(), Some(connector));
                draft.accounts.push(made);
                draft.platforms.remove(0);
                keep(asker, place, &draft)?;
                rooms::find(asker, &mut open).await?;
                accounts.push(open);
                continue;
            }
        }
        draft.platforms.remove(0);
        keep(asker, place, &draft)?;
    }
    if draft.channels.is_empty() {
        draft.channels = channels::choose(asker, &accounts, &known)?;
        keep(asker, place, &draft)?;
    }
    if draft.accounts.is_empty() && draft.channels.is_empty() {
        Draft::drop_it(&place.config).map_err(Ended::Failed)?;
        asker.tell("Nothing is to be changed.");
        return Ok(false);
    }
    look_at_rooms(asker, &accounts, &mut draft).await?;
    write(asker, place, draft)
}

/// Whatever is said beforehand is of an account that there can be: a mistyped name is found out before anybody is asked.
fn all_are_meant(
    asker: &dyn Asker,
    place: &Place,
    accounts: &[Open],
    draft: &Draft,
    set: &[Set],
) -> Result<(), Ended> {
    let mut known: Vec<String> = accounts.iter().map(|open| open.name.clone()).collect();
    for entry in draft.platforms.iter().filter_map(|platform| platforms::named(platform)) {
        let taken: Vec<&str> = known.iter().map(String::as_str).collect();
        let name = account_name(entry, &taken, place);
        known.push(name);
    }
    let said = asker.sections().into_iter().map(|name| (name.clone(), format!("[{name}]")));
    let set = set.iter().map(|(name, key, _)| (name.clone(), format!("--set {name}.{key}")));
    // What is said of a platform that is not joined now does no harm.
    let is_known = |name: &String| known.contains(name) || platforms::named(name).is_some();
    match said.chain(set).find(|(name, _)| !is_known(name)) {
        Some((_, what)) => Err(Ended::Failed(format!("{what}: the accounts are {}", known.join(", ")))),
        None => Ok(()),
    }
}

/// The config that there is; one with mistakes is mended first.
fn existing(place: &Place) -> Result<Option<Config>, Ended> {
    if !place.config.exists() {
        return Ok(None);
    }
    place.load().map(Some).map_err(|found| {
        Ended::Failed(format!(
            "{} has mistakes, which come first:\n{}",
            place.config.display(),
            mistakes::show(&found)
        ))
    })
}

fn names(config: &Config) -> Vec<String> {
    config.channels.iter().map(|channel| channel.name.clone()).collect()
}

/// The accounts that there are, as the running Relay sees them, or as they are seen from here.
async fn there(asker: &mut dyn Asker, config: &Config) -> Result<Vec<Open>, Ended> {
    asker.busy("Looking at what is there");
    let running = match control::ask(&config.relay.data_dir, &Request::Rooms).await {
        Ok(Response::Rooms(rooms)) => Some(rooms),
        _ => None,
    };
    let mut accounts = Vec::new();
    let mut problems = Vec::new();
    for section in &config.accounts {
        let name = section.settings.account.0.clone();
        let Some(entry) = platforms::named(section.platform) else { continue };
        let seen = running.as_ref().and_then(|all| all.iter().find(|rooms| rooms.account == name));
        let (connector, seen) = match (seen, (entry.open)(section.settings.clone())) {
            (Some(seen), _) => (None, seen.clone()),
            (None, Ok(connector)) => {
                let seen = discover::look(&name, &*connector, entry.guide, A_MOMENT).await;
                (Some(connector), seen)
            }
            (None, Err(problem)) => return Err(Ended::Failed(problem.to_string())),
        };
        problems.extend(seen.problem.iter().map(|problem| format!("{name}: {problem}")));
        let mut open = Open::new(name.clone(), entry, name, connector);
        open.joined = linked(config, &seen);
        open.left = left(config, &seen);
        open.sees(not_linked(config, seen));
        accounts.push(open);
    }
    asker.done();
    for problem in problems {
        asker.problem(&problem);
    }
    Ok(accounts)
}

/// The rooms of an account that are in a channel.
fn linked(config: &Config, seen: &AccountRooms) -> Vec<(String, String, Option<RoomLine>)> {
    let mut all = Vec::new();
    for channel in &config.channels {
        for (link, _) in
            channel.links_in_force().into_iter().filter(|(link, _)| link.at.account.0 == seen.account)
        {
            let room = link.at.room.to_string();
            let line = seen.rooms.iter().find(|line| channels::is_meant(line, &room)).cloned();
            all.push((channel.name.clone(), room, line));
        }
    }
    all
}

/// The rooms of an account that were disconnected in the chat.
fn left(config: &Config, seen: &AccountRooms) -> Vec<String> {
    let account = Account(seen.account.clone());
    let is_left = |line: &&RoomLine| {
        config.channels.iter().any(|channel| {
            let mut own = channel.links.iter().filter(|link| channel.is_disconnected(link));
            own.any(|link| link.at.account == account && channels::is_meant(line, link.at.room.as_str()))
        })
    };
    seen.rooms.iter().filter(is_left).map(|line| line.id.clone()).collect()
}

/// The rooms that are in no channel. Where Relay tells the admins what needs a person, nothing is to be carried from.
fn not_linked(config: &Config, mut seen: AccountRooms) -> AccountRooms {
    let account = seen.account.clone();
    let is_linked = |line: &RoomLine| {
        let links = config.channels.iter().flat_map(|channel| channel.links_in_force());
        links.into_iter().any(|(link, _)| {
            let room = link.at.room.as_str();
            link.at.account.0 == account && channels::is_meant(line, room)
        })
    };
    let admins = config.alerts.as_ref().and_then(|alerts| alerts.room.as_ref());
    let is_admins = |line: &RoomLine| {
        admins.is_some_and(|at| at.account.0 == account && channels::is_meant(line, at.room.as_str()))
    };
    seen.rooms.retain(|line| line.channels.is_empty() && !is_linked(line) && !is_admins(line));
    seen
}

/// What an earlier run has left, if it is to go on; else the first question.
fn begin(asker: &mut dyn Asker, place: &Place, adds: bool) -> Result<Draft, Ended> {
    if asker.is_attended()
        && let Some(draft) = Draft::read(&place.config)
    {
        let done: Vec<&str> = draft.accounts.iter().map(|account| account.name.as_str()).collect();
        let done = if done.is_empty() { "nothing yet".to_owned() } else { done.join(", ") };
        asker.tell(&format!("An earlier run was interrupted. It has: {done}."));
        if asker.confirm(&Question::new("go_on", "Go on from there?"), true)? {
            return Ok(draft);
        }
    }
    let least = usize::from(!adds);
    let words = match adds {
        false => "Which platforms are to be joined?",
        true => "Which platforms are to be added? None, if only rooms are.",
    };
    let choices: Vec<Choice> =
        platforms::ALL.iter().map(|entry| Choice::new(entry.guide.title, "")).collect();
    let chosen = asker.many(&Question::new("platforms", words), &choices, least)?;
    let platforms =
        chosen.iter().filter_map(|at| platforms::ALL.get(*at)).map(|entry| entry.name().to_owned());
    let draft = Draft { platforms: platforms.collect(), ..Draft::default() };
    keep(asker, place, &draft)?;
    Ok(draft)
}

/// Without anybody who could go on, nothing is kept.
fn keep(asker: &dyn Asker, place: &Place, draft: &Draft) -> Result<(), Ended> {
    match asker.is_attended() {
        true => draft.keep(&place.config).map_err(Ended::Failed),
        false => Ok(()),
    }
}

/// An account of an earlier run; or why it has to be made anew.
async fn again(
    asker: &mut dyn Asker,
    place: &Place,
    made: &NewAccount,
) -> Result<Result<Open, String>, Ended> {
    let Some(entry) = platforms::named(&made.platform) else {
        return Ok(Err(format!("there is no platform {}", made.platform)));
    };
    asker.busy(&format!("Asking {}", entry.guide.title));
    let opened = account::reopen(place, entry, made).await;
    asker.done();
    let connector = match opened {
        Ok(connector) => connector,
        Err(why) => return Ok(Err(why)),
    };
    let mut open = Open::new(made.name.clone(), entry, made.bot.clone(), Some(connector));
    rooms::find_again(asker, &mut open).await?;
    Ok(Ok(open))
}

/// As its platform is called; with a number where that is taken, or another account has its secret there.
fn account_name(entry: &'static Entry, taken: &[&str], place: &Place) -> String {
    let keys: Vec<&str> = entry.guide.asked.iter().map(|asked| asked.key).collect();
    let numbered = (2..).map(|number| format!("{}-{number}", entry.name()));
    let mut names = std::iter::once(entry.name().to_owned()).chain(numbered);
    names.find(|name| !taken.contains(&name.as_str()) && place.is_free(name, &keys)).unwrap_or_default()
}

/// Whether Relay may do in the chosen rooms what it needs to.
async fn look_at_rooms(asker: &mut dyn Asker, accounts: &[Open], draft: &mut Draft) -> Result<(), Ended> {
    loop {
        let mut problems = Vec::new();
        asker.busy("Looking at the rooms that are to be joined");
        for open in accounts {
            let Some(connector) = &open.connector else { continue };
            let links = draft.channels.values().flatten().filter(|link| link.is_of(&open.name));
            let ids: Vec<NativeId> = links.map(|link| NativeId::from(link.id.as_str())).collect();
            if ids.is_empty() {
                continue;
            }
            match timeout(ASKING, connector.preflight(&ids)).await {
                Ok(Ok(answer)) => {
                    problems.extend(answer.rooms.into_iter().flat_map(|(id, room)| match room {
                        Ok(report) => {
                            let asked = draft.channels.values_mut().flatten();
                            asked
                                .filter(|link| link.is_of(&open.name) && link.id == id.as_str())
                                .for_each(|link| link.private = report.visibility == Visibility::Private);
                            report.warnings.iter().map(|warning| (false, warning.to_string())).collect()
                        }
                        Err(problem) => vec![(true, problem.to_string())],
                    }))
                }
                Ok(Err(error)) => problems.push((true, error.to_string())),
                Err(_) => problems.push((true, format!("{} does not answer.", open.entry.guide.title))),
            }
        }
        asker.done();
        for (_, problem) in &problems {
            asker.problem(problem);
        }
        if problems.is_empty() {
            asker.good("Relay may do in these rooms all that it needs to.");
        }
        if problems.is_empty() || !asker.is_attended() {
            return Ok(());
        }
        let question = Question::new("look_again", "Look again, when that is done?");
        let (on, again) = (Choice::new("Go on as it is", ""), Choice::new("Look again", ""));
        let goes_on = match problems.iter().any(|(grave, _)| *grave) {
            true => asker.one(&question, &[again, on])? == 1,
            false => asker.one(&question, &[on, again])? == 0,
        };
        if goes_on {
            return Ok(());
        }
    }
}

/// Whether private rooms are meant to be joined, where there are any.
fn is_meant_so(asker: &mut dyn Asker, draft: &Draft) -> Result<bool, Ended> {
    let private = draft.channels.values().flatten().filter(|link| link.private);
    let private: Vec<String> = private.map(super::draft::Link::shown).collect();
    let (rooms, is, them) = match private.as_slice() {
        [] => return Ok(true),
        [one] => (one.clone(), "is", "it"),
        more => (more.join(", "), "are", "them"),
    };
    let words = format!(
        "{rooms} {is} private: what is said there is shown to the people in the other rooms of the channel. Join {them}?"
    );
    let is_meant = asker.confirm(&Question::new("private", words), false)?;
    if !is_meant && !asker.is_attended() {
        let why = format!("{rooms} {is} private. To join {them} all the same, answer private = true");
        return Err(Ended::Failed(why));
    }
    Ok(is_meant)
}

fn write(asker: &mut dyn Asker, place: &Place, mut draft: Draft) -> Result<bool, Ended> {
    let mut lines = Vec::new();
    for (name, links) in &draft.channels {
        let links: Vec<String> = links.iter().map(super::draft::Link::shown_with_readers).collect();
        lines.push(format!("{name}: {}", links.join(" + ")));
    }
    if lines.is_empty() {
        let again = &place.again;
        lines.push(format!("No room is joined yet: run {again} again, or write /relay connect in a room."));
    }
    asker.tell(&lines.join("\n"));
    if !is_meant_so(asker, &draft)? {
        // Which rooms are joined is asked again.
        draft.channels.clear();
        keep(asker, place, &draft)?;
        asker.tell(&format!("Nothing was written. Choose other rooms with: {}", place.again));
        return Ok(false);
    }
    let path = place.config.display();
    let question = Question::new("write", format!("Write it into {path}?"));
    if !asker.confirm(&question, true)? {
        asker.tell(&format!("Nothing was written. Go on from here with: {}", place.again));
        return Ok(false);
    }
    match place.write(&draft) {
        Ok(_) => {}
        Err(NotWritten::Failed(why)) => return Err(Ended::Failed(why)),
        Err(NotWritten::Mistakes(found)) => return Err(Ended::Failed(mistakes::show(&found))),
    }
    Draft::drop_it(&place.config).map_err(Ended::Failed)?;
    asker.good(&format!("{path} is written."));
    Ok(true)
}
