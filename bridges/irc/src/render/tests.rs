use super::*;
use proptest::prelude::*;
use relay_contract::{Inline, Mention};

fn shown(text: &Text, name: Option<&str>, most: usize) -> Vec<String> {
    lines(text, name, most, 100)
}

fn styled(style: Style, text: &str) -> Inline {
    Inline::Styled(style, vec![Inline::Plain(text.into())])
}

#[test]
fn what_a_line_looks_like() {
    let plain = |text: &str| Inline::Plain(text.into());
    let paragraph = |inlines: Vec<Inline>| vec![Block::Paragraph(inlines)];
    let list =
        |start| Block::List { start, items: vec![paragraph(vec![plain("a")]), paragraph(vec![plain("b")])] };
    let cases = [
        (paragraph(vec![plain("a "), styled(Style::Bold, "b"), plain(" c")]), vec!["a \u{2}b\u{2} c"]),
        (
            paragraph(vec![styled(Style::Italic, "i"), plain(" "), styled(Style::Strike, "s")]),
            vec!["\u{1d}i\u{1d} \u{1e}s"],
        ),
        (paragraph(vec![Inline::Code("x y".into()), plain(" z")]), vec!["\u{11}x y\u{11} z"]),
        (
            paragraph(vec![plain("a "), styled(Style::Spoiler, "secret"), plain(" b")]),
            vec!["a ▒▒▒▒ (spoiler) b"],
        ),
        (vec![Block::Heading { level: 1, inlines: vec![plain("head")] }], vec!["\u{2}head"]),
        (
            vec![Block::Code { lang: Some("rust".into()), text: "a\n  b".into() }],
            vec!["\u{11}a", "\u{11}  b"],
        ),
        (vec![Block::Quote(paragraph(vec![plain("q"), Inline::Break, plain("r")]))], vec!["> q", "> r"]),
        (vec![list(None)], vec!["• a", "• b"]),
        (vec![list(Some(9))], vec!["9. a", "10. b"]),
        (
            paragraph(vec![Inline::Link { url: "https://a.example".into(), label: vec![plain("here")] }]),
            vec!["here (https://a.example)"],
        ),
        (
            paragraph(vec![Inline::Link {
                url: "https://a.example".into(),
                label: vec![plain("https://a.example")],
            }]),
            vec!["https://a.example"],
        ),
        (
            paragraph(vec![Inline::Mention(Mention::Person { id: None, name: "ada".into() })]),
            vec!["@a\u{2060}da"],
        ),
        (paragraph(vec![plain("a\u{1}b\u{7}c\u{2}d")]), vec!["abcd"]),
    ];
    for (blocks, expected) in cases {
        let text = Text::new(blocks);
        let with_name: Vec<_> = expected.iter().map(|line| format!("<A\u{2060}da> {line}")).collect();
        assert_eq!(shown(&text, Some("Ada"), 400), with_name, "{text:?}");
    }
}

#[test]
fn relays_own_lines_are_no_commands() {
    for (text, expected) in [
        ("!kick ada", "· !kick ada"),
        ("/quit", "· /quit"),
        (".op", "· .op"),
        ("hello", "hello"),
        ("🗑 gone", "🗑 gone"),
    ] {
        assert_eq!(shown(&Text::plain(text), None, 400), [expected]);
    }
}

#[test]
fn names_are_names() {
    let cases = [
        ("Ada", "<A\u{2060}da> "),
        ("a\r\nQUIT", "<a\u{2060}QUIT> "),
        ("> x<", "<x\u{2060}> "),
        ("\u{1}\u{3}", "<someone> "),
        ("", "<someone> "),
        ("👨‍👩‍👧x", "<👨‍👩‍👧\u{2060}x> "),
    ];
    for (name, expected) in cases {
        assert_eq!(prefix(name), expected, "{name:?}");
    }
    assert!(prefix(&"ä".repeat(200)).len() <= LONGEST_NAME + "<…> ".len() + 3);
}

#[test]
fn what_is_too_long_is_cut_and_says_so() {
    let long = "word ".repeat(100);
    let cut = shown(&Text::plain(&long), Some("Ada"), 100);
    assert!(
        cut.len() > 5 && cut.iter().all(|line| line.len() <= 100 && line.starts_with("<A\u{2060}da> word"))
    );
    let words: usize = cut.iter().map(|line| line.matches("word").count()).sum();
    assert_eq!(words, 100);
    let few = lines(&Text::plain(&long), Some("Ada"), 100, 3);
    assert_eq!(few.len(), 3);
    assert_eq!(few[2], format!("<A\u{2060}da> … ({} more lines are too much for IRC)", cut.len() - 2));
}

