//! Parsing by table: mrkdwn, rich text, and what must not panic.

#![allow(clippy::unwrap_used)]
mod cards;

use super::*;
use proptest::prelude::*;
use relay_contract::{Block, Inline};
use serde_json::json;

fn names() -> Names {
    let map = |id: &str, name: &str| BTreeMap::from([(id.to_owned(), name.to_owned())]);
    Names { people: map("U1", "Ada"), rooms: map("C1", "general"), groups: map("S1", "@crew") }
}

/// A text in a notation that no platform has, so that cases stay on a line: `b(…) i(…) u(…) s(…) c(…) l(url …) ⏎`,
/// `{lang|code}`, `@[person] @@[group] #[room] :[emoji] t(moment)`, `q(quote)`, `[• item • item]`, `[3. item • item]`.
fn noted(text: &Text) -> String {
    note_blocks(text.blocks())
}

fn note_blocks(blocks: &[Block]) -> String {
    let mut note = String::new();
    for block in blocks {
        match block {
            Block::Paragraph(inlines) => note_inlines(inlines, &mut note),
            Block::Code { lang, text } => {
                note.push_str(&format!("{{{}|{text}}}", lang.as_deref().unwrap_or_default()))
            }
            Block::Quote(blocks) => note.push_str(&format!("q({})", note_blocks(blocks))),
            Block::List { start, items } => {
                let first = start.map_or("•".to_owned(), |start| format!("{start}."));
                let items: Vec<String> = items.iter().map(|item| note_blocks(item)).collect();
                note.push_str(&format!("[{first} {}]", items.join(" • ")));
            }
            Block::Heading { .. } => note.push_str(&format!("{block:?}")),
        }
    }
    note
}

fn note_inlines(inlines: &[Inline], note: &mut String) {
    for inline in inlines {
        match inline {
            Inline::Plain(text) => note.push_str(text),
            Inline::Code(text) => note.push_str(&format!("c({text})")),
            Inline::Break => note.push('⏎'),
            Inline::Styled(style, inner) => {
                note.push_str(match style {
                    Style::Bold => "b(",
                    Style::Italic => "i(",
                    Style::Strike => "s(",
                    Style::Underline => "u(",
                    Style::Spoiler => "h(",
                });
                note_inlines(inner, note);
                note.push(')');
            }
            Inline::Link { url, label } => {
                note.push_str(&format!("l({url} "));
                note_inlines(label, note);
                note.push(')');
            }
            Inline::Emoji(emoji) => note.push_str(&format!(":[{}]", emoji.name)),
            Inline::Time(time) => note.push_str(&format!("t({} {:?})", time.seconds, time.style)),
            Inline::Mention(Mention::Person { name, .. }) => note.push_str(&format!("@[{name}]")),
            Inline::Mention(Mention::Group { name }) => note.push_str(&format!("@@[{name}]")),
            Inline::Mention(Mention::Room { name }) => note.push_str(&format!("#[{name}]")),
        }
    }
}

