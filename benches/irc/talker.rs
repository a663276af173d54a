//! Somebody at a plain socket, who costs next to nothing beside what is measured.

use crate::running::{PATIENCE, Trouble, trouble};
use std::time::Instant;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// On a server.
pub struct Talker {
    /// What comes.
    reads: Lines<BufReader<OwnedReadHalf>>,
    /// What goes.
    pub writes: OwnedWriteHalf,
}

impl Talker {
    /// Comes onto a server as soon as it is there, and into channels.
    pub async fn join(port: u16, nick: &str, channels: &[String]) -> Result<Self, Trouble> {
        let began = Instant::now();
        let stream = loop {
            match TcpStream::connect(("127.0.0.1", port)).await {
                Ok(stream) => break stream,
                Err(error) if began.elapsed() > PATIENCE => return Err(trouble("the IRC server")(error)),
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            }
        };
        stream.set_nodelay(true).map_err(trouble("a socket"))?;
        let (reads, writes) = stream.into_split();
        let mut talker = Self { reads: BufReader::new(reads).lines(), writes };
        talker.send(&format!("NICK {nick}\r\nUSER {nick} 0 * :{nick}\r\n")).await?;
        while !talker.line().await?.1.contains(" 376 ") {}
        for channel in channels {
            talker.send(&format!("JOIN {channel}\r\n")).await?;
            while !talker.line().await?.1.contains(" 366 ") {}
        }
        Ok(talker)
    }

    /// Sends lines with their ends.
    pub async fn send(&mut self, lines: &str) -> Result<(), Trouble> {
        self.writes.write_all(lines.as_bytes()).await.map_err(trouble("sending"))
    }

    /// The next line, and when it came. Whether one is still there is answered.
    pub async fn line(&mut self) -> Result<(Instant, String), Trouble> {
        loop {
            let line = tokio::time::timeout(PATIENCE, self.reads.next_line()).await;
            let line =
                line.map_err(|_| Trouble("nothing comes any more".into()))?.map_err(trouble("a socket"))?;
            let at = Instant::now();
            let line = line.ok_or_else(|| Trouble("the IRC server has closed the connection".into()))?;
            match line.strip_prefix("PING") {
                Some(token) => self.send(&format!("PONG{token}\r\n")).await?,
                None => return Ok((at, line)),
            }
        }
    }

    /// When Relay has come into this many channels.
    pub async fn relay_comes(&mut self, channels: usize) -> Result<Instant, Trouble> {
        let mut came = 0;
        loop {
            let (at, line) = self.line().await?;
            came += usize::from(line.starts_with(":relay!") && line.contains(" JOIN "));
            if came >= channels {
                return Ok(at);
            }
        }
    }

    /// When each of the messages from `from` on came; all of them, in the order of each channel.
    pub async fn arrivals(
        &mut self,
        from: u32,
        messages: u32,
        channels: u32,
    ) -> Result<Vec<Instant>, Trouble> {
        let mut arrived = Vec::with_capacity(messages as usize);
        let mut next: Vec<u32> = (from..from + channels).collect();
        while arrived.len() < messages as usize {
            let (at, line) = self.line().await?;
            let Some(number) = number(&line) else { continue };
            let expected = next.iter_mut().find(|next| **next % channels == number % channels);
            match expected {
                Some(expected) if *expected == number => *expected += channels,
                _ => return Err(Trouble(format!("message {number} comes out of order"))),
            }
            arrived.push(at);
        }
        Ok(arrived)
    }
}

/// The number in what Relay said: `:relay!… PRIVMSG #channel :<name> number is a line …`.
fn number(line: &str) -> Option<u32> {
    let said = line.strip_prefix(":relay!")?.split_once(" PRIVMSG ")?.1;
    said.split_once("> ")?.1.split(' ').next()?.parse().ok()
}
