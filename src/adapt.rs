//! What a message looks like in a room that cannot do everything. Pure and total: always a best rendering, plus a list of
//! what was lost.

use relay_contract::text::{Container, Leaf, Run};
use relay_contract::{
    Author, Capabilities, Draft, Feature, Message, MessageRef, Part, Persona, Reply, Style, Support, Text,
};

/// Longest name, in user-perceived characters.
const LONGEST_NAME: usize = 80;
/// Longest quoted beginning of an answered message.
const LONGEST_QUOTE: usize = 80;

/// A message as one room will see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Adapted {
    /// What is said, before which every part bears the name where there is no persona.
    body: Vec<Run>,
    /// What stands before the first part only: the quote.
    quote: Vec<Run>,
    /// The name, where it has to stand in the text.
    name: Option<String>,
    /// Under which name, where the room can.
    pub persona: Option<Persona>,
    /// What it answers, where the room can.
    pub reply_to: Option<MessageRef>,
    /// What the room does not show as the origin did, feature by feature.
    pub lost: Vec<Feature>,
}

/// What is known of an answered message beyond what the event told.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReplyTarget {
    /// Its id in the room that is delivered to, if it is there.
    pub message: Option<MessageRef>,
    /// A link to it there.
    pub link: Option<String>,
    /// Who wrote it, where they wrote it: an event may only know the bridged copy, which is Relay's.
    pub author: Option<String>,
    /// How it began.
    pub excerpt: Option<String>,
}

/// Adapts a message to a room's capabilities.
pub fn message(
    author: Option<&Author>,
    message: &Message,
    answered: &ReplyTarget,
    room: &Capabilities,
) -> Adapted {
    let mut lost = Vec::new();
    let mut before = Vec::new();
    let mut reply_to = None;
    if let Some(reply) = &message.reply {
        match &answered.message {
            Some(target) if room.shows(Feature::Reply) == Support::Native => reply_to = Some(target.clone()),
            _ => {
                lost.push(Feature::Reply);
                before = quote(reply, answered);
                before.push(Run::new(Leaf::Break));
            }
        }
    }
    let name = author.map_or_else(|| "someone".to_owned(), |author| presentable(&author.name));
    let persona = (room.shows(Feature::Persona) == Support::Native)
        .then(|| Persona { name: name.clone(), avatar: author.and_then(|author| author.avatar.clone()) });
    let name = persona.is_none().then_some(name);
    if name.is_some() {
        lost.push(Feature::Persona);
    }
    let body = body(message, room, &mut lost);
    Adapted { body, quote: before, name, persona, reply_to, lost }
}

/// What Relay itself says in a room: under its own name, where the room shows names.
pub fn notice(body: &Text, room: &Capabilities) -> Adapted {
    let persona = (room.shows(Feature::Persona) == Support::Native)
        .then(|| Persona { name: "Relay".into(), avatar: None });
    let body = body.clone().into_runs();
    Adapted { body, quote: Vec::new(), name: None, persona, reply_to: None, lost: Vec::new() }
}

impl Adapted {
    /// The native messages. Where the name stands in the text, each bears it: a part without it could be begun with
    /// somebody else's name.
    pub fn parts(&self, render: impl Fn(&Draft) -> Vec<Part>) -> Vec<Part> {
        let whole = render(&self.draft(&self.body, true, false));
        if whole.len() <= 1 || self.name.is_none() {
            return whole;
        }
        // Measured with all that could stand before it, so that each part is one message.
        let parts_of = |text: &Text| render(&self.draft(&text.clone().into_runs(), true, true)).len();
        let texts = Text::from_runs(self.body.clone()).split(1, parts_of);
        let drafts = texts.into_iter().enumerate();
        drafts.flat_map(|(at, text)| render(&self.draft(&text.into_runs(), at == 0, at > 0))).collect()
    }

    fn draft(&self, body: &[Run], first: bool, continued: bool) -> Draft {
        let mut runs = if first { self.quote.clone() } else { Vec::new() };
        if let Some(name) = &self.name {
            runs.push(Run::new(Leaf::Plain(name.clone())).styled(Style::Bold));
            runs.push(Run::new(Leaf::Plain(if continued { ": … " } else { ": " }.into())));
        }
        runs.extend_from_slice(body);
        Draft { body: Text::from_runs(runs), ..Draft::default() }
    }
}

fn body(message: &Message, room: &Capabilities, lost: &mut Vec<Feature>) -> Vec<Run> {
    let mut runs = message.body.clone().into_runs();
    lost.extend(not_shown(&runs, room));
    if room.shows(Feature::File) != Support::Native && !message.attachments.is_empty() {
        lost.push(Feature::File);
        for file in &message.attachments {
            if !runs.is_empty() {
                runs.push(Run::new(Leaf::Break));
            }
            runs.push(Run::new(Leaf::Plain(format!("📎 {}", presentable(&file.name)))));
        }
    }
    if runs.is_empty() {
        runs.push(Run::new(Leaf::Plain("(a message without text)".into())).styled(Style::Italic));
    }
    runs
}

