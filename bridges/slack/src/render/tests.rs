//! Rendering by table, and the way back by property.

#![allow(clippy::unwrap_used)]
use super::*;
use crate::parse::{Names, body};
use proptest::prelude::*;
use relay_contract::text::Container;
use relay_contract::{Emoji, FileDraft, FileKind, Mention, Time, TimeStyle};

fn parsed(part: &Part) -> Text {
    body(&json!({ "text": part.text, "blocks": part.formatting["blocks"] }), &Names::default())
}

fn one(text: &Text) -> Part {
    let mut all = parts(&Draft { body: text.clone(), ..Draft::default() });
    assert_eq!(all.len(), 1, "{text:?}");
    all.remove(0)
}

fn run(text: &str) -> Run {
    Run::new(Leaf::Plain(text.into()))
}

fn mention(mention: Mention) -> Run {
    Run::new(Leaf::Mention(mention))
}

fn code_block(lang: Option<&str>, text: &str) -> Run {
    Run::new(Leaf::Block { lang: lang.map(str::to_owned), text: text.into() })
}

#[test]
fn fallbacks() {
    let bold = |text| run(text).styled(Style::Bold);
    let cases: Vec<(Vec<Run>, &str)> = vec![
        (vec![run("hello")], "hello"),
        (vec![run("a < b && c > d")], "a &lt; b &amp;&amp; c &gt; d"),
        (vec![run("<!channel> <@U1>")], "&lt;!channel&gt; &lt;@U1&gt;"),
        (vec![run("@everyone @here")], "@everyone @here"),
        (vec![run("a "), bold("b"), run(" c")], "a *b* c"),
        (vec![bold("b").styled(Style::Italic).styled(Style::Strike)], "*_~b~_*"),
        (vec![bold("a "), bold("b").styled(Style::Italic)], "*a _b_*"),
        (vec![run("i ").styled(Style::Italic), bold("b").styled(Style::Italic)], "_i_ *_b_*"),
        (vec![bold("a\nb")], "*a*\n*b*"),
        (vec![Run::new(Leaf::Code("x < y".into()))], "`x &lt; y`"),
        (
            vec![run("see"), code_block(Some("rust"), "let a = &b;"), run("ok")],
            "see\n```\nlet a = &amp;b;\n```\nok",
        ),
        (vec![code_block(None, "a"), code_block(None, "b")], "```\na\n```\n```\nb\n```"),
        (
            vec![run("https://x.example/?a=1&b=2").linked("https://x.example/?a=1&b=2")],
            "<https://x.example/?a=1&amp;b=2>",
        ),
        (vec![run("site").linked("https://x.example/(a)")], "<https://x.example/(a)|site>"),
        (vec![run("a|b>").linked("https://x.example/a|b")], "<https://x.example/a%7Cb|a¦b&gt;>"),
        (vec![run("x").linked("javascript:alert(1)")], "x (javascript:alert(1))"),
        (vec![mention(Mention::Person { id: None, name: "Ada".into() })], "@Ada"),
        (vec![mention(Mention::Group { name: "everyone".into() })], "@everyone"),
        (vec![mention(Mention::Room { name: "general".into() })], "#general"),
        (vec![mention(Mention::Person { id: None, name: "<!channel>".into() })], "@&lt;!channel&gt;"),
        (vec![run("😀 👨‍👩‍👧‍👦 שלום")], "😀 👨‍👩‍👧‍👦 שלום"),
        (vec![run("a").inside(&[Container::Heading(1)]), run("b")], "*a*\nb"),
        (vec![run("a\nb").inside(&[Container::Quote]), run("c")], "> a\n> b\nc"),
        (
            vec![
                run("a\nb").inside(&[item(0, Some(2))]),
                run("c").inside(&[item(0, Some(2)), item(1, None)]),
                run("d").inside(&[item(2, Some(3))]),
            ],
            "2. a\n    b\n    • c\n3. d",
        ),
        (vec![run("a").styled(Style::Underline)], "a"),
        (
            vec![run("it is "), run("x").styled(Style::Spoiler), bold("y").styled(Style::Spoiler)],
            "it is ▒▒▒▒ (spoiler)",
        ),
        (vec![Run::new(Leaf::Emoji(Emoji { name: "owl".into(), id: None }))], ":owl:"),
        (vec![Run::new(Leaf::Time(Time { seconds: 0, style: TimeStyle::Date }))], "1 January 1970 (UTC)"),
    ];
    for (runs, expected) in cases {
        let text = Text::from_runs(runs);
        assert_eq!(one(&text).text, expected, "{text:?}");
    }
}

