//! What was changed from the chat: `bridges.d/CHANNEL.toml` in the state directory. Relay writes it; the admin's own file is
//! never touched. It is plain TOML, so that a person can read it, and put it right.

use super::template::names_somebody;
use super::{Config, LinkSection, Mistake, Mistakes, RoomText, read_bounded};
use crate::routing::Direction;
use relay_contract::{Account, NativeId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const HEAD: &str = "# Written by Relay: what was changed with /relay in the chat. What is changed here by hand counts when Relay has read it.\n\n";

/// The longest template, in characters: names are cut so that platforms take them.
pub const LONGEST_TEMPLATE: usize = 60;

/// What was changed in one channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Joined {
    /// The channel.
    #[serde(default)]
    pub channel: String,
    /// Rooms that have joined.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Entry>,
    /// Links of the admin's own file that were disconnected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disconnected: Vec<Entry>,
    /// How people from elsewhere are called in rooms of it, whatever the admin's own file says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<Named>,
    /// The file as it was read or written last; none where there was none.
    #[serde(skip)]
    pub text: Option<String>,
}

/// How people from elsewhere are called in one room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// `ACCOUNT:ROOM`, as it is asked for.
    pub room: String,
    /// The room's id, where `room` may be a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The template, as `name` of a link.
    pub template: String,
    /// Who did it: the name and the id they have there.
    #[serde(default)]
    pub by: String,
    /// When, in UTC.
    #[serde(default)]
    pub at: String,
}

impl Named {
    /// Whether it is about this room, as it is asked for or by its id.
    pub fn is(&self, account: &Account, room: &NativeId) -> bool {
        is(&self.room, self.id.as_deref(), account, room)
    }
}

/// What is written as `ACCOUNT:ROOM`.
fn place(written: &str) -> Option<(Account, NativeId)> {
    let (account, room) = written.split_once(':')?;
    Some((Account(account.to_owned()), NativeId::from(room)))
}

fn is(written: &str, id: Option<&str>, account: &Account, room: &NativeId) -> bool {
    place(written).is_some_and(|(of, asked)| of == *account && (asked == *room || id == Some(room.as_str())))
}

/// One room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// `ACCOUNT:ROOM`, as it is asked for.
    pub room: String,
    /// The room's id, where `room` may be a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What it was called then.
    #[serde(default)]
    pub name: String,
    /// Who did it: the name and the id they have there.
    #[serde(default)]
    pub by: String,
    /// When, in UTC.
    #[serde(default)]
    pub at: String,
    /// The rooms of the channel were told.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub told: bool,
}

fn yes() -> bool {
    true
}

impl Entry {
    fn place(&self) -> Option<(Account, NativeId)> {
        place(&self.room)
    }

    /// Whether it is about this room, as it is asked for or by its id.
    pub fn is(&self, account: &Account, room: &NativeId) -> bool {
        is(&self.room, self.id.as_deref(), account, room)
    }
}

/// The folder of a state directory.
pub fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("bridges.d")
}

