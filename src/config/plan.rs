//! What becomes of a running Relay when its config is read anew: two checked configs compared. Pure.

#[cfg(test)]
mod tests;

use super::{
    AccountSection, AlertHook, AlertMail, AlertsSection, ApiSection, ChannelSection, Config, IncomingSection,
    LinkSection, OutgoingSection,
};
use crate::consent::Unsaid;
use relay_contract::Account;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};

/// What a reload does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Step by step.
    pub steps: Vec<Step>,
    /// What has changed and only a restart takes: with any of it nothing is done.
    pub restart: Vec<String>,
    /// So many deliveries waited for rooms that no link leads to any more.
    #[serde(default)]
    pub waited: u64,
}

/// One thing that starts, stops or changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What becomes of it.
    pub does: Does,
    /// What it is, such as `account owls`.
    pub what: String,
    /// What of it changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub how: Vec<String>,
}

/// What becomes of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Does {
    /// It was not there.
    Start,
    /// It is not there any more.
    Stop,
    /// It is there in another way.
    Change,
}

impl Plan {
    /// What leads from one config to another.
    pub fn between(before: &Config, after: &Config) -> Self {
        let mut plan = Self { steps: Vec::new(), restart: restart(before, after), waited: 0 };
        plan.accounts(before, after);
        plan.channels(&before.channels, &after.channels);
        plan.relay(before, after);
        plan
    }

    /// What starts where nothing runs.
    pub fn start(config: &Config) -> Self {
        let nothing = Config { accounts: Vec::new(), channels: Vec::new(), ..config.clone() };
        Self::between(&nothing, config)
    }

    /// Whether all stays as it is.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.restart.is_empty()
    }

    fn step(&mut self, does: Does, what: impl Into<String>, how: Vec<String>) {
        self.steps.push(Step { does, what: what.into(), how });
    }

    fn accounts(&mut self, before: &Config, after: &Config) {
        for (name, (does, how)) in accounts(before, after) {
            let section = [after, before].into_iter().find_map(|config| config.account(&name));
            let platform = section.map_or("", |section| section.platform);
            self.step(does, format!("account {name} ({platform})"), how.into_iter().collect());
        }
    }

    fn channels(&mut self, before: &[ChannelSection], after: &[ChannelSection]) {
        let named = |all: &[ChannelSection]| -> BTreeSet<String> {
            all.iter().map(|channel| channel.name.clone()).collect()
        };
        for name in named(before).union(&named(after)) {
            let find = |all: &'_ [ChannelSection]| all.iter().position(|channel| channel.name == *name);
            let (old, new) =
                (find(before).and_then(|at| before.get(at)), find(after).and_then(|at| after.get(at)));
            match (old, new) {
                (None, Some(_)) => self.step(Does::Start, format!("channel {name}"), Vec::new()),
                (Some(_), None) => self.step(Does::Stop, format!("channel {name}"), Vec::new()),
                (Some(old), Some(new)) => {
                    let how = of_channel(old, new);
                    if !how.is_empty() {
                        self.step(Does::Change, format!("channel {name}"), how);
                    }
                }
                (None, None) => {}
            }
            self.links(name, &links(old), &links(new));
        }
    }

    fn links(
        &mut self,
        channel: &str,
        before: &BTreeMap<String, LinkSection>,
        after: &BTreeMap<String, LinkSection>,
    ) {
        for (room, link) in after {
            let what = format!("link {room} in {channel}");
            match before.get(room) {
                None => self.step(Does::Start, what, Vec::new()),
                Some(old) => {
                    let how = of_link(old, link);
                    if !how.is_empty() {
                        self.step(Does::Change, what, how);
                    }
                }
            }
        }
        for room in before.keys().filter(|room| !after.contains_key(*room)) {
            self.step(Does::Stop, format!("link {room} in {channel}"), Vec::new());
        }
    }

    fn relay(&mut self, before: &Config, after: &Config) {
        let (old, new) = (&before.relay, &after.relay);
        let changed = [
            ("flood", old.flood != new.flood),
            ("catch_up_hours", old.catch_up.age != new.catch_up.age),
            ("catch_up_messages", old.catch_up.messages != new.catch_up.messages),
            ("expire", old.expire != new.expire),
            ("keep_days", old.keep_days != new.keep_days),
            ("audit_days", old.audit_days != new.audit_days),
            ("least_free", old.least_free != new.least_free),
            ("reload", old.reload != new.reload),
            ("tell_rooms", old.tell_rooms != new.tell_rooms),
        ];
        let mut how = keys(&changed);
        how.extend(turned("privacy", old.privacy.word(), new.privacy.word()));
        how.extend(turned("language", old.language.code(), new.language.code()));
        if !how.is_empty() {
            self.step(Does::Change, "[relay]", how);
        }
    }
}

