//! Keys of stored records. Parts are separated by NUL, which no native id contains.

use super::queue::Held;
use super::records::{EnvelopeId, Reactor};
use relay_contract::{Account, EventKey, MessageKey, NativeId, Platform, RoomKey};

/// Marks in the work keyspace, by their first byte.
pub mod work {
    /// Accepted, not fanned out yet: followed by the envelope id.
    pub const TO_FAN_OUT: u8 = b'a';
    /// An outbox row: followed by room and envelope id.
    pub const OUTBOX: u8 = b'o';
    /// The same row, found from its envelope: followed by envelope id and room.
    pub const PENDING: u8 = b'p';
    /// A dead letter: followed by room and envelope id.
    pub const DEAD: u8 = b'd';
    /// The newest change of a message: followed by the id of the envelope that posted it.
    pub const CHANGED: u8 = b'l';
    /// A reaction: followed by the envelope id of its message, room, user and emoji.
    pub const REACTION: u8 = b'r';
    /// What Relay itself has put on a message: followed by its envelope id and the room.
    pub const SHOWN: u8 = b's';
    /// Which conversation a native thread is: followed by room and thread.
    pub const THREAD: u8 = b'h';
    /// Where a conversation is in a room: followed by its envelope id and the room.
    pub const THREAD_THERE: u8 = b't';
    /// In which conversation a message stands: followed by its envelope id.
    pub const WITHIN: u8 = b'i';
    /// News that wait for a digest: followed by room and envelope id.
    pub const DIGEST: u8 = b'g';
    /// A file that a room was told of and that is not there yet: followed by the envelope id of its message and its number.
    pub const LATE: u8 = b'w';
    /// A message that a room was not shown because its author was muted there: followed by its envelope id and the room.
    pub const NOT_SHOWN: u8 = b'u';
    /// An answer: followed by the envelope ids of what is answered and of the answer.
    pub const ANSWER: u8 = b'q';
    /// Something that is held at the door: followed by the room, its sender, NUL and an envelope id of its own.
    pub const HELD: u8 = b'f';
    /// A message that is held: followed by the room and its native id.
    pub const HELD_POST: u8 = b'y';
    /// What waits for a message that is held: followed by the ids that both are held under; where it is held.
    pub const HELD_ANSWER: u8 = b'b';
    /// An entry of a room's stream: followed by the room and its place, an envelope id of its own.
    pub const STREAM: u8 = b'm';
    /// A poison event that was set aside: followed by an envelope id of its own.
    pub const ASIDE: u8 = b'x';
}

/// A room, ended by two NULs, so that no room's key is the beginning of another's.
pub fn room(room: &RoomKey) -> Vec<u8> {
    let mut key = Vec::with_capacity(64);
    for part in [room.platform.as_str(), room.network.as_str(), room.room.as_str()] {
        key.extend_from_slice(part.as_bytes());
        key.push(0);
    }
    key.push(0);
    key
}

/// The room of a key made by [`room`].
pub fn parse_room(key: &[u8]) -> Option<RoomKey> {
    let mut parts = key.split(|&byte| byte == 0).map(|part| std::str::from_utf8(part).ok());
    let (platform, network, room) = (parts.next()??, parts.next()??, parts.next()??);
    Some(RoomKey::new(Platform::from_stored(platform.to_owned()), network, room))
}

/// An event key.
pub fn event(event: &EventKey) -> Vec<u8> {
    let mut key = room(&event.room);
    key.push(event.kind as u8);
    key.extend_from_slice(event.id.as_str().as_bytes());
    key.push(0);
    key.extend_from_slice(event.version.as_bytes());
    key
}

/// The mark of an envelope that is to be fanned out.
pub fn to_fan_out(id: EnvelopeId) -> Vec<u8> {
    tagged(work::TO_FAN_OUT, &id.0)
}

/// The beginning of all outbox rows of a room.
pub fn lane(of: &RoomKey) -> Vec<u8> {
    tagged(work::OUTBOX, &room(of))
}

/// An outbox row.
pub fn outbox(of: &RoomKey, id: EnvelopeId) -> Vec<u8> {
    let mut key = lane(of);
    key.extend_from_slice(&id.0);
    key
}

/// The beginning of all marks of an envelope's pending rows.
pub fn pending_of(id: EnvelopeId) -> Vec<u8> {
    tagged(work::PENDING, &id.0)
}

