//! Slack's objects, field by field as <https://docs.slack.dev/reference> names them.

use super::state::{App, Author, Person, Room, State, Stored};
use super::{buttons, emoji, rich_text};
use crate::people::{Seen, SeenReaction};
use serde_json::{Value, json};

/// The `event_callback` around an event.
pub fn callback(team: &str, app: &App, event: Value, id: &str) -> Value {
    let time =
        event["event_ts"].as_str().and_then(|ts| ts.split('.').next()?.parse::<u64>().ok()).unwrap_or(0);
    json!({
        "token": "unused", "team_id": team, "context_team_id": team, "context_enterprise_id": null,
        "api_app_id": app.id, "event": event, "type": "event_callback", "event_id": id, "event_time": time,
        "authorizations": [{
            "enterprise_id": null, "team_id": team, "user_id": app.user.id, "is_bot": true,
            "is_enterprise_install": false,
        }],
        "is_ext_shared_channel": false, "event_context": format!("4-{id}"),
    })
}

/// A message as events, `chat.postMessage` and `conversations.history` show it.
pub fn message(state: &State, room: &Room, message: &Stored) -> Value {
    let mut told = json!({
        "type": "message", "ts": message.ts, "text": message.text, "team": state.team,
        "blocks": message.custom.blocks.clone().unwrap_or_else(|| rich_text::blocks(&message.text, &block_id(&message.ts))),
    });
    match &message.author {
        Author::Person(id) => {
            told["user"] = json!(id);
            told["client_msg_id"] = json!(message.client_id);
        }
        Author::App(app) => by_app(state, *app, message, &mut told),
    }
    if let Some(root) = &message.thread {
        told["thread_ts"] = json!(root);
        if *root == message.ts {
            told["reply_count"] = json!(message.replies);
            if let Some(latest) = &message.latest_reply {
                told["latest_reply"] = json!(latest);
            }
            told["is_locked"] = json!(false);
            told["subscribed"] = json!(false);
        } else if let Some(author) = state.said.get(&room.id, root).and_then(|m| state.user_id(&m.author)) {
            told["parent_user_id"] = json!(author);
        }
        if message.broadcast && told.get("subtype").is_none() {
            told["subtype"] = json!("thread_broadcast");
        }
    }
    if let Some((user, ts)) = &message.edited {
        told["edited"] = json!({ "user": user, "ts": ts });
    }
    if !message.files.is_empty() {
        told["subtype"] = json!("file_share");
        told["upload"] = json!(false);
        told["files"] = message.files.iter().filter_map(|file| file.told(state)).collect();
    }
    if !message.reactions.is_empty() {
        let told_of = |(name, users): &(String, Vec<String>)| json!({ "name": name, "users": users, "count": users.len() });
        told["reactions"] = message.reactions.iter().map(told_of).collect();
    }
    if message.pinned {
        told["pinned_to"] = json!([room.id]);
    }
    for (name, value) in
        [("attachments", &message.custom.attachments), ("metadata", &message.custom.metadata)]
    {
        if let Some(value) = value {
            told[name] = value.clone();
        }
    }
    told
}

/// Of what an app noted down beside its message, events and history tell the kind alone unless somebody asks for all of it
/// (<https://docs.slack.dev/messaging/message-metadata/>).
pub fn without_payload(told: &mut Value) {
    for message in ["", "/message", "/previous_message"] {
        if let Some(noted) = told.pointer_mut(message).and_then(|message| message.get_mut("metadata")) {
            *noted = json!({ "event_type": noted["event_type"] });
        }
    }
}

/// An app's message: with a name of its own it has no user.
fn by_app(state: &State, app: usize, message: &Stored, told: &mut Value) {
    let Some(app) = state.apps.get(app) else { return };
    told["bot_id"] = json!(app.bot_id);
    told["app_id"] = json!(app.id);
    let custom = &message.custom;
    let mut icons = json!({});
    if let Some(url) = &custom.icon_url {
        for size in ["image_36", "image_48", "image_72"] {
            icons[size] = json!(url);
        }
    } else if let Some(emoji) = &custom.icon_emoji {
        icons["emoji"] = json!(emoji);
    }
    if custom.username.is_some() || icons != json!({}) {
        told["subtype"] = json!("bot_message");
        told["username"] = json!(custom.username.as_ref().unwrap_or(&app.user.name));
        if icons != json!({}) {
            told["icons"] = icons;
        }
    } else {
        told["user"] = json!(app.user.id);
        told["bot_profile"] = bot(state, app);
    }
}

