//! The engine's side of the contract, as small as a test needs it, and a stand-in with people.

use async_trait::async_trait;
use relay_contract::{
    Account, Attempt, Call, Choosing, Connector, DeliverError, Draft, Envelope, Given as Choice, Inbox,
    ListenError, Menu, MessageRef, NativeId, Offered, Operation, Part, Persona, RawEvent, Receipt, RoomKey,
    RoomNews, Says, Settings, Stopped, Text, Translation,
};
use secrecy::SecretString;
use stand_ins::StandIns;
use stand_ins::faults::{Fault, Kind};
use stand_ins::people::{Act, Given, Seen};
use stand_ins::world::{Bot, World};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::task::JoinHandle;

/// Of the demo world's bot.
pub const TOKEN: &str = "demo-discord-token";

/// The Relay channels that are offered to somebody who may manage a room.
pub const OFFERED: [&str; 3] = ["lobby", "lounge", "owls"];

const PATIENCE: Duration = Duration::from_secs(15);

/// A connector and the stand-in it talks to.
pub struct Rig {
    pub world: StandIns,
    pub connector: Arc<dyn Connector>,
    pub room: RoomKey,
    pub room_id: NativeId,
}

/// A connector for a server, a gateway and a token.
pub fn open(api_url: &str, gateway_url: Option<&str>, token: &str) -> Arc<dyn Connector> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let urls = [("api_url", Some(api_url)), ("gateway_url", gateway_url)];
    let settings = Settings {
        account: Account("owls".into()),
        secrets: BTreeMap::from([("token", SecretString::from(token))]),
        texts: BTreeMap::new(),
        urls: urls.into_iter().filter_map(|(key, url)| Some((key, url?.to_owned()))).collect(),
    };
    relay_discord::open(settings).unwrap()
}

/// A key that no other part has.
pub fn key() -> String {
    static KEYS: AtomicU64 = AtomicU64::new(0);
    format!("part.{}", KEYS.fetch_add(1, Ordering::Relaxed))
}

pub async fn patiently<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("it did not happen in time")
}

/// Waits until it is so.
pub async fn eventually(so: impl Fn() -> bool) {
    let waited = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    patiently(waited).await;
}

impl Rig {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// With another bot than the one that may do everything.
    pub async fn with(change: impl FnOnce(&mut Bot)) -> Self {
        let mut world = World::demo();
        change(&mut world.discord.bots[0]);
        Self::of(world).await
    }

    /// With another world; the room is its first.
    pub async fn of(world: World) -> Self {
        let world = stand_ins::start(world).await.unwrap();
        let room_id = NativeId::from(world.world.discord.spaces[0].rooms[0].id.as_str());
        Self {
            connector: open(&world.discord.api_url(), world.discord.gateway_url().as_deref(), TOKEN),
            room: RoomKey::new(relay_discord::PLATFORM, "compatible", room_id.clone()),
            room_id,
            world,
        }
    }

    /// With a `preflight` that went well.
    pub async fn ready() -> Self {
        let rig = Self::start().await;
        rig.preflight().await;
        rig
    }

    pub async fn preflight(&self) {
        let answer = self.connector.preflight(std::slice::from_ref(&self.room_id)).await.unwrap();
        assert!(answer.rooms[0].1.is_ok(), "{answer:?}");
    }

    /// The same account, started anew.
    pub async fn restarted(&self) -> Arc<dyn Connector> {
        let urls = (self.world.discord.api_url(), self.world.discord.gateway_url());
        let connector = open(&urls.0, urls.1.as_deref(), TOKEN);
        connector.preflight(std::slice::from_ref(&self.room_id)).await.unwrap();
        connector
    }

    pub fn act(&self, act: Act) -> String {
        self.world.discord.act(act).unwrap()
    }

    pub fn say(&self, person: &str, text: &str, reply_to: Option<&str>) -> String {
        self.say_with_files(person, text, reply_to, &[])
    }

