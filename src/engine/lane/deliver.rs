//! The requests of one row: new messages, changes and deletes, each with its own turn, and a receipt for each.

use super::*;
use crate::audit::Left;

impl Lane {
    /// Opens the thread that a row's message goes into; the row is looked at again.
    pub(super) async fn open(
        &mut self,
        id: EnvelopeId,
        row: OutboxRow,
        root: Option<&MessageRef>,
        name: &str,
        conversation: EnvelopeId,
    ) -> Result<Fate, StoreError> {
        if let Some(wait) = self.permit(Doing::Open).await {
            return Ok(Fate::Later(wait, LaneState::Held));
        }
        let operation = Operation::Open { root, name };
        let mut row = row;
        let outcome = match self.settled(id, &mut row, &operation).await? {
            Settled::Done(receipt) => Ok(receipt),
            Settled::Attempt if self.is_chosen_anew() => {
                return Ok(Fate::Later(Duration::ZERO, LaneState::Busy));
            }
            Settled::Attempt => self.attempt(operation).await,
            Settled::Later(error) => Err(error),
            Settled::TakenBack => return self.leave(id).await,
            Settled::Held => return self.bury(id, row, HELD.into()).await,
        };
        match outcome {
            Ok(receipt) => {
                let there = ThreadThere { thread: receipt.message.thread, root: root.cloned() };
                self.core.ledger.remember_thread(self.handle.room.clone(), conversation, there).await?;
                self.ran.add(id, "thread opened");
                Ok(Fate::Later(Duration::ZERO, LaneState::Busy))
            }
            // What can never be opened is done without: the message goes below its root, or into the room.
            Err(DeliverError::Rejected(_) | DeliverError::TargetGone | DeliverError::Forbidden(_)) => {
                tracing::warn!(room = %self.handle.room, "a thread could not be opened; its messages go into the room");
                let there = ThreadThere { thread: None, root: root.cloned() };
                self.core.ledger.remember_thread(self.handle.room.clone(), conversation, there).await?;
                Ok(Fate::Later(Duration::ZERO, LaneState::Busy))
            }
            Err(error) => self.failed(id, row, error, false).await,
        }
    }

    /// Whether anybody has chosen anew since the head was worked out: it may name or quote them.
    pub(super) fn is_chosen_anew(&self) -> bool {
        self.chosen != self.core.ledger.consent_generation()
    }

    /// Whether what a row brings is not to be seen in the room any more.
    fn is_withheld(&self, id: EnvelopeId, row: &OutboxRow) -> Result<bool, StoreError> {
        if !self.core.asks_consent() && !self.core.ledger.anybody_muted() {
            return Ok(false);
        }
        // While nobody chooses anew nothing is forgotten either, and what the head was worked out from is as it was.
        let head = self.head.as_ref().filter(|(of, _)| *of == id && !self.is_chosen_anew());
        let envelope = match head {
            Some((_, envelope)) => envelope.clone(),
            None => match self.core.ledger.envelope(id)? {
                Some(envelope) => envelope,
                None => return Ok(true),
            },
        };
        let room = &self.handle.room;
        Ok(self.core.is_muted_row(room, &envelope, row)?
            || self.core.is_withheld(room, id, &envelope, row)?)
    }

    /// Closes a row of which no more is to be seen, with the messages that are there.
    async fn break_off(&mut self, id: EnvelopeId, row: OutboxRow, steps: &Steps) -> Result<Fate, StoreError> {
        self.core.counters.add(Count::Withheld);
        let left = steps.steps.iter().skip(row.done.len()).filter_map(|step| match step {
            Step::Edit(message, _) | Step::Keep(message) | Step::Delete(message) => Some(message.clone()),
            Step::Post(_) => None,
        });
        let there = row.done.iter().flatten().chain(&row.more).cloned().chain(left).collect();
        let messages = steps.change_messages().then_some(there);
        let left = steps.left_in_part(&row);
        self.close_row(id, steps.subject, messages, row.edit, left).await
    }

    /// Closes a row that the room is not shown because somebody is muted in it.
    pub(super) async fn close_muted(
        &mut self,
        id: EnvelopeId,
        envelope: &Envelope,
        edit: Option<EnvelopeId>,
    ) -> Result<Fate, StoreError> {
        self.core.counters.add(Count::Muted);
        if matches!(envelope.event, Event::Posted(_)) {
            self.core.ledger.remember_muted(self.handle.room.clone(), id).await?;
        }
        self.close_withheld(id, id, None, edit).await
    }

    /// Closes a row that is not to be seen, with the edit that its message came with.
    pub(super) async fn close_withheld(
        &mut self,
        id: EnvelopeId,
        subject: EnvelopeId,
        messages: Option<Vec<MessageRef>>,
        edit: Option<EnvelopeId>,
    ) -> Result<Fate, StoreError> {
        self.close_row(id, subject, messages, edit, None).await
    }

    async fn close_row(
        &mut self,
        id: EnvelopeId,
        subject: EnvelopeId,
        messages: Option<Vec<MessageRef>>,
        edit: Option<EnvelopeId>,
        left: Option<Left>,
    ) -> Result<Fate, StoreError> {
        let fate = self.close(id, subject, messages, Vec::new(), None, edit, left).await?;
        if edit.is_some() {
            // The edit's row is gone with it, and may not be taken for the next one.
            self.ahead.clear();
            self.closed().await?;
        }
        Ok(fate)
    }

