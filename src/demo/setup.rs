//! The demo's `bridges.toml` and token files: what an admin would write, with the addresses of the stand-ins.

use super::{DemoError, DemoPlatform, DemoRoom};
use crate::texts::Language;
use stand_ins::StandIns;
use stand_ins::people::People;
use stand_ins::world::{Platform, Room, Space};
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The Relay channel that joins the rooms.
pub const CHANNEL: &str = "lobby";

const HEAD: &str = "\
# Three accounts, and the channel that joins a room of each.
# The URLs lead to the demo's pretend platforms, which have no
# rate limits; without them it would be the real ones.
[relay]
data_dir = \"state\"
tell_rooms = false
";

/// What was written.
pub struct Setup {
    /// The config file.
    pub file: PathBuf,
    /// What it says. Secrets are not in it.
    pub text: String,
    /// The platforms, with all their rooms.
    pub platforms: Vec<DemoPlatform>,
}

impl Setup {
    /// Writes everything into a folder, which is made if it is not there and must be empty: what the platforms said in an earlier
    /// demo is gone, so Relay's memory of it would not fit. Discord's first room is also where others are let in.
    pub fn write(stand_ins: &StandIns, folder: &Path) -> Result<Self, DemoError> {
        Self::write_with(stand_ins, folder, 1, Language::default())
    }

    /// The same in a language, where others are let in from the first rooms of so many platforms.
    pub fn write_with(
        stand_ins: &StandIns,
        folder: &Path,
        owners: usize,
        language: Language,
    ) -> Result<Self, DemoError> {
        let world = &stand_ins.world;
        let mut text = String::from(HEAD);
        if language != Language::default() {
            let _ = writeln!(text, "language = \"{}\"", language.code());
        }
        let files = free_port()?;
        let _ = write!(
            text,
            "\n# What a room does not take is linked there.\n[media]\nlisten = \"{files}\"\nurl = \"http://{files}\"\n"
        );
        let mut platforms = Vec::new();
        prepare(folder)?;
        for (people, platform, account) in [
            (&stand_ins.discord, &world.discord, "night-owls"),
            (&stand_ins.slack, &world.slack, "studio"),
            (&stand_ins.telegram, &world.telegram, "hikers"),
        ] {
            section(&mut text, folder, people.as_ref(), platform, account)?;
            platforms.push(DemoPlatform { people: people.clone(), account, rooms: rooms(platform) });
        }
        let _ = write!(text, "\n[channels.{CHANNEL}]\nlinks = [\n");
        for (platform, room) in
            platforms.iter().filter_map(|platform| Some((platform, platform.rooms.first()?)))
        {
            let (link, note) = platform.link(room);
            let _ = writeln!(text, "  {link},{note}");
        }
        text.push_str("]\n");
        let first = |platform: &DemoPlatform| Some(platform.link(platform.rooms.first()?).0);
        let owners: Vec<String> = platforms.iter().take(owners).filter_map(first).collect();
        let _ = writeln!(text, "owners = [{}]", owners.join(", "));
        let file = folder.join("bridges.toml");
        keep(&file, &text)?;
        Ok(Self { file, text, platforms })
    }
}

impl DemoPlatform {
    /// A room as an admin writes it, and a comment: by name; a Telegram bot knows no chat before something is said there, so by id.
    fn link(&self, DemoRoom { space, id, name, .. }: &DemoRoom) -> (String, String) {
        let account = self.account;
        match self.people.platform() {
            "discord" => (format!("\"{account}:{space}/#{name}\""), String::new()),
            "slack" => (format!("\"{account}:#{name}\""), String::new()),
            _ => (format!("\"{account}:{id}\""), format!("  # {name}")),
        }
    }
}

fn rooms(platform: &Platform) -> Vec<DemoRoom> {
    let all = platform.spaces.iter().flat_map(|space| space.rooms.iter().map(move |room| (space, room)));
    let of = |(space, room): (&Space, &Room)| DemoRoom {
        space: space.name.clone(),
        id: room.id.as_str().into(),
        name: room.name.clone(),
        forum: room.forum,
    };
    all.map(of).collect()
}

/// An address that nobody listens on, for files that are linked. It is let go again: Relay opens it when it starts.
fn free_port() -> Result<SocketAddr, DemoError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| DemoError::Port(0, error))?;
    listener.local_addr().map_err(|error| DemoError::Port(0, error))
}

fn prepare(folder: &Path) -> Result<(), DemoError> {
    let failed = |error: std::io::Error| DemoError::Folder(format!("{}: {error}", folder.display()));
    match std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder) {
        Ok(()) => {}
        Err(error) => return Err(failed(error)),
    }
    if std::fs::read_dir(folder).map_err(failed)?.next().is_some() {
        return Err(DemoError::Folder(format!(
            "{} is not empty. The demo's platforms begin anew at every start, and so must Relay: name a new folder",
            folder.display()
        )));
    }
    Ok(())
}

/// Writes one account's section and its token files.
fn section(
    text: &mut String,
    folder: &Path,
    people: &dyn People,
    platform: &Platform,
    account: &str,
) -> Result<(), DemoError> {
    let name = people.platform();
    let _ = write!(text, "\n[accounts.{account}]\nplatform = \"{name}\"\n");
    for bot in platform.bots.iter().take(1) {
        let tokens: &[(&str, &str)] = match name {
            "slack" => &[("bot_token", &bot.token), ("app_token", &bot.app_token)],
            _ => &[("token", &bot.token)],
        };
        for (key, token) in tokens {
            let file = format!("{account}.{key}");
            keep(&folder.join(&file), token)?;
            let _ = writeln!(text, "{key} = {{ file = \"{file}\" }}");
        }
    }
    let _ = writeln!(text, "api_url = \"{}\"", people.api_url());
    if let Some(gateway) = people.gateway_url() {
        let _ = writeln!(text, "gateway_url = \"{gateway}\"");
    }
    text.push_str("ceilings = false\n");
    Ok(())
}

/// Writes a new file that only its owner can read.
fn keep(path: &Path, text: &str) -> Result<(), DemoError> {
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| DemoError::Folder(format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::Config;
    use stand_ins::world::World;
    use std::os::unix::fs::PermissionsExt;

    #[tokio::test]
    async fn what_is_written_is_accepted_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let stand_ins = stand_ins::start(World::demo()).await.unwrap();
        let setup = Setup::write(&stand_ins, folder.path()).unwrap();
        let config = Config::load(&setup.file).map_err(|found| format!("{:?}", found.mistakes)).unwrap();
        let channel = &config.channels[0];
        let links: Vec<_> =
            channel.links.iter().map(|link| (link.at.room.as_str(), link.at.by_name)).collect();
        let hikers = setup.platforms[2].rooms[0].id.as_str();
        assert_eq!(links, [("Night Owls/#general", true), ("#general", true), (hikers, false)]);
        assert_eq!(channel.owners, [channel.links[0].at.clone()]);
        let rooms: Vec<usize> = setup.platforms.iter().map(|platform| platform.rooms.len()).collect();
        assert_eq!((config.accounts.len(), rooms), (3, vec![2, 2, 2]));
        let mut files = 0;
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", file.path());
            files += 1;
        }
        assert_eq!(files, 5);
        for platform in [&stand_ins.world.discord, &stand_ins.world.slack, &stand_ins.world.telegram] {
            assert!(!setup.text.contains(&platform.bots[0].token));
        }
        assert!(Setup::write(&stand_ins, folder.path()).is_err(), "a folder that was used");
    }
}
