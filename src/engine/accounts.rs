//! The accounts that run: which they are now, and how one is opened. Everybody asks for one when they need it, and keeps what they were given
//! as long as they work with it: an account may end or be replaced at any time.

use super::canary::Canary;
use super::catch_up::CatchUp;
use super::core::{AccountPlan, RunningAccount};
use super::outage::Outage;
use super::rate_limit::{Breaker, RateLimit, SharedBy, Weather};
use super::rooms::Look;
use super::states::AccountState;
use actix::{Actor, Addr};
use relay_contract::{Account, Platform};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

/// Who sees where requests come from: a platform, and the server where it is not the platform's own.
type SeenBy = (Platform, Option<String>);
/// A breaker for each of those, whatever the accounts.
type Breakers = HashMap<SeenBy, (Addr<Breaker>, watch::Receiver<Weather>)>;
type Running = BTreeMap<Account, Arc<RunningAccount>>;

/// The accounts that run now.
#[derive(Default)]
pub struct Accounts {
    now: Mutex<Arc<Running>>,
    breakers: Mutex<Breakers>,
}

impl Accounts {
    /// All of them, in the order of their names.
    pub fn all(&self) -> Vec<Arc<RunningAccount>> {
        self.now().values().cloned().collect()
    }

    /// Their names.
    pub fn names(&self) -> Vec<Account> {
        self.now().keys().cloned().collect()
    }

    /// The one of a name.
    pub fn get(&self, name: &Account) -> Option<Arc<RunningAccount>> {
        self.now().get(name).cloned()
    }

    /// Whether there is one of a name.
    pub fn has(&self, name: &Account) -> bool {
        self.now().contains_key(name)
    }

    fn now(&self) -> Arc<Running> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts these in, and takes those of the other names out; answers which of what ran does not any more.
    pub(super) fn change(&self, come: &[Arc<RunningAccount>], go: &[Account]) -> Vec<Arc<RunningAccount>> {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = Running::clone(&now);
        let mut ended: Vec<_> = go.iter().filter_map(|name| changed.remove(name)).collect();
        ended.extend(come.iter().filter_map(|account| changed.insert(account.name.clone(), account.clone())));
        *now = Arc::new(changed);
        drop(now);
        self.share();
        ended
    }

    /// Opens one; it does not run yet. On an arbiter: it has actors.
    pub(super) fn open(&self, plan: AccountPlan, listening: CancellationToken) -> Arc<RunningAccount> {
        let seen_by = (plan.connector.platform(), plan.server);
        let (breaker, weather) = {
            let mut breakers = self.breakers.lock().unwrap_or_else(PoisonError::into_inner);
            let of = breakers.entry(seen_by.clone()).or_insert_with(|| {
                let (breaker, weather) = Breaker::new(seen_by.0.clone(), 1);
                (breaker.start(), weather)
            });
            of.clone()
        };
        let limit = RateLimit::new(plan.ceilings, plan.pace, weather.clone());
        Arc::new(RunningAccount {
            name: plan.name,
            canary: Canary::new(plan.connector.hears_itself().then_some(plan.deaf_after)),
            connector: plan.connector,
            server: seen_by.1,
            spaces: Mutex::default(),
            look: Look::default(),
            warnings: Mutex::default(),
            state: watch::Sender::new(AccountState::Starting),
            missed: Mutex::default(),
            unsure: plan.unsure,
            catch_up: CatchUp::default(),
            budget: limit.budget(),
            limit: limit.start(),
            breaker,
            weather,
            outage: Outage::default(),
            recheck: Notify::new(),
            listening,
            ended: CancellationToken::new(),
        })
    }

    /// Tells each breaker how many accounts it watches over now.
    fn share(&self) {
        let mut sharing: HashMap<SeenBy, u32> = HashMap::new();
        for account in self.all() {
            *sharing.entry((account.connector.platform(), account.server.clone())).or_default() += 1;
        }
        let breakers = self.breakers.lock().unwrap_or_else(PoisonError::into_inner);
        for (seen_by, (breaker, _)) in breakers.iter() {
            let accounts = sharing.get(seen_by).copied().unwrap_or_default();
            if let Err(error) = breaker.try_send(SharedBy(accounts)) {
                tracing::warn!(platform = %seen_by.0, %error, "a breaker does not know how many accounts it has");
            }
        }
    }
}
