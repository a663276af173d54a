//! Kills a running Relay at the n-th write or sync of its ledger, before the call is done.

use crate::bench::Bench;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

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
}

impl Drop for Executioner {
    fn drop(&mut self) {
        let_go(&mut self.0);
    }
}

/// Has something done to these calls on the files of a running Relay's ledger, as `strace` writes it.
pub fn attach(bench: &Bench, calls: &str, what: &str) -> Child {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-o", "/dev/null", "-p", &bench.pid().to_string()]);
    for journal in journals(&bench.state().join("ledger")) {
        strace.arg("-P").arg(journal);
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

/// Ends it by SIGTERM, so that it lets go of what it traces.
pub fn let_go(strace: &mut Child) {
    let _ = Command::new("kill").arg(strace.id().to_string()).stderr(Stdio::null()).status();
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
