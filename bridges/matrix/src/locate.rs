//! Where the bytes of a file are: the homeserver shows them to whoever has a token
//! (<https://spec.matrix.org/v1.11/client-server-api/#get_matrixclientv1mediadownloadservernamemediaid>).

use crate::api::Api;
use relay_contract::{DeliverError, Located};
use ruma::OwnedMxcUri;
use secrecy::SecretString;

/// `source` is an `mxc` address. Asks nobody.
pub fn locate(api: &Api, source: &str) -> Result<Located, DeliverError> {
    let address = OwnedMxcUri::from(source);
    let Ok((server, media)) = address.parts() else {
        return Err(DeliverError::Rejected("the file has no address".to_owned()));
    };
    let url = api.address(&format!("/_matrix/client/v1/media/download/{server}/{media}"));
    Ok(Located {
        url: SecretString::from(url),
        authorization: Some(api.authorization()),
        trusted: true,
        never_html: false,
        size: None,
    })
}
