//! A real server with much of IRCv3: InspIRCd from Debian, on a free loopback port.

use stand_ins::ports;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Where Debian puts it.
const PROGRAM: &str = "/usr/sbin/inspircd";

/// What makes it a server of today.
const MODULES: [&str; 13] = [
    "cap",
    "chanhistory",
    "ircv3",
    "ircv3_accounttag",
    "ircv3_batch",
    "ircv3_capnotify",
    "ircv3_chghost",
    "ircv3_ctctags",
    "ircv3_echomessage",
    "ircv3_labeledresponse",
    "ircv3_msgid",
    "ircv3_servertime",
    "setname",
];

/// Whether it is there. Where it is required and missing, the test fails.
pub fn is_there() -> bool {
    let there = Path::new(PROGRAM).exists();
    assert!(
        there || std::env::var_os("RELAY_REQUIRE_IRC").is_none(),
        "{PROGRAM} is missing: apt-get install inspircd"
    );
    if !there {
        eprintln!("NOT RUN: {PROGRAM} is missing (apt-get install inspircd)");
    }
    there
}

/// A running server, which ends with this.
pub struct InspIrcd {
    /// Where it listens.
    pub port: u16,
    running: Child,
    _dir: tempfile::TempDir,
}

impl InspIrcd {
    /// One that holds nobody back.
    pub fn start() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let (port, folder) = (ports::free(), dir.path().display());
        let modules: String = MODULES.iter().map(|name| format!("<module name=\"{name}\">\n")).collect();
        let config = format!(
            "<config format=\"xml\">\n\
             <server name=\"three.example\" description=\"for tests\" network=\"Three\" id=\"3AA\">\n\
             <admin name=\"x\" email=\"x@three.example\" nick=\"x\">\n\
             <bind address=\"127.0.0.1\" port=\"{port}\" type=\"clients\">\n\
             <connect allow=\"*\" timeout=\"60\" fakelag=\"no\" commandrate=\"1000000\" threshold=\"1000\" recvq=\"1M\" \
             hardsendq=\"8M\" softsendq=\"1M\" localmax=\"1000\" globalmax=\"1000\" resolvehostnames=\"no\">\n\
             <pid file=\"{folder}/pid\">\n<dns server=\"127.0.0.1\" timeout=\"1\">\n\
             <log method=\"file\" type=\"*\" level=\"default\" target=\"{folder}/log\">\n\
             {modules}<chanhistory maxlines=\"50\" prefixmsg=\"no\" bots=\"yes\">\n"
        );
        let file = dir.path().join("inspircd.conf");
        std::fs::write(&file, config).expect("a file in the temporary folder");
        let running = Command::new(PROGRAM)
            .args(["--runasroot", "--nofork", "--config"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("InspIRCd starts");
        Self { port, running, _dir: dir }
    }
}

impl Drop for InspIrcd {
    fn drop(&mut self) {
        let _ = self.running.kill();
        let _ = self.running.wait();
    }
}
