//! The one thing of EXIF that a picture needs: which way up it is.

use std::ops::Range;

/// Tag of the orientation in EXIF 2.32, 4.6.4: <https://www.cipa.jp/std/documents/e/DC-X008-Translation-2019-E.pdf>.
const ORIENTATION: u16 = 0x0112;
/// More entries than any camera writes.
const MOST_ENTRIES: u16 = 512;
/// Larger blocks of EXIF are not looked into; in JPEG none can be.
pub const LARGEST: usize = 64 * 1024;
/// Length of what [`written`] makes.
pub const WRITTEN: usize = 26;

/// Which way up (2 to 8), as a block of TIFF says; `None` where it says nothing, or that all is well.
pub fn read(tiff: &[u8]) -> Option<u8> {
    let big = match tiff.get(..4)? {
        b"II*\0" => false,
        b"MM\0*" => true,
        _ => return None,
    };
    let bytes = |range: Range<usize>| tiff.get(range);
    let short = |at: usize| {
        let pair: [u8; 2] = bytes(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) })
    };
    let four: [u8; 4] = bytes(4..8)?.try_into().ok()?;
    let first = (if big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }) as usize;
    let entries = short(first)?.min(MOST_ENTRIES);
    (0..usize::from(entries)).find_map(|entry| {
        let at = first.checked_add(2 + entry * 12)?;
        let value = (short(at)? == ORIENTATION).then(|| short(at.checked_add(8)?)).flatten()?;
        u8::try_from(value).ok().filter(|value| (2..=8).contains(value))
    })
}

/// A block of TIFF that says nothing else.
pub fn written(orientation: u8) -> [u8; WRITTEN] {
    let mut tiff = *b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\0\0\0\0\0\0\0\0";
    tiff[18] = orientation;
    tiff
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_written_is_read() {
        for orientation in 0..=20 {
            let expected = (2..=8).contains(&orientation).then_some(orientation);
            assert_eq!(read(&written(orientation)), expected);
        }
        let big =
            b"MM\0*\0\0\0\x08\0\x02\x01\x0f\0\x02\0\0\0\x01A\0\0\0\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        assert_eq!(read(big), Some(6));
        assert_eq!(read(b"II*\0\xff\xff\xff\xff"), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(tail in proptest::collection::vec(any::<u8>(), 0..64)) {
            for start in [b"II*\0", b"MM\0*"] {
                read(&[start.as_slice(), &tail].concat());
            }
        }
    }
}
