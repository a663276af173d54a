//! Drafts with more than text, by table.

use super::parts;
use relay_contract::text::{Leaf, Run};
use relay_contract::{Draft, FileDraft, FileKind, Part, Poll, Style, Text};

fn files(kinds: &str) -> Vec<FileDraft> {
    let file = |(index, c): (usize, char)| {
        let (kind, mime) = match c {
            'p' => (FileKind::Image, "image/png"),
            's' => (FileKind::Sticker, "image/webp"),
            _ => (FileKind::File, "a/b"),
        };
        FileDraft { index: index as u16, kind, mime: mime.into(), size: 1 }
    };
    kinds.chars().enumerate().map(file).collect()
}

/// `text [places]`, `-` where it bears no text, `?` for a poll.
fn shown(part: &Part) -> String {
    let text: String = part.text.chars().take(12).collect();
    let is = |name: &str| part.formatting.get(name).is_some();
    let mark = if is("no_text") { "-" } else { "" };
    let poll = if is("poll") { "?" } else { "" };
    let places: Vec<String> = part.files.iter().map(u16::to_string).collect();
    format!("{text}[{}]{mark}{poll}", places.join(""))
}

#[test]
fn parts_of_drafts() {
    let poll = |answers: &[&str]| {
        let answers = answers.iter().map(|answer| (*answer).to_owned()).collect();
        Some(Poll { question: "When?".into(), answers, multiple: false, ends: None })
    };
    let (fits, long) = ("a".repeat(1_024), "a".repeat(1_025));
    let cases = [
        ("", "", None, "[]"),
        ("hi", "", None, "hi[]"),
        ("hi", "p", None, "hi[0]"),
        ("", "p", None, "[0]"),
        ("hi", "ppd", None, "hi[01] [2]-"),
        (fits.as_str(), "p", None, "aaaaaaaaaaaa[0]"),
        (long.as_str(), "pd", None, "aaaaaaaaaaaa[] [0]- [1]-"),
        ("hi", "sp", None, "hi[] [0]- [1]-"),
        ("", "sp", None, "[0]- [1]-"),
        ("hi", "", poll(&["Sat", "Sun"]), "hi[] []?"),
        ("", "", poll(&["Sat", "Sun"]), "[]?"),
        ("hi", "p", poll(&["Sat", "Sun"]), "hi[0] []?"),
        ("hi", "", poll(&["Sat", " "]), "hi\nWhen?\n• S[]"),
        ("", "", poll(&["Sat", " "]), "When?\n• Sat[]"),
    ];
    for (body, kinds, poll, expected) in cases {
        let draft = Draft {
            body: Text::plain(body),
            name: None,
            files: files(kinds),
            poll,
            no_preview: false,
            whole: None,
        };
        let got: Vec<String> = parts(&draft).iter().map(shown).collect();
        assert_eq!(got.join(" "), expected, "{} {kinds}", body.len());
    }
}

#[test]
fn a_caption_has_no_more_entities_than_a_message() {
    let styled = |many: usize| {
        let letter = |at: usize| Run::new(Leaf::Plain("a".into())).styled(Style::ALL[1 + at % 2 * 2]);
        Text::from_runs((0..many).map(letter).collect())
    };
    let first = |many| {
        let draft = Draft { body: styled(many), files: files("p"), ..Draft::default() };
        parts(&draft).remove(0).files.len()
    };
    assert_eq!((first(90), first(101)), (1, 0));
}

#[test]
fn a_preview_is_hidden_where_it_is_to_be() {
    let draft = |no_preview| Draft { body: Text::plain("a"), no_preview, ..Draft::default() };
    assert_eq!(parts(&draft(true))[0].formatting["no_preview"], true);
    assert!(parts(&draft(false))[0].formatting.get("no_preview").is_none());
}
