//! What a message looks like, a case a line.

#![allow(clippy::unwrap_used)]

use super::*;
use relay_contract::{Attachment, Cell, FileKind, TextLimit, Unit};

fn capabilities(persona: Support, reply: Support) -> Capabilities {
    let cell = |feature| match feature {
        Feature::Persona => Cell::new(persona, Support::Native),
        Feature::Reply => Cell::new(reply, Support::Native),
        Feature::File => Cell::SHOWN_OTHERWISE,
        _ => Cell::NATIVE,
    };
    Capabilities::new(cell, TextLimit { most: 4_000, unit: Unit::Chars })
}

fn said(body: &str, files: &[&str], reply: Option<Reply>) -> Message {
    Message {
        attachments: files.iter().map(|name| Attachment::named(*name)).collect(),
        reply,
        ..Message::new(MessageRef::plain("1"), Text::plain(body))
    }
}

fn adapt(message: &Message, answered: &ReplyTarget, room: &Capabilities) -> Adapted {
    super::message(message, &Told { name: Some("Ada"), answered: answered.clone(), ..Told::default() }, room)
}

fn answer() -> Option<Reply> {
    Some(Reply { target: "0".into(), author: Some("Bo\nb".into()), excerpt: Some("hi\nthere".into()) })
}

/// Renders as plain text, in parts of so many characters.
fn in_parts_of(most: usize) -> impl Fn(&Draft) -> Vec<Part> {
    let words = |text: &Text| -> String {
        let mut said = String::new();
        let mut within = Vec::new();
        for run in text.clone().into_runs() {
            if within != run.within && !said.is_empty() && run.leaf != Leaf::Break {
                said.push('\n');
            }
            within = run.within;
            match run.leaf {
                Leaf::Plain(text) => said.push_str(&text),
                Leaf::Break => said.push('\n'),
                other => panic!("{other:?}"),
            }
        }
        said
    };
    move |draft| {
        let parts = draft.body.clone().split(most, |text| words(text).chars().count());
        parts.iter().map(|text| Part::text(words(text), serde_json::Value::Null)).collect()
    }
}

#[test]
fn every_part_bears_the_name() {
    let text = "one two three Bruno: forged four five six";
    let message = said(text, &[], answer());
    let room = capabilities(Support::Fallback, Support::Fallback);
    let adapted = adapt(&message, &ReplyTarget::default(), &room);
    let parts: Vec<_> = adapted.parts(in_parts_of(40)).into_iter().map(|part| part.text).collect();
    assert_eq!(parts[0], "↪ Bo b: hi there\nAda: one two three");
    assert!(parts.len() > 1);
    assert!(parts[1..].iter().all(|part| part.starts_with("Ada: … ")), "{parts:?}");
    assert!(parts.iter().all(|part| part.chars().count() <= 40), "{parts:?}");
    let whole: String =
        parts.iter().map(|part| part.rsplit("Ada: ").next().unwrap().replace("… ", "")).collect();
    assert_eq!(whole.replace(' ', ""), text.replace(' ', ""));
}

#[test]
fn bodies() {
    use Support::{Fallback, Native};
    let link = Some("https://x/9".into());
    let here = ReplyTarget { message: Some(MessageRef::plain("9")), link, ..ReplyTarget::default() };
    let author = Some("Cleo".into());
    let told = ReplyTarget { author, excerpt: Some("as written".into()), ..ReplyTarget::default() };
    let gone = ReplyTarget::default();
    let cases = [
        ("native persona", Native, Native, said("hi", &[], None), &gone, "hi"),
        ("prefixed", Fallback, Native, said("hi", &[], None), &gone, "Ada: hi"),
        ("native reply", Native, Native, said("hi", &[], answer()), &here, "hi"),
        ("quoted reply", Native, Fallback, said("hi", &[], answer()), &here, "↪ Bo b: hi there\nhi"),
        (
            "native reply to what is not here",
            Native,
            Native,
            said("hi", &[], answer()),
            &gone,
            "↪ Bo b: hi there\nhi",
        ),
        (
            "the journal knows better than the event",
            Native,
            Fallback,
            said("hi", &[], answer()),
            &told,
            "↪ Cleo: as written\nhi",
        ),
        (
            "quote before prefix",
            Fallback,
            Fallback,
            said("hi", &[], answer()),
            &here,
            "↪ Bo b: hi there\nAda: hi",
        ),
        ("files", Native, Native, said("look", &["a.png", "b.pdf"], None), &gone, "look\n📎 a.png\n📎 b.pdf"),
        ("only a file", Fallback, Native, said("", &["a.png"], None), &gone, "Ada: 📎 a.png"),
        ("nothing at all", Native, Native, said("", &[], None), &gone, "(a message without text)"),
    ];
    for (what, persona, reply, message, target, expected) in cases {
        let adapted = adapt(&message, target, &capabilities(persona, reply));
        let shown: Vec<_> = adapted.parts(in_parts_of(1000)).into_iter().map(|part| part.text).collect();
        assert_eq!(shown, [expected], "{what}");
        assert_eq!(adapted.persona.is_some(), persona == Native, "{what}");
        let answers = message.reply.is_some() && reply == Native && target.message.is_some();
        assert_eq!(adapted.reply_to.is_some(), answers, "{what}");
    }
}

