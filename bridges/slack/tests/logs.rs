//! C4: no library below the connector writes a token, a response URL or the address of an upload into a log line, at whatever level, but for those
//! that a log has to leave out.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, reason = "shared with the other tests, which use all of it")]
#[path = "stand_in/stage.rs"]
mod stage;

use bytes::Bytes;
use futures::StreamExt;
use futures::future::BoxFuture;
use relay_contract::{Answer, ByteStream, Content, FileKind, Upload};
use relay_slack::LOG_TARGETS_WITH_SECRETS;
use stage::Stage;
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

/// Five bytes.
struct Hello;

impl Content for Hello {
    fn open(&self) -> BoxFuture<'static, io::Result<ByteStream>> {
        Box::pin(async { Ok(futures::stream::iter([Ok(Bytes::from_static(b"hello"))]).boxed()) })
    }
}

#[tokio::test]
async fn no_token_and_no_response_url_is_in_a_log_line() {
    let lines = Lines::default();
    let writer = lines.clone();
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    let stage = Stage::new().await;
    let mut heard = stage.listening().await;
    stage.command("Farid", "/relay help");
    let call = heard.call().await;
    let secret = call.reply["response_url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let answer = Answer::plain("hello");
    stage.connector.answer(&call, &answer).await.unwrap();
    for kind in [Kind::ServerError, Kind::CutAfter] {
        stage.fault(kind, Some("/commands/"));
        stage.connector.answer(&call, &answer).await.ok();
    }
    let file = Upload {
        index: 0,
        name: "a.txt".into(),
        kind: FileKind::File,
        mime: "text/plain".into(),
        size: 5,
        spoiler: false,
        alt: None,
        seconds: None,
        content: Arc::new(Hello),
    };
    for kind in [Some(Kind::ServerError), Some(Kind::CutAfter), None] {
        if let Some(kind) = kind {
            stage.fault(kind, Some("/upload/"));
        }
        let sent = stage.post_files("a file", None, std::slice::from_ref(&file)).await;
        assert!(
            sent.as_ref().map_or_else(|error| !format!("{error:?}").contains("/upload/"), |_| kind.is_none()),
            "{sent:?}"
        );
    }
    heard.stop().await.unwrap();
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("relay_slack") && text.contains("slack_morphism"), "logging is not on: {text}");
    // The stand-in lives in this process too, and says on which path a fault fired.
    let left_out = |line: &&str| {
        line.contains("stand_ins") || LOG_TARGETS_WITH_SECRETS.iter().any(|target| line.contains(target))
    };
    let bot = &stage.stand_ins.world.slack.bots[0];
    let telling = |secret: &str| -> Vec<&str> {
        text.lines().filter(|line| line.contains(secret) && !left_out(line)).collect()
    };
    // Whoever has the address of an upload can put a file there.
    for secret in [&secret, &bot.token, &bot.app_token, &"/upload/v1/".to_owned()] {
        assert_eq!(telling(secret), Vec::<&str>::new());
    }
    // Even the library, which a log leaves out, hides where an answer goes.
    let sent: Vec<_> = text.lines().filter(|line| line.contains("Sending HTTP request")).collect();
    assert!(sent.iter().any(|line| line.contains("-redacted-")), "{sent:?}");
    assert!(sent.iter().all(|line| !line.contains(&secret)), "{sent:?}");
}
