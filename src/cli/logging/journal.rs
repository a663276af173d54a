//! Logs to systemd's journal, with the fields of each event as fields there.
//! <https://systemd.io/JOURNAL_NATIVE_PROTOCOL/>

use std::fmt::{self, Write};
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::linux::fs::MetadataExt;
use tracing::field::{Field, Value, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// Before the names of the fields: `RELAY_ACCOUNT`, `RELAY_ROOM`.
const PREFIX: &str = "RELAY";

/// Whether standard error goes to the journal, by what systemd says in `JOURNAL_STREAM` (systemd.exec(5)): device and
/// inode. Only then is nobody else reading it.
pub fn is_connected() -> bool {
    let Ok(said) = std::env::var("JOURNAL_STREAM") else {
        return false;
    };
    let standard_error = io::stderr().as_fd().try_clone_to_owned().map(File::from);
    standard_error.is_ok_and(|file| is_stream(&said, &file))
}

/// Whether `DEVICE:INODE` is this file.
fn is_stream(said: &str, file: &File) -> bool {
    let Some((device, inode)) = said.split_once(':') else {
        return false;
    };
    match (device.parse::<u64>(), inode.parse::<u64>(), file.metadata()) {
        (Ok(device), Ok(inode), Ok(found)) => (found.st_dev(), found.st_ino()) == (device, inode),
        _ => false,
    }
}

/// The layer, if the journal takes entries.
pub fn layer() -> io::Result<WholeMessages<tracing_journald::Layer>> {
    let layer = tracing_journald::layer()?;
    let priorities = tracing_journald::PriorityMappings {
        info: tracing_journald::Priority::Informational,
        debug: tracing_journald::Priority::Debug,
        ..tracing_journald::PriorityMappings::new()
    };
    let layer = layer.with_priority_mappings(priorities).with_field_prefix(Some(PREFIX.to_owned()));
    Ok(WholeMessages(layer))
}

/// Puts an event's fields into its message too: journalctl shows the message alone, and a reason belongs to it.
pub struct WholeMessages<L>(L);

impl<S, L> Layer<S> for WholeMessages<L>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    L: Layer<S>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        self.0.on_new_span(attributes, id, context);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        self.0.on_record(id, values, context);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let fields = event.metadata().fields();
        let mut seen = Seen { message: String::new(), rest: String::new(), values: vec![None; fields.len()] };
        event.record(&mut seen);
        let whole = seen.message + &seen.rest;
        let values: Vec<Option<&dyn Value>> = fields
            .iter()
            .zip(&seen.values)
            .map(|(field, value)| match (field.name(), value) {
                ("message", _) => Some(&whole as &dyn Value),
                (_, Some(value)) => Some(value as &dyn Value),
                (_, None) => None,
            })
            .collect();
        self.0.on_event(&Event::new(event.metadata(), &fields.value_set_all(&values)), context);
    }
}

/// An event's fields as text.
struct Seen {
    message: String,
    /// ` name=value` each, as standard error shows them.
    rest: String,
    /// By the field's place among all.
    values: Vec<Option<String>>,
}

impl Seen {
    fn take(&mut self, field: &Field, shown: String, value: String) {
        if field.name() == "message" {
            self.message = value;
            return;
        }
        // Writing into a String cannot fail.
        let _ = write!(self.rest, " {}={shown}", field.name());
        if let Some(place) = self.values.get_mut(field.index()) {
            *place = Some(value);
        }
    }
}

impl Visit for Seen {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, format!("{value:?}"), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        self.take(field, text.clone(), text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::prelude::*;

    #[test]
    fn the_journal_is_known_by_device_and_inode() {
        let file = tempfile::tempfile().unwrap();
        let found = file.metadata().unwrap();
        let (device, inode) = (found.st_dev(), found.st_ino());
        let cases = [
            (format!("{device}:{inode}"), true),
            (format!("{device}:{}", inode + 1), false),
            (format!("{}:{inode}", device + 1), false),
            (format!("{device}"), false),
            (format!("{device}:"), false),
            (format!(":{inode}"), false),
            (format!("{device}:{inode}:0"), false),
            (String::new(), false),
        ];
        for (said, is_it) in cases {
            assert_eq!(is_stream(&said, &file), is_it, "{said:?}");
        }
    }

    /// What the journal's layer would be handed.
    #[derive(Clone, Default)]
    struct Handed(Arc<Mutex<Vec<String>>>);

    impl<S: Subscriber> Layer<S> for Handed {
        fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
            self.0.lock().unwrap().push(attributes.metadata().name().to_owned());
        }

        fn on_record(&self, _: &Id, _: &Record<'_>, _: Context<'_, S>) {
            self.0.lock().unwrap().push("recorded".to_owned());
        }

        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            struct All(String);
            impl Visit for All {
                fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
                    let _ = write!(self.0, "[{} {value:?}]", field.name());
                }
            }
            let mut all = All(String::new());
            event.record(&mut all);
            self.0.lock().unwrap().push(all.0);
        }
    }

    #[test]
    fn a_message_has_its_reason_and_each_field_is_there_too() {
        let handed = Handed::default();
        let subscriber = tracing_subscriber::registry().with(WholeMessages(handed.clone()));
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(account = %"owls", reason = "HTTP 502", count = 3, "not connected");
            tracing::info!("ready");
            // The journal's layer panics at an event in a span that it was not told of.
            let span = tracing::info_span!("span", late = tracing::field::Empty);
            span.record("late", 1);
        });
        let whole = r#"[message "not connected account=owls reason=\"HTTP 502\" count=3"]"#;
        let fields = r#"[account "owls"][reason "HTTP 502"][count "3"]"#;
        let handed = handed.0.lock().unwrap();
        assert!(handed[0].contains(whole) && handed[0].contains(fields), "{handed:?}");
        assert_eq!(handed[1..], [r#"[message "ready"]"#, "span", "recorded"]);
    }
}
