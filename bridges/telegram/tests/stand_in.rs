//! The connector against the Telegram stand-in, over real HTTP. Each test names the clause it checks.
#![allow(clippy::unwrap_used)]

mod engine;

use engine::{Heard, Rig, TOKEN, eventually};
use relay_contract::text::{Leaf, Run};
use relay_contract::{
    Attempt, DeliverError, Event, ListenError, MessageRef, NativeId, OpenError, Operation, Receipt, Scope,
    Standing, Style, Text,
};
use stand_ins::faults::Kind;
use std::time::{Duration, Instant};

fn line(text: &str) -> Text {
    Text::plain(text)
}

#[tokio::test]
async fn preflight_knows_the_bot_and_its_room() {
    let rig = Rig::start().await;
    let report =
        rig.connector.preflight(&[rig.room_id.clone(), "-1001".into(), "@name".into()]).await.unwrap();
    assert_eq!(report.identity.id.as_str(), "7000000001");
    let rooms: Vec<_> = report.rooms.into_iter().map(|(_, room)| room).collect();
    let [Ok(found), Err(missing), Err(no_id)] = rooms.as_slice() else { panic!("{rooms:?}") };
    assert_eq!(
        (found.name.as_str(), found.space.id.clone(), found.key.clone()),
        ("Sunday hikers", rig.room_id.clone(), rig.room.clone())
    );
    assert!(found.warnings.is_empty());
    assert!(missing.what.contains("no chat -1001"), "{missing}");
    assert!(no_id.what.contains("not a Telegram chat id"), "{no_id}");
}

/// C2, C3.
#[tokio::test]
async fn preflight_says_what_is_missing() {
    for (may, rooms, expected) in [
        (vec![], None, "problem: privacy mode"),
        (vec!["admin"], None, "warning: privacy mode"),
        (vec!["privacy_off"], None, "fine"),
        (vec!["privacy_off"], Some(vec![]), "problem: no chat"),
    ] {
        let rig = Rig::with(|bot| {
            bot.may = Some(may.iter().map(|may| (*may).to_owned()).collect());
            bot.rooms = rooms.clone();
        })
        .await;
        let mut report = rig.connector.preflight(std::slice::from_ref(&rig.room_id)).await.unwrap();
        let got = match report.rooms.remove(0).1 {
            Err(problem) => format!("problem: {problem}"),
            Ok(room) => {
                room.warnings.first().map_or("fine".to_owned(), |warning| format!("warning: {warning}"))
            }
        };
        let (kind, says) = expected.split_once(": ").unwrap_or((expected, ""));
        assert!(got.starts_with(kind) && got.contains(says), "{may:?} {rooms:?}: {got}");
    }
    let rig = Rig::start().await;
    rig.kick();
    let report = rig.connector.preflight(std::slice::from_ref(&rig.room_id)).await.unwrap();
    assert!(report.rooms[0].1.as_ref().unwrap_err().what.contains("kicked"), "{report:?}");
}

/// C2, C4.
#[tokio::test]
async fn a_wrong_token_is_refused_and_not_repeated() {
    let rig = Rig::start().await;
    let secret = "7000000001:wrong-and-secret-token-of-35-letters";
    let connector = engine::open(&rig.world.telegram.api_url(), secret);
    let error = connector.preflight(&[]).await.unwrap_err();
    assert!(matches!(&error, OpenError::Refused(problem) if problem.fix.contains("@BotFather")), "{error}");
    let (inbox, _heard) = engine::inbox();
    let listened = connector.listen(None, &inbox).await.unwrap_err();
    assert!(matches!(listened, ListenError::Refused(_)), "{listened}");
    for words in [error.to_string(), format!("{error:?}"), listened.to_string(), format!("{listened:?}")] {
        assert!(!words.contains("secret"), "{words}");
    }
}

