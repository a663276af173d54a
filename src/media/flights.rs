//! Fetching a file once, however many want it, and again until it is there or there is no hope.

use super::digest::Digest;
use super::fetch::FetchError;
use super::intake::{self, TakeError, Wanted};
use super::records::FileRecord;
use super::{Media, Stored, names};
use crate::sizes;
use futures::FutureExt;
use futures::future::BoxFuture;
use relay_contract::{Attachment, DeliverError, Located, Timestamp};
use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{broadcast, watch};

/// More files than this are not asked for at the same time; whoever wants one more asks again.
const MOST_FLIGHTS: usize = 8192;
/// How long it stays known that a file could not be had. Then whoever wants it has it tried again.
const REMEMBERED: Duration = Duration::from_secs(600);
/// So many attempts are enough when the host says no.
const ATTEMPTS_AT_A_NO: usize = 3;
/// How many settled files somebody may not have looked at yet.
const NEWS: usize = 1024;
/// Longest wait that a host may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(600);
/// How long a connector may take to say where a file is.
const LOCATE: Duration = Duration::from_secs(30);

/// Which file of which message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileKey {
    /// The envelope's id.
    pub envelope: [u8; 16],
    /// The file's place in its message.
    pub index: u16,
}

impl FileKey {
    pub(super) fn id(&self) -> [u8; 32] {
        Digest::of(&[self.envelope.as_slice(), &self.index.to_be_bytes()].concat())
    }
}

/// How far a file is.
#[derive(Debug, Clone)]
pub enum Fetched {
    /// It is there.
    Ready(Stored),
    /// It is being fetched, or waits for its next attempt.
    Waiting,
    /// It cannot be had.
    Failed(Failure),
}

/// Why a file cannot be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The reason, to stand behind the file's name. Names no URL.
    pub reason: String,
    /// It should still be where it was posted: a link to its message leads people to it.
    pub linkable: bool,
}

/// Why an attempt failed, and what comes of it.
struct Trouble {
    failure: Failure,
    again: Again,
}

enum Again {
    Never,
    /// A few times.
    AtANo,
    /// As long as there is patience, and not before this time.
    After(Option<Duration>),
}

type Locate = Box<dyn Fn() -> BoxFuture<'static, Result<Located, DeliverError>> + Send + Sync>;

/// What is under way, and what failed lately.
pub(super) struct Flights {
    table: Mutex<HashMap<FileKey, Flight>>,
    news: broadcast::Sender<FileKey>,
}

struct Flight {
    state: watch::Receiver<Fetched>,
    failed: Option<Instant>,
}

impl Default for Flights {
    fn default() -> Self {
        Self { table: Mutex::default(), news: broadcast::Sender::new(NEWS) }
    }
}

impl Flights {
    fn table(&self) -> MutexGuard<'_, HashMap<FileKey, Flight>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Of what is under way or failed lately.
    fn state(&self, key: &FileKey) -> Option<watch::Receiver<Fetched>> {
        let table = self.table();
        let flight = table.get(key)?;
        let stands = flight.failed.is_none_or(|at| at.elapsed() < REMEMBERED);
        stands.then(|| flight.state.clone())
    }

    /// Begins, unless somebody has meanwhile or there are too many.
    fn begin(&self, key: FileKey) -> Option<watch::Sender<Fetched>> {
        let mut table = self.table();
        let stands = |flight: &Flight| flight.failed.is_none_or(|at| at.elapsed() < REMEMBERED);
        if table.get(&key).is_some_and(stands) {
            return None;
        }
        if table.len() >= MOST_FLIGHTS {
            table.retain(|_, flight| flight.failed.is_none());
            if table.len() >= MOST_FLIGHTS {
                return None;
            }
        }
        let (sender, state) = watch::channel(Fetched::Waiting);
        table.insert(key, Flight { state, failed: None });
        Some(sender)
    }

    fn settle(&self, key: FileKey, outcome: Fetched, sender: &watch::Sender<Fetched>) {
        {
            let mut table = self.table();
            match (&outcome, table.get_mut(&key)) {
                (Fetched::Failed(_), Some(flight)) => flight.failed = Some(Instant::now()),
                // What is ready is on disk: nothing needs to be remembered.
                _ => drop(table.remove(&key)),
            }
        }
        sender.send_replace(outcome);
        // Nobody may listen.
        let _ = self.news.send(key);
    }
}