    /// A row's steps that are still to be done, one after the other.
    pub(super) async fn deliver(
        &mut self,
        id: EnvelopeId,
        mut row: OutboxRow,
        steps: &Steps,
        files: &Files,
    ) -> Result<Fate, StoreError> {
        while let Some(step) = steps.steps.get(row.done.len()) {
            let uploads = match step {
                Step::Keep(message) => {
                    row.done.push(Some(message.clone()));
                    continue;
                }
                Step::Post(part) => files.of_part(&part.files),
                _ => Vec::new(),
            };
            let key = format!("{id}.{}", row.done.len());
            let Some(operation) = steps.operation(row.done.len(), &uploads, &key) else { break };
            // Each part anew: between two of them the room may have left, or become another's to read.
            if let Some(later) = self.held() {
                return Ok(later);
            }
            let posts = matches!(operation, Operation::Post { .. });
            if posts
                && row.target.is_none()
                && !steps.is_notice
                && !self.core.routes.borrow().speaks(&self.handle.room)
            {
                if self.handle.retired.is_cancelled() {
                    return Ok(Fate::Later(Duration::ZERO, LaneState::Held));
                }
                return self.bury(id, row, "unlinked".into()).await;
            }
            if let Some(wait) = self.permit(operation.doing()).await {
                if self.core.draining.is_cancelled() || self.handle.retired.is_cancelled() {
                    return Ok(Fate::Later(wait, LaneState::Held));
                }
                self.wait(Some(wait)).await;
                if row.done.is_empty() && self.handle.overtaking.first().is_some_and(|first| first != id) {
                    return Ok(Fate::Later(Duration::ZERO, LaneState::Busy));
                }
                // Before anything of it is there, it is looked at anew: it may have been deleted, edited or purged meanwhile.
                if row.is_untouched() || self.handle.orders.any() {
                    return Ok(Fate::Later(Duration::ZERO, LaneState::Held));
                }
                continue;
            }
            self.handle.set_state(LaneState::Busy);
            if row.done.is_empty() && !files.late.is_empty() {
                self.core.ledger.mark_late(steps.subject, files.late.clone(), true).await?;
            }
            if let Operation::Delete { target } = &operation {
                self.core.own_deletes.add(&self.handle.room, &target.id);
            }
            let deletes = matches!(step, Step::Delete(_));
            let outcome = match self.settled(id, &mut row, &operation).await? {
                Settled::Done(receipt) => {
                    self.ran.add(id, "settled");
                    Ok(receipt)
                }
                // Each part anew: what is there already is deleted by what follows.
                Settled::Attempt if !deletes && self.is_withheld(id, &row)? => {
                    return self.break_off(id, row, steps).await;
                }
                Settled::Attempt if !deletes && self.is_chosen_anew() => {
                    return Ok(Fate::Later(Duration::ZERO, LaneState::Busy));
                }
                Settled::Attempt => self.attempt_as(operation, steps.speaker()).await,
                Settled::Later(error) => Err(error),
                Settled::TakenBack => return self.leave(id).await,
                Settled::Held => return self.bury(id, row, HELD.into()).await,
            };
            match outcome {
                Ok(receipt) if !deletes => {
                    if let Some(conversation) = steps.begins.filter(|_| row.done.is_empty()) {
                        self.begin(conversation, &receipt.message).await?;
                    }
                    row.done.push(Some(receipt.message));
                    row.more.extend(receipt.more);
                    row.begun = false;
                }
                Ok(_) => row.done.push(None),
                Err(DeliverError::TargetGone) if deletes => {
                    self.ran.add(id, "was gone already");
                    row.done.push(None);
                }
                // The words are not lost for a file that the platform does not take.
                Err(DeliverError::Rejected(why)) if !uploads.is_empty() => {
                    let refused: Vec<u16> = uploads.iter().map(|upload| upload.index).collect();
                    tracing::warn!(room = %self.handle.room, envelope = %id, why, "files were refused; the rest goes without them");
                    row.files = files.fates_without(self.core.language_of(&self.handle.room), &refused, &why);
                    self.core.ledger.progress(self.handle.room.clone(), id, row).await?;
                    return Ok(Fate::Later(Duration::ZERO, LaneState::Busy));
                }
                Err(error) => return self.failed(id, row, error, steps.of_person).await,
            }
            if row.files.is_none() {
                row.files = files.fates();
            }
            if row.done.len() < steps.steps.len() {
                self.core.ledger.progress(self.handle.room.clone(), id, row.clone()).await?;
            }
        }
        if steps.loosens && row.done.iter().flatten().next().is_some() {
            self.core.room_knows(&self.handle.room).await?;
        }
        if steps.pins
            && let Some(first) = row.done.iter().flatten().next().cloned()
            && let Some(later) = self.pin_notice(id, &row, &first, steps.replaces_pinned).await?
        {
            return Ok(later);
        }
        if let Some(shown) = &steps.shown {
            let room = self.handle.room.clone();
            self.core.ledger.remember_shown(steps.subject, room, shown.clone()).await?;
        }
        let lost = steps.lost.iter().map(|feature| feature.word().to_owned()).collect();
        let way = Way { out: steps.words_out, ..self.way(&row, steps.subject, Timestamp::now())? };
        let edit = row.edit;
        let left = steps.left_with(&row, files, self.ran.of(id), self.core.ledger.audit_keys());
        let messages =
            steps.change_messages().then(|| row.done.into_iter().flatten().chain(row.more).collect());
        self.close(id, steps.subject, messages, lost, Some(way), edit, left).await?;
        if edit.is_some() {
            // The edit's row is gone with it, and may not be taken for the next one.
            self.ahead.clear();
            self.closed().await?;
            self.core.counters.add(Count::Folded);
        }
        if steps.replace_messages() {
            self.closed().await?;
            self.put_again(id, steps.subject).await?;
        }
        self.core.counters.add(Count::Delivered);
        tracing::debug!(room = %self.handle.room, envelope = %id, lost = ?steps.lost, "delivered");
        Ok(Fate::Closed)
    }
}
