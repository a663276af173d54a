//! Kills a running Relay at the n-th write or sync of its ledger or its keys, before the call is done.

use crate::bench::Bench;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// So long it is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Which calls of the ledger.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Call {
    /// What it is about to write is not on disk.
    Write,
    /// It is written, and nobody was told.
    Sync,
}

impl Call {
    fn names(self) -> &'static str {
        match self {
            Self::Write => "write,writev,pwrite64",
            Self::Sync => "fsync,fdatasync",
        }
    }
}

/// All that changes what is on disk of a file that is added to, or that another takes the place of; each is counted by itself.
pub const CHANGES: [&str; 5] =
    ["write,writev,pwrite64", "fsync", "fdatasync", "rename,renameat,renameat2", "unlink,unlinkat"];

/// Whether there is a `strace`.
pub fn is_there() -> bool {
    Command::new("strace").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// Waits for its moment; ends with what it has killed, or when it is dropped.
pub struct Executioner(Child);

impl Executioner {
    /// Attached to the bench's Relay: the ledger's writer is one thread, so that its calls can be counted.
    pub fn at(bench: &Bench, call: Call, number: usize) -> Self {
        Self(attach(bench, call.names(), &format!("signal=KILL:when={number}")))
    }

    /// The same at one of [`CHANGES`] on the file of keys or the master key. Each thread counts its own.
    pub fn at_keys(bench: &Bench, calls: &str, number: usize) -> Self {
        let state = bench.state();
        let names = ["keys", "keys.unfinished", "master.key", "master.key.unfinished"];
        // The folder is synced when something in it was renamed.
        let files = names.into_iter().map(|name| state.join(name)).chain([state.clone()]);
        Self(attach_to(bench, files, calls, &format!("signal=KILL:when={number}")))
    }
}

impl Drop for Executioner {
    fn drop(&mut self) {
        let_go(&mut self.0);
    }
}

/// Has something done to these calls on the files of a running Relay's ledger, as `strace` writes it.
pub fn attach(bench: &Bench, calls: &str, what: &str) -> Child {
    attach_to(bench, journals(&bench.state().join("ledger")), calls, what)
}

/// The same on these files.
fn attach_to(bench: &Bench, files: impl IntoIterator<Item = PathBuf>, calls: &str, what: &str) -> Child {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-o", "/dev/null", "-p", &bench.pid().to_string()]);
    for file in files {
        strace.arg("-P").arg(file);
    }
    strace.arg("-e").arg(format!("trace={calls}"));
    strace.arg("-e").arg(format!("inject={calls}:{what}"));
    strace.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = strace.spawn().expect("strace runs");
    let told = BufReader::new(child.stderr.take().expect("it is piped"));
    let mut lines = told.lines().map_while(Result::ok);
    let attached = lines.find(|line| line.contains("attached"));
    assert!(attached.is_some(), "strace did not attach: may this user trace processes?");
    // What it says later must find a reader, or it would wait for one.
    std::thread::spawn(move || lines.for_each(drop));
    child
}

/// Ends it by SIGTERM, so that it lets go of what it traces. Where that is just being killed, it may wait for it for ever.
pub fn let_go(strace: &mut Child) {
    let _ = Command::new("kill").arg(strace.id().to_string()).stderr(Stdio::null()).status();
    let began = Instant::now();
    while matches!(strace.try_wait(), Ok(None)) && began.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(5));
    }
    let _ = strace.kill();
    let _ = strace.wait();
}

/// The files that a batch is written to.
fn journals(ledger: &Path) -> Vec<PathBuf> {
    let entries = ledger.read_dir().expect("the ledger's folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let journals: Vec<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "jnl")).collect();
    assert!(!journals.is_empty(), "the ledger has no journal in {}", ledger.display());
    journals
}
