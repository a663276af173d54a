//! A homeserver of these tests: started with the first of them, ended with the last.

use crate::person::Person;
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(120);

/// The one that runs.
static RUNNING: Mutex<Weak<Synapse>> = Mutex::const_new(Weak::new());

/// What the shell does: it starts the server, and ends it by the signal that it is told, or when this process ends, however that ends.
const KEEPER: &str = "\"$0\" -m synapse.app.homeserver --config-path homeserver.yaml & read -r signal; kill -\"${signal:-TERM}\" $!; wait";

/// A homeserver.
pub struct Synapse {
    folder: tempfile::TempDir,
    python: PathBuf,
    port: u16,
    /// Its base URL.
    pub url: String,
    /// A shell that ends the server; none while it is away.
    keeper: Option<Child>,
    /// Registrations that nobody has taken yet: one Relay can serve one.
    services: std::sync::Mutex<Vec<Service>>,
}

/// A registration that the server knows.
#[derive(Debug, Clone)]
pub struct Service {
    /// The file, as Relay wrote it.
    pub file: PathBuf,
    /// The token in it that Relay shows.
    pub token: String,
    /// Relay's own user id with it.
    pub bot: String,
    /// What the ids of its ghosts begin with.
    pub ghosts: String,
}

impl Service {
    /// The id of its registration.
    fn id(&self) -> &str {
        self.bot.trim_start_matches('@').split(':').next().unwrap_or_default()
    }
}

/// How many registrations there are.
const SERVICES: usize = 12;

impl Synapse {
    /// A registration for a test of its own.
    pub fn service(&self) -> Service {
        self.services
            .lock()
            .expect("nobody panics with it")
            .pop()
            .expect("enough registrations for all tests")
    }

    /// The server; none where it is not installed, which is said.
    pub async fn there() -> Option<Arc<Self>> {
        let python = python()?;
        let mut running = RUNNING.lock().await;
        if let Some(server) = running.upgrade() {
            return Some(server);
        }
        let server = Arc::new(Self::started(python).await);
        *running = Arc::downgrade(&server);
        Some(server)
    }

    /// One that no other test uses, so that it may go away.
    pub async fn of_its_own() -> Option<Self> {
        Some(Self::started(python()?).await)
    }

