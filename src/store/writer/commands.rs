//! What the writer is asked for, and the answers that wait.

use super::Verdict;
use crate::audit::{Head, Left};
use crate::consent::{Entry, Person};
use crate::store::StoreError;
use crate::store::erase::Erased;
use crate::store::held::{Released, Sender};
use crate::store::ledger::FannedOut;
use crate::store::linked::{Linking, Shown, Side};
use crate::store::muted::Muted;
use crate::store::queue;
use crate::store::records::{
    DeadLetter, EnvelopeId, KnownRoom, OutboxRow, SetAside, ShownReactions, ThreadThere, Way,
};
use crate::store::retention::Forgotten;
use relay_contract::{Account, Envelope, Mark, MessageRef, NativeId, RoomKey, Timestamp};
use tokio::sync::oneshot;

pub(in crate::store) type Done<T> = oneshot::Sender<Result<T, StoreError>>;

/// A change.
pub(in crate::store) enum Command {
    Accept {
        account: Account,
        envelopes: Vec<Envelope>,
        done: Done<Vec<Verdict>>,
    },
    /// What may have to wait at the door, each with whether it is over its sender's budget.
    Hold {
        account: Account,
        envelopes: Vec<(Envelope, bool)>,
        done: Done<Vec<Verdict>>,
    },
    /// The oldest message of a sender that is held is to go on.
    Release {
        sender: Sender,
        from: EnvelopeId,
        done: Done<Released>,
    },
    /// Nothing that a sender said from a time on and that is held is to go on.
    DropHeld {
        sender: Sender,
        since: Timestamp,
        done: Done<u64>,
    },
    MoveCursor {
        account: Account,
        cursor: String,
    },
    SetAside {
        event: SetAside,
        done: Done<()>,
    },
    FanOut {
        fanned: Vec<FannedOut>,
        done: Done<()>,
    },
    Progress {
        room: RoomKey,
        id: EnvelopeId,
        row: OutboxRow,
        done: Done<()>,
    },
    Complete {
        room: RoomKey,
        id: EnvelopeId,
        subject: EnvelopeId,
        messages: Option<Vec<MessageRef>>,
        lost: Vec<String>,
        way: Option<Way>,
        /// The edit that came with it: its row is closed, too.
        edit: Option<EnvelopeId>,
        /// What has left by it.
        left: Option<Box<Left>>,
        done: Done<()>,
    },
    Bury {
        room: RoomKey,
        id: EnvelopeId,
        letter: DeadLetter,
        /// What has left of it, or may have.
        left: Option<Box<Left>>,
        done: Done<()>,
    },
    /// A room was seen; nobody has asked for it.
    RememberSeen {
        account: Account,
        room: KnownRoom,
    },
    /// A room goes on as another: who asked for it gets the new one.
    MoveRoom {
        from: RoomKey,
        to: RoomKey,
        done: Done<()>,
    },
    /// What waits for a room that has moved waits for the new one.
    MoveRows {
        from: RoomKey,
        to: RoomKey,
        done: Done<()>,
    },
    RememberRoom {
        account: Account,
        asked: NativeId,
        room: KnownRoom,
        done: Done<()>,
    },
    /// Where a conversation is in a room.
    Thread {
        room: RoomKey,
        of: EnvelopeId,
        there: ThreadThere,
        done: Done<()>,
    },
    /// What Relay itself has put on a message.
    Shown {
        subject: EnvelopeId,
        room: RoomKey,
        shown: ShownReactions,
        done: Done<()>,
    },
    /// Files that rooms were told of are not there yet, or are now.
    Late {
        subject: EnvelopeId,
        files: Vec<u16>,
        late: bool,
        done: Done<()>,
    },
    /// A digest has told these news.
    Digested {
        room: RoomKey,
        ids: Vec<EnvelopeId>,
        done: Done<()>,
    },
    /// A room is known up to a message that is no envelope.
    HeardUpTo {
        room: RoomKey,
        mark: Mark,
    },
    /// A room is listened to from now on.
    BeginMark {
        room: RoomKey,
        at: Timestamp,
        done: Done<()>,
    },
    /// A room is not listened to any more.
    ForgetMark {
        room: RoomKey,
        done: Done<()>,
    },
    /// A person changes what waits.
    Queue {
        change: queue::Change,
        done: Done<()>,
    },
    /// A piece of what is older than it is to be kept.
    Forget {
        piece: Box<Forgotten>,
        done: Done<()>,
    },
    /// Lines of the audit up to this one are older than they are to be kept.
    PruneAudit {
        head: Head,
        done: Done<()>,
    },
    /// Somebody says what they allow with all their accounts, and takes back what crossed before.
    Consent {
        person: Person,
        entries: Vec<Entry>,
        takes_back: bool,
        forgets: Option<Erased>,
        done: Done<Vec<Person>>,
    },
    /// An account comes to those of a person.
    Link {
        person: Side,
        comes: Side,
        now: Timestamp,
        done: Done<Linking>,
    },
    /// An account is alone again, or all of its person's are.
    Unlink {
        person: Person,
        all: bool,
        done: Done<Vec<Person>>,
    },
    /// By which name somebody is shown elsewhere.
    ShowAs {
        person: Person,
        shown: Shown,
        done: Done<Vec<Person>>,
    },
    /// Somebody is muted in a room.
    Mute {
        room: RoomKey,
        person: Person,
        muted: Muted,
        done: Done<()>,
    },
    /// These, or all, are muted in a room no more.
    Unmute {
        room: RoomKey,
        people: Option<Vec<Person>>,
        done: Done<()>,
    },
    /// A room is not shown a message because its author is muted there.
    NotShown {
        room: RoomKey,
        message: EnvelopeId,
        done: Done<()>,
    },
    /// What becomes of somebody's wish to be forgotten; with it, once it is done, all that they said about themselves but the last.
    Erased {
        person: Person,
        erased: Erased,
        done: Done<()>,
    },
    /// What they took back has been taken back.
    TakenBack {
        person: Person,
        /// As of so many entries.
        entries: usize,
        done: Done<()>,
    },
    /// A command is carried out.
    CarriedOut {
        done: Done<()>,
    },
    /// A mark of meta, which has no value.
    Remember {
        key: Vec<u8>,
        value: Vec<u8>,
        done: Done<()>,
    },
    Probe {
        done: Done<()>,
    },
    Close {
        done: Done<()>,
    },
}

