//! The Bot API's objects, field by field as <https://core.telegram.org/bots/api> names them.

use super::entities::slice;
use super::state::{Bot, Chat, Standing, State, Stored, User};
use crate::people::Seen;
use serde_json::{Value, json};

/// A `User`.
pub fn user(user: &User) -> Value {
    let mut told = json!({ "id": user.id, "is_bot": user.is_bot, "first_name": user.name });
    if !user.handle.is_empty() {
        told["username"] = json!(user.handle);
    }
    if !user.is_bot {
        told["language_code"] = json!(if user.locale.is_empty() { "en" } else { &user.locale });
    }
    told
}

/// A `Chat`.
pub fn chat(chat: &Chat) -> Value {
    let name = if chat.kind() == "private" { "first_name" } else { "title" };
    let mut told = json!({ "id": chat.id, "type": chat.kind(), name: chat.title });
    if let Some(username) = &chat.username {
        told["username"] = json!(username);
    }
    if chat.forum && chat.kind() == "supergroup" {
        told["is_forum"] = json!(true);
    }
    told
}

/// A `ChatFullInfo`.
pub fn full_chat(place: &Chat) -> Value {
    let mut told = chat(place);
    let gifts = json!({
        "unlimited_gifts": true, "limited_gifts": true, "unique_gifts": true, "premium_subscription": true,
        // Later than 9.1; current clients insist on it.
        "gifts_from_channels": true,
    });
    let permissions = json!({
        "can_send_messages": true, "can_send_audios": true, "can_send_documents": true, "can_send_photos": true,
        "can_send_videos": true, "can_send_video_notes": true, "can_send_voice_notes": true, "can_send_polls": true,
        "can_send_other_messages": true, "can_add_web_page_previews": true, "can_change_info": false,
        "can_invite_users": true, "can_pin_messages": false, "can_manage_topics": false,
    });
    if let Some(username) = &place.username {
        told["active_usernames"] = json!([username]);
    }
    for (name, value) in [
        ("accent_color_id", json!(0)),
        ("max_reaction_count", json!(11)),
        ("accepted_gift_types", gifts),
        ("permissions", permissions),
    ] {
        told[name] = value;
    }
    told
}

/// A bot's `ChatMember` in a standing; `left` when it has none.
pub fn bot_member(bot: &Bot, standing: Option<Standing>) -> Value {
    match standing {
        Some(Standing::Administrator) => administrator(&bot.user),
        Some(Standing::Member) => member(&bot.user),
        Some(Standing::Kicked) => json!({ "status": "kicked", "user": user(&bot.user), "until_date": 0 }),
        None => json!({ "status": "left", "user": user(&bot.user) }),
    }
}

fn administrator(who: &User) -> Value {
    json!({
        "status": "administrator", "user": user(who), "can_be_edited": false, "is_anonymous": false,
        "can_manage_chat": true, "can_delete_messages": true, "can_manage_video_chats": true,
        "can_restrict_members": true, "can_promote_members": false, "can_change_info": true, "can_invite_users": true,
        "can_post_stories": false, "can_edit_stories": false, "can_delete_stories": false, "can_pin_messages": true,
        "can_manage_topics": true,
    })
}

/// A person's `ChatMember` in a group.
pub fn person_member(person: &User, creator: bool) -> Value {
    match (creator, person.manages) {
        (true, _) => json!({ "status": "creator", "user": user(person), "is_anonymous": false }),
        (false, true) => administrator(person),
        (false, false) => member(person),
    }
}

/// A `ChatMember` without any right.
pub fn member(who: &User) -> Value {
    json!({ "status": "member", "user": user(who) })
}

/// The `ChatMember` of somebody who is not there.
pub fn left(who: &User) -> Value {
    json!({ "status": "left", "user": user(who) })
}

