//! Deliveries: C10, C13, C16, C17.

use crate::stage::Stage;
use relay_contract::{Event, MessageRef, Operation, Persona, Standing};
use stand_ins::people::Act;

#[tokio::test]
async fn post_edit_delete_under_a_name_and_its_echo() {
    let stage = Stage::new().await;
    let mut heard = stage.listening().await;
    let parts = stage.parts("hello <world> @everyone *not bold*");
    let persona = Persona { name: "Ada <!channel>".into(), avatar: Some("https://x.example/ada.png".into()) };
    let receipt = stage
        .do_it(Operation::Post {
            part: &parts[0],
            persona: Some(&persona),
            reply_to: None,
            thread: None,
            files: &[],
            key: "k1",
        })
        .await
        .unwrap();
    let id = receipt.message.id.as_str();
    let seen = stage.seen(id);
    assert_eq!(seen.author, "Ada ＜!channel＞");
    assert_eq!(seen.avatar.as_deref(), Some("https://x.example/ada.png"));
    assert_eq!(seen.text, "hello &lt;world&gt; @everyone *not bold*");
    assert!(seen.by_bot && seen.pinged.is_empty(), "{seen:?}");

    let echo = heard.envelope().await;
    assert_eq!(echo.author.as_ref().unwrap().standing, Standing::Relay);
    let Event::Posted(message) = &echo.event else { panic!("{echo:?}") };
    assert_eq!(message.at, receipt.message);
    // What an own post says is known, and not read again.
    assert!(message.body.is_empty());

    let parts = stage.parts("changed");
    let target = &receipt.message;
    let edited = stage.do_it(Operation::Edit { target, part: &parts[0] }).await.unwrap();
    assert_eq!(edited.message, receipt.message);
    let seen = stage.seen(id);
    assert_eq!((seen.text.as_str(), seen.author.as_str()), ("changed", "Ada ＜!channel＞"));
    assert_eq!(heard.envelope().await.author.unwrap().standing, Standing::Relay);

    stage.do_it(Operation::Delete { target }).await.unwrap();
    assert!(stage.seen(id).deleted);
    let echo = heard.envelope().await;
    assert_eq!(echo.event, Event::Deleted { target: id.into() });
    assert_eq!(echo.author.unwrap().standing, Standing::Relay);
}

#[tokio::test]
async fn answers_go_into_the_thread() {
    let stage = Stage::new().await;
    stage.connector.preflight(&[]).await.unwrap();
    let root = stage.say("a question", None);
    let inside = stage.say("in the thread", Some(&root));
    // To the thread's first message, and to one that stands in it, as its envelope told.
    let in_thread = MessageRef::plain(inside.as_str()).within(Some(root.as_str().into()));
    for target in [MessageRef::plain(root.as_str()), in_thread] {
        let parts = stage.parts("an answer");
        let receipt = stage
            .do_it(Operation::Post {
                part: &parts[0],
                persona: None,
                reply_to: Some(&target),
                thread: None,
                files: &[],
                key: "k1",
            })
            .await
            .unwrap();
        assert_eq!(receipt.message.thread, Some(root.as_str().into()));
        assert_eq!(stage.seen(receipt.message.id.as_str()).reply_to.as_deref(), Some(root.as_str()));
        let link = stage.connector.permalink(&stage.key(), &receipt.message).unwrap();
        assert!(link.contains("/archives/") && link.contains("thread_ts="), "{link}");
    }
}

#[tokio::test]
async fn ten_thousand_characters_arrive_whole() {
    let stage = Stage::new().await;
    let text = "word 😀 ".repeat(1_500);
    let parts = stage.parts(&text);
    assert!(parts.len() >= 3);
    let mut arrived = String::new();
    for part in &parts {
        let receipt = stage
            .do_it(Operation::Post {
                part,
                persona: None,
                reply_to: None,
                thread: None,
                files: &[],
                key: "k1",
            })
            .await
            .unwrap();
        arrived.push_str(&stage.seen(receipt.message.id.as_str()).text);
    }
    let dense = |text: &str| text.split_whitespace().collect::<String>();
    assert_eq!(dense(&arrived), dense(&text));
}

#[tokio::test]
async fn not_allowed() {
    let stage = Stage::new().await;
    let theirs = MessageRef::plain(stage.say("mine", None));
    let parts = stage.parts("theirs");
    let edit = stage.do_it(Operation::Edit { target: &theirs, part: &parts[0] }).await;
    assert_eq!(edit.unwrap_err().to_string(), "rejected: cant_update_message");
    let delete = stage.do_it(Operation::Delete { target: &theirs }).await;
    assert_eq!(delete.unwrap_err().to_string(), "rejected: cant_delete_message");
    let gone = MessageRef::plain("1600000000.000001");
    let delete = stage.do_it(Operation::Delete { target: &gone }).await;
    assert_eq!(delete, Err(relay_contract::DeliverError::TargetGone));
    stage.act(Act::Kick { bot: "Relay".into(), room: "general".into() });
    let refused = stage.post("hello?").await.unwrap_err();
    assert!(
        matches!(&refused, relay_contract::DeliverError::Forbidden(problem) if problem.fix.contains("/invite")),
        "{refused}"
    );
}
