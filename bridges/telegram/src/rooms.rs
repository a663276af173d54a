//! One chat in a preflight: is it there, is the bot in it, what may the bot do.

use crate::api::{Answer, Api};
use crate::preflight::{Me, QUESTION, answered};
use crate::{errors, ids, wire};
use relay_contract::{NativeId, OpenError, Problem, RoomReport, SpaceRef, Visibility};
use serde::Deserialize;
use teloxide::payloads::{GetChat, GetChatMember};
use teloxide::types::{ChatId, UserId};

const SWITCH_PRIVACY_OFF: &str = "Send /setprivacy to @BotFather, choose the bot, then Disable; after that, remove the bot from \
                                  the group and add it again. Or make the bot an administrator of the group.";

/// A `ChatFullInfo`.
#[derive(Debug, Deserialize)]
struct Place {
    #[serde(flatten)]
    chat: wire::Chat,
    permissions: Option<Permissions>,
}

#[derive(Debug, Deserialize)]
struct Permissions {
    can_send_messages: Option<bool>,
}

/// A `ChatMember`. Source: <https://core.telegram.org/bots/api#chatmember>.
#[derive(Debug, Deserialize)]
struct Member {
    status: String,
    /// Of a restricted one.
    is_member: Option<bool>,
    /// Of a restricted one.
    can_send_messages: Option<bool>,
    /// Of a channel's administrator.
    can_post_messages: Option<bool>,
}

/// The inner result is about the chat, the outer one about Telegram.
pub async fn report(api: &Api, me: &Me, room: &NativeId) -> Result<Result<RoomReport, Problem>, OpenError> {
    let Some(id) = ids::chat(room) else {
        return Ok(Err(not_an_id(room)));
    };
    let place: Place = match api.call(&GetChat::new(ChatId(id)), QUESTION).await {
        Ok(place) => place,
        Err(error) => return Ok(Err(no_chat(id, &answered(error)?))),
    };
    if place.chat.kind == "private" {
        return Ok(Ok(described(&place, Vec::new())));
    }
    let own = UserId(me.id.unsigned_abs());
    let member: Member = match api.call(&GetChatMember::new(ChatId(id), own), QUESTION).await {
        Ok(member) => member,
        Err(error) => return Ok(Err(no_chat(id, &answered(error)?))),
    };
    Ok(judged(&place, &member, me.can_read_all_group_messages))
}

fn judged(place: &Place, member: &Member, reads_all: bool) -> Result<RoomReport, Problem> {
    let name = place.chat.name();
    let (inside, admin) = match member.status.as_str() {
        "creator" | "administrator" => (true, true),
        "restricted" => (member.is_member.unwrap_or(false), false),
        "left" | "kicked" => (false, false),
        _ => (true, false),
    };
    if member.status == "kicked" {
        return Err(Problem::new(
            format!("The bot was removed from “{name}”."),
            "Take it off the group's list of removed users (Edit → Permissions → Removed users), then add it again.",
        ));
    }
    if !inside {
        return Err(Problem::new(
            format!("The bot is not in “{name}”."),
            "Open the chat, tap its name → Add members, and add the bot (for a channel: Administrators → Add admin).",
        ));
    }
    if place.chat.kind == "channel" {
        return channel(place, member, admin);
    }
    if !reads_all && !admin {
        return Err(Problem::new(
            format!(
                "The bot cannot read “{name}”: its privacy mode is on, and it is not an administrator there."
            ),
            SWITCH_PRIVACY_OFF,
        ));
    }
    let mut warnings = Vec::new();
    if !reads_all {
        warnings.push(Problem::new(
            "The bot's privacy mode is on: it reads this group only as long as it is an administrator of it.",
            SWITCH_PRIVACY_OFF,
        ));
    }
    let everybody = place.permissions.as_ref().and_then(|all| all.can_send_messages);
    let own = member.can_send_messages.or(everybody).unwrap_or(true);
    if !own && !admin {
        warnings.push(Problem::new(
            "The bot may not write in this group.",
            "Allow it: Edit → Permissions → Send messages, or make the bot an administrator.",
        ));
    }
    Ok(described(place, warnings))
}

