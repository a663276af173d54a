//! Two servers, a person on each, and the real binary between them.

use crate::person::{PATIENCE, Person};
use crate::server::Server;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The bench. Whatever it started ends with it.
pub struct Bench {
    /// Both servers.
    pub servers: [Server; 2],
    /// Ada on the first, Ivo on the second, both operators of their channel.
    pub people: [Person; 2],
    /// Config and state.
    pub dir: tempfile::TempDir,
    relay: Option<Child>,
}

/// The channels that are joined.
pub const CHANNELS: [&str; 2] = ["#alpha", "#Beta"];

impl Bench {
    /// Servers and people; Relay does not run yet. `more` stands in the second server's config, `account` in that of both accounts.
    /// The first server holds nobody back.
    pub async fn new(more: &str, account: &str) -> Self {
        let servers = [Server::start("one", crate::NO_PENALTY), Server::start("two", more)];
        let people = [
            Person::join(servers[0].port, "Ada", &[CHANNELS[0]]).await,
            Person::join(servers[1].port, "Ivo", &[CHANNELS[1]]).await,
        ];
        let dir = tempfile::tempdir().expect("a temporary folder");
        let section = |name: &str, server: &Server| {
            format!(
                "[accounts.{name}]\nplatform = \"irc\"\nserver = \"irc://127.0.0.1:{}\"\nnick = \"relay\"\n{account}\n",
                server.port
            )
        };
        let config = format!(
            "[relay]\ndata_dir = \"state\"\nflood = \"off\"\ntell_rooms = false\n{}{}[channels.lobby]\nlinks = [\"one:{}\", \"two:{}\"]\n",
            section("one", &servers[0]),
            section("two", &servers[1]),
            CHANNELS[0],
            CHANNELS[1]
        );
        std::fs::write(dir.path().join("bridges.toml"), config).expect("a file in the temporary folder");
        Self { servers, people, dir, relay: None }
    }

    /// The same with Relay in both channels.
    pub async fn started(more: &str, account: &str) -> Self {
        let mut bench = Self::new(more, account).await;
        bench.start();
        bench.inside().await;
        bench
    }

    /// Waits until Relay is in both channels.
    pub async fn inside(&self) {
        for (person, channel) in self.people.iter().zip(CHANNELS) {
            person.hears("Relay coming", |line| line.starts_with(":relay!") && line.ends_with(channel)).await;
        }
    }

    /// Starts Relay.
    pub fn start(&mut self) {
        self.relay = Some(relay(self.dir.path()));
    }

    /// Where Relay's log is.
    pub fn log(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    /// Kills Relay.
    pub fn kill(&mut self) {
        if let Some(mut relay) = self.relay.take() {
            let _ = relay.kill();
            let _ = relay.wait();
        }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("{}", std::fs::read_to_string(self.log()).unwrap_or_default());
        }
    }
}

/// The real binary, with the config of a folder; its log goes to `log` there.
pub fn relay(folder: &Path) -> Child {
    let log = std::fs::File::options().append(true).create(true).open(folder.join("log"));
    Command::new(env!("CARGO_BIN_EXE_relay"))
        .args(["run", "--config", "bridges.toml"])
        .current_dir(folder)
        .env_remove("STATE_DIRECTORY")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log.expect("a log"))
        .spawn()
        .expect("the binary starts")
}

/// Waits until something is so.
pub async fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "{what}: not within {} s", PATIENCE.as_secs());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
