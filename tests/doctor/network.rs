//! The way to a platform.

use crate::front::{self, Answer};
use crate::irc::{Irc, Mood, tls};
use crate::set_up::Three;
use rustls::{ServerConnection, StreamOwned};
use std::io::Read;
use std::net::TcpListener;

/// Another address of Telegram's.
async fn telegram_at(url: &str, name: &str) {
    let three = Three::new().await;
    let own = three.bench.people("telegram").api_url();
    three.place.change(&format!("api_url = \"{own}\""), &format!("api_url = \"{url}\""));
    three.place.finds(name);
}

/// A server that shows a certificate, and is not spoken with any further.
async fn with_certificate(certificate: &str, name: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, shown) = (listener.local_addr().unwrap().port(), tls(certificate));
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut tls = StreamOwned::new(ServerConnection::new(shown.clone()).unwrap(), stream);
            std::thread::spawn(move || tls.read(&mut [0; 1]));
        }
    });
    telegram_at(&format!("https://127.0.0.1:{port}"), name).await;
}

async fn in_front(answer: Answer, name: &str) {
    let url = front::before(None, vec![answer]).await;
    telegram_at(&url, name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_nobody_knows() {
    telegram_at("http://bot-api.invalid", "a server's name that nobody knows").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_where_nobody_listens() {
    let url = format!("http://127.0.0.1:{}", stand_ins::ports::free());
    telegram_at(&url, "a server that does not run").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_over_ipv6_alone() {
    // Nobody has an address of documentation's: <https://www.rfc-editor.org/rfc/rfc3849>.
    telegram_at("http://[2001:db8::7]:81", "a server over IPv6 alone, and a machine without").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_swallows_everything() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    telegram_at(&url, "a server that takes connections and answers nothing").await;
    drop(silent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_has_expired() {
    with_certificate("expired", "a certificate that has expired").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_its_own_making() {
    with_certificate("good", "a certificate of a server's own making").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_with_an_outage() {
    let answer = Answer { to: " /", status: 502, headers: vec![], body: "Bad Gateway".into() };
    in_front(answer, "a platform with an outage").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_to_sign_in() {
    let body = "<html>Welcome to the hotel. Please sign in.</html>".to_owned();
    let answer = Answer { to: " /", status: 200, headers: vec![("content-type", "text/html".into())], body };
    in_front(answer, "a page to sign in where the platform is to be").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_is_gone_past() {
    let three = Three::new().await;
    three
        .place
        .with("HTTPS_PROXY", "http://proxy.example.org:3128")
        .finds("a proxy that connections go past");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_irc_server_whose_certificate_has_expired() {
    let mood = Mood { certificate: Some("expired"), ..Mood::default() };
    Irc::new(mood).place.finds("irc: a certificate that has expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_irc_server_that_nobody_trusts() {
    let irc = Irc::new(Mood::default());
    irc.place.change("trust = { file = \"trust\" }\n", "");
    irc.place.finds("irc: a certificate of the server's own making");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_irc_server_that_does_not_run() {
    let irc = Irc::new(Mood::default());
    let text = std::fs::read_to_string(irc.place.dir.join("bridges.toml")).unwrap();
    let server = text.lines().find(|line| line.starts_with("server")).unwrap();
    irc.place.change(server, &format!("server = \"ircs://127.0.0.1:{}\"", stand_ins::ports::free()));
    irc.place.finds("irc: a server that does not run");
}
