//! C37: what became of an attempt that nobody answered.

use crate::files::{parts, upload};
use crate::rig::{Rig, key, patiently};
use relay_contract::{
    Attempt, DeliverError, MessageRef, NativeId, Operation, Persona, Receipt, RoomKey, Settled, Timestamp,
};
use stand_ins::faults::Kind;
use stand_ins::people::Act;
use stand_ins::world::{Room, World};

/// Everything that Relay asks for but the right to use webhooks.
const AS_THE_BOT: &[&str] = &[
    "VIEW_CHANNEL",
    "SEND_MESSAGES",
    "SEND_MESSAGES_IN_THREADS",
    "CREATE_PUBLIC_THREADS",
    "ATTACH_FILES",
    "READ_MESSAGE_HISTORY",
    "MESSAGE_CONTENT",
];

async fn as_the_bot(but: &str) -> Rig {
    let may = AS_THE_BOT.iter().filter(|it| **it != but).map(|it| (*it).to_owned()).collect();
    let rig = Rig::with(|bot| bot.may = Some(may)).await;
    rig.preflight().await;
    rig
}

impl Rig {
    async fn settle(&self, operation: Operation<'_>, since: Timestamp) -> Result<Settled, DeliverError> {
        patiently(self.connector.settle(Attempt { room: &self.room, operation }, since)).await
    }

    /// Does it, without hearing the answer; then what it has come to.
    async fn unanswered(&self, operation: &Operation<'_>) -> Receipt {
        let since = Timestamp::now();
        assert_eq!(
            self.settle(operation.clone(), since).await,
            Ok(Settled::Found(Vec::new())),
            "{operation:?}"
        );
        self.fault(Kind::CutAfter, "POST", 1.0);
        let told = self.deliver(operation.clone()).await;
        assert!(matches!(told, Err(DeliverError::Unsure(_))), "{told:?}");
        // A third party's words are no answer to the question.
        self.say("Ada", "the same words", None);
        match self.settle(operation.clone(), since).await {
            Ok(Settled::Found(mut found)) if found.len() == 1 => found.remove(0),
            other => panic!("{operation:?}: {other:?}"),
        }
    }

    /// The receipt is as good as one that was answered: what it names can be changed, and stands where it says.
    async fn is_usable(&self, receipt: &Receipt, room: &RoomKey) {
        let part = self.part("changed");
        let operation = Operation::Edit { target: &receipt.message, part: &part };
        let changed = patiently(self.connector.deliver(Attempt { room, operation })).await.unwrap();
        assert_eq!(changed.message.id, receipt.message.id);
        assert_eq!(self.seen(&receipt.message.id).text, "changed");
    }
}

#[tokio::test]
async fn c37_a_post_that_nobody_answered_is_found_and_is_the_only_one() {
    let (by_webhook, unnamed) = (Rig::ready().await, Rig::ready().await);
    let by_bot = as_the_bot("").await;
    let elif = Persona { name: "Elif Discord".into(), avatar: None };
    let files = [upload(4, "owl.png", &[b"owl"])];
    for (rig, persona) in [(&by_webhook, Some(&elif)), (&unnamed, None), (&by_bot, None)] {
        // With the webhook made already.
        rig.deliver(Operation::Post {
            part: &rig.part("warm"),
            persona,
            reply_to: None,
            thread: None,
            files: &[],
            key: &key(),
        })
        .await
        .unwrap();
        let root = rig.say("Ada", "owls", None);
        let (person, room) = ("Ada".into(), rig.room_id.to_string());
        let open =
            Act::Open { person, room, message: Some(root), name: "owls".into(), text: Some("in it".into()) };
        let thread = NativeId::from(rig.act(open));
        for (text, files, thread) in
            [("the same words ", &[][..], None), ("the same words", &[], Some(&thread)), ("", &files, None)]
        {
            let part = if files.is_empty() { rig.part(text) } else { parts(rig, text, files).remove(0) };
            let key = key();
            let post = Operation::Post { part: &part, persona, reply_to: None, thread, files, key: &key };
            let before = rig.all().len();
            let receipt = rig.unanswered(&post).await;
            assert_eq!(rig.all().len(), before + 2, "it and Ada's");
            let seen = rig.seen(&receipt.message.id);
            assert_eq!(seen.thread.as_deref(), thread.map(NativeId::as_str));
            assert_eq!(receipt.message.files, part.files);
            // Another name, other words, another place, other files: not what was found.
            let other = Persona { name: "Bruno".into(), avatar: None };
            let words = rig.part("other words");
            let elsewhere = NativeId::from("7");
            for operation in [
                Operation::Post {
                    part: &part,
                    persona: Some(&other),
                    reply_to: None,
                    thread,
                    files,
                    key: "o1",
                },
                Operation::Post { part: &words, persona, reply_to: None, thread, files, key: "o2" },
            ] {
                let told = rig.settle(operation, Timestamp(Timestamp::now().0 - 5_000)).await;
                assert_eq!(told, Ok(Settled::Found(Vec::new())));
            }
            let nowhere = Operation::Post {
                part: &part,
                persona,
                reply_to: None,
                thread: Some(&elsewhere),
                files,
                key: "o3",
            };
            let told = rig.settle(nowhere, Timestamp::now()).await;
            assert!(told.is_err(), "{told:?}");
            if files.is_empty() {
                rig.is_usable(&receipt, &rig.room).await;
            }
        }
    }
}

