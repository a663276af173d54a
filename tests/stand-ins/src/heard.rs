//! What a server has read off its sockets, byte by byte, for tests that ask what reached a platform.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// More than this is not kept, in bytes: whoever asks for so much asks wrongly.
const MOST: usize = 64 << 20;

/// What was read since somebody began to listen. Clones hear the same.
#[derive(Debug, Clone, Default)]
pub struct Heard(Arc<Mutex<Option<Vec<u8>>>>);

impl Heard {
    /// Begins to listen, or begins anew.
    pub fn begin(&self) {
        *self.kept() = Some(Vec::new());
    }

    /// Whether any of what was read since then has these bytes in it: as they are, escaped as in a URL or in JSON.
    ///
    /// # Panics
    /// When nobody has begun, or when more came than is kept.
    pub fn has(&self, text: &str) -> bool {
        let kept = self.kept();
        let kept = kept.as_ref().expect("somebody listens");
        assert!(kept.len() < MOST, "more came than is kept");
        let ways = [
            text.to_owned(),
            percent(text),
            percent(text).replace("%20", "+"),
            serde_json::to_string(text).unwrap_or_default().trim_matches('"').to_owned(),
        ];
        ways.iter().any(|way| kept.windows(way.len().max(1)).any(|window| window == way.as_bytes()))
    }

    /// How often these bytes were read since then, as they are.
    pub fn times(&self, text: &str) -> usize {
        let kept = self.kept();
        let kept = kept.as_deref().unwrap_or_default();
        kept.windows(text.len().max(1)).filter(|window| *window == text.as_bytes()).count()
    }

    /// How much was read since then, in bytes.
    pub fn len(&self) -> usize {
        self.kept().as_ref().map_or(0, Vec::len)
    }

    /// Whether nothing was.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn add(&self, bytes: &[u8]) {
        if let Some(kept) = self.kept().as_mut() {
            let room = MOST.saturating_sub(kept.len());
            kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Option<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_found_however_it_is_written() {
        let heard = Heard::default();
        heard.add(b"before");
        heard.begin();
        assert!(heard.is_empty());
        heard.add(b"POST /x?text=Ada%20Owl HTTP/1.1\r\n\r\n{\"text\":\"a \\\"b\\\" c\"}");
        assert!(heard.has("Ada Owl") && heard.has("a \"b\" c") && heard.has("POST") && !heard.has("before"));
        assert_eq!((heard.times("/x"), heard.times("text"), heard.times("Ada Owl")), (1, 2, 0));
    }
}
