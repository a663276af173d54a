//! Logs to standard error, where systemd's journal and a terminal both find them.

use crate::store::TALKATIVE;
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Libraries that write URLs or headers into their logs, and so could write a token: silent whatever is asked for.
const NEVER: &[&str] = &[
    "slack_morphism",
    "hyper",
    "hyper_util",
    "h2",
    "reqwest",
    "rustls",
    "tungstenite",
    "tokio_tungstenite",
    "tokio_websockets",
    "teloxide_core",
    "twilight_http",
    "twilight_http_ratelimiting",
];

/// Starts logging; `RELAY_LOG` (such as `relay=debug`) replaces `default`.
pub fn start(default: &str) {
    let quiet: String = TALKATIVE.iter().map(|target| format!(",{target}=warn")).collect();
    let default = format!("{default}{quiet}");
    let wanted = std::env::var("RELAY_LOG").unwrap_or_else(|_| default.clone());
    let mut filter = EnvFilter::try_new(&wanted).unwrap_or_else(|error| {
        eprintln!("relay: RELAY_LOG is not understood ({error}); logging at `{default}`");
        EnvFilter::new(&default)
    });
    for target in NEVER {
        if let Ok(directive) = format!("{target}=off").parse() {
            filter = filter.add_directive(directive);
        }
    }
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .try_init();
    if let Err(error) = started {
        eprintln!("relay: logging was started already: {error}");
    }
}
