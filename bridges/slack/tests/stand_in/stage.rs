//! A running stand-in, a connector pointed at it, and an inbox that tells what it was given.

use async_trait::async_trait;
use relay_contract::{
    Account, Attempt, Call, Connector, DeliverError, Draft, Envelope, FileDraft, Inbox, ListenError,
    NativeId, Operation, Part, Persona, RawEvent, Receipt, RoomKey, RoomNews, Settings, Stopped, Text,
    Translation, Upload,
};
use secrecy::SecretString;
use stand_ins::StandIns;
use stand_ins::faults::{Fault, Kind};
use stand_ins::people::{Act, Seen};
use stand_ins::world::World;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct Stage {
    pub stand_ins: StandIns,
    pub connector: Arc<dyn Connector>,
    pub room: NativeId,
}

impl Stage {
    pub async fn new() -> Self {
        Self::with(World::demo(), |_| {}).await
    }

    /// With another world, or other secrets.
    pub async fn with(world: World, change: impl FnOnce(&mut Settings)) -> Self {
        // The tests' own client takes the process's provider; a second installation is refused, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let stand_ins = stand_ins::start(world).await.unwrap();
        let bot = &stand_ins.world.slack.bots[0];
        let mut settings = Settings {
            account: Account("studio".into()),
            secrets: [("bot_token", &bot.token), ("app_token", &bot.app_token)]
                .map(|(key, token)| (key, SecretString::from(token.clone())))
                .into(),
            texts: Default::default(),
            urls: [("api_url", stand_ins.slack.api_url())].into(),
        };
        change(&mut settings);
        let connector = relay_slack::open(settings).unwrap();
        let room = stand_ins.world.slack.spaces[0].rooms[0].id.as_str().into();
        Self { stand_ins, connector, room }
    }

    pub fn key(&self) -> RoomKey {
        let team = self.stand_ins.world.slack.spaces[0].id.as_str();
        RoomKey::new(relay_slack::PLATFORM, team, self.room.clone())
    }

    pub fn say(&self, text: &str, reply_to: Option<&str>) -> String {
        let act = Act::Say {
            person: "Elif".into(),
            room: "general".into(),
            text: text.into(),
            reply_to: reply_to.map(str::to_owned),
            files: vec![],
            thread: None,
        };
        self.stand_ins.slack.act(act).unwrap()
    }

    pub fn act(&self, act: Act) -> String {
        self.stand_ins.slack.act(act).unwrap()
    }

    /// Somebody types a command, or chooses a shortcut; answers the label it is acknowledged under.
    pub fn command(&self, person: &str, text: &str) -> String {
        self.act(Act::Command { person: person.into(), room: "general".into(), text: text.into() })
    }

    pub fn fault(&self, kind: Kind, only: Option<&str>) {
        let fault = Fault { kind, times: 1, only: only.map(str::to_owned), seconds: 7.0 };
        self.stand_ins.slack.fault(fault).unwrap();
    }

    pub fn seen(&self, id: &str) -> Seen {
        self.all_seen().into_iter().find(|seen| seen.id == id).unwrap()
    }

    pub fn all_seen(&self) -> Vec<Seen> {
        self.stand_ins.slack.messages("general").unwrap()
    }

    pub fn parts(&self, text: &str) -> Vec<Part> {
        self.connector.render(&self.key(), &Draft { body: Text::plain(text), ..Draft::default() })
    }

    pub async fn do_it(&self, operation: Operation<'_>) -> Result<Receipt, DeliverError> {
        let room = self.key();
        self.connector.deliver(Attempt { room: &room, operation }).await
    }

    /// Posts a text with files.
    pub async fn post_files(
        &self,
        text: &str,
        thread: Option<&NativeId>,
        files: &[Upload],
    ) -> Result<Receipt, DeliverError> {
        let persona = Persona { name: "Ada".into(), avatar: Some("https://x.example/ada.png".into()) };
        let part = self.part_with(text, files);
        let persona = Some(&persona);
        self.do_it(Operation::Post { part: &part, persona, reply_to: None, thread, files, key: "k1" }).await
    }

    /// The one part of a text with files.
    pub fn part_with(&self, text: &str, files: &[Upload]) -> Part {
        let draft = |file: &Upload| FileDraft {
            index: file.index,
            kind: file.kind,
            mime: file.mime.clone(),
            size: file.size,
        };
        let files: Vec<_> = files.iter().map(draft).collect();
        let mut parts =
            self.connector.render(&self.key(), &Draft { body: Text::plain(text), files, ..Draft::default() });
        assert_eq!(parts.len(), 1);
        parts.remove(0)
    }

    pub async fn post(&self, text: &str) -> Result<Receipt, DeliverError> {
        let parts = self.parts(text);
        self.do_it(Operation::Post {
            part: &parts[0],
            persona: None,
            reply_to: None,
            thread: None,
            files: &[],
            key: "k1",
        })
        .await
    }

    /// Preflight, and then listening in a task of its own.
    pub async fn listening(&self) -> Heard {
        self.connector.preflight(std::slice::from_ref(&self.room)).await.unwrap();
        let mut heard = Heard::start(self.connector.clone());
        assert_eq!(heard.status().await, "connected");
        heard
    }