impl Media {
    /// A file of a message. Answers at once: when it is not there, it is begun to be fetched. `most` is the largest that can be fetched from there,
    /// in bytes; `locate` is asked before each attempt where it is now.
    pub async fn get<F, L>(&self, key: FileKey, attachment: &Attachment, most: u64, locate: F) -> Fetched
    where
        F: Fn() -> L + Send + Sync + 'static,
        L: Future<Output = Result<Located, DeliverError>> + Send + 'static,
    {
        if let Some(state) = self.0.flights.state(&key) {
            return state.borrow().clone();
        }
        match self.kept(&key).await {
            Ok(Some(stored)) => return Fetched::Ready(stored),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "what is known of a file cannot be read"),
        }
        if let Some(sender) = self.0.flights.begin(key) {
            let (media, attachment) = (self.clone(), attachment.clone());
            let locate: Locate = Box::new(move || locate().boxed());
            tokio::spawn(async move {
                let flight = AssertUnwindSafe(media.fly(key, &attachment, most, &locate)).catch_unwind();
                let outcome = tokio::select! {
                    outcome = flight => outcome,
                    () = media.0.stop.cancelled() => return,
                };
                let outcome = match outcome {
                    Ok(Ok(stored)) => Fetched::Ready(stored),
                    Ok(Err(failure)) => Fetched::Failed(failure),
                    Err(_) => {
                        Fetched::Failed(Failure { reason: "Relay stumbled over it".into(), linkable: true })
                    }
                };
                if let Fetched::Failed(failure) = &outcome {
                    tracing::warn!(reason = failure.reason, "a file was not fetched");
                }
                media.0.flights.settle(key, outcome, &sender);
            });
        }
        Fetched::Waiting
    }

    /// Waits until a file that was asked for with `get` is there or cannot be had, but not longer than this.
    pub async fn wait(&self, key: FileKey, at_most: Duration) -> Fetched {
        let Some(mut state) = self.0.flights.state(&key) else {
            return match self.kept(&key).await {
                Ok(Some(stored)) => Fetched::Ready(stored),
                _ => Fetched::Waiting,
            };
        };
        let settled = state.wait_for(|state| !matches!(state, Fetched::Waiting));
        match tokio::time::timeout(at_most, settled).await {
            Ok(Ok(state)) => state.clone(),
            _ => Fetched::Waiting,
        }
    }

    /// Tells of each file that has settled, ready or failed. Whoever lags behind (`Lagged`) looks after all that it waits for.
    pub fn settled(&self) -> broadcast::Receiver<FileKey> {
        self.0.flights.news.subscribe()
    }

    async fn fly(
        &self,
        key: FileKey,
        attachment: &Attachment,
        most: u64,
        locate: &Locate,
    ) -> Result<Stored, Failure> {
        // Another flight may have landed between the look and the start.
        if let Ok(Some(stored)) = self.kept(&key).await {
            return Ok(stored);
        }
        let most = most.min(self.0.settings.largest).min(self.0.settings.most);
        if attachment.size.is_some_and(|size| size > most) {
            return Err(too_large(most));
        }
        let mut attempt = 0;
        loop {
            let trouble = match self.attempt(key, attachment, most, locate).await {
                Ok(stored) => return Ok(stored),
                Err(trouble) => trouble,
            };
            let wait = self.0.pace.get(attempt).map(|wait| wait.mul_f64(rand::random_range(0.75..1.25)));
            attempt += 1;
            let wait = match (trouble.again, wait) {
                (Again::Never, _) | (_, None) => return Err(trouble.failure),
                (Again::AtANo, _) if attempt >= ATTEMPTS_AT_A_NO => return Err(trouble.failure),
                (Again::AtANo, Some(wait)) => wait,
                (Again::After(asked), Some(wait)) => wait.max(asked.unwrap_or_default()).min(LONGEST_WAIT),
            };
            tracing::debug!(attempt, reason = trouble.failure.reason, ?wait, "a file is tried again");
            tokio::time::sleep(wait).await;
        }
    }

    async fn attempt(
        &self,
        key: FileKey,
        attachment: &Attachment,
        most: u64,
        locate: &Locate,
    ) -> Result<Stored, Trouble> {
        // Never closed.
        let _slot = self.0.slots.acquire().await;
        let located = tokio::time::timeout(LOCATE, locate()).await;
        let located = located.unwrap_or_else(|_| Err(DeliverError::Unavailable("it took too long".into())));
        let located = located.map_err(|error| not_located(&error))?;
        let incoming = self.0.fetcher.open(&located, most).await.map_err(|error| not_fetched(&error))?;
        let expected = incoming.length.or(attachment.size).unwrap_or(0);
        if !self.make_room(expected).await {
            let reason = format!(
                "Relay's media store is full (it may have {})",
                sizes::in_words(self.0.settings.most)
            );
            return Err(Trouble { failure: Failure { reason, linkable: true }, again: Again::After(None) });
        }
        let wanted = Wanted {
            mime: attachment.mime.clone().or_else(|| incoming.mime.clone()),
            kind: attachment.kind,
            strip: self.0.settings.strip_metadata,
            never_html: located.never_html,
        };
        let taken = intake::take(self.0.store.as_ref(), incoming.into_stream(), &wanted).await;
        let (blob, found) = taken.map_err(|error| not_taken(&error))?;
        let content = self.content(blob.id.clone(), blob.size);
        self.came(blob.size);
        let record = FileRecord {
            envelope: key.envelope,
            index: key.index,
            blob: blob.id.as_str().to_owned(),
            size: blob.size,
            name: names::safe(&attachment.name, &found.mime),
            mime: found.mime,
            kind: found.kind,
            note: found.note,
            at: Timestamp::now().0,
        };
        self.0
            .files
            .put(&key.id(), &record)
            .await
            .map_err(|error| not_taken(&TakeError::Store(error.to_string())))?;
        let FileRecord { size, mime, name, kind, note, .. } = record;
        Ok(Stored { blob: blob.id, size, mime, name, kind, note, content })
    }
}