/// The attachment with which a message is passed on, as the client's "Forward message" makes it.
pub fn share(state: &State, room: &Room, message: &Stored) -> Value {
    let whose = seen(state, room, message);
    let told = self::message(state, room, message);
    let permalink = format!("{}/archives/{}/p{}", state.url, room.id, message.ts.replace('.', ""));
    json!([{
        "id": 1, "ts": message.ts, "author_id": told["user"], "author_name": whose.author, "author_subname": whose.author,
        "author_icon": whose.avatar, "channel_id": room.id, "channel_team": state.team, "channel_name": room.name,
        "is_msg_unfurl": true, "is_share": true, "from_url": permalink, "original_url": permalink,
        "text": message.text, "fallback": message.text, "mrkdwn_in": ["text"], "footer": "Slack Conversation",
        "message_blocks": [{
            "team": state.team, "channel": room.id, "ts": message.ts, "message": { "blocks": told["blocks"] },
        }],
        "files": told["files"],
    }])
}

/// What is left of the first message of a thread.
pub fn tombstone(old: &Stored) -> Value {
    json!({
        "type": "message", "subtype": "tombstone", "text": "This message was deleted.", "user": "USLACKBOT",
        "hidden": true, "ts": old.ts, "thread_ts": old.ts, "reply_count": old.replies, "latest_reply": old.latest_reply,
        "is_locked": false, "subscribed": false,
    })
}

fn block_id(ts: &str) -> String {
    let digits = ts.get(ts.len().saturating_sub(5)..).unwrap_or_default();
    format!("b{digits}")
}

/// Where a user's picture is.
pub fn avatar(state: &State, id: &str) -> String {
    format!("{}/avatars/{id}.svg", state.url)
}

/// The answer of `bots.info`, and a message's `bot_profile`.
pub fn bot(state: &State, app: &App) -> Value {
    let picture = avatar(state, &app.user.id);
    json!({
        "id": app.bot_id, "deleted": false, "name": app.user.name, "updated": state.since, "app_id": app.id,
        "user_id": app.user.id, "team_id": state.team,
        "icons": { "image_36": picture, "image_48": picture, "image_72": picture },
    })
}

/// A user; `app` is given for a bot's.
pub fn user(state: &State, user: &Person, app: Option<&App>) -> Value {
    let mut profile = json!({
        "title": "", "phone": "", "skype": "", "real_name": user.name, "real_name_normalized": user.name,
        "display_name": if app.is_some() { "" } else { &user.name },
        "display_name_normalized": if app.is_some() { "" } else { &user.name },
        "status_text": "", "status_emoji": "", "avatar_hash": "g", "team": state.team,
    });
    for size in ["24", "32", "48", "72", "192", "512"] {
        profile[format!("image_{size}")] = json!(avatar(state, &user.id));
    }
    if let Some(app) = app {
        profile["bot_id"] = json!(app.bot_id);
        profile["api_app_id"] = json!(app.id);
    }
    json!({
        "id": user.id, "team_id": state.team, "name": user.handle, "deleted": false, "color": "9f69e7",
        "real_name": user.name, "tz": "Europe/Berlin", "tz_label": "Central European Time", "tz_offset": 3_600,
        "profile": profile, "is_admin": user.admin, "is_owner": false, "is_primary_owner": false, "is_restricted": false,
        "is_ultra_restricted": false, "is_bot": app.is_some(), "is_app_user": false, "updated": state.since,
    })
}

/// A channel as one app sees it.
pub fn room(state: &State, room: &Room, app: &App) -> Value {
    let creator = state.people.first().map(|p| p.id.clone()).unwrap_or_default();
    json!({
        "id": room.id, "name": room.name, "name_normalized": room.name, "is_channel": true, "is_group": false,
        "is_im": false, "is_mpim": false, "is_private": room.private, "created": state.since, "updated": state.since * 1_000,
        "is_archived": room.archived, "is_general": room.name == "general", "unlinked": 0, "is_shared": false,
        "is_org_shared": false, "is_pending_ext_shared": false, "is_ext_shared": false, "pending_shared": [],
        "context_team_id": state.team, "shared_team_ids": [state.team], "creator": creator, "previous_names": [],
        "is_member": app.rooms.contains(&room.id),
        "topic": { "value": "", "creator": "", "last_set": 0 }, "purpose": { "value": "", "creator": "", "last_set": 0 },
    })
}