/// What the text has and the room shows by other means or not at all, feature by feature.
fn not_shown(runs: &[Run], room: &Capabilities) -> Vec<Feature> {
    let within = |test: fn(&Container) -> bool| runs.iter().any(|run| run.within.iter().any(test));
    let styled = |style| runs.iter().any(|run| run.styles.contains(&style));
    let leaf = |test: fn(&Leaf) -> bool| runs.iter().any(|run| test(&run.leaf));
    let features = [
        (Feature::Heading, within(|container| matches!(container, Container::Heading(_)))),
        (Feature::List, within(|container| matches!(container, Container::Item { .. }))),
        (Feature::Quote, within(|container| matches!(container, Container::Quote))),
        (Feature::Code, leaf(|leaf| matches!(leaf, Leaf::Code(_) | Leaf::Block { .. }))),
        (Feature::Underline, styled(Style::Underline)),
        (Feature::Spoiler, styled(Style::Spoiler)),
        (Feature::Mention, leaf(|leaf| matches!(leaf, Leaf::Mention(_)))),
        (Feature::Emoji, leaf(|leaf| matches!(leaf, Leaf::Emoji(_)))),
        (Feature::Time, leaf(|leaf| matches!(leaf, Leaf::Time(_)))),
    ];
    let lost = features.into_iter().filter(|(feature, has)| *has && room.shows(*feature) != Support::Native);
    lost.map(|(feature, _)| feature).collect()
}

/// One line that says what is answered, for rooms that cannot show it.
fn quote(reply: &Reply, answered: &ReplyTarget) -> Vec<Run> {
    let author = answered.author.as_ref().or(reply.author.as_ref());
    let excerpt = answered.excerpt.as_ref().or(reply.excerpt.as_ref());
    let said = match (author, excerpt) {
        (Some(author), Some(excerpt)) if !excerpt.is_empty() => format!("{}: {excerpt}", presentable(author)),
        (Some(author), _) => presentable(author),
        (None, Some(excerpt)) if !excerpt.is_empty() => excerpt.clone(),
        (None, _) => "an earlier message".into(),
    };
    let label = Run::new(Leaf::Plain(Text::plain(&said).excerpt(LONGEST_QUOTE)));
    let label = match &answered.link {
        Some(url) => label.linked(url),
        None => label.styled(Style::Italic),
    };
    vec![Run::new(Leaf::Plain("↪ ".into())), label]
}

/// A name on one line, without control and direction characters, never empty, not too long.
pub fn presentable(name: &str) -> String {
    let visible: String = name
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !c.is_control() && !changes_direction(*c))
        .collect();
    let name = Text::plain(&visible).excerpt(LONGEST_NAME);
    if name.chars().all(shows_nothing) { "someone".into() } else { name }
}

/// Characters without a picture of their own; some of them join others, so that a name may contain them.
fn shows_nothing(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{00AD}' | '\u{034F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}' | '\u{FFA0}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Overrides and isolates that would turn what follows a name around.
fn changes_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{061C}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_contract::{Attachment, Cell, Standing, TextLimit, Unit};

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

    fn ada() -> Author {
        Author { id: "u1".into(), name: "Ada".into(), avatar: None, standing: Standing::Person }
    }

    fn answer() -> Option<Reply> {
        Some(Reply { target: "0".into(), author: Some("Bo\nb".into()), excerpt: Some("hi\nthere".into()) })
    }

    /// Renders as plain text, in parts of so many characters.
    fn in_parts_of(most: usize) -> impl Fn(&Draft) -> Vec<Part> {
        let words = |text: &Text| -> String {
            let runs = text.clone().into_runs().into_iter();
            runs.map(|run| match run.leaf {
                Leaf::Plain(text) => text,
                Leaf::Break => "\n".into(),
                other => panic!("{other:?}"),
            })
            .collect()
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
        let adapted = super::message(Some(&ada()), &message, &ReplyTarget::default(), &room);
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
            (
                "files",
                Native,
                Native,
                said("look", &["a.png", "b.pdf"], None),
                &gone,
                "look\n📎 a.png\n📎 b.pdf",
            ),
            ("only a file", Fallback, Native, said("", &["a.png"], None), &gone, "Ada: 📎 a.png"),
            ("nothing at all", Native, Native, said("", &[], None), &gone, "(a message without text)"),
        ];
        for (what, persona, reply, message, target, expected) in cases {
            let adapted = super::message(Some(&ada()), &message, target, &capabilities(persona, reply));
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
            let adapted = super::message(Some(&ada()), &message, &ReplyTarget::default(), &room);
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
            let lost = |room: &Capabilities, body: &Message| {
                super::message(Some(&ada()), body, &ReplyTarget::default(), room).lost
            };
            assert_eq!(lost(&without, &message), [feature]);
            assert!(lost(&all, &message).is_empty(), "{feature}");
            assert!(lost(&without, &said("plain", &[], None)).is_empty(), "{feature}");
        }
    }

    #[test]
    fn names() {
        let cases = [
            ("Ada", "Ada"),
            ("", "someone"),
            ("\u{202E}evil", "evil"),
            ("two\nlines", "two lines"),
            (" \u{200F} ", "someone"),
            ("a\u{0}b", "ab"),
            ("\u{200B}\u{2060}", "someone"),
            ("👩\u{200D}🚀", "👩\u{200D}🚀"),
        ];
        for (name, expected) in cases {
            assert_eq!(presentable(name), expected, "{name:?}");
        }
        assert_eq!(presentable(&"x".repeat(500)).chars().count(), LONGEST_NAME);
    }
}
