//! Lines that belong together. Source: <https://ircv3.net/specs/extensions/batch>.
//!
//! A message of several lines becomes one line with line ends in its words, the answer to a request all of its lines, and what a server
//! or bouncer plays back is told from what is said now. Of other kinds, each line is what it would be alone.

use crate::line::Line;
use std::collections::HashMap;

/// The most batches that are open at once: what is opened beyond is taken line by line.
const MOST_OPEN: usize = 64;

/// The most lines that are kept of one; what is beyond is passed over.
const MOST_LINES: usize = 2_000;

/// The most that is kept of all, in bytes of their words and tags; what is beyond is passed over.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub enum Came {
    /// A line, now.
    Line(Line),
    /// The whole answer to a request.
    Answer(String, Vec<Line>),
    /// What was said before.
    PlayedBack(Vec<Line>),
}

/// The batches that are open.
#[derive(Debug, Default)]
pub struct Batches {
    open: HashMap<String, Open>,
}

#[derive(Debug)]
struct Open {
    kind: Kind,
    /// The line that opened it: its tags are those of what becomes of it.
    opening: Line,
    lines: Vec<Line>,
    /// What they take in memory, about.
    bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Multiline,
    Playback,
    Answer,
}

fn kind(name: &str, label: Option<&str>) -> Option<Kind> {
    match name {
        "draft/multiline" | "multiline" => Some(Kind::Multiline),
        "labeled-response" => Some(Kind::Answer),
        // Asked for, or played back to whoever comes in.
        "chathistory" if label.is_some() => Some(Kind::Answer),
        "chathistory" | "znc.in/playback" => Some(Kind::Playback),
        _ => None,
    }
}

impl Batches {
    /// Takes a line in; answers what is whole with it.
    pub fn take(&mut self, mut line: Line) -> Vec<Came> {
        if line.command == "BATCH" {
            let reference = line.param(0).to_owned();
            match reference.split_at_checked(1) {
                Some(("+", reference)) => self.begin(reference, line),
                Some(("-", reference)) => return self.end(reference),
                _ => {}
            }
            return Vec::new();
        }
        let kept = self.open.values().map(|open| open.bytes).sum::<usize>();
        let within = line.tag("batch").and_then(|reference| self.open.get_mut(reference));
        if let Some(open) = within {
            let bytes = weight(&line);
            if open.lines.len() < MOST_LINES && kept + bytes <= MOST_BYTES {
                open.bytes += bytes;
                open.lines.push(line);
            }
            return Vec::new();
        }
        match line.take_tag("label") {
            Some(label) => vec![Came::Answer(label, vec![line])],
            None => vec![Came::Line(line)],
        }
    }

    fn begin(&mut self, reference: &str, opening: Line) {
        let kind = kind(opening.param(1), opening.tag("label"));
        // What lies in a batch that is not kept is taken line by line, and so is what is in it.
        if let Some(kind) = kind.filter(|_| self.open.len() < MOST_OPEN) {
            self.open.insert(reference.to_owned(), Open { kind, opening, lines: Vec::new(), bytes: 0 });
        }
    }

    fn end(&mut self, reference: &str) -> Vec<Came> {
        let Some(mut open) = self.open.remove(reference) else { return Vec::new() };
        let outer = open.opening.take_tag("batch");
        let label = open.opening.take_tag("label");
        let lines = match open.kind {
            Kind::Multiline => joined(open.opening, &open.lines).into_iter().collect(),
            Kind::Playback | Kind::Answer => open.lines,
        };
        if let Some(outer) = outer.and_then(|outer| self.open.get_mut(&outer)) {
            let room = MOST_LINES.saturating_sub(outer.lines.len());
            outer.lines.extend(lines.into_iter().take(room));
            outer.bytes += open.bytes;
            return Vec::new();
        }
        match (label, open.kind) {
            (Some(label), _) => vec![Came::Answer(label, lines)],
            (None, Kind::Playback) => vec![Came::PlayedBack(lines)],
            (None, _) => lines.into_iter().map(Came::Line).collect(),
        }
    }
}

/// What a line takes in memory, about, in bytes.
fn weight(line: &Line) -> usize {
    const OF_ITSELF: usize = 128;
    let tags = line.tags.iter().map(|(name, value)| name.len() + value.len() + OF_ITSELF).sum::<usize>();
    OF_ITSELF + tags + line.params.iter().map(|param| param.len() + OF_ITSELF).sum::<usize>()
}

