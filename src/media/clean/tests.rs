//! Pictures with everything in them that cameras write, and what is left of it.

use super::*;
use image::{DynamicImage, ImageFormat, RgbImage};
use proptest::prelude::*;
use std::io::Cursor;

/// Stands in every piece that must not get through.
const SECRET: &[u8] = b"N 48.8583 E 2.2945";

fn picture() -> DynamicImage {
    RgbImage::from_fn(64, 40, |x, y| image::Rgb([x as u8 * 3, y as u8 * 5, 90])).into()
}

fn encoded(format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// EXIF with an orientation, and a place behind it.
fn exif(orientation: u8) -> Vec<u8> {
    [orientation::written(orientation).as_slice(), SECRET].concat()
}

fn segment(mark: u8, body: &[u8]) -> Vec<u8> {
    [&[0xff, mark], ((body.len() + 2) as u16).to_be_bytes().as_slice(), body].concat()
}

fn jpeg(orientation: u8) -> Vec<u8> {
    let plain = encoded(ImageFormat::Jpeg);
    let written = [
        segment(0xe1, &[b"Exif\0\0".as_slice(), &exif(orientation)].concat()),
        segment(0xe1, &[b"http://ns.adobe.com/xap/1.0/\0".as_slice(), SECRET].concat()),
        segment(0xe2, &[b"MPF\0".as_slice(), SECRET].concat()),
        segment(0xe2, &[b"ICC_PROFILE\0\x01\x01".as_slice(), b"profile"].concat()),
        segment(0xed, &[b"Photoshop 3.0\0".as_slice(), SECRET].concat()),
        segment(0xfe, SECRET),
    ];
    // A second picture behind the first, as phones write them, with all of that once more.
    [&plain[..2], &written.concat(), &plain[2..], &plain[..2], &written.concat(), &plain[2..]].concat()
}

fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let checked = [kind.as_slice(), body].concat();
    let check = crc32fast::hash(&checked).to_be_bytes();
    [(body.len() as u32).to_be_bytes().as_slice(), &checked, &check].concat()
}

fn png(orientation: u8) -> Vec<u8> {
    let plain = encoded(ImageFormat::Png);
    let written = [
        chunk(b"eXIf", &exif(orientation)),
        chunk(b"tEXt", &[b"Comment\0".as_slice(), SECRET].concat()),
        chunk(b"iTXt", &[b"XML:com.adobe.xmp\0\0\0\0\0".as_slice(), SECRET].concat()),
        chunk(b"zzZz", SECRET),
        chunk(b"pHYs", &[0, 0, 11, 19, 0, 0, 11, 19, 1]),
    ];
    // Behind the signature and IHDR.
    [&plain[..33], &written.concat(), &plain[33..], SECRET].concat()
}

fn riff(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let padding = if body.len() % 2 == 1 { [0].as_slice() } else { &[] };
    [kind.as_slice(), &(body.len() as u32).to_le_bytes(), body, padding].concat()
}

fn webp(orientation: u8) -> Vec<u8> {
    let plain = encoded(ImageFormat::WebP);
    let pieces = [
        riff(b"VP8X", &[0b1100, 0, 0, 0, 63, 0, 0, 39, 0, 0]),
        plain[12..].to_vec(),
        riff(b"EXIF", &exif(orientation)),
        riff(b"XMP ", &[SECRET, b"odd"].concat()),
        riff(b"camr", SECRET),
    ]
    .concat();
    [b"RIFF".as_slice(), &(pieces.len() as u32 + 4).to_le_bytes(), b"WEBP", &pieces, SECRET].concat()
}

