//! Who is held, until when, and who is told.

use super::*;
use relay_contract::{Author, Message, MessageRef, Platform, Standing, Thread, Timestamp};

fn room() -> RoomKey {
    RoomKey::new(Platform::new("p"), "n", "r")
}

fn said(by: &str, id: u32, event: impl FnOnce(Message) -> Event) -> Envelope {
    let author = Author { id: by.into(), name: by.into(), avatar: None, standing: Standing::Person };
    // Each is another message.
    static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let next = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let message = Message::new(MessageRef::plain(format!("{id}-{next}")), Text::plain("x"));
    Envelope { origin: room(), author: Some(author), at: Timestamp(0), event: event(message) }
}

#[test]
fn while_something_is_held_all_of_its_sender_is() {
    let door = Door::new(Some(Flood { per_minute: 60, at_once: 2 }), std::iter::empty());
    let began = Instant::now();
    let way = |envelope: &Envelope| door.way(envelope, began);
    let sender = (room(), NativeId::from("ada"));
    let queued = || drop(OnItsWay { door: &door, senders: vec![sender.clone()] });
    let deleted = said("bob", 1, |message| Event::Deleted { target: message.at.id });
    for expected in [Way::In, Way::In, Way::Over, Way::Over] {
        assert_eq!(way(&said("ada", 1, Event::Posted)), expected);
    }
    assert_eq!(way(&said("bob", 1, Event::Posted)), Way::In, "others are not held");
    assert_eq!(way(&deleted), Way::Look, "what is about a message may be about a held one");
    let thread = Thread { id: "t".into(), root: Some("1".into()), name: None };
    let answer = said("cleo", 2, |message| Event::Posted(Message { thread: Some(thread), ..message }));
    assert_eq!(way(&answer), Way::Look, "what hangs from a message may hang from a held one");
    let (due, next) = door.next().unwrap();
    assert_eq!((due, &next), (began + Duration::from_secs(1), &sender));
    queued();
    let release = |more, queued| {
        let released = Released { last: Some(EnvelopeId::default()), more };
        door.released(&sender, released, queued, began);
        door.next().is_some()
    };
    let begun = door.begin(&sender).unwrap().1;
    assert!(release(true, begun), "more is held");
    assert!(release(false, begun), "something has no place in the ledger yet");
    queued();
    assert!(release(false, begun), "something got its place meanwhile");
    assert!(!release(false, door.begin(&sender).unwrap().1), "nothing is left");
    assert_eq!((way(&deleted), way(&answer)), (Way::In, Way::In));
    assert_eq!(way(&said("ada", 1, Event::Posted)), Way::Over, "what went on counts");
    let later = Envelope { at: Timestamp(120_000), ..said("cleo", 1, Event::Posted) };
    assert_eq!(way(&later), Way::In);
}

#[test]
fn a_room_is_told_once_an_hour() {
    let door = Door::new(Some(Flood { per_minute: 60, at_once: 1 }), std::iter::empty());
    let sender = (room(), NativeId::from("ada"));
    let (began, mut told) = (Instant::now(), Vec::new());
    for second in 0..8_000_u32 {
        let now = began + Duration::from_secs(second.into());
        if second % 10 == 0 {
            let at = Timestamp(i64::from(second) * 1_000);
            for _ in 0..3 {
                door.way(&Envelope { at, ..said("ada", 1, Event::Posted) }, now);
            }
        }
        if door.tell(&sender, now).is_some() {
            told.push(second);
        }
        drop(OnItsWay { door: &door, senders: vec![sender.clone(); 3] });
        if second % 10 == 9
            && let Some((_, queued)) = door.begin(&sender)
        {
            door.released(&sender, Released { last: None, more: false }, queued, now);
        }
    }
    assert_eq!(told, [2, 3_612, 7_222]);
}

#[test]
fn what_was_held_before_is_held_still() {
    let door = Door::new(None, std::iter::once((room(), "ada".into())));
    let now = Instant::now();
    assert_eq!(door.way(&said("ada", 1, Event::Posted), now), Way::Over);
    assert_eq!(door.way(&said("bob", 1, Event::Posted), now), Way::In);
    assert_eq!(door.tell(&(room(), "ada".into()), now + TOLD), None, "its room was told");
}

#[test]
fn in_plain_words() {
    let words = in_words(Language::English, "Ada\n@everyone", Flood::default(), 3);
    assert!(words.ends_with("more than 30 a minute. 3 wait, and none is lost."), "{words}");
    assert!(!words.contains('\n'));
}
