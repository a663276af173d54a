//! A process, seen through `/proc` (proc(5)).

use std::path::PathBuf;
use std::time::Duration;

/// Clock ticks a second in `/proc/PID/stat`: USER_HZ, 100 on every Linux that Relay runs on.
const TICKS: u32 = 100;

/// Which process.
#[derive(Debug, Clone, PartialEq)]
pub struct Process(PathBuf);

/// Why nothing is known of it.
#[derive(Debug)]
pub struct NotTold(String);

impl std::fmt::Display for NotTold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Process {
    /// By its number.
    pub fn of(id: u32) -> Self {
        Self(PathBuf::from(format!("/proc/{id}")))
    }

    /// Resident memory in KiB.
    pub fn resident_kib(&self) -> Result<f64, NotTold> {
        let status = self.read("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.ok_or_else(|| NotTold("/proc tells no resident memory".into()))
    }

    /// User and system time so far, of all threads.
    pub fn cpu(&self) -> Result<Duration, NotTold> {
        let stat = self.read("stat")?;
        // The name stands in parentheses and may contain anything; utime and stime are the 14th and 15th field.
        let after = stat.rsplit_once(')').map(|(_, after)| after).unwrap_or_default();
        let field =
            |at: usize| after.split_whitespace().nth(at - 3).and_then(|text| text.parse::<u32>().ok());
        match (field(14), field(15)) {
            (Some(user), Some(system)) => Ok(Duration::from_secs(1) * (user + system) / TICKS),
            _ => Err(NotTold("/proc tells no CPU time".into())),
        }
    }

    fn read(&self, file: &str) -> Result<String, NotTold> {
        let path = self.0.join(file);
        std::fs::read_to_string(&path).map_err(|error| NotTold(format!("{}: {error}", path.display())))
    }
}