#[test]
fn mrkdwn() {
    let cases = [
        ("", ""),
        ("hello", "hello"),
        ("a\nb", "a⏎b"),
        ("*b* _i_ ~s~ `c`", "b(b) i(i) s(s) c(c)"),
        ("*_~x~_*", "b(i(s(x)))"),
        ("_*x*_", "b(i(x))"),
        ("*a _b* c_", "b(a _b) c_"),
        ("(*a*), *b*.", "(b(a)), b(b)."),
        ("2*3*4 snake_case_name a~b~c", "2*3*4 snake_case_name a~b~c"),
        ("* not bold * _ no _", "* not bold * _ no _"),
        ("**no** __no__", "**no** __no__"),
        ("*open", "*open"),
        ("*a\nb*", "*a⏎b*"),
        ("*bold _both_ bold*", "b(bold i(both) bold)"),
        ("`*c* <x`", "c(*c* <x)"),
        ("`open *b*", "`open b(b)"),
        ("`` ` ` ``", "`` ` ` ``"),
        ("```code *x*\nmore```", "{|code *x*\nmore}"),
        ("a\n```\ncode\n```\nb", "a{|code}b"),
        ("```open `c`", "```open c(c)"),
        ("``````", "``````"),
        ("&lt;b&gt; &amp;amp; &copy;", "<b> &amp; &copy;"),
        ("`&lt;T&gt;` ```a &amp;&amp; b```", "c(<T>){|a && b}"),
        ("<https://x.example>", "l(https://x.example https://x.example)"),
        ("<https://x.example/?a=1&amp;b=2|the *site*>", "l(https://x.example/?a=1&b=2 the *site*)"),
        ("*<https://x.example|x>*", "l(https://x.example b(x))"),
        ("<https://x.example/(a)|(a)>", "l(https://x.example/(a) (a))"),
        ("<mailto:a@x.example|a@x.example>", "l(mailto:a@x.example a@x.example)"),
        ("<@U1> <@U1|old> <@U2|bob> <@U3>", "@[Ada] @[Ada] @[bob] @[U3]"),
        ("<#C1> <#C2|other> <#C2|> <#C3>", "#[general] #[other] #[C2] #[C3]"),
        ("<!here> <!channel> <!everyone>", "@@[here] @@[channel] @@[everyone]"),
        ("<!subteam^S1> <!subteam^S2|@devs> <!subteam^S3>", "@@[crew] @@[devs] @@[S3]"),
        ("<!date^1700000000^{date}|on Tuesday> <!date^-7^new>", "t(1700000000 Date) t(-7 DateClock)"),
        ("<!date^soon^{date}|soon> <!date>", "soon"),
        ("<!unknown|words> <!unknown>", "words unknown"),
        ("<not a link> <", "<not a link> <"),
        ("<<https://x.example>>", "<l(https://x.example https://x.example)>"),
        ("`<https://x.example|x> <@U1>`", "c(x @Ada)"),
        (":wave: 😀 שלום", "👋 😀 שלום"),
        ("&gt; *a*\n&gt;b\nc", "q(b(a)⏎b)c"),
        ("a\n> b", "aq(b)"),
        ("a &gt; b", "a > b"),
        ("a\n&gt;&gt;&gt; b\n\nc", "aq(b⏎⏎c)"),
        ("&gt; a\n```&gt; b```\n&gt; c", "q(a){|> b}q(c)"),
        ("&gt; a\n\n&gt; b", "q(a⏎⏎b)"),
        ("&gt;", ""),
        ("• a\n1. b", "• a⏎1. b"),
    ];
    for (source, expected) in cases {
        assert_eq!(noted(&mrkdwn::text(source, &names())), expected, "{source}");
    }
}

fn section(elements: Value) -> Value {
    json!({ "type": "rich_text_section", "elements": elements })
}

