//! What Relay delivers is seen by people.

use crate::rig::{Rig, key};
use relay_contract::{DeliverError, MessageRef, Operation, Persona};

#[tokio::test]
async fn a_post_under_a_name_its_edit_and_its_delete() {
    let rig = Rig::ready().await;
    let (part, avatar) = (rig.part("*hello* @everyone"), Some("https://a.example/elif.png".to_owned()));
    let persona = Persona { name: "Elif".to_owned(), avatar: avatar.clone() };
    let post = Operation::Post {
        part: &part,
        persona: Some(&persona),
        reply_to: None,
        thread: None,
        files: &[],
        key: &key(),
    };
    let message = rig.deliver(post).await.unwrap().message;
    let seen = rig.seen(&message.id);
    assert_eq!((seen.author.as_str(), seen.text.as_str()), ("Elif", r"\*hello\* @everyone"));
    assert_eq!((seen.avatar, seen.by_bot, seen.pinged.len()), (avatar, true, 0));

    rig.change(&message, "@here changed").await.unwrap();
    let seen = rig.seen(&message.id);
    assert_eq!((seen.text.as_str(), seen.edited, seen.pinged.len()), ("@here changed", true, 0));

    rig.remove(&message).await.unwrap();
    assert!(rig.seen(&message.id).deleted);
    assert_eq!(rig.remove(&message).await, Err(DeliverError::TargetGone));
    assert_eq!(rig.change(&message, "late").await, Err(DeliverError::TargetGone));
}

#[tokio::test]
async fn c17_a_name_that_discord_refuses_is_adjusted() {
    let rig = Rig::ready().await;
    for (name, shown) in
        [("Discord Fan", "D·iscord Fan"), ("a\nb", "a b"), ("", "Someone"), ("here", "h·ere")]
    {
        let message = rig.post("hello", name).await.unwrap().message;
        assert_eq!(rig.seen(&message.id).author, shown);
    }
    let long = rig.post("hello", &"🦉".repeat(200)).await.unwrap().message;
    assert_eq!(rig.seen(&long.id).author.chars().count(), 80);
}

/// C16, C18: after a restart the webhook is found again, not made again, and the receipt is enough.
#[tokio::test]
async fn a_restart_finds_its_webhook_and_its_messages() {
    let mut rig = Rig::ready().await;
    let first = rig.post("before", "Elif").await.unwrap().message;
    rig.connector = rig.restarted().await;
    rig.change(&first, "changed after").await.unwrap();
    let second = rig.post("after", "Elif").await.unwrap().message;
    assert_eq!(rig.seen(&first.id).text, "changed after");
    assert_eq!(first.thread, second.thread, "another webhook was made");
    rig.remove(&first).await.unwrap();
    assert!(rig.seen(&first.id).deleted);
}

#[tokio::test]
async fn a_deleted_webhook_is_made_again() {
    let rig = Rig::ready().await;
    let old = rig.post("before", "Elif").await.unwrap().message;
    rig.delete_webhooks();
    let refused = rig.post("after", "Elif").await;
    assert!(matches!(refused, Err(DeliverError::Unavailable(_))), "{refused:?}");
    let new = rig.post("after", "Elif").await.unwrap().message;
    assert_eq!(rig.seen(&new.id).text, "after");
    assert_ne!(old.thread, new.thread);
    // What the old one posted cannot be changed any more; the bot may still take it away.
    assert_eq!(rig.change(&old, "changed").await, Err(DeliverError::TargetGone));
    rig.remove(&old).await.unwrap();
    assert!(rig.seen(&old.id).deleted);
}

#[tokio::test]
async fn an_edit_through_a_webhook_that_was_deleted_meanwhile_has_no_target() {
    let rig = Rig::ready().await;
    let message = rig.post("before", "Elif").await.unwrap().message;
    rig.delete_webhooks();
    assert_eq!(rig.change(&message, "changed").await, Err(DeliverError::TargetGone));
}

#[tokio::test]
async fn without_webhooks_the_bot_posts_and_answers() {
    let rights = ["VIEW_CHANNEL", "SEND_MESSAGES", "READ_MESSAGE_HISTORY", "MESSAGE_CONTENT"];
    let rig = Rig::with(|bot| bot.may = Some(rights.map(str::to_owned).to_vec())).await;
    rig.preflight().await;
    let question = MessageRef::plain(rig.say("Ada", "anyone?", None));
    let answer = rig.post_as_bot("Elif: me, @everyone", Some(&question)).await.unwrap().message;
    let seen = rig.seen(&answer.id);
    assert_eq!((seen.author.as_str(), seen.text.as_str()), ("Relay", "Elif: me, @everyone"));
    assert_eq!((seen.reply_to.as_deref(), seen.pinged.len()), (Some(question.id.as_str()), 0));
    rig.change(&answer, "Elif: not me").await.unwrap();
    assert_eq!(rig.seen(&answer.id).text, "Elif: not me");
    rig.remove(&answer).await.unwrap();
    assert!(rig.seen(&answer.id).deleted);
    // Planned under a name: never shown without it.
    assert!(matches!(rig.post("hello", "Elif").await, Err(DeliverError::Forbidden(_))));
}

#[tokio::test]
async fn links_lead_to_messages() {
    let rig = Rig::ready().await;
    let message = rig.post("hello", "Elif").await.unwrap().message;
    let guild = &rig.world.world.discord.spaces[0].id;
    let link = rig.connector.permalink(&rig.room, &message).unwrap();
    let api = rig.world.discord.api_url();
    assert_eq!(link, format!("{api}/channels/{guild}/{}/{}", rig.room_id, message.id));
}
