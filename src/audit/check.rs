//! Whether an export is what was written: every line in its place, and none other than it was.

use super::line::{Head, hash_of, parted};
use serde::Deserialize;
use std::fmt;

/// What is wrong with an export, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// This line of the file is none of an export.
    NoLine(u64),
    /// The line with this number says something else than when it was written.
    Altered(u64),
    /// The line with this number does not follow from the one before: one of the two was written anew.
    Rewritten(u64),
    /// Lines from this number to that one are missing.
    Removed(u64, u64),
    /// The line with this number stands elsewhere.
    Reordered(u64),
    /// It ends after this number without saying so.
    CutShort(u64),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLine(at) => write!(f, "line {at} of the file is no line of an audit"),
            Self::Altered(n) => write!(f, "line {n} was altered"),
            Self::Rewritten(n) => {
                write!(f, "line {n} does not follow from the one before: one of the two was altered")
            }
            Self::Removed(from, to) if from == to => write!(f, "line {from} was removed"),
            Self::Removed(from, to) => write!(f, "lines {from} to {to} were removed"),
            Self::Reordered(n) => write!(f, "line {n} is not in its place: lines were reordered"),
            Self::CutShort(n) => write!(f, "it was cut off after line {n}"),
        }
    }
}

/// An export that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The number of its first line.
    pub from: u64,
    /// Its last line.
    pub head: Head,
}