/// Reads all files of the state directory into the channels that they are about. What cannot be read is a mistake: a link that was
/// disconnected must not come back by itself.
pub(super) fn read(config: &mut Config) -> Result<(), Mistakes> {
    let folder = folder(&config.relay.data_dir);
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        // A file that stands where the state directory is to be is the start's trouble, and the doctor's.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(()),
        Err(error) => return Err(Mistakes::unreadable(&folder, &error)),
    };
    let mut found = BTreeMap::new();
    for entry in entries {
        let path = entry.map_err(|error| Mistakes::unreadable(&folder, &error))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            // Whatever else is there would be waited for.
            if !path.is_file() {
                let help = "Remove it: Relay's own files here are plain ones.";
                return Err(Mistakes::new(&path, "", vec![Mistake::new(0..0, "this is not a file", help)]));
            }
            let text = read_bounded(&path).map_err(|error| Mistakes::unreadable(&path, &error))?;
            let mut joined = parse(&text, &path)?;
            check(&joined, &text, &path)?;
            joined.text = Some(text.clone());
            let own_name = format!("{}.toml", file_name(&joined.channel));
            if path.file_name() != Some(own_name.as_ref()) {
                let what =
                    format!("this is about the channel `{}`, whose file is {own_name}", joined.channel);
                let help = "Remove it, or rename it if it is the one that counts.";
                return Err(Mistakes::new(&path, &text, vec![Mistake::new(0..0, what, help)]));
            }
            found.insert(path.clone(), joined);
        }
    }
    for (path, joined) in found {
        match config.channels.iter_mut().find(|channel| channel.name == joined.channel) {
            Some(channel) => channel.joined = joined,
            None => config.warnings.push(format!(
                "{} is about a channel `{}` that is not in the config: it is left alone. Remove the file, or write [channels.{}] into the config.",
                path.display(),
                joined.channel,
                joined.channel
            )),
        }
    }
    let accounts: Vec<Account> =
        config.accounts.iter().map(|section| section.settings.account.clone()).collect();
    for channel in &mut config.channels {
        apply(channel, &accounts, &mut config.warnings);
    }
    Ok(())
}

fn parse(text: &str, path: &Path) -> Result<Joined, Mistakes> {
    toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        let help = "Put it right, or remove the file: then nothing counts that was changed in the chat.";
        Mistakes::new(path, text, vec![Mistake::new(span, error.message().replace('\n', ", "), help)])
    })
}

/// What a person has put there is checked like what the admin's file says, and like what the chat takes. What else stands in a template an
/// older Relay may have taken.
fn check(joined: &Joined, text: &str, path: &Path) -> Result<(), Mistakes> {
    let mut wrong = Vec::new();
    let rooms = joined.links.iter().chain(&joined.disconnected).map(|entry| &entry.room);
    let rooms = rooms.chain(joined.names.iter().map(|named| &named.room));
    for room in rooms.filter(|room| !names_a_room(room)) {
        let what = format!("this does not name a room: `{}`", crate::adapt::presentable(room));
        let place = text.find(&format!("\"{room}\"")).map_or(0..0, |at| at..at + room.len() + 2);
        wrong.push(Mistake::new(place, what, "Write it like \"ACCOUNT:ROOM\", or remove the entry."));
    }
    let places = text.match_indices("template").map(|(at, found)| at..at + found.len());
    for (named, place) in joined.names.iter().zip(places.map(Some).chain(std::iter::repeat(None))) {
        let place = place.unwrap_or(0..0);
        let nameless =
            super::check_template(&named.template).err().filter(|_| !names_somebody(&named.template));
        if let Some(nameless) = nameless {
            let (what, help) = nameless.of(&named.template);
            wrong.push(Mistake::new(place, what, help));
        } else if !is_short(&named.template) {
            let what = format!("this template is longer than {LONGEST_TEMPLATE} characters, or than a line");
            wrong.push(Mistake::new(place, what, "Make it shorter, on one line."));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Mistakes::new(path, text, wrong)) }
}

fn names_a_room(written: &str) -> bool {
    place(written).is_some_and(|(account, room)| !account.0.is_empty() && !room.as_str().trim().is_empty())
        && !written.chars().any(char::is_control)
}

/// Whether a template is not longer than the chat takes it.
pub fn is_short(template: &str) -> bool {
    template.chars().count() <= LONGEST_TEMPLATE && !template.chars().any(char::is_control)
}

