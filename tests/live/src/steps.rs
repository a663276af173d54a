//! What is tried on one platform, in order, and what held.

use crate::Target;
use crate::inbox::Ear;
use relay_contract::{
    Attempt, Connector, DeliverError, Draft, Feature, MessageRef, Operation, Part, Persona, Receipt, RoomKey,
    RoomReport, Standing, Support, Text,
};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The longest wait for a connection, and for what was posted to be heard.
const PATIENCE: Duration = Duration::from_secs(30);

/// The longest wait that a platform may ask for.
const LONGEST_LIMIT: Duration = Duration::from_secs(60);

/// What came of each step.
pub struct Outcome {
    /// The platform.
    pub platform: &'static str,
    /// A step, and why it did not hold.
    pub steps: Vec<(&'static str, Result<String, String>)>,
}

impl Outcome {
    /// Everything held.
    pub fn holds(&self) -> bool {
        self.steps.iter().all(|(_, held)| held.is_ok())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (step, held) in &self.steps {
            let (word, why) = match held {
                Ok(said) => ("holds", said),
                Err(why) => ("FAILS", why),
            };
            writeln!(f, "{:<10} {step:<10} {word}  {why}", self.platform)?;
        }
        Ok(())
    }
}

/// Drives one connector through its whole contract, and cleans up behind it.
pub async fn drive(target: Target) -> Outcome {
    // Somebody may have installed one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut outcome = Outcome { platform: target.name, steps: Vec::new() };
    let connector = match (target.open)(target.settings.clone()) {
        Ok(connector) => connector,
        Err(problem) => {
            outcome.steps.push(("open", Err(problem.to_string())));
            return outcome;
        }
    };
    let report = match preflight(&*connector, &target).await {
        Ok(report) => report,
        Err(why) => {
            outcome.steps.push(("preflight", Err(why)));
            return outcome;
        }
    };
    outcome.steps.push(("preflight", Ok(format!("“{}”, {:?}", report.name, report.visibility))));
    let ear = Arc::new(Ear::new(connector.clone()));
    let listening = tokio::spawn({
        let (connector, ear) = (connector.clone(), ear.clone());
        async move { connector.listen(None, &*ear).await }
    });
    let mut room = Room { connector: &*connector, key: report.key, posted: Vec::new() };
    try_all(&mut room, &ear, target.echoes, &mut outcome).await;
    outcome.steps.push(("clean up", room.clean_up().await));
    ear.stop();
    let ended = tokio::time::timeout(PATIENCE, listening).await;
    let ended = match ended {
        Ok(Ok(Ok(()))) => Ok(String::new()),
        Ok(Ok(Err(error))) => Err(error.to_string()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("it did not end when it was told to".to_owned()),
    };
    outcome.steps.push(("stop", ended));
    outcome
}

async fn preflight(connector: &dyn Connector, target: &Target) -> Result<RoomReport, String> {
    let asked = connector.preflight(std::slice::from_ref(&target.room)).await;
    let room =
        asked.map_err(|error| error.to_string())?.rooms.pop().ok_or("the room was not answered for")?;
    room.1.map_err(|problem| problem.to_string())
}

async fn try_all(room: &mut Room<'_>, ear: &Ear, echoes: bool, outcome: &mut Outcome) {
    let up = tokio::time::timeout(PATIENCE, ear.up()).await;
    let up = up.map(|()| String::new()).map_err(|_| "no connection".to_owned());
    let connected = up.is_ok();
    outcome.steps.push(("listen", up));
    if !connected {
        return;
    }
    outcome.steps.push(("find", room.find().await));
    let mark = format!("Relay's live test {}; it goes by itself", ulid::Ulid::new());
    let first = match room.post(&mark, None).await {
        Ok(receipt) => receipt.message,
        Err(error) => return outcome.steps.push(("post", Err(error.to_string()))),
    };
    outcome.steps.push(("post", Ok(first.id.to_string())));
    outcome.steps.push(("echo", echo(ear, &first, echoes).await));
    let link = room.connector.permalink(&room.key, &first);
    outcome.steps.push(("permalink", Ok(link.unwrap_or_else(|| "none: this room has no links".to_owned()))));
    let edited = room.edit(&first, &format!("{mark} (edited)")).await;
    outcome.steps.push(("edit", said(edited)));
    let answered = room.post(&format!("{mark} (an answer)"), Some(&first)).await;
    outcome.steps.push(("answer", said(answered)));
    let deleted = room.delete(&first).await;
    outcome.steps.push(("delete", said(deleted)));
    // What was deleted cannot be edited: that it is gone is not only said.
    let gone = match room.edit(&first, "gone").await {
        Err(DeliverError::TargetGone) => Ok(String::new()),
        other => Err(format!("an edit of what was deleted was answered with {other:?}")),
    };
    outcome.steps.push(("gone", gone));
}

fn said(done: Result<Receipt, DeliverError>) -> Result<String, String> {
    done.map(|receipt| receipt.message.id.to_string()).map_err(|error| error.to_string())
}

/// C10: what Relay posted is known as Relay's when it comes back.
async fn echo(ear: &Ear, message: &MessageRef, echoes: bool) -> Result<String, String> {
    let heard = async {
        loop {
            if let Some(told) = ear.heard(message.id.as_str()) {
                return told;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let patience = if echoes { PATIENCE } else { Duration::from_secs(3) };
    match (tokio::time::timeout(patience, heard).await, echoes) {
        (Ok(told), _) if told.standing == Some(Standing::Relay) => Ok("known as Relay's".to_owned()),
        (Ok(told), _) => Err(format!("taken for somebody else's: {:?}", told.standing)),
        (Err(_), true) => Err("what was posted was never heard".to_owned()),
        (Err(_), false) => Ok("none, as this platform does".to_owned()),
    }
}

/// The room that is written in, and what stands there because of it.
struct Room<'a> {
    connector: &'a dyn Connector,
    key: RoomKey,
    posted: Vec<MessageRef>,
}

impl Room<'_> {
    async fn find(&self) -> Result<String, String> {
        let listing = self.connector.find().await.map_err(|error| error.to_string())?;
        match listing.rooms.iter().find(|listed| listed.report.key == self.key) {
            Some(listed) => Ok(format!("“{}” among {}", listed.report.name, listing.rooms.len())),
            None if !listing.complete => Ok("not listed; the platform has no whole list".to_owned()),
            None => Err(format!("the room is not among {}", listing.rooms.len())),
        }
    }

    fn part(&self, words: &str) -> Result<Part, DeliverError> {
        let parts = self.connector.render(&self.key, &Draft { body: Text::plain(words), ..Draft::default() });
        parts.into_iter().next().ok_or_else(|| DeliverError::Rejected("nothing was rendered".to_owned()))
    }

    async fn post(&mut self, words: &str, reply_to: Option<&MessageRef>) -> Result<Receipt, DeliverError> {
        let part = self.part(words)?;
        let capabilities = self.connector.capabilities(&self.key);
        let persona = Persona { name: "Relay's live test".to_owned(), avatar: None };
        let receipt = self
            .deliver(Operation::Post {
                part: &part,
                persona: Some(&persona).filter(|_| capabilities.shows(Feature::Persona) == Support::Native),
                reply_to: reply_to.filter(|_| capabilities.shows(Feature::Reply) == Support::Native),
                thread: None,
                files: &[],
                key: "k1",
            })
            .await?;
        self.posted.push(receipt.message.clone());
        Ok(receipt)
    }

    async fn edit(&self, target: &MessageRef, words: &str) -> Result<Receipt, DeliverError> {
        let part = self.part(words)?;
        self.deliver(Operation::Edit { target, part: &part }).await
    }

    async fn delete(&self, target: &MessageRef) -> Result<Receipt, DeliverError> {
        self.deliver(Operation::Delete { target }).await
    }

    /// One attempt, and one more when the platform asks to wait.
    async fn deliver(&self, operation: Operation<'_>) -> Result<Receipt, DeliverError> {
        let attempt = || self.attempt(operation.clone());
        match attempt().await {
            Err(DeliverError::RateLimited { retry_after, .. }) if retry_after <= LONGEST_LIMIT => {
                tokio::time::sleep(retry_after).await;
                attempt().await
            }
            done => done,
        }
    }

    async fn attempt(&self, operation: Operation<'_>) -> Result<Receipt, DeliverError> {
        let attempt = Attempt { room: &self.key, operation };
        let deadline = self.connector.deliver_deadline();
        match tokio::time::timeout(deadline, self.connector.deliver(attempt)).await {
            Ok(done) => done,
            Err(_) => Err(DeliverError::Unsure(format!("no answer within {} s", deadline.as_secs()))),
        }
    }

    /// Deletes whatever still stands there, and says what could not be.
    async fn clean_up(&self) -> Result<String, String> {
        let mut left = Vec::new();
        for message in &self.posted {
            if let Err(error) = self.delete(message).await
                && error != DeliverError::TargetGone
            {
                left.push(format!("{} is still there: {error}", message.id));
            }
        }
        if left.is_empty() { Ok(format!("{} posted", self.posted.len())) } else { Err(left.join("; ")) }
    }
}
