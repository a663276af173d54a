//! C4: no library below the connector writes the token into a log line, at whatever level.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, reason = "shared with the other tests, which use all of it")]
#[path = "stand_in/heard.rs"]
mod heard;
#[allow(dead_code, reason = "shared with the other tests, which use all of it")]
#[path = "stand_in/rig.rs"]
mod rig;

use relay_contract::Text;
use rig::Rig;
use stand_ins::faults::Kind;
use std::io;
use std::sync::{Arc, Mutex};
use tracing_subscriber::filter::LevelFilter;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_token_is_in_no_log_line() {
    let lines = Lines::default();
    let writer = lines.clone();
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    let rig = Rig::start().await;
    rig.connector.preflight(std::slice::from_ref(&rig.room_id)).await.unwrap();
    let mut heard = rig.listen(None);
    heard.connected().await;
    rig.post(Text::plain("hello"), None).await.unwrap();
    rig.fault(Kind::CutAfter, "sendMessage", 1.0);
    rig.post(Text::plain("hello"), None).await.unwrap_err();
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    // The stand-ins live in this process too, and say on which path a fault fired.
    let telling: Vec<_> =
        text.lines().filter(|line| line.contains("demo-telegram") && !line.contains("stand_ins")).collect();
    assert!(text.contains("reqwest") && text.contains("hyper"), "logging is not on: {text}");
    assert_eq!(telling, Vec::<&str>::new());
}
