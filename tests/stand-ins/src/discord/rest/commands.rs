//! The application's commands: listed, set, made, changed and deleted, for everybody or in one guild.
//!
//! <https://discord.com/developers/docs/interactions/application-commands>

use super::body::Body;
use super::{Answer, Asked, Me, id};
use crate::discord::errors::{self, ApiError};
use crate::discord::{Discord, state};
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::sync::Arc;

type D = State<Arc<Discord>>;
type Commands = Result<Json<Vec<Value>>, JsonRejection>;

/// Characters of a name, and of a description.
const LONGEST_NAME: usize = 32;
const LONGEST_DESCRIPTION: usize = 100;
/// How many options something has.
const MOST_OPTIONS: usize = 25;

/// `with_localizations`
#[derive(Debug, Deserialize)]
pub struct Options {
    #[serde(default)]
    with_localizations: Option<String>,
}

/// `GET /applications/{application}/commands`: in all languages only where they are asked for.
pub async fn list(
    State(discord): D,
    me: Me,
    Path(application): Path<String>,
    Asked(options): Asked<Options>,
) -> Answer<Json<Value>> {
    let mut all: Value = discord.state().commands(me, &application, None)?.into();
    if options.with_localizations.is_none_or(|with| with != "true" && with != "1") {
        without_localizations(&mut all);
    }
    Ok(Json(all))
}

/// `GET /applications/{application}/guilds/{guild}/commands`
pub async fn list_of_guild(
    State(discord): D,
    me: Me,
    Path((application, guild)): Path<(String, String)>,
) -> Answer<Json<Value>> {
    let state = discord.state();
    Ok(Json(state.commands(me, &application, Some(id(&guild)?))?.into()))
}

/// `PUT /applications/{application}/commands`: these, and no others.
pub async fn set(
    State(discord): D,
    me: Me,
    Path(application): Path<String>,
    commands: Commands,
) -> Answer<Json<Value>> {
    discord.state().set_commands(me, &application, None, commands.map_err(|_| errors::INVALID_JSON)?.0)
}

/// `PUT /applications/{application}/guilds/{guild}/commands`
pub async fn set_of_guild(
    State(discord): D,
    me: Me,
    Path((application, guild)): Path<(String, String)>,
    commands: Commands,
) -> Answer<Json<Value>> {
    let commands = commands.map_err(|_| errors::INVALID_JSON)?.0;
    discord.state().set_commands(me, &application, Some(id(&guild)?), commands)
}

/// `POST /applications/{application}/commands`: a new one, or in place of the one of that name.
pub async fn create(
    State(discord): D,
    me: Me,
    Path(application): Path<String>,
    body: Body,
) -> Answer<(StatusCode, Json<Value>)> {
    let mut state = discord.state();
    let mut all = state.commands(me, &application, None)?;
    let old = all.iter().position(|known| {
        known["name"] == body.object["name"] && known["type"] == *body.object.get("type").unwrap_or(&json!(1))
    });
    let command = state.registered_command(me, None, body.object, old.and_then(|at| all.get(at)))?;
    match old {
        Some(at) => all[at] = command.clone(),
        None => all.push(command.clone()),
    }
    state.keep_commands(me, None, all);
    let status = if old.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(command)))
}

/// `GET /applications/{application}/commands/{command}`
pub async fn one(
    State(discord): D,
    me: Me,
    Path((application, command)): Path<(String, String)>,
) -> Answer<Json<Value>> {
    let all = discord.state().commands(me, &application, None)?;
    all.into_iter().find(|known| known["id"] == command).map(Json).ok_or(errors::UNKNOWN_COMMAND)
}

/// `PATCH /applications/{application}/commands/{command}`: only what the body names changes.
pub async fn change(
    State(discord): D,
    me: Me,
    Path((application, command)): Path<(String, String)>,
    body: Body,
) -> Answer<Json<Value>> {
    let mut state = discord.state();
    let mut all = state.commands(me, &application, None)?;
    let known = all.iter_mut().find(|known| known["id"] == command).ok_or(errors::UNKNOWN_COMMAND)?;
    let mut merged = known.as_object().cloned().unwrap_or_default();
    merged.extend(body.object);
    *known = state.registered_command(me, None, merged, Some(&known.clone()))?;
    let answer = known.clone();
    state.keep_commands(me, None, all);
    Ok(Json(answer))
}

/// `DELETE /applications/{application}/commands/{command}`
pub async fn delete(
    State(discord): D,
    me: Me,
    Path((application, command)): Path<(String, String)>,
) -> Answer<StatusCode> {
    let mut state = discord.state();
    let mut all = state.commands(me, &application, None)?;
    let before = all.len();
    all.retain(|known| known["id"] != command);
    if all.len() == before {
        return Err(errors::UNKNOWN_COMMAND);
    }
    state.keep_commands(me, None, all);
    Ok(StatusCode::NO_CONTENT)
}

impl state::State {
    fn commands(&self, me: Me, application: &str, guild: Option<u64>) -> Answer<Vec<Value>> {
        let bot = self.me(me)?;
        if bot.id != id(application)? {
            return Err(errors::MISSING_ACCESS);
        }
        Ok(bot.commands.get(&guild).cloned().unwrap_or_default())
    }

    fn keep_commands(&mut self, me: Me, guild: Option<u64>, commands: Vec<Value>) {
        if let Some(bot) = self.bots.get_mut(me.0) {
            bot.commands.insert(guild, commands);
        }
    }

