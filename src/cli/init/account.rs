//! One account: what to click, its credentials, and whether the platform takes them.

use super::asker::{Asker, Check, Choice, Ended, Judge, Question};
use super::draft::NewAccount;
use super::write::Place;
use crate::config::{misplaced, shared_secret};
use crate::platforms::Entry;
use relay_contract::{Account, Asked, Connector, Field, FieldKind, OpenError, Preflight, Problem, Settings};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Longest wait for a platform; the contract allows 20 seconds (C2).
const ASKING: Duration = Duration::from_secs(25);

/// Its values while they are being asked for.
#[derive(Clone, Default)]
struct Values {
    plain: BTreeMap<String, String>,
    secrets: BTreeMap<String, SecretString>,
}

/// An account that there is already.
pub struct Other {
    /// Its platform.
    pub platform: String,
    /// With its credentials.
    pub settings: Settings,
}

impl Other {
    fn is_the_bot_of(&self, entry: &'static Entry, settings: &Settings) -> bool {
        shared_secret((&self.platform, &self.settings), (entry.name(), settings)).is_some()
    }
}

/// A second account of one bot would take messages from the first.
fn is_there(other: &Other) -> Problem {
    let name = &other.settings.account;
    Problem::new(
        format!("This bot is the account {name} already."),
        "Make another bot for this account; or leave it out: one account reaches all rooms that its bot is in.",
    )
}

/// Walks through it until the platform takes the credentials; `None` where it is left out.
pub async fn make(
    asker: &mut dyn Asker,
    place: &Place,
    entry: &'static Entry,
    name: &str,
    further: &[(String, String)],
    others: &[Other],
) -> Result<Option<(NewAccount, Arc<dyn Connector>)>, Ended> {
    let guide = entry.guide;
    let mut steps = Vec::new();
    for step in guide.credentials {
        steps.push(step.replace("{paste}", &paste(asker, place, entry)?));
    }
    asker.steps(&format!("{}: make a bot", guide.title), &steps);
    let mut values = ask(asker, entry, name, further)?;
    loop {
        asker.busy(&format!("Asking {} who this is", guide.title));
        let settings = settings(entry, name, &values);
        let checked = match others.iter().find(|other| other.is_the_bot_of(entry, &settings)) {
            Some(other) => Err(OpenError::Refused(is_there(other))),
            None => check(entry, settings).await,
        };
        asker.done();
        match checked {
            Ok((answer, connector)) => {
                asker.good(&format!(
                    "{} takes it. The bot is called {} there.",
                    guide.title, answer.identity.name
                ));
                for warning in &answer.warnings {
                    asker.problem(&warning.to_string());
                }
                for (key, secret) in &values.secrets {
                    place.keep_secret(name, key, secret).map_err(Ended::Failed)?;
                }
                let account = NewAccount {
                    name: name.to_owned(),
                    platform: entry.name().to_owned(),
                    bot: answer.identity.name,
                    plain: values.plain,
                    secrets: values.secrets.into_keys().collect(),
                };
                return Ok(Some((account, connector)));
            }
            Err(why) if !asker.is_attended() => {
                let why = refused(
                    &why,
                    "Put the right one where the answers take it from, and run relay init again.",
                );
                return Err(Ended::Failed(format!("{}: {why}", guide.title)));
            }
            Err(why) => {
                asker.problem(&refused(&why, "Copy it anew, as the steps say, and enter it again."));
                let question = Question::new(format!("{name}.again"), "What now?");
                let choices = [
                    Choice::new("Check it again", "something was changed there"),
                    Choice::new("Enter it again", ""),
                    Choice::new(format!("Leave {} out for now", guide.title), ""),
                ];
                match asker.one(&question, &choices)? {
                    0 => {}
                    1 => values = ask(asker, entry, name, further)?,
                    _ => return Ok(None),
                }
            }
        }
    }
}

/// Why a platform does not take what was given. Nothing runs yet that could be reloaded: `again` is what to do then.
fn refused(why: &OpenError, again: &str) -> String {
    match why {
        OpenError::Refused(problem) if problem.fix.contains("relay reload") => {
            format!("{} {again}", problem.what)
        }
        other => other.to_string(),
    }
}

/// Opens an account that was found good before.
pub async fn reopen(
    place: &Place,
    entry: &'static Entry,
    account: &NewAccount,
) -> Result<Arc<dyn Connector>, String> {
    let checked = check(entry, kept(place, entry, account)?).await;
    checked.map(|(_, connector)| connector).map_err(|why| why.to_string())
}

/// The settings of an account that was found good before.
pub fn kept(place: &Place, entry: &Entry, account: &NewAccount) -> Result<Settings, String> {
    let mut values = Values { plain: account.plain.clone(), secrets: BTreeMap::new() };
    for key in &account.secrets {
        values.secrets.insert(key.clone(), place.secret(&account.name, key)?);
    }
    Ok(settings(entry, &account.name, &values))
}

/// Puts what is to be pasted into a file, and says which.
fn paste(asker: &dyn Asker, place: &Place, entry: &Entry) -> Result<String, Ended> {
    let Some(paste) = entry.guide.paste.filter(|_| asker.is_attended()) else { return Ok(String::new()) };
    let path = place.config.with_file_name(paste.file);
    let failed = |error: std::io::Error| Ended::Failed(format!("{}: {error}", path.display()));
    match std::fs::File::create_new(&path) {
        Ok(mut file) => file.write_all(paste.text.as_bytes()).map_err(failed)?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            if std::fs::read_to_string(&path).map_err(failed)? != paste.text {
                let shown = path.display();
                return Err(Ended::Failed(format!(
                    "{shown} is there already, and another: move it away, and go on"
                )));
            }
        }
        Err(error) => return Err(failed(error)),
    }
    let shown = std::path::absolute(&path).unwrap_or(path);
    Ok(format!("all of the file {}", shown.display()))
}