/// What the name stands before is shown as it is: a block begins on a line of its own.
#[test]
fn blocks_begin_below_the_name() {
    let run = |text: &str| Run::new(Leaf::Plain(text.into()));
    let item = Container::Item { item: 0, number: Some(1) };
    let starts = [run("a").inside(&[item]), run("a").inside(&[Container::Quote])].into_iter().chain([
        run("a").inside(&[Container::Heading(1)]),
        Run::new(Leaf::Block { lang: None, text: "a".into() }),
    ]);
    for start in starts {
        let mut message = said("", &["f.png"], None);
        message.body = Text::from_runs(vec![start.clone(), run("b").inside(&[Container::Quote])]);
        let room = capabilities(Support::Fallback, Support::Native);
        let adapted = adapt(&message, &ReplyTarget::default(), &room);
        let seen = std::cell::RefCell::new(Vec::new());
        adapted.parts(|draft| {
            seen.borrow_mut().push(draft.body.clone());
            vec![Part::text("", serde_json::Value::Null)]
        });
        let name = Text::from_runs(vec![run("Ada").styled(Style::Bold), run(":")]);
        let file = Text::plain("📎 f.png");
        let blocks = [name.blocks(), message.body.blocks(), file.blocks()].concat();
        assert_eq!(seen.into_inner(), [Text::new(blocks)], "{start:?}");
    }
}

#[test]
fn what_is_lost_is_said() {
    use Support::{Fallback, Native};
    let run = |text: &str| Run::new(Leaf::Plain(text.into()));
    let item = Container::Item { item: 0, number: None };
    let emoji = Leaf::Emoji(relay_contract::Emoji { name: "owl".into(), id: None });
    let time = Leaf::Time(relay_contract::Time { seconds: 0, style: Default::default() });
    let cases = [
        (run("a").inside(&[Container::Heading(1)]), Feature::Heading),
        (run("a").inside(&[item]), Feature::List),
        (run("a").inside(&[Container::Quote]), Feature::Quote),
        (run("a").styled(Style::Underline), Feature::Underline),
        (run("a").styled(Style::Spoiler), Feature::Spoiler),
        (Run::new(emoji), Feature::Emoji),
        (Run::new(time), Feature::Time),
    ];
    for (run, feature) in cases {
        let mut message = said("", &[], None);
        message.body = Text::from_runs(vec![run]);
        let all = capabilities(Native, Native);
        let without = all.with(feature, Cell::new(Fallback, Native));
        let lost = |room: &Capabilities, body: &Message| adapt(body, &ReplyTarget::default(), room).lost;
        assert_eq!(lost(&without, &message), [feature]);
        assert!(lost(&all, &message).is_empty(), "{feature}");
        assert!(lost(&without, &said("plain", &[], None)).is_empty(), "{feature}");
    }
}

fn shown(message: &Message, told: &Told<'_>, room: &Capabilities) -> (Vec<String>, Vec<Feature>) {
    let adapted = super::message(message, told, room);
    let parts = adapted.parts(in_parts_of(1000));
    (parts.into_iter().map(|part| part.text).collect(), adapted.lost)
}