/// What the people in a chat read where a service message stands.
fn service_line(fields: &Value) -> String {
    let says = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let names =
        ["new_chat_title", "forum_topic_created", "pinned_message", "new_chat_members", "left_chat_member"];
    match names.into_iter().find(|name| fields.get(name).is_some()) {
        Some("new_chat_title") => format!("changed the group name to “{}”", says("new_chat_title")),
        Some("forum_topic_created") => {
            let name = fields.pointer("/forum_topic_created/name").and_then(Value::as_str);
            format!("opened the topic “{}”", name.unwrap_or_default())
        }
        Some("pinned_message") => "pinned a message".to_owned(),
        Some("new_chat_members") => "joined the group".to_owned(),
        Some(_) => "left the group".to_owned(),
        None => "the group is a supergroup now".to_owned(),
    }
}

impl State {
    /// A `Message`; what it answers is inside, one level deep.
    pub fn wire_message(&self, place: &Chat, message: &Stored, with_reply: bool) -> Value {
        let mut told = json!({
            "message_id": message.id,
            "from": user(&message.from),
            "chat": chat(place),
            "date": message.at / 1_000,
        });
        let (text, entities) = match &message.media {
            Some(media) => {
                media.tell(&mut told);
                ("caption", "caption_entities")
            }
            None => ("text", "entities"),
        };
        if let Some(album) = &message.album {
            told["media_group_id"] = json!(album);
        }
        if let Some(poll) = &message.poll {
            told["poll"] = poll.told();
        }
        if let Some((origin, _)) = &message.forward {
            told["forward_origin"] = origin.clone();
        }
        if let Some(topic) = message.topic {
            told["message_thread_id"] = json!(topic);
            told["is_topic_message"] = json!(true);
        }
        if !message.body.text.is_empty() {
            told[text] = json!(message.body.text);
        }
        if !message.body.entities.is_empty() {
            told[entities] = json!(message.body.entities);
        }
        for (name, value) in message.service.iter().filter_map(Value::as_object).flatten() {
            told[name] = value.clone();
        }
        if let Some(at) = message.edited_at {
            told["edit_date"] = json!(at);
        }
        if let Some(options) = &message.link_preview {
            told["link_preview_options"] = options.clone();
        }
        if let Some(markup) = &message.markup {
            told["reply_markup"] = markup.clone();
        }
        // What answers nothing in a topic answers the message that opened it.
        let answered = message.reply_to.or(message.topic.filter(|topic| *topic != message.id));
        if with_reply && let Some(answered) = answered.and_then(|id| self.message(place.id, id)) {
            told["reply_to_message"] = self.wire_message(place, answered, false);
        }
        told
    }

    /// A message as the people in the chat see it.
    pub fn seen(&self, chat: i64, message: &Stored) -> Seen {
        Seen {
            id: message.id.to_string(),
            room: chat.to_string(),
            author: message.from.name.clone(),
            avatar: None,
            by_bot: message.from.is_bot,
            text: message.service.as_ref().map_or_else(|| message.body.text.clone(), service_line),
            entities: message.body.entities.iter().map(|e| json!(e)).collect(),
            reply_to: message.reply_to.map(|id| id.to_string()),
            extras: Vec::new(),
            buttons: super::buttons::seen(message.markup.as_ref()),
            files: message.media.iter().map(|media| media.name().to_owned()).collect(),
            thread: message.topic.map(|topic| topic.to_string()),
            attachments: message.media.iter().map(|media| media.seen(&self.url)).collect(),
            reactions: self.seen_reactions(message),
            poll: message.poll.as_ref().map(super::polls::Poll::seen),
            pinned: message.pinned,
            forwarded: message.forward.as_ref().map(|(_, whose)| whose.clone()),
            only_for: None,
            edited: message.edits > 0,
            deleted: message.deleted,
            pinged: self.pinged(message),
            at: message.at,
        }
    }

    /// Everybody whom a mention in the text notifies.
    fn pinged(&self, message: &Stored) -> Vec<String> {
        let body = &message.body;
        let named = body.entities.iter().filter_map(|e| match &*e.kind {
            "mention" => {
                let handle = slice(&body.text, e.offset, e.end())?.trim_start_matches('@');
                self.people.iter().find(|p| p.handle.eq_ignore_ascii_case(handle)).map(|p| p.id)
            }
            "text_mention" => e.user.as_ref()?.get("id")?.as_i64(),
            _ => None,
        });
        let mut ids: Vec<String> = named.map(|id| id.to_string()).collect();
        ids.dedup();
        ids
    }
}