fn ask(
    asker: &mut dyn Asker,
    entry: &'static Entry,
    name: &str,
    further: &[(String, String)],
) -> Result<Values, Ended> {
    let mut values = Values::default();
    for (key, text) in further {
        let field = entry.fields.iter().find(|field| field.name == key);
        match field.map(|field| field.kind) {
            Some(FieldKind::Url(_) | FieldKind::Text) => {
                let asked = entry.guide.asked.iter().find(|asked| asked.key == key);
                let judge = judge(entry, name, key, &values);
                judge(text).map_err(|why| Ended::Failed(format!("{name}.{key}: {why}")))?;
                if asked.is_none() {
                    values.plain.insert(key.clone(), text.clone());
                }
            }
            Some(FieldKind::Secret | FieldKind::SecretLines) => {
                let how = "a secret does not belong here. Write { env = \"NAME\" } or { file = \"PATH\" } in a file of answers";
                return Err(Ended::Failed(format!("{name}.{key}: {how}")));
            }
            None => {
                let known: Vec<&str> =
                    entry.fields.iter().filter(|field| !is_secret(field)).map(|field| field.name).collect();
                let why = format!("{name} has no such key `{key}`; it may have {}", known.join(", "));
                return Err(Ended::Failed(why));
            }
        }
    }
    for asked in entry.guide.asked {
        ask_one(asker, entry, name, asked, &mut values)?;
    }
    Ok(values)
}

fn ask_one(
    asker: &mut dyn Asker,
    entry: &'static Entry,
    name: &str,
    asked: &'static Asked,
    values: &mut Values,
) -> Result<(), Ended> {
    let Some(field) = entry.fields.iter().find(|field| field.name == asked.key) else { return Ok(()) };
    let question = Question::new(format!("{name}.{}", asked.key), asked.question);
    let check =
        Check { typing: typing(asked, is_secret(field)), whole: judge(entry, name, asked.key, values) };
    if is_secret(field) {
        if let Some(secret) = asker.secret(&question, asked.optional, check)? {
            values.secrets.insert(asked.key.to_owned(), secret);
        }
    } else {
        let text = asker.text(&question, "", check)?;
        values.plain.insert(asked.key.to_owned(), text);
    }
    Ok(())
}

fn is_secret(field: &Field) -> bool {
    matches!(field.kind, FieldKind::Secret | FieldKind::SecretLines)
}

/// What no further letter can mend.
fn typing(asked: &'static Asked, is_secret: bool) -> Judge {
    Rc::new(move |typed| {
        let typed = typed.trim();
        if !typed.starts_with(asked.begins) && !asked.begins.starts_with(typed) {
            return Err(format!("It begins with {}", asked.begins));
        }
        match is_secret && typed.contains(char::is_whitespace) {
            true => Err("There is a blank in it".into()),
            false => Ok(()),
        }
    })
}

/// What the connector says of a value when it opens, as `relay check` asks it.
fn judge(entry: &'static Entry, name: &str, key: &str, values: &Values) -> Judge {
    let (name, key, values) = (name.to_owned(), key.to_owned(), values.clone());
    Rc::new(move |typed| {
        let Some(field) = entry.fields.iter().find(|field| field.name == key) else { return Ok(()) };
        if let FieldKind::Url(schemes) = field.kind {
            let url = url::Url::parse(typed).ok();
            let sound = url.is_some_and(|url| {
                schemes.contains(&url.scheme()) && url.has_host() && url.username().is_empty()
            });
            if !sound {
                return Err(format!("Write it like {}://host", schemes.first().unwrap_or(&"https")));
            }
        }
        // Before anybody is asked: it would be shown to who has no business with it.
        if is_secret(field)
            && let Some((what, _)) = misplaced(entry.name(), field, typed)
        {
            return Err(what.replace('`', ""));
        }
        let mut values = values.clone();
        match is_secret(field) {
            true => drop(values.secrets.insert(key.clone(), SecretString::from(typed))),
            false => drop(values.plain.insert(key.clone(), typed.to_owned())),
        }
        match (entry.open)(settings(entry, &name, &values)) {
            Err(problem) if problem.what.contains(&format!("`{key}`")) => Err(problem.what.replace('`', "")),
            _ => Ok(()),
        }
    })
}

fn settings(entry: &Entry, name: &str, values: &Values) -> Settings {
    let mut settings = Settings {
        account: Account(name.to_owned()),
        secrets: BTreeMap::new(),
        urls: BTreeMap::new(),
        texts: BTreeMap::new(),
    };
    for field in entry.fields {
        let plain = values.plain.get(field.name);
        match field.kind {
            FieldKind::Secret | FieldKind::SecretLines => {
                settings
                    .secrets
                    .extend(values.secrets.get(field.name).map(|secret| (field.name, secret.clone())));
            }
            FieldKind::Url(_) => {
                settings.urls.extend(plain.map(|url| (field.name, url.trim_end_matches('/').to_owned())));
            }
            FieldKind::Text => settings.texts.extend(plain.map(|text| (field.name, text.clone()))),
        }
    }
    settings
}

/// What the platform says.
async fn check(
    entry: &'static Entry,
    settings: Settings,
) -> Result<(Preflight, Arc<dyn Connector>), OpenError> {
    let connector = (entry.open)(settings).map_err(OpenError::Refused)?;
    let late = |_| Err(OpenError::Unavailable("The platform does not answer.".into()));
    let answer = timeout(ASKING, connector.preflight(&[])).await.unwrap_or_else(late)?;
    Ok((answer, connector))
}
