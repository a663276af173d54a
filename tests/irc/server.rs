//! A real IRC server: ngIRCd from Debian, on a free loopback port.

use stand_ins::ports;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Where Debian puts it.
const PROGRAM: &str = "/usr/sbin/ngircd";

/// Whether it is there. Where it is required and missing, the test fails.
pub fn is_there() -> bool {
    let there = Path::new(PROGRAM).exists();
    assert!(
        there || std::env::var_os("RELAY_REQUIRE_IRC").is_none(),
        "{PROGRAM} is missing: apt-get install ngircd"
    );
    if !there {
        eprintln!("NOT RUN: {PROGRAM} is missing (apt-get install ngircd)");
    }
    there
}

/// A running server, which ends with this.
pub struct Server {
    /// Where it listens.
    pub port: u16,
    /// Its folder.
    pub dir: tempfile::TempDir,
    running: Option<Child>,
}

impl Server {
    /// One of this name; `more` stands in its config.
    pub fn start(name: &str, more: &str) -> Self {
        Self::start_in(tempfile::tempdir().expect("a temporary folder"), name, more)
    }

    /// The same in a folder with files that its config names.
    pub fn start_in(dir: tempfile::TempDir, name: &str, more: &str) -> Self {
        let port = ports::free();
        let config = format!(
            "[Global]\nName = {name}.example\nInfo = for tests\nListen = 127.0.0.1\nPorts = {port}\nMotdPhrase = hello\n\
             [Limits]\nMaxConnectionsIP = 0\nMaxJoins = 0\nMaxNickLength = 20\n\
             [Options]\nDNS = no\nIdent = no\nPAM = no\n{more}\n"
        );
        std::fs::File::create(dir.path().join("ngircd.conf"))
            .and_then(|mut file| file.write_all(config.as_bytes()))
            .expect("a file in the temporary folder");
        let mut server = Self { port, dir, running: None };
        server.run();
        server
    }

    /// Starts it, again after `stop`.
    pub fn run(&mut self) {
        let running = Command::new(PROGRAM)
            .args(["--nodaemon", "--config"])
            .arg(self.dir.path().join("ngircd.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("ngIRCd starts");
        self.running = Some(running);
    }

    /// Ends it at once.
    pub fn stop(&mut self) {
        if let Some(mut running) = self.running.take() {
            let _ = running.kill();
            let _ = running.wait();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}