fn cleaned(mime: &str, bytes: &[u8], at_a_time: usize) -> Result<Vec<u8>, Damaged> {
    let mut cleaner = Cleaner::for_type(mime).unwrap();
    let mut out = Vec::new();
    for piece in bytes.chunks(at_a_time.max(1)) {
        cleaner.push(piece)?.into_iter().for_each(|bytes| out.extend_from_slice(&bytes));
    }
    Ok(out)
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// A picture with this way up, its type and format.
type Made = (fn(u8) -> Vec<u8>, &'static str, ImageFormat);

const ALL: [Made; 3] = [
    (jpeg, "image/jpeg", ImageFormat::Jpeg),
    (png, "image/png", ImageFormat::Png),
    (webp, "image/webp", ImageFormat::WebP),
];

#[test]
fn the_place_is_gone_and_the_picture_is_the_same() {
    for (made, mime, format) in ALL {
        for orientation in [1, 3, 6, 8] {
            let before = made(orientation);
            assert!(holds(&before, SECRET));
            let after = cleaned(mime, &before, usize::MAX).unwrap();
            assert!(!holds(&after, SECRET), "{mime}");
            let decode = |bytes: &[u8]| image::load_from_memory_with_format(bytes, format).unwrap().to_rgb8();
            assert_eq!(decode(&after), decode(&encoded(format)), "{mime}");
            assert_eq!(
                cleaned(mime, &after, usize::MAX).unwrap(),
                after,
                "{mime}: what is clean stays as it is"
            );
        }
    }
}

#[test]
fn which_way_up_it_is_stays() {
    for (made, mime, _) in ALL {
        for orientation in 2..=8 {
            let after = cleaned(mime, &made(orientation), usize::MAX).unwrap();
            assert!(holds(&after, &orientation::written(orientation)), "{mime} {orientation}");
        }
        let upright = cleaned(mime, &made(1), usize::MAX).unwrap();
        assert!(mime == "image/webp" || !holds(&upright, &orientation::written(1)), "{mime}");
    }
}

#[test]
fn what_draws_the_picture_stays() {
    let after = cleaned("image/jpeg", &jpeg(6), usize::MAX).unwrap();
    assert!(holds(&after, b"ICC_PROFILE\0\x01\x01profile") && !holds(&after, b"MPF\0"));
    assert!(holds(&cleaned("image/png", &png(6), usize::MAX).unwrap(), b"pHYs"));
}

#[test]
fn however_the_bytes_come() {
    for (made, mime, _) in ALL {
        let before = made(6);
        let whole = cleaned(mime, &before, usize::MAX).unwrap();
        for at_a_time in [1, 2, 3, 7, 100, 1000] {
            assert_eq!(cleaned(mime, &before, at_a_time).unwrap(), whole, "{mime} {at_a_time}");
        }
    }
}

#[test]
fn a_picture_that_breaks_off_gives_what_there_was_and_no_more() {
    for (made, mime, _) in ALL {
        let before = made(6);
        let whole = cleaned(mime, &before, usize::MAX).unwrap();
        for length in 0..before.len() {
            let part = cleaned(mime, &before[..length], usize::MAX).unwrap();
            assert!(whole.starts_with(&part), "{mime} {length}");
        }
    }
}

#[test]
fn what_does_not_fit_together_is_damaged() {
    let cases: [(&str, &[u8]); 9] = [
        ("image/jpeg", b"\xff\xd8\xff\xe1\0\x01"),
        ("image/jpeg", b"\xff\xd8nothing"),
        ("image/jpeg", b"\xff\xe1\0\x08Exif\0\0"),
        ("image/png", b"\x89PNX\r\n\x1a\n"),
        ("image/png", b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffIDAT"),
        ("image/png", b"\x89PNG\r\n\x1a\n\0\0\0\x04ID\0T"),
        ("image/webp", b"RIFF\x40\0\0\0WAVE"),
        ("image/webp", b"RIFF\0\0\0\0WEBP"),
        ("image/webp", b"RIFF\x20\0\0\0WEBPVP8 \xff\xff\xff\x7f"),
    ];
    for (mime, bytes) in cases {
        assert_eq!(cleaned(mime, bytes, usize::MAX), Err(Damaged), "{mime} {bytes:?}");
    }
}

#[test]
fn what_is_held_back_stays_small() {
    // A chunk that never ends, and one mark after the other.
    let endless = [b"\x89PNG\r\n\x1a\n\x7f\xff\xff\xffIDAT".as_slice(), &[0; 3 << 20]].concat();
    let blank = [b"\x89PNG\r\n\x1a\n\x7f\xff\xff\xffeXIf".as_slice(), &[0; 3 << 20]].concat();
    let marks = [b"\xff\xd8".as_slice(), &[0xff; 3 << 20]].concat();
    for (mime, bytes) in [("image/png", endless), ("image/png", blank), ("image/jpeg", marks)] {
        let mut cleaner = Cleaner::for_type(mime).unwrap();
        for piece in bytes.chunks(64 << 10) {
            cleaner.push(piece).unwrap();
            assert!(cleaner.held.len() <= 128 << 10, "{mime}: {}", cleaner.held.len());
        }
    }
}

proptest! {
    /// Whatever is written over it: no panic, and nothing that was hidden comes out because of it, unless what draws the picture holds it.
    #[test]
    fn damage_never_panics(which in 0..3usize, changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), size in 1..500usize) {
        let (made, mime, _) = ALL[which];
        let mut bytes = made(6);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = cleaned(mime, &bytes, size);
    }
}
