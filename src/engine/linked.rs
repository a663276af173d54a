//! Two accounts become one person's, and the name by which others then read of that person.

use super::consent::is_person;
use super::core::Core;
use crate::adapt::names::presentable;
use crate::consent::{DataClass, Person};
use crate::store::{Linking, Note, Shown, Side, StoreError};
use relay_contract::text::Leaf;
use relay_contract::{Author, Mention, Message, RoomKey, Text, Timestamp};
use std::sync::Arc;

impl Core {
    /// An account comes to those of a person, as both sides have proven; what crossed of them and is allowed no more is taken back.
    pub async fn link_accounts(self: &Arc<Self>, person: Side, comes: Side) -> Result<Linking, StoreError> {
        let linking = self.ledger.link(person, comes, Timestamp::now()).await?;
        if let Linking::Done(tighter) = &linking {
            tighter.iter().for_each(|of| self.take_back_soon(of.clone()));
        }
        Ok(linking)
    }

    /// Whoever may be named in a room is so by the name that they have chosen of those of their linked accounts. Everything else about them,
    /// their id and picture too, stays that of the account that speaks.
    pub(super) fn name_as_chosen(
        &self,
        room: &RoomKey,
        origin: &RoomKey,
        author: &mut Author,
        said: Timestamp,
    ) {
        if self.ledger.anybody_linked()
            && is_person(origin, author)
            && let Some(name) = self.chosen_name(&Person::of(origin, author), room, origin, said)
        {
            author.name = name;
        }
    }

    /// The account whose name somebody has chosen to be shown by in a room; none where that is the one that speaks.
    pub(super) fn chosen_account(&self, person: &Person, room: &RoomKey) -> Option<Person> {
        let linked = self.ledger.linked(person)?;
        let chosen = match linked.shown {
            Shown::Own => return None,
            Shown::There => self.account_there(person, room)?,
            Shown::Account(of) => of,
        };
        let is_theirs = self.ledger.linked(&chosen).is_some_and(|of| of.of == linked.of);
        Some(chosen).filter(|chosen| is_theirs && chosen != person)
    }

    /// The one account whose name somebody has chosen to be shown by wherever it may be, with that name.
    pub(super) fn borne(&self, person: &Person) -> Option<(Person, String)> {
        let linked = self.ledger.linked(person)?;
        let of = linked.shown.account().filter(|of| *of != person)?;
        let theirs = self.ledger.linked(of).filter(|theirs| theirs.of == linked.of)?;
        Some((of.clone(), theirs.name))
    }

    /// The name that somebody has chosen to be shown by in a room, where it may be shown there; none where that is the speaking account's.
    pub(super) fn chosen_name(
        &self,
        person: &Person,
        room: &RoomKey,
        origin: &RoomKey,
        said: Timestamp,
    ) -> Option<String> {
        if !self.ledger.anybody_linked() || origin == room {
            return None;
        }
        let chosen = self.chosen_account(person, room)?;
        let may = self.may_bear_name_of(&chosen, room, origin, said);
        may.then(|| self.ledger.linked(&chosen)).flatten().map(|linked| linked.name)
    }

    /// Whether a room may read the name of an account with what another one of its person says: as if that account had said it, there and
    /// in each room of its own network that the room hears.
    pub(super) fn may_bear_name_of(
        &self,
        account: &Person,
        room: &RoomKey,
        origin: &RoomKey,
        said: Timestamp,
    ) -> bool {
        if !self.is_called_so(account, room) {
            return false;
        }
        if !self.asks_consent() {
            return true;
        }
        let history = self.ledger.consent_of(account);
        let may =
            |from: &RoomKey| self.allows(history.as_deref(), DataClass::Identity, (from, room), Some(said));
        let routes = self.routes.borrow().clone();
        let linked =
            routes.links_of(room).flat_map(|(channel, _)| routes.channel(channel)).map(|link| &link.room);
        let is_theirs = |from: &RoomKey| account.as_str().starts_with(Person::from_parts(from, "").as_str());
        may(origin) && linked.filter(|from| *from != room && is_theirs(from)).all(may)
    }

    /// Whether a room may read the name that an account has where it was called so: that room is heard here, and may be shown with names.
    fn is_called_so(&self, account: &Person, room: &RoomKey) -> bool {
        let Some(from) = self.ledger.linked(account).and_then(|linked| linked.named_in) else { return false };
        let routes = self.routes.borrow().clone();
        let is_heard = || routes.targets(&from).iter().any(|(to, _)| to == room);
        let history = self.ledger.consent_of(account);
        from == *room
            || (is_heard() && self.allows(history.as_deref(), DataClass::Identity, (&from, room), None))
    }