    pub fn say_with_files(&self, person: &str, text: &str, reply_to: Option<&str>, files: &[&str]) -> String {
        self.act(Act::Say {
            person: person.into(),
            room: self.room_id.to_string(),
            text: text.into(),
            reply_to: reply_to.map(str::to_owned),
            files: files.iter().map(|name| Given::Name((*name).to_owned())).collect(),
            thread: None,
        })
    }

    pub fn edit(&self, person: &str, message: &str, text: &str) {
        let (person, room) = (person.to_owned(), self.room_id.to_string());
        let (message, text) = (message.to_owned(), text.to_owned());
        self.act(Act::Edit { person, room, message, text });
    }

    pub fn delete(&self, person: &str, message: &str) {
        let (person, room, message) = (person.to_owned(), self.room_id.to_string(), message.to_owned());
        self.act(Act::Delete { person, room, message });
    }

    pub fn delete_webhooks(&self) {
        self.act(Act::DeleteWebhooks { room: self.room_id.to_string() });
    }

    pub fn kick(&self) {
        self.act(Act::Kick { bot: "Relay".to_owned(), room: self.room_id.to_string() });
    }

    pub fn invite(&self) {
        self.act(Act::Invite { bot: "Relay".to_owned(), room: self.room_id.to_string() });
    }

    /// Gives a command; answers the id of the message that the answer will be.
    pub fn command(&self, person: &str, text: &str) -> NativeId {
        let (person, room, text) = (person.to_owned(), self.room_id.to_string(), text.to_owned());
        NativeId::from(self.act(Act::Command { person, room, text }))
    }

