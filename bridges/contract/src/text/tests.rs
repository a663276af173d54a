//! The normal form and the cut, by table.

use super::*;
use crate::capabilities::Unit;

fn p(inlines: Vec<Inline>) -> Text {
    Text::new(vec![Block::Paragraph(inlines)])
}

fn plain(text: &str) -> Inline {
    Inline::Plain(text.into())
}

fn bold(inner: Vec<Inline>) -> Inline {
    Inline::Styled(Style::Bold, inner)
}

fn italic(inner: Vec<Inline>) -> Inline {
    Inline::Styled(Style::Italic, inner)
}

#[test]
fn normal_form() {
    let cases = [
        ("empty", p(vec![plain("")]), vec![]),
        ("white space only", p(vec![bold(vec![plain(" \n ")])]), vec![]),
        ("neighbours join", p(vec![plain("a"), plain("b")]), vec![plain("ab")]),
        (
            "styles nest in one order",
            p(vec![italic(vec![bold(vec![plain("a")])])]),
            vec![bold(vec![italic(vec![plain("a")])])],
        ),
        (
            "a style in itself is one",
            p(vec![bold(vec![bold(vec![plain("a")])])]),
            vec![bold(vec![plain("a")])],
        ),
        (
            "space leaves the style",
            p(vec![bold(vec![plain("a ")]), plain("b")]),
            vec![bold(vec![plain("a")]), plain(" b")],
        ),
        (
            "space between bold words is bold",
            p(vec![bold(vec![plain("a")]), plain(" "), bold(vec![plain("b")])]),
            vec![bold(vec![plain("a b")])],
        ),
        ("breaks come out of plain", p(vec![plain("a\r\nb")]), vec![plain("a"), Inline::Break, plain("b")]),
    ];
    for (what, text, expected) in cases {
        let inlines = match text.blocks() {
            [] => vec![],
            [Block::Paragraph(inlines)] => inlines.clone(),
            other => panic!("{what}: {other:?}"),
        };
        assert_eq!(inlines, expected, "{what}");
        assert_eq!(Text::new(text.blocks().to_vec()), text, "{what}: the normal form of itself");
    }
}

#[test]
fn neighbouring_paragraphs_become_one() {
    let two = Text::new(vec![Block::Paragraph(vec![plain("a")]), Block::Paragraph(vec![plain("b")])]);
    assert_eq!(two, Text::plain("a\n\nb"));
}

#[test]
fn an_empty_block_of_code_is_a_line_break() {
    let empty = Block::Code { lang: None, text: "\n\n".into() };
    let text = Text::new(vec![Block::Paragraph(vec![plain("a")]), empty, Block::Paragraph(vec![plain("b")])]);
    assert_eq!(text, Text::plain("a\nb"));
    assert_eq!(Text::new(text.blocks().to_vec()), text);
}

#[test]
fn a_cut_loses_nothing_and_keeps_the_limit() {
    let family = "👨‍👩‍👧‍👦";
    let marks = format!("a{}", "\u{301}".repeat(500));
    let texts = [
        Text::plain(&"word ".repeat(500)),
        Text::plain(&"x".repeat(1000)),
        Text::plain(&family.repeat(100)),
        Text::plain(&marks),
        p(vec![bold(vec![plain(&"loud ".repeat(300))])]),
        Text::new(vec![
            Block::Paragraph(vec![plain(&"before ".repeat(30))]),
            Block::Code { lang: Some("rust".into()), text: "let x = 1;\n".repeat(100) },
            Block::Code { lang: None, text: "other".into() },
            Block::Paragraph(vec![plain("after")]),
        ]),
    ];
    for text in texts {
        for (most, unit) in [(100, Unit::Utf16), (200, Unit::Chars), (64, Unit::Bytes)] {
            let measure = |text: &Text| unit.measure(&words(text));
            let parts = text.clone().split(most, measure);
            assert!(parts.len() > 1);
            for part in &parts {
                assert!(measure(part) <= most, "{} > {most}: {part:?}", measure(part));
            }
            let joined: String = parts.iter().map(words).collect();
            assert_eq!(without_space(&joined), without_space(&words(&text)));
        }
    }
}

#[test]
fn a_cut_prefers_lines_then_words() {
    let measure = |text: &Text| Unit::Chars.measure(&words(text));
    let parts = Text::plain("one two\nthree four five").split(12, measure);
    assert_eq!(parts.iter().map(words).collect::<Vec<_>>(), ["one two", "three four", "five"]);
}

/// One line that nothing is done to takes a shorter way to the same form.
#[test]
fn one_line_is_what_its_pieces_are() {
    let plain = |text: &str| Run::new(Leaf::Plain(text.into()));
    for line in ["hello there", " a  b ", "\u{a0}x\ty\u{2003}", "é", "a\rb", "a\nb", "\n", " ", ""] {
        let pieces = line.chars().map(|c| plain(&c.to_string())).collect();
        assert_eq!(Text::from_runs(vec![plain(line)]), Text::from_runs(pieces), "{line:?}");
    }
}

#[test]
fn excerpts() {
    assert_eq!(Text::plain("a\nb").excerpt(10), "a b");
    assert_eq!(Text::plain("abcdef").excerpt(4), "abc…");
    assert_eq!(Text::plain("abcd").excerpt(4), "abcd");
    let hidden = Run::new(Leaf::Plain("secret".into())).styled(Style::Spoiler);
    let item = Run::new(Leaf::Plain("item".into())).inside(&[Container::Item { item: 0, number: None }]);
    assert_eq!(Text::from_runs(vec![hidden, item]).excerpt(99), "(spoiler) item");
}

fn words(text: &Text) -> String {
    text.clone().into_runs().iter().map(|run| run.leaf.shown()).collect()
}

fn without_space(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}
