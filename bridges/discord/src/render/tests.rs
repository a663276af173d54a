//! Tables and the round trip: what is rendered is read back as the same tree.

#![allow(clippy::unwrap_used)]

use super::inline::{code as code_markup, shown};
use super::*;
use crate::parse::{Lookup, TIME_STYLES, parse};
use proptest::prelude::*;
use relay_contract::text::Container;
use relay_contract::text::{Leaf, Run};
use relay_contract::{Emoji, Mention, Time, TimeStyle};

fn read(content: &str) -> Text {
    parse(content, &Lookup::new(&serde_json::Map::new(), &[]))
}

fn plain(text: &str) -> Run {
    Run::new(Leaf::Plain(text.to_owned()))
}

fn code(text: &str) -> Run {
    Run::new(Leaf::Code(text.to_owned()))
}

fn block(lang: Option<&str>, text: &str) -> Run {
    Run::new(Leaf::Block { lang: lang.map(str::to_owned), text: text.to_owned() })
}

fn heading(level: u8) -> Container {
    Container::Heading(level)
}

fn bullet(item: u32) -> Container {
    Container::Item { item, number: None }
}

fn numbered(item: u32, number: u32) -> Container {
    Container::Item { item, number: Some(number) }
}

#[test]
fn trees_become_markdown() {
    let (b, i, s) = (Style::Bold, Style::Italic, Style::Strike);
    for (runs, typed) in [
        (vec![plain("hello")], "hello"),
        (vec![plain("a").styled(b)], "**a**"),
        (vec![plain("a").styled(i)], "_a_"),
        (vec![plain("a").styled(i), plain("b")], "*a*b"),
        (vec![plain("a").styled(b).styled(i).styled(s)], "**_~~a~~_**"),
        (vec![plain("a").styled(i), plain("b").styled(b)], "_a_**b**"),
        (vec![plain("*_~`|[]<\\")], r"\*\_\~\`\|\[\]\<\\"),
        (vec![plain("> q\n# h\n-# s\n- l\n1. o\n  - x")], "\\> q\n\\# h\n\\-# s\n\\- l\n1\\. o\n  \\- x"),
        (vec![plain("a > b # c - d 1. e")], "a > b # c - d 1. e"),
        (vec![plain("<@123> <#5>")], r"\<@123> \<#5>"),
        (vec![code("x")], "`x`"),
        (vec![code("a`b")], "``a`b``"),
        (vec![code("`a`")], "`` `a` ``"),
        (vec![code("a`b``c")], "`aˋbˋˋc`"),
        (vec![block(Some("rust"), "fn x() {}")], "```rust\nfn x() {}\n```"),
        (vec![block(Some("not a lang"), "a ``` b")], "```\na ˋˋˋ b\n```"),
        (vec![plain("a"), block(None, "b"), plain("c")], "a\n```\nb\n```\nc"),
        (vec![plain("https://a.b").linked("https://a.b")], "https://a.b"),
        (vec![plain("https://a.b").linked("https://a.b"), plain(", c")], "<https://a.b>, c"),
        (vec![plain("https://a.b").linked("https://a.b").styled(b)], "**<https://a.b>**"),
        (vec![plain("l").linked("https://a.b")], "[l](https://a.b)"),
        (vec![plain("l").linked("https://a.b/X_(Y)")], "[l](https://a.b/X_(Y))"),
        (vec![plain("l").linked("https://a.b/) x")], "[l](https://a.b/%29%20x)"),
        (vec![plain("l").linked("tg://x")], "l (tg://x)"),
        (vec![plain("https://good.x").linked("https://evil.x")], "https://good.x (<https://evil.x>)"),
        (vec![plain("see https://a.b/c_d_e now")], "see https://a.b/c_d_e now"),
        (
            vec![Run::new(Leaf::Mention(Mention::Person { id: None, name: "*Ada*\n<@1>".into() }))],
            "@\\*Ada\\*\n\\<@1>",
        ),
        (vec![Run::new(Leaf::Mention(Mention::Group { name: "everyone".into() }))], "@everyone"),
        (vec![plain("a").styled(Style::Underline)], "__a__"),
        (vec![plain("a").styled(Style::Underline).styled(i).styled(b)], "**__*a*__**"),
        (vec![plain("a").styled(Style::Spoiler), plain(" || b")], r"||a|| \|\| b"),
        (vec![code("a||b").styled(Style::Spoiler)], "||`a¦¦b`||"),
        (vec![Run::new(Leaf::Emoji(Emoji { name: "owl".into(), id: Some("1".into()) }))], ":owl:"),
        (vec![Run::new(Leaf::Time(Time { seconds: 7, style: TimeStyle::Relative }))], "<t:7:R>"),
        (vec![plain("a").inside(&[heading(1)]), plain("b")], "# a\nb"),
        (vec![plain("a").inside(&[heading(3)]), plain("# b").inside(&[heading(4)])], "### a\n**\\# b**"),
        (vec![plain("a\n\n> b").inside(&[Container::Quote]), plain("c")], "> a\n> \n> \\> b\nc"),
        (vec![plain("a").inside(&[Container::Quote]), plain("b").inside(&[Container::Quote; 2])], "> a\n> b"),
        (vec![block(None, "a\n\nb").inside(&[Container::Quote])], "> ```\n> a\n> \n> b\n> ```"),
        (
            vec![plain("a\n- b").inside(&[bullet(0)]), plain("c").inside(&[bullet(0), bullet(1)])],
            "- a\n  \\- b\n  - c",
        ),
        (
            vec![plain("a").inside(&[numbered(0, 9)]), plain("b").inside(&[numbered(1, 10)]), plain("c")],
            "9. a\n10. b\nc",
        ),
        (vec![block(None, "a\n\n b").inside(&[numbered(0, 1)])], "1. ```\n   a\n\n    b\n   ```"),
        (vec![plain("a").inside(&[bullet(0), heading(2)])], "- ## a"),
        (vec![plain("a").inside(&[Container::Quote, bullet(0)])], "> - a"),
        (vec![], ""),
    ] {
        assert_eq!(markup(&Text::from_runs(runs)), typed);
    }
}