impl Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(f, "{step}")?;
        }
        for key in &self.restart {
            writeln!(f, "! {key}: only a restart takes it")?;
        }
        match self.waited {
            0 => Ok(()),
            1 => writeln!(f, "! 1 delivery waited for a room that no link leads to any more: it is given up"),
            count => writeln!(
                f,
                "! {count} deliveries waited for rooms that no link leads to any more: they are given up"
            ),
        }
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.does {
            Does::Start => '+',
            Does::Stop => '-',
            Does::Change => '~',
        };
        write!(f, "{sign} {}", self.what)?;
        if !self.how.is_empty() {
            write!(f, ": {}", self.how.join(", "))?;
        }
        Ok(())
    }
}

impl AccountSection {
    /// Whether it has all the secrets of another one, and no more.
    pub fn has_secrets_of(&self, other: &Self) -> bool {
        let (own, others) = (&self.settings.secrets, &other.settings.secrets);
        differing(own, others, |a, b| a.expose_secret() == b.expose_secret()).is_empty()
    }
}

impl Config {
    /// An account's section.
    pub fn account(&self, name: &Account) -> Option<&AccountSection> {
        self.accounts.iter().find(|section| section.settings.account == *name)
    }
}

/// The accounts that are not in both configs in the same way, with the keys that differ.
pub fn accounts(before: &Config, after: &Config) -> BTreeMap<Account, (Does, Vec<String>)> {
    let mut found = BTreeMap::new();
    for section in &after.accounts {
        let name = section.settings.account.clone();
        match before.account(&name) {
            None => drop(found.insert(name, (Does::Start, Vec::new()))),
            Some(old) => {
                let how = of_account(old, section);
                if !how.is_empty() {
                    found.insert(name, (Does::Change, how));
                }
            }
        }
    }
    for section in before.accounts.iter().filter(|section| after.account(&section.settings.account).is_none())
    {
        found.insert(section.settings.account.clone(), (Does::Stop, Vec::new()));
    }
    found
}

fn of_account(old: &AccountSection, new: &AccountSection) -> Vec<String> {
    let (before, after) = (&old.settings, &new.settings);
    let mut how: Vec<String> = turned("platform", old.platform, new.platform).into_iter().collect();
    let secrets = differing(&before.secrets, &after.secrets, |a, b| a.expose_secret() == b.expose_secret());
    let urls = differing(&before.urls, &after.urls, |a, b| a == b);
    let texts = differing(&before.texts, &after.texts, |a, b| a == b);
    how.extend(secrets.into_iter().chain(urls).chain(texts));
    how.extend(keys(&[
        ("ceilings", old.ceilings != new.ceilings),
        ("pace", old.pace != new.pace),
        ("deaf_after", old.deaf_after != new.deaf_after),
        ("unsure", old.unsure != new.unsure),
    ]));
    how
}

/// The keys under which two maps do not hold the same.
fn differing<K: Ord + ToString, V>(
    before: &BTreeMap<K, V>,
    after: &BTreeMap<K, V>,
    same: impl Fn(&V, &V) -> bool,
) -> Vec<String> {
    let all: BTreeSet<&K> = before.keys().chain(after.keys()).collect();
    let differs = |key: &&K| match (before.get(*key), after.get(*key)) {
        (Some(old), Some(new)) => !same(old, new),
        _ => true,
    };
    all.into_iter().filter(differs).map(ToString::to_string).collect()
}

fn of_channel(old: &ChannelSection, new: &ChannelSection) -> Vec<String> {
    let mut how = keys(&[
        ("connect", old.connect != new.connect),
        ("owners", old.owners != new.owners),
        ("expire", old.expire != new.expire),
        ("language", old.language != new.language),
    ]);
    how.extend(turned("consent", asks(old), asks(new)));
    how.extend(turned("privacy", old.privacy.word(), new.privacy.word()));
    how
}

fn asks(channel: &ChannelSection) -> &'static str {
    match channel.unsaid {
        Unsaid::Notice => "notice",
        Unsaid::OptIn => "opt_in",
    }
}

/// The links in force of a channel, by their rooms.
fn links(channel: Option<&ChannelSection>) -> BTreeMap<String, LinkSection> {
    let all = channel.map(ChannelSection::links_in_force).unwrap_or_default();
    all.into_iter().map(|(link, _)| (format!("{}:{}", link.at.account, link.at.room), link)).collect()
}

fn of_link(old: &LinkSection, new: &LinkSection) -> Vec<String> {
    let (before, after) = (&old.settings, &new.settings);
    let mut how: Vec<String> = turned("direction", way(old), way(new)).into_iter().collect();
    how.extend(keys(&[
        ("bots", before.bots != after.bots),
        ("name", before.name != after.name),
        ("notices", before.notices != after.notices),
        ("moderates", before.moderates != after.moderates),
        ("delete_on", before.delete_on != after.delete_on),
    ]));
    how.extend(turned("privacy", before.privacy.word(), after.privacy.word()));
    how
}

