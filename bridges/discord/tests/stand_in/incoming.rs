//! What people do comes up as envelopes.

use crate::rig::Rig;
use relay_contract::{Envelope, Event, Standing, Text};

fn posted(envelope: &Envelope) -> &relay_contract::Message {
    match &envelope.event {
        Event::Posted(message) => message,
        other => panic!("not a post: {other:?}"),
    }
}

#[tokio::test]
async fn a_post_an_edit_a_reply_and_a_delete() {
    let rig = Rig::ready().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    let first = rig.say("Ada", "**hello**", None);
    let (envelope, _) = heard.next().await;
    assert_eq!(envelope.origin, rig.room);
    let author = envelope.author.as_ref().unwrap();
    assert_eq!((author.name.as_str(), author.standing), ("Ada", Standing::Person));
    assert_eq!(posted(&envelope).at.id.as_str(), first);

    rig.edit("Ada", &first, "hello, owls");
    let (envelope, _) = heard.next().await;
    let Event::Edited { to, version } = &envelope.event else { panic!("{envelope:?}") };
    assert_eq!((to.at.id.as_str(), &to.body), (first.as_str(), &Text::plain("hello, owls")));
    assert!(!version.is_empty());

    let second = rig.say("Bruno", "hi", Some(&first));
    let (envelope, _) = heard.next().await;
    let reply = posted(&envelope).reply.clone().unwrap();
    assert_eq!(reply.target.as_str(), first);
    assert_eq!((reply.author.as_deref(), reply.excerpt.as_deref()), (Some("Ada"), Some("hello, owls")));

    rig.delete("Bruno", &second);
    let (envelope, _) = heard.next().await;
    assert_eq!(envelope.event, Event::Deleted { target: second.as_str().into() });
    heard.stop().await.unwrap();
}

#[tokio::test]
async fn files_and_names_come_along() {
    let rig = Rig::ready().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    rig.say_with_files("Ada", "", None, &["owl.png"]);
    let (envelope, _) = heard.next().await;
    assert_eq!(posted(&envelope).attachments[0].name, "owl.png");
    rig.say("Ada", &format!("in <#{}>", rig.room_id), None);
    let (envelope, _) = heard.next().await;
    assert_eq!(posted(&envelope).body.excerpt(50), "in #general");
    heard.stop().await.unwrap();
}

/// After a resume the gateway sends no guild: the names are asked for.
#[tokio::test]
async fn c8_names_are_known_after_a_restart() {
    let rig = Rig::ready().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    rig.say("Ada", "one", None);
    let (_, cursor) = heard.next().await;
    heard.stop().await.unwrap();
    let mut heard = crate::rig::Heard::listen(rig.restarted().await, Some(cursor), 1_000);
    heard.connected().await;
    rig.say("Ada", &format!("in <#{}>", rig.room_id), None);
    let (envelope, _) = heard.next().await;
    assert_eq!(posted(&envelope).body.excerpt(50), "in #general");
    heard.stop().await.unwrap();
}

#[tokio::test]
async fn c10_our_own_messages_are_ours() {
    let rig = Rig::ready().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    let by_webhook = rig.post("hello", "Elif").await.unwrap();
    let (envelope, _) = heard.next().await;
    assert_eq!(posted(&envelope).at.id, by_webhook.message.id);
    assert_eq!(envelope.author.unwrap().standing, Standing::Relay);
    rig.change(&by_webhook.message, "hello again").await.unwrap();
    let (envelope, _) = heard.next().await;
    assert_eq!(envelope.author.unwrap().standing, Standing::Relay);
    heard.stop().await.unwrap();
}
