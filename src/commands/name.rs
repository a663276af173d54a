//! `/relay name`: by the name of which of their linked accounts somebody is shown elsewhere.

use super::link::platform_of;
use super::privacy::{asker, must_be_proven, unreadable};
use super::{Commands, Refused};
use crate::consent::Person;
use crate::engine::RunningAccount;
use crate::store::Shown;
use crate::text;
use crate::texts::Language;
use relay_contract::Call;

impl Commands {
    /// Tells by which name the asker is shown, and how to change it; only where nobody else reads which accounts are theirs.
    pub(super) fn tell_name(&self, account: &RunningAccount, call: &Call) -> Result<String, Refused> {
        let language = self.language(call);
        must_be_proven(language, account, call)?;
        if !account.connector.answers_alone(call) {
            return Err(text!(language, "name-elsewhere"));
        }
        let person = asker(call);
        let Some(linked) = self.core.ledger.linked(&person) else {
            return Ok(text!(language, "name-not-linked"));
        };
        Ok([
            self.shown_in_words(language, &linked.shown),
            text!(language, "name-how"),
            text!(language, "name-means"),
        ]
        .join("\n"))
    }

    /// Has the asker shown by another name of theirs.
    pub(super) async fn choose_name(
        &self,
        account: &RunningAccount,
        call: &Call,
        word: &str,
    ) -> Result<String, Refused> {
        let language = self.language(call);
        must_be_proven(language, account, call)?;
        let person = asker(call);
        let is_alone = account.connector.answers_alone(call);
        let shown = match word.to_lowercase().as_str() {
            "own" => Some(Shown::Own),
            "there" => Some(Shown::There),
            platform => self.account_on(&person, platform).map(Shown::Account),
        };
        let stored = match &shown {
            Some(shown) => self.core.ledger.show_as(person.clone(), shown.clone()).await,
            None => Ok(Vec::new()),
        };
        let stored = stored.map_err(|error| unreadable(language, &error))?;
        // What others read is the same whatever came of it.
        if !is_alone {
            return Ok(text!(language, "name-noted"));
        }
        match shown {
            Some(shown) if !stored.is_empty() => {
                let sentences = [self.shown_in_words(language, &shown), text!(language, "name-means")];
                Ok(sentences.join(" "))
            }
            _ if self.core.ledger.linked(&person).is_none() => Err(text!(language, "name-not-linked")),
            _ => {
                let accounts = self.core.ledger.accounts_of(&person);
                let mut choices: Vec<String> =
                    accounts.iter().map(|of| platform_of(of).to_lowercase()).collect();
                choices.sort_unstable();
                choices.dedup();
                Err(text!(language, "name-none-there", choices = choices.join(", ")))
            }
        }
    }

    /// Somebody's account on a platform; of several the asker's own, or else the one that was linked first.
    fn account_on(&self, person: &Person, platform: &str) -> Option<Person> {
        let ledger = &self.core.ledger;
        ledger.linked(person)?;
        let all = ledger.accounts_of(person).into_iter();
        let on = all.filter(|of| platform_of(of).to_lowercase() == platform);
        on.min_by_key(|of| (of != person, ledger.linked(of).map(|linked| linked.since), of.clone()))
    }

    fn shown_in_words(&self, language: Language, shown: &Shown) -> String {
        match shown {
            Shown::Own => text!(language, "name-is-own"),
            Shown::There => text!(language, "name-is-there"),
            Shown::Account(of) => {
                let name = self.core.ledger.linked(of).map(|linked| linked.name).unwrap_or_default();
                let account = text!(language, "link-account", name = name, platform = platform_of(of));
                text!(language, "name-is-of", account = account)
            }
        }
    }
}
