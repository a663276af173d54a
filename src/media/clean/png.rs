//! PNG: <https://www.w3.org/TR/png-3/>.

use super::{Damaged, Doing, Format, Step, orientation};
use bytes::Bytes;

const SIGNATURE: &[u8; 8] = b"\x89PNG\r\n\x1a\n";

/// What draws the picture and its frames, and how its colours are meant.
const KEPT: &[&[u8; 4]] = &[
    b"IHDR", b"PLTE", b"IDAT", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV",
    b"cLLI", b"bKGD", b"hIST", b"pHYs", b"acTL", b"fcTL", b"fdAT",
];

/// A signature and a row of chunks.
#[derive(Default)]
pub(super) struct Png {
    has_begun: bool,
}

impl Format for Png {
    fn piece(&mut self, held: &[u8]) -> Result<Option<Step>, Damaged> {
        let Some((start, body)) = held.split_first_chunk::<8>() else { return Ok(None) };
        if !self.has_begun {
            self.has_begun = true;
            let known = start == SIGNATURE;
            let emit = Bytes::from_static(SIGNATURE);
            return known.then_some(Some(Step { take: 8, emit, then: Doing::Piece })).ok_or(Damaged);
        }
        let [a, b, c, d, kind @ ..] = start;
        let length = u32::from_be_bytes([*a, *b, *c, *d]);
        if length > i32::MAX as u32 || !kind.iter().all(u8::is_ascii_alphabetic) {
            return Err(Damaged);
        }
        // With its length, its kind and its check.
        let whole = u64::from(length) + 12;
        let then = |then| Ok(Some(Step { take: 0, emit: Bytes::new(), then }));
        match kind {
            b"IEND" => {
                let emit = Bytes::from_static(b"\0\0\0\0IEND\xaeB`\x82");
                Ok(Some(Step { take: 8, emit, then: Doing::End }))
            }
            b"eXIf" if length as usize <= orientation::LARGEST => {
                let Some(tiff) = body.get(..length as usize) else { return Ok(None) };
                let emit = orientation::read(tiff).map(exif).unwrap_or_default();
                Ok(Some(Step { take: 8, emit, then: Doing::Drop(whole - 8) }))
            }
            kind if KEPT.contains(&kind) => then(Doing::Pass(whole)),
            _ => then(Doing::Drop(whole)),
        }
    }
}

fn exif(orientation: u8) -> Bytes {
    let tiff = orientation::written(orientation);
    let checked = [b"eXIf".as_slice(), &tiff].concat();
    let check = crc32fast::hash(&checked).to_be_bytes();
    [(tiff.len() as u32).to_be_bytes().as_slice(), &checked, &check].concat().into()
}
