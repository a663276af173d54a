//! `/relay link`: two accounts are one person's, as a code shows that is given to the one and brought by the other.

use super::codes::{ASKS, NotGood, Waits};
use super::privacy::{asker, must_be_proven, unreadable};
use super::words::{TOO_MANY, shown};
use super::{Commands, PLATFORM, Refused};
use crate::adapt::presentable;
use crate::consent::Person;
use crate::engine::RunningAccount;
use crate::store::{Linking, MOST_LINKED, Side};
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
        must_be_proven(account, call)?;
        if !account.connector.answers_alone() {
            return Err("Others could read the code here. Write /relay link where Relay answers you alone, on Discord, Slack or IRC, and \
                 bring the code here: /relay link CODE."
                .into());
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
            return Err(TOO_MANY.into());
        }
        let code = codes.make(waiting, now).ok_or("Too many codes wait to be used. Try again later.")?;
        drop(codes);
        Ok(format!(
            "{}With your account on another platform, write there, in a room that is joined:\n\n/relay link {code}\n\nThe code is good once, \
             for {} minutes. Give it to nobody: whoever brings it is taken for you. {MEANS}",
            self.linked_in_words(&asker(call)),
            GOOD_FOR.as_secs() / 60
        ))
    }

    /// Which other accounts are the asker's; for them alone.
    fn linked_in_words(&self, person: &Person) -> String {
        let others = self.core.ledger.accounts_of(person);
        let others = others.iter().skip(1).map(|other| {
            let name = self.core.ledger.linked(other).map(|linked| linked.name).unwrap_or_default();
            format!("{name} on {}", platform_of(other))
        });
        let others: Vec<String> = others.collect();
        match others.is_empty() {
            true => String::new(),
            false => format!(
                "Linked with this account: {}. /relay unlink takes this one out.\n\n",
                others.join(", ")
            ),
        }
    }

    /// Somebody brings the code that their other account was given.
    pub(super) async fn link(
        &self,
        account: &RunningAccount,
        call: &Call,
        code: &str,
    ) -> Result<String, Refused> {
        let comes = side(call);
        let now = Instant::now();
        let guessed = {
            let mut codes = self.link_codes();
            let guessed = codes.guess(code, comes.person.as_str(), now);
            // Whatever comes of it: others may have read it by now.
            drop(codes.take(code, now));
            guessed
        };
        must_be_proven(account, call)?;
        let first = guessed.map_err(|why| match why {
            NotGood::Wrong => NOT_GOOD,
            NotGood::TooMany => TOO_MANY,
        })?;
        if first.side.person == comes.person {
            return Err(
                "That code was for your account on another platform. Ask for a new one and write it there."
                    .into(),
            );
        }
        for of in [&first.side.person, &comes.person] {
            let erased = self.core.ledger.erased(of).map_err(|error| unreadable(&error))?;
            if erased.is_some_and(|erased| erased.done.is_none()) {
                return Err("One of the two is still being forgotten. Link them once /relay forget says that it is done.".into());
            }
        }
        let linking = self.core.link_accounts(first.side.clone(), comes.clone()).await;
        let tighter = match linking.map_err(|error| unreadable(&error))? {
            Linking::Done(tighter) => tighter,
            Linking::Already => return Ok("These two are linked already.".into()),
            Linking::Taken => {
                return Err("This account is linked to others already, and can be one person's only. /relay unlink parts it from them; \
                            or write /relay link here, where Relay answers you alone, and bring the code to the other account."
                    .into());
            }
            Linking::TooMany => {
                return Err(format!("So many accounts are linked already: {MOST_LINKED} are the most."));
            }
        };
        tracing::info!(platform = %call.room.platform, with = %first.side.platform, "two accounts are one person's");
        self.tell_first(&first, &comes, !tighter.is_empty()).await;
        let with = match account.connector.answers_alone() {
            true => called(&first.side),
            false => "your other account".to_owned(),
        };
        Ok(format!("This account and {with} are linked.{} {MEANS}", tightened(&tighter)))
    }

    /// Tells the account that was given the code what became of it, as long as its platform lets it be answered.
    async fn tell_first(&self, first: &WaitingAccount, comes: &Side, tighter: bool) {
        let Some(account) = self.core.accounts.get(&first.account) else { return };
        let now = if tighter { TIGHTER } else { "" };
        let words = format!(
            "This account and {} are linked: your code was used there.{now} If that was not you, write /relay unlink. {MEANS}",
            called(comes)
        );
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
        must_be_proven(account, call)?;
        let parted = self.core.ledger.unlink(asker(call), all).await.map_err(|error| unreadable(&error))?;
        Ok(match parted.is_empty() {
            true => "This account is linked to no other.".to_owned(),
            false => {
                let whose = if all {
                    "None of your accounts is linked to another"
                } else {
                    "This account is linked to no other"
                };
                format!(
                    "{whose} any more. What you have chosen goes on holding for each of them: /relay privacy tells it."
                )
            }
        })
    }
}

fn side(call: &Call) -> Side {
    Side {
        person: asker(call),
        name: presentable(&call.asker.name),
        platform: call.room.platform.to_string(),
    }
}

fn called(side: &Side) -> String {
    format!("{} on {}", side.name, platform_of(&side.person))
}

fn platform_of(person: &Person) -> String {
    let platform = person.as_str().split('/').next().unwrap_or_default();
    shown(&Platform::from_stored(platform.to_owned()))
}

fn tightened(tighter: &[Person]) -> &'static str {
    if tighter.is_empty() { "" } else { TIGHTER }
}

const TIGHTER: &str = " They had not chosen alike: what one of them did not allow, the other does not any more, and what was carried with more \
     than that is taken back in the other rooms, as if it had been chosen with /relay privacy.";

const NOT_GOOD: &str = "This code is not good: it was mistyped or used, or its time is over. /relay link, where Relay answers you alone, gives \
     another.";

const MEANS: &str = "Linked accounts are one person to Relay: what you forbid with one (/relay privacy, /relay consent) is forbidden for all, \
     /relay forget forgets all, and where somebody mentions you, people elsewhere read the name that you have there: who reads both rooms can \
     gather from it who you are. No right goes from one \
     platform to another by it.";
