//! The control socket: a Unix socket in the state directory, through which commands ask the running engine. One request
//! and one answer a connection, each a line of JSON; what takes longer tells before its answer how it goes, a line a step.

pub mod audit;
pub mod backup;
pub mod export;
mod resync;

use crate::alerts::{Alerts, Open, Went};
use crate::commands::keys::{KeysAnswer, KeysAsk};
use crate::commands::{AccountRooms, Commands, QueueAnswer, QueueAsk, Review};
use crate::doctor::{Doctor, Report};
use crate::engine::{Hop, Purged, Status, Trace, Whose};
use crate::matrix::Column;
use crate::media::{LinkLine, Media, Swept};
use crate::reload::{Outcome, Reloads};
use crate::store::Erased;
use crate::store::audit::Wanted;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

/// Longest request, in bytes.
const LONGEST_REQUEST: u64 = 64 * 1024;
/// Longest wait for the other side; asking every platform for its rooms takes most of it.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longest wait for a request: whoever connects has it ready.
const REQUEST: Duration = Duration::from_secs(10);
/// So many are answered at a time.
const AT_ONCE: usize = 32;
/// What is answered where nobody is to be told.
const NO_ALERTS: &str = "nobody is told what needs a person: there is no [alerts] section in the config. relay doctor looks at everything";
/// What those hear that come when so many are answered already.
const BUSY: &str = "too many commands ask this relay at once; try again in a moment";

/// What can be asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// How everything is.
    Status,
    /// What each account sees.
    Rooms,
    /// What the linked rooms can do.
    Capabilities {
        /// Only this channel or room.
        of: Option<String>,
    },
    /// What became of a message.
    Trace {
        /// Its id, a link to it, or its envelope's id.
        message: String,
    },
    /// Read a room's history.
    Resync {
        /// The room, as somebody writes it.
        room: String,
        /// From when on, in milliseconds since the epoch; none for where it is known up to.
        since: Option<i64>,
        /// Messages a look.
        batch: u16,
    },
    /// Take a room out.
    Disconnect {
        /// The channel.
        channel: String,
        /// `ACCOUNT:ROOM`.
        room: String,
    },
    /// Let a room in.
    Approve {
        /// A code, or the link that was parked.
        what: String,
        /// Whoever asks has been told what comes of it.
        sure: bool,
    },
    /// Have what somebody said lately gone.
    Purge {
        /// Whose.
        whose: Whose,
        /// Only count.
        dry: bool,
    },
    /// The links to files.
    MediaList,
    /// Take a link back.
    MediaRevoke {
        /// Its id, or the link itself.
        link: String,
    },
    /// Drop what files are kept too long or are too many.
    MediaSweep,
    /// Everything that is kept, as a stream behind the answer.
    Backup {
        /// The files too.
        media: bool,
    },
    /// All that is kept of a person, as a stream behind the answer.
    Export {
        /// `PLATFORM:USERID`.
        who: String,
    },
    /// Lines of the audit, as a stream behind the answer.
    Audit {
        /// Which.
        wanted: Wanted,
        /// Only those of this person, `PLATFORM:USERID`.
        who: Option<String>,
    },
    /// Have everything of a person gone.
    Forget {
        /// `PLATFORM:USERID`.
        who: String,
        /// Whoever asks has been told what comes of it.
        sure: bool,
    },
    /// Look at everything.
    Doctor,
    /// Send a marked message into a room and take it away.
    Canary {
        /// Which.
        room: String,
    },
    /// What needs a person.
    Alerts,
    /// Send a sample by every way that admins are told by.
    AlertsSample,
    /// The keys of what is kept.
    Keys {
        /// What to do.
        ask: KeysAsk,
    },
    /// Look at what waits, and change it.
    Queue {
        /// What to do.
        ask: QueueAsk,
    },
    /// What a reload would do.
    Plan {
        /// With this config file, instead of the one that Relay runs with.
        config: Option<PathBuf>,
    },
    /// Read the config anew.
    Reload,
}

