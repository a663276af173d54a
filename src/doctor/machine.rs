//! The state directory and the disk under it, and where secrets come from.

use crate::engine::{Finding, Grade};
use crate::sizes;
use crate::store::KEYS;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// So much more than `least_free` should be free, in bytes.
const ROOMY: u64 = 800_000_000;
/// A disk that takes longer to keep a few bytes slows everything down, in milliseconds.
const SLOW_MS: u128 = 500;

/// Looks at a state directory off the runtime's workers: a sick disk takes its time.
pub async fn examine(data_dir: PathBuf, least_free: u64) -> Vec<Finding> {
    let looked = tokio::task::spawn_blocking(move || look(&data_dir, least_free)).await;
    looked.unwrap_or_else(|_| vec![Finding::broken("disk", "Looking at it panicked.", "The log says where.")])
}

fn look(data_dir: &Path, least_free: u64) -> Vec<Finding> {
    let shown = data_dir.display();
    let found = match std::fs::metadata(data_dir) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return [vec![not_there_yet(data_dir, least_free)], secrets()].concat();
        }
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            let file = data_dir.ancestors().find(|above| above.is_file()).unwrap_or(data_dir);
            return vec![not_a_folder(file)];
        }
        Err(error) => {
            let fix = "Run this as the user that Relay runs as, or as root.";
            return vec![Finding::broken("disk", format!("{shown} cannot be looked at: {error}."), fix)];
        }
    };
    if !found.is_dir() {
        return vec![not_a_folder(data_dir)];
    }
    let mode = found.permissions().mode() & 0o7777;
    let mut all = vec![free(data_dir, least_free)];
    if mode & 0o077 != 0 {
        let what = format!(
            "Others on this machine may look into {shown} (mode {mode:o}): messages and the control socket are there."
        );
        all.push(Finding::look("disk", what, format!("chmod 700 {shown}")));
    }
    all.extend(of_others(data_dir, found.uid()));
    all.extend(readable_keys(data_dir));
    all.push(writable("disk", data_dir));
    let media = data_dir.join("media");
    if media.exists() {
        all.push(writable("media", &media));
    }
    all.extend(secrets());
    all
}

/// `relay run` makes it, where it can.
fn not_there_yet(data_dir: &Path, least_free: u64) -> Finding {
    let shown = data_dir.display();
    let Some(above) = data_dir.ancestors().find(|folder| folder.exists()) else {
        return Finding::fine(
            "disk",
            format!("the state directory {shown} is not there yet; `relay run` makes it"),
        );
    };
    if !above.is_dir() {
        return not_a_folder(above);
    }
    match (writable("disk", above), free(above, least_free)) {
        (kept, _) if kept.grade == Grade::Broken => {
            let what = format!("The state directory {shown} is not there, and cannot be made: {}", kept.what);
            let fix = format!(
                "sudo install -d -m 700 -o relay {shown} (with the user that Relay runs as), or write another `data_dir`."
            );
            Finding::broken("disk", what, fix)
        }
        (_, free) if free.grade != Grade::Fine => free,
        _ => Finding::fine(
            "disk",
            format!("the state directory {shown} is not there yet; `relay run` makes it"),
        ),
    }
}

fn not_a_folder(path: &Path) -> Finding {
    let what = format!(
        "{} is a file, where the state directory, or the folder that it is in, is to be.",
        path.display()
    );
    Finding::broken("disk", what, "Write another folder into `data_dir` of [relay], or move that file away.")
}

/// What belongs to another user than the folder does: somebody has run Relay once as root, or copied a folder.
fn of_others(data_dir: &Path, owner: u32) -> Option<Finding> {
    let mut entries = std::fs::read_dir(data_dir).ok()?.filter_map(Result::ok);
    let other = entries.find(|entry| entry.metadata().is_ok_and(|found| found.uid() != owner))?;
    let shown = data_dir.display();
    let what = format!(
        "{} belongs to another user than {shown}: Relay, which runs as the folder's, may not write it.",
        other.path().display()
    );
    Some(Finding::broken("disk", what, format!("sudo chown -R --reference={shown} {shown}")))
}