/// C4: reqwest names the URL, and the token is in it.
#[tokio::test]
async fn a_token_is_in_no_network_error() {
    let secret = "7000000001:secret";
    let (_port, nobody) = engine::nobody();
    let rig = Rig::start().await;
    for url in [nobody.clone(), nobody.replace("127.0.0.1", "no-such-host.invalid"), format!("{nobody}/a/b")]
    {
        let connector = engine::open(&url, secret);
        let opened = connector.preflight(&[]).await.unwrap_err();
        assert!(matches!(opened, OpenError::Unavailable(_)), "{opened:?}");
        let body = line("x");
        let part = &connector.render(&rig.room, &relay_contract::Draft { body })[0];
        let operation = Operation::Post { part, persona: None, reply_to: None };
        let sent = connector.deliver(Attempt { room: &rig.room, operation }).await.unwrap_err();
        assert!(matches!(sent, DeliverError::Unavailable(_)), "{sent:?}");
        let words = format!("{opened} {opened:?} {sent} {sent:?}");
        assert!(!words.contains("secret"), "{words}");
    }
    rig.fault(Kind::CutAfter, "sendMessage", 1.0);
    let cut = format!("{:?}", rig.post(line("x"), None).await.unwrap_err());
    assert!(!cut.contains(TOKEN) && !cut.contains("demo-telegram"), "{cut}");
}

/// C6, C9.
#[tokio::test]
async fn what_people_do_comes_up() {
    let rig = Rig::start().await;
    let mut heard = rig.listen(None);
    let id = rig.say("Hana", "**hi** @ivo", None);
    let reply = rig.say("Ivo", "`yes`", Some(&id));
    rig.edit("Hana", &id, "hello");
    let post = heard.envelope().await;
    let Event::Posted(message) = &post.event else { panic!("{post:?}") };
    let author = post.author.clone().unwrap();
    assert_eq!((author.name.as_str(), author.standing), ("Hana", Standing::Person));
    assert_eq!((post.origin.clone(), message.at.id.as_str()), (rig.room.clone(), id.as_str()));
    let ivo = relay_contract::Mention::Person { id: None, name: "ivo".into() };
    let expected = vec![
        Run::new(Leaf::Plain("hi".into())).styled(Style::Bold),
        Run::new(Leaf::Plain(" ".into())),
        Run::new(Leaf::Mention(ivo)),
    ];
    assert_eq!(message.body, Text::from_runs(expected));
    let answer = heard.envelope().await;
    let Event::Posted(message) = &answer.event else { panic!("{answer:?}") };
    assert_eq!(message.at.id.as_str(), reply);
    let answered = message.reply.clone().unwrap();
    assert_eq!(
        (answered.target.as_str(), answered.author.as_deref(), answered.excerpt.as_deref()),
        (id.as_str(), Some("Hana"), Some("hi @ivo"))
    );
    let edit = heard.envelope().await;
    let Event::Edited { to, version } = &edit.event else { panic!("{edit:?}") };
    assert_eq!((to.at.id.as_str(), to.body.clone()), (id.as_str(), line("hello")));
    assert!(!version.is_empty());
}

#[tokio::test]
async fn a_file_comes_up_with_its_caption() {
    let rig = Rig::start().await;
    let mut heard = rig.listen(None);
    rig.say_with_files("Hana", "look", &["map.pdf"]);
    let post = heard.envelope().await;
    let Event::Posted(message) = &post.event else { panic!("{post:?}") };
    assert_eq!((message.body.clone(), message.attachments[0].name.as_str()), (line("look"), "map.pdf"));
}

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
            let operation = Operation::Post { part: &part, persona: None, reply_to: None };
            let receipt = rig.deliver(operation).await.unwrap();
            let seen = rig.seen(receipt.message.id.as_str());
            assert_eq!(seen.pinged, Vec::<String>::new(), "{}", part.text);
            assert_eq!(seen.text, part.text.trim());
        }
    }
}

/// C10: Telegram tells a bot nothing of what it does itself, so that there is no echo; were there one, it would be known.
#[tokio::test]
async fn own_messages_do_not_come_back() {
    let rig = Rig::start().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    rig.post(line("from elsewhere"), None).await.unwrap();
    rig.say("Hana", "after", None);
    let Event::Posted(message) = heard.envelope().await.event else { panic!() };
    assert_eq!(message.body, line("after"));
}

