//! Since when each channel names people as it does now. What crossed before a change did so under a name or under a mask, and nobody
//! knows which: on what is shown of it later stands neither, for whoever saw both would know whose the mask is.

use super::links::{Channel, Channels};
use crate::consent::{DataClass, Level};
use crate::store::{StoreError, folder};
use relay_contract::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

const FILE: &str = "naming.json";

/// How a channel names people, and since when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Naming {
    /// Where they are not named: the channel itself, as an empty word, and its rooms.
    masked: BTreeSet<String>,
    since: i64,
}

/// Finds out since when each channel names people as it is to now, and writes that down where it has changed. Blocks on the disk.
pub fn remember(data_dir: &Path, channels: &mut Channels, now: Timestamp) {
    let path = data_dir.join(FILE);
    // What cannot be read may have said anything.
    let (mut known, unknown) = match read(&path) {
        Ok(known) => (known, 0),
        Err(error) => {
            tracing::error!(%error, "{FILE} cannot be read: how people were named before is not known");
            (BTreeMap::new(), now.0)
        }
    };
    let before = known.clone();
    for (name, channel) in channels.iter_mut() {
        let masked = masked(channel);
        let is_new = !known.contains_key(name) && masked.is_empty() && unknown == 0;
        let naming = known.entry(name.clone()).or_default();
        if naming.masked != masked || (unknown > 0 && naming.since < unknown) {
            *naming = Naming { masked, since: now.0 };
        }
        channel.named_since = (naming.since > 0).then_some(Timestamp(naming.since));
        if is_new {
            known.remove(name);
        }
    }
    if known != before
        && let Err(error) = write(&path, &known)
    {
        tracing::error!(%error, "{FILE} cannot be written: it is found out anew at the next start");
    }
}

fn masked(channel: &Channel) -> BTreeSet<String> {
    let masks = |level: Level| !level.shows(DataClass::Identity);
    let links = channel.links.iter().filter(|link| masks(link.settings.privacy));
    let rooms = links.map(|link| format!("{}:{}", link.at.account, link.at.room));
    rooms.chain(masks(channel.level).then(String::new)).collect()
}

fn read(path: &Path) -> io::Result<BTreeMap<String, Naming>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(error),
    }
}

fn write(path: &Path, known: &BTreeMap<String, Naming>) -> Result<(), StoreError> {
    let json = serde_json::to_vec(known);
    let json = json.map_err(|e| StoreError::Corrupt { place: FILE, why: e.to_string() })?;
    folder::write_private(path, &json)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn since(dir: &Path, level: Level, now: i64) -> i64 {
        let channel = Channel { level, ..Channel::default() };
        let mut channels: Channels = [("lobby".to_owned(), channel)].into();
        remember(dir, &mut channels, Timestamp(now));
        channels["lobby"].named_since.map_or(0, |since| since.0)
    }

    #[test]
    fn a_change_of_naming_is_remembered_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(since(dir.path(), Level::Full, 1), 0, "it has always been so");
        assert!(!dir.path().join(FILE).exists(), "nothing is written where there is nothing to say");
        assert_eq!(since(dir.path(), Level::Balanced, 2), 0, "names are shown as before");
        assert_eq!(since(dir.path(), Level::Minimal, 3), 3);
        assert_eq!(since(dir.path(), Level::Minimal, 4), 3);
        assert_eq!(since(dir.path(), Level::Full, 5), 5);
        assert_eq!(since(dir.path(), Level::Full, 6), 5);
        std::fs::write(dir.path().join(FILE), "{").unwrap();
        assert_eq!(since(dir.path(), Level::Full, 7), 7, "who cannot read it knows nothing");
        assert_eq!(since(dir.path(), Level::Full, 8), 7);
    }
}
