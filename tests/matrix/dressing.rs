//! What ghosts look like, and what becomes of an attempt that nobody answered: the connector alone, against the homeserver.

use crate::person::{Person, Seen};
use crate::synapse::{Service, Synapse};
use futures::StreamExt;
use futures::future::BoxFuture;
use relay_contract::{
    Account, Attempt, ByteStream, Connector, Content, FileKind, MessageRef, NativeId, Operation, Part,
    Persona, Receipt, RoomKey, Settings, Settled, Speaker, Timestamp, Upload,
};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

struct Bytes(&'static [u8]);

impl Content for Bytes {
    fn open(&self) -> BoxFuture<'static, std::io::Result<ByteStream>> {
        let bytes = self.0;
        Box::pin(async move { Ok(futures::stream::iter([Ok(bytes.into())]).boxed()) })
    }
}

fn picture(name: &str, bytes: &'static [u8]) -> Upload {
    Upload {
        index: 0,
        name: name.into(),
        kind: FileKind::Image,
        mime: "image/png".into(),
        size: bytes.len() as u64,
        spoiler: false,
        alt: None,
        seconds: None,
        content: Arc::new(Bytes(bytes)),
    }
}

/// A connector that has been in the room before.
async fn connector(synapse: &Synapse, service: &Service, room: &str) -> (Arc<dyn Connector>, RoomKey) {
    let registration = std::fs::read_to_string(&service.file).expect("the registration");
    let settings = Settings {
        account: Account("mx".into()),
        secrets: BTreeMap::from([("registration", SecretString::from(registration))]),
        urls: BTreeMap::from([("homeserver", synapse.url.clone())]),
        texts: BTreeMap::new(),
    };
    let connector = relay_matrix::open(settings).expect("settings that can work");
    let found = connector.preflight(&[NativeId::from(room)]).await.expect("a homeserver");
    let report = found.rooms.into_iter().next().expect("an answer for the room").1.expect("a room");
    (connector, report.key)
}

struct Said<'a> {
    name: &'a str,
    who: &'a str,
    picture: Option<Upload>,
    key: &'a str,
}

async fn say(connector: &Arc<dyn Connector>, room: &RoomKey, said: Said<'_>) -> Receipt {
    let (part, persona) = (
        Part::text(format!("by {}", said.key), Value::Null),
        Persona { name: said.name.into(), avatar: None },
    );
    let (who, name) = (said.who.into(), said.name.into());
    let by = Speaker { who, name, at: Timestamp(1_600_000_000_000), picture: said.picture };
    let (part, persona) = (&part, Some(&persona));
    let operation =
        Operation::Post { part, persona, reply_to: None, thread: None, files: &[], key: said.key };
    connector.deliver_as(Attempt { room, operation }, Some(&by)).await.expect("it is there")
}

async fn stage() -> Option<(Arc<Synapse>, Service, Person, String)> {
    let synapse = Synapse::there().await?;
    let (service, ada) = (synapse.service(), synapse.person("Ada").await);
    let room = ada.room("The shed", &[], json!({ "preset": "public_chat" })).await;
    Some((synapse, service, ada, room))
}

async fn seen(ada: &Person, room: &str, message: &MessageRef) -> Option<Seen> {
    ada.sees(room).await.into_iter().find(|seen| seen.id == message.id.as_str())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_uploaded_once_and_changes_when_it_changes() {
    let Some((synapse, service, ada, id)) = stage().await else { return };
    let (mut relay, room) = connector(&synapse, &service, &id).await;
    let said = |name, picture, key| Said { name, who: "slack/T1/U1", picture, key };
    let first = say(&relay, &room, said("Elif ‹Slack›", Some(picture("one.png", b"one")), "k1")).await;
    let first = seen(&ada, &id, &first.message).await.expect("it was said");
    let user = first.sender.clone();
    assert_eq!((user.starts_with(&service.ghosts), first.at), (true, 1_600_000_000_000), "{first:?}");
    let one = ada.profile(&user).await;
    assert_eq!(one["displayname"], "Elif ‹Slack›");
    let address = one["avatar_url"].as_str().expect("a picture").to_owned();
    assert_eq!(ada.downloads(&address).await, b"one");

    // Another process with the same picture, then none, another name, another picture, and the first again.
    (relay, _) = connector(&synapse, &service, &id).await;
    type Step<'a> = (&'a str, Option<Upload>, &'a str, bool, &'a [u8]);
    let steps: [Step<'_>; 5] = [
        ("Elif ‹Slack›", Some(picture("one.png", b"one")), "k2", true, b"one"),
        ("Elif ‹Slack›", None, "k3", true, b"one"),
        ("Elif B ‹Slack›", Some(picture("one.png", b"one")), "k4", true, b"one"),
        ("Elif ‹Slack›", Some(picture("two.png", b"two")), "k5", false, b"two"),
        ("Elif ‹Slack›", Some(picture("one.png", b"one")), "k6", false, b"one"),
    ];
    for (name, picture, key, same, bytes) in steps {
        let receipt = say(&relay, &room, said(name, picture, key)).await;
        assert_eq!(
            seen(&ada, &id, &receipt.message).await.map(|seen| seen.sender),
            Some(user.clone()),
            "{key}"
        );
        let now = ada.profile(&user).await;
        assert_eq!(now["displayname"], name, "{key}");
        let shown = now["avatar_url"].as_str().expect("a picture");
        assert_eq!((shown == address, ada.downloads(shown).await.as_slice()), (same, bytes), "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_posted_is_found_by_its_key_changed_and_taken_back_by_another_process() {
    let Some((synapse, service, ada, id)) = stage().await else { return };
    let (relay, room) = connector(&synapse, &service, &id).await;
    let said = |who, key| Said { name: "Elif ‹Slack›", who, picture: None, key };
    let receipt = say(&relay, &room, said("slack/T1/U2", "mine.0")).await;
    say(&relay, &room, said("slack/T1/U3", "other.0")).await;
    let again = say(&relay, &room, said("slack/T1/U2", "mine.0")).await;
    assert_eq!(again, receipt, "two with one key are one");

    let (relay, room) = connector(&synapse, &service, &id).await;
    let part = Part::text("by mine.0", Value::Null);
    for (key, expected) in [("mine.0", vec![receipt.clone()]), ("never.0", vec![])] {
        let operation =
            Operation::Post { part: &part, persona: None, reply_to: None, thread: None, files: &[], key };
        let since = Timestamp(1_599_999_000_000);
        let told = relay.settle(Attempt { room: &room, operation }, since).await.expect("an answer");
        assert_eq!(told, Settled::Found(expected), "{key}");
    }
    // The ghost was thrown out meanwhile, and is let in again.
    let user = seen(&ada, &id, &receipt.message).await.expect("it was said").sender;
    let path = format!("rooms/{}/kick", crate::person::encoded(&id));
    ada.post(&path, json!({ "user_id": user })).await;
    let part = Part::text("changed", Value::Null);
    let operation = Operation::Edit { target: &receipt.message, part: &part };
    relay.deliver(Attempt { room: &room, operation }).await.expect("it is changed");
    assert_eq!(seen(&ada, &id, &receipt.message).await.expect("it is there").body(), "changed");
    let operation = Operation::Delete { target: &receipt.message };
    relay.deliver(Attempt { room: &room, operation }).await.expect("it is gone");
    assert_eq!(seen(&ada, &id, &receipt.message).await, None);
}