/// What a room without files, polls, topics and reactions of its own is told instead.
#[test]
fn everything_else_in_words() {
    let room = |feature, cell| capabilities(Support::Native, Support::Native).with(feature, cell);
    let plain = |text: &str| said(text, &[], None);
    let told = Told { name: Some("Ada"), ..Told::default() };
    let file = |name: &str, size, kind| Attachment { size, kind, ..Attachment::named(name) };
    let from = Forward { author: Some("Cy".into()), author_id: None, room: Some("owls".into()) };
    let poll = Poll {
        question: "which?".into(),
        answers: vec!["barn".into(), "tawny".into()],
        multiple: false,
        ends: None,
    };
    let late = Told { files: &[FileShown::Late], ..told.clone() };
    let why = || "too large for here".to_owned();
    let too_large = [FileShown::Named { why: why() }];
    let linked = [FileShown::Linked { url: "https://x/y".into(), why: why() }];
    let native = capabilities(Support::Native, Support::Native);
    let otherwise = Cell::SHOWN_OTHERWISE;
    let reaction = reactions::Reaction {
        emoji: relay_contract::Emoji { name: "owl".into(), id: None },
        names: vec!["Bo".into()],
        native: None,
    };
    let cases = [
        (
            "a forward",
            Message { forward: Some(from), ..plain("hi") },
            told.clone(),
            room(Feature::Forward, otherwise),
            "⤳ Forwarded from Cy in owls\nhi",
            vec![Feature::Forward],
        ),
        (
            "a poll",
            Message { poll: Some(poll), ..plain("") },
            told.clone(),
            room(Feature::Poll, otherwise),
            "📊 which?\nbarn\ntawny",
            vec![Feature::Poll],
        ),
        (
            "a topic that begins",
            plain("hi"),
            Told { thread: Some("owls\nof night"), ..told.clone() },
            native,
            "🧵 owls of night\nhi",
            vec![Feature::Topic],
        ),
        (
            "a late file",
            Message { attachments: vec![file("a.png", Some(2_100_000), FileKind::Image)], ..plain("look") },
            late,
            room(Feature::File, Cell::NATIVE),
            "look\n📎 a.png (2.1 MB) follows",
            vec![],
        ),
        (
            "a file too large",
            Message { attachments: vec![file("a.mp4", Some(60_000_000), FileKind::Video)], ..plain("") },
            Told { files: &too_large, ..told.clone() },
            room(Feature::File, Cell::NATIVE),
            "📎 a.mp4 (60 MB) too large for here",
            vec![Feature::File],
        ),
        (
            "a file that is linked",
            Message { attachments: vec![file("a.mp4", None, FileKind::Video)], ..plain("") },
            Told { files: &linked, ..told.clone() },
            room(Feature::File, Cell::NATIVE),
            "📎 a.mp4 too large for here",
            vec![Feature::File],
        ),
        (
            "a sticker",
            Message { attachments: vec![file("sticker 🦉", None, FileKind::Sticker)], ..plain("") },
            told.clone(),
            native.with(Feature::Sticker, otherwise),
            "📎 sticker 🦉",
            vec![Feature::Sticker, Feature::File],
        ),
        (
            "reactions",
            plain("hi"),
            Told { reactions: std::slice::from_ref(&reaction), ..told.clone() },
            native,
            "hi\n:owl: 1 (Bo)",
            vec![Feature::Reaction],
        ),
        (
            "no preview",
            Message { no_preview: true, ..plain("hi") },
            told.clone(),
            room(Feature::Preview, Cell::NONE),
            "hi",
            vec![Feature::Preview],
        ),
    ];
    for (what, message, told, room, expected, mut lost) in cases {
        lost.sort_unstable();
        assert_eq!(shown(&message, &told, &room), (vec![expected.to_owned()], lost), "{what}");
    }
}

