//! Two IRC servers, somebody on each, a config, and Relay between them.

use crate::running::{self, Running, Trouble, trouble};
use crate::server::Server;
use crate::talker::Talker;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Servers that hold nobody back.
const NO_PENALTY: &str = "[Limits]\nMaxPenaltyTime = 0";

/// All of it.
pub struct Rig {
    _servers: [Server; 2],
    /// Who says everything, on the first server.
    pub ada: Talker,
    /// Who hears it, on the second.
    pub ivo: Talker,
    pairs: u32,
    dir: tempfile::TempDir,
    relay: PathBuf,
}

/// A start.
pub struct Started {
    /// The process.
    pub running: Running,
    /// Until it said that it is ready.
    pub ready: Duration,
    /// Until it was in all its channels on both servers.
    pub joined: Duration,
}

impl Rig {
    /// So many channels of one server are each linked with one of the other; Relay keeps its state in a folder there.
    pub async fn new(relay: &Path, state: &Path, pairs: u32) -> Result<Self, Trouble> {
        let servers = [Server::start("one", NO_PENALTY), Server::start("two", NO_PENALTY)];
        let named = |sign: char| (0..pairs).map(|pair| format!("#{sign}{pair}")).collect::<Vec<_>>();
        let ada = Talker::join(servers[0].port, "Ada", &named('a')).await?;
        let ivo = Talker::join(servers[1].port, "Ivo", &named('b')).await?;
        let dir = tempfile::tempdir_in(state).map_err(trouble("a temporary folder"))?;
        let mut config = "[relay]\ndata_dir = \"state\"\nflood = \"off\"\ntell_rooms = false\n".to_owned();
        // Writing into a String cannot fail.
        for (name, server) in ["one", "two"].into_iter().zip(&servers) {
            let _ = writeln!(
                config,
                "[accounts.{name}]\nplatform = \"irc\"\nserver = \"irc://127.0.0.1:{}\"\nnick = \"relay\"\nceilings = false",
                server.port
            );
        }
        for pair in 0..pairs {
            let _ = writeln!(config, "[channels.c{pair}]\nlinks = [\"one:#a{pair}\", \"two:#b{pair}\"]");
        }
        std::fs::write(dir.path().join("bridges.toml"), config).map_err(trouble("the config"))?;
        Ok(Self { _servers: servers, ada, ivo, pairs, dir, relay: relay.to_owned() })
    }

    /// Starts Relay, and waits until it is in all channels.
    pub async fn start(&mut self) -> Result<Started, Trouble> {
        let Self { ada, ivo, dir, relay, .. } = self;
        let (began, pairs) = (Instant::now(), self.pairs as usize);
        let start = running::start(relay, dir.path(), &[]);
        let inside = async { tokio::try_join!(ada.relay_comes(pairs), ivo.relay_comes(pairs)) };
        let ((running, ready), (one, two)) = tokio::try_join!(start, inside)?;
        Ok(Started { running, ready, joined: one.max(two) - began })
    }

    /// What somebody says: the number, and behind it a line. Messages go round the channels.
    pub fn line(&self, number: u32) -> String {
        let pair = number % self.pairs;
        format!(
            "PRIVMSG #a{pair} :{number} is a line as people write it, with \u{2}some\u{2} words in it.\r\n"
        )
    }

    /// Says messages at once; answers how long it took until the last was there. All of them, in order.
    pub async fn flood(&mut self, from: u32, messages: u32) -> Result<Duration, Trouble> {
        let lines: String = (from..from + messages).map(|number| self.line(number)).collect();
        let began = Instant::now();
        let arrived = self.said_and_heard(lines, from, messages).await?;
        Ok(arrived.last().map_or(Duration::ZERO, |last| *last - began))
    }

    async fn said_and_heard(
        &mut self,
        lines: String,
        from: u32,
        messages: u32,
    ) -> Result<Vec<Instant>, Trouble> {
        let Self { ada, ivo, pairs, .. } = self;
        let heard = ivo.arrivals(from, messages, *pairs);
        let ((), arrived) =
            tokio::try_join!(ada.send(&lines), heard).map_err(|trouble| self.gave_up(&trouble))?;
        Ok(arrived)
    }

    /// Says so many at a pace; answers how long each was under way, in ms, shortest first.
    pub async fn paced(&mut self, from: u32, messages: u32, beat: Duration) -> Result<Vec<f64>, Trouble> {
        let lines: Vec<String> = (from..from + messages).map(|number| self.line(number)).collect();
        let Self { ada, ivo, pairs, .. } = self;
        let saying = async {
            let mut said = Vec::new();
            let mut beat = tokio::time::interval(beat);
            for line in &lines {
                beat.tick().await;
                said.push(Instant::now());
                ada.send(line).await?;
            }
            Ok::<_, Trouble>(said)
        };
        let heard = ivo.arrivals(from, messages, *pairs);
        let (said, arrived) = tokio::try_join!(saying, heard).map_err(|trouble| self.gave_up(&trouble))?;
        let mut took: Vec<f64> =
            said.iter().zip(&arrived).map(|(said, arrived)| (*arrived - *said).as_secs_f64() * 1e3).collect();
        took.sort_by(f64::total_cmp);
        Ok(took)
    }

    fn gave_up(&self, trouble: &Trouble) -> Trouble {
        running::gave_up(self.dir.path(), &trouble.0)
    }
}
