//! Tables: Discord's markdown as people type it, and the leaves it becomes.

#![allow(clippy::unwrap_used)]

use super::*;
use relay_contract::text::{Container, Leaf, Run};
use relay_contract::{Emoji, Mention, Style, Text, Time, TimeStyle};
use serde_json::json;
use std::time::Instant;

const B: Style = Style::Bold;
const I: Style = Style::Italic;
const S: Style = Style::Strike;
const U: Style = Style::Underline;
const H: Style = Style::Spoiler;

fn read(content: &str) -> Text {
    let names = json!({"#7": "general", "&8": "mods"});
    let people: Vec<Mentioned> = serde_json::from_value(json!([
        {"id": "9", "username": "ada", "global_name": "Ada", "member": {"nick": "Countess"}}]))
    .unwrap();
    parse(content, &Lookup::new(names.as_object().unwrap(), &people))
}

fn t(text: &str, styles: &[Style]) -> Run {
    styles.iter().fold(Run::new(Leaf::Plain(text.to_owned())), |run, style| run.styled(*style))
}

fn code(text: &str) -> Run {
    Run::new(Leaf::Code(text.to_owned()))
}

fn block(lang: Option<&str>, text: &str) -> Run {
    Run::new(Leaf::Block { lang: lang.map(str::to_owned), text: text.to_owned() })
}

fn url(url: &str) -> Run {
    t(url, &[]).linked(url)
}

fn group(name: &str) -> Run {
    Run::new(Leaf::Mention(Mention::Group { name: name.to_owned() }))
}

