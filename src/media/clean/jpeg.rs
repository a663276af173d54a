//! JPEG: ITU T.81, annex B, <https://www.w3.org/Graphics/JPEG/itu-t81.pdf>.

use super::{Damaged, Doing, Format, Step, orientation};
use bytes::Bytes;

const MARK: u8 = 0xff;
const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const TEM: u8 = 0x01;
const EXIF: &[u8] = b"Exif\0\0";

/// A row of segments, then the picture.
#[derive(Default)]
pub(super) struct Jpeg {
    has_begun: bool,
    is_turned: bool,
}

impl Format for Jpeg {
    fn piece(&mut self, held: &[u8]) -> Result<Option<Step>, Damaged> {
        let [MARK, mark, rest @ ..] = held else {
            return if held.len() < 2 && held.first().is_none_or(|byte| *byte == MARK) {
                Ok(None)
            } else {
                Err(Damaged)
            };
        };
        if !self.has_begun && *mark != SOI {
            return Err(Damaged);
        }
        self.has_begun = true;
        match *mark {
            // A mark may have more of these before it.
            MARK => Ok(Some(Step { take: 1, emit: Bytes::new(), then: Doing::Piece })),
            EOI => Ok(Some(Step { take: 2, emit: Bytes::from_static(&[MARK, EOI]), then: Doing::End })),
            SOI | TEM | 0xd0..=0xd7 => {
                Ok(Some(Step { take: 2, emit: Bytes::copy_from_slice(&[MARK, *mark]), then: Doing::Piece }))
            }
            0x00 => Err(Damaged),
            _ => self.segment(*mark, held, rest),
        }
    }
}

impl Jpeg {
    fn segment(&mut self, mark: u8, held: &[u8], rest: &[u8]) -> Result<Option<Step>, Damaged> {
        let [high, low, body @ ..] = rest else { return Ok(None) };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        // The length counts itself.
        let inner = length.checked_sub(2).ok_or(Damaged)?;
        let whole = 2 + length;
        let passed = Step { take: 0, emit: Bytes::new(), then: Doing::Pass(whole as u64) };
        let dropped = Step { take: 0, emit: Bytes::new(), then: Doing::Drop(whole as u64) };
        let wanted: &[u8] = match mark {
            SOS => {
                let Some(header) = held.get(..whole) else { return Ok(None) };
                let emit = Bytes::copy_from_slice(header);
                return Ok(Some(Step { take: whole, emit, then: Doing::Scan }));
            }
            // Which way up it is: the first word of it counts.
            0xe1 => {
                let Some(segment) = body.get(..inner) else { return Ok(None) };
                let turned =
                    segment.strip_prefix(EXIF).and_then(orientation::read).filter(|_| !self.is_turned);
                let emit = turned.map(exif).unwrap_or_default();
                self.is_turned |= turned.is_some();
                return Ok(Some(Step { take: whole, emit, then: Doing::Piece }));
            }
            // How it is to be drawn: JFIF, the colours' profile, Adobe's way of colours.
            0xe0 => b"JFIF\0",
            0xe2 => b"ICC_PROFILE\0",
            0xee => b"Adobe",
            0xe3..=0xef | 0xfe => return Ok(Some(dropped)),
            // Tables and frames.
            0xc0..=0xcf | 0xdb..=0xdf => return Ok(Some(passed)),
            _ => return Ok(Some(dropped)),
        };
        if inner < wanted.len() {
            return Ok(Some(dropped));
        }
        Ok(body.get(..wanted.len()).map(|start| if start == wanted { passed } else { dropped }))
    }
}

fn exif(orientation: u8) -> Bytes {
    let tiff = orientation::written(orientation);
    let length = (2 + EXIF.len() + tiff.len()) as u16;
    [&[MARK, 0xe1], length.to_be_bytes().as_slice(), EXIF, &tiff].concat().into()
}

/// How many bytes of the picture itself begin here, and whether a mark stands behind them that ends this scan.
pub(super) fn scanned(held: &[u8]) -> (usize, bool) {
    let mut at = 0;
    while let Some(next) = held[at..].iter().position(|byte| *byte == MARK) {
        at += next;
        match held.get(at + 1) {
            None => return (at, false),
            // A byte that looks like a mark, restarts, padding.
            Some(0x00 | 0xd0..=0xd7) => at += 2,
            Some(&MARK) => at += 1,
            Some(_) => return (at, true),
        }
    }
    (held.len(), false)
}
