use super::*;
use crate::render;
use proptest::prelude::*;
use relay_contract::text::Container;
use relay_contract::{Block, Draft, Inline};
use serde_json::json;

fn html(html: &str) -> Text {
    content(
        &json!({ "msgtype": "m.text", "body": "plain", "format": "org.matrix.custom.html", "formatted_body": html }),
    )
}

fn plain(body: &str) -> Text {
    content(&json!({ "msgtype": "m.text", "body": body }))
}

fn words(text: &str) -> Inline {
    Inline::Plain(text.into())
}

fn paragraph(inlines: Vec<Inline>) -> Block {
    Block::Paragraph(inlines)
}

#[test]
fn what_html_means() {
    let bold = |text: &str| Inline::Styled(Style::Bold, vec![words(text)]);
    let cases = [
        ("a <b>b</b> c", vec![paragraph(vec![words("a "), bold("b"), words(" c")])]),
        ("<p>a</p>\n<p>b</p>\n", vec![paragraph(vec![words("a"), Inline::Break, Inline::Break, words("b")])]),
        ("a<br/>b", vec![paragraph(vec![words("a"), Inline::Break, words("b")])]),
        ("a\n  b", vec![paragraph(vec![words("a b")])]),
        ("a&nbsp;&amp;&lt;b", vec![paragraph(vec![words("a &<b")])]),
        (
            "<blockquote><p>q</p></blockquote>\n<p>a</p>",
            vec![Block::Quote(vec![paragraph(vec![words("q")])]), paragraph(vec![words("a")])],
        ),
        (
            "<blockquote>q</blockquote><blockquote>r</blockquote>",
            vec![Block::Quote(vec![paragraph(vec![words("q"), Inline::Break, Inline::Break, words("r")])])],
        ),
        (
            "<ol start=\"3\">\n<li>a</li>\n<li>b</li>\n</ol>",
            vec![Block::List {
                start: Some(3),
                items: vec![vec![paragraph(vec![words("a")])], vec![paragraph(vec![words("b")])]],
            }],
        ),
        (
            "<ul><li>a<ul><li>b</li></ul></li></ul>",
            vec![Block::List {
                start: None,
                items: vec![vec![
                    paragraph(vec![words("a")]),
                    Block::List { start: None, items: vec![vec![paragraph(vec![words("b")])]] },
                ]],
            }],
        ),
        (
            "<pre><code class=\"language-rust\">fn a() {\n}\n</code></pre>",
            vec![Block::Code { lang: Some("rust".into()), text: "fn a() {\n}".into() }],
        ),
        (
            "<h2>t</h2>a",
            vec![Block::Heading { level: 2, inlines: vec![words("t")] }, paragraph(vec![words("a")])],
        ),
        (
            "<span data-mx-spoiler=\"why\">s</span>",
            vec![paragraph(vec![Inline::Styled(Style::Spoiler, vec![words("s")])])],
        ),
        (
            "<a href=\"https://matrix.to/#/@ada:example.org\">Ada</a>: hi",
            vec![paragraph(vec![
                Inline::Mention(Mention::Person { id: Some("@ada:example.org".into()), name: "Ada".into() }),
                words(": hi"),
            ])],
        ),
        (
            "<img data-mx-emoticon height=32 src=\"mxc://a/b\" alt=\":owl:\">",
            vec![paragraph(vec![Inline::Emoji(relay_contract::Emoji {
                name: "owl".into(),
                id: Some("mxc://a/b".into()),
            })])],
        ),
        (
            "<a href=\"https://x.example\">x</a>",
            vec![paragraph(vec![Inline::Link { url: "https://x.example".into(), label: vec![words("x")] }])],
        ),
        ("<mx-reply><blockquote>old</blockquote></mx-reply>new", vec![paragraph(vec![words("new")])]),
        ("<script>alert(1)</script>a<foo>b</foo>", vec![paragraph(vec![words("ab")])]),
    ];
    for (given, expected) in cases {
        assert_eq!(html(given), Text::new(expected), "{given}");
    }
}