/// What is answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Response {
    /// How everything is.
    Status(Box<Status>),
    /// What each account sees.
    Rooms(Vec<AccountRooms>),
    /// What the linked rooms can do, those that can the same together.
    Capabilities(Vec<Column>),
    /// What became of each message that was meant.
    Traces(Vec<Trace>),
    /// The keys of what is kept.
    Keys(KeysAnswer),
    /// The links to files.
    Links(Vec<LinkLine>),
    /// What a sweep did.
    Swept(Swept),
    /// A step: how the reading of a history goes.
    Resyncing {
        /// Where it began, in milliseconds since the epoch.
        since: i64,
        /// Events read.
        read: u64,
        /// Of these, those that nobody had heard of.
        new: u64,
        /// How far it is, in milliseconds since the epoch.
        at: Option<i64>,
    },
    /// A history was read.
    Resynced {
        /// Events read.
        read: u64,
        /// Of these, those that nobody had heard of.
        new: u64,
    },
    /// What a purge does.
    Purged(Purged),
    /// A backup follows.
    Backup,
    /// An export follows.
    Export,
    /// Lines of the audit follow.
    Audit,
    /// What has become of a wish to be forgotten; none where there was none.
    Erased(Option<Erased>),
    /// What was found.
    Doctor(Report),
    /// How a marked message went, hop by hop.
    Canary(Vec<Hop>),
    /// What needs a person.
    Alerts(Vec<Open>),
    /// How a sample went by each way.
    AlertsSample(Vec<Went>),
    /// What waits, or what was done about it.
    Queue(QueueAnswer),
    /// What became of a config that was read anew, or would.
    Reload(Outcome),
    /// What would be done.
    Shown(String),
    /// What was done.
    Done(String),
    /// It could not be done.
    Error(String),
}

/// Why the running engine could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody listens.
    #[error(
        "no relay runs with the state directory {}. Start it with `relay run`; if it runs as a service, name its state: --data-dir \
         /var/lib/relay",
        .0.display()
    )]
    NotRunning(PathBuf),
    /// The socket is there, but this user may not use it, or the like.
    #[error("the running relay cannot be asked through {}: {why}. Ask as the user that it runs as, or with sudo", path.display())]
    NoAccess {
        /// The socket.
        path: PathBuf,
        /// The system's words.
        why: String,
    },
    /// It does not answer, or not sensibly.
    #[error("the running relay did not answer: {0}")]
    NoAnswer(String),
    /// It does not do it, and says why.
    #[error("{0}")]
    Refused(String),
}

impl AskError {
    /// Why the socket of a state directory could not be connected to.
    fn of(why: &std::io::Error, data_dir: &Path) -> Self {
        match why.kind() {
            std::io::ErrorKind::NotFound
            | std::io::ErrorKind::NotADirectory
            | std::io::ErrorKind::ConnectionRefused => Self::NotRunning(data_dir.to_owned()),
            _ => Self::NoAccess { path: path(data_dir), why: why.to_string() },
        }
    }
}

/// Where the socket of a state directory is.
pub fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("control.sock")
}

/// Makes the socket. What an earlier process left is removed: the ledger's lock says that it is gone.
pub fn bind(data_dir: &Path) -> std::io::Result<UnixListener> {
    let path = path(data_dir);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => UnixListener::bind(&path),
    }
}