fn channel(place: &Place, member: &Member, admin: bool) -> Result<RoomReport, Problem> {
    let posts = admin && (member.can_post_messages != Some(false) || member.status == "creator");
    let warning = Problem::new(
        "The bot may not post in this channel.",
        "Channel → Administrators → the bot → switch on Post messages.",
    );
    Ok(described(place, if posts { Vec::new() } else { vec![warning] }))
}

fn described(place: &Place, warnings: Vec<Problem>) -> RoomReport {
    let name = place.chat.name();
    RoomReport {
        key: ids::room(place.chat.id),
        space: SpaceRef { id: ids::native(place.chat.id), name: name.clone() },
        name,
        visibility: Visibility::Space,
        members: None,
        warnings,
    }
}

fn not_an_id(room: &NativeId) -> Problem {
    Problem::new(
        format!("`{room}` is not a Telegram chat id."),
        "Chat ids are numbers, such as -1001234567890 for a group: add @RawDataBot or a similar bot to the group for a moment to \
         read it, or take the number after t.me/c/ in a message's link and put -100 before it.",
    )
}

fn no_chat(id: i64, answer: &Answer) -> Problem {
    match answer.migrate_to {
        Some(new) => Problem::new(
            format!("The group {id} became a supergroup."),
            format!("Use its new id {new} in the config."),
        ),
        None if answer.description.contains("chat not found") => Problem::new(
            format!("There is no chat {id}, or the bot has never been in it."),
            "Check the id (groups begin with -, supergroups and channels with -100), and add the bot to the chat.",
        ),
        None => errors::forbidden(&answer.description),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn rights() {
        let group = json!({"id": -1001, "type": "supergroup", "title": "Hikers"});
        let muted = json!({"id": -1001, "type": "group", "title": "Hikers", "permissions": {"can_send_messages": false}});
        let channel = json!({"id": -1002, "type": "channel", "title": "News"});
        let cases = [
            (&group, json!({"status": "member"}), true, "fine"),
            (&group, json!({"status": "administrator"}), true, "fine"),
            (&group, json!({"status": "administrator"}), false, "warning: privacy mode"),
            (&group, json!({"status": "member"}), false, "problem: privacy mode"),
            (&group, json!({"status": "left"}), true, "problem: is not in"),
            (&group, json!({"status": "kicked"}), true, "problem: was removed"),
            (&group, json!({"status": "restricted", "is_member": false}), true, "problem: is not in"),
            (
                &group,
                json!({"status": "restricted", "is_member": true, "can_send_messages": false}),
                true,
                "warning: may not write",
            ),
            (&muted, json!({"status": "member"}), true, "warning: may not write"),
            (&muted, json!({"status": "administrator"}), true, "fine"),
            (&channel, json!({"status": "administrator", "can_post_messages": true}), false, "fine"),
            (
                &channel,
                json!({"status": "administrator", "can_post_messages": false}),
                true,
                "warning: may not post",
            ),
            (&channel, json!({"status": "member"}), true, "warning: may not post"),
        ];
        for (place, member, reads_all, expected) in cases {
            let shown = format!("{place} {member} {reads_all}");
            let got = match judged(&read(place), &read(&member), reads_all) {
                Err(problem) => format!("problem: {problem}"),
                Ok(report) if report.warnings.is_empty() => "fine".to_owned(),
                Ok(report) => format!("warning: {}", report.warnings[0]),
            };
            let (kind, says) = expected.split_once(": ").unwrap_or((expected, ""));
            assert!(got.starts_with(kind) && got.contains(says), "{shown}: {got}");
        }
    }

    fn read<T: serde::de::DeserializeOwned>(from: &Value) -> T {
        T::deserialize(from).unwrap()
    }
}
