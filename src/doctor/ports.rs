//! The addresses that Relay is to listen on: whether they are free. Only where it does not run, for else it has them itself.

use crate::config::Config;
use crate::engine::Finding;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};

/// Looks at each address that the config names. Nothing stays bound.
pub fn examine(config: &Config) -> Vec<Finding> {
    let api = config.api.as_ref();
    let compatible = api.and_then(|api| api.matterbridge.as_ref());
    let all = [
        ("`listen` of [relay]", config.relay.listen),
        ("`listen` of [media]", config.media.listen),
        ("`listen` of [api]", api.map(|api| api.listen)),
        ("`listen` of [api.matterbridge]", compatible.map(|section| section.listen)),
    ];
    all.into_iter().filter_map(|(key, address)| look(key, address?)).collect()
}

fn look(key: &str, address: SocketAddr) -> Option<Finding> {
    let about = format!("port {address}");
    let port = address.port();
    let error = match TcpListener::bind(address) {
        Ok(_) => return Some(Finding::fine(about, format!("free for {key}"))),
        Err(error) => error,
    };
    let (what, fix) = match error.kind() {
        ErrorKind::AddrInUse => (
            format!("Another program listens there, so Relay cannot ({key})."),
            format!("sudo ss -ltnp 'sport = :{port}' names it: stop it, or write another port into {key}."),
        ),
        ErrorKind::AddrNotAvailable => (
            format!("This machine has no such address ({key})."),
            format!("Write 127.0.0.1:{port} into {key}, or an address that `ip address` shows."),
        ),
        ErrorKind::PermissionDenied => (
            format!("Only root may listen below port 1024 ({key})."),
            format!(
                "Write a port from 1024 on into {key}, and let a web server in front of it have port {port}."
            ),
        ),
        _ => (
            format!("Relay cannot listen there ({key}): {error}."),
            format!("Write another address into {key}."),
        ),
    };
    Some(Finding::broken(about, what, fix))
}
