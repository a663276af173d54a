//! A connector, and a stand-in with people.

use crate::heard::{Heard, inbox_with};
use relay_contract::{
    Account, Attempt, ByteStream, Connector, Content, DeliverError, Draft, FileDraft, FileKind, ListenError,
    MessageRef, NativeId, Operation, Part, Receipt, RoomKey, Settings, Text, Upload,
};
use secrecy::SecretString;
use stand_ins::StandIns;
use stand_ins::faults::{Fault, Kind};
use stand_ins::people::{Act, Given, Seen};
use stand_ins::world::{Bot, World};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// Of the demo world's bot.
pub const TOKEN: &str = "7000000001:demo-telegram-token-of-thirty-five-c";

const PATIENCE: Duration = Duration::from_secs(30);

/// A connector and the stand-in it talks to.
pub struct Rig {
    pub world: Arc<StandIns>,
    pub connector: Arc<dyn Connector>,
    pub room: RoomKey,
    pub room_id: NativeId,
}

/// A connector for a server and a token.
pub fn open(api_url: &str, token: &str) -> Arc<dyn Connector> {
    let settings = Settings {
        account: Account("telegram".into()),
        secrets: BTreeMap::from([("token", SecretString::from(token))]),
        texts: BTreeMap::new(),
        urls: BTreeMap::from([("api_url", api_url.to_owned())]),
    };
    relay_telegram::open(settings).unwrap()
}

/// A port that is taken but not listened on, so that nobody else gets it meanwhile, and its URL.
pub fn nobody() -> (tokio::net::TcpSocket, String) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    (socket, url)
}

/// A text as it is.
pub fn line(text: &str) -> Text {
    Text::plain(text)
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

/// Waits for something, but not for ever.
pub async fn patiently<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("it did not happen in time")
}

impl Rig {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Bot)) -> Self {
        Self::with_world(|world| change(&mut world.telegram.bots[0])).await
    }

    pub async fn with_world(change: impl FnOnce(&mut World)) -> Self {
        let mut world = World::demo();
        change(&mut world);
        let world = Arc::new(stand_ins::start(world).await.unwrap());
        let room_id = NativeId::from(world.world.telegram.spaces[0].rooms[0].id.as_str());
        Self {
            connector: open(&world.telegram.api_url(), TOKEN),
            room: RoomKey::new(relay_telegram::PLATFORM, "telegram", room_id.clone()),
            room_id,
            world,
        }
    }

    /// The same, for another room.
    pub fn in_room(&self, room: &RoomKey) -> Self {
        let (world, connector) = (self.world.clone(), self.connector.clone());
        Self { world, connector, room: room.clone(), room_id: room.room.clone() }
    }

    /// The same, with a connector that has heard nothing yet.
    pub fn another_connector(&self) -> Self {
        Self { connector: open(&self.world.telegram.api_url(), TOKEN), ..self.in_room(&self.room) }
    }

    pub fn act(&self, act: Act) -> String {
        self.world.telegram.act(act).unwrap()
    }

    pub fn say(&self, person: &str, text: &str, reply_to: Option<&str>) -> String {
        self.act(Act::Say {
            person: person.into(),
            room: self.room_id.to_string(),
            text: text.into(),
            reply_to: reply_to.map(str::to_owned),
            files: Vec::new(),
            thread: None,
        })
    }

    pub fn say_with_files(&self, person: &str, text: &str, files: &[&str]) -> String {
        self.act(Act::Say {
            person: person.into(),
            room: self.room_id.to_string(),
            text: text.into(),
            reply_to: None,
            files: files.iter().map(|name| Given::Name((*name).to_owned())).collect(),
            thread: None,
        })
    }

    pub fn edit(&self, person: &str, message: &str, text: &str) {
        let (person, room) = (person.to_owned(), self.room_id.to_string());
        let (message, text) = (message.to_owned(), text.to_owned());
        self.act(Act::Edit { person, room, message, text });
    }

    /// In the room, or in another one.
    pub fn command(&self, person: &str, room: Option<&str>, text: &str) -> String {
        let room = room.unwrap_or(self.room_id.as_str()).to_owned();
        self.act(Act::Command { person: person.into(), room, text: text.into() })
    }

    pub fn rename(&self, name: &str) {
        self.act(Act::Rename { room: self.room_id.to_string(), name: name.into() });
    }

    pub fn set_private(&self, private: bool) {
        self.act(Act::SetPrivate { room: self.room_id.to_string(), private });
    }

    /// The group becomes a supergroup: its key afterwards.
    pub fn upgrade(&self) -> RoomKey {
        let new = self.act(Act::Close { room: self.room_id.to_string() });
        RoomKey::new(relay_telegram::PLATFORM, "telegram", new)
    }

    pub fn invite(&self) {
        let (bot, room) = ("Relay".to_owned(), self.room_id.to_string());
        self.act(Act::Invite { bot, room });
    }

    pub fn kick(&self) {
        let (bot, room) = ("Relay".to_owned(), self.room_id.to_string());
        self.act(Act::Kick { bot, room });
    }

    pub fn fault(&self, kind: Kind, only: &str, seconds: f64) {
        let only = Some(only.to_owned());
        self.world.telegram.fault(Fault { kind, times: 1, only, seconds }).unwrap();
    }

    pub fn seen(&self, id: &str) -> Seen {
        let all = self.world.telegram.messages(self.room_id.as_str()).unwrap();
        all.into_iter().find(|message| message.id == id).unwrap()
    }

    pub fn render(&self, body: Text) -> Vec<Part> {
        self.connector.render(&self.room, &Draft { body, ..Draft::default() })
    }

    pub async fn deliver(&self, operation: Operation<'_>) -> Result<Receipt, DeliverError> {
        let attempt = Attempt { room: &self.room, operation };
        self.connector.deliver(attempt).await
    }

    pub async fn post(&self, body: Text, reply_to: Option<&MessageRef>) -> Result<Receipt, DeliverError> {
        let part = &self.render(body)[0];
        self.deliver(Operation::Post { part, persona: None, reply_to, thread: None, files: &[], key: "k1" })
            .await
    }

    pub async fn edit_own(&self, target: &MessageRef, body: Text) -> Result<Receipt, DeliverError> {
        let part = &self.render(body)[0];
        self.deliver(Operation::Edit { target, part }).await
    }

    pub async fn delete_own(&self, target: &MessageRef) -> Result<Receipt, DeliverError> {
        self.deliver(Operation::Delete { target }).await
    }

    /// Listens until what is returned is dropped.
    pub fn listen(&self, cursor: Option<String>) -> Heard {
        let (heard, _running) = self.listen_to_end(cursor);
        heard
    }

    /// Every accept waits to be released.
    pub fn listen_holding(&self, cursor: Option<String>) -> Heard {
        self.run(cursor, 0).0
    }

    pub fn listen_to_end(&self, cursor: Option<String>) -> (Heard, Running) {
        self.run(cursor, Semaphore::MAX_PERMITS)
    }

    fn run(&self, cursor: Option<String>, released: usize) -> (Heard, Running) {
        let (inbox, mut heard) = inbox_with(released);
        heard.connector = Some(self.connector.clone());
        let connector = self.connector.clone();
        let task = tokio::spawn(async move { connector.listen(cursor, &inbox).await });
        (heard, Running(task))
    }
}