fn apply(channel: &mut super::ChannelSection, accounts: &[Account], warnings: &mut Vec<String>) {
    let name = &channel.name;
    channel.joined.links.retain(|entry| {
        let known = entry.place().is_some_and(|(account, _)| accounts.contains(&account));
        if !known {
            warnings.push(format!(
                "`{}` joined [channels.{name}] from the chat, but there is no such account: it is left out. Write that \
                 account into the config, or take the room out of bridges.d, then: relay reload.",
                entry.room
            ));
        }
        known
    });
    channel.joined.links.retain(|entry| {
        let written = channel.links.iter().any(|link| entry.is(&link.at.account, &link.at.room));
        if written {
            warnings.push(format!(
                "`{}` joined [channels.{name}] from the chat and stands in bridges.toml too: what is written there counts. Take it out \
                 of bridges.d, then: relay reload.",
                entry.room.escape_debug()
            ));
        }
        !written
    });
    // An account may have another name by now: its room stays out.
    for entry in &mut channel.joined.disconnected {
        let Some((of, room)) = place(&entry.room).filter(|(of, _)| !accounts.contains(of)) else { continue };
        let is_same = |link: &&super::LinkSection| {
            link.at.room == room || entry.id.as_deref() == Some(link.at.room.as_str())
        };
        if let Some(link) = channel.links.iter().find(is_same) {
            warnings.push(format!(
                "`{}` was disconnected from [channels.{name}] in the chat; there is no account {of} any more: the room stays disconnected.",
                entry.room.escape_debug()
            ));
            entry.room = format!("{}:{}", link.at.account, link.at.room);
        }
    }
    for entry in &channel.joined.disconnected {
        if channel.links.iter().any(|link| entry.is(&link.at.account, &link.at.room)) {
            warnings.push(disconnected(name, entry));
        }
    }
}

/// What is said of a link that the admin's file has, and that was disconnected since.
pub fn disconnected(channel: &str, entry: &Entry) -> String {
    format!(
        "`{}` was disconnected from [channels.{channel}] by {} at {}: it is not linked. \
         /relay connect {channel} in that room joins it again, or remove it from bridges.toml.",
        entry.room.escape_debug(),
        entry.by.escape_debug(),
        entry.at.escape_debug()
    )
}

impl super::ChannelSection {
    /// The links that count: those of the admin's file that were not disconnected, and those that have joined. The
    /// second value says which.
    pub fn links_in_force(&self) -> Vec<(LinkSection, bool)> {
        let own =
            self.links.iter().filter(|link| !self.is_disconnected(link)).map(|link| (link.clone(), false));
        let joined = self.joined.links.iter().filter_map(|entry| {
            let (account, room) = entry.place()?;
            let at = RoomText { account, room, by_name: false };
            Some((LinkSection { at, direction: Direction::Both, settings: Default::default() }, true))
        });
        let called = own.chain(joined).map(|(mut link, joined)| {
            let named = self.joined.names.iter().find(|named| named.is(&link.at.account, &link.at.room));
            if let Some(named) = named {
                link.settings.name = Some(named.template.clone());
            }
            (link, joined)
        });
        called.collect()
    }

    /// How the admin's own file has people called in a room.
    pub fn own_name(&self, at: &RoomText) -> Option<&str> {
        self.links.iter().find(|link| link.at == *at)?.settings.name.as_deref()
    }

    /// Whether a link of the admin's file was disconnected from the chat.
    pub fn is_disconnected(&self, link: &LinkSection) -> bool {
        self.joined.disconnected.iter().any(|entry| entry.is(&link.at.account, &link.at.room))
    }
}

