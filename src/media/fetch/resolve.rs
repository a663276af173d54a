//! Names to addresses, and only to those that may be reached.

use super::super::address;
use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for a name's addresses.
const PATIENCE: Duration = Duration::from_secs(10);

/// Finds the addresses of a host.
pub type Lookup = Arc<dyn Fn(String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> + Send + Sync>;

/// Asks the system.
pub fn system_lookup() -> Lookup {
    Arc::new(|host| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    })
}

/// A host whose addresses may not all be reached.
#[derive(Debug, thiserror::Error)]
#[error("not a public address")]
pub(super) struct NotPublic;

/// Gives the client what was checked: that is what it connects to.
pub(super) struct Checked {
    lookup: Lookup,
    is_public: fn(IpAddr) -> bool,
}

impl Checked {
    pub(super) fn new(lookup: Lookup, is_public: fn(IpAddr) -> bool) -> Self {
        Self { lookup, is_public }
    }
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let (found, is_public) = ((self.lookup)(name.as_str().to_owned()), self.is_public);
        Box::pin(async move {
            let found = tokio::time::timeout(PATIENCE, found).await??;
            if !address::are_public(&found, is_public) {
                return Err(NotPublic.into());
            }
            // The port is the URL's.
            let addresses: Addrs = Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}