/// Files go with the last part, under the name where that stands in the text.
#[test]
fn files_go_along() {
    let files =
        [FileShown::Upload(FileDraft { index: 0, kind: FileKind::Image, mime: "image/png".into(), size: 3 })];
    let told = Told { name: Some("Ada"), files: &files, ..Told::default() };
    let room = capabilities(Support::Fallback, Support::Native).with(Feature::File, Cell::NATIVE);
    for (text, expected) in [
        ("look", vec!["Ada: look 1"]),
        ("", vec!["Ada 1"]),
        ("one two three four five", vec!["Ada: one two 0", "Ada: … three four 0", "Ada: … five 1"]),
    ] {
        let adapted = super::message(&said(text, &["a.png"], None), &told, &room);
        let parts = adapted.parts(|draft| {
            let mut parts = in_parts_of(18)(draft);
            let last = parts.len() - 1;
            for (at, part) in parts.iter_mut().enumerate() {
                let files = if at == last { draft.files.len() } else { 0 };
                part.text = format!("{} {files}", part.text.trim_end());
            }
            parts
        });
        let texts: Vec<_> = parts.into_iter().map(|part| part.text).collect();
        assert_eq!(texts, expected, "{text}");
    }
}

/// The same where Relay speaks German.
#[test]
fn in_german() {
    use Support::Native;
    let room = |feature| capabilities(Native, Native).with(feature, Cell::SHOWN_OTHERWISE);
    let told = Told { name: Some("Ada"), language: Language::German, ..Told::default() };
    let plain = |text: &str| said(text, &[], None);
    let from = |author: Option<&str>, room: Option<&str>| {
        let (author, room) = (author.map(str::to_owned), room.map(str::to_owned));
        Message { forward: Some(Forward { author, author_id: None, room }), ..plain("hi") }
    };
    let reply = Some(Reply { target: "0".into(), author: None, excerpt: None });
    let emoji = |name: &str| relay_contract::Emoji { name: name.into(), id: None };
    let reactions: Vec<reactions::Reaction> = (0..12)
        .map(|at| reactions::Reaction {
            emoji: emoji(&format!("e{at}")),
            names: vec!["Bo".into()],
            native: None,
        })
        .collect();
    let file = said("", &["a.png"], None);
    let cases = [
        (plain(""), told.clone(), room(Feature::Reply), "(eine Nachricht ohne Text)"),
        (said("hi", &[], reply), told.clone(), room(Feature::Reply), "↪ eine frühere Nachricht\nhi"),
        (
            from(Some("Cy"), Some("owls")),
            told.clone(),
            room(Feature::Forward),
            "⤳ Weitergeleitet von Cy in owls\nhi",
        ),
        (from(None, Some("owls")), told.clone(), room(Feature::Forward), "⤳ Weitergeleitet von owls\nhi"),
        (from(None, None), told.clone(), room(Feature::Forward), "⤳ Weitergeleitet\nhi"),
        (
            file,
            Told { files: &[FileShown::Late], ..told.clone() },
            capabilities(Native, Native).with(Feature::File, Cell::NATIVE),
            "📎 a.png folgt",
        ),
        (plain("hi"), Told { name: None, ..told.clone() }, room(Feature::Persona), "jemand: hi"),
    ];
    for (message, told, room, expected) in cases {
        assert_eq!(shown(&message, &told, &room).0, [expected]);
    }
    let told = Told { reactions: &reactions, ..told };
    let (parts, _) = shown(&plain("hi"), &told, &room(Feature::Reaction));
    assert!(parts[0].ends_with("· und 2 weitere"), "{parts:?}");
    assert_eq!(thread_name(Language::German, " "), "Thread");
    let poll =
        Poll { question: "welche?".into(), answers: vec!["Schleier".into()], multiple: false, ends: None };
    let asked = Message { poll: Some(poll.clone()), ..plain("") };
    let told = Told { name: Some("Ada"), language: Language::German, ..Told::default() };
    let (parts, _) = shown(&asked, &told, &capabilities(Support::Fallback, Native));
    assert_eq!(parts, ["Ada fragt:"]);
    let result = poll_result(Language::German, &poll, &[2], "in owls").excerpt(99);
    assert!(result.starts_with("📊 welche? ist beendet in owls:"), "{result}");
    let removed = corrections::removed(Language::German, ["a.png"]).map(|text| text.excerpt(99));
    assert_eq!(removed.as_deref(), Some("✎ ohne a.png"));
}
