//! Another clock for Relay alone, by Debian's `libfaketime`.

use std::path::PathBuf;

/// Where Debian keeps it; `MT` is the one for programs with threads.
const LIBRARY: [&str; 2] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
];

/// A clock that a test sets. It begins as the true one.
pub struct Clock {
    library: &'static str,
    folder: tempfile::TempDir,
}

impl Clock {
    /// None where the library is not installed.
    pub fn new() -> Option<Self> {
        let library = LIBRARY.into_iter().find(|path| PathBuf::from(path).exists())?;
        let clock = Self { library, folder: tempfile::tempdir().ok()? };
        clock.set("+0 x1");
        Some(clock)
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("clock")
    }

    /// As libfaketime takes it: `+3600`, `-1h`, `@1970-01-01 00:00:10`, `+0 x60`.
    pub fn set(&self, to: &str) {
        // Whole or not at all: it is read at any time.
        let unfinished = self.folder.path().join("unfinished");
        std::fs::write(&unfinished, format!("{to}\n")).expect("a file in the temporary folder");
        std::fs::rename(unfinished, self.file()).expect("the same folder");
    }

    /// The environment of a process whose every clock this is: waits follow it too.
    pub fn whole(&self) -> Vec<(String, String)> {
        let file = self.file().display().to_string();
        [
            ("LD_PRELOAD", self.library),
            ("FAKETIME_TIMESTAMP_FILE", file.as_str()),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_XRESET", "1"),
            ("NO_FAKE_STAT", "1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// The same, for the time of day alone: what a person or a time server sets.
    pub fn of_the_day(&self) -> Vec<(String, String)> {
        let mut variables = self.whole();
        variables.push(("FAKETIME_DONT_FAKE_MONOTONIC".to_owned(), "1".to_owned()));
        variables
    }
}
