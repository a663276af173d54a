//! What is in the state directory of a Relay that cannot be asked: whether another process has it, and whether its keys can be opened.

use super::said;
use crate::commands::keys::unused_master;
use crate::engine::{Finding, Grade};
use crate::store::{folder, look_at_keys};
use secrecy::SecretString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What was found there.
#[derive(Default)]
pub struct Left {
    /// Each with what to do.
    pub findings: Vec<Finding>,
    /// Another process works with it.
    pub is_held: bool,
}

/// Looks off the runtime's workers.
pub async fn examine(data_dir: PathBuf, master: Option<SecretString>) -> Left {
    let looked = tokio::task::spawn_blocking(move || look(&data_dir, master.as_ref())).await;
    looked.unwrap_or_default()
}

/// Whether a process has the ledger, and not only for the moment in which another doctor looks into it.
fn is_held(data_dir: &Path) -> bool {
    const LOOKS: u32 = 40;
    const A_WHILE: Duration = Duration::from_millis(50);
    (0..LOOKS).all(|_| {
        let held = folder::is_in_use(data_dir);
        if held {
            std::thread::sleep(A_WHILE);
        }
        held
    })
}

fn look(data_dir: &Path, master: Option<&SecretString>) -> Left {
    if is_held(data_dir) {
        let shown = data_dir.display();
        let what = format!(
            "Another relay process works with {shown}, and cannot be asked: its control.sock is gone."
        );
        let fix = "Stop it and start Relay again: sudo systemctl restart relay, or pkill -TERM -x relay and then `relay run`. Two cannot share a \
                   `data_dir`.";
        return Left { findings: vec![Finding::broken("state", what, fix)], is_held: true };
    }
    let unused = data_dir.join("master.key");
    let found = match look_at_keys(data_dir, master) {
        Ok(()) if master.is_some() && data_dir.join("ledger").exists() && unused.exists() => {
            said("keys", Grade::Look, &unused_master(&unused))
        }
        Ok(()) if data_dir.join("ledger").exists() => Finding::fine("keys", "the master key opens them"),
        Ok(()) => return Left::default(),
        Err(error) => said("keys", Grade::Broken, &error.to_string()),
    };
    Left { findings: vec![found], is_held: false }
}
