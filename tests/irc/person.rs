//! A person with a plain socket: says lines, and remembers every line that comes.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::task::JoinHandle;

/// How long anything may take before a test gives up on it.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Somebody on a server.
pub struct Person {
    nick: String,
    writes: tokio::sync::Mutex<OwnedWriteHalf>,
    lines: Arc<Mutex<Vec<(Instant, String)>>>,
    reading: JoinHandle<()>,
}

/// Something that was said in a channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// When it came.
    pub at: Instant,
    /// By whom.
    pub nick: String,
    /// `PRIVMSG` or `NOTICE`.
    pub command: String,
    /// Where.
    pub target: String,
    /// The words.
    pub text: String,
}

impl Person {
    /// Comes onto a server as soon as it is there, and into channels.
    pub async fn join(port: u16, nick: &str, channels: &[&str]) -> Self {
        let person = Self::connect(port, nick).await;
        person.send(&format!("NICK {nick}\r\nUSER {nick} 0 * :{nick}")).await;
        person.enter(channels).await;
        person
    }

    async fn connect(port: u16, nick: &str) -> Self {
        let began = Instant::now();
        let stream = loop {
            match TcpStream::connect(("127.0.0.1", port)).await {
                Ok(stream) => break stream,
                Err(error) => assert!(began.elapsed() < PATIENCE, "nobody listens on {port}: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        stream.set_nodelay(true).expect("a socket");
        let (reads, writes) = stream.into_split();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = lines.clone();
        let reading = tokio::spawn(async move {
            let mut reads = BufReader::new(reads);
            let mut bytes = Vec::new();
            while reads.read_until(b'\n', &mut bytes).await.is_ok_and(|count| count > 0) {
                let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
                bytes.clear();
                kept.lock().unwrap().push((Instant::now(), line));
            }
        });
        Self { nick: nick.to_owned(), writes: tokio::sync::Mutex::new(writes), lines, reading }
    }

    async fn enter(&self, channels: &[&str]) {
        self.hears("their welcome", |line| line.contains(" 376 ") || line.contains(" 422 ")).await;
        for channel in channels {
            self.send(&format!("JOIN {channel}")).await;
            self.hears("the members", |line| line.contains(" 366 ") && line.contains(channel)).await;
        }
    }

    /// The same with a client of today, which asks for these capabilities.
    pub async fn modern(port: u16, nick: &str, channels: &[&str], capabilities: &str) -> Self {
        let person = Self::connect(port, nick).await;
        person
            .send(&format!("CAP REQ :{capabilities}\r\nNICK {nick}\r\nUSER {nick} 0 * :{nick}\r\nCAP END"))
            .await;
        person.enter(channels).await;
        person
    }

    /// Sends a line as it is.
    pub async fn send(&self, line: &str) {
        self.writes.lock().await.write_all(format!("{line}\r\n").as_bytes()).await.expect("the server reads");
    }

    /// Says something in a channel.
    pub async fn says(&self, channel: &str, text: &str) {
        self.send(&format!("PRIVMSG {channel} :{text}")).await;
    }

    /// Waits until a line came that is so, and answers it.
    pub async fn hears(&self, what: &str, is_so: impl Fn(&str) -> bool) -> String {
        let began = Instant::now();
        let mut pings = 0;
        loop {
            let lines = self.lines();
            for ping in lines.iter().filter(|line| line.starts_with("PING")).skip(pings) {
                pings += 1;
                self.send(&ping.replacen("PING", "PONG", 1)).await;
            }
            if let Some(line) = lines.iter().find(|line| is_so(line)) {
                return line.clone();
            }
            assert!(began.elapsed() < PATIENCE, "{} did not hear {what}: {lines:#?}", self.nick);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until somebody has said something with these words in it, and answers what was said.
    pub async fn sees(&self, words: &str) -> Said {
        self.hears(words, |line| said(Instant::now(), line).is_some_and(|said| said.text.contains(words)))
            .await;
        self.said().into_iter().find(|said| said.text.contains(words)).expect("it was just heard")
    }

    /// Everything that was said.
    pub fn said(&self) -> Vec<Said> {
        self.lines.lock().unwrap().iter().filter_map(|(at, line)| said(*at, line)).collect()
    }

    /// All lines.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().iter().map(|(_, line)| line.clone()).collect()
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

/// The value of a line's tag.
pub fn tag(line: &str, name: &str) -> Option<String> {
    let (tags, _) = line.strip_prefix('@')?.split_once(' ')?;
    let found = tags.split(';').find_map(|tag| tag.strip_prefix(name)?.strip_prefix('='));
    found.map(str::to_owned)
}

/// A line without its tags.
pub fn untagged(line: &str) -> &str {
    if line.starts_with('@') { line.split_once(' ').map_or("", |(_, rest)| rest) } else { line }
}

fn said(at: Instant, line: &str) -> Option<Said> {
    let line = untagged(line);
    let (from, rest) = line.strip_prefix(':')?.split_once(' ')?;
    let (command, rest) = rest.split_once(' ')?;
    let (target, text) = rest.split_once(" :").or_else(|| rest.split_once(' '))?;
    let nick = from.split('!').next()?.to_owned();
    let told = matches!(command, "PRIVMSG" | "NOTICE") && from.contains('!');
    told.then(|| Said { at, nick, command: command.into(), target: target.into(), text: text.into() })
}
