//! Slack's identities. A message is its `ts` in a conversation
//! (<https://docs.slack.dev/messaging/retrieving-messages/#individual_messages>); a conversation is unique in its team.

use relay_contract::{MessageRef, NativeId, RoomKey, Timestamp};

/// A conversation's key.
pub fn room(team: &str, conversation: &str) -> RoomKey {
    RoomKey::new(crate::PLATFORM, team, conversation)
}

/// A message and the thread it stands in. The first message of a thread has `thread_ts == ts` and stands in none.
pub fn message(ts: &str, thread_ts: Option<&str>) -> MessageRef {
    MessageRef::plain(ts).within(thread_ts.filter(|thread| *thread != ts).map(NativeId::from))
}

/// The thread that an answer to a message goes to: Slack's threads have one level.
pub fn thread_of(target: &MessageRef) -> &str {
    target.thread.as_ref().unwrap_or(&target.id).as_str()
}

/// The time in a `ts`: seconds, a dot, and a counter that looks like microseconds.
pub fn time(ts: &str) -> Option<Timestamp> {
    let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, ""));
    let seconds: i64 = seconds.parse().ok()?;
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    let millis: i64 = digits.parse().ok()?;
    Some(Timestamp(seconds.checked_mul(1000)?.checked_add(millis)?))
}

/// A second in the unit of [`order`].
pub const SECOND: u64 = 1_000_000;

/// What a `ts` is compared by: microseconds, as whose many digits it is written.
pub fn order(ts: &str) -> Option<u64> {
    let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, ""));
    let seconds: u64 = seconds.parse().ok()?;
    let digits: String = fraction.chars().chain("000000".chars()).take(6).collect();
    seconds.checked_mul(SECOND)?.checked_add(digits.parse().ok()?)
}

/// The `ts` of a moment, which is after 1970: Slack takes zero for no bound at all.
pub fn ts_at(moment: Timestamp) -> String {
    let millis = moment.0.max(1);
    format!("{}.{:03}000", millis / 1_000, millis % 1_000)
}

/// A link to a message (<https://docs.slack.dev/reference/methods/chat.getPermalink/>), built without asking.
pub fn permalink(team_url: &str, conversation: &str, message: &MessageRef) -> Option<String> {
    let mut link = url::Url::parse(team_url).ok()?;
    let digits: String = message.id.as_str().chars().filter(char::is_ascii_digit).collect();
    link.path_segments_mut().ok()?.pop_if_empty().extend(["archives", conversation, &format!("p{digits}")]);
    if let Some(thread) = &message.thread {
        link.query_pairs_mut().append_pair("thread_ts", thread.as_str()).append_pair("cid", conversation);
    }
    Some(link.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let cases = [
            ("1700000000.123456", Some(1_700_000_000_123)),
            ("1700000000.000001", Some(1_700_000_000_000)),
            ("1700000000", Some(1_700_000_000_000)),
            ("1.5", Some(1_500)),
            ("", None),
            ("x.1", None),
            ("1.é12345", None),
            ("99999999999999999999.1", None),
        ];
        for (ts, expected) in cases {
            assert_eq!(time(ts), expected.map(Timestamp), "{ts}");
            assert_eq!(order(ts).is_some(), expected.is_some(), "{ts}");
        }
        let orders = ["0.000000", "1.000001", "1.5", "1.500001", "9.999999", "10.000000"].map(order);
        assert!(orders.is_sorted() && orders.iter().all(Option::is_some), "{orders:?}");
        for millis in [1, 7, 1_700_000_000_123] {
            assert_eq!(time(&ts_at(Timestamp(millis))), Some(Timestamp(millis)));
        }
    }

    #[test]
    fn links() {
        let link = |m: &MessageRef| permalink("https://acme.slack.com/", "C1", m);
        assert_eq!(
            link(&message("1700000000.000100", None)).as_deref(),
            Some("https://acme.slack.com/archives/C1/p1700000000000100")
        );
        assert_eq!(
            link(&message("1700000001.000100", Some("1700000000.000100"))).as_deref(),
            Some("https://acme.slack.com/archives/C1/p1700000001000100?thread_ts=1700000000.000100&cid=C1")
        );
        assert_eq!(permalink("nonsense", "C1", &message("1.1", None)), None);
    }
}