#[test]
fn markdown_becomes_leaves() {
    for (typed, leaves) in [
        ("", vec![]),
        ("hello", vec![t("hello", &[])]),
        ("one\ntwo", vec![t("one\ntwo", &[])]),
        ("*a* _b_ **c**", vec![t("a", &[I]), t(" ", &[]), t("b", &[I]), t(" ", &[]), t("c", &[B])]),
        ("***both***", vec![t("both", &[B, I])]),
        ("**_both_**", vec![t("both", &[B, I])]),
        ("**a *b***", vec![t("a ", &[B]), t("b", &[B, I])]),
        ("*a **b***", vec![t("a ", &[I]), t("b", &[B, I])]),
        ("*a***b**", vec![t("a", &[I]), t("b", &[B])]),
        ("**a***b*", vec![t("a", &[B]), t("b", &[I])]),
        ("*a**b*", vec![t("a**b", &[I])]),
        ("__under__", vec![t("under", &[U])]),
        ("___both___", vec![t("both", &[I, U])]),
        ("~~gone~~", vec![t("gone", &[S])]),
        ("~~**a** b~~", vec![t("a", &[B, S]), t(" b", &[S])]),
        ("||secret|| a || b", vec![t("secret", &[H]), t(" a || b", &[])]),
        ("||**a** `b`||", vec![t("a", &[H, B]), t(" ", &[H]), code("b").styled(H)]),
        ("|||| |a| ||b", vec![t("|| |a|", &[H]), t(" b", &[])]),
        ("||a\n- b||", vec![t("a", &[H]), t("b", &[H]).inside(&[bullet(0)])]),
        ("**a\n- b**", vec![t("**a", &[]), t("b**", &[]).inside(&[bullet(0)])]),
        ("snake_case_name", vec![t("snake_case_name", &[])]),
        ("2 * 3 * 4", vec![t("2 * 3 * 4", &[])]),
        ("**open", vec![t("**open", &[])]),
        ("a ~~~ b", vec![t("a ~~~ b", &[])]),
        ("**a ~~b** c~~", vec![t("a ~~b", &[B]), t(" c~~", &[])]),
        (r"\*a\* \\ \a ¯\_(ツ)_/¯", vec![t(r"*a* \ \a ¯_(ツ)_/¯", &[])]),
        ("`a * b`", vec![code("a * b")]),
        ("`` `a` ``", vec![code("`a`")]),
        ("`a``b`", vec![code("a``b")]),
        ("**`x`**", vec![code("x").styled(B)]),
        ("`open", vec![t("`open", &[])]),
        ("```rust\nfn x() {}\n```", vec![block(Some("rust"), "fn x() {}")]),
        ("```\nrust\nx\n```", vec![block(None, "rust\nx")]),
        ("```one line```", vec![block(None, "one line")]),
        ("a ```b``` c", vec![t("a", &[]), block(None, "b"), t("c", &[])]),
        ("```open\n**a**", vec![t("```open\n", &[]), t("a", &[B])]),
        ("```\n```", vec![t("```\n```", &[])]),
        ("[label](https://a.b/c)", vec![t("label", &[]).linked("https://a.b/c")]),
        ("[**l**](<https://a.b>)", vec![t("l", &[B]).linked("https://a.b")]),
        ("[l](https://a.b \"title\")", vec![t("l", &[]).linked("https://a.b")]),
        ("[w](https://a.b/X_(Y))", vec![t("w", &[]).linked("https://a.b/X_(Y)")]),
        ("[l](javascript:x)", vec![t("[l](javascript:x)", &[])]),
        ("[a] [b](https://c.d)", vec![t("[a] ", &[]), t("b", &[]).linked("https://c.d")]),
        (
            "[https://good.x](https://evil.x)",
            vec![t("[", &[]), url("https://good.x"), t("](", &[]), url("https://evil.x"), t(")", &[])],
        ),
        ("see https://a.b/c_d_e.", vec![t("see ", &[]), url("https://a.b/c_d_e"), t(".", &[])]),
        ("(https://a.b/X_(Y))", vec![t("(", &[]), url("https://a.b/X_(Y)"), t(")", &[])]),
        ("**https://a.b**", vec![url("https://a.b").styled(B)]),
        ("<https://a.b>", vec![url("https://a.b")]),
        ("http:// x", vec![t("http:// x", &[])]),
        ("<:owl:123> <a:hoot:4>", vec![emoji("owl", "123"), t(" ", &[]), emoji("hoot", "4")]),
        ("<t:7>", vec![Run::new(Leaf::Time(Time { seconds: 7, style: TimeStyle::DateClock }))]),
        ("<t:-7:R>", vec![Run::new(Leaf::Time(Time { seconds: -7, style: TimeStyle::Relative }))]),
        ("<t:7:x> <t:7:tt>", vec![t("<t:7:x> <t:7:tt>", &[])]),
        ("<t:99999999999999999>", vec![t("<t:99999999999999999>", &[])]),
        ("</play song:5>", vec![t("/play song", &[])]),
        (
            "<#7> <#1>",
            vec![
                Run::new(Leaf::Mention(Mention::Room { name: "general".into() })),
                t(" ", &[]),
                Run::new(Leaf::Mention(Mention::Room { name: "1".into() })),
            ],
        ),
        ("<@&8>", vec![group("mods")]),
        (
            "<@9>",
            vec![Run::new(Leaf::Mention(Mention::Person { id: Some("9".into()), name: "Countess".into() }))],
        ),
        ("<@!4>", vec![Run::new(Leaf::Mention(Mention::Person { id: Some("4".into()), name: "4".into() }))]),
        ("@everyone, @here", vec![group("everyone"), t(", ", &[]), group("here")]),
        ("<@x> <> <", vec![t("<@x> <> <", &[])]),
        ("**مرحبا** 👩‍👩‍👧 𝒳", vec![t("مرحبا", &[B]), t(" 👩‍👩‍👧 𝒳", &[])]),
    ] {
        assert_eq!(read(typed), Text::from_runs(leaves), "{typed:?}");
    }
}

fn emoji(name: &str, id: &str) -> Run {
    Run::new(Leaf::Emoji(Emoji { name: name.into(), id: Some(id.into()) }))
}

fn bullet(item: u32) -> Container {
    Container::Item { item, number: None }
}

fn numbered(item: u32, number: u32) -> Container {
    Container::Item { item, number: Some(number) }
}