/// The mark of one pending row.
pub fn pending(id: EnvelopeId, of: &RoomKey) -> Vec<u8> {
    let mut key = pending_of(id);
    key.extend_from_slice(&room(of));
    key
}

/// A dead letter.
pub fn dead(of: &RoomKey, id: EnvelopeId) -> Vec<u8> {
    let mut key = tagged(work::DEAD, &room(of));
    key.extend_from_slice(&id.0);
    key
}

/// The newest change of a message.
pub fn changed(target: EnvelopeId) -> Vec<u8> {
    tagged(work::CHANGED, &target.0)
}

/// The beginning of all reactions to a message.
pub fn reactions_of(subject: EnvelopeId) -> Vec<u8> {
    tagged(work::REACTION, &subject.0)
}

/// One of them.
pub fn reaction(subject: EnvelopeId, of: &RoomKey, by: &Reactor) -> Vec<u8> {
    let mut key = reactions_of(subject);
    key.extend_from_slice(&room(of));
    for part in [by.user.as_str(), by.emoji_id.as_deref().unwrap_or_default(), by.emoji.as_str()] {
        key.extend_from_slice(part.replace('\0', "").as_bytes());
        key.push(0);
    }
    key
}

/// Who reacted, of a key made by [`reaction`] in this room.
pub fn reactor(key: &[u8], of: &RoomKey) -> Option<String> {
    let rest = key.get(17 + room(of).len()..)?;
    String::from_utf8(rest.split(|&byte| byte == 0).next()?.to_vec()).ok()
}

/// What Relay itself has put on a message.
pub fn shown_reactions(subject: EnvelopeId, of: &RoomKey) -> Vec<u8> {
    [tagged(work::SHOWN, &subject.0), room(of)].concat()
}

/// A native thread.
pub fn thread(of: &RoomKey, thread: &NativeId) -> Vec<u8> {
    [tagged(work::THREAD, &room(of)), thread.as_str().as_bytes().to_vec()].concat()
}

/// A conversation's place in a room.
pub fn thread_there(conversation: EnvelopeId, of: &RoomKey) -> Vec<u8> {
    [tagged(work::THREAD_THERE, &conversation.0), room(of)].concat()
}

/// In which conversation a message stands.
pub fn within(message: EnvelopeId) -> Vec<u8> {
    tagged(work::WITHIN, &message.0)
}

/// News that wait for a room's digest.
pub fn digest(of: &RoomKey, id: EnvelopeId) -> Vec<u8> {
    [tagged(work::DIGEST, &room(of)), id.0.to_vec()].concat()
}

/// A file that is late.
pub fn late(subject: EnvelopeId, file: u16) -> Vec<u8> {
    [tagged(work::LATE, &subject.0), file.to_be_bytes().to_vec()].concat()
}

/// A message that a room was not shown.
pub fn not_shown(message: EnvelopeId, of: &RoomKey) -> Vec<u8> {
    [tagged(work::NOT_SHOWN, &message.0), room(of)].concat()
}

/// The beginning of all answers to a message.
pub fn answers_to(target: EnvelopeId) -> Vec<u8> {
    tagged(work::ANSWER, &target.0)
}

/// One of them.
pub fn answer(target: EnvelopeId, by: EnvelopeId) -> Vec<u8> {
    [answers_to(target), by.0.to_vec()].concat()
}

/// Something that is held at the door.
pub fn held(of: &RoomKey, sender: &NativeId, id: EnvelopeId) -> Vec<u8> {
    [tagged(work::HELD, &room(of)), sender.as_str().as_bytes().to_vec(), vec![0], id.0.to_vec()].concat()
}

/// Room and sender of a key made by [`held`].
pub fn parse_held(key: &[u8]) -> Option<(RoomKey, NativeId)> {
    let of = parse_room(key.get(1..)?)?;
    let rest = key.get(1 + room(&of).len()..key.len().checked_sub(17)?)?;
    Some((of, NativeId::from(std::str::from_utf8(rest).ok()?)))
}

/// The first and the last key that something held can have that was said in a room.
pub fn held_in(of: &RoomKey) -> (Vec<u8>, Vec<u8>) {
    let begin = tagged(work::HELD, &room(of));
    let end = [begin.as_slice(), &[0xFF]].concat();
    (begin, end)
}

