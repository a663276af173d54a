//! The tree as Telegram's text and entities, by table; and there and back.

use crate::parse::tests::shown;
use crate::wire::Entity;
use crate::{inert, parse};
use proptest::prelude::*;
use relay_contract::Draft;
use relay_contract::text::{Container, Leaf, Run};
use relay_contract::{Emoji, Mention, Part, Style, Text, Time, TimeStyle, Unit};
use serde::Deserialize;
use serde_json::Value;

fn parts(body: Text) -> Vec<Part> {
    super::parts(&Draft { body, ..Draft::default() })
}

fn plain(text: &str) -> Run {
    Run::new(Leaf::Plain(text.into()))
}

fn bold(text: &str) -> Run {
    plain(text).styled(Style::Bold)
}

fn code(text: &str) -> Run {
    Run::new(Leaf::Code(text.into()))
}

fn block(lang: Option<&str>, text: &str) -> Run {
    Run::new(Leaf::Block { lang: lang.map(str::to_owned), text: text.into() })
}

fn moment() -> Run {
    Run::new(Leaf::Time(Time { seconds: 3_600, style: TimeStyle::Relative }))
}

fn person(name: &str) -> Run {
    Run::new(Leaf::Mention(Mention::Person { id: Some("42".into()), name: name.into() }))
}

fn group(name: &str) -> Run {
    Run::new(Leaf::Mention(Mention::Group { name: name.into() }))
}

fn entities(part: &Part) -> Vec<Value> {
    part.formatting.get("entities").and_then(Value::as_array).cloned().unwrap_or_default()
}

/// `text | bold 0 1, text_link 3 2 https://…`.
fn line(part: &Part) -> String {
    let entity = |e: &Value| {
        let word = |name: &str| match e.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => String::new(),
        };
        let all = ["type", "offset", "length", "url", "language", "unix_time", "date_time_format"].map(word);
        all.join(" ").trim_end().to_owned()
    };
    let entities: Vec<String> = entities(part).iter().map(entity).collect();
    format!("{} | {}", part.text, entities.join(", "))
}