/// Bytes of a file of Relay's: so many of one letter behind a beginning, made up piece by piece.
struct MadeUp {
    beginning: Vec<u8>,
    size: u64,
}

impl Content for MadeUp {
    fn open(&self) -> futures::future::BoxFuture<'static, std::io::Result<ByteStream>> {
        let (beginning, size) = (self.beginning.clone(), self.size);
        let more = futures::stream::unfold(size - beginning.len() as u64, |left| async move {
            let piece = left.min(64 << 10);
            (left > 0).then(|| (Ok(vec![b'x'; piece as usize].into()), left - piece))
        });
        let first = futures::stream::iter((!beginning.is_empty()).then(|| Ok(beginning.into())));
        let stream: ByteStream = Box::pin(futures::StreamExt::chain(first, more));
        Box::pin(async move { Ok(stream) })
    }
}

/// A file as the engine hands it over.
pub fn upload(index: u16, name: &str, (kind, mime): (FileKind, &str), size: u64) -> Upload {
    let beginning = match mime {
        "image/png" => {
            let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x08\0\0\0\x08\x08\x02\0\0\0".to_vec();
            bytes.truncate(usize::try_from(size).unwrap_or(usize::MAX));
            bytes
        }
        _ => Vec::new(),
    };
    Upload {
        index,
        name: name.to_owned(),
        kind,
        mime: mime.to_owned(),
        size,
        spoiler: false,
        alt: None,
        seconds: None,
        content: Arc::new(MadeUp { beginning, size }),
    }
}

impl Rig {
    /// All parts of a draft with these files, each posted.
    pub async fn post_files(
        &self,
        body: Text,
        files: &[Upload],
        thread: Option<&NativeId>,
    ) -> Vec<Result<Receipt, DeliverError>> {
        let drafted = |file: &Upload| FileDraft {
            index: file.index,
            kind: file.kind,
            mime: file.mime.clone(),
            size: file.size,
        };
        let draft = Draft { body, files: files.iter().map(drafted).collect(), ..Draft::default() };
        let mut receipts = Vec::new();
        for part in self.connector.render(&self.room, &draft) {
            let files: Vec<Upload> =
                part.files.iter().filter_map(|at| files.iter().find(|f| f.index == *at).cloned()).collect();
            let operation = Operation::Post {
                part: &part,
                persona: None,
                reply_to: None,
                thread,
                files: &files,
                key: "k1",
            };
            receipts.push(self.deliver(operation).await);
        }
        receipts
    }
}

/// A `listen` in a task of its own.
pub struct Running(JoinHandle<Result<(), ListenError>>);

impl Running {
    pub async fn ended(&mut self) -> Result<(), ListenError> {
        patiently(&mut self.0).await.unwrap()
    }
}
