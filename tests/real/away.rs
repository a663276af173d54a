//! A server is gone for twenty seconds while people go on elsewhere: what they said arrives when it is back, all of it, in order and
//! soon, and until then nobody knocks without pause.

use crate::bench::until;
use crate::server;
use crate::socket;
use crate::synapse::Synapse;
use crate::town::{ACCOUNTS, CHANNELS, Town};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How long it is gone.
const AWAY: Duration = Duration::from_secs(20);
/// How soon everything is there after its return.
const SOON: Duration = Duration::from_secs(15);
/// How much is said meanwhile.
const COUNT: usize = 100;

/// Somebody in the server's place who takes connections, ends them, and counts.
struct Door {
    count: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Door {
    async fn at(port: u16) -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.expect("the port is free");
        let count = Arc::new(AtomicUsize::new(0));
        let counted = count.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                drop(stream);
            }
        });
        Self { count, task }
    }

    async fn closed(self) -> usize {
        self.task.abort();
        // Aborted, and gone with its socket.
        let _ = self.task.await;
        self.count.load(Ordering::Relaxed)
    }
}

/// What is said while it is gone, at five a second; answers when it is time for its return.
async fn says_meanwhile(town: &Town) {
    let began = Instant::now();
    for number in 0..COUNT {
        town.ada.says(CHANNELS[0], &format!("meanwhile-{number}.")).await;
        tokio::time::sleep(AWAY / 110).await;
    }
    // One that is gone holds up nobody else.
    until("all are on Discord", || town.bench.with("discord", "meanwhile-").len() == COUNT).await;
    tokio::time::sleep(AWAY.saturating_sub(began.elapsed())).await;
}

fn in_order(texts: &[String]) {
    for (number, text) in texts.iter().enumerate() {
        assert!(text.ends_with(&format!(" meanwhile-{number}.")), "{number}: {texts:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_irc_server_that_was_killed_gets_all_of_it_soon() {
    let Some(mut town) = Town::started().await else { return };
    let port = town.servers[1].port;
    town.servers[1].stop();
    let door = Door::at(port).await;
    says_meanwhile(&town).await;
    let attempts = door.closed().await;
    town.servers[1].run();
    let began = Instant::now();
    let ivo = socket::Person::join(port, "Ivo", &[CHANNELS[1]]).await;
    let said = || -> Vec<String> {
        let all = ivo.said().into_iter().filter(|said| said.text.contains("meanwhile-"));
        all.map(|said| said.text).collect()
    };
    until("all are there", || said().len() >= COUNT).await;
    let took = began.elapsed();
    println!("IRC: {attempts} connections in {AWAY:?}; all {COUNT} there {took:.1?} after its return");
    assert!(took < SOON, "{took:?}");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(said().len(), COUNT, "each once");
    in_order(&said());
    assert!(attempts <= 12, "{attempts} connections");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_homeserver_that_was_killed_gets_all_of_it_soon() {
    if !server::is_there() {
        return;
    }
    let Some(mut synapse) = Synapse::of_its_own().await else { return };
    let mut town = Town::with(&synapse).await;
    town.bench.start();
    town.bench.connected(ACCOUNTS).await;
    town.ada.says(CHANNELS[0], "before").await;
    let there = async |word: &str| -> Vec<String> {
        let all = town.mia.sees(&town.room).await.into_iter().filter(|seen| seen.body().contains(word));
        all.map(|seen| seen.body().to_owned()).collect()
    };
    town.on_matrix("before", |seen| seen.body().contains("before")).await;
    synapse.kill();
    let door = Door::at(synapse.port()).await;
    says_meanwhile(&town).await;
    let attempts = door.closed().await;
    synapse.run().await;
    let began = Instant::now();
    while there("meanwhile-").await.len() < COUNT {
        assert!(began.elapsed() < 4 * SOON, "only {:?}", there("meanwhile-").await);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let took = began.elapsed();
    // What the server alone takes for as many, one after the other: on a busy machine it is what everything waits for.
    let alone = Instant::now();
    for number in 0..COUNT {
        town.mia.says(&town.room, &format!("alone {number}")).await;
    }
    let alone = alone.elapsed();
    println!(
        "Matrix: {attempts} connections in {AWAY:?}; all {COUNT} there {took:.1?} after its return, of which it takes {alone:.1?} alone"
    );
    assert!(took < SOON.max(alone * 3), "{took:?}, {alone:?} alone");
    in_order(&there("meanwhile-").await);
    // The way back.
    town.mia.says(&town.room, "here again").await;
    town.ada.sees("here again").await;
    assert!(attempts <= 60, "{attempts} connections");
}
