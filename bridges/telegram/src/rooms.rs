//! One chat in a preflight: is it there, is the bot in it, what may the bot do.

use crate::api::{Answer, Api};
use crate::known::{Allowed, Chat, Known, Rights};
use crate::preflight::{Me, QUESTION, answered};
use crate::{errors, ids, wire};
use relay_contract::{NativeId, OpenError, Problem, RoomReport, SpaceRef, Visibility};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use teloxide::payloads::{GetChat, GetChatMember, GetChatMemberCount};
use teloxide::requests::Payload;
use teloxide::types::{ChatId, UserId};

/// What to do about privacy mode.
pub const SWITCH_PRIVACY_OFF: &str = "Send /setprivacy to @BotFather, choose the bot, then Disable; after that, remove the bot from \
                                  the group and add it again. Or make the bot an administrator of the group.";

/// A `ChatFullInfo`. Source: <https://core.telegram.org/bots/api#chatfullinfo>.
#[derive(Debug, Deserialize)]
struct Place {
    #[serde(flatten)]
    chat: wire::Chat,
    permissions: Option<Permissions>,
    /// Names by which anybody finds it.
    #[serde(default)]
    active_usernames: Vec<String>,
    /// The place that a group is tied to.
    location: Option<IgnoredAny>,
    /// Its messages may stand in topics.
    #[serde(default)]
    is_forum: bool,
    /// What one may react with; none when it is any emoji.
    available_reactions: Option<Vec<Reaction>>,
}

