//! What Relay does, on its way out.

use crate::rig::{Rig, line};
use relay_contract::text::{Leaf, Run};
use relay_contract::{
    Attempt, DeliverError, Event, MessageRef, NativeId, Operation, Receipt, RoomKey, Scope, Style, Text,
    Time, TimeStyle,
};
use stand_ins::faults::Kind;
use std::time::{Duration, Instant};

/// C16, and the reply, native.
#[tokio::test]
async fn post_reply_edit_and_delete_are_seen() {
    let rig = Rig::start().await;
    let asked = rig.say("Hana", "where?", None);
    let bold = Run::new(Leaf::Plain("Ada".into())).styled(Style::Bold);
    let text = Text::from_runs(vec![bold, Run::new(Leaf::Plain(": 😀 @hana here".into()))]);
    let target = MessageRef::plain(asked.as_str());
    let receipt = rig.post(text, Some(&target)).await.unwrap();
    let id = receipt.message.id.as_str();
    let seen = rig.seen(id);
    assert_eq!(
        (seen.text.as_str(), seen.reply_to.as_deref()),
        ("Ada: 😀 @\u{2060}hana here", Some(asked.as_str()))
    );
    assert_eq!(seen.pinged, Vec::<String>::new());
    assert_eq!((&seen.entities[0]["type"], &seen.entities[0]["length"]), (&"bold".into(), &3.into()));
    let edited = rig.edit_own(&receipt.message, line("gone")).await.unwrap();
    assert_eq!(edited, receipt);
    assert_eq!((rig.seen(id).text.as_str(), rig.seen(id).edited), ("gone", true));
    assert_eq!(
        rig.edit_own(&receipt.message, line("gone")).await,
        Ok(receipt.clone()),
        "not modified is done"
    );
    rig.delete_own(&receipt.message).await.unwrap();
    assert!(rig.seen(id).deleted);
    assert_eq!(rig.delete_own(&receipt.message).await, Err(DeliverError::TargetGone));
    assert_eq!(rig.edit_own(&receipt.message, line("x")).await, Err(DeliverError::TargetGone));
}

#[tokio::test]
async fn an_answer_to_what_is_gone_is_posted() {
    let rig = Rig::start().await;
    let target = MessageRef::plain("999999");
    let receipt = rig.post(line("late"), Some(&target)).await.unwrap();
    assert_eq!(rig.seen(receipt.message.id.as_str()).reply_to, None);
}

/// By everybody's own clock, both ways.
#[tokio::test]
async fn moments_go_both_ways() {
    let rig = Rig::start().await;
    let time = Time { seconds: 43_200, style: TimeStyle::WeekdayDateClock };
    let moment = Text::from_runs(vec![Run::new(Leaf::Time(time))]);
    let receipt = rig.post(moment.clone(), None).await.unwrap();
    let seen = rig.seen(receipt.message.id.as_str());
    assert_eq!(
        (&seen.entities[0]["type"], &seen.entities[0]["unix_time"]),
        (&"date_time".into(), &43_200.into())
    );
    let mut heard = rig.listen(None);
    rig.say("Hana", "[noon](tg://time?unix=43200&format=wDt)", None);
    let Event::Posted(message) = heard.envelope().await.event else { panic!("no post") };
    assert_eq!(message.body, moment);
}

/// C13, on the server's own judgement.
#[tokio::test]
async fn nasty_texts_arrive_as_they_are() {
    let rig = Rig::start().await;
    let link = |url: &str| Run::new(Leaf::Plain(url.into())).linked(url);
    let texts = [
        line("*_~`|>#<& **x** [a](b) ```unclosed"),
        line("@everyone @hana /start@relay_bot #tag"),
        line("שלום 😀 @ivo 👨‍👩‍👧‍👦"),
        line(&"long 😀 @hana ".repeat(800)),
        Text::from_runs(vec![
            link("https://example.org/x_(y)"),
            Run::new(Leaf::Plain(" ".into())),
            link("https://example.org/@hana"),
        ]),
        Text::from_runs(vec![Run::new(Leaf::Plain("me".into())).linked("tg://user?id=1")]),
        Text::from_runs(vec![Run::new(Leaf::Block {
            lang: Some("rust".into()),
            text: "  fn x() { \"@hana\" }".into(),
        })]),
    ];
    for text in texts {
        for part in rig.render(text.clone()) {
            let operation = Operation::Post {
                part: &part,
                persona: None,
                reply_to: None,
                thread: None,
                files: &[],
                key: "k1",
            };
            let receipt = rig.deliver(operation).await.unwrap();
            let seen = rig.seen(receipt.message.id.as_str());
            assert_eq!(seen.pinged, Vec::<String>::new(), "{}", part.text);
            assert_eq!(seen.text, part.text.trim());
        }
    }
}

/// C14, C15.
#[tokio::test]
async fn a_failed_delivery_says_whether_it_was_done() {
    let rig = Rig::start().await;
    let word = |result: Result<Receipt, DeliverError>| match result {
        Ok(_) => "done".to_owned(),
        Err(DeliverError::RateLimited { retry_after, scope: Scope::Room }) => {
            format!("room waits {}", retry_after.as_secs())
        }
        Err(DeliverError::RateLimited { retry_after, .. }) => {
            format!("account waits {}", retry_after.as_secs())
        }
        Err(DeliverError::Unavailable(_)) => "unavailable".into(),
        Err(DeliverError::Unsure(_)) => "unsure".into(),
        Err(DeliverError::Unauthorized(_)) => "unauthorized".into(),
        Err(other) => other.to_string(),
    };
    for (kind, seconds, expected, posted) in [
        (Kind::RateLimit, 3.0, "room waits 3", 0),
        (Kind::RateLimit, 90.0, "account waits 90", 0),
        (Kind::ServerError, 0.0, "unavailable", 0),
        (Kind::Unauthorized, 0.0, "unauthorized", 0),
        (Kind::CutAfter, 0.0, "unsure", 1),
    ] {
        let before = rig.world.telegram.messages(rig.room_id.as_str()).unwrap().len();
        rig.fault(kind, "sendMessage", seconds);
        let started = Instant::now();
        assert_eq!(word(rig.post(line("x"), None).await), expected, "{kind:?}");
        assert!(started.elapsed() < Duration::from_secs(2), "{kind:?} was waited out");
        let after = rig.world.telegram.messages(rig.room_id.as_str()).unwrap().len();
        assert_eq!(after - before, posted, "{kind:?}");
        assert_eq!(word(rig.post(line("y"), None).await), "done");
    }
}

#[tokio::test]
async fn a_bot_that_was_removed_may_not_write() {
    let rig = Rig::start().await;
    rig.kick();
    let error = rig.post(line("x"), None).await.unwrap_err();
    let DeliverError::Forbidden(problem) = error else { panic!("{error:?}") };
    assert!(problem.what.contains("kicked") && problem.fix.contains("Add members"), "{problem}");
    let nowhere: NativeId = "-100999".into();
    let room = RoomKey::new(relay_telegram::PLATFORM, "telegram", nowhere);
    let part = &rig.render(line("x"))[0];
    let operation =
        Operation::Post { part, persona: None, reply_to: None, thread: None, files: &[], key: "k1" };
    let error = rig.connector.deliver(Attempt { room: &room, operation }).await.unwrap_err();
    assert!(matches!(error, DeliverError::Forbidden(_)), "{error:?}");
}