#[test]
fn plain_words() {
    let link = |url: &str| Inline::Link { url: url.into(), label: vec![words(url)] };
    let cases = [
        ("a <b>b</b>", vec![words("a <b>b</b>")]),
        ("a\nb", vec![words("a"), Inline::Break, words("b")]),
        ("see https://x.example/a_b.", vec![words("see "), link("https://x.example/a_b"), words(".")]),
        ("(http://x.example)", vec![words("("), link("http://x.example"), words(")")]),
        ("https://", vec![words("https://")]),
        ("xhttps://y", vec![words("xhttps://y")]),
    ];
    for (body, expected) in cases {
        assert_eq!(plain(body), Text::new(vec![paragraph(expected)]), "{body}");
    }
    let of = |value: Value| content(&value).excerpt(99);
    let answer = json!({ "m.in_reply_to": { "event_id": "$1" } });
    let cases = [
        (json!({ "body": "> <@a:b> old\n> more\n\nnew", "m.relates_to": answer }), "new"),
        (json!({ "body": "> <@a:b> old\n\nnew" }), "> <@a:b> old new"),
        (json!({ "body": "> quoted\n\nnew", "m.relates_to": answer }), "> quoted new"),
        (json!({ "body": 7 }), ""),
        (json!(null), ""),
    ];
    for (given, expected) in cases {
        assert_eq!(of(given.clone()), expected, "{given}");
    }
}

#[test]
fn a_whole_room_is_a_group() {
    let said = json!({ "body": "hey @room!", "m.mentions": { "room": true } });
    let group = Inline::Mention(Mention::Group { name: "room".into() });
    assert_eq!(content(&said), Text::new(vec![paragraph(vec![words("hey "), group, words("!")])]));
    assert_eq!(plain("hey @room!"), Text::plain("hey @room!"));
}

#[test]
fn html_that_would_take_too_much_is_read_as_its_words() {
    assert_eq!(html(&"<b>".repeat(9_000)), Text::plain("plain"));
    assert_eq!(html(&"x".repeat(LONGEST + 1)), Text::plain("plain"));
}

/// Words without what HTML does not keep, and without what becomes a link.
fn word() -> impl Strategy<Value = String> {
    "[a-zé<>&\"'*_`#-]{1,6}( [a-z&<]{1,4}){0,2}"
}

fn run() -> impl Strategy<Value = Run> {
    let leaf = prop_oneof![
        6 => word().prop_map(Leaf::Plain),
        1 => word().prop_map(Leaf::Code),
        1 => word().prop_map(|text| Leaf::Block { lang: Some("rust".into()), text }),
        2 => Just(Leaf::Break),
    ];
    let container = prop_oneof![
        Just(Container::Quote),
        (0_u32..3).prop_map(|item| Container::Item { item, number: None }),
        (0_u32..3, 1_u32..9).prop_map(|(item, number)| Container::Item { item, number: Some(number) }),
        (1_u8..7).prop_map(Container::Heading),
    ];
    let styles = prop::collection::btree_set(prop::sample::select(Style::ALL.to_vec()), 0..3);
    let url = prop::option::weighted(0.2, Just("https://x.example/?a=b&c".to_owned()));
    (leaf, styles, url, prop::collection::vec(container, 0..4)).prop_map(|(leaf, styles, url, within)| Run {
        leaf,
        styles,
        url,
        within,
    })
}

proptest! {
    #[test]
    fn what_is_rendered_is_read_as_it_was(runs in prop::collection::vec(run(), 1..12)) {
        let text = Text::from_runs(runs);
        prop_assume!(!text.is_empty());
        let parts = render::parts(&Draft { body: text.clone(), ..Draft::default() });
        prop_assert_eq!(parts.len(), 1);
        let read = content(&render::message(&parts[0]));
        prop_assert_eq!(read, text);
    }

    #[test]
    fn nothing_panics(html in "([<>/a-z \"=&;]|<p>|<b>|</b>|<li>|<ol>|<pre>|<table>|<td>|<a href=\"){0,60}") {
        content(&json!({ "body": "", "format": "org.matrix.custom.html", "formatted_body": html }));
    }
}
