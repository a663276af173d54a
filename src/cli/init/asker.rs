//! How the wizard asks: in a terminal, or of a file with the answers.

use secrecy::SecretString;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Whether a value can be right, and why not.
pub type Judge = Rc<dyn Fn(&str) -> Result<(), String>>;

/// The two looks at a value that is typed.
#[derive(Clone)]
pub struct Check {
    /// While it is typed: only what no further letter can mend.
    pub typing: Judge,
    /// When it is whole.
    pub whole: Judge,
}

/// What is asked.
pub struct Question {
    /// What the answer is called in a file of answers.
    pub key: String,
    /// The words.
    pub words: String,
}

impl Question {
    /// A question.
    pub fn new(key: impl Into<String>, words: impl Into<String>) -> Self {
        Self { key: key.into(), words: words.into() }
    }
}

/// One of several answers.
pub struct Choice {
    /// What it is called, also in a file of answers.
    pub label: String,
    /// What is to be known of it.
    pub hint: String,
    /// Whether it is taken unless somebody says otherwise.
    pub ticked: bool,
}

impl Choice {
    /// One that is not ticked.
    pub fn new(label: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { label: label.into(), hint: hint.into(), ticked: false }
    }
}

/// Channels as a file of answers names them: the name of each, and its links.
pub type GivenChannels = BTreeMap<String, Vec<String>>;

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    /// Somebody pressed Ctrl-C.
    Interrupted,
    /// It cannot go on, and why.
    Failed(String),
}

/// Puts the questions to somebody.
pub trait Asker {
    /// Whether somebody is there who can be asked again.
    fn is_attended(&self) -> bool;

    /// The name of what begins now.
    fn title(&mut self, words: &str);

    /// Numbered steps of something to do elsewhere.
    fn steps(&mut self, what: &str, steps: &[String]);

    /// A sentence.
    fn tell(&mut self, words: &str);

    /// Something that is well.
    fn good(&mut self, words: &str);

    /// Something that is not, with the way out.
    fn problem(&mut self, words: &str);

    /// Says that something is waited for, until `done`.
    fn busy(&mut self, words: &str);

    /// It is here.
    fn done(&mut self);

    /// Any number of these.
    fn many(&mut self, question: &Question, choices: &[Choice], least: usize) -> Result<Vec<usize>, Ended>;

    /// One of these; the first where nobody says otherwise.
    fn one(&mut self, question: &Question, choices: &[Choice]) -> Result<usize, Ended>;

    /// A line of text; `usual` where nothing is typed.
    fn text(&mut self, question: &Question, usual: &str, check: Check) -> Result<String, Ended>;

    /// Something that nobody else is to see; `None` where it may be left out and is.
    fn secret(
        &mut self,
        question: &Question,
        optional: bool,
        check: Check,
    ) -> Result<Option<SecretString>, Ended>;

    /// Yes or no.
    fn confirm(&mut self, question: &Question, usual: bool) -> Result<bool, Ended>;

    /// What else was said of an account: keys that are not asked for.
    fn further(&mut self, account: &str) -> Vec<(String, String)>;

    /// The accounts of which anything is said beforehand.
    fn sections(&self) -> Vec<String> {
        Vec::new()
    }

    /// The channels, where they are said beforehand.
    fn channels(&mut self) -> Result<Option<GivenChannels>, Ended>;
}