    /// Gives a command as soon as it is offered.
    pub async fn first_command(&self, person: &str, text: &str) -> NativeId {
        let act =
            || Act::Command { person: person.into(), room: self.room_id.to_string(), text: text.into() };
        patiently(async {
            loop {
                match self.world.discord.act(act()) {
                    Ok(id) => return NativeId::from(id),
                    Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
        })
        .await
    }

    /// Waits for a message.
    pub async fn shown(&self, id: &NativeId) -> Seen {
        eventually(|| self.all().iter().any(|message| message.id == id.as_str())).await;
        self.seen(id)
    }

    /// Asks the stand-in's API as the bot, past the connector.
    pub async fn rest(&self, method: &str, path: &str, body: &str) -> serde_json::Value {
        serde_json::from_str(&self.told(method, path, body, TOKEN).await).unwrap()
    }

    /// The same, where nothing is answered.
    pub async fn rest_no_answer(&self, method: &str, path: &str) {
        assert_eq!(self.told(method, path, "", TOKEN).await, "");
    }

    /// The same as the bot with this token; answers with the body as it came.
    pub async fn told(&self, method: &str, path: &str, body: &str, token: &str) -> String {
        let authority = self.world.discord.api_url().replace("http://", "");
        let mut stream = tokio::net::TcpStream::connect(&authority).await.unwrap();
        let length = body.len();
        let request = format!(
            "{method} /api/v10{path} HTTP/1.1\r\nhost: {authority}\r\nauthorization: Bot {token}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        patiently(stream.read_to_string(&mut answer)).await.unwrap();
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    pub fn fault(&self, kind: Kind, only: &str, seconds: f64) {
        let only = (!only.is_empty()).then(|| only.to_owned());
        self.world.discord.fault(Fault { kind, times: 1, only, seconds }).unwrap();
    }

    pub fn all(&self) -> Vec<Seen> {
        self.world.discord.messages(self.room_id.as_str()).unwrap()
    }

    pub fn seen(&self, id: &NativeId) -> Seen {
        self.all().into_iter().find(|message| message.id == id.as_str()).unwrap()
    }

    pub fn part(&self, text: &str) -> Part {
        self.connector.render(&self.room, &Draft { body: Text::plain(text), ..Draft::default() }).remove(0)
    }

    pub async fn deliver(&self, operation: Operation<'_>) -> Result<Receipt, DeliverError> {
        patiently(self.connector.deliver(Attempt { room: &self.room, operation })).await
    }

    pub async fn post(&self, text: &str, name: &str) -> Result<Receipt, DeliverError> {
        let (part, persona) = (self.part(text), Persona { name: name.to_owned(), avatar: None });
        self.deliver(Operation::Post {
            part: &part,
            persona: Some(&persona),
            reply_to: None,
            thread: None,
            files: &[],
            key: &key(),
        })
        .await
    }

    pub async fn post_as_bot(
        &self,
        text: &str,
        reply_to: Option<&MessageRef>,
    ) -> Result<Receipt, DeliverError> {
        let part = self.part(text);
        self.deliver(Operation::Post {
            part: &part,
            persona: None,
            reply_to,
            thread: None,
            files: &[],
            key: &key(),
        })
        .await
    }

    pub async fn change(&self, target: &MessageRef, text: &str) -> Result<Receipt, DeliverError> {
        let part = self.part(text);
        self.deliver(Operation::Edit { target, part: &part }).await
    }

    pub async fn remove(&self, target: &MessageRef) -> Result<Receipt, DeliverError> {
        self.deliver(Operation::Delete { target }).await
    }

    /// Listens; events are accepted at once.
    pub fn listen(&self, cursor: Option<String>) -> Heard {
        Heard::listen(self.connector.clone(), cursor, Semaphore::MAX_PERMITS)
    }

    /// Listens; each event is accepted when a permit is given.
    pub fn listen_slowly(&self, permits: usize) -> Heard {
        Heard::listen(self.connector.clone(), None, permits)
    }
}

fn menu() -> Menu {
    let says = |text: &str| Says(vec![("en", text.to_owned()), ("de", format!("{text} (de)"))]);
    let option = |name, of, required| Choosing { name, says: says("an option"), of, required };
    let command = |name, options| Offered { name, says: says("a part"), options };
    Menu {
        says: says("Join"),
        says_alone: says("Join"),
        commands: vec![
            command("help", vec![]),
            command("status", vec![]),
            command(
                "connect",
                vec![option("channel", Choice::Channel, true), option("sure", Choice::Switch, false)],
            ),
            command("disconnect", vec![option("channel", Choice::Channel, false)]),
        ],
    }
}

struct Post {
    events: mpsc::Sender<RawEvent>,
    said: mpsc::Sender<Option<String>>,
    accepted: Semaphore,
    stop: watch::Receiver<bool>,
    begun: Mutex<Vec<Option<String>>>,
    moved: Mutex<Option<String>>,
    /// Why, and how many calls of `accept` were begun before.
    gaps: Mutex<Vec<(String, usize)>>,
}

#[async_trait]
impl Inbox for Post {
    async fn accept(&self, raw: RawEvent) -> Result<(), Stopped> {
        self.begun.lock().unwrap().push(raw.cursor.clone());
        self.accepted.acquire().await.map_err(|_| Stopped)?.forget();
        self.events.send(raw).await.map_err(|_| Stopped)
    }

    fn moved(&self, cursor: String) {
        *self.moved.lock().unwrap() = Some(cursor);
    }

    fn gap(&self, why: &str) {
        let begun = self.begun.lock().unwrap().len();
        self.gaps.lock().unwrap().push((why.to_owned(), begun));
    }

    fn missed(&self, what: &str) {
        panic!("there is a history: {what}");
    }

    fn connected(&self) {
        let _ = self.said.try_send(None);
    }

    fn interrupted(&self, reason: &str) {
        let _ = self.said.try_send(Some(reason.to_owned()));
    }

    fn suggest(&self, _: &RoomKey, begun: &str) -> Vec<String> {
        OFFERED.iter().filter(|name| name.starts_with(begun)).map(|name| (*name).to_owned()).collect()
    }

    fn joined(&self, _: &RoomKey, begun: &str) -> Vec<String> {
        let joined = Some(OFFERED[1]).filter(|name| name.starts_with(begun));
        joined.into_iter().map(str::to_owned).collect()
    }

    fn menu(&self) -> Option<&Menu> {
        static MENU: LazyLock<Menu> = LazyLock::new(menu);
        Some(&MENU)
    }

    async fn stopped(&self) {
        let _ = self.stop.clone().wait_for(|stopped| *stopped).await;
    }
}

/// What a connector hands up.
pub struct Heard {
    connector: Arc<dyn Connector>,
    inbox: Arc<Post>,
    events: mpsc::Receiver<RawEvent>,
    said: mpsc::Receiver<Option<String>>,
    stop: watch::Sender<bool>,
    listening: JoinHandle<Result<(), ListenError>>,
}

impl Heard {
    pub fn listen(connector: Arc<dyn Connector>, cursor: Option<String>, permits: usize) -> Self {
        let (events, from_events) = mpsc::channel(10_000);
        let (said, from_said) = mpsc::channel(100);
        let (stop, stopped) = watch::channel(false);
        let inbox = Arc::new(Post {
            events,
            said,
            accepted: Semaphore::new(permits),
            stop: stopped,
            begun: Mutex::default(),
            moved: Mutex::default(),
            gaps: Mutex::default(),
        });
        let (listener, given) = (connector.clone(), inbox.clone());
        let listening = tokio::spawn(async move { listener.listen(cursor, given.as_ref()).await });
        Self { connector, inbox, events: from_events, said: from_said, stop, listening }
    }

    /// Accepts more events.
    pub fn permit(&self, events: usize) {
        self.inbox.accepted.add_permits(events);
    }

    /// How many calls of `accept` were begun.
    pub fn begun(&self) -> usize {
        self.inbox.begun.lock().unwrap().len()
    }

    /// The cursor of each call of `accept`.
    pub fn cursors_begun(&self) -> Vec<Option<String>> {
        self.inbox.begun.lock().unwrap().clone()
    }

    /// The newest place that was told without an event.
    pub fn moved(&self) -> Option<String> {
        self.inbox.moved.lock().unwrap().clone()
    }

    /// Why the connection may have brought less than was said, and how many calls of `accept` were begun before that was told.
    pub fn gaps(&self) -> Vec<(String, usize)> {
        self.inbox.gaps.lock().unwrap().clone()
    }

    pub async fn connected(&mut self) {
        patiently(async { while self.said.recv().await.unwrap().is_some() {} }).await;
    }

    pub async fn interrupted(&mut self) -> String {
        patiently(async {
            loop {
                if let Some(reason) = self.said.recv().await.unwrap() {
                    return reason;
                }
            }
        })
        .await
    }

    pub async fn raw(&mut self) -> RawEvent {
        patiently(self.events.recv()).await.unwrap()
    }

    /// The next event as an envelope, and its cursor.
    pub async fn next(&mut self) -> (Envelope, String) {
        let raw = self.raw().await;
        let cursor = raw.cursor.clone().unwrap();
        match self.connector.translate(&raw) {
            Translation::Events(mut events) if events.len() == 1 => (events.remove(0), cursor),
            other => panic!("not one event: {other:?}"),
        }
    }

    /// The next event as a command.
    pub async fn call(&mut self) -> Call {
        let raw = self.raw().await;
        match self.connector.translate(&raw) {
            Translation::Command(call) => call,
            other => panic!("not a command: {other:?}"),
        }
    }

    /// The next event as news of a room.
    pub async fn news(&mut self) -> RoomNews {
        let raw = self.raw().await;
        match self.connector.translate(&raw) {
            Translation::Room(news) => news,
            other => panic!("not news of a room: {other:?}"),
        }
    }

    pub fn nothing_more(&mut self) -> bool {
        self.events.try_recv().is_err()
    }

    pub async fn stop(self) -> Result<(), ListenError> {
        self.stop.send_replace(true);
        patiently(self.listening).await.unwrap()
    }

    /// Waits for the end without asking for it.
    pub async fn ended(self) -> Result<(), ListenError> {
        patiently(self.listening).await.unwrap()
    }

    /// As a crash ends it: at once, without a word to anybody.
    pub async fn crash(self) {
        self.listening.abort();
        let _ = self.listening.await;
    }
}
