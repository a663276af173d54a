//! WebP: <https://developers.google.com/speed/webp/docs/riff_container>.
//!
//! The whole's length stands at its beginning, so no piece may become shorter: what is left out becomes a piece of zeros that no program knows.

use super::{Damaged, Doing, Format, Step, orientation};
use bytes::Bytes;

/// What draws the picture and its frames, and how its colours are meant.
const KEPT: &[&[u8; 4]] = &[b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"];
/// The kind of a piece that means nothing.
const NOTHING: &[u8; 4] = b"JUNK";
/// In the flags of `VP8X`: there is XMP.
const HAS_XMP: u8 = 0b100;

/// A header and a row of chunks.
#[derive(Default)]
pub(super) struct Webp {
    has_begun: bool,
    left: u64,
}

impl Format for Webp {
    fn piece(&mut self, held: &[u8]) -> Result<Option<Step>, Damaged> {
        if !self.has_begun {
            return self.header(held);
        }
        if self.left < 8 {
            return Ok(Some(Step { take: 0, emit: Bytes::new(), then: Doing::End }));
        }
        let Some((start, body)) = held.split_first_chunk::<8>() else { return Ok(None) };
        let [a, b, c, d, length @ ..] = start;
        let kind = [*a, *b, *c, *d];
        let length = u64::from(u32::from_le_bytes(*length));
        // Of an odd length, with a byte behind it.
        let whole = length + length % 2 + 8;
        let left = self.left.checked_sub(whole).ok_or(Damaged)?;
        let step = match &kind {
            b"VP8X" => {
                let Some(flags) = body.first().filter(|_| length > 0) else {
                    return if length == 0 { Err(Damaged) } else { Ok(None) };
                };
                let emit = [start.as_slice(), &[flags & !HAS_XMP]].concat();
                Step { take: 9, emit: emit.into(), then: Doing::Pass(whole - 9) }
            }
            b"EXIF" if length >= orientation::WRITTEN as u64 && length <= orientation::LARGEST as u64 => {
                let Some(block) = body.get(..length as usize) else { return Ok(None) };
                let tiff = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
                let emit =
                    [start.as_slice(), &orientation::written(orientation::read(tiff).unwrap_or(1))].concat();
                let then = Doing::Blank(whole - emit.len() as u64);
                Step { take: emit.len(), emit: emit.into(), then }
            }
            kind if KEPT.contains(&kind) => Step { take: 0, emit: Bytes::new(), then: Doing::Pass(whole) },
            _ => {
                let emit = [NOTHING.as_slice(), &start[4..]].concat();
                Step { take: 8, emit: emit.into(), then: Doing::Blank(whole - 8) }
            }
        };
        self.left = left;
        Ok(Some(step))
    }
}

impl Webp {
    fn header(&mut self, held: &[u8]) -> Result<Option<Step>, Damaged> {
        let Some(header) = held.get(..12) else { return Ok(None) };
        let [b'R', b'I', b'F', b'F', a, b, c, d, b'W', b'E', b'B', b'P'] = header else {
            return Err(Damaged);
        };
        let length = u64::from(u32::from_le_bytes([*a, *b, *c, *d]));
        // It counts the four letters.
        self.left = length.checked_sub(4).ok_or(Damaged)?;
        self.has_begun = true;
        Ok(Some(Step { take: 12, emit: Bytes::copy_from_slice(header), then: Doing::Piece }))
    }
}
