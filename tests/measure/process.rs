//! A running Relay, seen through `/proc` (proc(5)).

use crate::rig::Trouble;
use std::process::Child;
use std::time::Duration;

/// Clock ticks a second in `/proc/PID/stat`: USER_HZ, 100 on every Linux that Relay runs on.
const TICKS: u32 = 100;

/// The process. It ends with the value.
pub struct Running(pub Child);

impl Running {
    /// Resident memory in KiB.
    pub fn resident_kib(&self) -> Result<f64, Trouble> {
        let status = self.read("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.ok_or_else(|| Trouble("/proc tells no resident memory".into()))
    }

    /// User and system time so far, of all threads.
    pub fn cpu(&self) -> Result<Duration, Trouble> {
        let stat = self.read("stat")?;
        // The name stands in parentheses and may contain anything; utime and stime are the 14th and 15th field.
        let after = stat.rsplit_once(')').map(|(_, after)| after).unwrap_or_default();
        let field =
            |at: usize| after.split_whitespace().nth(at - 3).and_then(|text| text.parse::<u32>().ok());
        match (field(14), field(15)) {
            (Some(user), Some(system)) => Ok(Duration::from_secs(1) * (user + system) / TICKS),
            _ => Err(Trouble("/proc tells no CPU time".into())),
        }
    }

    fn read(&self, file: &str) -> Result<String, Trouble> {
        let path = format!("/proc/{}/{file}", self.0.id());
        std::fs::read_to_string(&path).map_err(|error| Trouble(format!("{path}: {error}")))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
