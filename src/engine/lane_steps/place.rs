//! Where in a room a message goes: into its main conversation, or a thread that is there, is to be opened, or begins with it.

use super::super::core::{Core, LaneHandle};
use super::super::masked::Seen;
use super::content::Content;
use crate::adapt;
use crate::store::{EnvelopeId, OutboxRow, StoreError};
use crate::text;
use relay_contract::{Feature, MessageRef, NativeId, Support, Takes};

/// So much of a message names the thread that hangs from it.
const NAME: usize = 60;

/// Where.
#[derive(Debug, Clone, PartialEq)]
pub enum Place {
    /// The room's main conversation.
    Main,
    /// This thread.
    Thread(NativeId),
    /// Below this message, by answering it: the room has no threads.
    Below(MessageRef),
    /// A thread that is to be opened.
    Open {
        /// The message it hangs from.
        root: Option<MessageRef>,
        /// Its name.
        name: String,
        /// The conversation that it is.
        conversation: EnvelopeId,
    },
    /// The conversation begins in this room with this message.
    Begins {
        /// Its name, where it has one.
        name: Option<String>,
        /// The conversation.
        conversation: EnvelopeId,
    },
}

/// Where a new message goes.
pub fn of(core: &Core, lane: &LaneHandle, row: &OutboxRow, content: &Seen) -> Result<Place, StoreError> {
    let Some(conversation) = row.thread else {
        return Ok(Place::Main);
    };
    let thread = content.message().thread.as_ref();
    let connector = &lane.account.connector;
    let can = connector.capabilities(&lane.room);
    if let Some(there) = core.ledger.thread_there(conversation, &lane.room)? {
        match (there.thread, there.root) {
            (Some(thread), _) => return Ok(Place::Thread(thread)),
            (None, Some(root)) => return Ok(Place::Below(root)),
            // It could not be opened: it begins with the next message, and that is what later ones answer.
            (None, None) => {
                let name = content.message().thread.as_ref().and_then(|thread| thread.name.clone());
                return Ok(Place::Begins { name, conversation });
            }
        }
    }
    // What the conversation hangs from, as it is called here; what begins a conversation hangs from nothing.
    let begins = conversation == content.subject();
    let root = match begins {
        true => None,
        false => core.lookup.messages(conversation, &lane.room)?.unwrap_or_default().into_iter().next(),
    };
    // Whose words it is made of is not told: where anybody has something to say about theirs, no name crosses.
    let named = thread.and_then(|thread| thread.name.as_deref()).filter(|_| !core.asks_consent());
    let threads = can.shows(Feature::Thread) == Support::Native;
    let hangs_from = thread.and_then(|thread| thread.root.as_ref());
    let hangs_from_nothing = hangs_from.is_none_or(|root| *root == content.message().at.id);
    if let Some(name) = named
        && hangs_from_nothing
        && can.shows(Feature::Topic) == Support::Native
        && !can.only_threads
    {
        return Ok(Place::Open {
            root: None,
            name: adapt::thread_name(core.language_of(&lane.room), name),
            conversation,
        });
    }
    Ok(match root {
        Some(root) if !threads => Place::Below(root),
        Some(root) => match connector.thread_of(&lane.room, &root) {
            Some(thread) => Place::Thread(thread),
            None => {
                let name = match named {
                    Some(name) => adapt::thread_name(core.language_of(&lane.room), name),
                    None => name_of(core, lane, conversation)?,
                };
                Place::Open { root: Some(root), name, conversation }
            }
        },
        // What it hung from is not there, or not any more: nor is its name, which may be those words.
        None => {
            let name = named.filter(|_| hangs_from_nothing).map(str::to_owned);
            Place::Begins { name, conversation }
        }
    })
}

/// A name for a thread that has none: how the message begins that it hangs from.
fn name_of(core: &Core, lane: &LaneHandle, conversation: EnvelopeId) -> Result<String, StoreError> {
    let language = core.language_of(&lane.room);
    // A name stays where the words that it is made of are taken back.
    if core.asks_consent() {
        return Ok(text!(language, "a-thread"));
    }
    let begins = match Content::now(core, conversation)? {
        Some(now) => now.seen_in(core, &lane.room, Takes::default())?,
        None => None,
    };
    let name = begins.map(|now| now.message().body.excerpt(NAME)).unwrap_or_default();
    Ok(adapt::thread_name(language, &name))
}
