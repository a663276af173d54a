//! The questions in a terminal: arrow keys, space to tick, Enter to go on, and what is wrong below the line while it is typed.

use super::asker::{Asker, Check, Choice, Ended, GivenChannels, Question};
use rustix::termios::{self, LocalModes, OptionalActions, Termios};
use secrecy::SecretString;
use std::fmt::Display;
use std::io::{ErrorKind, Result as Written};

/// Rows of a list that are shown at once.
const ROWS: usize = 12;
/// From so many rows on, typing narrows a list.
const MANY: usize = 25;
/// The widest that text is set.
const WIDEST: usize = 78;
/// What the frame at the left takes.
const FRAME: usize = 4;
/// Longest label in a list.
const LABEL: usize = 68;

/// A terminal with somebody before it.
pub struct Terminal {
    waiting: Option<cliclack::ProgressBar>,
    /// How the terminal was.
    before: Option<Termios>,
}

impl Terminal {
    /// From now on nothing is shown by the terminal itself: a token that is pasted faster than it is read would stand there.
    pub fn new() -> Self {
        let before = termios::tcgetattr(std::io::stdin()).ok();
        if let Some(mut quiet) = before.clone() {
            quiet.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON);
            // A terminal that cannot do that asks all the same.
            let _ = termios::tcsetattr(std::io::stdin(), OptionalActions::Drain, &quiet);
        }
        Self { waiting: None, before }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.done();
        if let Some(before) = &self.before {
            let _ = termios::tcsetattr(std::io::stdin(), OptionalActions::Drain, before);
        }
    }
}

impl Asker for Terminal {
    fn is_attended(&self) -> bool {
        true
    }

    fn title(&mut self, words: &str) {
        shown(cliclack::intro(words));
    }

    fn steps(&mut self, what: &str, steps: &[String]) {
        let steps = steps.iter().enumerate().map(|(at, step)| {
            let number = format!("{}. ", at + 1);
            wrapped(&format!("{number}{step}"), &" ".repeat(number.len()))
        });
        let steps: Vec<String> = steps.collect();
        shown(cliclack::log::step(format!("{what}\n{}", steps.join("\n"))));
    }

    fn tell(&mut self, words: &str) {
        shown(cliclack::log::remark(wrapped(words, "")));
    }

    fn good(&mut self, words: &str) {
        shown(cliclack::log::success(wrapped(words, "")));
    }

    fn problem(&mut self, words: &str) {
        shown(cliclack::log::warning(wrapped(words, "")));
    }

    fn busy(&mut self, words: &str) {
        self.done();
        let waiting = cliclack::spinner();
        waiting.start(super::super::cut(words, WIDEST - FRAME));
        self.waiting = Some(waiting);
    }

    fn done(&mut self) {
        if let Some(waiting) = self.waiting.take() {
            waiting.clear();
        }
    }

    fn many(&mut self, question: &Question, choices: &[Choice], least: usize) -> Result<Vec<usize>, Ended> {
        let keys = if choices.len() > MANY {
            "(type to narrow, space ticks, Enter goes on)"
        } else {
            "(space ticks, Enter goes on)"
        };
        loop {
            let mut asked = cliclack::multiselect(prompt(&format!("{} {keys}", question.words)))
                .required(least > 0)
                .max_rows(ROWS);
            if choices.len() > MANY {
                asked = asked.filter_mode();
            }
            for (at, choice) in choices.iter().enumerate() {
                asked = asked.item(at, label(choice), hint(choice));
            }
            let ticked = choices.iter().enumerate().filter(|(_, choice)| choice.ticked);
            asked = asked.initial_values(ticked.map(|(at, _)| at).collect());
            let chosen = asked.interact().map_err(ended)?;
            if chosen.len() >= least {
                return Ok(chosen);
            }
            self.problem(&format!("Tick at least {least}."));
        }
    }

    fn one(&mut self, question: &Question, choices: &[Choice]) -> Result<usize, Ended> {
        let mut asked = cliclack::select(prompt(&question.words)).max_rows(ROWS);
        for (at, choice) in choices.iter().enumerate() {
            asked = asked.item(at, label(choice), hint(choice));
        }
        asked.interact().map_err(ended)
    }

    fn text(&mut self, question: &Question, usual: &str, check: Check) -> Result<String, Ended> {
        let (typing, whole) = (check.typing, check.whole);
        let mut asked = cliclack::input(prompt(&question.words))
            .validate_interactively(move |typed: &String| typing(typed))
            .validate(move |typed: &String| whole(typed.trim()));
        if !usual.is_empty() {
            asked = asked.default_input(usual);
        }
        let typed: String = asked.interact().map_err(ended)?;
        Ok(typed.trim().to_owned())
    }

    fn secret(
        &mut self,
        question: &Question,
        optional: bool,
        check: Check,
    ) -> Result<Option<SecretString>, Ended> {
        let (typing, whole) = (check.typing, check.whole);
        let mut asked = cliclack::password(prompt(&format!("{} (it is not shown)", question.words)))
            .validate_interactively(move |typed: &String| typing(typed))
            .validate(move |typed: &String| match typed.trim() {
                "" if optional => Ok(()),
                typed => whole(typed),
            });
        if optional {
            asked = asked.allow_empty();
        }
        let typed = asked.interact().map_err(ended)?;
        let typed = typed.trim();
        Ok((!typed.is_empty()).then(|| SecretString::from(typed)))
    }

    fn confirm(&mut self, question: &Question, usual: bool) -> Result<bool, Ended> {
        cliclack::confirm(prompt(&question.words)).initial_value(usual).interact().map_err(ended)
    }

    fn further(&mut self, _: &str) -> Vec<(String, String)> {
        Vec::new()
    }

    fn channels(&mut self) -> Result<Option<GivenChannels>, Ended> {
        Ok(None)
    }
}

/// Whoever reads it may have gone, which the next question tells.
fn shown(_: Written<()>) {}

fn ended(error: std::io::Error) -> Ended {
    match error.kind() {
        ErrorKind::Interrupted => Ended::Interrupted,
        _ => Ended::Failed(format!("the terminal cannot be read: {error}")),
    }
}

fn label(choice: &Choice) -> String {
    super::super::cut(&choice.label, LABEL)
}

/// So much of it that the row is one line.
fn hint(choice: &Choice) -> String {
    let left = WIDEST.saturating_sub(FRAME + 6 + label(choice).chars().count());
    if left < 8 { String::new() } else { super::super::cut(&choice.hint, left) }
}

fn width() -> usize {
    let (_, columns) = console_size();
    columns.clamp(40, WIDEST) - FRAME
}

fn console_size() -> (usize, usize) {
    terminal_size::terminal_size_of(std::io::stderr())
        .map_or((24, WIDEST), |(width, height)| (usize::from(height.0), usize::from(width.0)))
}

fn prompt(words: &str) -> impl Display + use<> {
    wrapped(words, "")
}

/// No line but that of a long address is wider than the terminal; an address stays whole, so that it can be copied.
fn wrapped(words: &str, indent: &str) -> String {
    let options = textwrap::Options::new(width())
        .wrap_algorithm(textwrap::WrapAlgorithm::FirstFit)
        .break_words(false)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .subsequent_indent(indent);
    let words = super::super::printable(words);
    words.lines().map(|line| textwrap::fill(line, &options)).collect::<Vec<_>>().join("\n")
}
