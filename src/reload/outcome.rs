//! What came of a config that was read anew, for whoever asked.

use crate::config::plan::Plan;
use crate::config::{Mistake, Mistakes};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It says what is in force.
    Nothing,
    /// This was done, or would be.
    Done(Plan),
    /// Nothing was changed: of this, something needs a restart.
    Restart(Plan),
    /// Nothing was changed: the file has mistakes.
    Mistakes(Found),
    /// Nothing was changed, for this reason.
    Failed(String),
}

/// The mistakes of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The file.
    pub path: PathBuf,
    /// Its text, with everything masked that could be a secret.
    pub text: String,
    /// What is wrong in it.
    pub mistakes: Vec<Wrong>,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wrong {
    /// The first byte that is wrong, and the first that is not any more.
    pub span: (usize, usize),
    /// Line and column, from 1.
    pub place: (usize, usize),
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub help: String,
}

impl Outcome {
    /// What a plan would come to.
    pub fn of(plan: Plan) -> Self {
        match plan.restart.is_empty() {
            true if plan.steps.is_empty() => Self::Nothing,
            true => Self::Done(plan),
            false => Self::Restart(plan),
        }
    }

    /// Why nothing was changed, in a line.
    pub fn why(&self) -> String {
        match self {
            Self::Nothing | Self::Done(_) => String::new(),
            Self::Restart(plan) => format!("only a restart takes a change of {}", plan.restart.join(", ")),
            Self::Failed(why) => why.clone(),
            Self::Mistakes(found) => {
                let path = found.path.display();
                let Some(first) = found.mistakes.first() else { return format!("{path} has mistakes") };
                let more = match found.mistakes.len() {
                    1 => String::new(),
                    count => format!(" (and {} more: `relay check` shows all)", count - 1),
                };
                format!("{path}:{}:{}: {}{more}", first.place.0, first.place.1, first.what)
            }
        }
    }
}

impl From<&Mistakes> for Found {
    fn from(found: &Mistakes) -> Self {
        let wrong = |mistake: &Mistake| Wrong {
            span: (mistake.span.start, mistake.span.end),
            place: (mistake.line, mistake.column),
            what: mistake.what.clone(),
            help: mistake.help.clone(),
        };
        let mistakes = found.mistakes.iter().map(wrong).collect();
        Self { path: found.path.clone(), text: found.text.clone(), mistakes }
    }
}

impl From<Found> for Mistakes {
    fn from(found: Found) -> Self {
        let mistake = |wrong: Wrong| Mistake {
            span: wrong.span.0..wrong.span.1,
            line: wrong.place.0,
            column: wrong.place.1,
            what: wrong.what,
            help: wrong.help,
        };
        let mistakes = found.mistakes.into_iter().map(mistake).collect();
        Self { path: found.path, text: found.text, mistakes }
    }
}
