//! One imitated platform, driven through its connector alone: no engine between.

use async_trait::async_trait;
use relay_contract::{
    Account, Attempt, Capabilities, Connector, DeliverError, Draft, Envelope, Event, Inbox, NativeId,
    Operation, Part, Persona, RawEvent, Receipt, RoomKey, Settings, Stopped, Text, Translation,
};
use serde_json::Value;
use stand_ins::StandIns;
use stand_ins::people::{Act, People, Seen};
use stand_ins::stored::{self, Stored};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// What somebody says to show how the platform tells of a message.
const EXAMPLE: &str = "exampleofamessage";

/// A platform that messages visit.
pub struct Visited {
    connector: Arc<dyn Connector>,
    people: Arc<dyn People>,
    room: RoomKey,
    example: RawEvent,
}

/// Keeps what is heard.
struct Hearing(mpsc::Sender<RawEvent>);

#[async_trait]
impl Inbox for Hearing {
    async fn accept(&self, raw: RawEvent) -> Result<(), Stopped> {
        self.0.send(raw).await.map_err(|_| Stopped)
    }

    fn connected(&self) {}

    fn interrupted(&self, _reason: &str) {}

    async fn stopped(&self) {
        self.0.closed().await;
    }
}

impl Visited {
    /// Connects to it, and learns how it tells of a message.
    pub async fn open(stand_ins: &StandIns, platform: &'static str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (people, world) = match platform {
            "discord" => (&stand_ins.discord, &stand_ins.world.discord),
            "slack" => (&stand_ins.slack, &stand_ins.world.slack),
            _ => (&stand_ins.telegram, &stand_ins.world.telegram),
        };
        let entry = relay::platforms::named(platform).unwrap();
        let bot = &world.bots[0];
        let secrets = [("token", &bot.token), ("bot_token", &bot.token), ("app_token", &bot.app_token)];
        let urls = [("api_url", Some(people.api_url())), ("gateway_url", people.gateway_url())];
        let settings = Settings {
            account: Account(platform.to_owned()),
            secrets: secrets.into_iter().map(|(key, value)| (key, value.clone().into())).collect(),
            texts: Default::default(),
            urls: urls.into_iter().filter_map(|(key, url)| Some((key, url?))).collect(),
        };
        let connector = (entry.open)(settings).unwrap();
        let asked = [NativeId::from(world.spaces[0].rooms[0].id.as_str())];
        let answer = connector.preflight(&asked).await.unwrap();
        let room = answer.rooms[0].1.as_ref().unwrap().key.clone();
        let example = Self::hear_an_example(&connector, people, &room, &world.people[0].name).await;
        Self { connector, people: people.clone(), room, example }
    }

    async fn hear_an_example(
        connector: &Arc<dyn Connector>,
        people: &Arc<dyn People>,
        room: &RoomKey,
        person: &str,
    ) -> RawEvent {
        let (events, mut heard) = mpsc::channel(64);
        let listening = connector.clone();
        let task = tokio::spawn(async move { listening.listen(None, &Hearing(events)).await });
        let waits = async {
            loop {
                let act = Act::Say {
                    person: person.to_owned(),
                    room: room.room.to_string(),
                    text: EXAMPLE.into(),
                    reply_to: None,
                    files: vec![],
                    thread: None,
                };
                people.act(act).unwrap();
                // Said again until the connection is up.
                while let Ok(Some(raw)) = tokio::time::timeout(Duration::from_millis(500), heard.recv()).await
                {
                    if raw.payload.to_string().contains(EXAMPLE) {
                        return raw;
                    }
                }
            }
        };
        let example = tokio::time::timeout(Duration::from_secs(20), waits)
            .await
            .expect("the platform tells of a message");
        drop(heard);
        task.abort();
        example
    }

    /// What its room can do.
    pub fn capabilities(&self) -> Capabilities {
        self.connector.capabilities(&self.room)
    }

    /// Shows a text there: each native message as the connector would hear it, and whom they notify. By the wire, or with what the
    /// imitated platform does to a text alone.
    pub async fn shows(&self, text: &Text, by_wire: bool) -> (Vec<Text>, Vec<String>) {
        let (mut texts, mut notified) = (Vec::new(), Vec::new());
        for part in self.sends(text) {
            let stored = self.stored(&part);
            notified.extend(stored.named.iter().cloned());
            if by_wire {
                let seen = self.deliver(&part).await;
                notified.extend(seen.pinged.iter().cloned());
                assert_eq!((&seen.text, &seen.entities), (&stored.text, &stored.entities), "{}", self.room);
                assert_eq!(without_ids(&seen.extras), without_ids(&stored.blocks), "{}", self.room);
            }
            texts.push(self.heard(&stored));
        }
        (texts, notified)
    }

    /// What the connector sends for a text.
    pub fn sends(&self, text: &Text) -> Vec<Part> {
        self.connector.render(&self.room, &Draft { body: text.clone(), ..Draft::default() })
    }

    fn stored(&self, part: &Part) -> Stored {
        match self.people.platform() {
            "discord" => stored::discord(&part.text),
            "slack" => stored::slack(&part.text, &part.formatting["blocks"]),
            _ => stored::telegram(&part.text, &part.formatting["entities"]).unwrap(),
        }
    }

    async fn deliver(&self, part: &Part) -> Seen {
        let persona = Persona { name: "Ada".into(), avatar: None };
        let mut changes = self.people.watch();
        for _ in 0..100 {
            let persona = Some(&persona);
            let operation =
                Operation::Post { part, persona, reply_to: None, thread: None, files: &[], key: "k1" };
            match self.connector.deliver(Attempt { room: &self.room, operation }).await {
                Ok(Receipt { message, .. }) => loop {
                    let change = changes.recv().await.unwrap();
                    if change.message.id == message.id.as_str() {
                        return change.message;
                    }
                },
                Err(DeliverError::RateLimited { retry_after, .. }) => tokio::time::sleep(retry_after).await,
                Err(error) => panic!("{}: {error}: {part:?}", self.room),
            }
        }
        panic!("{}: always too many", self.room)
    }

    /// The same event as the example, with another text.
    fn heard(&self, seen: &Stored) -> Text {
        let mut raw = self.example.clone();
        assert!(say(&mut raw.payload, seen), "{}", raw.payload);
        match self.connector.translate(&raw) {
            Translation::Events(events) => match events.into_iter().next() {
                Some(Envelope { event: Event::Posted(message), .. }) => message.body,
                other => panic!("{}: {other:?}", self.room),
            },
            other => panic!("{}: {other:?}", self.room),
        }
    }
}

/// Puts a text into the place of the example's.
fn say(payload: &mut Value, seen: &Stored) -> bool {
    match payload {
        Value::Object(fields) => {
            for key in ["content", "text"] {
                if fields.get(key).is_some_and(|text| text == EXAMPLE) {
                    fields.insert(key.to_owned(), seen.text.clone().into());
                    for (beside, values) in [("entities", &seen.entities), ("blocks", &seen.blocks)] {
                        fields.remove(beside);
                        if !values.is_empty() && (beside == "entities" || key == "text") {
                            fields.insert(beside.to_owned(), values.clone().into());
                        }
                    }
                    return true;
                }
            }
            fields.values_mut().any(|value| say(value, seen))
        }
        Value::Array(items) => items.iter_mut().any(|value| say(value, seen)),
        _ => false,
    }
}

/// A server gives a block an id of its own where it has none.
fn without_ids(blocks: &[Value]) -> Vec<Value> {
    let mut blocks = blocks.to_vec();
    blocks.iter_mut().filter_map(Value::as_object_mut).for_each(|block| drop(block.remove("block_id")));
    blocks
}
