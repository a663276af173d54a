//! How envelopes come in: at once, held at the door, or released from it.

use super::{Group, Verdict, Writer};
use crate::store::held::{self, Released, Sender, Wait};
use crate::store::newest::Entered;
use crate::store::records::{EnvelopeId, IndexLine, StoredEnvelope};
use crate::store::retention;
use crate::store::seals;
use crate::store::shared::Shared;
use crate::store::{StoreError, keys, marks, stream};
use relay_contract::{Account, Envelope, Event, Mark};
use std::sync::Arc;

impl Writer<'_> {
    pub(super) fn accept(
        &mut self,
        account: &Account,
        envelopes: Vec<Envelope>,
        group: &mut Group,
    ) -> Result<Vec<Verdict>, StoreError> {
        let mut verdicts = Vec::with_capacity(envelopes.len());
        for envelope in envelopes {
            let key = keys::event(&envelope.key());
            learn(&envelope, self.shared, group);
            if let Some(verdict) = self.turned_away(&key, &envelope, group)? {
                verdicts.push(verdict);
                continue;
            }
            let id = self.ids.next();
            self.enter(account, envelope, id, group)?;
            see(key, id, self.shared, group);
            verdicts.push(Verdict::Accepted(id));
        }
        Ok(verdicts)
    }

    /// Why an event does not come in: it was told before, or may have been and is forgotten.
    fn turned_away(
        &self,
        key: &[u8],
        envelope: &Envelope,
        group: &Group,
    ) -> Result<Option<Verdict>, StoreError> {
        if group.seen.contains(key) || self.shared.seen.contains_key(key)? {
            return Ok(Some(Verdict::Repeated));
        }
        Ok(retention::is_too_old(self.shared, envelope).then_some(Verdict::TooOld))
    }

    /// Puts an envelope into the journal.
    pub(super) fn enter(
        &self,
        account: &Account,
        envelope: Envelope,
        id: EnvelopeId,
        group: &mut Group,
    ) -> Result<(), StoreError> {
        let origin = match &envelope.event {
            Event::Posted(message) => Some((envelope.origin.clone(), message.at.clone())),
            _ => None,
        };
        // What Relay says itself is told when it is delivered, also in the room that it is about.
        if stream::keeps(&envelope.origin) && !matches!(envelope.event, Event::Noticed { .. }) {
            stream::happened(self.shared, &envelope.origin, id, &mut group.batch)?;
            group.streamed = true;
        }
        let of = seals::subject(&envelope);
        let stored = StoredEnvelope::new(account.clone(), envelope);
        let bytes = self.shared.seals.seal(&stored, of.as_ref(), &id.0)?;
        if let Some((room, message)) = origin {
            let (messages, lost) = (vec![message], Vec::new());
            self.index(IndexLine { envelope: id, room, messages, origin: true, lost, way: None }, group)?;
        }
        let envelope = Arc::new(stored.into_envelope());
        group.entered.push(Entered { id, envelope, bytes: bytes.len() });
        group.batch.insert(&self.shared.journal, id.0, bytes);
        group.batch.insert(&self.shared.work, keys::to_fan_out(id), []);
        group.waiting += 1;
        group.must_sync = true;
        Ok(())
    }

    pub(super) fn hold(
        &mut self,
        account: &Account,
        envelopes: Vec<(Envelope, bool)>,
        group: &mut Group,
    ) -> Result<Vec<Verdict>, StoreError> {
        let mut verdicts = Vec::with_capacity(envelopes.len());
        for (envelope, over) in envelopes {
            let key = keys::event(&envelope.key());
            learn(&envelope, self.shared, group);
            if let Some(verdict) = self.turned_away(&key, &envelope, group)? {
                verdicts.push(verdict);
                continue;
            }
            let id = self.ids.next();
            let changes = (&mut group.held, &mut group.batch);
            let verdict = match held::hold(self.shared, account, &envelope, over, id, changes)? {
                Wait::Done(verdict) => verdict,
                Wait::No => {
                    self.enter(account, envelope, id, group)?;
                    Verdict::Accepted(id)
                }
                Wait::After(first) => {
                    self.enter(&first.0, first.1, id, group)?;
                    let id = self.ids.next();
                    self.enter(account, envelope, id, group)?;
                    Verdict::Accepted(id)
                }
            };
            see(key, id, self.shared, group);
            group.must_sync = true;
            verdicts.push(verdict);
        }
        Ok(verdicts)
    }

    pub(super) fn release(
        &mut self,
        sender: &Sender,
        from: EnvelopeId,
        group: &mut Group,
    ) -> Result<Released, StoreError> {
        let (taken, released) = held::take(self.shared, sender, from, (&mut group.held, &mut group.batch))?;
        for (account, envelope) in taken {
            let id = self.ids.next();
            self.enter(&account, envelope, id, group)?;
        }
        group.must_sync = true;
        Ok(released)
    }
}

/// What was said in a room is known up to here.
fn learn(envelope: &Envelope, shared: &Shared, group: &mut Group) {
    if let Event::Posted(message) = &envelope.event {
        let mark = Mark { id: Some(message.at.id.clone()), at: envelope.at };
        marks::advance(shared, &envelope.origin, mark, &mut group.marks);
    }
}

/// The event is known from now on.
fn see(key: Vec<u8>, id: EnvelopeId, shared: &Shared, group: &mut Group) {
    group.batch.insert(&shared.seen, key.clone(), id.0);
    group.seen.insert(key);
}
