//! `/relay link`: two accounts are one person's, as a code shows that is given to the one and brought by the other.

use super::codes::{ASKS, NotGood, Waits};
use super::privacy::{asker, must_be_proven, unreadable};
use super::words::{shown, too_many};
use super::{Commands, PLATFORM, Refused};
use crate::adapt::presentable;
use crate::consent::Person;
use crate::engine::RunningAccount;
use crate::store::{Linking, MOST_LINKED, Side};
use crate::text;
use crate::texts::Language;
use relay_contract::{Account, Answer, Call, Platform};
use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a code is good for; shorter than any platform lets its asker be answered, who is told what became of it.
const GOOD_FOR: Duration = Duration::from_secs(10 * 60);

/// An account that waits for its other side.
#[derive(Debug, Clone)]
pub(super) struct WaitingAccount {
    side: Side,
    /// Who answers it, and what it asked.
    account: Account,
    call: Call,
    until: Instant,
}

impl Waits for WaitingAccount {
    fn until(&self) -> Instant {
        self.until
    }

    fn replaces(&self, other: &Self) -> bool {
        other.side.person == self.side.person
    }
}

impl Commands {
    fn link_codes(&self) -> MutexGuard<'_, super::Codes<WaitingAccount>> {
        self.link_codes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a code for the asker's other account, and tells which are theirs already.
    pub(super) fn give_link_code(&self, account: &RunningAccount, call: &Call) -> Result<String, Refused> {
        let language = self.language(call);
        must_be_proven(language, account, call)?;
        if !account.connector.answers_alone(call) {
            return Err(text!(language, "link-elsewhere"));
        }
        let who = format!("link {}", asker(call).as_str());
        let now = Instant::now();
        let waiting = WaitingAccount {
            side: side(call),
            account: account.name.clone(),
            call: call.clone(),
            until: now + GOOD_FOR,
        };
        let mut codes = self.link_codes();
        if !codes.may_try(&who, ASKS, now) {
            return Err(too_many(language));
        }
        let code = codes.make(waiting, now).ok_or_else(|| text!(language, "link-too-many-codes"))?;
        drop(codes);
        let how = text!(language, "link-code", code = code, minutes = GOOD_FOR.as_secs() / 60);
        let told = format!("{how} {}", text!(language, "link-means"));
        Ok(match self.linked_in_words(language, &asker(call)) {
            Some(linked) => format!("{linked}\n\n{told}"),
            None => told,
        })
    }

    /// Which other accounts are the asker's; for them alone.
    fn linked_in_words(&self, language: Language, person: &Person) -> Option<String> {
        let others = self.core.ledger.accounts_of(person);
        let others = others.iter().skip(1).map(|other| {
            let name = self.core.ledger.linked(other).map(|linked| linked.name).unwrap_or_default();
            text!(language, "link-account", name = name, platform = platform_of(other))
        });
        let others: Vec<String> = others.collect();
        (!others.is_empty()).then(|| text!(language, "linked-with", accounts = others.join(", ")))
    }

    /// Somebody brings the code that their other account was given.
    pub(super) async fn link(
        &self,
        account: &RunningAccount,
        call: &Call,
        code: &str,
    ) -> Result<String, Refused> {
        let language = self.language(call);
        let comes = side(call);
        let now = Instant::now();
        let guessed = {
            let mut codes = self.link_codes();
            let guessed = codes.guess(code, comes.person.as_str(), now);
            // Whatever comes of it: others may have read it by now.
            drop(codes.take(code, now));
            guessed
        };
        must_be_proven(language, account, call)?;
        let first = guessed.map_err(|why| match why {
            NotGood::Wrong => text!(language, "link-not-good"),
            NotGood::TooMany => too_many(language),
        })?;
        if first.side.person == comes.person {
            return Err(text!(language, "link-same-account"));
        }
        for of in [&first.side.person, &comes.person] {
            let erased = self.core.ledger.erased(of).map_err(|error| unreadable(language, &error))?;
            if erased.is_some_and(|erased| erased.done.is_none()) {
                return Err(text!(language, "link-being-forgotten"));
            }
        }
        let linking = self.core.link_accounts(first.side.clone(), comes.clone()).await;
        let tighter = match linking.map_err(|error| unreadable(language, &error))? {
            Linking::Done(tighter) => tighter,
            Linking::Already => return Ok(text!(language, "link-already")),
            Linking::Taken => return Err(text!(language, "link-taken")),
            Linking::TooMany => {
                return Err(text!(language, "link-too-many-accounts", most = MOST_LINKED));
            }
        };
        tracing::info!(platform = %call.room.platform, with = %first.side.room.platform, "two accounts are one person's");
        self.tell_first(&first, &comes, !tighter.is_empty()).await;
        // What others read says nothing of what the two had chosen, or which the other is: who was given the code is told. But whoever was
        // talked into bringing one that is not theirs is told what that means.
        if !account.connector.answers_alone(call) {
            let sentences = [text!(language, "linked-other"), text!(language, "linked-not-yours")];
            return Ok(sentences.join(" "));
        }
        let linked = text!(language, "linked", other = called(language, &first.side));
        let tighter = (!tighter.is_empty()).then(|| text!(language, "linked-tighter"));
        let not_yours = text!(language, "linked-not-yours");
        let sentences = [Some(linked), tighter, Some(not_yours), Some(text!(language, "link-means"))];
        Ok(sentences.into_iter().flatten().collect::<Vec<_>>().join(" "))
    }

    /// Tells the account that was given the code what became of it, as long as its platform lets it be answered.
    async fn tell_first(&self, first: &WaitingAccount, comes: &Side, tighter: bool) {
        let Some(account) = self.core.accounts.get(&first.account) else { return };
        let language = self.language(&first.call);
        let sentences = [
            Some(text!(language, "linked-there", other = called(language, comes))),
            tighter.then(|| text!(language, "linked-tighter")),
            Some(text!(language, "linked-not-you")),
            Some(text!(language, "link-means")),
        ];
        let words = sentences.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let answer = Answer::plain(&words.replace("/relay", account.connector.called_by()));
        let told = tokio::time::timeout(PLATFORM, account.connector.answer(&first.call, &answer)).await;
        if !matches!(told, Ok(Ok(()))) {
            tracing::warn!(account = %account.name, "somebody is not told that their code was used");
        }
    }

    /// The asker's account is alone again, or all of theirs are.
    pub(super) async fn unlink(
        &self,
        account: &RunningAccount,
        call: &Call,
        all: bool,
    ) -> Result<String, Refused> {
        let language = self.language(call);
        must_be_proven(language, account, call)?;
        let parted = self.core.ledger.unlink(asker(call), all).await;
        let parted = parted.map_err(|error| unreadable(language, &error))?;
        Ok(match (parted.is_empty(), all) {
            (true, _) => text!(language, "unlinked-nothing"),
            (false, true) => text!(language, "unlinked-all"),
            (false, false) => text!(language, "unlinked"),
        })
    }
}

fn side(call: &Call) -> Side {
    Side { person: asker(call), name: presentable(&call.asker.name), room: call.room.clone() }
}

fn called(language: Language, side: &Side) -> String {
    text!(language, "link-account", name = side.name.as_str(), platform = platform_of(&side.person))
}

pub(super) fn platform_of(person: &Person) -> String {
    let platform = person.as_str().split('/').next().unwrap_or_default();
    shown(&Platform::from_stored(platform.to_owned()))
}
