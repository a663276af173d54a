//! An export of the audit beside the log that is kept: where they part tells a restore from an alteration.

use serde_json::Value;
use std::fs::File;
use std::io::{self, BufRead, BufReader};

/// An export beside the log that is kept: up to where they are the same.
pub struct Beside {
    lines: io::Lines<BufReader<File>>,
    /// The line that was read last: its number and its hash.
    read: (u64, String),
    /// The last line that both have, and its time.
    same: Option<(u64, String)>,
    differs: bool,
}

impl Beside {
    /// Of an export from its beginning on.
    pub fn new(export: File) -> Self {
        let lines = BufReader::new(export).lines();
        Self { lines, read: (0, String::new()), same: None, differs: false }
    }

    /// Takes a line of the log that is kept.
    pub fn line(&mut self, line: &[u8]) {
        let Ok(line) = serde_json::from_slice::<Value>(line) else { return };
        let Some(number) = line["n"].as_u64().filter(|_| !self.differs) else { return };
        while self.read.0 < number {
            let Some(Ok(next)) = self.lines.next() else { return };
            let Ok(next) = serde_json::from_str::<Value>(&next) else { return };
            if let Some(number) = next["n"].as_u64() {
                self.read = (number, next["hash"].as_str().unwrap_or_default().to_owned());
            }
        }
        if self.read.0 == number {
            self.differs = line["hash"].as_str() != Some(self.read.1.as_str());
            if !self.differs {
                self.same = Some((number, line["at"].as_str().unwrap_or_default().to_owned()));
            }
        }
    }

    /// Where they part, in words.
    pub fn parts(&self) -> String {
        match &self.same {
            Some((number, at)) => format!(
                "Both have the same lines up to {number}, of {at}: was a backup restored that was made just after that, it is this; if none was, \
                 the log was written anew from there"
            ),
            None => "They have no line in common".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn where_they_part_is_found() {
        let line =
            |n: u64, hash: &str| format!(r#"{{"n":{n},"at":"2026-11-26T19:54:0{n}Z","hash":"{hash}"}}"#);
        let export =
            [r#"{"begins":3}"#.to_owned(), line(3, "c"), line(4, "d"), line(5, "e"), r#"{"ends":5}"#.into()];
        for (kept, said) in [
            (
                vec![line(2, "b"), line(3, "c"), line(4, "d"), line(5, "x"), line(6, "y")],
                "up to 4, of 2026-11-26T19:54:04Z",
            ),
            (vec![line(4, "d"), line(5, "e"), line(6, "f")], "up to 5,"),
            (vec![line(3, "c"), line(4, "x"), line(5, "e")], "up to 3,"),
            (vec![line(3, "x"), line(4, "d")], "no line in common"),
        ] {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(export.join("\n").as_bytes()).unwrap();
            io::Seek::rewind(&mut file).unwrap();
            let mut beside = Beside::new(file);
            kept.iter().for_each(|line| beside.line(line.as_bytes()));
            assert!(beside.parts().contains(said), "{said}: {}", beside.parts());
        }
    }
}
