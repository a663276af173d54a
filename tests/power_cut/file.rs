//! One file of the disk that loses its power, and what a cut does to it.

use rand::Rng;
use rand::rngs::StdRng;
use std::collections::HashMap;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

const PAGE: u64 = 4096;

/// How a cut treats what was not synced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cut {
    /// Nothing of it reached the disk.
    DropsAll,
    /// Pages at random; names in the order in which they were changed, as journalling file systems do.
    KeepsNameOrder,
    /// Pages and names at random.
    Shuffles,
    /// All but a few pages reached it.
    LeavesHoles,
}

/// What a cut did to the ledger's files.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct Harm {
    /// Pages, lengths and names that were dropped.
    pub dropped: u64,
    /// Files of which some unsynced pages were kept and others dropped.
    pub torn: u64,
}

#[derive(Default)]
pub struct File<'a> {
    pub synced: Image,
    /// Changes since, each with its number.
    pub pending: Vec<(u64, FileChange<'a>)>,
    /// Length with all changes.
    pub length: u64,
}

#[derive(Clone, Copy)]
pub enum FileChange<'a> {
    Write { at: u64, bytes: &'a [u8] },
    Length(u64),
}

#[derive(Default, Clone)]
pub struct Image {
    length: u64,
    pages: HashMap<u64, Vec<u8>>,
}

impl FileChange<'_> {
    /// Pages that it touches, each with the part of the bytes for it and the place in the page.
    fn pages(&self) -> impl Iterator<Item = (u64, usize, &[u8])> {
        let (mut at, mut rest) = match self {
            Self::Write { at, bytes } => (*at, *bytes),
            Self::Length(_) => (0, &[][..]),
        };
        std::iter::from_fn(move || {
            let within = at % PAGE;
            let count = rest.len().min((PAGE - within) as usize);
            let (part, after) = rest.split_at(count);
            let page = at / PAGE;
            (at, rest) = (at + count as u64, after);
            (count > 0).then_some((page, within as usize, part))
        })
    }

    pub fn length_after(&self, before: u64) -> u64 {
        match self {
            Self::Write { at, bytes } => before.max(at + bytes.len() as u64),
            Self::Length(length) => *length,
        }
    }
}

impl Image {
    pub fn apply(&mut self, change: &FileChange) {
        for (page, within, part) in change.pages() {
            self.put(page, within, part);
        }
        self.set_length(change.length_after(self.length));
    }

    fn put(&mut self, page: u64, within: usize, part: &[u8]) {
        let page = self.pages.entry(page).or_insert_with(|| vec![0; PAGE as usize]);
        page[within..within + part.len()].copy_from_slice(part);
    }

    fn set_length(&mut self, length: u64) {
        if length < self.length {
            self.pages.retain(|page, _| page * PAGE < length);
            if let Some(last) = self.pages.get_mut(&(length / PAGE)) {
                last[(length % PAGE) as usize..].fill(0);
            }
        }
        self.length = length;
    }

    pub fn write(&self, path: &Path) -> io::Result<()> {
        let file = std::fs::File::create(path)?;
        for (page, bytes) in &self.pages {
            let at = page * PAGE;
            let count = self.length.saturating_sub(at).min(PAGE) as usize;
            file.write_all_at(&bytes[..count], at)?;
        }
        file.set_len(self.length)
    }
}

impl File<'_> {
    pub fn cut(&self, how: Cut, rng: &mut StdRng, harm: &mut Harm) -> Image {
        let mut image = self.synced.clone();
        let all = self.pending.len();
        // Each page, and the length, goes as far as some number of changes.
        let mut reach = || match how {
            Cut::DropsAll => 0,
            Cut::LeavesHoles => all * usize::from(rng.random_range(0..8) > 0),
            _ => match rng.random_range(0..5) {
                0 | 1 => 0,
                2 | 3 => all,
                _ => rng.random_range(0..=all),
            },
        };
        let mut pages: HashMap<u64, usize> = HashMap::new();
        let (mut kept, mut dropped) = (0, 0);
        let length_reach = reach();
        let mut length = self.synced.length;
        for (number, (_, change)) in self.pending.iter().enumerate() {
            for (page, within, part) in change.pages() {
                if number < *pages.entry(page).or_insert_with(&mut reach) {
                    image.put(page, within, part);
                    kept += 1;
                } else {
                    dropped += 1;
                }
            }
            if number < length_reach {
                length = change.length_after(length);
            }
        }
        image.length = image.length.max(self.length).max(length);
        image.set_length(length);
        harm.dropped += dropped + u64::from(length != self.length);
        harm.torn += u64::from(kept > 0 && dropped > 0);
        image
    }
}