/// User ids of everybody in a channel: people are in all of them that they have not left.
pub fn members(state: &State, room: &Room) -> Vec<String> {
    let bots = state.apps.iter().filter(|a| a.rooms.contains(&room.id)).map(|a| a.user.id.clone());
    let people = state.people.iter().map(|p| p.id.clone()).filter(|id| !room.absent.contains(id));
    people.chain(bots).collect()
}

/// A message as the people in the channel see it.
pub fn seen(state: &State, room: &Room, message: &Stored) -> Seen {
    let (author, picture, by_bot) = match &message.author {
        Author::Person(id) => {
            let name = state.people.iter().find(|p| p.id == *id).map(|p| p.name.clone());
            (name.unwrap_or_default(), Some(avatar(state, id)), false)
        }
        Author::App(app) => {
            let app = state.apps.get(*app);
            let name = message.custom.username.clone().or_else(|| app.map(|a| a.user.name.clone()));
            let own = app.map(|a| avatar(state, &a.user.id));
            (name.unwrap_or_default(), message.custom.icon_url.clone().or(own), true)
        }
    };
    let mut pinged = Vec::new();
    pings_in(&message.text, &mut pinged);
    if let Some(blocks) = &message.custom.blocks {
        pings_within(blocks, &mut pinged);
    }
    let files = message.files.iter().filter(|file| !file.gone).filter_map(|file| state.files.get(&file.id));
    let attachments: Vec<_> = files.map(|file| file.seen(state)).collect();
    let reactions = message.reactions.iter();
    Seen {
        id: message.ts.clone(),
        room: room.id.clone(),
        author,
        avatar: picture,
        by_bot,
        text: message.text.clone(),
        entities: Vec::new(),
        reply_to: message.thread.clone().filter(|root| *root != message.ts),
        extras: message.custom.blocks.as_ref().and_then(Value::as_array).cloned().unwrap_or_default(),
        buttons: buttons::seen(message.custom.blocks.as_ref()),
        files: attachments.iter().map(|file| file.name.clone()).collect(),
        attachments,
        reactions: reactions
            .map(|(name, people)| SeenReaction { emoji: emoji::shown(name), people: people.clone() })
            .collect(),
        thread: message.thread.clone().filter(|root| *root != message.ts),
        pinned: message.pinned,
        forwarded: forwarded(message),
        only_for: message.only_for.clone(),
        edited: message.edits > 0,
        deleted: message.deleted,
        pinged,
        at: message.at,
        ..Seen::default()
    }
}

/// Whose message was passed on.
fn forwarded(message: &Stored) -> Option<String> {
    let shared =
        message.custom.attachments.as_ref()?.as_array()?.iter().find(|one| one["is_share"] == true)?;
    shared["author_name"].as_str().map(str::to_owned)
}

/// Whom a text and its blocks notify.
pub fn pinged(text: &str, blocks: &Value) -> Vec<String> {
    let mut pinged = Vec::new();
    pings_in(text, &mut pinged);
    pings_within(blocks, &mut pinged);
    pinged
}

/// Whom mrkdwn notifies: `<@U…>` by id, `<!here>` and the like by name (`<!channel>` is everyone in the channel).
fn pings_in(text: &str, out: &mut Vec<String>) {
    for part in text.split('<').skip(1) {
        let Some((inside, _)) = part.split_once('>') else {
            continue;
        };
        let target = inside.split('|').next().unwrap_or_default();
        if let Some(user) = target.strip_prefix('@') {
            push(user, out);
        } else if let Some(range) =
            target.strip_prefix('!').filter(|r| matches!(*r, "here" | "channel" | "everyone"))
        {
            push(range, out);
        }
    }
}

fn push(who: &str, out: &mut Vec<String>) {
    let who = if who == "channel" { "everyone" } else { who };
    if !out.iter().any(|w| w == who) {
        out.push(who.to_owned());
    }
}

fn pings_within(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|v| pings_within(v, out)),
        Value::Object(fields) => {
            let field = |name: &str| fields.get(name).and_then(Value::as_str);
            match field("type") {
                Some("mrkdwn") => pings_in(field("text").unwrap_or_default(), out),
                Some("user") => push(field("user_id").unwrap_or_default(), out),
                Some("broadcast") => push(field("range").unwrap_or_default(), out),
                _ => fields.values().for_each(|v| pings_within(v, out)),
            }
        }
        _ => {}
    }
}
