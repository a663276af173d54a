//! Why a message of somebody who is forgotten stays in a room elsewhere: kept in English, and read again by whoever tells it in their words.

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WhyLeft {
    /// Relay does not reach the room any more.
    Unreached,
    /// Nothing can be deleted there.
    NoDeletes,
    /// The platform did not let Relay delete it.
    Refused,
    /// A thread that was opened for it keeps its name.
    Thread,
    /// A digest told of it together with others.
    Digest,
    /// Nobody can read it any more, and so nobody knows whether it is theirs.
    Unread,
}

impl WhyLeft {
    const ALL: [Self; 6] =
        [Self::Refused, Self::NoDeletes, Self::Unreached, Self::Thread, Self::Digest, Self::Unread];

    /// Between how many and on which platform.
    fn of_what(self) -> &'static str {
        match self {
            Self::Refused | Self::NoDeletes | Self::Unreached | Self::Unread => " × a message on ",
            Self::Thread => " × a thread on ",
            Self::Digest => " × a coming or going on ",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Refused => ", which did not let Relay delete it",
            Self::NoDeletes => ", which deletes nothing",
            Self::Unreached => ", in a room that Relay does not reach any more",
            Self::Thread => ", which keeps the name it was opened with",
            Self::Digest => ", told together with those of others",
            Self::Unread => ", which Relay cannot read any more, and which may be theirs",
        }
    }

    /// As it is kept, of so many messages on a platform.
    pub fn written(self, count: u64, platform: &str) -> String {
        format!("{count}{}{platform}{}", self.of_what(), self.words())
    }

    /// How many, on which platform, and why: of what is kept. None of what an earlier Relay has written in other words.
    pub fn read(kept: &str) -> Option<(u64, &str, Self)> {
        Self::ALL.into_iter().find_map(|why| {
            let (count, rest) = kept.split_once(why.of_what())?;
            Some((count.parse().ok()?, rest.strip_suffix(why.words())?, why))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again() {
        for why in WhyLeft::ALL {
            let kept = why.written(3, "Telegram");
            assert_eq!(WhyLeft::read(&kept), Some((3, "Telegram", why)), "{kept}");
        }
        assert_eq!(WhyLeft::NoDeletes.written(1, "IRC"), "1 × a message on IRC, which deletes nothing");
        assert_eq!(WhyLeft::read("a message somewhere"), None);
    }
}
