//! Where the bytes of a file are: asked just before they are fetched, because the answer is good for an hour.
//!
//! Source: <https://core.telegram.org/bots/api#getfile>.

use crate::api::{Api, CallError};
use crate::errors;
use relay_contract::{DeliverError, Located, Problem};
use serde::Deserialize;
use std::time::Duration;
use teloxide::payloads::GetFile;
use teloxide::types::FileId;

/// The longest wait for an answer.
const DEADLINE: Duration = Duration::from_secs(10);

/// A `File`.
#[derive(Deserialize)]
struct File {
    file_path: Option<String>,
    file_size: Option<u64>,
}

/// How a file is found again: by its id for this bot, behind the id that it has for every bot.
pub fn source(unique: Option<&str>, id: &str) -> String {
    match unique {
        Some(unique) => format!("{unique}/{id}"),
        None => id.to_owned(),
    }
}

/// The URL holds the token; it leads to the server that the account's settings name, or to Telegram's own.
pub async fn locate(api: &Api, source: &str) -> Result<Located, DeliverError> {
    let id = source.rsplit('/').next().unwrap_or_default();
    let file: File =
        api.call(&GetFile::new(FileId(id.to_owned())), DEADLINE).await.map_err(|error| not_told(&error))?;
    let path = file.file_path.unwrap_or_default();
    let url = api.file_url(&path).ok_or_else(|| {
        DeliverError::Forbidden(Problem::new(
            "The Bot API server of this account keeps files on its own disk, where Relay cannot fetch them.",
            "Run it without --local, or leave `api_url` out.",
        ))
    })?;
    Ok(Located { url, authorization: None, trusted: true, never_html: false, size: file.file_size })
}

/// A question changes nothing: without an answer it is certainly not done.
fn not_told(error: &CallError) -> DeliverError {
    match error {
        CallError::Answered(answer) if answer.code == 400 => {
            let lower = answer.description.to_lowercase();
            if lower.contains("too big") {
                return DeliverError::Rejected("Telegram gives bots no files of more than 20 MB".to_owned());
            }
            if lower.contains("temporarily unavailable") {
                return DeliverError::Unavailable(errors::words(error));
            }
            DeliverError::Rejected(answer.description.clone())
        }
        CallError::Silent(_) => DeliverError::Unavailable(errors::words(error)),
        error => errors::delivering(error.clone(), errors::Doing::Post),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Answer;

    #[test]
    fn why_a_file_is_not_had() {
        let no = |description: &str| {
            CallError::Answered(Answer { code: 400, description: description.into(), ..Answer::default() })
        };
        let cases = [
            (no("Bad Request: file is too big"), "rejected: Telegram gives bots no files of more than 20 MB"),
            (no("Bad Request: wrong file_id or the file is temporarily unavailable"), "unavailable"),
            (no("Bad Request: invalid file_id"), "rejected: Bad Request"),
            (CallError::Silent("cut".into()), "unavailable"),
            (CallError::Unreachable("refused".into()), "unavailable"),
        ];
        for (error, says) in cases {
            assert!(not_told(&error).to_string().starts_with(says), "{error:?}: {}", not_told(&error));
        }
    }
}