#[test]
fn the_tree_becomes_entities() {
    let quote = Container::Quote;
    let item = |item, number| Container::Item { item, number };
    let cases = [
        (vec![plain("plain *_~`|>#<&")], "plain *_~`|>#<& | "),
        (vec![bold("a"), plain("b")], "ab | bold 0 1"),
        (vec![plain("😀"), bold("a")], "😀a | bold 2 1"),
        (
            vec![bold("a"), bold("b").styled(Style::Italic), plain("c").styled(Style::Strike)],
            "abc | bold 0 2, italic 1 1, strikethrough 2 1",
        ),
        (vec![bold("a "), code("b").styled(Style::Bold), bold(" c")], "a b c | bold 0 2, code 2 1, bold 3 2"),
        (vec![block(Some("rust"), "fn()")], "fn() | pre 0 4  rust"),
        (vec![plain("a"), block(None, "b"), block(None, "c"), plain("d")], "a\nb\nc\nd | pre 2 1, pre 4 1"),
        (
            vec![plain("it").linked("https://example.org/a_(b)")],
            "it | text_link 0 2 https://example.org/a_(b)",
        ),
        (vec![plain("https://example.org/a").linked("https://example.org/a")], "https://example.org/a | "),
        (
            vec![plain("https://example.org/a)").linked("https://example.org/a)")],
            "https://example.org/a) | text_link 0 22 https://example.org/a)",
        ),
        (
            vec![plain("x"), plain("https://example.org/a").linked("https://example.org/a")],
            "xhttps://example.org/a | text_link 1 21 https://example.org/a",
        ),
        (
            vec![plain("https://example.org/a").linked("https://example.org/a"), plain("b")],
            "https://example.org/ab | text_link 0 21 https://example.org/a",
        ),
        (
            vec![plain("https://bank.example").linked("https://evil.example/")],
            "https://bank.example | text_link 0 20 https://evil.example/",
        ),
        (vec![code("x").linked("https://example.org/")], "x | text_link 0 1 https://example.org/"),
        (vec![plain("me").linked("tg://user?id=1")], "me (tg://user?id=1) | "),
        (vec![plain("me").linked("javascript:alert(1)")], "me (javascript:alert(1)) | "),
        (vec![plain("a").linked("https://"), plain(" b")], "a (https://) b | "),
        (vec![plain("hi @ada_l and a@b.org")], "hi @\u{2060}ada_l and a@b.org | "),
        (vec![plain("@"), bold("ada")], "@\u{2060}ada | bold 2 3"),
        (vec![plain("@"), code("ada")], "@\u{2060}ada | code 2 3"),
        (
            vec![plain("@"), plain("x").linked("https://example.org/")],
            "@\u{2060}x | text_link 2 1 https://example.org/",
        ),
        (vec![person("Ada L"), plain(" "), group("everyone")], "@\u{2060}Ada L @\u{2060}everyone | "),
        (vec![person("*A*_`")], "@*A*_` | "),
        (vec![plain("see https://example.org/@ada")], "see https://example.org/@ada | "),
        (
            vec![plain("https://localhost/@ada").linked("https://localhost/@ada")],
            "https://localhost/@\u{2060}ada | text_link 0 23 https://localhost/@ada",
        ),
        (vec![code("@ada")], "@ada | code 0 4"),
        (vec![plain("```unclosed **fence")], "```unclosed **fence | "),
        (vec![plain("שלום "), bold("עולם")], "שלום עולם | bold 5 4"),
        (
            vec![plain("a").styled(Style::Underline), plain("b").styled(Style::Spoiler)],
            "ab | underline 0 1, spoiler 1 1",
        ),
        (vec![code("a").styled(Style::Spoiler).styled(Style::Bold)], "a | spoiler 0 1, bold 0 1"),
        (vec![plain("a").inside(&[quote]), plain("b")], "a\nb | blockquote 0 1"),
        (vec![plain("a"), bold("b\nc").inside(&[quote])], "a\nb\nc | blockquote 2 3, bold 2 3"),
        (vec![plain("a").inside(&[quote]), plain("b").inside(&[quote, quote])], "a\nb | blockquote 0 3"),
        (
            vec![plain("a").inside(&[quote]), block(None, "b").inside(&[quote])],
            "a\nb | blockquote 0 3, pre 2 1",
        ),
        (vec![plain("a").inside(&[Container::Heading(1)]), plain("b")], "a\nb | bold 0 1"),
        (vec![plain("a\nb").inside(&[item(0, None)]), plain("c")], "• a\n    b\nc | "),
        (
            vec![
                plain("a").inside(&[item(0, Some(9))]),
                bold("b").inside(&[item(0, Some(9)), item(1, None)]),
                plain("c").inside(&[item(2, Some(10))]),
            ],
            "9. a\n    • b\n10. c | bold 11 1",
        ),
        (vec![plain("a").inside(&[quote, item(0, None)])], "• a | blockquote 0 3"),
        (vec![plain("a").inside(&[item(0, None), quote])], "• \na | blockquote 3 1"),
        (vec![block(None, "a").inside(&[item(0, None)])], "• \na | pre 3 1"),
        (vec![plain("a\n@ada").inside(&[item(0, None)])], "• a\n    @\u{2060}ada | "),
        (vec![Run::new(Leaf::Emoji(Emoji { name: "owl".into(), id: None }))], ":owl: | "),
        (vec![Run::new(Leaf::Emoji(Emoji { name: "👍".into(), id: None }))], "👍 | "),
        (
            vec![Run::new(Leaf::Time(Time { seconds: 0, style: TimeStyle::Relative }))],
            "1 January 1970, 00:00 UTC | ",
        ),
        (
            vec![moment().styled(Style::Bold), plain("!")],
            "1 January 1970, 01:00 UTC! | bold 0 25, date_time 0 25   3600 r",
        ),
        (
            vec![moment().linked("https://example.org/")],
            "1 January 1970, 01:00 UTC | text_link 0 25 https://example.org/",
        ),
    ];
    for (runs, expected) in cases {
        let parts = parts(Text::from_runs(runs.clone()));
        assert_eq!(parts.iter().map(line).collect::<Vec<_>>(), [expected], "{runs:?}");
    }
}

#[test]
fn nothing_is_one_empty_part() {
    assert_eq!(parts(Text::default()).len(), 1);
}

#[test]
fn parts_keep_both_limits() {
    let styled = (0..1_000).map(|i| if i % 2 == 0 { bold("a") } else { plain("b") }).collect();
    let texts = [
        Text::plain(&"word ".repeat(2_000)),
        Text::plain(&"😀".repeat(10_000)),
        Text::plain(&"@a ".repeat(3_000)),
        Text::from_runs(vec![block(None, &"line\n".repeat(2_000))]),
        Text::from_runs(styled),
    ];
    for text in texts {
        let parts = parts(text.clone());
        assert!(parts.len() > 1);
        for part in &parts {
            assert!(Unit::Utf16.measure(&part.text) <= 4_096);
            assert!(entities(part).len() <= 100);
        }
        let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace() && *c != inert::JOINER).count();
        let sent: usize = parts.iter().map(|part| letters(&part.text)).sum();
        assert_eq!(sent, letters(&text.excerpt(usize::MAX)));
    }
}

