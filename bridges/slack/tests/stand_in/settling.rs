//! What an unanswered post has come to, and how often one may ask: C37, C38.

use crate::files::upload;
use crate::stage::Stage;
use relay_contract::{
    Attempt, DeliverError, Doing, MessageRef, NativeId, Operation, Persona, Receipt, Settled, Timestamp,
};
use stand_ins::faults::Kind;
use std::collections::HashSet;

async fn settled(stage: &Stage, operation: Operation<'_>, since: Timestamp) -> Settled {
    let room = stage.key();
    stage.connector.settle(Attempt { room: &room, operation }, since).await.unwrap()
}

fn found(settled: Settled) -> Vec<Receipt> {
    match settled {
        Settled::Found(found) => found,
        Settled::CannotTell => panic!("it can be told"),
    }
}

#[tokio::test]
async fn a_post_that_nobody_answered_is_found_by_its_key_alone() {
    let stage = Stage::new().await;
    stage.connector.preflight(&[]).await.unwrap();
    let parts = stage.parts("the same words");
    let persona = Persona { name: "Ada".into(), avatar: None };
    let root = stage.say("a question", None);
    let thread = NativeId::from(root.as_str());
    let target = MessageRef::plain(root.as_str());
    let places = [(None, None), (Some(&thread), None), (None, Some(&target))];
    for (at, (thread, reply_to)) in places.into_iter().enumerate() {
        let keys = ["one", "two", "never"].map(|key| format!("{at}.{key}"));
        let post = |key| Operation::Post {
            part: &parts[0],
            persona: Some(&persona),
            reply_to,
            thread,
            files: &[],
            key,
        };
        let since = Timestamp::now();
        for key in &keys[..2] {
            stage.fault(Kind::CutAfter, Some("chat.postMessage"));
            let error = stage.do_it(post(key)).await.unwrap_err();
            assert!(matches!(error, DeliverError::Unsure(_)), "{error}");
        }
        let mut ids = HashSet::new();
        for key in &keys[..2] {
            let receipts = found(settled(&stage, post(key), since).await);
            assert_eq!(receipts.len(), 1, "{key}: {receipts:?}");
            let message = &receipts[0].message;
            assert_eq!(message.thread.as_ref().map(NativeId::as_str), (at > 0).then_some(root.as_str()));
            assert_eq!(stage.seen(message.id.as_str()).author, "Ada");
            ids.insert(message.id.clone());
        }
        assert_eq!(ids.len(), 2, "each is another message");
        assert_eq!(found(settled(&stage, post(&keys[2]), since).await), [], "it was not done");
        // It can be edited by that receipt, and is found all the same.
        let again = found(settled(&stage, post(&keys[0]), since).await).remove(0);
        let edit = Operation::Edit { target: &again.message, part: &stage.parts("changed")[0].clone() };
        stage.do_it(edit).await.unwrap();
        assert_eq!(found(settled(&stage, post(&keys[0]), since).await), [again]);
        // What began later is another's.
        let later = Timestamp(Timestamp::now().0 + 600_000);
        assert_eq!(found(settled(&stage, post(&keys[0]), later).await), []);
    }
    // Nobody else is told the key.
    let texts: Vec<_> = stage.all_seen().into_iter().map(|seen| seen.text).collect();
    assert!(!texts.concat().contains("0.one"), "{texts:?}");
}

#[tokio::test]
async fn files_that_nobody_answered_for_are_found_by_their_names_and_sizes() {
    let stage = Stage::new().await;
    stage.connector.preflight(&[]).await.unwrap();
    let files = [upload(0, "a.png", 2_000), upload(1, "b.txt", 10)];
    let since = Timestamp::now();
    stage.fault(Kind::CutAfter, Some("files.completeUploadExternal"));
    let error = stage.post_files("two files", None, &files).await.unwrap_err();
    assert!(matches!(error, DeliverError::Unsure(_)), "{error}");
    let persona = Persona { name: "Ada".into(), avatar: Some("https://x.example/ada.png".into()) };
    let part = stage.part_with("two files", &files);
    let post = |files| Operation::Post {
        part: &part,
        persona: Some(&persona),
        reply_to: None,
        thread: None,
        files,
        key: "k1",
    };
    let receipts = found(settled(&stage, post(&files), since).await);
    assert_eq!(receipts.len(), 1, "{receipts:?}");
    assert_eq!((receipts[0].message.files.as_slice(), receipts[0].message.no_text), (&[0, 1][..], false));
    let others = [upload(0, "a.png", 2_001), upload(1, "b.txt", 10)];
    assert_eq!(found(settled(&stage, post(&others), since).await), []);
}

#[tokio::test]
async fn what_was_not_done_or_needs_no_settling() {
    let stage = Stage::new().await;
    let part = &stage.parts("hello")[0];
    let post =
        Operation::Post { part, persona: None, reply_to: None, thread: None, files: &[], key: "never" };
    let room = stage.key();
    let early = stage.connector.settle(Attempt { room: &room, operation: post.clone() }, Timestamp::now());
    assert!(matches!(early.await, Err(DeliverError::Unavailable(_))));
    stage.connector.preflight(&[]).await.unwrap();
    assert_eq!(settled(&stage, post.clone(), Timestamp::now()).await, Settled::Found(vec![]));
    let root = MessageRef::plain("1700000000.000100");
    let open = Operation::Open { root: Some(&root), name: "a thread" };
    let done = stage.do_it(open.clone()).await.unwrap();
    assert_eq!(settled(&stage, open, Timestamp::now()).await, Settled::Found(vec![done]));
    let delete = Operation::Delete { target: &root };
    assert_eq!(settled(&stage, delete, Timestamp::now()).await, Settled::CannotTell);
    // A question that fails leaves open what became of the post.
    stage.fault(Kind::CutAfter, Some("conversations.history"));
    let asked = stage.connector.settle(Attempt { room: &room, operation: post }, Timestamp::now()).await;
    assert!(matches!(asked, Err(DeliverError::Unavailable(_))), "{asked:?}");
}

#[tokio::test]
async fn tiers() {
    let stage = Stage::new().await;
    let all = [
        (Doing::Post, None),
        (Doing::Open, None),
        (Doing::Edit, Some(("chat.update", 50))),
        (Doing::Delete, Some(("chat.delete", 50))),
        (Doing::React, Some(("reactions.add", 50))),
        (Doing::Pin, Some(("pins.add", 20))),
        (Doing::Look, Some(("conversations.history", 25))),
    ];
    for (doing, expected) in all {
        let tier = stage.connector.tier(doing).map(|tier| (tier.method, tier.rate));
        assert_eq!(tier, expected.map(|(method, a_minute)| (method, (a_minute, 60))), "{doing:?}");
    }
}
