//! What was heard, as envelopes. Pure.

use crate::formatting::CTCP;
use crate::heard::{Heard, What};
use crate::{commands, ids, parse};
use relay_contract::{
    Author, Emoji, Envelope, Event, MemberChange, Message, MessageRef, RawEvent, Reply, RoomNews, Standing,
    Timestamp, Translation,
};
use serde::Deserialize;

/// What an event means.
pub fn event(raw: &RawEvent) -> Translation {
    let heard = match Heard::deserialize(&raw.payload) {
        Ok(heard) => heard,
        Err(error) => return Translation::Unreadable(format!("nothing that was heard on IRC: {error}")),
    };
    match &heard.what {
        What::Said { room, text, notice, reply } => said(&heard, room, text, *notice, reply.as_deref()),
        What::Reacted { room, target, emoji, added } => {
            let emoji = emoji.trim_matches(':').chars().filter(|c| !c.is_whitespace()).collect();
            let event = Event::Reacted {
                target: target.as_str().into(),
                emoji: Emoji { name: emoji, id: None },
                added: *added,
                version: heard.id.clone(),
            };
            done(&heard, room, event)
        }
        What::Redacted { room, target } => {
            done(&heard, room, Event::Deleted { target: target.as_str().into() })
        }
        What::Typing { .. } if heard.from.own => Translation::Ignored("Relay's own"),
        What::Typing { room } => Translation::Typing(ids::room(&heard.network, room), None),
        What::Asked { .. } if heard.from.own => Translation::Ignored("Relay's own"),
        What::Asked { room, words, about } => {
            Translation::Command(commands::call(&heard, room.as_deref(), words, about.as_deref()))
        }
        What::Joined { room } => {
            members(&heard, std::slice::from_ref(room), &MemberChange::Joined, &heard.from.nick)
        }
        What::Left { rooms, .. } => members(&heard, rooms, &MemberChange::Left, &heard.from.nick),
        What::Renamed { rooms, to } => {
            members(&heard, rooms, &MemberChange::Renamed(heard.from.nick.clone()), to)
        }
        What::Room { room } => Translation::Room(RoomNews::Changed(room.as_str().into())),
    }
}

/// What somebody did to a message.
fn done(heard: &Heard, room: &str, event: Event) -> Translation {
    let standing = if heard.from.own { Standing::Relay } else { Standing::Person };
    Translation::Events(vec![envelope(heard, room, Some(author(heard, &heard.from.nick, standing)), event)])
}

fn said(heard: &Heard, room: &str, text: &str, notice: bool, reply: Option<&str>) -> Translation {
    let body = match text.strip_prefix(CTCP) {
        None => parse::lines(text),
        Some(inner) => match inner.strip_suffix(CTCP).unwrap_or(inner).strip_prefix("ACTION ") {
            Some(action) => parse::action(action),
            None => return Translation::Ignored("ctcp"),
        },
    };
    if body.is_empty() {
        return Translation::Ignored("an empty line");
    }
    let reply = reply.map(|target| Reply { target: target.into(), author: None, excerpt: None });
    let message = Message { reply, ..Message::new(MessageRef::plain(heard.id.as_str()), body) };
    let standing = match (heard.from.own, notice) {
        (true, _) => Standing::Relay,
        (false, true) => Standing::Bot,
        (false, false) => Standing::Person,
    };
    Translation::Events(vec![envelope(
        heard,
        room,
        Some(author(heard, &heard.from.nick, standing)),
        Event::Posted(message),
    )])
}

fn members(heard: &Heard, rooms: &[String], change: &MemberChange, name: &str) -> Translation {
    if heard.from.own {
        return Translation::Ignored("Relay's own");
    }
    let one = |room: &String| {
        let author = author(heard, name, Standing::Person);
        let event = Event::Member { change: change.clone(), version: heard.id.clone() };
        envelope(heard, room, Some(author), event)
    };
    Translation::Events(rooms.iter().map(one).collect())
}

