//! Ten thousand messages, each sent round through the three platforms: rendered, delivered to the imitated platform, read there as the
//! platform stores it, and rendered for the next one. Nothing is lost, nobody is notified, and a style goes only where the table says so.

use crate::generator::Generator;
use crate::platform::Visited;
use relay_contract::text::{Container, Leaf, Run};
use relay_contract::{Capabilities, Feature, Style, Support, Text};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

/// How many messages; `RELAY_JOURNEY` sets another number.
const MESSAGES: usize = 10_000;
/// One of so many goes over the wire, to a server that keeps it and tells whom it notified; the others through the same functions
/// without the server.
const BY_WIRE: usize = 40;
/// Where each message goes, in turn.
const ROUNDS: [[&str; 3]; 6] = [
    ["discord", "slack", "telegram"],
    ["slack", "telegram", "discord"],
    ["telegram", "discord", "slack"],
    ["discord", "telegram", "slack"],
    ["slack", "discord", "telegram"],
    ["telegram", "slack", "discord"],
];

/// What was counted on the way.
#[derive(Default)]
struct Figures {
    hops: usize,
    parts: usize,
    characters: usize,
    wrong: Vec<String>,
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_messages_lose_nothing_and_ping_nobody() {
    let began = Instant::now();
    let wanted = std::env::var("RELAY_JOURNEY").ok().and_then(|number| number.parse().ok());
    let mut generator = Generator::new(4);
    let messages: Arc<Vec<Text>> =
        Arc::new((0..wanted.unwrap_or(MESSAGES)).map(|_| generator.message()).collect());
    let stand_ins = stand_ins::start(stand_ins::world::World::demo()).await.unwrap();
    let mut visited = BTreeMap::new();
    for platform in ROUNDS[0] {
        visited.insert(platform, Visited::open(&stand_ins, platform).await);
    }
    let visited = Arc::new(visited);
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    let mut travelling = tokio::task::JoinSet::new();
    for first in 0..at_once {
        let (messages, visited) = (messages.clone(), visited.clone());
        travelling.spawn(async move {
            let mut figures = Figures::default();
            for number in (first..messages.len()).step_by(at_once) {
                travel(number, &messages[number], &visited, &mut figures).await;
            }
            figures
        });
    }
    let mut all = Figures::default();
    for figures in travelling.join_all().await {
        all.hops += figures.hops;
        all.parts += figures.parts;
        all.characters += figures.characters;
        all.wrong.extend(figures.wrong);
    }
    println!(
        "{} messages, {} hops, {} native messages, {} characters in {:.0?}; not as the table says: {}",
        messages.len(),
        all.hops,
        all.parts,
        all.characters,
        began.elapsed(),
        all.wrong.len()
    );
    assert_eq!(all.hops, 3 * messages.len());
    let shown: Vec<&String> = all.wrong.iter().take(20).collect();
    assert!(all.wrong.is_empty(), "{shown:#?}");
}

/// One message, from platform to platform.
async fn travel(number: usize, text: &Text, visited: &BTreeMap<&str, Visited>, figures: &mut Figures) {
    let mut text = text.clone();
    for platform in ROUNDS[number % ROUNDS.len()] {
        let there = &visited[platform];
        let (shown, notified) = there.shows(&text, number.is_multiple_of(BY_WIRE)).await;
        figures.hops += 1;
        figures.parts += shown.len();
        figures.characters +=
            text.clone().into_runs().iter().map(|run| run.leaf.shown().chars().count()).sum::<usize>();
        let read = shown.into_iter().fold(Text::default(), Text::followed_by);
        let mut complaints = lost(&text, &read, &there.capabilities());
        complaints.extend((!notified.is_empty()).then(|| format!("it notifies {notified:?}")));
        if !complaints.is_empty() {
            let (complaints, sent) = (complaints.join("; "), there.sends(&text));
            figures.wrong.push(format!(
                "message {number} on {platform}: {complaints}\n  was  {text:?}\n  sent {sent:?}\n  is   {read:?}"
            ));
        }
        text = read;
    }
}

/// What of a text is not there any more, and the table does not say so.
fn lost(before: &Text, after: &Text, room: &Capabilities) -> Vec<String> {
    let (before, after) = (before.clone().into_runs(), after.clone().into_runs());
    let native = |feature| room.shows(feature) == Support::Native && room.hears(feature) == Support::Native;
    let said = |runs: &[Run], which: &dyn Fn(&Run) -> bool| -> String {
        runs.iter()
            .filter(|run| which(run))
            .map(|run| run.leaf.shown())
            .collect::<String>()
            .chars()
            .filter(is_seen)
            .collect()
    };
    let mut complaints = Vec::new();
    // What the room hides or shows in other words is not looked for by its letters.
    let in_other_words = |run: &Run| {
        (run.styles.contains(&Style::Spoiler) && room.shows(Feature::Spoiler) == Support::Dropped)
            || (matches!(run.leaf, Leaf::Time(_)) && !native(Feature::Time))
    };
    let (was, is) = (said(&before, &|run| !in_other_words(run)), said(&after, &|_| true));
    if let Some(missing) = first_missing(&was, &is) {
        complaints.push(format!("lost from {missing:?} on"));
    }
    type Test = Box<dyn Fn(&Run) -> bool>;
    let is_code = |run: &Run| matches!(run.leaf, Leaf::Code(_) | Leaf::Block { .. });
    // On every platform: code bears no other style, and the address of a link is shown as it is.
    let bears = move |run: &Run, style: Style| {
        let shown = run.leaf.shown();
        let is_address = shown.contains("://") || run.url.as_ref().is_some_and(|url| url.contains(&shown));
        run.styles.contains(&style) && !is_code(run) && !is_address
    };
    let style = |style: Style| -> (Test, Test) {
        (Box::new(move |run| bears(run, style)), Box::new(move |run| run.styles.contains(&style)))
    };
    let within = |test: fn(&Container) -> bool| -> Test { Box::new(move |run| run.within.iter().any(test)) };
    let headings = native(Feature::Heading);
    let is_heading = |container: &Container| matches!(container, Container::Heading(_));
    let is_item = |container: &Container| matches!(container, Container::Item { .. });
    let is_quote = |container: &Container| matches!(container, Container::Quote);
    // No platform lets a label name an address that the link may not lead to.
    let addresses: Vec<String> = before
        .iter()
        .filter(|run| run.leaf.shown().contains("://"))
        .filter_map(|run| run.url.clone())
        .collect();
    let is_link = move |run: &Run| {
        run.url.as_ref().is_some_and(|url| url.starts_with("http") && !addresses.contains(url))
    };
    // What is looked for, whether the platform has it, where it was, where it may be now.
    let kept: [(&str, bool, (Test, Test)); 10] = [
        ("bold", true, style(Style::Bold)),
        ("italic", true, style(Style::Italic)),
        ("strike", true, style(Style::Strike)),
        ("underline", native(Feature::Underline), style(Style::Underline)),
        ("spoiler", native(Feature::Spoiler), style(Style::Spoiler)),
        ("link", true, (Box::new(is_link), Box::new(|run| run.url.is_some()))),
        (
            "code",
            native(Feature::Code),
            (
                Box::new(move |run| {
                    let in_heading = run.within.iter().any(is_heading);
                    is_code(run) && run.styles.is_empty() && run.url.is_none() && (headings || !in_heading)
                }),
                Box::new(is_code),
            ),
        ),
        ("quote", native(Feature::Quote), (within(is_quote), within(is_quote))),
        // Items hold lines, and headings stand by themselves: what is more is shown beside.
        (
            "list",
            native(Feature::List),
            (
                Box::new(move |run| {
                    let only_lists = !run.within.is_empty() && run.within.iter().all(is_item);
                    only_lists && !matches!(run.leaf, Leaf::Block { .. })
                }),
                within(is_item),
            ),
        ),
        // Discord has three levels.
        (
            "heading",
            headings,
            (Box::new(|run| matches!(run.within[..], [Container::Heading(1..=3)])), within(is_heading)),
        ),
    ];
    for (what, is_kept, (before_is, after_is)) in kept {
        if !is_kept {
            continue;
        }
        let was = said(&before, &|run| before_is(run) && !in_other_words(run));
        if let Some(missing) = first_missing(&was, &said(&after, &after_is)) {
            complaints.push(format!("no more {what} from {missing:?} on"));
        }
    }
    complaints
}

/// Where the letters of one text stop to be in the other, in their order.
fn first_missing(was: &str, is: &str) -> Option<String> {
    let mut there = is.chars();
    let missing = was.char_indices().find(|(_, c)| !there.any(|other| other == *c));
    missing.map(|(at, _)| was[at..].chars().take(20).collect())
}

fn is_seen(c: &char) -> bool {
    !c.is_whitespace() && !c.is_control()
}
