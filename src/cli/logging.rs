//! Logs: to the journal where standard error leads there, else to standard error.

mod journal;

use crate::store::TALKATIVE;
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

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
    let filter = filter(default);
    let started = match journal::is_connected().then(journal::layer) {
        Some(Ok(layer)) => tracing_subscriber::registry().with(filter).with(layer).try_init(),
        Some(Err(error)) => {
            eprintln!("relay: the journal takes no entries ({error}); logging to standard error");
            to_standard_error(filter)
        }
        None => to_standard_error(filter),
    };
    if let Err(error) = started {
        eprintln!("relay: logging was started already: {error}");
    }
}

fn to_standard_error(filter: EnvFilter) -> Result<(), TryInitError> {
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    tracing_subscriber::registry().with(filter).with(lines).try_init()
}

/// What is logged, wherever it goes.
fn filter(default: &str) -> EnvFilter {
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
    filter
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use tracing::{Event, Subscriber};
    use tracing_subscriber::Layer;
    use tracing_subscriber::layer::Context;

    /// Whose events come through, wherever they would go.
    #[derive(Clone, Default)]
    struct Heard(Arc<Mutex<Vec<String>>>);

    impl<S: Subscriber> Layer<S> for Heard {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            self.0.lock().unwrap().push(event.metadata().target().to_owned());
        }
    }

    #[test]
    fn libraries_that_could_write_a_token_are_silent_even_at_trace() {
        let heard = Heard::default();
        let subscriber = tracing_subscriber::registry().with(filter("trace")).with(heard.clone());
        tracing::subscriber::with_default(subscriber, || {
            tracing::error!(target: "reqwest", "https://api.telegram.org/bot1:token/getMe");
            tracing::error!(target: "teloxide_core::net", "1:token");
            tracing::error!(target: "slack_morphism", "xoxb-token");
            tracing::error!(target: "twilight_http::client", "Bot token");
            tracing::trace!(target: "relay::engine", "ours");
        });
        assert_eq!(*heard.0.lock().unwrap(), ["relay::engine"]);
    }
}
