//! A message as the members of a channel see it.

use super::model::{Author, Message};
use crate::people::Seen;

/// What a member sees of `message`.
pub fn of(message: &Message) -> Seen {
    let draft = &message.draft;
    let (author, avatar, by_bot) = match &message.author {
        Author::User(user) => (user.name.clone(), None, user.bot),
        Author::Webhook { name, avatar, .. } => (name.clone(), avatar.clone(), true),
    };
    let mut pinged: Vec<String> =
        draft.pings.users.iter().chain(&draft.pings.roles).map(u64::to_string).collect();
    pinged.extend(draft.pings.everyone.then(|| "everyone".to_owned()));
    pinged.extend(draft.pings.here.then(|| "here".to_owned()));
    Seen {
        id: message.id.to_string(),
        room: message.channel.to_string(),
        author,
        avatar,
        by_bot,
        text: draft.content.clone(),
        entities: Vec::new(),
        reply_to: draft.reply_to.map(|id| id.to_string()),
        extras: draft.embeds.iter().chain(&draft.components).cloned().collect(),
        files: draft.files.iter().map(|file| file.name.clone()).collect(),
        only_for: message.only_for.map(|id| id.to_string()),
        edited: message.edited.is_some(),
        deleted: message.deleted,
        pinged,
        at: message.at,
        ..Seen::default()
    }
}