#[test]
fn long_texts_are_cut_within_the_limit() {
    for text in ["🦉".repeat(10_000), "*".repeat(10_000), "word ".repeat(2_000), "مرحبا ".repeat(1_500)]
    {
        let body = Text::plain(&text);
        let parts = parts(&Draft { body: body.clone(), ..Draft::default() });
        assert!(parts.len() > 1 && parts.iter().all(|part| part.text.chars().count() <= 2_000));
        let together: String = parts.iter().map(|part| read(&part.text).excerpt(usize::MAX)).collect();
        let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        assert_eq!(letters(&together), letters(&text));
    }
    assert_eq!(parts(&Draft { body: Text::plain("short"), ..Draft::default() }).len(), 1);
}

/// Text of all that means something, without what is a link or notifies by itself.
fn words() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-z0-9]{1,4}",
        4 => r"[\\*_~`|<>#@\[\]().!:/ -]{1,3}",
        1 => "[ \n]{1,2}",
        1 => prop::sample::select(vec!["é", "🦉", "مرحبا", "👩‍👩‍👧", "1. ", "- ", "> ", "# ", "<@1>", "\\", "```"])
            .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 1..6)
        .prop_map(|pieces| pieces.concat())
        .prop_filter("a link or a mention", |text| {
            !text.contains("://") && !text.contains("@everyone") && !text.contains("@here")
        })
}

