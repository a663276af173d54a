//! What the asker may want next: buttons, where the platform has such. Those that go with certain words are with those words.

use super::privacy::asker;
use super::{Commands, offer};
use crate::consent::Stance;
use crate::engine::RunningAccount;
use crate::text;
use crate::texts::Language;
use relay_contract::{Ask, Call, Offer, RoomKey};
use std::sync::Arc;

/// So many channels are offered at once.
const CHANNELS: usize = 5;

impl Commands {
    /// What is offered below an answer; `well`: the command was carried out, and not refused.
    pub(super) async fn offers(&self, account: &Arc<RunningAccount>, call: &Call, well: bool) -> Vec<Offer> {
        let language = self.language(call);
        match &call.ask {
            Ask::Privacy { to } if !is_choice(to.as_deref()) => choices(language),
            Ask::Forget { sure: false } if well && self.has_to_forget(&asker(call)) => {
                vec![Offer { grave: true, ..offer(text!(language, "button-forget"), "forget yes") }]
            }
            Ask::Status if self.core.joined(&call.room).is_empty() => {
                let open = self.open(language, &call.room);
                match !open.is_empty() && self.must_manage(account, call).await.is_ok() {
                    true => open,
                    false => Vec::new(),
                }
            }
            _ => Vec::new(),
        }
    }

    /// The channels that a room can be joined to at once.
    pub(super) fn open(&self, language: Language, room: &RoomKey) -> Vec<Offer> {
        let open = self.core.suggest(room, "").into_iter();
        let join = |name: String| {
            let words = format!("connect {name}");
            offer(text!(language, "button-join", channel = name), words)
        };
        open.take(CHANNELS).map(join).collect()
    }
}

fn is_choice(word: Option<&str>) -> bool {
    word.is_some_and(|word| Stance::named(&word.trim().to_lowercase()).is_some())
}

fn choices(language: Language) -> Vec<Offer> {
    vec![
        offer(text!(language, "button-full"), "privacy full"),
        offer(text!(language, "button-balanced"), "privacy balanced"),
        offer(text!(language, "button-anonymous"), "privacy anonymous"),
        offer(text!(language, "button-minimal"), "privacy minimal"),
        Offer { grave: true, ..offer(text!(language, "button-none"), "privacy none") },
    ]
}
