//! This machine's clock against the platforms': by the `Date` of an answer, whatever else the answer says.

use crate::engine::Finding;
use crate::spans;
use futures::future::join_all;
use jiff::Timestamp;
use std::time::Duration;

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Apart so far, times look wrong.
const LOOK: i64 = 5;
/// Apart so far, TLS and signatures begin to fail, and what expires does so at the wrong time.
const BROKEN: i64 = 120;

/// A platform's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// The account that is there.
    pub account: String,
    /// A URL of it.
    pub site: String,
}

/// Reads each clock.
pub async fn examine(clocks: &[Clock]) -> Vec<Finding> {
    let client = match reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .build()
    {
        Ok(client) => client,
        Err(error) => {
            let what = format!("It cannot be compared: {error}.");
            return vec![Finding::look("clock", what, "Look at this machine's certificates.")];
        }
    };
    let read = join_all(clocks.iter().map(|clock| apart(&client, clock))).await;
    let known: Vec<(&Clock, i64)> =
        clocks.iter().zip(read).filter_map(|(clock, apart)| Some((clock, apart?))).collect();
    // A network that does not let out is told with the account.
    known
        .iter()
        .max_by_key(|(_, apart)| apart.abs())
        .map(|(clock, apart)| judged(clock, *apart))
        .into_iter()
        .collect()
}

fn judged(clock: &Clock, apart: i64) -> Finding {
    let words = spans::in_words(Duration::from_secs(apart.unsigned_abs()));
    let way = if apart < 0 { "ahead of" } else { "behind" };
    let what = format!("This machine's clock is {words} {way} that of {}.", clock.account);
    let fix = "Let it be set by the network: timedatectl set-ntp true";
    match apart.abs() {
        apart if apart <= LOOK => Finding::fine("clock", "as the platforms' own"),
        apart if apart <= BROKEN => Finding::look("clock", what, fix),
        _ => Finding::broken("clock", what, fix),
    }
}

/// By how many seconds a platform's clock is later than this machine's; none if it does not tell.
async fn apart(client: &reqwest::Client, clock: &Clock) -> Option<i64> {
    let began = Timestamp::now();
    let answer = client.head(&clock.site).send().await.ok()?;
    let middle = began.as_millisecond().midpoint(Timestamp::now().as_millisecond());
    let told = answer.headers().get(reqwest::header::DATE)?.to_str().ok()?;
    // It tells whole seconds.
    Some((said(told)? * 1_000 + 500 - middle) / 1_000)
}

/// A `Date`, in seconds since the epoch.
fn said(date: &str) -> Option<i64> {
    Some(jiff::fmt::rfc2822::parse(date).ok()?.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Grade;

    #[test]
    fn dates_and_what_they_mean() {
        assert_eq!(said("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(said("yesterday"), None);
        let clock = Clock { account: "owls".into(), site: String::new() };
        let cases = [
            (0, Grade::Fine, "as the platforms' own"),
            (-5, Grade::Fine, "as the platforms' own"),
            (30, Grade::Look, "30 seconds behind that of owls"),
            (-90, Grade::Look, "90 seconds ahead of that of owls"),
            (-7_200, Grade::Broken, "2 hours ahead of that of owls"),
        ];
        for (apart, grade, words) in cases {
            let found = judged(&clock, apart);
            assert!(found.grade == grade && found.what.contains(words), "{apart}: {found:?}");
        }
    }
}