proptest! {
    /// C13, and that nothing bridged can act: whatever is said, under whatever name.
    #[test]
    fn no_line_can_act(
        said in "(\\PC|[\r\n\0\u{1}-\u{1f} ]|[a-zé👨‍👩‍👧 ]{1,9}){0,120}",
        name in "\\PC{0,20}|[<>\r\n\0\u{1}-\u{1f}a]{0,9}",
        most in 80usize..400,
        named: bool,
    ) {
        let text = Text::plain(&said);
        let name = named.then_some(name.as_str());
        let all = shown(&text, name, most);
        prop_assert!(!all.is_empty());
        let before = name.map(prefix).unwrap_or_default();
        for line in &all {
            prop_assert!(!line.contains(['\r', '\n', '\0', '\u{1}']), "{:?}", line);
            prop_assert!(line.len() <= most.max(before.len() + 40), "{} > {most}: {:?}", line.len(), line);
            prop_assert!(line.starts_with(&before), "{:?}", line);
            prop_assert!(!line.starts_with(|c: char| "!./-~@$%&+\\`".contains(c) || c.is_whitespace()), "{:?}", line);
        }
    }

    /// What is cut is whole again when the pieces are put together, but for blanks.
    #[test]
    fn nothing_is_lost_at_the_cuts(said in "[a-zäé👨‍👩‍👧 ]{1,300}", most in 80usize..200) {
        let all = shown(&Text::plain(&said), Some("x"), most);
        let before = prefix("x");
        let joined: String = all.iter().map(|line| line.strip_prefix(&before).unwrap_or(line)).collect();
        let bare = |text: &str| text.split_whitespace().collect::<String>();
        let expected = bare(&said);
        prop_assert_eq!(bare(&joined), if expected.is_empty() { "…".to_owned() } else { expected });
    }

    /// C13: what is styled comes back as it was.
    #[test]
    fn styles_come_back(words in prop::collection::vec(("[a-z]{1,6}", 0u8..16), 1..6)) {
        let runs: Vec<Run> = words.iter().enumerate().flat_map(|(at, (word, looks))| {
            let mut run = Run::new(Leaf::Plain(word.clone()));
            for (bit, (style, _)) in STYLES.iter().enumerate() {
                if looks & (1 << bit) != 0 { run = run.styled(*style); }
            }
            let blank = (at > 0).then(|| Run::new(Leaf::Plain(" ".into())));
            blank.into_iter().chain([run])
        }).collect();
        let text = Text::from_runs(runs);
        let line = lines(&text, None, 400, 9).remove(0);
        prop_assert_eq!(crate::parse::text(line.trim_start_matches("· ")), text);
    }
}

#[test]
fn several_lines_are_one_message_where_the_server_takes_them() {
    let draft = Draft { body: Text::plain("one\ntwo\nthree"), name: Some("A".into()), ..Draft::default() };
    let of = |lines, bytes| {
        let parts = parts(&draft, 400, 100, Some(Multiline { bytes, lines }));
        parts.into_iter().map(|part| part.text).collect::<Vec<_>>()
    };
    let line = |word: &str| format!("<A\u{2060}> {word}");
    let (one, two, three) = (line("one"), line("two"), line("three"));
    assert_eq!(of(9, 4_096), [format!("{one}\n{two}\n{three}")]);
    assert_eq!(of(2, 4_096), [format!("{one}\n{two}"), three.clone()]);
    assert_eq!(of(9, one.len() + two.len() + 2), [format!("{one}\n{two}"), three.clone()]);
    assert_eq!(of(9, 1), [one, two, three]);
}

#[test]
fn the_rest_is_behind_the_link() {
    let body = Text::plain("one\ntwo\nthree\nfour");
    let of = |whole: Option<&str>, most| {
        let draft = Draft { body: body.clone(), whole: whole.map(str::to_owned), ..Draft::default() };
        parts(&draft, most, 2, None).into_iter().map(|part| part.text).collect::<Vec<_>>()
    };
    assert_eq!(of(Some("https://m.example/m/x"), 400), ["one", "… (3 more lines: https://m.example/m/x )"]);
    for (whole, most) in [(None, 400), (Some("https://m.example/m/too-long-for-such-a-line"), 64)] {
        assert_eq!(of(whole, most), ["one", "… (3 more lines are too much for IRC)"]);
    }
}
