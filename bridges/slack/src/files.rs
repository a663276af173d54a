//! Where the bytes of a file are: Slack shows them to whoever has a token, and a page to sign in on to everybody else
//! (<https://docs.slack.dev/reference/objects/file-object/>).

use crate::errors::CallError;
use crate::web::Web;
use relay_contract::{DeliverError, Located};
use secrecy::SecretString;
use serde_json::Value;
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(10);

/// `source` is a file's id, or the public address of a card's picture. A file's address is asked for: in a channel that is shared with
/// another workspace its message does not tell it.
pub async fn locate(web: &Web, room: &str, source: &str) -> Result<Located, DeliverError> {
    if is_address(source) {
        return Ok(Located {
            url: SecretString::from(source.to_owned()),
            authorization: None,
            trusted: false,
            never_html: true,
            size: None,
        });
    }
    let answer =
        web.get("files.info", &[("file", source)], DEADLINE).await.map_err(|error| gone(error, room))?;
    let file = answer.get("file").unwrap_or(&Value::Null);
    let string = |key: &str| file.get(key).and_then(Value::as_str);
    let own = |url: &str| web.own_address(url);
    let Some(url) = string("url_private_download").or(string("url_private")).and_then(own) else {
        return Err(DeliverError::Rejected("the file is not kept by Slack".to_owned()));
    };
    Ok(Located {
        url: SecretString::from(String::from(url)),
        authorization: Some(web.authorization()),
        trusted: true,
        never_html: file.get("mimetype").is_none_or(|mime| mime != "text/html"),
        size: file.get("size").and_then(Value::as_u64),
    })
}

/// An address, and not the id of a file.
fn is_address(source: &str) -> bool {
    source.starts_with("https://") || source.starts_with("http://")
}

fn gone(error: CallError, room: &str) -> DeliverError {
    match error.code() {
        Some("file_not_found" | "file_deleted") => {
            DeliverError::Rejected("the file is not there any more".to_owned())
        }
        _ => error.before_posting().into_deliver(room),
    }
}