/// What Telegram cannot show, taken out: styles and links on code, code that is hidden, and mentions, which arrive as inert words.
fn supported(text: &Text) -> Text {
    let runs = text.clone().into_runs().into_iter().map(|mut run| {
        run.leaf = match run.leaf {
            Leaf::Mention(mention) => Leaf::Plain(mention.shown()),
            Leaf::Time(time) if run.url.is_some() => Leaf::Plain(time.shown()),
            Leaf::Code(text) if run.url.is_some() || run.styles.contains(&Style::Spoiler) => {
                Leaf::Plain(text)
            }
            Leaf::Code(text) => {
                run.styles.clear();
                Leaf::Code(text)
            }
            other => other,
        };
        run
    });
    Text::from_runs(runs.collect())
}

fn back(part: &Part) -> Text {
    let entities: Vec<Entity> =
        entities(part).iter().map(|entity| Entity::deserialize(entity).unwrap()).collect();
    parse::text(&part.text, &entities)
}

fn words() -> impl Strategy<Value = String> {
    "[a-z@_*`~<&>#|\\[\\]()/.:😀é\u{5d0} ]{1,8}"
}

fn run() -> impl Strategy<Value = Run> {
    let leaf = prop_oneof![
        6 => words().prop_map(Leaf::Plain),
        2 => words().prop_map(Leaf::Code),
        1 => "[a-z ]{1,5}".prop_map(|name| Leaf::Mention(Mention::Person { id: None, name })),
        1 => Just(Leaf::Mention(Mention::Group { name: "everyone".into() })),
        1 => Just(moment().leaf),
        2 => Just(Leaf::Break),
        1 => (prop::option::of("[a-z]{1,3}"), "[a-z`@ \n]{1,9}").prop_map(|(lang, text)| Leaf::Block { lang, text }),
    ];
    let url = prop::option::weighted(
        0.2,
        prop::sample::select(vec![
            "https://example.org/",
            "https://example.org/a_(b)?c=%20d",
            "http://127.0.0.1:1/@x",
        ]),
    );
    let styles = prop::collection::btree_set(prop::sample::select(Style::ALL.to_vec()), 0..3);
    (leaf, styles, url, any::<bool>()).prop_map(|(leaf, styles, url, quoted)| {
        let block = matches!(leaf, Leaf::Block { .. });
        let mut run = Run::new(leaf);
        run.within = quoted.then_some(Container::Quote).into_iter().collect();
        if !block {
            run.styles = styles;
        }
        match url {
            Some(url) if !block => run.linked(url),
            _ => run,
        }
    })
}

/// What keeps an `@` and a moment apart belongs to neither the moment nor its style.
#[test]
fn a_hidden_moment_behind_an_at_sign_stays_hidden() {
    let hidden = moment().styled(Style::Spoiler);
    for before in [Leaf::Code("@".into()), Leaf::Plain("@".into())] {
        let text = Text::from_runs(vec![Run::new(before), hidden.clone()]);
        assert_eq!(back(&parts(text.clone())[0]), text);
    }
}

proptest! {
    #[test]
    fn there_and_back(runs in prop::collection::vec(run(), 0..12)) {
        let text = supported(&Text::from_runs(runs));
        // The last step makes the normal form of what was taken out.
        let text = supported(&text);
        let parts = parts(text.clone());
        prop_assert_eq!(parts.len(), 1);
        prop_assert_eq!(shown(&back(&parts[0])), shown(&text), "{}", line(&parts[0]));
        prop_assert_eq!(back(&parts[0]), text);
    }

    /// Outside of code and links, no `@` stands before what could be a handle.
    #[test]
    fn nobody_is_notified(runs in prop::collection::vec(run(), 0..12)) {
        for part in parts(Text::from_runs(runs)) {
            let text: Vec<u16> = part.text.encode_utf16().collect();
            let mut open = vec![true; text.len()];
            for entity in entities(&part) {
                let closed = matches!(entity["type"].as_str(), Some("code" | "pre" | "text_link"));
                let from = entity["offset"].as_u64().unwrap_or(0) as usize;
                let length = entity["length"].as_u64().unwrap_or(0) as usize;
                open[from..from + length].iter_mut().for_each(|open| *open &= !closed);
            }
            let handle = |c: u16| u8::try_from(c).is_ok_and(|c| c.is_ascii_alphanumeric() || c == b'_');
            for at in 0..text.len().saturating_sub(1) {
                let before = at.checked_sub(1).map(|at| text[at]);
                let inside_address = before.is_some_and(handle) || before == Some(u16::from(b'/'));
                prop_assert!(
                    text[at] != u16::from(b'@') || !handle(text[at + 1]) || inside_address || !open[at],
                    "{}", line(&part)
                );
            }
        }
    }
}
