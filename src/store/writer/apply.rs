//! What each command puts into the batch.

use super::commands::{Answer, Answers, Command, settle};
use super::{Group, Writer};
use crate::audit::Left;
use crate::consent::Entry;
use crate::store::ledger::FannedOut;
use crate::store::records::{EnvelopeId, IndexLine, Record};
use crate::store::{StoreError, held, keys, marks, moves, notes, stream};
use relay_contract::RoomKey;
use std::sync::PoisonError;

impl Writer<'_> {
    /// Puts one command into the group; one that fails by itself is answered at once and leaves no trace.
    pub(super) fn apply(&mut self, command: Command, group: &mut Group, answers: &mut Answers) {
        match command {
            Command::Accept { account, envelopes, done } => match self.accept(&account, envelopes, group) {
                Ok(verdicts) => answers.synced.push(Answer::Verdicts(done, verdicts)),
                Err(error) => drop(done.send(Err(error))),
            },
            Command::Hold { account, envelopes, done } => match self.hold(&account, envelopes, group) {
                Ok(verdicts) => answers.synced.push(Answer::Verdicts(done, verdicts)),
                Err(error) => drop(done.send(Err(error))),
            },
            Command::Release { sender, from, done } => match self.release(&sender, from, group) {
                Ok(released) => answers.synced.push(Answer::Released(done, released)),
                Err(error) => drop(done.send(Err(error))),
            },
            Command::DropHeld { sender, since, done } => {
                group.must_sync = true;
                match held::drop_said(self.shared, &sender, since, (&mut group.held, &mut group.batch)) {
                    Ok(dropped) => answers.synced.push(Answer::Dropped(done, dropped)),
                    Err(error) => drop(done.send(Err(error))),
                }
            }
            // Not worth a sync: an older cursor only costs a repetition.
            Command::MoveCursor { account, cursor } => {
                group.batch.insert(&self.shared.meta, keys::cursor(&account), cursor.into_bytes());
            }
            Command::SetAside { event, done } => {
                let key = keys::aside(self.ids.next());
                let stored = self.shared.seals.seal(&event, None, &key).map(|bytes| {
                    group.batch.insert(&self.shared.work, key, bytes);
                    group.must_sync = true;
                });
                settle(stored, done, &mut answers.synced);
            }
            Command::FanOut { fanned, done } => {
                let stored = fanned.into_iter().try_for_each(|one| self.fan_out(one, group));
                settle(stored, done, &mut answers.written);
            }
            Command::Progress { room, id, row, done } => {
                let stored = row.covered(&self.shared.seals).and_then(|row| row.encode()).map(|bytes| {
                    group.batch.insert(&self.shared.work, keys::outbox(&room, id), bytes);
                    group.must_sync = true;
                });
                settle(stored, done, &mut answers.synced);
            }
            Command::Complete { room, id, subject, messages, lost, way, edit, left, done } => {
                // What was to be changed and is not there any more has been deleted: nothing has left.
                let is_gone = messages.as_ref().is_some_and(Vec::is_empty);
                let left = left.map(|left| if is_gone { Box::new(left.that_is_gone()) } else { left });
                self.audit(&room, id, left, group);
                let told = self.tell_stream(&room, id, group);
                let stored = told.and_then(|()| match messages {
                    Some(messages) => self.index(
                        IndexLine {
                            envelope: subject,
                            room: room.clone(),
                            messages,
                            origin: false,
                            lost,
                            way,
                        },
                        group,
                    ),
                    None => Ok(()),
                });
                let stored = stored.and_then(|()| {
                    // A person may have dropped it meanwhile.
                    if let Some(edit) = edit
                        && self.shared.work.contains_key(keys::outbox(&room, edit))?
                    {
                        self.close_row(room.clone(), edit, group);
                    }
                    self.close_row(room, id, group);
                    Ok(())
                });
                settle(stored, done, &mut answers.written);
            }
            Command::Bury { room, id, letter, left, done } => {
                self.audit(&room, id, left, group);
                let stored =
                    letter.covered(&self.shared.seals).and_then(|letter| letter.encode()).map(|bytes| {
                        group.batch.insert(&self.shared.work, keys::dead(&room, id), bytes);
                        group.depth.entry(room.clone()).or_default().add(&letter);
                        self.close_row(room, id, group);
                    });
                settle(stored, done, &mut answers.written);
            }
            Command::RememberRoom { account, asked, room, done } => {
                let stored = room.encode().map(|bytes| {
                    group.batch.insert(&self.shared.meta, keys::known_room(&account, &asked), bytes);
                    group.must_sync = true;
                });
                settle(stored, done, &mut answers.synced);
            }
            Command::RememberSeen { account, room } => match room.encode() {
                Ok(bytes) => {
                    group.batch.insert(&self.shared.meta, keys::seen_room(&account, &room.key), bytes);
                }
                Err(error) => tracing::error!(%error, "a room that was seen is not remembered"),
            },
            Command::MoveRoom { from, to, done } => {
                let stored = moves::room(self.shared, &from, &to, &mut group.batch);
                group.must_sync = true;
                settle(stored, done, &mut answers.synced);
            }
            Command::MoveRows { from, to, done } => {
                let stored = moves::rows(self.shared, &from, &to, &mut group.batch).map(|moved| {
                    group.depth.entry(from).or_default().queued -= moved;
                    group.depth.entry(to).or_default().queued += moved;
                    group.must_sync = true;
                });
                settle(stored, done, &mut answers.synced);
            }
            Command::Thread { room, of, there, done } => {
                let stored = notes::thread(self.shared, &room, of, &there, &mut group.batch);
                group.must_sync = true;
                settle(stored, done, &mut answers.synced);
            }
            Command::Shown { subject, room, shown, done } => {
                let stored = shown.encode().map(|bytes| {
                    group.batch.insert(&self.shared.work, keys::shown_reactions(subject, &room), bytes);
                });
                settle(stored, done, &mut answers.written);
            }
            Command::Late { subject, files, late, done } => {
                for file in files {
                    let key = keys::late(subject, file);
                    match late {
                        true => group.batch.insert(&self.shared.work, key, []),
                        false => group.batch.remove(&self.shared.work, key),
                    }
                }
                group.must_sync = true;
                settle(Ok(()), done, &mut answers.synced);
            }
            Command::Digested { room, ids, done } => {
                for id in ids {
                    group.batch.remove(&self.shared.work, keys::digest(&room, id));
                }
                settle(Ok(()), done, &mut answers.written);
            }
            Command::HeardUpTo { room, mark } => marks::advance(self.shared, &room, mark, &mut group.marks),
            Command::BeginMark { room, at, done } => {
                let known =
                    self.shared.marks.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&room);
                if !known {
                    group.marks.entry(room).or_insert(Some(marks::Marked::begun(at)));
                    group.must_sync = true;
                }
                answers.synced.push(Answer::Plain(done));
            }
            Command::ForgetMark { room, done } => {
                group.marks.insert(room, None);
                group.must_sync = true;
                answers.synced.push(Answer::Plain(done));
            }
            Command::Queue { change, done } => {
                let stored = change.write(self.shared, &mut group.batch).map(|changed| {
                    if let Some((room, change)) = changed {
                        group.depth.entry(room).or_default().and(change);
                    }
                    group.must_sync = true;
                });
                settle(stored, done, &mut answers.synced);
            }
            Command::Forget { piece, done } => {
                let written = piece.write(self.shared, &mut group.batch).map(|changes| {
                    for (room, change) in changes {
                        group.depth.entry(room).or_default().and(change);
                    }
                });
                settle(written, done, &mut answers.written);
            }
            Command::Consent { person, entries, takes_back, forgets, done } => {
                entries.iter().for_each(|entry| self.ids.after_choice(entry.at));
                let (shared, batch) = (self.shared, &mut group.batch);
                let all = shared.links.accounts_of(&person);
                let mut said = all.iter().try_for_each(|of| {
                    // What is allowed is allowed for the account that says it; what is forbidden, for all of theirs.
                    let goes = |entry: &&Entry| *of == person || !entry.allows;
                    let entries: Vec<Entry> = entries.iter().filter(goes).cloned().collect();
                    if entries.is_empty() {
                        return Ok(());
                    }
                    shared.consent.say(shared, of, entries, takes_back, forgets.as_ref(), batch)
                });
                if forgets.is_some() {
                    for of in &all {
                        said = said.and(shared.mutes.forget(shared, of, batch));
                    }
                    said = said.and(shared.links.part(shared, &person, true, batch).map(drop));
                }
                group.must_sync = true;
                match said {
                    Ok(()) => answers.synced.push(Answer::People(done, all)),
                    Err(error) => drop(done.send(Err(error))),
                }
            }
            Command::Link { person, comes, now, done } => {
                self.ids.after_choice(now);
                group.must_sync = true;
                match self.shared.links.join(self.shared, &person, &comes, now, &mut group.batch) {
                    Ok(linking) => answers.synced.push(Answer::Linking(done, linking)),
                    Err(error) => drop(done.send(Err(error))),
                }
            }
            Command::Unlink { person, all, done } => {
                group.must_sync = true;
                match self.shared.links.part(self.shared, &person, all, &mut group.batch) {
                    Ok(parted) => answers.synced.push(Answer::People(done, parted)),
                    Err(error) => drop(done.send(Err(error))),
                }
            }
            Command::ShowAs { person, shown, done } => {
                group.must_sync = true;
                match self.shared.links.show(self.shared, &person, &shown, &mut group.batch) {
                    Ok(all) => answers.synced.push(Answer::People(done, all)),
                    Err(error) => drop(done.send(Err(error))),
                }
            }
            Command::Mute { room, person, muted, done } => {
                let (shared, batch) = (self.shared, &mut group.batch);
                let stored = shared.mutes.put(shared, (&room, &person), muted, batch);
                group.must_sync = true;
                settle(stored, done, &mut answers.synced);
            }
            Command::Unmute { room, people, done } => {
                self.shared.mutes.end(self.shared, &room, people.as_deref(), &mut group.batch);
                group.must_sync = true;
                answers.synced.push(Answer::Plain(done));
            }
            Command::NotShown { room, message, done } => {
                group.batch.insert(&self.shared.work, keys::not_shown(message, &room), []);
                answers.written.push(Answer::Plain(done));
            }
            Command::Erased { person, erased, done } => {
                let stage = if erased.done.is_some() { "done" } else { "under way" };
                self.shared.audit.wish(&person, stage, Some(&erased), &mut group.batch);
                let stored = self.shared.consent.erased(self.shared, &person, &erased, &mut group.batch);
                group.must_sync = true;
                settle(stored, done, &mut answers.synced);
            }
            Command::PruneAudit { head, done } => {
                let pruned = self.shared.audit.prune(&self.shared.meta, &head, &mut group.batch);
                settle(pruned, done, &mut answers.written);
            }
            Command::TakenBack { person, entries, done } => {
                if self.shared.consent.entries_of(&person) == entries {
                    group.batch.remove(&self.shared.meta, keys::taking_back(person.as_str()));
                }
                settle(Ok(()), done, &mut answers.written);
            }
            Command::CarriedOut { done } => {
                let stored = self.shared.carried_out.write(self.shared, &mut group.batch);
                settle(stored, done, &mut answers.written);
            }
            Command::Remember { key, value, done } => {
                group.batch.insert(&self.shared.meta, key, value);
                group.must_sync = true;
                answers.synced.push(Answer::Plain(done));
            }
            Command::Probe { done } => answers.written.push(Answer::Plain(done)),
            Command::Close { done } => {
                group.must_sync = true;
                self.closing = true;
                answers.synced.push(Answer::Plain(done));
            }
        }
    }

    fn fan_out(&self, one: FannedOut, group: &mut Group) -> Result<(), StoreError> {
        let id = one.id;
        let encoded = one
            .rows
            .into_iter()
            .map(|(room, row)| Ok((room, row.covered(&self.shared.seals)?.encode()?)))
            .collect::<Result<Vec<_>, StoreError>>()?;
        for (room, bytes) in encoded {
            group.batch.insert(&self.shared.work, keys::outbox(&room, id), bytes);
            group.batch.insert(&self.shared.work, keys::pending(id, &room), []);
            group.depth.entry(room).or_default().queued += 1;
        }
        if let Some(target) = one.changes {
            self.shared.newest.touch(target);
            group.batch.insert(&self.shared.work, keys::changed(target), id.0);
        }
        for note in one.notes {
            note.write(self.shared, &mut group.batch)?;
        }
        group.batch.remove(&self.shared.work, keys::to_fan_out(id));
        group.waiting -= 1;
        Ok(())
    }

    /// A delivery to a room that has a stream is its next entry.
    fn tell_stream(&mut self, room: &RoomKey, id: EnvelopeId, group: &mut Group) -> Result<(), StoreError> {
        if !stream::keeps(room) {
            return Ok(());
        }
        group.streamed = true;
        stream::delivered(self.shared, room, (id, self.ids.next()), &mut group.batch)
    }

    /// A line of the audit, in the batch with what it tells of.
    fn audit(&self, room: &RoomKey, id: EnvelopeId, left: Option<Box<Left>>, group: &mut Group) {
        if let Some(left) = left {
            self.shared.audit.left(room, id, &left, &mut group.batch);
        }
    }

    fn close_row(&self, room: RoomKey, id: EnvelopeId, group: &mut Group) {
        group.batch.remove(&self.shared.work, keys::outbox(&room, id));
        group.batch.remove(&self.shared.work, keys::pending(id, &room));
        group.depth.entry(room).or_default().queued -= 1;
        group.sync_soon = true;
    }

    pub(super) fn index(&self, line: IndexLine, group: &mut Group) -> Result<(), StoreError> {
        let bytes = line.encode()?;
        group.position += 1;
        group.batch.insert(&self.shared.index, group.position.to_be_bytes(), bytes);
        group.lines.push(line);
        Ok(())
    }
}
