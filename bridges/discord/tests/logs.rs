//! C4: no library below the connector writes the token, or a webhook's, into a log line, at whatever level.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, reason = "shared with the other tests, which use all of it")]
#[path = "stand_in/rig.rs"]
mod rig;

use bytes::Bytes;
use futures::StreamExt;
use futures::future::BoxFuture;
use relay_contract::{
    Answer, ByteStream, Content, DeliverError, FileKind, Operation, Part, Receipt, Translation, Upload,
};
use rig::{Rig, TOKEN};
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

/// Three bytes.
struct Owl;

impl Content for Owl {
    fn open(&self) -> BoxFuture<'static, io::Result<ByteStream>> {
        Box::pin(async { Ok(futures::stream::iter([Ok(Bytes::from_static(b"owl"))]).boxed()) })
    }
}

async fn upload(rig: &Rig) -> Result<Receipt, DeliverError> {
    let file = Upload {
        index: 0,
        name: "owl.png".into(),
        kind: FileKind::Image,
        mime: "image/png".into(),
        size: 3,
        spoiler: false,
        alt: None,
        seconds: None,
        content: Arc::new(Owl),
    };
    let part = Part { files: vec![0], ..rig.part("a file") };
    let (persona, reply_to, thread) = (None, None, None);
    rig.deliver(Operation::Post { part: &part, persona, reply_to, thread, files: &[file], key: "k1" }).await
}

#[tokio::test]
async fn no_token_is_in_a_log_line_or_an_error() {
    let lines = Lines::default();
    let writer = lines.clone();
    let log = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_ansi(false)
        .with_writer(move || writer.clone());
    log.init();
    let rig = Rig::ready().await;
    let mut heard = rig.listen(None);
    heard.connected().await;
    let message = rig.post("hello", "Elif").await.unwrap().message;
    rig.change(&message, "changed").await.unwrap();
    upload(&rig).await.unwrap();
    rig.first_command("Ada", "/relay status").await;
    let interaction = loop {
        let raw = heard.raw().await;
        if let Some(token) = raw.payload["d"]["token"].as_str() {
            let Translation::Command(call) = rig.connector.translate(&raw) else { panic!("{raw:?}") };
            rig.connector.answer(&call, &Answer::plain("fine")).await.unwrap();
            break token.to_owned();
        }
    };
    let mut errors = Vec::new();
    for (kind, only) in [
        (Kind::RateLimit, "PATCH"),
        (Kind::CutAfter, "POST /api/v10/webhooks/"),
        (Kind::ServerError, "POST /api/v10/webhooks/"),
    ] {
        rig.fault(kind, only, 1.0);
        let error: DeliverError = match kind {
            Kind::RateLimit => rig.change(&message, "x").await.unwrap_err(),
            _ => rig.post("x", "Elif").await.unwrap_err(),
        };
        errors.push(format!("{error} {error:?}"));
    }
    for kind in [Kind::CutAfter, Kind::ServerError, Kind::RateLimit] {
        rig.fault(kind, "POST /api/v10/webhooks/", 1.0);
        let error = upload(&rig).await.unwrap_err();
        errors.push(format!("{error} {error:?}"));
    }
    rig.delete_webhooks();
    errors.push(format!("{:?}", rig.change(&message, "x").await.unwrap_err()));
    heard.stop().await.unwrap();
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("rustls") && text.contains("twilight_gateway"), "logging is not on: {text}");
    // The stand-in lives in this process too, and so does its WebSocket library.
    let theirs = |line: &&str| line.contains("stand_ins") || line.contains("tungstenite");
    let ours: Vec<&str> = text.lines().filter(|line| !theirs(line)).collect();
    // The path of a webhook or an interaction, with whatever token.
    let secret = |line: &&&str| {
        ["webhooks/", "interactions/", TOKEN, &interaction].iter().any(|secret| line.contains(secret))
    };
    let telling: Vec<_> = ours.iter().filter(secret).collect();
    assert_eq!(telling, Vec::<&&str>::new());
    assert!(errors.iter().all(|error| !error.contains("webhooks/") && !error.contains(TOKEN)), "{errors:?}");
}