fn leaf() -> impl Strategy<Value = Leaf> {
    prop_oneof![
        6 => words().prop_map(Leaf::Plain),
        2 => "[a-z *_~<|\\\\]{1,6}".prop_map(Leaf::Code),
        1 => "(`|``|a`b| ` )[a-z ]{0,3}".prop_map(Leaf::Code),
        1 => Just(Leaf::Break),
        1 => ("(rust|c\\+\\+)?", "[a-z*_`\\n >-]{1,8}")
            .prop_filter("a fence, or nothing", |(_, text)| !text.contains("``") && !text.trim_matches('\n').is_empty())
            .prop_map(|(lang, text)| Leaf::Block { lang: Some(lang), text }),
        1 => (-9_999i64..9_999_999_999, prop::sample::select(TIME_STYLES.to_vec()))
            .prop_map(|(seconds, (_, style))| Leaf::Time(Time { seconds, style })),
    ]
}

fn tree() -> impl Strategy<Value = Text> {
    let styles = prop::collection::btree_set(prop::sample::select(Style::ALL.to_vec()), 0..3);
    let url = prop::option::weighted(
        0.15,
        prop::sample::select(vec!["https://a.b/c_d", "http://x.y/(z)", "https://q.r/?s=*t*"])
            .prop_map(str::to_owned),
    );
    let container = prop_oneof![
        2 => Just(Container::Quote),
        3 => (0..4u32).prop_map(|item| Container::Item { item, number: None }),
        3 => (0..4u32, 1..1_000_000_000u32).prop_map(|(item, number)| Container::Item { item, number: Some(number) }),
        2 => (1..4u8).prop_map(Container::Heading),
    ];
    let within = prop_oneof![
        6 => Just(vec![]),
        4 => prop::collection::vec(container.clone(), 1..3),
        1 => prop::collection::vec(container, 3..10),
    ];
    let run = (leaf(), styles, url, within).prop_map(|(leaf, styles, url, mut within)| {
        // One quote at most.
        let mut quotes = 0;
        within.retain(|container| *container != Container::Quote || std::mem::replace(&mut quotes, 1) == 0);
        Run { leaf, styles, url, within }
    });
    prop::collection::vec(run, 0..8).prop_map(Text::from_runs)
}

/// Within what Discord can say: no mention, no blank label or one with another address, no code with runs of one and of two
/// backticks, no bars in hidden code.
fn can_be_said(text: &Text) -> bool {
    text.blocks().iter().all(block_can_be_said)
}

fn block_can_be_said(block: &Block) -> bool {
    match block {
        Block::Paragraph(inlines) | Block::Heading { inlines, .. } => inlines.iter().all(inline_can_be_said),
        Block::Code { .. } => true,
        Block::Quote(blocks) => blocks.iter().all(block_can_be_said),
        Block::List { items, .. } => items.iter().flatten().all(block_can_be_said),
    }
}

fn inline_can_be_said(inline: &Inline) -> bool {
    match inline {
        Inline::Mention(_) | Inline::Emoji(_) => false,
        Inline::Styled(Style::Spoiler, inner) if shown(inner).contains("||") => false,
        Inline::Styled(_, inner) => inner.iter().all(inline_can_be_said),
        Inline::Code(text) => !code_markup(text).contains(LOOKALIKE),
        Inline::Link { url, label } => {
            let says = shown(label);
            label.iter().all(inline_can_be_said)
                && (says == *url || !(says.trim().is_empty() || says.contains("://")))
        }
        Inline::Plain(_) | Inline::Time(_) | Inline::Break => true,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_rendered_is_read_back(text in tree().prop_filter("cannot be said", can_be_said)) {
        let typed = markup(&text);
        prop_assert_eq!(read(&typed), text, "{}", typed);
    }

    #[test]
    fn anything_is_read_without_a_panic(typed in "\\PC{0,200}") {
        let text = read(&typed);
        let _ = markup(&text);
    }

    #[test]
    fn what_people_type_survives_a_round(typed in r"[ab1 \n\\*_~`|<>#@\[\]().:/-]{0,40}") {
        let text = read(&typed);
        prop_assume!(can_be_said(&text));
        let again = read(&markup(&text));
        prop_assert_eq!(again, text);
    }
}