fn author(heard: &Heard, name: &str, standing: Standing) -> Author {
    let id = ids::person(heard.from.account.as_deref(), &heard.from.folded);
    Author { id, name: name.to_owned(), avatar: None, standing }
}

fn envelope(heard: &Heard, room: &str, author: Option<Author>, event: Event) -> Envelope {
    Envelope { origin: ids::room(&heard.network, room), author, at: Timestamp(heard.at), event }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heard;
    use crate::known::State;
    use crate::line::Line;
    use crate::track::track;

    /// What lines mean, the last of them, in a channel with Ada and Relay.
    fn meant(text: &str) -> String {
        let mut state = State { nick: "relay".into(), ..State::default() };
        let now = Timestamp(5);
        let before = [":relay!r@h JOIN #C", ":s 353 relay = #C :relay @Ada"];
        for line in before {
            track(&mut state, &Line::read(line).unwrap(), now);
        }
        let line = Line::read(text).unwrap();
        let was_in = track(&mut state, &line, now);
        let Some(heard) = heard::of(&state, "owls", &line, was_in, now) else { return "nothing".into() };
        let raw = heard.event().unwrap();
        assert_eq!((raw.space.as_str(), event(&raw)), ("owls", event(&raw)), "the same for ever");
        match event(&raw) {
            Translation::Events(all) => all.iter().map(told).collect::<Vec<_>>().join(", "),
            Translation::Command(call) => {
                format!("{} asks {:?} in {}", call.asker.name, call.ask, call.room.room)
            }
            Translation::Room(news) => format!("{news:?}"),
            other => format!("{other:?}"),
        }
    }

    fn told(envelope: &Envelope) -> String {
        let author = envelope.author.as_ref().map(|author| format!("{} {:?}", author.name, author.standing));
        let what = match &envelope.event {
            Event::Posted(Message { body, reply: Some(reply), .. }) => {
                format!("answers {} {:?}", reply.target, body.excerpt(99))
            }
            Event::Posted(message) => format!("says {:?}", message.body.excerpt(99)),
            Event::Reacted { target, emoji, added, version } => {
                format!("{} {} {added} on {target} ({version})", "reacts", emoji.name)
            }
            Event::Deleted { target } => format!("deletes {target}"),
            Event::Member { change, .. } => format!("{change:?}"),
            other => format!("{other:?}"),
        };
        format!("{} {what} in {} at {}", author.unwrap_or_default(), envelope.origin.room, envelope.at.0)
    }

    #[test]
    fn what_lines_mean() {
        let cases = [
            (":Ada!a@h PRIVMSG #c :hi", "Ada Person says \"hi\" in #c at 5"),
            (":Ada!a@h NOTICE #C :hi", "Ada Bot says \"hi\" in #c at 5"),
            (":Ada!a@h PRIVMSG #c :\u{1}ACTION waves\u{1}", "Ada Person says \"waves\" in #c at 5"),
            (":Ada!a@h PRIVMSG #c :\u{1}VERSION\u{1}", "Ignored(\"ctcp\")"),
            (":Ada!a@h PRIVMSG #c :\u{2}\u{f}", "Ignored(\"an empty line\")"),
            (":RELAY!r@h PRIVMSG #c :echo", "RELAY Relay says \"echo\" in #c at 5"),
            (
                "@time=2026-11-26T02:00:00.500Z :Ada!a@h PRIVMSG #c :x",
                "Ada Person says \"x\" in #c at 1795658400500",
            ),
            (":Ada!a@h PRIVMSG #c :!relay status", "Ada asks Status in #c"),
            (
                ":Ada!a@h PRIVMSG #c :Relay: connect lobby",
                "Ada asks Connect { channel: \"lobby\", sure: false } in #c",
            ),
            (":Ada!a@h PRIVMSG #c :relay is down", "Ada Person says \"relay is down\" in #c at 5"),
            (":Ada!a@h PRIVMSG relay :#C status", "Ada asks Status in #c"),
            (":Ada!a@h PRIVMSG relay :help", "Ada asks Help in ada"),
            (":Ada!a@h PRIVMSG @#c :to operators", "nothing"),
            (":Ada!a@h PRIVMSG relay :\u{1}VERSION\u{1}", "nothing"),
            (":NickServ!n@s NOTICE relay :identify", "nothing"),
            (":s.example NOTICE #c :server notice", "nothing"),
            (":mia!m@h JOIN #c", "mia Person Joined in #c at 5"),
            (":Ada!a@h PART #c :bye", "Ada Person Left in #c at 5"),
            (":Ada!a@h QUIT :bye", "Ada Person Left in #c at 5"),
            (":mia!m@h QUIT :who", "nothing"),
            (":mia!m@h KICK #c Ada :out", "Ada Person Left in #c at 5"),
            (":Ada!a@h NICK Eve", "Eve Person Renamed(\"Ada\") in #c at 5"),
            (":Ada!a@h KICK #c relay :out", "Changed(NativeId(\"#c\"))"),
            (":Ada!a@h MODE #c +i", "Changed(NativeId(\"#c\"))"),
            (":Ada!a@h MODE #c +m", "Changed(NativeId(\"#c\"))"),
            (":Ada!a@h MODE #c +v Relay", "Changed(NativeId(\"#c\"))"),
            (":Ada!a@h MODE #c +o Ada", "nothing"),
            (":relay!r@h PART #c", "Changed(NativeId(\"#c\"))"),
            (":s 372 relay :motd", "nothing"),
            ("@+draft/reply=m1 :Ada!a@h PRIVMSG #c :yes", "Ada Person answers m1 \"yes\" in #c at 5"),
            (
                "@+draft/reply=m1 :Ada!a@h PRIVMSG #c :!relay who",
                "Ada asks Who { message: Some(MessageRef { id: NativeId(\"m1\"), thread: None, files: [], no_text: false }) } in #c",
            ),
            ("@+reply=m1 :Ada!a@h PRIVMSG #c :yes", "Ada Person answers m1 \"yes\" in #c at 5"),
            ("@bot :Ada!a@h PRIVMSG #c :beep", "Ada Bot says \"beep\" in #c at 5"),
            ("@draft/relaymsg=relay :Ivo/x!a@h PRIVMSG #c :hi", "Ivo/x Relay says \"hi\" in #c at 5"),
            ("@draft/relaymsg=other :Ivo/x!a@h PRIVMSG #c :hi", "Ivo/x Bot says \"hi\" in #c at 5"),
            (
                "@msgid=r;+draft/react=👍;+draft/reply=m1 :Ada!a@h TAGMSG #C",
                "Ada Person reacts 👍 true on m1 (r) in #c at 5",
            ),
            (
                "@msgid=r;+draft/unreact=:owl:;+draft/reply=m1 :Ada!a@h TAGMSG #C",
                "Ada Person reacts owl false on m1 (r) in #c at 5",
            ),
            ("@+draft/react=👍 :Ada!a@h TAGMSG #C", "nothing"),
            ("@+draft/react=👍;+draft/reply=m1 :Ada!a@h TAGMSG relay", "nothing"),
            (":Ada!a@h REDACT #C m1 :oops", "Ada Person deletes m1 in #c at 5"),
            (":relay!a@h REDACT #C m1", "relay Relay deletes m1 in #c at 5"),
            (
                "@+typing=active :Ada!a@h TAGMSG #c",
                "Typing(RoomKey { platform: Platform(\"irc\"), network: NativeId(\"owls\"), room: NativeId(\"#c\") }, None)",
            ),
        ];
        for (line, expected) in cases {
            assert_eq!(meant(line), expected, "{line:?}");
        }
        let odd =
            RawEvent { space: "owls".into(), payload: serde_json::json!({"what": "said"}), cursor: None };
        assert!(matches!(event(&odd), Translation::Unreadable(_)));
    }
}