/// What waits for a message that is held.
pub fn held_answer(root: EnvelopeId, id: EnvelopeId) -> Vec<u8> {
    [tagged(work::HELD_ANSWER, &root.0), id.0.to_vec()].concat()
}

/// A message that is held.
pub fn held_post(message: &MessageKey) -> Vec<u8> {
    [tagged(work::HELD_POST, &room(&message.room)), message.id.as_str().as_bytes().to_vec()].concat()
}

/// An entry of a room's stream.
pub fn streamed(of: &RoomKey, place: EnvelopeId) -> Vec<u8> {
    [tagged(work::STREAM, &room(of)), place.0.to_vec()].concat()
}

/// The beginning of all names as they were kept before they were blinded, in meta.
pub const PLAIN_NAME_PREFIX: &[u8] = b"name\0";

/// The beginning of all names, in meta.
pub const NAME_PREFIX: &[u8] = b"named\0";

/// Who is the first of a name, in meta: by what is made of it with a key.
pub fn name(blinded: &[u8; 16]) -> Vec<u8> {
    [NAME_PREFIX, blinded].concat()
}

/// A poison event.
pub fn aside(id: EnvelopeId) -> Vec<u8> {
    tagged(work::ASIDE, &id.0)
}

/// An account's cursor, in meta.
pub fn cursor(account: &Account) -> Vec<u8> {
    [b"cursor\0", account.0.as_bytes()].concat()
}

/// The beginning of all rooms in meta.
pub const ROOM_PREFIX: &[u8] = b"room\0";

/// The beginning of all rooms that an account has seen, in meta.
const SEEN_PREFIX: &[u8] = b"seen\0";

/// The beginning of all rooms that this account has seen.
pub fn seen_by(account: &Account) -> Vec<u8> {
    [SEEN_PREFIX, account.0.as_bytes(), b"\0"].concat()
}

/// A room that an account has seen, in meta.
pub fn seen_room(account: &Account, of: &RoomKey) -> Vec<u8> {
    [seen_by(account), room(of)].concat()
}

/// The beginning of all marks in meta.
pub const MARK_PREFIX: &[u8] = b"mark\0";

/// Up to where a room is known, in meta.
pub fn mark(of: &RoomKey) -> Vec<u8> {
    [MARK_PREFIX, &room(of)].concat()
}

/// The beginning of all rooms that have moved, in meta.
pub const MOVED_PREFIX: &[u8] = b"moved\0";

/// What became of a room that has moved, in meta.
pub fn moved(from: &RoomKey) -> Vec<u8> {
    [MOVED_PREFIX, &room(from)].concat()
}

/// The beginning of all pauses, in meta.
pub const PAUSE_PREFIX: &[u8] = b"pause\0";

/// A pause, in meta: `r` and the room, `c` and the room where it is held from the chat, or `a` and the account.
pub fn pause(held: &Held) -> Vec<u8> {
    match held {
        Held::Room(of) => [PAUSE_PREFIX, b"r", &room(of)].concat(),
        Held::Chat(of) => [PAUSE_PREFIX, b"c", &room(of)].concat(),
        Held::Account(account) => [PAUSE_PREFIX, b"a", account.0.as_bytes()].concat(),
    }
}

/// Whose deliveries a key made by [`pause`] is about.
pub fn parse_pause(key: &[u8]) -> Option<Held> {
    match key.strip_prefix(PAUSE_PREFIX)?.split_first()? {
        (b'r', of) => parse_room(of).map(Held::Room),
        (b'c', of) => parse_room(of).map(Held::Chat),
        (b'a', account) => Some(Held::Account(Account(String::from_utf8(account.to_vec()).ok()?))),
        _ => None,
    }
}

/// The beginning of all that people have said about themselves, in meta.
pub const CONSENT_PREFIX: &[u8] = b"consent\0";

/// The beginning of all that a person has said, in meta.
pub fn consent_of(person: &str) -> Vec<u8> {
    [CONSENT_PREFIX, person.as_bytes(), b"\0"].concat()
}

/// What a person has said, by its number, in meta.
pub fn consent(person: &str, number: u64) -> Vec<u8> {
    [CONSENT_PREFIX, person.as_bytes(), b"\0", &number.to_be_bytes()].concat()
}