    fn set_commands(
        &mut self,
        me: Me,
        application: &str,
        guild: Option<u64>,
        commands: Vec<Value>,
    ) -> Answer<Json<Value>> {
        self.commands(me, application, guild)?;
        let object = |command: Value| match command {
            Value::Object(command) => Ok(command),
            _ => Err(errors::INVALID_JSON),
        };
        let made: Vec<Value> = commands
            .into_iter()
            .map(|command| self.registered_command(me, guild, object(command)?, None))
            .collect::<Answer<_>>()?;
        self.keep_commands(me, guild, made.clone());
        Ok(Json(made.into()))
    }

    /// A command as Discord keeps and answers it: with an id and a version, and without what is false anyhow.
    fn registered_command(
        &mut self,
        me: Me,
        guild: Option<u64>,
        mut command: Map<String, Value>,
        old: Option<&Value>,
    ) -> Answer<Value> {
        checked(&command)?;
        let new = self.new_id().to_string();
        command.insert("id".into(), old.map_or_else(|| new.into(), |old| old["id"].clone()));
        command.insert("version".into(), self.new_id().to_string().into());
        command.insert("application_id".into(), self.me(me)?.id.to_string().into());
        if let Some(guild) = guild {
            command.insert("guild_id".into(), guild.to_string().into());
        }
        for (key, default) in [
            ("type", json!(1)),
            ("description", json!("")),
            ("default_member_permissions", Value::Null),
            ("dm_permission", json!(true)),
            ("nsfw", json!(false)),
        ] {
            command.entry(key).or_insert(default);
        }
        if let Some(options) = command.get_mut("options") {
            without_falsehoods(options);
        }
        Ok(Value::Object(command))
    }
}

/// Discord's own rules for names, descriptions and the order of options.
///
/// <https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-naming>
fn checked(command: &Map<String, Value>) -> Answer<()> {
    let text = |key: &str| command.get(key).and_then(Value::as_str).unwrap_or_default();
    each_language(&Value::Object(command.clone()))?;
    let chat_input = command.get("type").is_none_or(|kind| *kind == 1);
    if !chat_input {
        return Ok(());
    }
    proper(text("name"), text("description"))?;
    checked_options(command.get("options"))
}

/// Discord knows these languages, and their texts are no longer than the first one.
///
/// <https://discord.com/developers/docs/reference#locales>
fn each_language(of: &Value) -> Answer<()> {
    const KNOWN: [&str; 32] = [
        "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl", "no",
        "pl", "pt-BR", "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th", "zh-CN",
        "ja", "zh-TW", "ko",
    ];
    let all =
        of["description_localizations"].as_object().into_iter().chain(of["name_localizations"].as_object());
    for (code, text) in all.flatten() {
        if !KNOWN.contains(&code.as_str()) {
            return Err(ApiError::field("description_localizations", "ENUM_TYPE_COERCE", "Unknown locale"));
        }
        if !(1..=LONGEST_DESCRIPTION).contains(&text.as_str().unwrap_or_default().chars().count()) {
            let says = "Must be between 1 and 100 in length.";
            return Err(ApiError::field("description_localizations", "BASE_TYPE_BAD_LENGTH", says));
        }
    }
    let inner = ["options", "choices"].into_iter().filter_map(|key| of[key].as_array()).flatten();
    inner.into_iter().try_for_each(each_language)
}

fn proper(name: &str, description: &str) -> Answer<()> {
    let plain = |c: char| (c.is_alphanumeric() && !c.is_uppercase()) || matches!(c, '-' | '_' | '\'');
    if name.is_empty() || name.chars().count() > LONGEST_NAME || !name.chars().all(plain) {
        let says = "Command name is invalid";
        return Err(ApiError::field("name", "APPLICATION_COMMAND_INVALID_NAME", says));
    }
    if description.is_empty() || description.chars().count() > LONGEST_DESCRIPTION {
        let says = "Must be between 1 and 100 in length.";
        return Err(ApiError::field("description", "BASE_TYPE_BAD_LENGTH", says));
    }
    Ok(())
}

fn checked_options(options: Option<&Value>) -> Answer<()> {
    let options = options.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if options.len() > MOST_OPTIONS {
        let says = "Must be 25 or fewer in length.";
        return Err(ApiError::field("options", "BASE_TYPE_MAX_LENGTH", says));
    }
    let mut optional = false;
    for option in options {
        let text = |key: &str| option[key].as_str().unwrap_or_default();
        proper(text("name"), text("description"))?;
        checked_options(option.get("options"))?;
        let required = option["required"] == true;
        if required && optional {
            let says = "Required options must be placed before non-required options";
            return Err(ApiError::field("options", "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", says));
        }
        optional |= !required && option["type"].as_u64().is_some_and(|kind| kind > 2);
    }
    Ok(())
}

fn without_localizations(of: &mut Value) {
    match of {
        Value::Array(all) => all.iter_mut().for_each(without_localizations),
        Value::Object(fields) => {
            fields.retain(|key, _| !key.ends_with("_localizations"));
            fields.values_mut().for_each(without_localizations);
        }
        _ => {}
    }
}

fn without_falsehoods(options: &mut Value) {
    for option in options.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        option.retain(|_, value| *value != false && !value.is_null());
        if let Some(inner) = option.get_mut("options") {
            without_falsehoods(inner);
        }
    }
}
