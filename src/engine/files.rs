//! The files of a message on their way into a room.

use crate::adapt::FileShown;
use crate::store::StoredFate;
use relay_contract::Upload;

/// What has become of a message's files.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// One each.
    pub shown: Vec<FileShown>,
    /// Those that go along.
    pub uploads: Vec<Upload>,
}

impl Files {
    /// What is remembered of them once the first part is done; none where there is nothing to remember.
    pub fn fates(&self) -> Option<Vec<StoredFate>> {
        let fate = |shown: &FileShown| match shown {
            FileShown::Upload(_) => StoredFate::Sent,
            FileShown::Late => StoredFate::Late,
            FileShown::Linked { url, why } => StoredFate::Left { url: Some(url.clone()), why: why.clone() },
            FileShown::Named { why } => StoredFate::Left { url: None, why: why.clone() },
        };
        (!self.shown.is_empty()).then(|| self.shown.iter().map(fate).collect())
    }

    /// The files of a part.
    pub fn of_part(&self, numbers: &[u16]) -> Vec<Upload> {
        let of = |number: &u16| self.uploads.iter().find(|upload| upload.index == *number).cloned();
        numbers.iter().filter_map(of).collect()
    }
}