#[test]
fn lines_become_blocks() {
    let (q, h) = (Container::Quote, Container::Heading);
    let p = |text: &str, within: &[Container]| t(text, &[]).inside(within);
    for (typed, leaves) in [
        ("# a", vec![p("a", &[h(1)])]),
        ("a\n## b\nc", vec![p("a", &[]), p("b", &[h(2)]), p("c", &[])]),
        ("# a\n# *b*", vec![p("a\n", &[h(1)]), t("b", &[I]).inside(&[h(1)])]),
        ("#a\n#### b\n# \na # b", vec![p("#a\n#### b\n# \na # b", &[])]),
        (r"\# a", vec![p("# a", &[])]),
        ("a\n-# small\nb", vec![p("a\nsmall\nb", &[])]),
        ("> a\n> b\nc", vec![p("a\nb", &[q]), p("c", &[])]),
        ("> a\n\n> b", vec![p("a\n\nb", &[q])]),
        (">a\n>> b\n>", vec![p(">a\n>> b\n>", &[])]),
        ("a\n>>> b\n\n> c", vec![p("a", &[]), p("b\n\n> c", &[q])]),
        ("> # a\n> - b", vec![p("a", &[q, h(1)]), p("b", &[q, bullet(0)])]),
        ("> ```\n> a\n> ```\nb", vec![block(None, "a").inside(&[q]), p("b", &[])]),
        ("- a\n* b", vec![p("a", &[bullet(0)]), p("b", &[bullet(1)])]),
        ("a:\n- b\nc", vec![p("a:", &[]), p("b", &[bullet(0)]), p("c", &[])]),
        (
            "- a\n  - b\n- c",
            vec![p("a", &[bullet(0)]), p("b", &[bullet(0), bullet(1)]), p("c", &[bullet(2)])],
        ),
        (
            "1. a\n  - b\n2. c",
            vec![p("a", &[numbered(0, 1)]), p("b", &[numbered(0, 1), bullet(1)]), p("c", &[numbered(2, 2)])],
        ),
        ("7. a\n7. b", vec![p("a", &[numbered(0, 7)]), p("b", &[numbered(1, 8)])]),
        ("- a\n  more\n\n  and\nout", vec![p("a\nmore\n\nand", &[bullet(0)]), p("out", &[])]),
        ("- - a", vec![p("a", &[bullet(0), bullet(1)])]),
        ("- > a", vec![p("a", &[bullet(0), q])]),
        ("- ```\n  a\n    b\n  ```", vec![block(None, "a\n  b").inside(&[bullet(0)])]),
        ("-a\n- \n1.b\n1234567890. c\n+ d", vec![p("-a\n- \n1.b\n1234567890. c\n+ d", &[])]),
        ("```\n- a\n# b\n> c\n```", vec![block(None, "- a\n# b\n> c")]),
        ("x `a\n- b` y", vec![t("x ", &[]), code("a\n- b"), t(" y", &[])]),
        (r"\- a", vec![p("- a", &[])]),
        (r"1\. a", vec![p("1. a", &[])]),
    ] {
        assert_eq!(read(typed), Text::from_runs(leaves), "{typed:?}");
    }
}

#[test]
fn whatever_comes_takes_no_time_and_panics_nowhere() {
    let nasty = [
        "*",
        "_",
        "**",
        "~~",
        "`",
        "```",
        "[",
        "](",
        "[](",
        "<",
        "<@",
        "<https://",
        "\\",
        "||",
        "*a",
        "_a ",
        "`a",
        "[a](https://x",
        "https://",
        "(https://(",
        "*a **b ",
        "[a]",
        "@",
        "<t:",
        "`` ` ",
        "** __~~[*_",
        "é*",
        "h",
        ">",
        "> ",
        ">>> ",
        "- ",
        "* ",
        "1. ",
        "# ",
        "-# ",
        "- a\n",
        "- a\n\n",
        "> - 1. a\n",
        "||",
        "||a\n- ",
        " - a\n  ",
        "\n",
        "```a\n",
    ];
    let stairs: String = (0..280).map(|deep| format!("{}- a\n", " ".repeat(deep))).collect();
    assert!(!read(&stairs).is_empty());
    for piece in nasty {
        let text = piece.repeat(40_000 / piece.len());
        let begun = Instant::now();
        let _ = read(&text);
        // Unoptimised and on a busy machine; anything quadratic takes far longer.
        assert!(begun.elapsed().as_secs() < 5, "{piece:?} took {:?}", begun.elapsed());
    }
}
