//! As a service: what a service manager is told, and when. Its socket is our own here; the unit is judged by systemd's tools.

use crate::bench::{Bench, until};
use stand_ins::faults::{Fault, Kind};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The watchdog's period: four times what a part has to answer in.
const WATCHDOG: Duration = Duration::from_secs(4);

/// A running Relay and the socket that it tells its state to.
struct Told {
    child: Child,
    lines: Arc<Mutex<Vec<(Instant, String)>>>,
}

impl Told {
    /// Starts Relay as a service manager does.
    fn start(bench: &Bench) -> Self {
        let path = bench.dir.path().join("notify");
        let _ = std::fs::remove_file(&path);
        let socket = UnixDatagram::bind(&path).unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let heard = lines.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length) = socket.recv(&mut buffer) {
                let text = String::from_utf8(buffer[..length].to_vec()).unwrap();
                let mut heard = heard.lock().unwrap();
                heard.extend(text.lines().map(|line| (Instant::now(), line.to_owned())));
            }
        });
        let log = std::fs::File::options().create(true).append(true).open(bench.dir.path().join("relay.log"));
        let mut command = bench.command("run");
        command
            .env("NOTIFY_SOCKET", path)
            .env("WATCHDOG_USEC", WATCHDOG.as_micros().to_string())
            .env_remove("WATCHDOG_PID");
        let child = command.stdin(Stdio::null()).stderr(log.unwrap()).spawn().unwrap();
        Self { child, lines }
    }

    fn count(&self, line: &str) -> usize {
        self.lines.lock().unwrap().iter().filter(|(_, said)| said == line).count()
    }

    fn last(&self, line: &str) -> Option<Instant> {
        self.lines.lock().unwrap().iter().rev().find(|(_, said)| said == line).map(|(at, _)| *at)
    }

    fn statuses(&self) -> Vec<String> {
        let lines = self.lines.lock().unwrap();
        lines.iter().filter_map(|(_, line)| line.strip_prefix("STATUS=")).map(str::to_owned).collect()
    }

    async fn says(&self, line: &str) {
        until(&format!("it says {line}"), || self.count(line) > 0).await;
    }

    /// SIGTERM; answers how long it took to end well.
    async fn terminate(&mut self) -> Duration {
        let began = Instant::now();
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(status.success(), "{status}");
                return began.elapsed();
            }
            assert!(began.elapsed() < Duration::from_secs(50), "longer than TimeoutStopSec");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The thread that writes the ledger.
    fn writer(&self) -> String {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let named = |task: &PathBuf| std::fs::read_to_string(task.join("comm")).unwrap().trim() == "ledger";
        let task = tasks.map(|task| task.unwrap().path()).find(named).expect("the writer runs");
        task.file_name().unwrap().to_str().unwrap().to_owned()
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a program is installed.
fn is_there(program: &str) -> bool {
    let there = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let there = there.is_ok_and(|status| status.success());
    if !there {
        not_tested(&format!("{program} is not installed"));
    }
    there
}

/// Says so, and fails where it must be tested.
fn not_tested(why: &str) {
    println!("NOT TESTED, because {why}");
    assert!(std::env::var_os("RELAY_REQUIRE_SYSTEMD").is_none(), "RELAY_REQUIRE_SYSTEMD is set, and {why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ready_is_said_when_the_rooms_are_reachable_and_not_before() {
    const LATE: f64 = 2.5;
    let bench = Bench::new().await;
    let slow = Fault { kind: Kind::Slow, times: 1, only: Some("getChat".into()), seconds: LATE };
    bench.people("telegram").fault(slow).unwrap();
    let began = Instant::now();
    let told = Told::start(&bench);
    told.says("READY=1").await;
    assert!(told.last("READY=1").unwrap() - began >= Duration::from_secs_f64(LATE));
    assert_eq!(told.count("READY=1"), 1);
    let statuses = told.statuses();
    let waiting =
        "2 of 3 accounts connected, 2 of 3 rooms found; waiting for telegram (checking its credential)";
    assert!(statuses.iter().any(|status| status == waiting), "{statuses:?}");
    assert_eq!(statuses.last().unwrap(), "3 of 3 accounts connected, 3 of 3 rooms found");
    let longer = format!("EXTEND_TIMEOUT_USEC={}", WATCHDOG.as_micros());
    assert!(told.count(&longer) > 0, "the start is not given up meanwhile");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_person_does_not_hold_up_the_start() {
    let bench = Bench::new().await;
    std::fs::write(bench.dir.path().join("discord"), "wrong").unwrap();
    let told = Told::start(&bench);
    told.says("READY=1").await;
    let wrong = "2 of 3 accounts connected, 2 of 3 rooms found; `relay status` says what is wrong";
    assert_eq!(told.statuses().last().unwrap(), wrong);
}

#[tokio::test(flavor = "multi_thread")]
async fn signs_of_life_end_when_the_disk_hangs_and_the_log_names_the_part() {
    if !is_there("strace") {
        return;
    }
    let bench = Bench::new().await;
    let told = Told::start(&bench);
    told.says("READY=1").await;
    until("four signs of life", || told.count("WATCHDOG=1") >= 4).await;
    // A disk that does not answer: the next write of the ledger's thread takes a minute.
    let mut strace = Command::new("strace")
        .args(["-qq", "-p", &told.writer(), "-e", "trace=write,pwrite64,writev,fsync,fdatasync"])
        .args(["-e", "inject=write,pwrite64,writev,fsync,fdatasync:delay_enter=60000000"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    if strace.try_wait().unwrap().is_some() {
        return not_tested("strace may not look at other processes here (ptrace(2))");
    }
    bench.say("slack", "never on disk");
    until("the log names it", || bench.log().contains("parts=\"the ledger's writer\"")).await;
    let silent = told.last("WATCHDOG=1").unwrap();
    tokio::time::sleep(WATCHDOG).await;
    assert_eq!(told.last("WATCHDOG=1").unwrap(), silent, "systemd would have ended it by now");
    let _ = strace.kill();
    let _ = strace.wait();
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_end_it_delivers_what_is_due_and_keeps_the_rest() {
    const MESSAGES: usize = 30;
    let bench = Bench::new().await;
    let mut told = Told::start(&bench);
    told.says("READY=1").await;
    // Telegram refuses for longer than a drain lasts.
    bench.fault("telegram", Kind::ServerError, 1_000, "sendMessage");
    for number in 0..MESSAGES {
        bench.say("slack", &format!("due-{number}."));
    }
    until("all are accepted", || bench.counter("accepted") >= MESSAGES as u64).await;
    let took = told.terminate().await;
    assert_eq!(told.count("STOPPING=1"), 1);
    assert_eq!(bench.with("discord", "due-").len(), MESSAGES, "what was due is delivered, in {took:?}");
    assert_eq!(bench.with("telegram", "due-").len(), 0);
    let last = told.last("STOPPING=1").unwrap();
    let late = told.lines.lock().unwrap().iter().filter(|(at, line)| *at > last && line == "READY=1").count();
    assert_eq!(late, 0);
    let told = Told::start(&bench);
    told.says("READY=1").await;
    bench.connected(3).await;
    let queued = bench.status().unwrap()["channels"][0]["links"].as_array().unwrap().clone();
    let telegram = queued.iter().find(|link| link["account"] == "telegram").unwrap();
    assert_eq!(telegram["queued"], MESSAGES, "what could not be delivered is on disk");
    assert_eq!(bench.with("discord", "due-").len(), MESSAGES, "and nothing is delivered twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_is_told_and_its_end() {
    let bench = Bench::new().await;
    let told = Told::start(&bench);
    told.says("READY=1").await;
    for (number, changed) in
        ["flood = \"60 per minute\"", "flood = ", "flood = \"off\""].into_iter().enumerate()
    {
        let text = std::fs::read_to_string(bench.config()).unwrap();
        let lines = text.lines().map(|line| if line.starts_with("flood") { changed } else { line });
        std::fs::write(bench.config(), lines.collect::<Vec<_>>().join("\n")).unwrap();
        let hung_up = Command::new("kill").arg("-HUP").arg(told.child.id().to_string()).status();
        assert!(hung_up.unwrap().success());
        let (begun, ready) = (|| told.count("RELOADING=1"), || told.count("READY=1"));
        until("it is told", || begun() > number && ready() == begun() + 1).await;
        assert!(told.last("READY=1") >= told.last("RELOADING=1"), "its end comes after it, good file or bad");
    }
}

/// The unit with the path of a binary that exists: systemd-analyze fails where it does not.
fn unit_with_this_binary(folder: &Path) -> PathBuf {
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/relay.service");
    let text = std::fs::read_to_string(unit).unwrap();
    assert_eq!(text.matches("=/usr/local/bin/relay ").count(), 3, "all commands are Relay");
    let copy = folder.join("relay.service");
    std::fs::write(&copy, text.replace("/usr/local/bin/relay", env!("CARGO_BIN_EXE_relay"))).unwrap();
    copy
}

#[test]
fn the_unit_is_right_and_exposes_little() {
    if !is_there("systemd-analyze") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let unit = unit_with_this_binary(dir.path());
    let verified = Command::new("systemd-analyze").arg("verify").arg(&unit).output().unwrap();
    let said = String::from_utf8_lossy(&verified.stderr).into_owned();
    assert!(verified.status.success() && said.is_empty(), "{said}");
    let mut security = Command::new("systemd-analyze");
    let judged = security.args(["security", "--offline=true", "--threshold=20", "--no-pager"]).arg(&unit);
    let judged = judged.output().unwrap();
    let said = String::from_utf8_lossy(&judged.stdout).into_owned();
    assert!(judged.status.success(), "{}{said}", String::from_utf8_lossy(&judged.stderr));
    println!("{}", said.lines().last().unwrap_or_default());
}
