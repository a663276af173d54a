//! What the workload writes, and what it says was answered: both sides can make the one from the other.

use super::workload::SIZES;
use relay::store::records::{KnownRoom, SetAside};
use relay::store::{EnvelopeId, OutboxRow};
use relay_contract::{
    Account, Author, Envelope, Event, Message, MessageRef, NativeId, Platform, RoomKey, Standing, Text,
    Timestamp, Visibility,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Which {
    /// Run, task, and number in the task.
    pub run: u32,
    pub task: u32,
    pub number: u32,
    /// An edit of that post.
    pub edit: bool,
}

/// When a post is edited.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Edited {
    Together,
    Later,
}

/// Something that the ledger has answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Answered {
    Accepted {
        what: Vec<(Which, EnvelopeId)>,
    },
    Progress {
        room: String,
        id: EnvelopeId,
        attempts: u32,
    },
    Completed {
        room: String,
        id: EnvelopeId,
        subject: EnvelopeId,
        message: String,
    },
    Buried {
        room: String,
        id: EnvelopeId,
    },
    Aside {
        what: Which,
    },
    Room {
        what: Which,
    },
    /// A room is listened to.
    Marked {
        what: Which,
    },
}

pub fn room(id: &str) -> RoomKey {
    RoomKey::new(Platform::new("stage"), "net", id)
}

/// The rooms that deliveries go to.
pub const ROOMS: [&str; 4] = ["there-0", "there-1", "yonder-0", "yonder-1"];

pub fn row(target: Option<EnvelopeId>, attempts: u32) -> OutboxRow {
    OutboxRow {
        done: vec![None],
        attempts,
        last_error: Some("slow".into()),
        ..OutboxRow::new("lobby", target)
    }
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

impl Which {
    /// Whether the workload edits this post: in one event with it, or later.
    pub fn is_edited(self) -> Option<Edited> {
        match self.number {
            n if n % 7 == 0 => Some(Edited::Together),
            n if n % 4 == 1 => Some(Edited::Later),
            _ => None,
        }
    }

    /// A number that looks random, and is the same each time.
    fn scatter(self) -> u64 {
        let parts = [self.run, self.task, self.number, u32::from(self.edit)];
        parts.into_iter().fold(0x9e37_79b9_7f4a_7c15, |hash: u64, part| {
            let mixed = (hash ^ u64::from(part)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            (mixed ^ (mixed >> 31)).wrapping_mul(0x94d0_49bb_1331_11eb)
        })
    }

    pub fn account(self) -> Account {
        Account(format!("account-{}", self.task))
    }

    /// Grows from one event of an account to the next.
    pub fn cursor(self) -> String {
        format!("{:04}-{:06}", self.run, self.number)
    }

    pub fn message_id(self) -> String {
        format!("m-{}-{}-{}", self.run, self.task, self.number)
    }

    /// The envelope. Most are short; some cross several pages.
    pub fn envelope(self) -> Envelope {
        const LENGTHS: [usize; 8] = [20, 60, 150, 300, 1_500, 4_000, 16_000, 60_000];
        let mut state = self.scatter();
        let length = LENGTHS[(state >> 40) as usize % LENGTHS.len()];
        let mut text = String::with_capacity(length + 16);
        while text.len() < length {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // Like pasted base64: what cannot be compressed is what a hole in it does least harm to, and so hides in.
            text.extend((1..11).map(|i| char::from(BASE64[(state >> (6 * i - 2)) as usize % 64])));
        }
        let message = Message::new(MessageRef::plain(self.message_id()), Text::plain(&text));
        let event = match self.edit {
            false => Event::Posted(message),
            true => Event::Edited { to: message, version: "2".into() },
        };
        let author = Author { id: "u1".into(), name: "Ada".into(), avatar: None, standing: Standing::Person };
        Envelope { origin: room("here"), author: Some(author), at: Timestamp(1), event }
    }

    pub fn set_aside(self) -> SetAside {
        SetAside { account: self.account().0, reason: self.message_id(), payload: "{}".repeat(800), at: 1 }
    }

    pub fn known_room(self) -> (NativeId, KnownRoom) {
        let name = self.message_id();
        let known = KnownRoom {
            key: room(&name),
            space: "s".into(),
            space_name: "S".into(),
            name: name.clone(),
            visibility: Some(Visibility::Space),
            agreed: None,
        };
        (name.into(), known)
    }
}

/// All envelopes that may have been accepted when these answers were seen: each task goes one by one.
pub fn perhaps_written(answered: &[Answered]) -> Vec<Which> {
    let mut next: BTreeMap<(u32, u32), u32> =
        SIZES.iter().flat_map(|size| (0..size.tasks).map(|task| ((size.run, task), 0))).collect();
    for answer in answered {
        if let Answered::Accepted { what } = answer {
            let (which, _) = what[0];
            next.insert((which.run, which.task), which.number + 1);
        }
    }
    let posts = |run| SIZES.iter().find(|size| size.run == run).map_or(0, |size| size.posts);
    let numbers = next
        .into_iter()
        .flat_map(|((run, task), next)| (0..posts(run).min(next + 1)).map(move |n| (run, task, n)));
    let posts = numbers.map(|(run, task, number)| Which { run, task, number, edit: false });
    let with_edit = |post: Which| [Some(post), post.is_edited().map(|_| Which { edit: true, ..post })];
    posts.flat_map(with_edit).flatten().collect()
}

/// Whether it is a post, and its message: what tells the workload's envelopes apart.
pub type Key = (bool, String);

pub fn key(envelope: &Envelope) -> Key {
    let id = envelope.subject().unwrap().id.as_str().to_owned();
    (matches!(envelope.event, Event::Posted(_)), id)
}
