//! Whether the files of a config have changed. They are looked at once a second, by what the system says of them: that sees a file that is replaced,
//! is behind a link, or lies in another machine's folder or a container's mount, where nobody tells of a change.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often they are looked at; a change counts when it was there twice, so that nobody is read while they write.
const LOOK: Duration = Duration::from_millis(if cfg!(test) { 20 } else { 500 });

/// What tells that a file is another one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Face {
    path: PathBuf,
    /// Device, inode, length, and when anything of it was changed, be it who may read it; none where there is no file.
    of: Option<(u64, u64, u64, i64, i64)>,
}

/// The config file, and those of what was changed from the chat.
#[derive(Debug, Clone)]
pub struct Files {
    config: PathBuf,
    folder: PathBuf,
    /// As they were when they were read.
    read: Vec<Face>,
    /// As they were at the last look.
    last: Vec<Face>,
}

impl Files {
    /// As they are now.
    pub fn new(config: PathBuf, folder: PathBuf) -> Self {
        let read = faces(&config, &folder);
        Self { config, folder, last: read.clone(), read }
    }

    /// They are read now.
    pub async fn look(&mut self) {
        self.read = self.now().await;
        self.last.clone_from(&self.read);
    }

    /// Resolves when they are others than those that were read, and stay so.
    pub async fn changed(&mut self) {
        loop {
            tokio::time::sleep(LOOK).await;
            let now = self.now().await;
            let stays = now == self.last;
            self.last = now;
            if stays && self.last != self.read {
                return;
            }
        }
    }

    async fn now(&self) -> Vec<Face> {
        let (config, folder) = (self.config.clone(), self.folder.clone());
        // Where it panics nothing has changed.
        tokio::task::spawn_blocking(move || faces(&config, &folder))
            .await
            .unwrap_or_else(|_| self.last.clone())
    }
}

fn faces(config: &Path, folder: &Path) -> Vec<Face> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut paths: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|extension| extension == "toml")).collect();
    paths.sort();
    paths.push(config.to_owned());
    paths.into_iter().map(face).collect()
}

fn face(path: PathBuf) -> Face {
    let of = std::fs::metadata(&path).ok();
    let of = of.map(|of| (of.dev(), of.ino(), of.len(), of.ctime(), of.ctime_nsec()));
    Face { path, of }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    #[tokio::test]
    async fn a_change_is_seen_when_it_is_over() {
        let dir = tempfile::tempdir().unwrap();
        let (config, folder) = (dir.path().join("bridges.toml"), dir.path().join("bridges.d"));
        std::fs::write(&config, "1").unwrap();
        let mut files = Files::new(config.clone(), folder.clone());
        let unchanged = tokio::time::timeout(LOOK * 5, files.changed()).await;
        assert!(unchanged.is_err(), "nothing has changed");
        let changes: [&dyn Fn(); 5] = [
            &|| std::fs::set_permissions(&config, Permissions::from_mode(0o640)).unwrap(),
            &|| std::fs::write(&config, "12").unwrap(),
            &|| {
                std::fs::write(dir.path().join("new"), "13").unwrap();
                std::fs::rename(dir.path().join("new"), &config).unwrap();
            },
            &|| {
                std::fs::create_dir(&folder).unwrap();
                std::fs::write(folder.join("lobby.toml"), "").unwrap();
            },
            &|| std::fs::remove_file(&config).unwrap(),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            change();
            let seen = tokio::time::timeout(LOOK * 500, files.changed()).await;
            assert!(seen.is_ok(), "change {number}");
            files.look().await;
            assert!(tokio::time::timeout(LOOK * 5, files.changed()).await.is_err(), "{number} is seen once");
        }
    }
}
