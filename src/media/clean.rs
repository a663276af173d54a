//! Takes out of pictures what cameras and programs wrote beside them: the place, the owner, the device, thumbnails of what was cut off.
//!
//! A picture is a row of pieces, each with its length before it. They are looked at as they stream by: what draws the picture is passed on
//! byte for byte, what does not is dropped, and of EXIF only the orientation is kept. So memory does not depend on the picture's
//! size, and nothing that is not known to be needed gets through; what stands behind the picture's end is dropped as well.

mod jpeg;
mod orientation;
mod png;
mod webp;

#[cfg(test)]
mod tests;

use bytes::{Bytes, BytesMut};

/// A picture whose pieces do not fit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the picture is damaged")]
pub struct Damaged;

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    /// A piece begins.
    Piece,
    /// So many bytes are passed on.
    Pass(u64),
    /// So many bytes are left out.
    Drop(u64),
    /// So many bytes are made zero, where a piece may not become shorter.
    Blank(u64),
    /// JPEG: the picture itself, up to a mark.
    Scan,
    /// The picture's end: whatever follows is left out.
    End,
}

/// What to do with the beginning of what is held.
struct Step {
    /// So many bytes of it are dealt with.
    take: usize,
    /// What is passed on in their place.
    emit: Bytes,
    /// What comes then.
    then: Doing,
}

/// The row of one format.
trait Format: Send {
    /// Looks at what begins with a piece. `None`: not enough of it.
    fn piece(&mut self, held: &[u8]) -> Result<Option<Step>, Damaged>;
}

/// Cleans one picture.
pub struct Cleaner {
    format: Box<dyn Format>,
    doing: Doing,
    held: BytesMut,
}

impl Cleaner {
    /// For a picture of this media type; `None` where it cannot be cleaned.
    pub fn for_type(mime: &str) -> Option<Self> {
        let format: Box<dyn Format> = match mime {
            "image/jpeg" => Box::new(jpeg::Jpeg::default()),
            "image/png" => Box::new(png::Png::default()),
            "image/webp" => Box::new(webp::Webp::default()),
            _ => return None,
        };
        Some(Self { format, doing: Doing::Piece, held: BytesMut::new() })
    }

    /// The next bytes in, what is left of them out.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Bytes>, Damaged> {
        self.held.extend_from_slice(bytes);
        let mut out = Vec::new();
        loop {
            let held = self.held.len() as u64;
            match self.doing {
                Doing::End => {
                    self.held.clear();
                    return Ok(out);
                }
                Doing::Pass(0) | Doing::Drop(0) | Doing::Blank(0) => self.doing = Doing::Piece,
                _ if held == 0 => return Ok(out),
                Doing::Pass(left) => {
                    let now = left.min(held);
                    out.push(self.held.split_to(now as usize).freeze());
                    self.doing = Doing::Pass(left - now);
                }
                Doing::Drop(left) => {
                    let now = left.min(held);
                    drop(self.held.split_to(now as usize));
                    self.doing = Doing::Drop(left - now);
                }
                Doing::Blank(left) => {
                    let now = left.min(held);
                    drop(self.held.split_to(now as usize));
                    out.push(vec![0; now as usize].into());
                    self.doing = Doing::Blank(left - now);
                }
                Doing::Scan => match jpeg::scanned(&self.held) {
                    (0, false) => return Ok(out),
                    (now, ended) => {
                        if now > 0 {
                            out.push(self.held.split_to(now).freeze());
                        }
                        if ended {
                            self.doing = Doing::Piece;
                        }
                    }
                },
                Doing::Piece => match self.format.piece(&self.held)? {
                    None => return Ok(out),
                    Some(step) => {
                        drop(self.held.split_to(step.take));
                        if !step.emit.is_empty() {
                            out.push(step.emit);
                        }
                        self.doing = step.then;
                    }
                },
            }
        }
    }
}