fn item(item: u32, number: Option<u32>) -> Container {
    Container::Item { item, number }
}

fn words(text: &str) -> Value {
    json!({ "type": "rich_text_section", "elements": [{ "type": "text", "text": text }] })
}

#[test]
fn rich_text() {
    let cases = [
        (
            vec![run("a "), run("b").styled(Style::Bold), run("\nc")],
            json!([{ "type": "rich_text_section", "elements": [
                { "type": "text", "text": "a " },
                { "type": "text", "text": "b", "style": { "bold": true } },
                { "type": "text", "text": "\nc" },
            ] }]),
        ),
        (
            vec![run("x").linked("https://x.example"), code_block(Some("rust"), "let x;")],
            json!([
                { "type": "rich_text_section", "elements": [{ "type": "link", "url": "https://x.example", "text": "x" }] },
                { "type": "rich_text_preformatted", "language": "rust", "elements": [{ "type": "text", "text": "let x;" }] },
            ]),
        ),
        (
            vec![code_block(Some("not a language <!>"), "x")],
            json!([{ "type": "rich_text_preformatted", "elements": [{ "type": "text", "text": "x" }] }]),
        ),
        (
            vec![
                run("a\nb").styled(Style::Underline).inside(&[Container::Quote]),
                run("c").inside(&[Container::Heading(2)]),
            ],
            json!([
                { "type": "rich_text_quote", "elements": [
                    { "type": "text", "text": "a", "style": { "underline": true } },
                    { "type": "text", "text": "\n" },
                    { "type": "text", "text": "b", "style": { "underline": true } },
                ] },
                { "type": "rich_text_section", "elements": [{ "type": "text", "text": "c", "style": { "bold": true } }] },
            ]),
        ),
        (
            vec![
                run("a").inside(&[item(0, Some(1))]),
                run("b").inside(&[item(0, Some(1)), item(1, None)]),
                run("c").inside(&[item(2, Some(2))]),
            ],
            json!([
                { "type": "rich_text_list", "style": "ordered", "elements": [words("a")] },
                { "type": "rich_text_list", "style": "bullet", "indent": 1, "elements": [words("b")] },
                { "type": "rich_text_list", "style": "ordered", "offset": 1, "elements": [words("c")] },
            ]),
        ),
        (
            vec![
                run("a").inside(&[Container::Quote, item(0, None)]),
                code_block(None, "b").inside(&[Container::Quote]),
            ],
            json!([
                { "type": "rich_text_list", "style": "bullet", "border": 1, "elements": [words("a")] },
                { "type": "rich_text_preformatted", "border": 1, "elements": [{ "type": "text", "text": "b" }] },
            ]),
        ),
        (
            vec![
                Run::new(Leaf::Time(Time { seconds: 7, style: TimeStyle::Relative })),
                run("s").styled(Style::Spoiler),
            ],
            json!([{ "type": "rich_text_section", "elements": [
                { "type": "date", "timestamp": 7, "format": "{ago}", "fallback": "1 January 1970, 00:00 UTC" },
                { "type": "text", "text": "▒▒▒▒ (spoiler)" },
            ] }]),
        ),
        (
            // Nothing that could notify: names are words.
            vec![
                mention(Mention::Person { id: Some("U1".into()), name: "Ada".into() }),
                run(" @everyone <@U1>"),
            ],
            json!([{ "type": "rich_text_section", "elements": [{ "type": "text", "text": "@Ada @everyone <@U1>" }] }]),
        ),
    ];
    for (runs, expected) in cases {
        let formatting = one(&Text::from_runs(runs)).formatting["blocks"].take();
        assert_eq!(formatting, json!([{ "type": "rich_text", "elements": expected }]));
    }
}