/// C7: an offset passes an update only after its accept.
#[tokio::test]
async fn nothing_is_confirmed_before_it_is_accepted() {
    let rig = Rig::start().await;
    let ids: Vec<String> = (0..150).map(|i| rig.say("Hana", &format!("m{i}"), None)).collect();
    let mut heard = rig.listen_holding(None);
    // A hundred in the first answer; they overlap, in order, and none is confirmed while one of them waits.
    let first: Vec<_> = heard.begun(32).await;
    assert_eq!(first, (0..32).map(|i| format!("m{i}")).collect::<Vec<_>>());
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(rig.world.telegram.acknowledged().is_empty());
    heard.release(150);
    eventually(|| rig.world.telegram.acknowledged().len() == 150).await;
    assert_eq!(rig.world.telegram.acknowledged(), ids);
    let order = (0..150).map(|i| format!("m{i}")).collect::<Vec<_>>();
    assert_eq!(heard.all(), order);
}

/// C7: after `Stopped` nothing more is confirmed, and another start gets it all again.
#[tokio::test]
async fn what_was_not_accepted_comes_again() {
    let rig = Rig::start().await;
    let (mut heard, mut running) = rig.listen_to_end(None);
    heard.connected().await;
    heard.stop_accepting();
    rig.say("Hana", "not lost", None);
    assert_eq!(running.ended().await, Ok(()));
    assert!(rig.world.telegram.acknowledged().is_empty());
    let mut again = rig.listen(None);
    assert_eq!(again.words().await, "not lost");
}

#[tokio::test]
async fn what_the_cursor_has_passed_is_not_handed_up_again() {
    let rig = Rig::start().await;
    let (mut heard, mut running) = rig.listen_to_end(None);
    rig.say("Hana", "one", None);
    let cursor = heard.event().await.cursor.unwrap();
    heard.stop();
    assert_eq!(running.ended().await, Ok(()));
    rig.say("Hana", "two", None);
    let mut again = rig.listen(Some(cursor));
    assert_eq!(again.words().await, "two");
    // A cursor of another age hides nothing.
    rig.say("Hana", "three", None);
    eventually(|| rig.world.telegram.acknowledged().len() == 3).await;
    again.stop();
    rig.say("Hana", "four", None);
    assert_eq!(rig.listen(Some("2000000000".into())).words().await, "four");
}

/// C12.
#[tokio::test]
async fn a_connection_is_mended() {
    let rig = Rig::start().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    for (kind, says) in [
        (Kind::Disconnect, "did not answer"),
        (Kind::ServerError, "502"),
        (Kind::RateLimit, "wait for 1 s"),
        (Kind::CutAfter, "did not answer"),
    ] {
        rig.fault(kind, "getUpdates", 1.0);
        rig.say("Hana", "poke the poll that waits", None);
        let reason = heard.interrupted().await;
        assert!(reason.contains(says), "{kind:?}: {reason}");
        assert!(!reason.contains("demo-telegram"), "{reason}");
        heard.connected().await;
        let word = format!("after {kind:?}");
        rig.say("Hana", &word, None);
        while heard.words().await != word {}
    }
}

/// A repeated update is handed up: the engine knows it by its key.
#[tokio::test]
async fn a_repeated_update_has_the_same_key() {
    let rig = Rig::start().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    rig.fault(Kind::Duplicate, "message", 1.0);
    rig.say("Hana", "twice", None);
    let (one, two) = (heard.envelope().await, heard.envelope().await);
    assert_eq!(one.key(), two.key());
}

#[tokio::test]
async fn two_programs_with_one_token() {
    let rig = Rig::start().await;
    let mut one = rig.listen(None);
    one.connected().await;
    let mut two = rig.listen(None);
    two.connected().await;
    let reason = one.interrupted().await;
    assert!(reason.contains("another program polls this bot"), "{reason}");
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
    let room = relay_contract::RoomKey::new(relay_telegram::PLATFORM, "telegram", nowhere);
    let part = &rig.render(line("x"))[0];
    let operation = Operation::Post { part, persona: None, reply_to: None };
    let error = rig.connector.deliver(Attempt { room: &room, operation }).await.unwrap_err();
    assert!(matches!(error, DeliverError::Forbidden(_)), "{error:?}");
}

#[tokio::test]
async fn a_change_of_membership_is_no_message() {
    let rig = Rig::start().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    rig.kick();
    let event = heard.event().await;
    assert_eq!(event.space, rig.room_id);
    assert_eq!(rig.connector.translate(&event), relay_contract::Translation::Ignored("membership"));
    let _: &Heard = &heard;
}
