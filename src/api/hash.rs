//! Hashes, as hexadecimal digits.

use ring::digest::{SHA256, digest};

/// SHA-256 of these bytes: 64 digits.
pub fn sha256(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SHA-256 of parts that cannot be taken for other parts, cut to 32 digits: an id that the same parts always have.
pub fn id(parts: &[&str]) -> String {
    let parts: String = parts.iter().map(|part| format!("{}:{part}", part.len())).collect();
    sha256(parts.as_bytes()).chars().take(32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart() {
        assert_eq!(id(&["a", "b"]), id(&["a", "b"]));
        let all = [id(&["a", "b"]), id(&["ab", ""]), id(&["", "ab"]), id(&["a:b"]), id(&["1:a1:b"])];
        for (at, one) in all.iter().enumerate() {
            assert!(one.len() == 32 && !all[at + 1..].contains(one), "{one}");
        }
    }
}