/// The person of a key made by [`consent`].
pub fn parse_consent(key: &[u8]) -> Option<String> {
    let rest = key.strip_prefix(CONSENT_PREFIX)?;
    String::from_utf8(rest.get(..rest.len().checked_sub(9)?)?.to_vec()).ok()
}

/// The beginning of all marks of people whose words are still to be taken back, in meta.
pub const TAKING_BACK_PREFIX: &[u8] = b"taking back\0";

/// One of them.
pub fn taking_back(person: &str) -> Vec<u8> {
    [TAKING_BACK_PREFIX, person.as_bytes()].concat()
}

/// The beginning of all wishes to be forgotten, in meta.
pub const ERASURE_PREFIX: &[u8] = b"erasure\0";

/// One of them.
pub fn erasure(person: &str) -> Vec<u8> {
    [ERASURE_PREFIX, person.as_bytes()].concat()
}

/// The beginning of all accounts that are linked to others of the same person, in meta.
pub const LINKED_PREFIX: &[u8] = b"linked\0";

/// One of them.
pub fn linked(person: &str) -> Vec<u8> {
    [LINKED_PREFIX, person.as_bytes()].concat()
}

/// The beginning of all mutes, in meta.
pub const MUTE_PREFIX: &[u8] = b"mute\0";

/// One of them.
pub fn mute(of: &RoomKey, person: &str) -> Vec<u8> {
    [MUTE_PREFIX, &room(of), person.as_bytes()].concat()
}

/// Room and person of a key made by [`mute`].
pub fn parse_mute(key: &[u8]) -> Option<(RoomKey, String)> {
    let rest = key.strip_prefix(MUTE_PREFIX)?;
    let of = parse_room(rest)?;
    let person = rest.get(room(&of).len()..)?;
    Some((of, String::from_utf8(person.to_vec()).ok()?))
}

/// The mark of somebody who was told what becomes of what they say, in meta.
pub fn told(person: &str) -> Vec<u8> {
    [b"told\0".as_slice(), person.as_bytes()].concat()
}

/// The mark of a room that was told that it is linked, in meta.
pub fn told_room(of: &RoomKey) -> Vec<u8> {
    [b"room told\0".as_slice(), &room(of)].concat()
}

/// The beginning of all marks of rooms that ask, in meta.
pub const ASKING_PREFIX: &[u8] = b"room asks\0";

/// The mark of a room in which nothing is carried of who has not allowed it, by way of a channel, in meta.
pub fn asking(of: &RoomKey, channel: &str) -> Vec<u8> {
    [ASKING_PREFIX, &room(of), channel.as_bytes()].concat()
}

/// Room and channel of a key made by [`asking`].
pub fn parse_asking(key: &[u8]) -> Option<(RoomKey, String)> {
    let rest = key.strip_prefix(ASKING_PREFIX)?;
    let of = parse_room(rest)?;
    let channel = rest.get(room(&of).len()..)?;
    Some((of, String::from_utf8(channel.to_vec()).ok()?))
}

/// The mark of a room in which Relay has pinned a notice, in meta.
pub fn pinned_notice(of: &RoomKey) -> Vec<u8> {
    [b"notice pinned\0".as_slice(), &room(of)].concat()
}

/// What was told to the admins, in meta.
pub const ALERTS: &[u8] = b"alerts\0";

/// Which commands were carried out lately, in meta.
pub const CARRIED_OUT: &[u8] = b"carried out\0";

/// A room as it was asked for, in meta.
pub fn known_room(account: &Account, asked: &NativeId) -> Vec<u8> {
    [ROOM_PREFIX, account.0.as_bytes(), b"\0", asked.as_str().as_bytes()].concat()
}

/// Account and id of a key made by [`known_room`].
pub fn parse_known_room(key: &[u8]) -> Option<(Account, NativeId)> {
    let rest = std::str::from_utf8(key.strip_prefix(ROOM_PREFIX)?).ok()?;
    let (account, asked) = rest.split_once('\0')?;
    Some((Account(account.to_owned()), NativeId::from(asked)))
}

/// The envelope id at the end of a key.
pub fn trailing_id(key: &[u8]) -> Option<EnvelopeId> {
    let from = key.len().checked_sub(16)?;
    key.get(from..)?.try_into().ok().map(EnvelopeId)
}

fn tagged(tag: u8, rest: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(rest.len() + 17);
    key.push(tag);
    key.extend_from_slice(rest);
    key
}