/// A message of several lines as one: who and when and which as the opening says, the words from the lines.
/// Source: <https://ircv3.net/specs/extensions/multiline>.
fn joined(opening: Line, lines: &[Line]) -> Option<Line> {
    let first = lines.first()?;
    let mut words = first.last().to_owned();
    for line in lines.iter().skip(1) {
        if !line.has_tag("draft/multiline-concat") {
            words.push('\n');
        }
        words.push_str(line.last());
    }
    let from = if opening.from.name.is_empty() { first.from.clone() } else { opening.from };
    let mut tags = opening.tags;
    for (name, value) in &first.tags {
        if name != "batch" && name != "draft/multiline-concat" && !tags.iter().any(|(found, _)| found == name)
        {
            tags.push((name.clone(), value.clone()));
        }
    }
    let params = vec![first.param(0).to_owned(), words];
    Some(Line { tags, from, command: first.command.clone(), params })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of lines, in short.
    fn came(lines: &[&str]) -> String {
        let mut batches = Batches::default();
        let all = lines.iter().flat_map(|line| batches.take(Line::read(line).unwrap()));
        let words = |line: &Line| {
            format!("{} {:?} {}", line.from.name, line.last(), line.tag("msgid").unwrap_or("-"))
        };
        let told = all.map(|came| match came {
            Came::Line(line) => words(&line),
            Came::Answer(label, lines) => {
                format!("{label}: {}", lines.iter().map(words).collect::<Vec<_>>().join(" & "))
            }
            Came::PlayedBack(lines) => {
                format!("before: {}", lines.iter().map(words).collect::<Vec<_>>().join(" & "))
            }
        });
        told.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn a_batch_without_end_does_not_grow_without_end() {
        let mut batches = Batches::default();
        let take = |batches: &mut Batches, line: &str| batches.take(Line::read(line).unwrap());
        for batch in 0..4 {
            assert_eq!(take(&mut batches, &format!("BATCH +{batch} draft/multiline #c")), []);
        }
        let words = "x".repeat(8_000);
        for at in 0..MOST_LINES {
            take(&mut batches, &format!("@batch={} :a!u@h PRIVMSG #c :{words}", at % 4));
        }
        let kept = |batches: &mut Batches| match take(batches, "BATCH -0").as_slice() {
            [Came::Line(line)] => line.last().len(),
            other => panic!("{other:?}"),
        };
        let first = kept(&mut batches);
        assert!((MOST_BYTES / 5..=MOST_BYTES / 4).contains(&first), "{first}");
        // What has ended takes nothing any more.
        take(&mut batches, "BATCH +0 draft/multiline #c");
        take(&mut batches, &format!("@batch=0 :a!u@h PRIVMSG #c :{words}"));
        assert_eq!(kept(&mut batches), words.len());
    }

    #[test]
    fn lines_that_belong_together() {
        let cases: &[(&[&str], &str)] = &[
            (&[":a!u@h PRIVMSG #c :hi"], "a \"hi\" -"),
            (&["@label=7;msgid=x :r!u@h PRIVMSG #c :hi"], "7: r \"hi\" x"),
            (
                &[
                    "@msgid=m :a!u@h BATCH +1 draft/multiline #c",
                    "@batch=1 :a!u@h PRIVMSG #c :one",
                    ":b!u@h PRIVMSG #c :between",
                    "@batch=1 :a!u@h PRIVMSG #c :two ",
                    "@batch=1;draft/multiline-concat :a!u@h PRIVMSG #c :three",
                    "BATCH -1",
                ],
                "b \"between\" -, a \"one\\ntwo three\" m",
            ),
            (
                &[
                    "@label=l BATCH +o labeled-response",
                    "@batch=o BATCH +h chathistory #c",
                    "@batch=h;msgid=1 :a!u@h PRIVMSG #c :x",
                    "@batch=h;msgid=2 :a!u@h BATCH +m draft/multiline #c",
                    "@batch=m :a!u@h PRIVMSG #c :y",
                    "@batch=m :a!u@h PRIVMSG #c :z",
                    "BATCH -m",
                    "BATCH -h",
                    "BATCH -o",
                ],
                "l: a \"x\" 1 & a \"y\\nz\" 2",
            ),
            (
                &["BATCH +h chathistory #c", "@batch=h :a!u@h PRIVMSG #c :old", "BATCH -h"],
                "before: a \"old\" -",
            ),
            (&["@label=l BATCH +h chathistory #c", "BATCH -h"], "l: "),
            (&["BATCH +n netsplit a.x b.x", "@batch=n :a!u@h QUIT :a.x b.x", "BATCH -n"], "a \"a.x b.x\" -"),
            (&["BATCH +e draft/multiline #c", "BATCH -e", "BATCH -unknown", "BATCH"], ""),
        ];
        for (lines, expected) in cases {
            assert_eq!(came(lines), *expected, "{lines:?}");
        }
    }

    #[test]
    fn nobody_fills_the_memory() {
        let mut batches = Batches::default();
        for at in 0..MOST_OPEN * 2 {
            batches.take(Line::read(&format!("BATCH +{at} chathistory #c")).unwrap());
        }
        for _ in 0..MOST_LINES * 2 {
            batches.take(Line::read("@batch=0 :a!u@h PRIVMSG #c :x").unwrap());
        }
        assert_eq!((batches.open.len(), batches.open["0"].lines.len()), (MOST_OPEN, MOST_LINES));
    }
}
