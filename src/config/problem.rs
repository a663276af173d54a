//! Mistakes in a config file, each with its place, its reason and what to write instead.

use std::ops::Range;
use std::path::{Path, PathBuf};

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Mistake {
    /// Bytes of the file that are wrong.
    #[serde(skip)]
    pub span: Range<usize>,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub help: String,
}

impl Mistake {
    /// A mistake at a place; line and column are filled in when the whole is put together.
    pub fn new(span: Range<usize>, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { span, line: 0, column: 0, what: what.into(), help: help.into() }
    }
}

/// All mistakes of one file, in the order of their places.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} has {} mistake(s)", path.display(), mistakes.len())]
pub struct Mistakes {
    /// The file.
    pub path: PathBuf,
    /// Its text, with everything masked that could be a secret.
    pub text: String,
    /// What is wrong in it.
    pub mistakes: Vec<Mistake>,
}

impl Mistakes {
    pub(super) fn new(path: &Path, text: &str, mut mistakes: Vec<Mistake>) -> Self {
        mistakes.sort_by_key(|mistake| mistake.span.start);
        // One pass over the text, however many mistakes there are.
        let (mut at, mut line, mut column) = (0, 1, 1);
        for mistake in &mut mistakes {
            let start = mistake.span.start.min(text.len());
            let passed = text.get(at..start).unwrap_or("");
            let mut on_line = passed;
            if let Some((before, after)) = passed.rsplit_once('\n') {
                line += before.matches('\n').count() + 1;
                column = 1;
                on_line = after;
            }
            column += on_line.chars().count();
            at = start;
            (mistake.line, mistake.column) = (line, column);
        }
        Self { path: path.to_owned(), text: super::masked::masked(text), mistakes }
    }

    pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        let help = match error.kind() {
            std::io::ErrorKind::NotFound => {
                "`relay init` makes one, question by question. Or name the file with --config.".into()
            }
            std::io::ErrorKind::PermissionDenied => "Let the user that runs relay read it.".to_owned(),
            std::io::ErrorKind::FileTooLarge => {
                "Name the right file: a bridges.toml has some kilobytes.".into()
            }
            std::io::ErrorKind::InvalidInput => "Put the file itself in its place.".into(),
            std::io::ErrorKind::InvalidData => "Save it as UTF-8 text.".into(),
            _ => "Make it readable.".into(),
        };
        let what = match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
            _ => format!("the file cannot be read: {error}"),
        };
        Self::new(path, "", vec![Mistake::new(0..0, what, help)])
    }
}