#[test]
fn long_texts_are_cut_within_both_limits() {
    let styled: Vec<Run> = (0..3_000)
        .map(|at| if at % 2 == 0 { run("ab").styled(Style::Bold) } else { run("cd").styled(Style::Strike) })
        .collect();
    let cases = [
        Text::plain(&"word ".repeat(2_000)),
        Text::plain(&"<".repeat(10_000)),
        Text::plain(&"👨‍👩‍👧‍👦".repeat(2_000)),
        Text::from_runs(vec![code_block(Some("rust"), &"line &\n".repeat(2_000))]),
        Text::from_runs(styled),
    ];
    for text in cases {
        let words = |text: &Text| -> String {
            text.clone()
                .into_runs()
                .iter()
                .map(|run| run.leaf.shown())
                .collect::<String>()
                .split_whitespace()
                .collect()
        };
        let all = parts(&Draft { body: text.clone(), ..Draft::default() });
        assert!(all.len() > 1);
        let mut joined = String::new();
        for part in &all {
            assert!(part.text.chars().count() <= MOST_CHARS);
            assert!(part.formatting.to_string().chars().count() <= MOST_JSON);
            joined.push_str(&words(&parsed(part)));
        }
        assert_eq!(joined, words(&text));
    }
}

/// Words with everything that anybody might take for markup.
fn any_words() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z *_~`|>#@<&!:.()\\[\\]\\\\-]{1,12}",
        "\\PC{1,8}",
        Just("```".to_owned()),
        Just("<!channel>".to_owned()),
        Just("@everyone".to_owned()),
        Just("&lt;".to_owned()),
        Just("😀👨‍👩‍👧‍👦".to_owned()),
        Just("שלום עולם".to_owned()),
    ]
}

fn any_run() -> impl Strategy<Value = Run> {
    let leaf = prop_oneof![
        6 => any_words().prop_map(Leaf::Plain),
        2 => any_words().prop_map(Leaf::Code),
        1 => Just(Leaf::Break),
        1 => (any::<i32>(), prop::sample::select(crate::parse::TIME_FORMATS.to_vec()))
            .prop_map(|(seconds, (_, style))| Leaf::Time(Time { seconds: seconds.into(), style })),
        1 => (prop::option::of("[a-z+#]{1,8}"), any_words(), any_words())
            .prop_map(|(lang, a, b)| Leaf::Block { lang, text: format!("{a}\n{b}") }),
    ];
    let shown = Style::ALL.into_iter().filter(|style| *style != Style::Spoiler).collect::<Vec<_>>();
    let styles = prop::collection::btree_set(prop::sample::select(shown), 0..3);
    let url = prop::option::weighted(0.2, "https://x\\.example/[a-z()|&=?]{0,8}");
    let items = (0..3u32, prop::option::of(1..1_000u32)).prop_map(|(id, number)| item(id, number));
    let within = (any::<bool>(), prop::collection::vec(items, 0..3)).prop_map(|(quoted, items)| {
        quoted.then_some(Container::Quote).into_iter().chain(items).collect::<Vec<_>>()
    });
    (leaf, styles, url, within).prop_map(|(leaf, styles, url, mut within)| {
        if matches!(leaf, Leaf::Block { .. }) {
            within.retain(|container| *container == Container::Quote);
        }
        // A moment that is a link is words.
        let url = url.filter(|_| !matches!(leaf, Leaf::Time(_)));
        Run { leaf, styles, url, within }
    })
}

