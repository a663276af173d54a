//! Transport compression: one stream for the whole connection, flushed after each message.
//!
//! <https://discord.com/developers/docs/events/gateway#transport-compression>

use axum::extract::ws::Message;
use flate2::write::ZlibEncoder;
use std::io::{self, Write};

/// The outgoing side of a connection.
pub enum Encoder {
    /// None: text frames.
    Plain,
    /// `compress=zlib-stream`; every message ends in `00 00 FF FF`.
    Zlib(Box<ZlibEncoder<Vec<u8>>>),
    /// `compress=zstd-stream`.
    Zstd(Box<zstd::stream::write::Encoder<'static, Vec<u8>>>),
}

impl Encoder {
    /// By the name in the URL's `compress`; unknown names are not compressed.
    pub fn new(name: Option<&str>) -> io::Result<Self> {
        Ok(match name {
            Some("zlib-stream") => {
                Self::Zlib(Box::new(ZlibEncoder::new(Vec::new(), flate2::Compression::default())))
            }
            Some("zstd-stream") => {
                // 0 is zstd's default level.
                Self::Zstd(Box::new(zstd::stream::write::Encoder::new(Vec::new(), 0)?))
            }
            _ => Self::Plain,
        })
    }

    /// One message, as it goes over the wire.
    pub fn frame(&mut self, text: &str) -> io::Result<Message> {
        let packed = match self {
            Self::Plain => return Ok(Message::text(text)),
            Self::Zlib(stream) => {
                stream.write_all(text.as_bytes())?;
                stream.flush()?;
                std::mem::take(stream.get_mut())
            }
            Self::Zstd(stream) => {
                stream.write_all(text.as_bytes())?;
                stream.flush()?;
                std::mem::take(stream.get_mut())
            }
        };
        Ok(Message::binary(packed))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Read;

    fn bytes(message: Message) -> Vec<u8> {
        let Message::Binary(bytes) = message else { panic!("not compressed") };
        bytes.to_vec()
    }

    #[test]
    fn both_streams_can_be_read_message_by_message() {
        let texts = ["{}".to_owned(), "x".repeat(300_000), "ß".repeat(7)];
        let mut zlib = Encoder::new(Some("zlib-stream")).unwrap();
        let mut inflate = flate2::write::ZlibDecoder::new(Vec::new());
        let (mut zstd, mut packed) = (Encoder::new(Some("zstd-stream")).unwrap(), Vec::new());
        for text in &texts {
            let frame = bytes(zlib.frame(text).unwrap());
            assert!(frame.ends_with(&[0, 0, 0xff, 0xff]));
            inflate.write_all(&frame).unwrap();
            inflate.flush().unwrap();
            assert_eq!(std::mem::take(inflate.get_mut()), text.as_bytes());
            packed.extend(bytes(zstd.frame(text).unwrap()));
        }
        let whole: String = texts.concat();
        let mut read = vec![0; whole.len()];
        zstd::stream::read::Decoder::new(packed.as_slice()).unwrap().read_exact(&mut read).unwrap();
        assert_eq!(read, whole.as_bytes());
    }
}