    pub async fn acknowledged(&self, label: &str) {
        let wait = async {
            while !self.stand_ins.slack.acknowledged().iter().any(|known| known == label) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{label} was not acknowledged"));
    }
}

/// What came out of `listen`.
pub struct Heard {
    connector: Arc<dyn Connector>,
    raws: mpsc::Receiver<RawEvent>,
    statuses: mpsc::Receiver<String>,
    pub gate: Arc<Semaphore>,
    refuse: Arc<AtomicBool>,
    gaps: Arc<Mutex<Gaps>>,
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), ListenError>>,
}

/// How many events were handed up, and how many it were at each gap.
#[derive(Default)]
struct Gaps {
    handed: usize,
    at: Vec<usize>,
}

struct Tray {
    raws: mpsc::Sender<RawEvent>,
    statuses: mpsc::Sender<String>,
    gate: Arc<Semaphore>,
    refuse: Arc<AtomicBool>,
    gaps: Arc<Mutex<Gaps>>,
    stop: watch::Receiver<bool>,
}

impl Heard {
    fn start(connector: Arc<dyn Connector>) -> Self {
        let (raw_sender, raws) = mpsc::channel(1_000);
        let (status_sender, statuses) = mpsc::channel(1_000);
        let (stop, stopped) = watch::channel(false);
        let gate = Arc::new(Semaphore::new(1_000));
        let refuse = Arc::new(AtomicBool::new(false));
        let gaps = Arc::<Mutex<Gaps>>::default();
        let tray = Tray {
            raws: raw_sender,
            statuses: status_sender,
            gate: gate.clone(),
            refuse: refuse.clone(),
            gaps: gaps.clone(),
            stop: stopped,
        };
        let listener = connector.clone();
        let task = tokio::spawn(async move { listener.listen(None, &tray).await });
        Self { connector, raws, statuses, gate, refuse, gaps, stop, task }
    }

    pub async fn raw(&mut self) -> RawEvent {
        timeout(PATIENCE, self.raws.recv()).await.expect("an event").expect("an event")
    }

    /// The next event that means something else than an envelope.
    pub async fn other(&mut self) -> Translation {
        loop {
            let raw = self.raw().await;
            match self.connector.translate(&raw) {
                Translation::Events(_) | Translation::Ignored(_) => {}
                Translation::Unreadable(why) => panic!("{why}"),
                other => return other,
            }
        }
    }

    pub async fn call(&mut self) -> Call {
        match self.other().await {
            Translation::Command(call) => call,
            other => panic!("{other:?}"),
        }
    }

    pub async fn news(&mut self) -> RoomNews {
        match self.other().await {
            Translation::Room(news) => news,
            other => panic!("{other:?}"),
        }
    }

    /// The next envelope.
    pub async fn envelope(&mut self) -> Envelope {
        let mut all = self.envelopes().await;
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    /// All that the next event gives which gives any.
    pub async fn envelopes(&mut self) -> Vec<Envelope> {
        loop {
            let raw = self.raw().await;
            match self.connector.translate(&raw) {
                Translation::Events(all) => return all,
                Translation::Ignored(_) => {}
                Translation::Unreadable(why) => panic!("{why}"),
                Translation::Command(_) | Translation::Room(_) | Translation::Typing(..) => {}
            }
        }
    }

    pub async fn nothing_for(&mut self, time: Duration) {
        assert!(timeout(time, self.raws.recv()).await.is_err());
    }

    pub async fn status(&mut self) -> String {
        timeout(PATIENCE, self.statuses.recv()).await.expect("a status").expect("a status")
    }

    pub async fn status_within(&mut self, time: Duration) -> Option<String> {
        timeout(time, self.statuses.recv()).await.ok().flatten()
    }

    /// Of each gap, how many events were handed up before it.
    pub fn gaps(&self) -> Vec<usize> {
        self.gaps.lock().unwrap().at.clone()
    }

    /// From now on, nothing is accepted.
    pub fn refuse(&self) {
        self.refuse.store(true, Ordering::SeqCst);
    }

    pub async fn ended(self) -> Result<(), ListenError> {
        timeout(PATIENCE, self.task).await.expect("listen to end").unwrap()
    }

    /// Drops the future of `listen`.
    pub async fn abort(self) -> bool {
        self.task.abort();
        self.task.await.is_err()
    }

    pub async fn stop(self) -> Result<(), ListenError> {
        self.stop.send(true).unwrap();
        self.ended().await
    }
}

#[async_trait]
impl Inbox for Tray {
    async fn accept(&self, raw: RawEvent) -> Result<(), Stopped> {
        if self.refuse.load(Ordering::SeqCst) {
            return Err(Stopped);
        }
        self.gaps.lock().unwrap().handed += 1;
        self.raws.send(raw).await.map_err(|_| Stopped)?;
        self.gate.acquire().await.map_err(|_| Stopped)?.forget();
        Ok(())
    }

    fn gap(&self, _: &str) {
        let mut gaps = self.gaps.lock().unwrap();
        let handed = gaps.handed;
        gaps.at.push(handed);
    }

    fn connected(&self) {
        self.statuses.try_send("connected".into()).ok();
    }

    fn interrupted(&self, reason: &str) {
        self.statuses.try_send(format!("interrupted: {reason}")).ok();
    }

    async fn stopped(&self) {
        let mut stop = self.stop.clone();
        stop.wait_for(|stop| *stop).await.ok();
    }
}
