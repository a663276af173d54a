//! Text and entities, by table.

use super::text;
use crate::wire::Entity;
use proptest::prelude::*;
use relay_contract::{Block, Inline, Mention, Style, Text};
use serde::Deserialize;
use serde_json::json;

fn entity(kind: &str, offset: i64, length: i64) -> Entity {
    Entity {
        kind: kind.into(),
        offset,
        length,
        url: (kind == "text_link").then(|| "https://example.org/".into()),
        language: (kind == "pre").then(|| "rust".into()),
        user: (kind == "text_mention").then_some(42),
        custom_emoji_id: (kind == "custom_emoji").then(|| "7".into()),
        unix_time: (kind == "date_time").then_some(0),
        date_time_format: (kind == "date_time").then(|| "Dt".into()),
    }
}

/// A tree in one line: `<b>…</b>`, `<i>`, `<s>`, `<u>`, `<h>` for hidden, `[label](url)`, `` `code` ``, `{lang|block}`,
/// `@name#id`, `:emoji#id:`, `⏎`, `q(…)`.
pub fn shown(text: &Text) -> String {
    shown_blocks(text.blocks())
}

fn shown_blocks(blocks: &[Block]) -> String {
    let block = |block: &Block| match block {
        Block::Paragraph(inlines) => inlines.iter().map(inline).collect(),
        Block::Code { lang, text } => format!("{{{}|{text}}}", lang.as_deref().unwrap_or_default()),
        Block::Quote(blocks) => format!("q({})", shown_blocks(blocks)),
        other => format!("{other:?}"),
    };
    blocks.iter().map(block).collect::<Vec<String>>().join("¶")
}

fn inline(one: &Inline) -> String {
    let all = |inlines: &[Inline]| inlines.iter().map(inline).collect::<String>();
    match one {
        Inline::Plain(text) => text.clone(),
        Inline::Styled(Style::Bold, inner) => format!("<b>{}</b>", all(inner)),
        Inline::Styled(Style::Italic, inner) => format!("<i>{}</i>", all(inner)),
        Inline::Styled(Style::Strike, inner) => format!("<s>{}</s>", all(inner)),
        Inline::Styled(Style::Underline, inner) => format!("<u>{}</u>", all(inner)),
        Inline::Styled(Style::Spoiler, inner) => format!("<h>{}</h>", all(inner)),
        Inline::Emoji(emoji) => {
            format!(":{}#{}:", emoji.name, emoji.id.as_ref().map_or("", |id| id.as_str()))
        }
        Inline::Time(time) => time.shown(),
        Inline::Code(text) => format!("`{text}`"),
        Inline::Link { url, label } => format!("[{}]({url})", all(label)),
        Inline::Mention(Mention::Person { id, name }) => {
            format!("@{name}{}", id.as_ref().map(|id| format!("#{id}")).unwrap_or_default())
        }
        Inline::Mention(other) => other.shown(),
        Inline::Break => "⏎".into(),
    }
}