#[test]
fn rich() {
    let t = |text: &str| json!({ "type": "text", "text": text });
    let styled = |text: &str, style: &str| json!({ "type": "text", "text": text, "style": { style: true } });
    let cases = [
        (vec![section(json!([t("a "), styled("b", "bold"), t("\nc")]))], "a b(b)⏎c"),
        (
            vec![section(json!([
                styled("i", "italic"),
                styled("s", "strike"),
                styled("c", "code"),
                styled("u", "underline")
            ]))],
            "i(i)s(s)c(c)u(u)",
        ),
        (
            vec![section(
                json!([{ "type": "text", "text": "x", "style": { "bold": true, "italic": true, "code": true } }]),
            )],
            "b(i(c(x)))",
        ),
        (vec![section(json!([t("*literal* <@U1> &amp;")]))], "*literal* <@U1> &amp;"),
        (
            vec![section(
                json!([{ "type": "user", "user_id": "U1" }, t(" "), { "type": "user", "user_id": "U9" }]),
            )],
            "@[Ada] @[U9]",
        ),
        (
            vec![section(
                json!([{ "type": "channel", "channel_id": "C1" }, { "type": "broadcast", "range": "here" }]),
            )],
            "#[general]@@[here]",
        ),
        (
            vec![section(
                json!([{ "type": "usergroup", "usergroup_id": "S1" }, { "type": "usergroup", "usergroup_id": "S9" }]),
            )],
            "@@[crew]@@[S9]",
        ),
        (
            vec![section(
                json!([{ "type": "emoji", "name": "wave", "unicode": "1f44b-1f3fb" }, { "type": "emoji", "name": "party_owl" }]),
            )],
            "👋🏻:[party_owl]",
        ),
        (
            vec![section(
                json!([{ "type": "emoji", "name": "x_own", "unicode": "zz" }, { "type": "emoji" }]),
            )],
            ":[x_own]:[emoji]",
        ),
        (
            vec![section(
                json!([{ "type": "link", "url": "https://x.example" }, t(" "), { "type": "link", "url": "https://x.example", "text": "x", "style": { "bold": true } }]),
            )],
            "l(https://x.example https://x.example b(x))",
        ),
        (
            vec![section(
                json!([{ "type": "date", "timestamp": 7, "format": "{ago}", "fallback": "x" }, { "type": "date", "fallback": "Tuesday" }]),
            )],
            "t(7 Relative)Tuesday",
        ),
        (
            vec![section(
                json!([{ "type": "color", "value": "#fff" }, { "type": "unheard", "text": "of" }, { "type": "void" }]),
            )],
            "#fffof",
        ),
        (
            vec![
                section(json!([t("a\n")])),
                json!({ "type": "rich_text_preformatted", "language": "rust", "elements": [t("let x;\n"), { "type": "link", "url": "https://x" }] }),
                section(json!([t("b")])),
            ],
            "a{rust|let x;\nhttps://x}b",
        ),
        (
            vec![
                json!({ "type": "rich_text_quote", "elements": [t("a\nb"), styled("c", "bold")] }),
                section(json!([t("d")])),
            ],
            "q(a⏎bb(c))d",
        ),
        (
            vec![
                section(json!([t("list:")])),
                json!({ "type": "rich_text_list", "style": "bullet", "elements": [section(json!([t("a")])), section(json!([t("b")]))] }),
                json!({ "type": "rich_text_list", "style": "bullet", "indent": 1, "elements": [section(json!([t("c")]))] }),
            ],
            "list:[• a • b[• c]]",
        ),
        (
            vec![
                json!({ "type": "rich_text_list", "style": "ordered", "offset": 2, "elements": [section(json!([t("a")])), section(json!([t("b")]))] }),
            ],
            "[3. a • b]",
        ),
        (
            vec![
                json!({ "type": "rich_text_list", "style": "ordered", "elements": [section(json!([t("a")]))] }),
                json!({ "type": "rich_text_list", "style": "bullet", "indent": 1, "elements": [section(json!([t("b")]))] }),
                json!({ "type": "rich_text_list", "style": "ordered", "offset": 1, "elements": [section(json!([t("c")]))] }),
            ],
            "[1. a[• b] • c]",
        ),
        (
            vec![
                json!({ "type": "rich_text_list", "style": "bullet", "indent": 2, "elements": [section(json!([t("a")]))] }),
                json!({ "type": "rich_text_list", "style": "bullet", "indent": 99, "border": 1, "elements": [section(json!([t("b")]))] }),
            ],
            "[• [• [• a]]]q([• [• [• [• [• [• [• b]]]]]]])",
        ),
        (
            vec![
                json!({ "type": "rich_text_quote", "elements": [t("a")] }),
                json!({ "type": "rich_text_list", "style": "bullet", "border": 1, "elements": [section(json!([t("b")]))] }),
                json!({ "type": "rich_text_preformatted", "border": 1, "elements": [t("c")] }),
            ],
            "q(a[• b]{|c})",
        ),
        (
            vec![
                section(json!("nonsense")),
                json!(7),
                json!({ "type": "rich_text_list", "offset": u64::MAX, "style": "ordered", "elements": [{}] }),
            ],
            "",
        ),
    ];
    for (elements, expected) in cases {
        let message =
            json!({ "text": "the fallback", "blocks": [{ "type": "rich_text", "elements": elements }] });
        assert_eq!(noted(&body(&message, &names())), expected, "{message}");
    }
}

