//! The ceilings that Slack publishes for each method, which a workspace's app has for all its channels together
//! (<https://docs.slack.dev/apis/web-api/rate-limits/>, and each method's page). They are of apps that were made for one workspace, as
//! Relay's is; what is sold to others without being listed reads one page of history a minute.

use relay_contract::{Doing, Tier};

/// Of a kind of request. A post has none but its channel's, one a second.
pub fn of(doing: Doing) -> Option<Tier> {
    let (method, a_minute) = match doing {
        Doing::Post | Doing::Open => return None,
        Doing::Edit => ("chat.update", 50),
        Doing::Delete => ("chat.delete", 50),
        // Taking one back has 20 a minute of its own, and is rare.
        Doing::React => ("reactions.add", 50),
        Doing::Pin => ("pins.add", 20),
        // Two pages of 50: what came after a place, and what is before it.
        Doing::Look => ("conversations.history", 25),
    };
    Some(Tier { method, rate: (a_minute, 60) })
}