/// The file of a channel as it is now; none where there is none.
pub fn on_disk(data_dir: &Path, channel: &str) -> std::io::Result<Option<String>> {
    match read_bounded(&path(data_dir, channel)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn path(data_dir: &Path, channel: &str) -> PathBuf {
    folder(data_dir).join(format!("{}.toml", file_name(channel)))
}

impl Joined {
    /// Rooms that stand in the file and are left out, such as those of an account that is not there.
    fn left_out(&self) -> Vec<Entry> {
        let written = self.text.as_deref().and_then(|text| toml::from_str::<Self>(text).ok());
        let mut links = written.unwrap_or_default().links;
        links.retain(|entry| !self.links.iter().any(|link| link.room == entry.room));
        links
    }
}

/// Writes what was changed in a channel, wholly or not at all; synced when it returns. What stood in the file before and was left out stays
/// there. `changed` is told what the file is now.
pub fn write(data_dir: &Path, before: &Joined, changed: &mut Joined) -> std::io::Result<()> {
    let folder = folder(data_dir);
    std::fs::create_dir_all(&folder)?;
    let path = path(data_dir, &changed.channel);
    let mut whole = changed.clone();
    let left_out = before.left_out().into_iter();
    let is_gone = |entry: &Entry| {
        let place = entry.place();
        place.is_some_and(|(of, room)| changed.disconnected.iter().any(|gone| gone.is(&of, &room)))
    };
    let is_there = |entry: &Entry| changed.links.iter().any(|link| link.room == entry.room);
    whole.links.extend(left_out.filter(|entry| !is_gone(entry) && !is_there(entry)));
    let text = format!("{HEAD}{}", toml::to_string_pretty(&whole).map_err(std::io::Error::other)?);
    let unfinished = path.with_extension("unfinished");
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&unfinished, &path)?;
    changed.text = Some(text);
    // It is in force already: whoever asked is not told otherwise.
    if let Err(error) = std::fs::File::open(&folder).and_then(|folder| folder.sync_all()) {
        tracing::error!(%error, "what was changed in bridges.d may be lost if the machine stops now");
    }
    Ok(())
}

/// A channel's name as a file's: what is not a letter or a digit stands there as its number, so that no two are alike.
fn file_name(channel: &str) -> String {
    channel.chars().fold(String::new(), |mut name, c| {
        match c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' {
            true => name.push(c),
            false => name.push_str(&format!("_{:x}_", u32::from(c))),
        }
        name
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "[accounts.owls]\nplatform = \"discord\"\ntoken = { env = \"PATH\" }\n\
        [channels.\"The Lobby\"]\nlinks = [\"owls:1\", \"owls:Night Owls/#general\"]\n";

    fn entry(room: &str) -> Entry {
        Entry {
            room: room.into(),
            id: None,
            name: "#x \"y\"".into(),
            by: "Ada (7)".into(),
            at: "now".into(),
            told: true,
        }
    }

    fn load(dir: &Path) -> Result<Config, Mistakes> {
        let file = dir.join("bridges.toml");
        std::fs::write(&file, format!("[relay]\ndata_dir = \"state\"\n{CONFIG}")).unwrap();
        Config::load(&file)
    }

    fn put(state: &Path, joined: &Joined) {
        write(state, &Joined::default(), &mut joined.clone()).unwrap();
    }

    #[test]
    fn what_is_left_out_stays_in_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        let mut joined = Joined { channel: "The Lobby".into(), ..Joined::default() };
        joined.links = vec![entry("owls:9"), entry("gone:5")];
        put(&state, &joined);
        let read = load(dir.path()).unwrap().channels[0].joined.clone();
        assert_eq!((read.links.len(), on_disk(&state, "The Lobby").unwrap()), (1, read.text.clone()));
        let mut changed = read.clone();
        changed.links = vec![entry("owls:7")];
        write(&state, &read, &mut changed).unwrap();
        let now = on_disk(&state, "The Lobby").unwrap().unwrap();
        assert!(now.contains("gone:5") && now.contains("owls:7") && !now.contains("owls:9"), "{now}");
        assert_eq!(changed.text, Some(now));
    }

    #[test]
    fn what_a_person_has_put_there_is_checked() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        put(&state, &Joined { channel: "The Lobby".into(), ..Joined::default() });
        let file = path(&state, "The Lobby");
        let long = format!("{{name}}{}", "x".repeat(60));
        let cases = [
            ("links = [{ room = \"nocolon\" }]", "does not name a room: `nocolon`"),
            ("links = [{ room = \"owls:\" }]", "does not name a room: `owls:`"),
            ("disconnected = [{ room = \":1\" }]", "does not name a room"),
            ("names = [{ room = \"owls:1\", template = \"LONG\" }]", "longer than 60 characters"),
            ("names = [{ room = \"owls:1\", template = \"{name}\\u001b[1m\" }]", "or than a line"),
        ];
        for (written, expected) in cases {
            let text = format!("channel = \"The Lobby\"\n{}\n", written.replace("LONG", &long));
            std::fs::write(&file, text).unwrap();
            let found = load(dir.path()).unwrap_err();
            assert!(found.mistakes[0].what.contains(expected), "{written}: {found:?}");
            assert_eq!(found.mistakes[0].line, 2, "{written}");
        }
    }

    #[test]
    fn what_was_changed_is_in_force_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        std::fs::create_dir(&state).unwrap();
        let mut joined = Joined { channel: "The Lobby".into(), ..Joined::default() };
        joined.links = vec![entry("owls:9"), entry("gone:5")];
        joined.disconnected = vec![entry("owls:Night Owls/#general")];
        put(&state, &joined);
        let config = load(dir.path()).unwrap();
        let in_force: Vec<_> = config.channels[0]
            .links_in_force()
            .into_iter()
            .map(|(link, joined)| (link.at.room.to_string(), joined))
            .collect();
        assert_eq!(in_force, [("1".to_owned(), false), ("9".to_owned(), true)]);
        let told = config.warnings.join("\n");
        assert!(told.contains("was disconnected") && told.contains("no such account"), "{told}");
    }

    #[test]
    fn a_template_of_the_chat_counts_before_the_admins_own_and_is_checked() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        let named = |room: &str, template: &str| {
            let Entry { room, id, by, at, .. } = entry(room);
            Named { room, id, template: template.into(), by, at }
        };
        let mut joined = Joined { channel: "The Lobby".into(), ..Joined::default() };
        joined.links = vec![entry("owls:9")];
        joined.names = vec![named("owls:1", "{name} there"), named("owls:9", "<{name}>")];
        put(&state, &joined);
        let config = load(dir.path()).unwrap();
        let read = Joined { text: None, ..config.channels[0].joined.clone() };
        assert_eq!(read, joined, "it is read as it was written");
        let names: Vec<_> = config.channels[0]
            .links_in_force()
            .into_iter()
            .map(|(link, _)| (link.at.room.to_string(), link.settings.name))
            .collect();
        let expected = [("1", Some("{name} there")), ("Night Owls/#general", None), ("9", Some("<{name}>"))]
            .map(|(room, name)| (room.to_owned(), name.map(str::to_owned)));
        assert_eq!(names, expected);
        // An older Relay has taken that.
        joined.names = vec![named("owls:1", "{nme} {name}"), named("owls:9", "nobody")];
        put(&state, &joined);
        let found = load(dir.path()).unwrap_err();
        assert_eq!(found.mistakes.len(), 1);
        assert!(found.mistakes[0].what.contains("says nothing of who it is: `nobody`"), "{found:?}");
    }

    #[test]
    fn a_damaged_file_starts_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        put(&state, &Joined { channel: "The Lobby".into(), ..Joined::default() });
        let file = std::fs::read_dir(folder(&state)).unwrap().next().unwrap().unwrap().path();
        std::fs::write(&file, "channel = \"The Lobby\"\nlinks = [{ rom = 1 }]\n").unwrap();
        let found = load(dir.path()).unwrap_err();
        assert_eq!((found.path, found.mistakes[0].line), (file, 2));
    }

    #[test]
    fn no_two_channels_share_a_file() {
        let names = ["lobby", "Lobby", "a/b", "a_b", "a_2f_b", "é", "..", "the lobby"];
        let files: std::collections::BTreeSet<_> = names.iter().map(|name| file_name(name)).collect();
        assert_eq!(files.len(), names.len());
        assert!(files.iter().all(|name| !name.contains(['/', '.'])), "{files:?}");
    }
}
