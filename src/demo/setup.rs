//! The demo's `bridges.toml` and token files: what an admin would write, with the addresses of the stand-ins.

use super::{DemoError, DemoRoom};
use stand_ins::StandIns;
use stand_ins::people::People;
use stand_ins::world::Platform;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The Relay channel that joins the rooms.
pub const CHANNEL: &str = "lobby";

const HEAD: &str = "\
# Three accounts and the channel that joins a room of each.
# The URLs lead to the demo's pretend platforms, which have no
# rate limits; without them it would be the real ones.
[relay]
data_dir = \"state\"
";

/// What was written.
pub struct Setup {
    /// The config file.
    pub file: PathBuf,
    /// What it says. Secrets are not in it.
    pub text: String,
    /// The rooms that it joins.
    pub rooms: Vec<DemoRoom>,
}

impl Setup {
    /// Writes everything into a folder, which is made if it is not there and must be empty: what the platforms said in an earlier
    /// demo is gone, so Relay's memory of it would not fit.
    pub fn write(stand_ins: &StandIns, folder: &Path) -> Result<Self, DemoError> {
        let world = &stand_ins.world;
        let mut text = String::from(HEAD);
        let mut rooms = Vec::new();
        prepare(folder)?;
        for (people, platform, account) in [
            (&stand_ins.discord, &world.discord, "night-owls"),
            (&stand_ins.slack, &world.slack, "studio"),
            (&stand_ins.telegram, &world.telegram, "hikers"),
        ] {
            section(&mut text, folder, people.as_ref(), platform, account)?;
            rooms.extend(first_room(people, platform, account));
        }
        let _ = write!(text, "\n[channels.{CHANNEL}]\nlinks = [\n");
        for room in &rooms {
            let _ = writeln!(text, "  \"{}:{}\",  # {}", room.account, room.id, room.shown());
        }
        text.push_str("]\n");
        let file = folder.join("bridges.toml");
        keep(&file, &text)?;
        Ok(Self { file, text, rooms })
    }
}

impl DemoRoom {
    /// `Night Owls, #general`; a Telegram group has a name of its own.
    fn shown(&self) -> String {
        if self.people.platform() == "telegram" {
            self.name.clone()
        } else {
            format!("{}, #{}", self.space, self.name)
        }
    }
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

fn first_room(people: &Arc<dyn People>, platform: &Platform, account: &'static str) -> Option<DemoRoom> {
    let space = platform.spaces.first()?;
    let room = space.rooms.first()?;
    Some(DemoRoom {
        people: people.clone(),
        account,
        space: space.name.clone(),
        id: room.id.as_str().into(),
        name: room.name.clone(),
    })
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
        assert_eq!((config.accounts.len(), config.channels[0].links.len()), (3, 3));
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