/// A `ReactionType`.
#[derive(Debug, Deserialize)]
struct Reaction {
    emoji: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Permissions {
    can_send_messages: Option<bool>,
    can_pin_messages: Option<bool>,
}

/// A `ChatMember`. Source: <https://core.telegram.org/bots/api#chatmember>.
#[derive(Debug, Deserialize)]
struct Member {
    /// Of a restricted one.
    is_member: Option<bool>,
    /// Of a restricted one.
    can_send_messages: Option<bool>,
    /// Of a channel's administrator.
    can_post_messages: Option<bool>,
    #[serde(flatten)]
    allowed: Allowed,
}

/// What came of a question about a chat.
enum Told<T> {
    /// This.
    Here(T),
    /// The group is a supergroup now.
    Moved(i64),
    /// Nothing good.
    Wrong(Problem),
}

/// The inner result is about the chat, the outer one about Telegram. A group that became a supergroup is answered for with
/// the supergroup, under its key.
pub async fn report(
    api: &Api,
    known: &Known,
    me: &Me,
    room: &NativeId,
) -> Result<Result<RoomReport, Problem>, OpenError> {
    let Some(asked) = ids::chat(room) else {
        return Ok(Err(not_an_id(room)));
    };
    let mut id = known.moves.to(asked).unwrap_or(asked);
    let mut told = look(api, known, me, id).await?;
    if let Told::Moved(to) = told {
        known.moves.found(id, to);
        id = to;
        told = look(api, known, me, id).await?;
    }
    Ok(match told {
        Told::Here(mut report) if id != asked => {
            report.warnings.push(became_supergroup(asked, id));
            Ok(report)
        }
        Told::Here(report) => Ok(report),
        Told::Moved(to) => Err(became_supergroup(id, to)),
        Told::Wrong(problem) => Err(problem),
    })
}

async fn look(api: &Api, known: &Known, me: &Me, id: i64) -> Result<Told<RoomReport>, OpenError> {
    let place: Place = match ask(api, id, &GetChat::new(ChatId(id))).await? {
        Told::Here(place) => place,
        Told::Moved(to) => return Ok(Told::Moved(to)),
        Told::Wrong(problem) => return Ok(Told::Wrong(problem)),
    };
    if place.chat.kind == "private" {
        return Ok(Told::Here(described(&place, Vec::new())));
    }
    let own = GetChatMember::new(ChatId(id), UserId(me.id.unsigned_abs()));
    let count = GetChatMemberCount::new(ChatId(id));
    // Of an upgraded group these two are the first to say so: its members are not told any more.
    let (member, members) = futures::future::join(ask(api, id, &own), ask(api, id, &count)).await;
    Ok(match (member?, members?) {
        (Told::Here(member), members) => {
            let chat = place.known(&member);
            let judged = judged(&place, &chat, &member, me.can_read_all_group_messages);
            known.asked(id, chat);
            match judged {
                Ok(report) => Told::Here(RoomReport {
                    members: if let Told::Here(count) = members { Some(count) } else { None },
                    ..report
                }),
                Err(problem) => Told::Wrong(problem),
            }
        }
        (Told::Moved(to), _) => Told::Moved(to),
        (Told::Wrong(problem), _) => Told::Wrong(problem),
    })
}

async fn ask<P, R>(api: &Api, id: i64, question: &P) -> Result<Told<R>, OpenError>
where
    P: Payload + Serialize,
    R: DeserializeOwned,
{
    match api.call(question, QUESTION).await {
        Ok(told) => Ok(Told::Here(told)),
        Err(error) => answered(error).map(|answer| match answer.migrate_to {
            Some(to) => Told::Moved(to),
            None => Told::Wrong(no_chat(id, &answer)),
        }),
    }
}

impl Place {
    fn known(&self, member: &Member) -> Chat {
        let reactions = self.available_reactions.as_ref();
        Chat {
            channel: self.chat.kind == "channel",
            forum: self.is_forum,
            reactions: reactions.map(|all| all.iter().filter_map(|one| one.emoji.clone()).collect()),
            all_pin: self.permissions.as_ref().and_then(|all| all.can_pin_messages).unwrap_or(false),
            rights: Rights::from(&member.allowed),
        }
    }
}

fn judged(place: &Place, chat: &Chat, member: &Member, reads_all: bool) -> Result<RoomReport, Problem> {
    let name = place.chat.name();
    let (inside, admin) = match member.allowed.status.as_str() {
        "creator" | "administrator" => (true, true),
        "restricted" => (member.is_member.unwrap_or(false), false),
        "left" | "kicked" => (false, false),
        _ => (true, false),
    };
    if member.allowed.status == "kicked" {
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
    warnings.extend(lacking(chat));
    Ok(described(place, warnings))
}

/// What will not work in a group for want of a right.
fn lacking(chat: &Chat) -> Option<Problem> {
    let lacks = [
        (!chat.rights.admin, "it does not hear of reactions"),
        (!chat.pins(), "it cannot pin messages"),
        (!chat.rights.deletes, "it cannot delete what others say"),
        (chat.forum && !chat.rights.topics, "it cannot open topics"),
    ];
    let lacks: Vec<_> = lacks.into_iter().filter(|(lacks, _)| *lacks).map(|(_, what)| what).collect();
    let without = if chat.rights.admin { "lacks some rights" } else { "is not an administrator" };
    (!lacks.is_empty()).then(|| {
        Problem::new(
            format!("The bot {without} in this group: {}.", lacks.join(", ")),
            "Edit → Administrators → the bot (Add administrator, when it is none yet), and switch on Delete messages, Pin \
             messages and, in a forum, Manage topics.",
        )
    })
}

fn channel(place: &Place, member: &Member, admin: bool) -> Result<RoomReport, Problem> {
    let posts = admin && (member.can_post_messages != Some(false) || member.allowed.status == "creator");
    let warning = Problem::new(
        "The bot may not post in this channel.",
        "Channel → Administrators → the bot → switch on Post messages.",
    );
    Ok(described(place, if posts { Vec::new() } else { vec![warning] }))
}

fn described(place: &Place, warnings: Vec<Problem>) -> RoomReport {
    let mut report = sketch(&place.chat);
    // A group with a place on the map is found by everybody nearby, and read by anybody.
    if (!place.active_usernames.is_empty() || place.location.is_some()) && place.chat.kind != "private" {
        report.visibility = Visibility::World;
    }
    report.warnings = warnings;
    report
}

/// What any update tells of its chat: nothing about rights, and not how many people are in it.
pub fn sketch(chat: &wire::Chat) -> RoomReport {
    let name = chat.name();
    let public = chat.username.as_deref().is_some_and(|name| !name.is_empty());
    RoomReport {
        key: ids::room(chat.id),
        space: SpaceRef { id: ids::native(chat.id), name: name.clone() },
        name,
        visibility: match (chat.kind.as_str(), public) {
            // A person's handle does not open their chats.
            ("private", _) => Visibility::Private,
            (_, true) => Visibility::World,
            (_, false) => Visibility::Space,
        },
        members: None,
        warnings: Vec::new(),
    }
}

fn became_supergroup(old: i64, new: i64) -> Problem {
    Problem::new(
        format!("The group {old} became a supergroup, and its id is {new} now."),
        format!("Write {new} in the config; until then it is asked for at every start."),
    )
}

fn not_an_id(room: &NativeId) -> Problem {
    Problem::new(
        format!("`{room}` is not a Telegram chat id."),
        "Chat ids are numbers, such as -1001234567890 for a group: add @RawDataBot or a similar bot to the group for a moment to \
         read it, or take the number after t.me/c/ in a message's link and put -100 before it.",
    )
}

fn no_chat(id: i64, answer: &Answer) -> Problem {
    if answer.description.contains("chat not found") {
        return Problem::new(
            format!("There is no chat {id}, or the bot has never been in it."),
            "Check the id (groups begin with -, supergroups and channels with -100), and add the bot to the chat.",
        );
    }
    errors::forbidden(&answer.description)
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
        let forum = json!({"id": -1001, "type": "supergroup", "title": "Hikers", "is_forum": true});
        let able = |topics: bool| {
            json!({
                "status": "administrator", "can_pin_messages": true, "can_delete_messages": true,
                "can_manage_topics": topics,
            })
        };
        let cases = [
            (&group, json!({"status": "creator"}), true, "fine"),
            (&group, json!({"status": "member"}), true, "warning: does not hear of reactions, it cannot pin"),
            (
                &group,
                json!({"status": "administrator"}),
                true,
                "warning: lacks some rights in this group: it cannot",
            ),
            (&group, able(true), true, "fine"),
            (&forum, able(true), true, "fine"),
            (&forum, able(false), true, "warning: cannot open topics"),
            (&group, able(false), true, "fine"),
            (&group, able(true), false, "warning: privacy mode"),
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
            (&muted, able(true), true, "fine"),
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
            let (place, member): (Place, Member) = (read(place), read(&member));
            let got = match judged(&place, &place.known(&member), &member, reads_all) {
                Err(problem) => format!("problem: {problem}"),
                Ok(report) if report.warnings.is_empty() => "fine".to_owned(),
                Ok(report) => format!("warning: {}", report.warnings[0]),
            };
            let (kind, says) = expected.split_once(": ").unwrap_or((expected, ""));
            assert!(got.starts_with(kind) && got.contains(says), "{shown}: {got}");
        }
    }

    #[test]
    fn who_can_read_it() {
        let cases = [
            (json!({"type": "supergroup"}), Visibility::Space),
            (json!({"type": "group"}), Visibility::Space),
            (json!({"type": "supergroup", "username": "hikers"}), Visibility::World),
            (json!({"type": "channel", "username": "news"}), Visibility::World),
            (json!({"type": "supergroup", "username": ""}), Visibility::Space),
            (json!({"type": "supergroup", "active_usernames": ["hikers"]}), Visibility::World),
            (json!({"type": "supergroup", "location": {"address": "Main St 1"}}), Visibility::World),
            (json!({"type": "private", "username": "ada", "active_usernames": ["ada"]}), Visibility::Private),
        ];
        for (mut place, visibility) in cases {
            place["id"] = json!(-1001);
            let shown = place.to_string();
            assert_eq!(described(&read(&place), Vec::new()).visibility, visibility, "{shown}");
        }
    }

    fn read<T: serde::de::DeserializeOwned>(from: &Value) -> T {
        T::deserialize(from).unwrap()
    }
}
