//! Files that were given out: served by the running Relay, listed, taken back.

use crate::bench::Bench;
use relay::config::MediaSection;
use relay::media::{Fetched, FileKey, GivenTo, Media};
use relay_contract::{Attachment, Located};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Puts a file into the store of a Relay that does not run, and answers the link to it.
async fn given_out(bench: &Bench, url: &str) -> String {
    // An error only says that it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let host = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let from = format!("http://{}/film", host.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = host.accept().await.unwrap();
        stream.read_exact(&mut [0; 16]).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await.unwrap();
        stream.shutdown().await.unwrap();
    });
    let settings = MediaSection { url: Some(url.to_owned()), ..MediaSection::default() };
    let media = Media::open(&settings, &bench.state()).unwrap();
    let key = FileKey { envelope: [1; 16], index: 0 };
    let locate = move || {
        let url = from.clone().into();
        async move { Ok(Located { url, authorization: None, trusted: true, never_html: false, size: None }) }
    };
    media.get(key, &Attachment::named("film.txt"), 100, locate).await;
    let Fetched::Ready(stored) = media.wait(key, Duration::from_secs(20)).await else {
        panic!("not fetched")
    };
    media.link(&stored, "film.txt", GivenTo { envelope: [1; 16], room: [2; 32] }).await.unwrap()
}

fn told(bench: &Bench, args: &[&str]) -> (bool, String) {
    let (verb, rest) = args.split_first().unwrap();
    let mut command = bench.command("media");
    // The options stand behind the second word.
    let all: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
    command = std::process::Command::new(command.get_program());
    command.arg(&all[0]).arg(verb).args(&all[1..]).args(rest).env_remove("STATE_DIRECTORY");
    let output = command.output().unwrap();
    let words = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(words).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_served_listed_and_taken_back() {
    let mut bench = Bench::new().await;
    let address = stand_ins::ports::free_address();
    let link = given_out(&bench, &format!("http://{address}")).await;
    bench.write_config(&format!("[media]\nlisten = \"{address}\"\nurl = \"http://{address}\"\n"));
    assert!(told(&bench, &["list"]).1.contains("no relay runs"));
    bench.start();
    bench.connected(3).await;
    let answer = reqwest::get(&link).await.unwrap();
    assert_eq!(answer.headers()["content-disposition"], "attachment; filename*=UTF-8''film%2Etxt");
    assert_eq!(answer.text().await.unwrap(), "hello");
    let (ok, json) = told(&bench, &["list", "--json"]);
    let lines: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(ok && lines[0]["name"] == "film.txt" && lines[0]["revoked"] == false, "{json}");
    let (ok, words) = told(&bench, &["list"]);
    assert!(ok && words.contains("film.txt") && words.contains("ends in 29 days"), "{words}");
    let (ok, words) = told(&bench, &["revoke", "nonsense"]);
    assert!(!ok && words.contains("relay media list"), "{words}");
    let (ok, words) = told(&bench, &["revoke", lines[0]["id"].as_str().unwrap()]);
    assert!(ok && words.contains("film.txt is dead"), "{words}");
    assert_eq!(reqwest::get(&link).await.unwrap().status(), 404);
    assert!(told(&bench, &["list"]).1.contains("taken back"));
    let (ok, words) = told(&bench, &["sweep"]);
    assert!(ok && words.starts_with("Dropped 0 files (0 bytes). Kept 1 file (5 bytes of"), "{words}");
    // The log has no link in it.
    assert!(!bench.log().contains(link.split('/').nth(4).unwrap()), "{}", bench.log());
    bench.stop().await;
}
