//! A person before a real terminal (a pseudo-terminal of 80 columns) in which a command runs.

use pty_process::Size;
use pty_process::blocking::{Command, Pty, open};
use std::io::{Read as _, Write as _};
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Longest wait for something on the screen.
const PATIENCE: Duration = Duration::from_secs(40);
const ROWS: u16 = 50;
const COLUMNS: u16 = 80;

/// Keys.
pub const ENTER: &str = "\r";
pub const DOWN: &str = "\x1b[B";
pub const SPACE: &str = " ";
pub const CTRL_C: &str = "\x03";

/// The terminal.
pub struct Terminal {
    pty: Arc<Pty>,
    child: Child,
    shown: Arc<Mutex<Shown>>,
    /// How much had been shown when a key was pressed last.
    since: usize,
}

struct Shown {
    /// Everything that was ever written to it.
    all: Vec<u8>,
    screen: vt100::Parser,
}

impl Terminal {
    /// Starts a command in it.
    pub fn run(command: Command) -> Self {
        let (pty, pts) = open().expect("a pseudo-terminal");
        pty.resize(Size::new(ROWS, COLUMNS)).expect("a size");
        let command =
            command.env("TERM", "xterm-256color").env("LANG", "C.UTF-8").env_remove("STATE_DIRECTORY");
        let child = command.spawn(pts).expect("the binary runs");
        let shown =
            Arc::new(Mutex::new(Shown { all: Vec::new(), screen: vt100::Parser::new(ROWS, COLUMNS, 0) }));
        let pty = Arc::new(pty);
        let (reads, writes) = (pty.clone(), shown.clone());
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // It ends with an error when the command has.
            while let Ok(length) = (&*reads).read(&mut buffer) {
                let mut shown = writes.lock().expect("nobody panicked");
                shown.all.extend(&buffer[..length]);
                shown.screen.process(&buffer[..length]);
            }
        });
        Self { pty, child, shown, since: 0 }
    }

    /// Presses keys, one after the other.
    pub fn press(&mut self, keys: &[&str]) {
        self.since = self.shown.lock().expect("nobody panicked").all.len();
        for key in keys {
            (&*self.pty).write_all(key.as_bytes()).expect("it takes keys");
            // As fast as nobody types, and so that an arrow is one key.
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Waits until words are shown that were not there before the last key.
    pub fn see(&self, words: &str) {
        let began = Instant::now();
        while !plain(&self.shown.lock().expect("nobody panicked").all[self.since..]).contains(words) {
            assert!(began.elapsed() < PATIENCE, "{words:?} is shown; there is:\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(20));
        }
        // Until what is to be typed next is waited for.
        std::thread::sleep(Duration::from_millis(60));
    }

    /// What is on the screen.
    pub fn screen(&self) -> String {
        self.shown.lock().expect("nobody panicked").screen.screen().contents()
    }

    /// Everything that was ever shown, without colours.
    pub fn all(&self) -> String {
        plain(&self.shown.lock().expect("nobody panicked").all)
    }

    /// Waits for the command's end; its exit code.
    pub fn ends(&mut self) -> Option<i32> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                std::thread::sleep(Duration::from_millis(50));
                return status.code();
            }
            assert!(began.elapsed() < PATIENCE, "it ends; there is:\n{}", self.screen());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Without what moves the cursor and colours the text.
fn plain(bytes: &[u8]) -> String {
    let mut plain = String::new();
    let text = String::from_utf8_lossy(bytes);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\x1b' => {
                // A control sequence ends with a letter.
                chars.by_ref().find(|c| c.is_ascii_alphabetic());
            }
            c => plain.push(c),
        }
    }
    plain
}
