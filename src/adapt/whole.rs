//! A text as plain words of several lines, for whoever reads the whole of it elsewhere.

use relay_contract::text::{Container, Leaf, Run};
use relay_contract::{Style, Text};

/// The words. What is hidden stays hidden.
pub fn words(text: &Text) -> String {
    let mut words = String::new();
    let mut within: Option<Vec<Container>> = None;
    for run in text.clone().into_runs() {
        let block = matches!(run.leaf, Leaf::Block { .. });
        let begins = block || within.as_ref() != Some(&run.within);
        if begins {
            end_line(&mut words);
            run.within.iter().for_each(|container| words.push_str(mark(*container)));
        }
        within = (!block).then(|| run.within.clone());
        words.push_str(&one(&run));
        if block {
            end_line(&mut words);
        }
    }
    words
}

fn end_line(words: &mut String) {
    if !words.is_empty() && !words.ends_with('\n') {
        words.push('\n');
    }
}

fn mark(container: Container) -> &'static str {
    match container {
        Container::Quote => "> ",
        Container::Item { .. } => "• ",
        Container::Heading(_) => "",
    }
}

fn one(run: &Run) -> String {
    let shown = run.leaf.shown();
    match &run.url {
        _ if run.styles.contains(&Style::Spoiler) => "(spoiler)".to_owned(),
        Some(url) if *url != shown => format!("{shown} ({url})"),
        _ => shown,
    }
}

/// About how many lines of at most so many bytes it takes.
pub fn lines(words: &str, longest: usize) -> usize {
    let of = |line: &str| line.len().div_ceil(longest.max(1)).max(1);
    words.lines().filter(|line| !line.trim().is_empty()).map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_it_is_there() {
        let plain = |text: &str| Run::new(Leaf::Plain(text.to_owned()));
        let item = |item| Container::Item { item, number: None };
        let code = Leaf::Block { lang: None, text: "x\ny".to_owned() };
        let text = Text::from_runs(vec![
            plain("one "),
            plain("here").linked("https://a.example"),
            Run::new(Leaf::Break),
            plain("two").styled(Style::Spoiler),
            plain("said").inside(&[Container::Quote]),
            plain("a").inside(&[item(1)]),
            plain("b").inside(&[item(2)]),
            Run::new(code),
            plain("end"),
        ]);
        let all = words(&text);
        assert_eq!(all, "one here (https://a.example)\n(spoiler)\n> said\n• a\n• b\nx\ny\nend");
        assert_eq!((lines(&all, 400), lines("a\n\nb", 400), lines("abcde", 2)), (8, 2, 3));
    }
}
