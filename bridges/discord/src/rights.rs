//! What Relay lacks the permission for in a channel, and where to click.
//!
//! <https://discord.com/developers/docs/topics/permissions>

use crate::guilds::Channel;
use relay_contract::Problem;
use twilight_model::guild::Permissions;

/// A permission, as Discord calls it, and what will not work without it.
type Right = (Permissions, &'static str, &'static str);

const SEND: Right = (Permissions::SEND_MESSAGES, "Send Messages", "Relay cannot post here as the bot");
const SEND_IN_A_THREAD: Right = (SEND_IN_THREADS.0, SEND_IN_THREADS.1, SEND.2);
/// In every channel.
const EVERYWHERE: [Right; 4] = [
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
    (Permissions::ADD_REACTIONS, "Add Reactions", "reactions from elsewhere are shown as a line of text"),
    (
        Permissions::MANAGE_MESSAGES,
        "Manage Messages",
        "Relay cannot delete what people here wrote, where a link asks for it",
    ),
];
/// What a webhook does not need.
const OF_THE_BOT: [Right; 2] = [
    (Permissions::ATTACH_FILES, "Attach Files", "files from elsewhere are shown as links"),
    (Permissions::SEND_POLLS, "Create Polls", "polls from elsewhere are shown as text"),
];
const PINS: Right =
    (Permissions::PIN_MESSAGES, "Pin Messages", "what is pinned elsewhere is not pinned here");
const OPEN_THREADS: Right = (
    Permissions::CREATE_PUBLIC_THREADS,
    "Create Public Threads",
    "threads from elsewhere are shown as answers",
);
const SEND_IN_THREADS: Right = (
    Permissions::SEND_MESSAGES_IN_THREADS,
    "Send Messages in Threads",
    "Relay cannot post in threads as the bot",
);

/// Every permission that is of use: what the invitation asks for.
pub fn all() -> Permissions {
    let tables = EVERYWHERE.iter().chain(&OF_THE_BOT).chain([&SEND, &PINS, &OPEN_THREADS, &SEND_IN_THREADS]);
    tables.fold(Permissions::VIEW_CHANNEL, |all, (permission, ..)| all | *permission)
}

/// What will not work, and where to click.
pub fn warnings(allowed: Permissions, channel: &Channel, name: &str) -> Vec<Problem> {
    use Permissions as P;
    let send = if channel.is_thread() { SEND_IN_A_THREAD } else { SEND };
    let of_the_bot = OF_THE_BOT.into_iter().filter(|_| !allowed.contains(P::MANAGE_WEBHOOKS));
    let pins = (!allowed.contains(P::MANAGE_MESSAGES)).then_some(PINS);
    let threads = [OPEN_THREADS, SEND_IN_THREADS];
    // What hangs in a thread cannot have threads of its own.
    let threads = threads.into_iter().filter(|_| !channel.is_thread() && !channel.is_forum());
    let missing = [send].into_iter().chain(EVERYWHERE).chain(of_the_bot).chain(pins).chain(threads);
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
    fn who_is_invited_with_all_of_them_lacks_nothing() {
        let text = channel(0);
        // One by one, and also where another one would do instead.
        let enough = [Permissions::MANAGE_WEBHOOKS, Permissions::MANAGE_MESSAGES];
        let told = warnings(all(), &text, "#general");
        assert_eq!(told, []);
        assert_eq!(warnings(all(), &channel(11), "#owls"), []);
        for one in enough {
            assert_eq!(warnings(all() - one, &text, "#general").len(), 1, "{one:?}");
        }
        let others = all() - Permissions::VIEW_CHANNEL;
        assert_eq!(
            warnings(Permissions::VIEW_CHANNEL, &text, "#general").len(),
            others.bits().count_ones() as usize,
            "each is asked for because something needs it"
        );
        let readme = include_str!("../../../README.md");
        assert!(readme.contains(&format!("permissions={}\n", all().bits())), "README: {}", all().bits());
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
