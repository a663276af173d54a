use super::*;
use relay_contract::text::{Leaf, Run};
use relay_contract::{Block, FileDraft, Inline, Mention, Style};

fn one(body: Text) -> Value {
    let mut parts = parts(&Draft { body, ..Draft::default() });
    assert_eq!(parts.len(), 1);
    message(&parts.remove(0))
}

#[test]
fn what_is_written() {
    let styled = |style, text: &str| vec![Run::new(Leaf::Plain(text.into())).styled(style)];
    let mention = Leaf::Mention(Mention::Group { name: "room".into() });
    let cases = [
        (vec![Run::new(Leaf::Plain("a <b>".into()))], "a <b>", None),
        (vec![Run::new(mention)], "@room", None),
        (
            styled(Style::Bold, "a <b> \"c\""),
            "a <b> \"c\"",
            Some("<strong>a &lt;b&gt; &quot;c&quot;</strong>"),
        ),
        (styled(Style::Spoiler, "s"), "▒▒▒▒ (spoiler)", Some("<span data-mx-spoiler>s</span>")),
        (
            vec![Run::new(Leaf::Plain("x".into())).linked("javascript:alert(1)")],
            "x (javascript:alert(1))",
            Some("x (javascript:alert(1))"),
        ),
        (
            vec![Run::new(Leaf::Plain("x".into())).linked("https://a.example/\"><img src=x>")],
            "x (https://a.example/\"><img src=x>)",
            Some("<a href=\"https://a.example/&quot;&gt;&lt;img src=x&gt;\">x</a>"),
        ),
        (
            vec![Run::new(Leaf::Block { lang: Some("a\" b".into()), text: "<x>".into() })],
            "<x>",
            Some("<pre><code>&lt;x&gt;\n</code></pre>"),
        ),
    ];
    for (runs, body, html) in cases {
        let content = one(Text::from_runs(runs));
        assert_eq!((content["body"].as_str(), content["formatted_body"].as_str()), (Some(body), html));
        assert_eq!(content["m.mentions"], json!({}), "nobody is notified");
    }
}

#[test]
fn lists_and_quotes_in_plain_words() {
    let words = |text: &str| vec![Block::Paragraph(vec![Inline::Plain(text.into())])];
    let text = Text::new(vec![
        Block::Quote(words("q")),
        Block::List { start: Some(9), items: vec![words("a"), words("b")] },
        Block::List { start: None, items: vec![words("c")] },
    ]);
    assert_eq!(one(text)["body"], "> q\n9. a\n10. b\n• c");
}

#[test]
fn an_edit_says_all_of_it_once_more_and_its_beginning_to_old_clients() {
    let body = Text::from_runs(vec![Run::new(Leaf::Plain("x".repeat(39_000)))]);
    let part = parts(&Draft { body, ..Draft::default() }).remove(0);
    let edit = edit("$1", &part);
    assert_eq!(edit["m.relates_to"], json!({ "rel_type": "m.replace", "event_id": "$1" }));
    assert_eq!(edit["m.new_content"], message(&part));
    assert!(edit.to_string().len() < 60_000);
}

#[test]
fn parts_are_within_the_limit_and_each_file_is_one() {
    let bold = Run::new(Leaf::Plain("<&\"é ".repeat(20_000))).styled(Style::Bold);
    let file = |index| FileDraft { index, kind: FileKind::Image, mime: "image/png".into(), size: 1 };
    let draft =
        Draft { body: Text::from_runs(vec![bold]), files: vec![file(0), file(3)], ..Draft::default() };
    let parts = parts(&draft);
    for part in &parts {
        assert!(edit("$1", part).to_string().len() < 60_000);
    }
    let files: Vec<_> =
        parts.iter().map(|part| part.files.clone()).filter(|files| !files.is_empty()).collect();
    assert_eq!(files, [vec![0], vec![3]]);
    assert!(parts.iter().all(|part| part.files.is_empty() != part.text.is_empty()));
}
