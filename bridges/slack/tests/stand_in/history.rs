//! What was said meanwhile: C35, C36.

use crate::stage::{Heard, Stage};
use relay_contract::{Envelope, Event, EventKey, Mark, Standing, Timestamp, Translation};
use stand_ins::faults::Kind;
use stand_ins::people::{Act, Given};
use std::collections::{HashMap, HashSet};

fn mark(ts: &str) -> Mark {
    Mark { id: Some(ts.into()), at: Timestamp(0) }
}

fn act(stage: &Stage, message: &str, text: Option<&str>) {
    let (person, room, message) = ("Elif".into(), "general".into(), message.to_owned());
    stage.act(match text {
        Some(text) => Act::Edit { person, room, message, text: text.into() },
        None => Act::Delete { person, room, message },
    });
}

fn file(name: &str) -> Given {
    Given::Name(name.into())
}

/// All envelopes after a place, in looks of `most`, and how many looks it took.
async fn told(stage: &Stage, after: &Mark, most: u16) -> (Vec<Envelope>, usize) {
    let (mut all, mut place, mut looks) = (Vec::new(), Some(after.clone()), 0);
    while let Some(after) = place {
        let past = stage.connector.history(&stage.key(), &after, most).await.unwrap();
        for raw in &past.events {
            match stage.connector.translate(raw) {
                Translation::Events(events) => all.extend(events),
                Translation::Ignored(_) => {}
                other => panic!("{other:?}"),
            }
        }
        looks += 1;
        assert_ne!(past.next.as_ref(), Some(&after), "it goes on");
        place = past.next;
    }
    (all, looks)
}

fn keys(envelopes: &[Envelope]) -> Vec<EventKey> {
    envelopes.iter().map(Envelope::key).collect()
}

async fn heard_until(heard: &mut Heard, last: &str) -> HashMap<EventKey, Envelope> {
    let mut all = HashMap::new();
    loop {
        let envelope = heard.envelope().await;
        let done = matches!(&envelope.event, Event::Posted(message) if message.at.id.as_str() == last);
        all.insert(envelope.key(), envelope);
        if done {
            return all;
        }
    }
}

#[tokio::test]
async fn it_is_what_listening_would_have_brought() {
    let stage = Stage::new().await;
    let mut heard = stage.listening().await;
    let begin = stage.say("what is known", None);
    let root = stage.say("a *question* for @Farid in #general", None);
    stage.say("an answer", Some(&root));
    stage.post("from elsewhere").await.unwrap();
    stage.act(Act::Say {
        person: "Farid".into(),
        room: "general".into(),
        text: "a picture".into(),
        reply_to: None,
        files: vec![file("a.png")],
        thread: None,
    });
    stage.say("its second answer", Some(&root));
    let last = stage.say("the last", None);
    let mut live = heard_until(&mut heard, &last).await;
    live.retain(|key, _| key.id.as_str() != begin);

    let (all, looks) = told(&stage, &mark(&begin), 100).await;
    assert_eq!((all.len(), looks), (live.len(), 1), "{all:#?}");
    for envelope in &all {
        assert_eq!(live.get(&envelope.key()), Some(envelope));
    }
    let times: Vec<_> = all.iter().map(|envelope| envelope.at).collect();
    assert!(times.is_sorted(), "{times:?}");
    let ours = all.iter().filter(|e| e.author.as_ref().is_some_and(|who| who.standing == Standing::Relay));
    assert_eq!(ours.count(), 1);
    // From its middle, and from a moment instead of a message.
    let (half, _) = told(&stage, &mark(all[2].subject().unwrap().id.as_str()), 100).await;
    assert_eq!(keys(&half), keys(&all[3..]));
    let moment = Mark { id: None, at: Timestamp(all[0].at.0 - 1) };
    let (from_a_moment, _) = told(&stage, &moment, 100).await;
    assert!(keys(&from_a_moment).ends_with(&keys(&all)), "{from_a_moment:?}");
}

#[tokio::test]
async fn a_long_history_comes_in_pieces_with_nothing_left_out_or_out_of_order() {
    let stage = Stage::new().await;
    assert!(stage.connector.keeps_history());
    stage.connector.preflight(&[]).await.unwrap();
    let begin = stage.say("what is known", None);
    let (mut said, mut roots) = (Vec::new(), vec![begin.clone()]);
    for at in 0..240 {
        // Threads grow while the channel goes on; one of them is longer than a page.
        let root = match at % 4 {
            0 => None,
            1 => roots.last().cloned(),
            2 => Some(begin.clone()),
            _ => roots.get(roots.len() / 2).cloned(),
        };
        // More of them than one look reads.
        let id = stage.say(&format!("{at}"), root.as_deref());
        if root.is_none() {
            roots.push(id.clone());
        }
        said.push(id);
    }
    for at in 0..220 {
        said.push(stage.say(&format!("much to say {at}"), Some(&begin)));
    }
    for most in [20, 100, 1_000] {
        let (all, looks) = told(&stage, &mark(&begin), most).await;
        let mut seen = HashSet::new();
        let first = all.iter().filter(|envelope| seen.insert(envelope.key())).collect::<Vec<_>>();
        let id = |envelope: &&Envelope| envelope.key().id.to_string();
        // The channel is told in order, each thread is, and no answer comes before what it answers.
        let thread = |envelope: &&Envelope| match &envelope.event {
            Event::Posted(message) => message.at.thread.as_ref().map(ToString::to_string),
            other => panic!("{other:?}"),
        };
        let mut threads = HashMap::<_, Vec<String>>::new();
        for (at, envelope) in first.iter().enumerate() {
            let root = thread(envelope);
            let after = root
                .as_ref()
                .is_none_or(|root| *root == begin || first[..at].iter().any(|earlier| id(earlier) == *root));
            assert!(after, "{most} a look: {envelope:?}");
            threads.entry(root).or_default().push(id(envelope));
        }
        assert!(threads.len() > 40 && threads.values().all(|ids| ids.is_sorted()), "{most} a look");
        let mut told: Vec<_> = first.iter().map(id).collect();
        told.sort();
        assert_eq!(told, said, "{most} a look, {looks} looks");
    }
}