/// The files with which all that is kept can be read, as far as others may read them.
pub fn readable_keys(data_dir: &Path) -> Vec<Finding> {
    let of = |name: &str| {
        let path = data_dir.join(name);
        let mode = std::fs::metadata(&path).ok()?.permissions().mode() & 0o7777;
        let shown = path.display();
        let what = format!("Others may read {shown} (mode {mode:o}), which opens what people have said.");
        (mode & 0o077 != 0).then(|| Finding::look("keys", what, format!("chmod 600 {shown}")))
    };
    [KEYS, "master.key"].into_iter().filter_map(of).collect()
}

fn free(data_dir: &Path, least_free: u64) -> Finding {
    match rustix::fs::statvfs(data_dir) {
        Ok(stat) => judged(stat.f_bavail.saturating_mul(stat.f_frsize), least_free, data_dir),
        Err(error) => {
            Finding::look("disk", format!("It does not tell what is free: {error}."), "Look at it with df.")
        }
    }
}

fn judged(free: u64, least_free: u64, data_dir: &Path) -> Finding {
    let words = format!("{} free under {}", sizes::in_words(free), data_dir.display());
    let fix = "Make room (df -h shows the disks), or write a folder on a larger disk into `data_dir`; `relay media sweep` drops files that are kept longer than needed.";
    // The reader stops below the least, and begins again a tenth above it.
    let enough = least_free.saturating_add(least_free / 10);
    if free >= enough.saturating_add(ROOMY) {
        Finding::fine("disk", words)
    } else if free >= enough {
        let least = sizes::in_words(least_free);
        Finding::look("disk", format!("Only {words}: below {least} nothing is accepted (`least_free`)."), fix)
    } else {
        let enough = sizes::in_words(enough);
        Finding::broken(
            "disk",
            format!("Only {words}: nothing is accepted until it is {enough} (`least_free`)."),
            fix,
        )
    }
}

/// Keeps a few bytes for a moment.
fn writable(about: &str, folder: &Path) -> Finding {
    let file = folder.join(format!(".doctor-{}", ulid::Ulid::new()));
    let began = Instant::now();
    let written = File::create_new(&file).and_then(|mut file| {
        file.write_all(b"relay doctor")?;
        file.sync_all()
    });
    let took = began.elapsed().as_millis();
    let removed = std::fs::remove_file(&file);
    let shown = folder.display();
    match written.and(removed) {
        Ok(()) if took > SLOW_MS => {
            let what = format!("{shown} takes {took} ms to keep a few bytes.");
            Finding::look(about, what, "Every message waits for that: look at what else uses this disk.")
        }
        Ok(()) => Finding::fine(about, format!("{shown} keeps what is written ({took} ms)")),
        Err(error) => {
            let fix = "It must belong to the user that Relay runs as, on a disk that is not full and not read-only.";
            Finding::broken(about, format!("{shown} cannot be written: {error}."), fix)
        }
    }
}

/// Whether a service gets its secrets the way that keeps them from everybody else.
fn secrets() -> Vec<Finding> {
    let (service, credentials) =
        (std::env::var_os("INVOCATION_ID").is_some(), std::env::var_os("CREDENTIALS_DIRECTORY").is_some());
    match (service, credentials) {
        (true, false) => vec![Finding::look(
            "secrets",
            "This service has no systemd credentials: its tokens come from files or its environment.",
            "Write `LoadCredential=` into the unit and { credential = \"NAME\" } into the config: config/examples/systemd.toml.",
        )],
        (true, true) => vec![Finding::fine("secrets", "from systemd's credentials")],
        (false, _) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disks_and_what_they_mean() {
        let dir = tempfile::tempdir().unwrap();
        let cases = [
            (1_020_000_000, Grade::Fine),
            (1_019_999_999, Grade::Look),
            (220_000_000, Grade::Look),
            (219_999_999, Grade::Broken),
        ];
        for (free, grade) in cases {
            assert_eq!(judged(free, 200_000_000, dir.path()).grade, grade, "{free}");
        }
        assert_eq!(writable("disk", dir.path()).grade, Grade::Fine);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing stays");
        assert_eq!(writable("disk", &dir.path().join("nowhere")).grade, Grade::Broken);
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        assert!(
            look(dir.path(), 0)
                .iter()
                .any(|found| found.fix.as_ref().is_some_and(|fix| fix.starts_with("chmod 700")))
        );
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        assert!(!look(dir.path(), 0).iter().any(|found| found.what.contains("Others")));
        assert_eq!(look(&dir.path().join("new"), 0)[0].grade, Grade::Fine);
    }
}
