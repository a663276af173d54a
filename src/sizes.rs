//! Sizes as people write them.

/// Names of units, largest first, and how many bytes they are.
const UNITS: [(&str, u64); 4] =
    [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];

/// Such as `12.3 MB`.
pub fn in_words(bytes: u64) -> String {
    match UNITS.into_iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) => {
            let tenths = bytes / (unit / 10);
            let rest = if tenths.is_multiple_of(10) { String::new() } else { format!(".{}", tenths % 10) };
            format!("{}{rest} {name}", tenths / 10)
        }
        None => format!("{bytes} bytes"),
    }
}

/// Reads `500 MB` or `2GB`; `None` for anything else.
pub fn read(text: &str) -> Option<u64> {
    let digits = text.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.trim()[digits.len()..].to_ascii_lowercase();
    let (_, unit) = UNITS.into_iter().find(|(name, _)| name.to_ascii_lowercase() == unit)?;
    digits.trim().parse::<u64>().ok()?.checked_mul(unit).filter(|bytes| *bytes > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let words = [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1_000, "1 kB"),
            (12_345_678, "12.3 MB"),
            (2_000_000_000, "2 GB"),
            (1_999_999, "1.9 MB"),
        ];
        for (bytes, expected) in words {
            assert_eq!(in_words(bytes), expected);
        }
        let read_as = [
            ("500 MB", Some(500_000_000)),
            ("2gb", Some(2_000_000_000)),
            (" 1 TB ", Some(1_000_000_000_000)),
            ("64 kB", Some(64_000)),
            ("0 MB", None),
            ("10", None),
            ("ten MB", None),
            ("1.5 GB", None),
            ("-1 GB", None),
            ("99999999999 TB", None),
            ("", None),
            ("ä", None),
        ];
        for (text, expected) in read_as {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