/// Answers until the task is ended.
pub async fn serve(
    listener: UnixListener,
    commands: Arc<Commands>,
    media: Media,
    doctor: Doctor,
    reloads: Reloads,
    alerts: Option<Arc<Alerts>>,
) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let Ok(place) = places.clone().try_acquire_owned() else {
                    refuse(stream);
                    continue;
                };
                let (commands, media) = (commands.clone(), media.clone());
                let (doctor, reloads, alerts) = (doctor.clone(), reloads.clone(), alerts.clone());
                tokio::spawn(async move {
                    let _place = place;
                    let asked = (&doctor, alerts.as_deref());
                    if let Err(error) = answer(stream, &commands, &media, asked, &reloads).await {
                        tracing::debug!(%error, "a control connection broke");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the control socket cannot accept");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// Says so and hangs up. A line fits into the socket of somebody who has just come, so nobody is waited for.
fn refuse(stream: UnixStream) {
    tracing::warn!("too many commands ask at once: one is turned away");
    let line = serde_json::to_string(&Response::Error(BUSY.to_owned())).map(|line| line + "\n");
    if let (Ok(mut stream), Ok(line)) = (stream.into_std(), line) {
        // Whoever has gone again needs not be told.
        let _ = std::io::Write::write(&mut stream, line.as_bytes());
    }
}

async fn answer(
    stream: UnixStream,
    commands: &Commands,
    media: &Media,
    (doctor, alerts): (&Doctor, Option<&Alerts>),
    reloads: &Reloads,
) -> std::io::Result<()> {
    let (reading, mut writing) = stream.into_split();
    let mut line = Vec::new();
    let mut reading = BufReader::new(reading.take(LONGEST_REQUEST));
    tokio::time::timeout(REQUEST, reading.read_until(b'\n', &mut line)).await??;
    let request = serde_json::from_slice::<Request>(&line);
    match request {
        Ok(Request::Resync { room, since, batch }) => {
            let response = resync::answer(commands, &room, since, batch, &mut writing).await?;
            return write(&response, &mut writing).await;
        }
        // It has no end that is known before, and deadlines of its own.
        Ok(Request::Backup { media }) => {
            write(&Response::Backup, &mut writing).await?;
            return backup::send(writing, commands, media).await;
        }
        // It would end in the middle.
        Ok(Request::Export { .. }) if commands.core().lookup.is_behind() => {
            let later = "after its start Relay brings the mapping up to the ledger: ask again in a minute";
            return write(&Response::Error(later.into()), &mut writing).await;
        }
        Ok(Request::Export { who }) => {
            return match commands.person(&who).await {
                Ok(person) => {
                    write(&Response::Export, &mut writing).await?;
                    export::send(writing, commands, person).await
                }
                Err(refused) => write(&Response::Error(refused), &mut writing).await,
            };
        }
        Ok(Request::Plan { config }) => {
            return write(&Response::Reload(reloads.plan(config).await), &mut writing).await;
        }
        Ok(Request::Reload) => return write(&Response::Reload(reloads.reload().await), &mut writing).await,
        Ok(Request::Audit { wanted, who }) => return audit::answer(writing, commands, wanted, who).await,
        _ => {}
    }
    let response =
        tokio::time::timeout(PATIENCE, respond(request, commands, media, (doctor, alerts))).await?;
    write(&response, &mut writing).await?;
    writing.shutdown().await
}

async fn write(response: &Response, to: &mut OwnedWriteHalf) -> std::io::Result<()> {
    let mut bytes = serde_json::to_vec(response)?;
    bytes.push(b'\n');
    tokio::time::timeout(PATIENCE, to.write_all(&bytes)).await?
}

async fn respond(
    request: serde_json::Result<Request>,
    commands: &Commands,
    media: &Media,
    (doctor, alerts): (&Doctor, Option<&Alerts>),
) -> Response {
    match request {
        Ok(Request::Status) => Response::Status(Box::new(commands.core().status())),
        Ok(Request::Rooms) => Response::Rooms(commands.rooms().await),
        Ok(Request::Capabilities { of }) => Response::Capabilities(commands.capabilities(of.as_deref())),
        Ok(Request::Trace { message }) => match commands.trace(&message).await {
            Ok(traces) => Response::Traces(traces),
            Err(refused) => Response::Error(refused),
        },
        Ok(Request::Disconnect { channel, room }) => match commands.disconnect_named(&channel, &room).await {
            Ok(words) => Response::Done(words),
            Err(refused) => Response::Error(refused),
        },
        Ok(Request::Approve { what, sure }) => match commands.approve(&what, sure).await {
            Ok(Review::Shown(words)) => Response::Shown(words),
            Ok(Review::Done(words)) => Response::Done(words),
            Err(refused) => Response::Error(refused),
        },
        Ok(Request::Purge { whose, dry }) => match commands.core().clone().purge(whose, dry).await {
            Ok(purged) => Response::Purged(purged),
            Err(refused) => Response::Error(refused),
        },
        Ok(Request::MediaList) => match media.list().await {
            Ok(links) => Response::Links(links),
            Err(error) => Response::Error(error.to_string()),
        },
        Ok(Request::MediaRevoke { link }) => match media.revoke(&link).await {
            Ok(name) => Response::Done(format!("The link to {name} is dead, and the file gets no other.")),
            Err(refused) => Response::Error(refused),
        },
        Ok(Request::MediaSweep) => match media.sweep().await {
            Ok(swept) => Response::Swept(swept),
            Err(error) => Response::Error(error.to_string()),
        },
        // They are answered step by step, above.
        Ok(
            Request::Resync { .. }
            | Request::Backup { .. }
            | Request::Export { .. }
            | Request::Audit { .. }
            | Request::Plan { .. }
            | Request::Reload,
        ) => Response::Error("this is answered step by step".into()),
        Ok(Request::Forget { who, sure }) => match commands.forget_named(&who, sure).await {
            Ok(erased) => Response::Erased(erased),
            Err(refused) => Response::Error(refused),
        },
        Ok(Request::Doctor) => Response::Doctor(doctor.examine().await),
        Ok(Request::Canary { room }) => match commands.send_marked(&room).await {
            Ok(hops) => Response::Canary(hops),
            Err(refused) => Response::Error(refused),
        },
        Ok(Request::Alerts) => match alerts {
            Some(alerts) => Response::Alerts(alerts.open().await),
            None => Response::Error(NO_ALERTS.into()),
        },
        Ok(Request::AlertsSample) => match alerts {
            Some(alerts) => Response::AlertsSample(alerts.sample().await),
            None => Response::Error(NO_ALERTS.into()),
        },
        Ok(Request::Keys { ask }) => match commands.keys(ask).await {
            Ok(answer) => Response::Keys(answer),
            Err(refused) => Response::Error(refused),
        },
        Ok(Request::Queue { ask }) => match commands.queue(ask).await {
            Ok(answer) => Response::Queue(answer),
            Err(refused) => Response::Error(refused),
        },
        Err(error) => Response::Error(format!("the request is not understood: {error}")),
    }
}

/// Asks the engine that runs with this state directory.
pub async fn ask(data_dir: &Path, request: &Request) -> Result<Response, AskError> {
    follow(data_dir, request, &mut |_| {}).await
}

/// The same for what takes longer; `step` hears how it goes.
pub async fn follow(
    data_dir: &Path,
    request: &Request,
    step: &mut dyn FnMut(&Response),
) -> Result<Response, AskError> {
    let path = path(data_dir);
    let stream = UnixStream::connect(&path).await.map_err(|e| AskError::of(&e, data_dir))?;
    exchange(stream, request, step).await.map_err(|e| match e.kind() {
        std::io::ErrorKind::TimedOut => AskError::NoAnswer("it took longer than a minute".into()),
        _ => AskError::NoAnswer(e.to_string()),
    })
}

async fn exchange(
    stream: UnixStream,
    request: &Request,
    step: &mut dyn FnMut(&Response),
) -> std::io::Result<Response> {
    let (reading, mut writing) = stream.into_split();
    let mut bytes = serde_json::to_vec(request)?;
    bytes.push(b'\n');
    let asked = tokio::time::timeout(PATIENCE, writing.write_all(&bytes)).await?;
    let mut reading = BufReader::new(reading);
    loop {
        let mut line = String::new();
        let read = tokio::time::timeout(PATIENCE, reading.read_line(&mut line)).await?;
        // Whoever is turned away cannot ask, and is told why all the same.
        if line.is_empty() {
            asked?;
            read?;
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        match serde_json::from_str(&line)? {
            shown @ Response::Resyncing { .. } => step(&shown),
            response => return Ok(response),
        }
    }
}