/// An answer that waits.
pub(super) enum Answer {
    Verdicts(Done<Vec<Verdict>>, Vec<Verdict>),
    Released(Done<Released>, Released),
    Dropped(Done<u64>, u64),
    People(Done<Vec<Person>>, Vec<Person>),
    Linking(Done<Linking>, Linking),
    Plain(Done<()>),
}

impl Answer {
    /// A caller that has gone away needs no answer.
    pub(super) fn give(self, outcome: &Result<(), StoreError>) {
        match self {
            Self::Released(done, released) => drop(done.send(outcome.clone().map(|()| released))),
            Self::Dropped(done, dropped) => drop(done.send(outcome.clone().map(|()| dropped))),
            Self::People(done, people) => drop(done.send(outcome.clone().map(|()| people))),
            Self::Linking(done, linking) => drop(done.send(outcome.clone().map(|()| linking))),
            Self::Verdicts(done, verdicts) => drop(done.send(outcome.clone().map(|()| verdicts))),
            Self::Plain(done) => drop(done.send(outcome.clone())),
        }
    }
}

/// The answers of one batch.
#[derive(Default)]
pub(super) struct Answers {
    /// Given when it is written: `kill -9` takes nothing back of it.
    pub(super) written: Vec<Answer>,
    /// Given when it is synced: a power cut takes nothing back of it.
    pub(super) synced: Vec<Answer>,
}

pub(super) fn settle(stored: Result<(), StoreError>, done: Done<()>, answers: &mut Vec<Answer>) {
    match stored {
        Ok(()) => answers.push(Answer::Plain(done)),
        Err(error) => drop(done.send(Err(error))),
    }
}