fn too_large(most: u64) -> Failure {
    Failure { reason: FetchError::TooLarge(most).to_string(), linkable: true }
}

fn not_located(error: &DeliverError) -> Trouble {
    let (again, linkable) = match error {
        DeliverError::RateLimited { retry_after, .. } => (Again::After(Some(*retry_after)), true),
        DeliverError::Unavailable(_) | DeliverError::Unsure(_) => (Again::After(None), true),
        DeliverError::Unauthorized(_) | DeliverError::Forbidden(_) | DeliverError::Rejected(_) => {
            (Again::Never, true)
        }
        DeliverError::TargetGone => (Again::Never, false),
    };
    let reason = match error {
        DeliverError::TargetGone => "it is not there any more".to_owned(),
        other => format!("its platform does not give it: {other}"),
    };
    Trouble { failure: Failure { reason, linkable }, again }
}

fn not_fetched(error: &FetchError) -> Trouble {
    let again = match error {
        FetchError::Refused { code: 408 | 425 | 429 | 500.., retry_after } => Again::After(*retry_after),
        FetchError::Refused { .. } | FetchError::LoginPage => Again::AtANo,
        error if error.may_pass() => Again::After(None),
        _ => Again::Never,
    };
    let linkable = !matches!(error, FetchError::Refused { code: 404 | 410, .. });
    Trouble { failure: Failure { reason: error.to_string(), linkable }, again }
}

fn not_taken(error: &TakeError) -> Trouble {
    match error {
        TakeError::Fetch(error) => not_fetched(error),
        TakeError::Damaged(_) => {
            Trouble { failure: Failure { reason: error.to_string(), linkable: true }, again: Again::Never }
        }
        TakeError::Store(why) => {
            // Its path is nobody's business in a room.
            tracing::error!(why, "a file cannot be kept");
            let reason = "Relay could not keep it (see its log)".to_owned();
            Trouble { failure: Failure { reason, linkable: true }, again: Again::After(None) }
        }
    }
}
