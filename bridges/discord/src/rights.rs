//! What Relay lacks the permission for in a channel, and where to click.
//!
//! <https://discord.com/developers/docs/topics/permissions>

use crate::guilds::Channel;
use relay_contract::Problem;
use twilight_model::guild::Permissions;

/// What will not work, and where to click.
pub fn warnings(allowed: Permissions, channel: &Channel, name: &str) -> Vec<Problem> {
    use Permissions as P;
    let send = if channel.is_thread() {
        (Permissions::SEND_MESSAGES_IN_THREADS, "Send Messages in Threads")
    } else {
        (Permissions::SEND_MESSAGES, "Send Messages")
    };
    let missing = [
        (send.0, send.1, "Relay cannot post here as the bot"),
        (
            Permissions::READ_MESSAGE_HISTORY,
            "Read Message History",
            "what is said while Relay is away is lost, and answers cannot show what they answer",
        ),
        (
            Permissions::MANAGE_WEBHOOKS,
            "Manage Webhooks",
            "messages are posted as the bot, with the author's name in front, instead of under the author's name and picture",
        ),
        (P::ADD_REACTIONS, "Add Reactions", "reactions from elsewhere are shown as a line of text"),
        (
            P::MANAGE_MESSAGES,
            "Manage Messages",
            "Relay cannot delete what people here wrote, where a link asks for it",
        ),
    ];
    let of_the_bot = [
        (P::ATTACH_FILES, "Attach Files", "files from elsewhere are shown as links"),
        (P::SEND_POLLS, "Create Polls", "polls from elsewhere are shown as text"),
    ];
    // A webhook needs neither.
    let of_the_bot = of_the_bot.into_iter().filter(|_| !allowed.contains(P::MANAGE_WEBHOOKS));
    let pins = (P::PIN_MESSAGES, "Pin Messages", "what is pinned elsewhere is not pinned here");
    let pins = (!allowed.contains(P::MANAGE_MESSAGES)).then_some(pins);
    let threads = [
        (P::CREATE_PUBLIC_THREADS, "Create Public Threads", "threads from elsewhere are shown as answers"),
        (P::SEND_MESSAGES_IN_THREADS, "Send Messages in Threads", "Relay cannot post in threads as the bot"),
    ];
    // What hangs in a thread cannot have threads of its own.
    let threads = threads.into_iter().filter(|_| !channel.is_thread() && !channel.is_forum());
    let missing = missing.into_iter().chain(of_the_bot).chain(pins).chain(threads);
    let missing = missing.filter(|(permission, ..)| !allowed.contains(*permission)).map(|(_, permission, effect)| {
        Problem::new(
            format!("The bot has no `{permission}` in {name}: {effect}."),
            format!("Grant it: right-click {name} → Edit Channel → Permissions → the bot's role → {permission}."),
        )
    });
    let locked = channel.thread_metadata.as_ref().is_some_and(|state| state.locked)
        && !allowed.contains(Permissions::MANAGE_THREADS);
    let locked = locked.then(|| {
        Problem::new(
            format!("The thread {name} is locked: Relay cannot post in it."),
            format!("Unlock it: right-click {name} → Unlock Thread; or grant the bot Manage Threads."),
        )
    });
    missing.chain(locked).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::guilds::ThreadState;
    use serde_json::json;

    fn channel(kind: u8) -> Channel {
        serde_json::from_value(json!({ "id": "2", "type": kind, "guild_id": "1", "name": "owls" })).unwrap()
    }

    #[test]
    fn each_missing_permission_is_a_warning() {
        let text = channel(0);
        assert_eq!(warnings(Permissions::all(), &text, "#general"), []);
        let missing = Permissions::all() - Permissions::MANAGE_WEBHOOKS;
        let told = warnings(missing, &text, "#general");
        assert_eq!(told.len(), 1);
        assert!(told[0].to_string().contains("Manage Webhooks") && told[0].fix.contains("click #general"));
        let mut thread = channel(11);
        assert_eq!(warnings(Permissions::VIEW_CHANNEL, &thread, "#owls").len(), 8);
        assert_eq!(warnings(Permissions::VIEW_CHANNEL, &text, "#general").len(), 10);
        // A webhook needs neither files nor polls allowed; who manages messages may pin them.
        let without = |missing| warnings(Permissions::all() - missing, &text, "#general").len();
        assert_eq!(without(Permissions::ATTACH_FILES | Permissions::SEND_POLLS), 0);
        assert_eq!((without(Permissions::PIN_MESSAGES), without(Permissions::MANAGE_MESSAGES)), (0, 1));
        thread.thread_metadata = Some(ThreadState { archived: true, locked: true, archive_timestamp: None });
        let all_but_threads = Permissions::all() - Permissions::MANAGE_THREADS;
        assert!(warnings(all_but_threads, &thread, "#owls")[0].fix.contains("Unlock Thread"));
        assert_eq!(warnings(Permissions::all(), &thread, "#owls"), []);
    }
}
