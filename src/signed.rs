//! Signatures of webhooks, by Standard Webhooks: HMAC-SHA256 over an id, a time and the raw bytes of the body
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::ops::RangeInclusive;

/// What a secret begins with, so that people and scanners know what they see.
pub const MARK: &str = "whsec_";
/// How many random bytes a secret has.
const BYTES: RangeInclusive<usize> = 24..=64;
/// So many signatures of one call are looked at: a secret that is being changed makes two.
const MOST: usize = 8;

/// The secret that two sides of a webhook share.
#[derive(Clone)]
pub struct Key(hmac::Key);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    /// From `whsec_` and 24 to 64 bytes in base64; none where it is not that.
    pub fn read(secret: &SecretString) -> Option<Self> {
        let bytes = STANDARD.decode(secret.expose_secret().strip_prefix(MARK)?).ok()?;
        BYTES.contains(&bytes.len()).then(|| Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// Whether it signs like another one.
    pub fn is_same(&self, other: &Self) -> bool {
        self.is_good("same", "0", &[], &other.sign("same", 0, &[]))
    }

    /// The signature of a call. `at` is in seconds since 1970.
    pub fn sign(&self, id: &str, at: i64, body: &[u8]) -> String {
        let tag = hmac::sign(&self.0, &content(id, &at.to_string(), body));
        format!("v1,{}", STANDARD.encode(tag.as_ref()))
    }

    /// Whether one of a call's signatures is good, in a time that tells nothing of the right one.
    pub fn is_good(&self, id: &str, at: &str, body: &[u8], signatures: &str) -> bool {
        let content = content(id, at, body);
        signatures.split(' ').take(MOST).any(|signature| {
            let tag = signature.strip_prefix("v1,").and_then(|tag| STANDARD.decode(tag).ok());
            tag.is_some_and(|tag| hmac::verify(&self.0, &content, &tag).is_ok())
        })
    }
}

fn content(id: &str, at: &str, body: &[u8]) -> Vec<u8> {
    [id.as_bytes(), b".", at.as_bytes(), b".", body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(secret: &str) -> Option<Key> {
        Key::read(&secret.to_owned().into())
    }

    #[test]
    fn a_signature_is_that_of_the_specification() {
        // Computed with Python's hmac module.
        let key = key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = br#"{"test": 2432232314}"#;
        let signed = key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        assert_eq!(format!("{key:?}"), "Key");
    }

    #[test]
    fn only_what_was_signed_is_good() {
        let key = key(&format!("{MARK}{}", STANDARD.encode([7; 32]))).unwrap();
        let other = self::key(&format!("{MARK}{}", STANDARD.encode([8; 32]))).unwrap();
        let good = key.sign("id", 5, b"body");
        let cases = [
            ("id", "5", "body", good.clone(), true),
            ("id", "5", "body", format!("v1,AAAA {good}"), true),
            ("id", "5", "body", format!("v2,AAAA v1a,x {good}"), true),
            ("di", "5", "body", good.clone(), false),
            ("id", "6", "body", good.clone(), false),
            ("id", "5", "Body", good.clone(), false),
            ("id", "5", "body", other.sign("id", 5, b"body"), false),
            ("id", "5", "body", good.replace("v1,", "v2,"), false),
            ("id", "5", "body", good[..good.len() - 4].to_owned(), false),
            ("id", "5", "body", "v1,".into(), false),
            ("id", "5", "body", String::new(), false),
            ("id", "5", "body", format!("{}{good}", "v1,AAAA ".repeat(8)), false),
        ];
        for (id, at, body, signatures, is_good) in cases {
            assert_eq!(
                key.is_good(id, at, body.as_bytes(), &signatures),
                is_good,
                "{id} {at} {body} {signatures}"
            );
        }
    }

    #[test]
    fn secrets() {
        let of = |bytes: usize| format!("{MARK}{}", STANDARD.encode(vec![1; bytes]));
        let cases = [
            (of(24), true),
            (of(64), true),
            (of(23), false),
            (of(65), false),
            (of(32).replace(MARK, ""), false),
            (format!("{MARK}not base64"), false),
            (String::new(), false),
        ];
        for (secret, is_one) in cases {
            assert_eq!(key(&secret).is_some(), is_one, "{secret}");
        }
    }
}
