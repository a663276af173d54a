//! What was done to a message on its way, as the audit is told it: what ran, not what might have.

use super::{Step, Steps};
use crate::adapt::FileShown;
use crate::audit::{Keys, Left, What};
use crate::engine::files::Files;
use crate::store::{EnvelopeId, OutboxRow, StoredFate};
use std::borrow::Cow;

/// What came of the requests of a row, whichever looks it took.
#[derive(Debug, Default)]
pub struct Ran {
    id: EnvelopeId,
    did: Vec<&'static str>,
}

impl Ran {
    /// Something has come of a request of this row.
    pub fn add(&mut self, id: EnvelopeId, word: &'static str) {
        if self.id != id {
            (self.id, self.did) = (id, Vec::new());
        }
        if !self.did.contains(&word) {
            self.did.push(word);
        }
    }

    /// What came of those of this row.
    pub fn of(&self, id: EnvelopeId) -> &[&'static str] {
        if self.id == id { &self.did } else { &[] }
    }
}

impl Steps {
    /// What the audit is told once all steps are done.
    pub fn left_with(
        &self,
        row: &OutboxRow,
        files: &Files,
        ran: &[&'static str],
        keys: &Keys,
    ) -> Option<Left> {
        let mut left = self.left.clone()?;
        let texts = || {
            self.steps.iter().filter_map(|step| match step {
                Step::Post(part) | Step::Edit(_, part) => Some(part.text.as_str()),
                Step::Keep(_) | Step::Delete(_) => None,
            })
        };
        let posts = self.steps.iter().filter(|step| matches!(step, Step::Post(_))).count();
        let deletes = self.steps.iter().filter(|step| matches!(step, Step::Delete(_))).count();
        let keeps = self.steps.iter().filter(|step| matches!(step, Step::Keep(_))).count();
        let words = texts().count();
        if words > 0 {
            left.body = Some(keys.body(left.who.as_ref(), texts()));
        }
        if self.steps.len() == keeps && ran.is_empty() {
            left.did.push("was so already".into());
        }
        if words > 1 {
            left.did.push(format!("in {words} parts").into());
        }
        if matches!(left.what, What::Left | What::Changed) && posts > 0 {
            left.did.extend(self.pictures());
            left.did.extend(self.files(row, files).into_iter().map(Into::into));
        }
        if deletes > 1 {
            left.did.push(format!("{deletes} messages").into());
        }
        if row.edit.is_some() {
            left.did.push("with its edit".into());
        }
        left.did.extend(self.lost.iter().map(|feature| format!("lost {}", feature.word()).into()));
        left.did.extend(ran.iter().map(|word| Cow::Borrowed(*word)));
        Some(left)
    }

    /// The same where it was broken off, since its author says no; none where nothing of it is there.
    pub fn left_in_part(&self, row: &OutboxRow) -> Option<Left> {
        if row.done.is_empty() {
            return None;
        }
        let mut left = self.left.clone()?;
        left.what = What::InPart;
        left.did.push(format!("{} of {} done", row.done.len(), self.steps.len()).into());
        left.did.push("withheld".into());
        Some(left)
    }

    /// Where there is a name beside the message, whether there is a picture.
    fn pictures(&self) -> Option<Cow<'static, str>> {
        self.persona.as_ref().filter(|persona| persona.avatar.is_none()).map(|_| "no picture".into())
    }

    /// How many files went, and how many did not.
    fn files(&self, row: &OutboxRow, files: &Files) -> Vec<String> {
        let (mut sent, mut late, mut left) = (0, 0, 0);
        // What was remembered when the first part was done counts, and otherwise what is known now.
        match &row.files {
            Some(fates) => fates.iter().for_each(|fate| match fate {
                StoredFate::Sent => sent += 1,
                StoredFate::Late => late += 1,
                StoredFate::Left { .. } => left += 1,
            }),
            None => files.shown.iter().for_each(|shown| match shown {
                FileShown::Upload(_) => sent += 1,
                FileShown::Late => late += 1,
                FileShown::Linked { .. } | FileShown::Named { .. } => left += 1,
            }),
        }
        let counts = [(sent, "sent"), (late, "to follow"), (left, "not sent")];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        counts.map(|(count, word)| format!("files {word}: {count}")).collect()
    }
}