/// Within what Slack can show: an item is words, and lists below them.
fn can_be_said(blocks: &[Block]) -> bool {
    let item = |item: &Vec<Block>| match item.split_first() {
        Some((Block::Paragraph(_), lists)) => {
            lists.iter().all(|block| matches!(block, Block::List { .. })) && can_be_said(lists)
        }
        _ => false,
    };
    blocks.iter().all(|block| match block {
        Block::Quote(blocks) => can_be_said(blocks),
        Block::List { items, .. } => items.iter().all(item),
        _ => true,
    })
}

proptest! {
    #[test]
    fn what_is_rendered_reads_back_the_same(runs in prop::collection::vec(any_run(), 1..9)) {
        let text = Text::from_runs(runs);
        prop_assume!(!text.is_empty() && can_be_said(text.blocks()));
        let part = one(&text);
        prop_assert_eq!(parsed(&part), text);
        // Every `<` in the fallback begins a link; none begins a ping.
        for begun in part.text.split('<').skip(1) {
            prop_assert!(begun.starts_with("https:"), "{}", part.text);
        }
    }

    #[test]
    fn what_need_not_be_measured_is_not_longer(runs in prop::collection::vec(any_run(), 1..6)) {
        let text = Text::from_runs(runs);
        prop_assume!(!text.is_empty());
        if let Some(most) = at_most(&text) {
            prop_assert!(measured(&text) <= most, "{text:?}");
        }
    }

    #[test]
    fn the_fallback_names_nobody(runs in prop::collection::vec(any_run(), 1..12)) {
        let text = Text::from_runs(runs);
        prop_assume!(!text.is_empty());
        let read = body(&json!({ "text": one(&text).text }), &Names::default());
        for run in read.into_runs() {
            prop_assert!(!matches!(run.leaf, Leaf::Mention(_)));
        }
    }
}

/// How many files and parts of text, and what each part holds: its files, whether it has words, whether it is for more files.
#[test]
fn where_files_stand() {
    type Shown = (usize, bool, bool);
    let cases: [(usize, usize, &[Shown]); 6] = [
        (0, 1, &[(0, true, false)]),
        (3, 0, &[(3, false, false)]),
        (3, 1, &[(3, true, false)]),
        (10, 2, &[(10, true, false), (0, true, false)]),
        (11, 1, &[(10, false, true), (1, true, false)]),
        (21, 0, &[(10, false, true), (10, false, true), (1, false, false)]),
    ];
    for (files, texts, expected) in cases {
        let file = |index| FileDraft { index, kind: FileKind::File, mime: "a/b".into(), size: 1 };
        let files: Vec<_> = (0..files as u16).map(file).collect();
        let draft = Draft { body: Text::plain(&"w".repeat(4_000 * texts)), files, ..Draft::default() };
        let parts = parts(&draft);
        let shown: Vec<_> = parts
            .iter()
            .map(|part| (part.files.len(), !part.text.is_empty(), Formatting::of(part).more_files))
            .collect();
        assert_eq!(shown, expected);
        let all: Vec<u16> = parts.iter().flat_map(|part| part.files.clone()).collect();
        assert!(all.is_sorted() && all.len() == draft.files.len(), "{all:?}");
    }
}

/// A short line is not made to be measured: what is taken for its length must never be too little.
#[test]
fn what_is_taken_for_short_is_short() {
    for of in ["\u{1}", "&", "\"", "é", "a b"] {
        let text = Text::plain(&of.repeat((MOST_CHARS - FRAME - MARKS) / ESCAPED / of.len()));
        assert!(measured(&text) <= length(&text) && length(&text) <= MOST_CHARS, "{of:?}");
        assert_ne!(measured(&text), length(&text), "{of:?} is not measured");
    }
    let styled = vec![run("see "), run("this").styled(Style::Bold).linked("https://x.example"), run(" now")];
    let text = Text::from_runs(styled);
    assert_ne!(measured(&text), length(&text), "nor are a few words in bold");
}