#[test]
fn whole_messages() {
    let cases = [
        (json!({ "text": "*a*" }), "b(a)"),
        (json!({ "text": "*a*", "blocks": [] }), "b(a)"),
        (json!({ "text": "*a*", "blocks": [{ "type": "divider" }] }), "b(a)"),
        (json!({ "text": "waves", "subtype": "me_message" }), "i(waves)"),
        (
            json!({ "text": "", "blocks": [{ "type": "section", "text": { "type": "mrkdwn", "text": "*a*" } }, { "type": "context", "elements": [{ "type": "plain_text", "text": "*b*" }] }] }),
            "b(a)⏎i(*b*)",
        ),
        (
            json!({ "text": "", "bot_id": "B1", "attachments": [{ "title": "Build", "text": "failed", "fallback": "x" }] }),
            "q(b(Build)⏎failed)",
        ),
        (json!({ "text": "", "bot_id": "B1", "attachments": [{ "fallback": "only this" }] }), "q(only this)"),
        // Nobody but an app makes one; what is said to be by a person is a preview.
        (json!({ "text": "a", "attachments": [{ "text": "a preview" }] }), "a"),
        (
            json!({ "text": "a", "bot_id": "B1", "attachments": [{ "text": "b", "from_url": "https://x" }] }),
            "a",
        ),
        (
            json!({ "text": "see <https://x.example>", "attachments": [{ "text": "a preview" }] }),
            "see l(https://x.example https://x.example)",
        ),
        (
            json!({ "text": "look", "attachments": [{ "is_share": true, "author_name": "Bob", "text": "hi" }] }),
            "lookq(i(Forwarded from Bob)⏎hi)",
        ),
        (json!({}), ""),
        (json!(null), ""),
        (json!({ "text": 7, "blocks": "x", "attachments": 3 }), ""),
    ];
    for (message, expected) in cases {
        assert_eq!(noted(&body(&message, &names())), expected, "{message}");
    }
}

#[test]
fn emoji_by_name() {
    let cases = [
        (":wave: hi :tada:", "👋 hi 🎉"),
        (":+1::skin-tone-3:", "👍🏼"),
        ("*:tada:*", "b(🎉)"),
        (":party_owl: :nobody:", ":party_owl: :nobody:"),
        ("at 12:30:45", "at 12:30:45"),
        ("a:wave:", "a:wave:"),
        ("`:wave:`", "c(:wave:)"),
        ("::wave:", ":👋"),
        (":", ":"),
        (":wave", ":wave"),
        (":+1::skin-tone-", "👍:skin-tone-"),
    ];
    for (text, expected) in cases {
        assert_eq!(noted(&mrkdwn::text(text, &names())), expected, "{text}");
    }
}

#[test]
fn who_is_mentioned() {
    let message = json!({
        "text": "<@U2> <#C2> <#C3|named> <!subteam^S1|@crew> <@U2> <!here> <@",
        "blocks": [{ "type": "rich_text", "elements": [{ "elements": [{ "type": "user", "user_id": "U1" }, { "type": "channel", "channel_id": "C1" }] }] },
            { "type": "section", "text": { "type": "mrkdwn", "text": "<@U3>" } }],
        "attachments": [{ "text": "<@U4>", "fields": [{ "title": "By", "value": "<@U5>" }],
            "message_blocks": [{ "message": { "blocks": [{ "type": "user", "user_id": "U6" }] } }] }],
    });
    let found = mentioned(&message);
    assert_eq!(found.people, ["U1", "U2", "U3", "U4", "U5", "U6"]);
    assert_eq!(found.rooms, ["C1", "C2"]);
    assert_eq!(found.groups, BTreeMap::from([("S1".to_owned(), "@crew".to_owned())]));
}

#[test]
fn hostile_lengths_take_linear_time() {
    let begun = std::time::Instant::now();
    for piece in [
        "<", "`", "``` ", "*a ", "_*~", "<a", "&", "<@", "` ", ">", "> ", ">\n", "&gt;", "\n", "- ", "* ",
        ":", ":+1", ":a:",
    ] {
        mrkdwn::text(&piece.repeat(40_000 / piece.len()), &names());
    }
    // Quadratic would be hours.
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}

proptest! {
    #[test]
    fn nothing_panics_and_no_word_is_lost(source in "[a-c *_~`<>|&;@#!^:\\n]{0,40}") {
        let text = mrkdwn::text(&source, &Names::default());
        // Letters of the source outside of brackets, entities and names of emoji (`:a:`) appear, in order.
        let shown: String = noted(&text);
        if !source.contains(['<', '&', '`', ':']) {
            let letters = |text: &str| text.chars().filter(|c| ('a'..='c').contains(c)).count();
            prop_assert!(letters(&shown) >= letters(&source), "{shown}");
        }
    }
}
