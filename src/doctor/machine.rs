//! The state directory and the disk under it, and where secrets come from.

use crate::engine::Finding;
use crate::sizes;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
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
    let mode = match std::fs::metadata(data_dir) {
        Ok(found) => found.permissions().mode() & 0o7777,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let what = format!("the state directory {shown} is not there yet; `relay run` makes it");
            return [vec![Finding::fine("disk", what)], secrets()].concat();
        }
        Err(error) => {
            let fix = "Run this as the user that Relay runs as, or as root.";
            return vec![Finding::broken("disk", format!("{shown} cannot be looked at: {error}."), fix)];
        }
    };
    let mut found = vec![free(data_dir, least_free)];
    if mode & 0o077 != 0 {
        let what = format!(
            "Others on this machine may look into {shown} (mode {mode:o}): messages and the control socket are there."
        );
        found.push(Finding::look("disk", what, format!("chmod 700 {shown}")));
    }
    found.push(writable("disk", data_dir));
    let media = data_dir.join("media");
    if media.exists() {
        found.push(writable("media", &media));
    }
    found.extend(secrets());
    found
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
    let fix = "Make room, or move data_dir to a larger disk. `relay media sweep` drops files that are kept longer than needed.";
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
    use crate::engine::Grade;

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