#[tokio::test]
async fn what_was_changed_meanwhile_comes_as_an_edit_and_what_came_meanwhile_as_it_is_now() {
    let stage = Stage::new().await;
    let mut heard = stage.listening().await;
    let old = stage.say("before", None);
    let root = stage.say("a root that goes", None);
    stage.say("and its answer", Some(&root));
    let untouched = stage.say("nobody changes this", None);
    let known = stage.say("the newest that is known", None);
    // An edit is told in seconds where it lies before the place: this one is certainly after it.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    act(&stage, &old, Some("after"));
    act(&stage, &root, None);
    let new = stage.say("new", None);
    act(&stage, &new, Some("new, and changed"));
    let gone = stage.say("new, and gone", None);
    act(&stage, &gone, None);
    let last = stage.say("the last", None);
    let live = heard_until(&mut heard, &last).await;

    let (all, _) = told(&stage, &mark(&known), 100).await;
    let of = |id: &str| all.iter().filter(|e| e.key().id.as_str() == id).collect::<Vec<_>>();
    let [edit] = of(&old)[..] else { panic!("{all:#?}") };
    assert!(live.contains_key(&edit.key()), "the same event as the live one: {edit:?}");
    assert!(matches!(&edit.event, Event::Edited { to, .. } if to.body.excerpt(9) == "after"), "{edit:?}");
    let [deleted] = of(&root)[..] else { panic!("{all:#?}") };
    assert!(live.contains_key(&deleted.key()) && matches!(deleted.event, Event::Deleted { .. }));
    // Who took it in before, in a reading that was broken off, knows it as it was then.
    let [posted, edit] = of(&new)[..] else { panic!("{all:#?}") };
    assert!(
        matches!(&posted.event, Event::Posted(m) if m.body.excerpt(99) == "new, and changed"),
        "{posted:?}"
    );
    assert!(matches!(edit.event, Event::Edited { .. }) && live.contains_key(&edit.key()), "{edit:?}");
    assert!(of(&gone).is_empty() && of(&untouched).is_empty() && of(&known).is_empty(), "{all:#?}");
    assert_eq!(of(&last).len(), 1);
}

/// Whoever connects anew may have missed something, and is told so before anything new.
#[tokio::test]
async fn each_connection_says_first_what_may_be_missing() {
    let stage = Stage::new().await;
    let mut heard = stage.listening().await;
    assert_eq!(heard.gaps(), [0], "before the first event of a process");
    let known = stage.say("heard", None);
    heard.envelope().await;
    // The next connection is told nothing of what the one before did not acknowledge.
    let all = heard.gate.available_permits();
    heard.gate.forget_permits(all);
    stage.say("handed up, and on its way", None);
    let pending = heard.envelope().await;
    stage.fault(Kind::RefuseResume, None);
    let lost: Vec<_> = (0..3).map(|at| stage.say(&format!("lost {at}"), None)).collect();
    stage.fault(Kind::Disconnect, None);
    heard.gate.add_permits(1_000);
    assert!(heard.status().await.starts_with("interrupted"));
    assert_eq!(heard.status().await, "connected");
    let next = stage.say("heard again", None);
    assert_eq!(heard.envelope().await.key().id.as_str(), next, "the others are lost");
    assert_eq!(heard.gaps(), [0, 2], "after two events, and before the third");
    stage.fault(Kind::Reconnect, None);
    assert!(heard.status().await.starts_with("interrupted"));
    assert_eq!(heard.status().await, "connected");
    assert_eq!(heard.gaps(), [0, 2, 3]);

    let (past, _) = told(&stage, &mark(&known), 100).await;
    let ids: HashSet<_> = past.iter().map(|envelope| envelope.key().id.to_string()).collect();
    assert!(lost.iter().all(|id| ids.contains(id)), "{ids:?}");
    assert!(keys(&past).contains(&pending.key()));
}

#[tokio::test]
async fn what_a_look_comes_to_when_something_is_wrong() {
    let stage = Stage::new().await;
    let look = async |stage: &Stage| stage.connector.history(&stage.key(), &mark("1.000000"), 10).await;
    let early = look(&stage).await.unwrap_err().to_string();
    assert!(early.contains("no preflight"), "{early}");
    stage.connector.preflight(&[]).await.unwrap();
    stage.say("something", None);
    let cases = [
        (Kind::RateLimit, "conversations.history", "rate limited for 7000 ms"),
        (Kind::ServerError, "conversations.history", "unavailable"),
        // Whatever becomes of a question, nothing was changed by it.
        (Kind::CutAfter, "conversations.history", "unavailable"),
        (Kind::Unauthorized, "conversations.history", "does not accept `bot_token`"),
    ];
    for (kind, only, says) in cases {
        stage.fault(kind, Some(only));
        let error = look(&stage).await.unwrap_err().to_string();
        assert!(error.contains(says), "{kind:?}: {error}");
    }
    stage.act(Act::Kick { bot: "Relay".into(), room: "general".into() });
    let error = look(&stage).await.unwrap_err().to_string();
    assert!(error.contains("Relay is not in the Slack channel"), "{error}");
}
