//! TLS with a certificate of the server's own making.

use crate::bench::{CHANNELS, relay, until};
use crate::person::Person;
use crate::server::{self, Server};
use stand_ins::ports;
use std::path::Path;
use std::process::Command;

/// A certificate for 127.0.0.1 and its key, both PEM; none where no openssl is.
fn certificate(folder: &Path) -> bool {
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", "/CN=irc.example", "-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", "key.pem", "-out", "cert.pem"])
        .current_dir(folder)
        .output();
    made.is_ok_and(|made| made.status.success())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_counts_when_it_is_trusted_and_only_then() {
    if !server::is_there() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    if !certificate(dir.path()) {
        assert!(std::env::var_os("RELAY_REQUIRE_IRC").is_none(), "openssl is missing");
        return eprintln!("NOT RUN: openssl is missing");
    }
    // ngIRCd gives up root before it reads the key.
    std::fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let (port, folder) = (ports::free(), dir.path().display().to_string());
    let more = format!("[SSL]\nCertFile = {folder}/cert.pem\nKeyFile = {folder}/key.pem\nPorts = {port}");
    let server = Server::start_in(dir, "tls", &more);
    let ada = Person::join(server.port, "Ada", &CHANNELS).await;
    let home = tempfile::tempdir().unwrap();
    std::fs::copy(server.dir.path().join("cert.pem"), home.path().join("trust")).unwrap();
    let config = |trust: &str| {
        format!(
            "[relay]\ndata_dir = \"state\"\n[accounts.a]\nplatform = \"irc\"\nserver = \"ircs://127.0.0.1:{port}\"\nnick = \"relay\"\n\
             {trust}\n[channels.lobby]\nlinks = [\"a:{}\", \"a:{}\"]\n",
            CHANNELS[0], CHANNELS[1]
        )
    };
    let log = || std::fs::read_to_string(home.path().join("log")).unwrap_or_default();
    std::fs::write(home.path().join("bridges.toml"), config("")).unwrap();
    let mut without = relay(home.path());
    until("it is said that nobody trusts it", || log().contains("is not trusted")).await;
    assert!(ada.lines().iter().all(|line| !line.starts_with(":relay!")));
    without.kill().unwrap();
    without.wait().unwrap();
    std::fs::write(home.path().join("bridges.toml"), config("trust = { file = \"trust\" }")).unwrap();
    let mut with = relay(home.path());
    for channel in CHANNELS {
        ada.hears("Relay coming", |line| line.starts_with(":relay!") && line.ends_with(channel)).await;
    }
    // From one channel into the other of the same network, over one connection.
    ada.says(CHANNELS[0], "over TLS").await;
    let said = ada.sees("over TLS").await;
    assert_eq!((said.nick.as_str(), said.target.as_str()), ("relay", CHANNELS[1]));
    with.kill().unwrap();
    with.wait().unwrap();
}