fn way(link: &LinkSection) -> &'static str {
    match (link.direction.hears(), link.direction.speaks()) {
        (true, true) => "both",
        (true, false) => "in",
        _ => "out",
    }
}

fn keys(changed: &[(&str, bool)]) -> Vec<String> {
    changed.iter().filter(|(_, differs)| *differs).map(|(key, _)| (*key).to_owned()).collect()
}

fn turned(key: &str, old: &str, new: &str) -> Option<String> {
    (old != new).then(|| format!("{key} {old} → {new}"))
}

/// What has changed that a running Relay holds from its start to its end.
fn restart(before: &Config, after: &Config) -> Vec<String> {
    // One and the same file may be named from where it lies, and in full.
    let whole = |config: &Config| std::path::absolute(&config.relay.data_dir).ok();
    let is_moved = before.relay.data_dir != after.relay.data_dir && whole(before) != whole(after);
    let mut found = keys(&[
        ("data_dir in [relay]", is_moved),
        ("listen in [relay]", before.relay.listen != after.relay.listen),
        ("master_key in [relay]", !same_secret(before.master_key.as_ref(), after.master_key.as_ref())),
        ("[media]", before.media != after.media),
        ("[alerts]", !same_alerts(before.alerts.as_ref(), after.alerts.as_ref())),
        ("[api]", !same_api(before.api.as_ref(), after.api.as_ref())),
    ]);
    // A folder that is found otherwise is all that is wrong.
    if is_moved {
        found.truncate(1);
    }
    found
}

fn same_secret(old: Option<&SecretString>, new: Option<&SecretString>) -> bool {
    old.map(ExposeSecret::expose_secret) == new.map(ExposeSecret::expose_secret)
}

fn same_api(old: Option<&ApiSection>, new: Option<&ApiSection>) -> bool {
    let (old, new) = match (old, new) {
        (Some(old), Some(new)) => (old, new),
        (old, new) => return old.is_none() && new.is_none(),
    };
    let compatible = match (&old.matterbridge, &new.matterbridge) {
        (Some(old), Some(new)) => {
            old.listen == new.listen && same_secret(old.token.as_ref(), new.token.as_ref())
        }
        (old, new) => old.is_none() && new.is_none(),
    };
    (old.listen, &old.channels) == (new.listen, &new.channels)
        && compatible
        && alike(&old.incoming, &new.incoming, same_incoming)
        && alike(&old.outgoing, &new.outgoing, same_outgoing)
}

fn alike<T>(old: &[T], new: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    old.len() == new.len() && old.iter().zip(new).all(|(old, new)| same(old, new))
}

fn same_incoming(old: &IncomingSection, new: &IncomingSection) -> bool {
    let of = |webhook: &IncomingSection| {
        (webhook.name.clone(), webhook.channel.clone(), webhook.shown.clone(), webhook.persona)
    };
    of(old) == of(new) && old.key.is_same(&new.key)
}

fn same_outgoing(old: &OutgoingSection, new: &OutgoingSection) -> bool {
    let of = |webhook: &OutgoingSection| {
        (webhook.name.clone(), webhook.channel.clone(), webhook.url.clone(), webhook.private)
    };
    of(old) == of(new) && old.key.is_same(&new.key)
}

fn same_alerts(old: Option<&AlertsSection>, new: Option<&AlertsSection>) -> bool {
    let (old, new) = match (old, new) {
        (Some(old), Some(new)) => (old, new),
        (old, new) => return old.is_none() && new.is_none(),
    };
    (&old.room, &old.quiet, old.late) == (&new.room, &new.quiet, new.late)
        && alike(old.webhook.as_slice(), new.webhook.as_slice(), same_hook)
        && alike(old.email.as_slice(), new.email.as_slice(), same_mail)
}

fn same_hook(old: &AlertHook, new: &AlertHook) -> bool {
    let signs_alike = alike(old.key.as_slice(), new.key.as_slice(), crate::signed::Key::is_same);
    (&old.url, old.private) == (&new.url, new.private) && signs_alike
}

fn same_mail(old: &AlertMail, new: &AlertMail) -> bool {
    let of = |mail: &AlertMail| {
        let user = mail.login.as_ref().map(|(user, _)| user.clone());
        (mail.server.clone(), mail.port, mail.tls, mail.from.clone(), mail.to.clone(), user)
    };
    let password = |mail: &AlertMail| mail.login.as_ref().map(|(_, password)| password.clone());
    of(old) == of(new) && same_secret(password(old).as_ref(), password(new).as_ref())
}