impl Checked {
    /// How many lines it has.
    pub fn lines(&self) -> u64 {
        (self.head.n + 1).saturating_sub(self.from)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct First {
    from: u64,
    prev: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Last {
    ends: u64,
    hash: String,
}

#[derive(Deserialize)]
struct Numbered<'a> {
    n: u64,
    #[serde(borrow)]
    prev: &'a str,
}

/// Reads an export line by line.
#[derive(Default)]
pub struct Checker {
    read: u64,
    from: u64,
    /// Up to where it is sound.
    head: Option<Head>,
    /// What is wrong first; where numbers are missing it may turn out that they come later.
    fault: Option<Fault>,
    ended: bool,
}

impl Checker {
    /// The next line, without its end.
    pub fn line(&mut self, line: &[u8]) {
        self.read += 1;
        match (&self.head, &self.fault) {
            (_, Some(Fault::Removed(from, _))) => {
                let from = *from;
                if serde_json::from_slice::<Numbered>(line).is_ok_and(|late| late.n == from) {
                    self.fault = Some(Fault::Reordered(from));
                }
            }
            (_, Some(_)) => {}
            (None, None) => match serde_json::from_slice::<First>(line) {
                Ok(first) => {
                    self.from = first.from;
                    self.head = Some(Head { n: first.from.saturating_sub(1), hash: first.prev });
                }
                Err(_) => self.fault = Some(Fault::NoLine(self.read)),
            },
            (Some(head), None) => match self.next(head, line) {
                Ok(Some(head)) => self.head = Some(head),
                Ok(None) => self.ended = true,
                Err(fault) => self.fault = Some(fault),
            },
        }
    }

    /// Up to where it is sound.
    pub fn reached(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// The head with this line; none where it is the end.
    fn next(&self, head: &Head, line: &[u8]) -> Result<Option<Head>, Fault> {
        if self.ended {
            return Err(Fault::NoLine(self.read));
        }
        if let Ok(last) = serde_json::from_slice::<Last>(line) {
            return match last.ends {
                ends if ends > head.n => Err(Fault::Removed(head.n + 1, ends)),
                ends if ends == head.n && last.hash == head.hash => Ok(None),
                _ => Err(Fault::Rewritten(head.n)),
            };
        }
        let (Some((content, hash)), Ok(told)) = (parted(line), serde_json::from_slice::<Numbered>(line))
        else {
            return Err(Fault::Altered(head.n + 1));
        };
        match told.n {
            n if n > head.n + 1 => Err(Fault::Removed(head.n + 1, n - 1)),
            n if n <= head.n => Err(Fault::Reordered(n)),
            n if hash_of(content) != hash => Err(Fault::Altered(n)),
            n if told.prev != head.hash => Err(Fault::Rewritten(n)),
            n => Ok(Some(Head { n, hash: hash.to_owned() })),
        }
    }

    /// What came of it.
    pub fn end(self) -> Result<Checked, Fault> {
        match (self.fault, self.head) {
            (Some(fault), _) => Err(fault),
            (None, Some(head)) if self.ended => Ok(Checked { from: self.from, head }),
            (None, Some(head)) => Err(Fault::CutShort(head.n)),
            (None, None) => Err(Fault::CutShort(0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Fields;
    use relay_contract::Timestamp;

    /// An export with so many lines.
    fn export(lines: u64) -> Vec<String> {
        let mut head = Head::default();
        let mut all = vec![format!("{{\"from\":1,\"prev\":\"{}\"}}", head.hash)];
        for number in 0..lines {
            let mut fields = Fields::of("left");
            fields.text("room", &format!("slack/T/\"{number}\""));
            fields.list("did", ["one", "two"].into_iter());
            let line = head.add(Timestamp(1_700_000_000_000 + number as i64), fields);
            all.push(String::from_utf8(line).unwrap());
        }
        all.push(format!("{{\"ends\":{},\"hash\":\"{}\"}}", head.n, head.hash));
        all
    }

    fn check(lines: &[String]) -> Result<Checked, Fault> {
        let mut checker = Checker::default();
        lines.iter().for_each(|line| checker.line(line.as_bytes()));
        checker.end()
    }

    #[test]
    fn an_export_is_whole_or_says_where_it_is_not() {
        let whole = export(9);
        let checked = check(&whole).unwrap();
        assert_eq!((checked.from, checked.head.n, checked.lines()), (1, 9, 9));
        assert_eq!(check(&export(0)).unwrap().lines(), 0);
        let with = |change: &dyn Fn(&mut Vec<String>)| {
            let mut lines = whole.clone();
            change(&mut lines);
            check(&lines).unwrap_err()
        };
        // Line n of the chain stands at place n.
        assert_eq!(with(&|lines| drop(lines.remove(4))), Fault::Removed(4, 4));
        assert_eq!(with(&|lines| drop(lines.drain(4..7))), Fault::Removed(4, 6));
        assert_eq!(with(&|lines| drop(lines.remove(1))), Fault::Removed(1, 1));
        assert_eq!(with(&|lines| drop(lines.remove(9))), Fault::Removed(9, 9));
        assert_eq!(with(&|lines| lines.swap(4, 5)), Fault::Reordered(4));
        assert_eq!(with(&|lines| lines.swap(2, 8)), Fault::Reordered(2));
        assert_eq!(with(&|lines| lines.insert(5, lines[3].clone())), Fault::Reordered(3));
        assert_eq!(with(&|lines| lines[5] = lines[5].replace("one", "own")), Fault::Altered(5));
        assert_eq!(with(&|lines| lines[5] = "{}".into()), Fault::Altered(5));
        assert_eq!(with(&|lines| drop(lines.pop())), Fault::CutShort(9));
        assert_eq!(with(&|lines| lines.truncate(4)), Fault::CutShort(3));
        assert_eq!(with(&|lines| lines.clear()), Fault::CutShort(0));
        assert_eq!(with(&|lines| drop(lines.remove(0))), Fault::NoLine(1));
        assert_eq!(with(&|lines| lines.push("{}".into())), Fault::NoLine(12));
        // Written anew with a hash that is right: the next one does not follow.
        let rewritten = |lines: &mut Vec<String>| {
            let (content, _) = parted(lines[5].as_bytes()).unwrap();
            let content = String::from_utf8(content.to_vec()).unwrap().replace("one", "own");
            lines[5] = format!("{content}{}{}\"}}", super::super::line::HASH, hash_of(content.as_bytes()));
        };
        assert_eq!(with(&rewritten), Fault::Rewritten(6));
        // The last one, rewritten: its end says so.
        let last = |lines: &mut Vec<String>| {
            let (content, _) = parted(lines[9].as_bytes()).unwrap();
            let content = String::from_utf8(content.to_vec()).unwrap().replace("one", "own");
            lines[9] = format!("{content}{}{}\"}}", super::super::line::HASH, hash_of(content.as_bytes()));
        };
        assert_eq!(with(&last), Fault::Rewritten(9));
    }
}