#[tokio::test]
async fn c37_what_is_opened_is_found() {
    let rig = Rig::ready().await;
    let root = MessageRef::plain(rig.say("Ada", "owls?", None));
    for (root, name) in [(Some(&root), "owls"), (None, "hoots ")] {
        let open = Operation::Open { root, name };
        let receipt = rig.unanswered(&open).await;
        let threads = rig.world.discord.threads(rig.room_id.as_str()).unwrap();
        let opened = threads.iter().find(|it| it.id == receipt.message.id.as_str()).unwrap();
        assert_eq!(
            (opened.name.as_str(), receipt.message.thread.as_ref()),
            (name.trim(), Some(&receipt.message.id))
        );
        assert_eq!(root.map(|it| it.id.as_str()), opened.root.as_deref());
        // Again, and it is the same where it hangs from a message.
        if root.is_some() {
            assert_eq!(rig.deliver(open).await, Ok(receipt));
        }
    }
}

#[tokio::test]
async fn c37_a_forums_post_is_found_by_how_it_begins() {
    let mut world = World::demo();
    let forum = Room { id: String::new(), name: "ideas".into(), private: false, forum: true };
    world.discord.spaces[0].rooms.insert(0, forum);
    let rig = Rig::of(world).await;
    rig.preflight().await;
    rig.post("warm", "Elif").await.unwrap();
    let since = Timestamp::now();
    rig.fault(Kind::CutAfter, "POST /api/v10/webhooks", 1.0);
    let (part, elif) = (rig.part("more owls"), Persona { name: "Elif".into(), avatar: None });
    let key = key();
    let post = Operation::Post {
        part: &part,
        persona: Some(&elif),
        reply_to: None,
        thread: None,
        files: &[],
        key: &key,
    };
    let told = rig.deliver(post.clone()).await;
    assert!(matches!(told, Err(DeliverError::Unsure(_))), "{told:?}");
    let found = rig.settle(post, since).await;
    let Ok(Settled::Found(found)) = found else { panic!("{found:?}") };
    assert_eq!(found.len(), 1);
    rig.is_usable(&found[0], &rig.room).await;
}

/// Without webhooks Discord itself sees to it, for a few minutes.
#[tokio::test]
async fn a_bots_message_with_the_same_key_is_not_made_twice() {
    let rig = as_the_bot("").await;
    let part = rig.part("once");
    let post = |key: &'static str| Operation::Post {
        part: &part,
        persona: None,
        reply_to: None,
        thread: None,
        files: &[],
        key,
    };
    rig.fault(Kind::CutAfter, "POST", 1.0);
    assert!(matches!(rig.deliver(post("one")).await, Err(DeliverError::Unsure(_))));
    let again = rig.deliver(post("one")).await.unwrap();
    assert_eq!((rig.all().len(), rig.all()[0].id.as_str()), (1, again.message.id.as_str()));
    let other = rig.deliver(post("other")).await.unwrap();
    assert_eq!(rig.all().len(), 2);
    // The nonce tells them apart where it is told.
    for (key, id) in [("one", &again.message.id), ("other", &other.message.id)] {
        let told = rig.settle(post(key), Timestamp(Timestamp::now().0 - 5_000)).await;
        let Ok(Settled::Found(found)) = told else { panic!("{told:?}") };
        assert_eq!(found.iter().map(|it| &it.message.id).collect::<Vec<_>>(), [id], "{key}");
    }
}

#[tokio::test]
async fn where_history_is_not_to_be_read_nothing_is_said() {
    let rig = as_the_bot("READ_MESSAGE_HISTORY").await;
    let part = rig.part("once");
    let post =
        Operation::Post { part: &part, persona: None, reply_to: None, thread: None, files: &[], key: "one" };
    assert_eq!(rig.settle(post, Timestamp::now()).await, Ok(Settled::CannotTell));
}