    async fn started(python: PathBuf) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let port = stand_ins::ports::free();
        let services: Vec<Service> = (0..SERVICES).map(|number| registered(folder.path(), number)).collect();
        write(folder.path(), "homeserver.yaml", &config(folder.path(), port, &services));
        write(
            folder.path(),
            "log.yaml",
            "version: 1\nroot: { level: WARNING, handlers: [out] }\nhandlers: { out: { class: logging.StreamHandler } }\n",
        );
        // The seed of a key that signs nothing that leaves this machine.
        write(folder.path(), "signing.key", &format!("ed25519 a_test {}\n", "A".repeat(43)));
        let services = std::sync::Mutex::new(services);
        let url = format!("http://127.0.0.1:{port}");
        let mut server = Self { folder, python, port, url, keeper: None, services };
        server.run().await;
        server
    }

    /// Starts it, again after `kill`; returns when it answers.
    pub async fn run(&mut self) {
        let log = std::fs::File::options().create(true).append(true).open(self.folder.path().join("log"));
        let log = log.expect("a log file");
        let keeper = Command::new("sh")
            .args(["-c", KEEPER])
            .arg(&self.python)
            .current_dir(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(log.try_clone().expect("the log twice"))
            .stderr(log)
            .spawn()
            .expect("a shell");
        self.keeper = Some(keeper);
        let began = Instant::now();
        while reqwest::get(format!("{}/_matrix/client/versions", self.url)).await.is_err() {
            assert!(began.elapsed() < PATIENCE, "Synapse does not start: {}", self.log());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.end(b"KILL\n");
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// As in the moment in which it has made up for what it could not tell an application service: what is said now is kept for it, and
    /// not sent, or is sent again.
    pub fn keeps_back(&self, service: &Service, does: bool) {
        let state = if does { "down" } else { "up" };
        self.sql(&format!(
            "UPDATE application_services_state SET state = '{state}' WHERE as_id = '{}'",
            service.id()
        ));
    }

    /// The events that it keeps for an application service.
    pub fn kept_back(&self, service: &Service) -> String {
        self.sql(&format!("SELECT event_ids FROM application_services_txns WHERE as_id = '{}'", service.id()))
    }

    /// What it has kept is as if it had been sent.
    pub fn forgets_what_it_kept(&self, service: &Service) {
        self.sql(&format!("DELETE FROM application_services_txns WHERE as_id = '{}'", service.id()));
    }

    /// Whether it sends an application service what is said.
    pub fn sends(&self, service: &Service) -> bool {
        let state = self
            .sql(&format!("SELECT state FROM application_services_state WHERE as_id = '{}'", service.id()));
        state.contains("up") && self.kept_back(service).trim() == "[]"
    }

    /// One statement in its database, and the rows that it answers.
    fn sql(&self, statement: &str) -> String {
        let program = "import sqlite3, sys\nwith sqlite3.connect('homeserver.db', timeout=30) as it: print(it.execute(sys.argv[1]).fetchall())";
        let mut command = Command::new(&self.python);
        let done = command
            .args(["-c", program, statement])
            .current_dir(self.folder.path())
            .output()
            .expect("Python");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).into_owned()
    }

    fn end(&mut self, signal: &[u8]) {
        if let Some(mut keeper) = self.keeper.take() {
            // A shell that has ended reads nothing.
            let _ = keeper.stdin.take().map(|mut stdin| stdin.write_all(signal));
            let _ = keeper.wait();
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// A new account, under a name that nobody else of these tests has.
    pub async fn person(&self, name: &str) -> Person {
        let user = format!("{}-{:x}", name.to_lowercase(), rand_part());
        let body =
            json!({ "username": user, "password": "correct horse", "auth": { "type": "m.login.dummy" } });
        let answer: serde_json::Value = reqwest::Client::new()
            .post(format!("{}/_matrix/client/v3/register", self.url))
            .json(&body)
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON");
        let string = |key: &str| answer[key].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        let person = Person::new(&self.url, string("user_id"), string("access_token"));
        person.put(&format!("profile/{}/displayname", person.user), json!({ "displayname": name })).await;
        person
    }
}

impl Drop for Synapse {
    fn drop(&mut self) {
        self.end(b"TERM\n");
        if std::thread::panicking() {
            eprintln!("--- Synapse's log ---\n{}", self.log());
        }
    }
}

/// Where it is installed.
fn python() -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/synapse/bin/python");
    if !python.is_file() {
        let required = std::env::var_os("RELAY_REQUIRE_SYNAPSE").is_some();
        assert!(!required, "RELAY_REQUIRE_SYNAPSE is set, and there is no {}", python.display());
        eprintln!("skipped: there is no {}; tests/matrix/main.rs says how to make it", python.display());
        return None;
    }
    Some(python)
}

/// Different at each call, and in each process.
fn rand_part() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(Instant::now())
}

/// As an admin does it.
fn registered(folder: &Path, number: usize) -> Service {
    let port = stand_ins::ports::free();
    let file = folder.join(format!("registration-{number}.yaml"));
    let (bot, prefix) = (format!("relay{number}"), format!("_relay{number}_"));
    let done = Command::new(env!("CARGO_BIN_EXE_relay"))
        .args(["matrix", "registration", "test.localhost", "--bot", &bot, "--prefix", &prefix, "--id", &bot])
        .args(["--url", &format!("http://127.0.0.1:{port}"), "--out"])
        .arg(&file)
        .output()
        .expect("the binary");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let text = std::fs::read_to_string(&file).expect("the file that it wrote");
    let token = text.lines().find_map(|line| line.strip_prefix("as_token: ")).expect("a token");
    let token = token.trim_matches(['\'', '"']).to_owned();
    Service { file, token, bot: format!("@{bot}:test.localhost"), ghosts: format!("@{prefix}") }
}

fn write(folder: &Path, name: &str, text: &str) {
    let mut file = std::fs::File::create(folder.join(name)).expect("a file in the temporary folder");
    file.write_all(text.as_bytes()).expect("a file in the temporary folder");
}

/// Nobody else is spoken to, and no limit is in the way.
fn config(folder: &Path, port: u16, services: &[Service]) -> String {
    let at = |name: &str| folder.join(name).display().to_string();
    let fast = json!({ "per_second": 100_000, "burst_count": 100_000 });
    json!({
        "server_name": "test.localhost",
        "app_service_config_files": services.iter().map(|service| &service.file).collect::<Vec<_>>(),
        "pid_file": at("pid"),
        "listeners": [{
            "bind_addresses": ["127.0.0.1"], "port": port, "tls": false, "type": "http",
            "resources": [{ "names": ["client"], "compress": false }],
        }],
        "database": { "name": "sqlite3", "args": { "database": at("homeserver.db") } },
        "log_config": at("log.yaml"),
        "media_store_path": at("media"),
        "signing_key_path": at("signing.key"),
        "report_stats": false,
        "macaroon_secret_key": "only on loopback",
        "form_secret": "only on loopback",
        "trusted_key_servers": [],
        "suppress_key_server_warning": true,
        "enable_registration": true,
        "enable_registration_without_verification": true,
        "bcrypt_rounds": 4,
        "presence": { "enabled": false },
        "rc_message": fast, "rc_registration": fast, "rc_admin_redaction": fast, "rc_joins_per_room": fast,
        "rc_login": { "address": fast, "account": fast, "failed_attempts": fast },
        "rc_joins": { "local": fast, "remote": fast },
        "rc_invites": { "per_room": fast, "per_user": fast, "per_issuer": fast },
        "rc_media_create": fast,
    })
    .to_string()
}
