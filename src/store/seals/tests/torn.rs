//! A power cut while facts were added that nothing needed yet: whichever sectors of them it kept, Relay starts, and what is damaged is refused.

use super::*;

/// A file of keys to which a key and a long choice were added that are not synced: as it was, as it is, and what the ledger knew.
fn with_two_added(dir: &Path, entries: usize) -> (Vec<u8>, Vec<u8>, Expected) {
    let path = dir.join(KEYS);
    let seals = Seals::open(dir, Master::own(dir).unwrap(), &Expected::default()).unwrap();
    let newest = seals.number_for(Some(&person("u1"))).unwrap();
    seals.sync().unwrap();
    let expected = Expected { needed: true, newest: Some(newest), changes: seals.changes() };
    let before = fs::read(&path).unwrap();
    seals.number_for(Some(&person("u2"))).unwrap();
    let words = Stance::None.entries("/relay privacy", Timestamp(5)).into_iter().cycle().take(entries);
    seals.keep_said(&person("u2"), &words.collect::<Vec<_>>()).unwrap();
    (before, fs::read(&path).unwrap(), expected)
}

fn opened(dir: &Path, file: &[u8], expected: &Expected) -> Result<Seals, StoreError> {
    fs::write(dir.join(KEYS), file).unwrap();
    let looked = KeyFile::look(&dir.join(KEYS), file, &Master::own(dir).unwrap(), expected);
    let opened = Seals::open(dir, Master::own(dir).unwrap(), expected);
    assert_eq!(looked.is_ok(), opened.is_ok(), "a look and a start say the same");
    opened
}

#[test]
fn whichever_sectors_a_power_cut_kept_of_what_was_added_it_starts() {
    for entries in [1, 40] {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let (before, whole, expected) = with_two_added(dir, entries);
        let first = ends(&whole)[ends(&before).len()];
        let mut torn: Vec<Vec<u8>> = Vec::new();
        // Not each: that takes minutes.
        for cut in (before.len()..whole.len()).step_by(7 * entries) {
            torn.push(whole[..cut].to_vec());
            // It is as long as it was to be, and not all of it is there.
            torn.push([&whole[..cut], &vec![0; whole.len() - cut]].concat());
        }
        let sectors: Vec<usize> = (before.len()..=whole.len())
            .filter(|at| at % 512 == 0 || [before.len(), whole.len()].contains(at))
            .collect();
        let between = sectors.iter().enumerate().flat_map(|(place, from)| {
            let to = sectors[place + 1..].iter();
            to.map(move |to| *from..*to)
        });
        for range in std::iter::once(before.len()..first).chain(between) {
            let mut holed = whole.clone();
            holed[range].fill(0);
            torn.push(holed);
        }
        for file in torn {
            let what = format!("{entries}: {:?}", &file[before.len()..]);
            let seals = opened(dir, &file, &expected).unwrap_or_else(|error| panic!("{error}: {what}"));
            assert!(fs::read(dir.join(KEYS)).unwrap() == file, "a look changes nothing: {what}");
            // What is added stands behind what is whole, and nothing of the rest comes back.
            let people = seals.report().unwrap().people;
            seals.number_for(Some(&person("new"))).unwrap();
            seals.sync().unwrap();
            drop(seals);
            let file = fs::read(dir.join(KEYS)).unwrap();
            let again = opened(dir, &file, &expected).unwrap_or_else(|error| panic!("{error}: {what}"));
            assert_eq!(again.report().unwrap().people, people + 1, "{what}");
        }
    }
}

#[test]
fn what_was_on_disk_or_is_no_hole_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (before, whole, expected) = with_two_added(dir, 1);
    let first = ends(&whole)[ends(&before).len()];
    let is_damaged = |file: &[u8], expected: &Expected| {
        matches!(opened(dir, file, expected).err(), Some(StoreError::DamagedKeys { .. }))
    };
    let mut holed = whole.clone();
    holed[before.len()..first].fill(0);
    // The ledger knows that it was there, or knows nothing.
    assert!(is_damaged(&holed, &Expected { changes: expected.changes + 1, ..expected }));
    assert!(is_damaged(&holed, &Expected { newest: expected.newest, ..Expected::any() }));
    let mut holed = whole.clone();
    holed[ends(&before)[0]..before.len()].fill(0);
    assert!(is_damaged(&holed, &expected), "a hole in what was there");
    let mut flipped = whole.clone();
    flipped[before.len() + 20] ^= 1;
    assert!(is_damaged(&flipped, &expected), "no crash does that");
}