#[test]
fn entities_become_the_tree() {
    type Ranges = &'static [(&'static str, i64, i64)];
    let cases: &[(&str, Ranges, &str)] = &[
        ("", &[], ""),
        ("", &[("bold", 0, 5)], ""),
        ("plain *_~`|>#@<&", &[], "plain *_~`|>#@<&"),
        ("ab", &[("bold", 0, 1)], "<b>a</b>b"),
        ("ab", &[("bold", 0, 2), ("italic", 1, 1), ("strikethrough", 1, 1)], "<b>a<i><s>b</s></i></b>"),
        ("abc", &[("bold", 0, 2), ("italic", 1, 2)], "<b>a<i>b</i></b><i>c</i>"),
        ("😀a", &[("bold", 2, 1)], "😀<b>a</b>"),
        ("😀a", &[("bold", 1, 1)], "<b>😀</b>a"),
        ("😀a", &[("bold", 0, 1)], "<b>😀</b>a"),
        ("ab", &[("bold", 1, 99)], "a<b>b</b>"),
        ("ab", &[("bold", -5, 6)], "<b>a</b>b"),
        ("ab", &[("bold", 7, 1), ("italic", 0, 0), ("code", 1, -1)], "ab"),
        ("ab", &[("bold", i64::MAX, i64::MAX), ("bold", i64::MIN, i64::MIN)], "ab"),
        ("a b", &[("code", 0, 3)], "`a b`"),
        ("a*b", &[("code", 0, 3), ("bold", 0, 3)], "<b>`a*b`</b>"),
        ("x\nfn()\ny", &[("pre", 2, 4)], "x¶{rust|fn()}¶y"),
        ("let a;\nlet b;", &[("pre", 0, 13), ("bold", 4, 1)], "{rust|let a;\nlet b;}"),
        ("abcd", &[("pre", 0, 3), ("pre", 2, 2)], "{rust|abc}¶{rust|d}"),
        ("a\nb", &[("pre", 1, 1)], "a⏎b"),
        ("see it", &[("text_link", 4, 2)], "see [it](https://example.org/)"),
        ("see it", &[("text_link", 0, 6), ("bold", 4, 2)], "[see <b>it</b>](https://example.org/)"),
        ("https://a.org/x_(y)", &[("url", 0, 19)], "[https://a.org/x_(y)](https://a.org/x_(y))"),
        ("a.org", &[("url", 0, 5)], "a.org"),
        ("hi @ada_l", &[("mention", 3, 6)], "hi @ada_l"),
        ("hi Ada", &[("text_mention", 3, 3)], "hi @Ada#42"),
        ("hi @", &[("mention", 3, 1)], "hi @"),
        (
            "#tag /go@bot a@b.org",
            &[("hashtag", 0, 4), ("bot_command", 5, 7), ("email", 13, 7)],
            "#tag /go@bot a@b.org",
        ),
        (
            "uqsx",
            &[("underline", 0, 1), ("blockquote", 1, 1), ("spoiler", 2, 1), ("novelty", 3, 1)],
            "<u>u</u>¶q(q)¶<h>s</h>x",
        ),
        ("a👍b", &[("custom_emoji", 1, 2)], "a:👍#7:b"),
        (" ", &[("custom_emoji", 0, 1)], ""),
        ("at 2 pm!", &[("date_time", 3, 4), ("bold", 0, 7)], "<b>at 1 January 1970, 00:00 UTC</b>!"),
        ("ab", &[("spoiler", 0, 2), ("bold", 0, 2), ("underline", 0, 1)], "<h><b><u>a</u>b</b></h>"),
        ("a\nb\nc", &[("blockquote", 2, 1)], "a¶q(b)¶c"),
        ("a\nb", &[("expandable_blockquote", 0, 3), ("bold", 2, 1)], "q(a⏎<b>b</b>)"),
        ("a\nb", &[("blockquote", 0, 1), ("blockquote", 2, 1)], "q(a⏎⏎b)"),
        ("ab", &[("blockquote", 0, 2), ("blockquote", 1, 1)], "q(ab)"),
        ("a\nb", &[("blockquote", 0, 3), ("pre", 0, 1)], "q({rust|a}¶b)"),
        ("fn()", &[("pre", 0, 4), ("spoiler", 0, 4)], "<h>`fn()`</h>"),
        ("שלום עולם", &[("bold", 5, 4)], "שלום <b>עולם</b>"),
        ("@\u{2060}ada, @\u{2060}\u{2060}b", &[], "@ada, @\u{2060}b"),
        ("@\u{2060}ada", &[("bold", 1, 4)], "@<b>ada</b>"),
        ("a\u{2060}b", &[], "a\u{2060}b"),
        ("@\u{2060}a", &[("code", 0, 3)], "`@\u{2060}a`"),
        ("a\n\nb\r\nc", &[("bold", 0, 99)], "<b>a⏎⏎b⏎c</b>"),
    ];
    for (given, entities, expected) in cases {
        let entities: Vec<_> =
            entities.iter().map(|(kind, offset, length)| entity(kind, *offset, *length)).collect();
        assert_eq!(shown(&text(given, &entities)), *expected, "{given:?} {entities:?}");
    }
}

#[test]
fn a_mention_is_a_mention() {
    let text = text("hi @ada", &[entity("mention", 3, 4)]);
    let expected = Mention::Person { id: None, name: "ada".into() };
    assert!(
        matches!(text.blocks(), [Block::Paragraph(all)] if all.last() == Some(&Inline::Mention(expected)))
    );
}

#[test]
fn ten_thousand_characters_and_as_many_entities() {
    let long = "😀é ".repeat(10_000);
    let entities: Vec<_> =
        (0..10_000).map(|at| entity(["bold", "pre", "code"][at as usize % 3], at, at % 97)).collect();
    assert!(!text(&long, &entities).is_empty());
}

#[test]
fn an_entity_as_the_server_writes_it() {
    let read = Entity::deserialize(&json!({
        "type": "text_mention", "offset": 1, "length": 2, "user": {"id": 7, "is_bot": false, "first_name": "A"}, "new": 1,
    }));
    assert!(read.is_ok_and(|entity| entity.user == Some(7)));
}

proptest! {
    #[test]
    fn never_a_panic(
        given in "[a@\u{2060}😀é \n]{0,20}",
        ranges in prop::collection::vec((0usize..13, -3i64..30, -3i64..30), 0..12),
    ) {
        const KINDS: [&str; 13] = [
            "bold", "italic", "code", "pre", "text_link", "text_mention", "mention", "url", "novelty", "spoiler",
            "blockquote", "custom_emoji", "date_time",
        ];
        let entities: Vec<_> = ranges.iter().map(|(kind, from, length)| entity(KINDS[*kind], *from, *length)).collect();
        let tree = text(&given, &entities);
        prop_assert_eq!(Text::new(tree.blocks().to_vec()), tree);
    }
}