    /// What is to be remembered of who says something: what a linked account is called now.
    pub(super) fn called_now(&self, origin: &RoomKey, author: &Author) -> Option<Note> {
        if !self.ledger.anybody_linked() || !is_person(origin, author) {
            return None;
        }
        let person = Person::of(origin, author);
        let (linked, name) = (self.ledger.linked(&person)?, presentable(&author.name));
        let routes = self.routes.borrow().clone();
        // It was called so where nobody is heard any more, or in a chat with the bot alone.
        let is_lost = || linked.named_in.as_ref().is_none_or(|room| routes.links_of(room).next().is_none());
        let is_new = !author.name.trim().is_empty() && (linked.name != name || is_lost());
        is_new.then(|| Note::Called { person, name, room: origin.clone() })
    }

    /// All names by which somebody may have been told of: that of the account, and those of the accounts linked to it.
    pub(super) fn names_of(&self, origin: &RoomKey, author: &Author) -> Vec<String> {
        let all = self.ledger.accounts_of(&Person::of(origin, author));
        let linked = all.iter().skip(1).filter_map(|other| self.ledger.linked(other));
        std::iter::once(author.name.clone()).chain(linked.map(|linked| linked.name)).collect()
    }

    /// Whether whoever was the first of a name is the same person, who has chosen to bear names of theirs with other accounts.
    pub(super) fn is_first_by(&self, who: &str, first: &str) -> bool {
        let linked = |who: &str| self.ledger.linked(&Person::from_stored(who.to_owned()));
        self.ledger.anybody_linked()
            && linked(who)
                .filter(|linked| linked.shown != Shown::Own)
                .zip(linked(first))
                .is_some_and(|(linked, of_first)| linked.of == of_first.of)
    }

    /// Whom others mention or pass on is called in a room by the name that they have chosen, or else by the one that they have in its
    /// network, where they have linked an account there and both may be named. It stays a name: nobody is notified by it. Who may not be
    /// named at all is taken out after this (`mask`).
    pub(super) fn name_as_known(&self, room: &RoomKey, origin: &RoomKey, message: &mut Message) {
        if !self.ledger.anybody_linked() || origin == room {
            return;
        }
        if let Some(forward) = &mut message.forward
            && let (Some(name), Some(id)) = (&mut forward.author, &forward.author_id)
            && let Some(chosen) =
                self.chosen_name(&Person::from_parts(origin, id.as_str()), room, origin, Timestamp::now())
        {
            *name = chosen;
        }
        if !message.body.names_people() {
            return;
        }
        let mut runs = std::mem::take(&mut message.body).into_runs();
        for run in &mut runs {
            if let Leaf::Mention(Mention::Person { id: Some(id), name }) = &mut run.leaf
                && let Some(known) = self.known_as(&Person::from_parts(origin, id.as_str()), room, origin)
            {
                *name = known;
            }
        }
        message.body = Text::from_runs(runs);
    }

    /// The name by which a room knows a person whom others mention.
    fn known_as(&self, person: &Person, room: &RoomKey, origin: &RoomKey) -> Option<String> {
        if let Some(chosen) = self.chosen_name(person, room, origin, Timestamp::now()) {
            return Some(chosen);
        }
        // Whoever has chosen one account is not shown by another.
        if self.ledger.linked(person).is_some_and(|linked| linked.shown.account().is_some()) {
            return None;
        }
        let there = self.account_there(person, room).filter(|there| self.is_called_so(there, room))?;
        // Unsaid is no forbidding: they have linked the two for this.
        let may = |of: &Person| {
            let history = self.ledger.consent_of(of);
            history
                .is_none_or(|history| self.allows(Some(&history), DataClass::Identity, (origin, room), None))
        };
        (may(person) && may(&there)).then(|| self.ledger.linked(&there).map(|linked| linked.name)).flatten()
    }

    /// Another account of a person in the network of a room; none where this one is there itself.
    fn account_there(&self, person: &Person, room: &RoomKey) -> Option<Person> {
        let network = Person::from_parts(room, "");
        let accounts = self.ledger.accounts_of(person);
        let there = accounts.into_iter().find(|account| account.as_str().starts_with(network.as_str()));
        there.filter(|there| there != person)
    }
}
