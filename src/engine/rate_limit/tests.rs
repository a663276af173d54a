//! Ceilings, turns and holds by a clock of the test's own.

use super::breaker::Load;
use super::turns::Turns;
use super::*;
use governor::clock::FakeRelativeClock;
use relay_contract::{Platform, Scope};
use std::collections::HashMap;

fn room(id: &str) -> RoomKey {
    RoomKey::new(Platform::new("p"), "n", id)
}

fn ask(id: &str) -> Ask {
    Ask { room: room(id), doing: Doing::Post, room_rate: (4, 60), tier: None, account_rate: (12, 60) }
}

fn is_now(turn: &Turn) -> bool {
    matches!(turn, Turn::Now)
}

const EDITS: Tier = Tier { method: "edit", rate: (4, 60) };

#[test]
fn narrow_ceilings_before_wide_ones() {
    let clock = FakeRelativeClock::default();
    let mut turns = Turns::new(clock.clone(), true, 1);
    let mut goes = |ask| is_now(&turns.ask(ask, Load::Fine));
    let edit = |id| Ask { doing: Doing::Edit, tier: Some(EDITS), ..ask(id) };
    assert!(goes(ask("a")), "a sixth of a room's limit is its burst, one at least");
    for _ in 0..10 {
        assert!(!goes(ask("a")), "the room has no more, and takes nothing from the account");
    }
    assert!(goes(edit("b")), "another room has its own");
    let mut turns = Turns::new(clock.clone(), true, 1);
    let mut goes = |ask| is_now(&turns.ask(ask, Load::Fine));
    assert!(goes(edit("a")) && !goes(edit("b")), "edits of all rooms have one of their own");
    assert!(goes(ask("c")), "which is not that of posts");
    let look = Ask { doing: Doing::Look, ..ask("c") };
    assert!(!goes(look), "but all are the account's");
}

/// Over ten windows, whatever the pace: never more than the limit in any of them, and not much less.
#[test]
fn no_window_sees_more_than_the_limit() {
    for pace in [1, 60] {
        let clock = FakeRelativeClock::default();
        let mut turns = Turns::new(clock.clone(), true, pace);
        let (step, mut went, mut later) = (Duration::from_millis(60_000) / pace / 1_000, Vec::new(), None);
        for at in 0..10_000_usize {
            let came = |turn: &mut oneshot::Receiver<()>| turn.try_recv().is_ok();
            turns.look(Load::Fine);
            if later.as_mut().is_none_or(came) {
                if later.take().is_some() {
                    went.push(at);
                }
                while later.is_none() {
                    match turns
                        .ask(Ask { room_rate: (20, 60), account_rate: (u32::MAX, 1), ..ask("a") }, Load::Fine)
                    {
                        Turn::Now => went.push(at),
                        Turn::Later(turn) => later = Some(turn),
                    }
                }
            }
            clock.advance(step);
        }
        let most =
            (0..9_000).map(|from| went.iter().filter(|at| (from..from + 1_000).contains(*at)).count()).max();
        assert!(most.is_some_and(|most| (18..=20).contains(&most)), "{most:?} at pace {pace}");
        assert!(went.len() > 150, "{} in ten windows at pace {pace}", went.len());
    }
}

/// Lanes that share the account's budget go one after the other: a hot room delays each of the others by one slot.
#[test]
fn rooms_take_turns() {
    let clock = FakeRelativeClock::default();
    let mut turns = Turns::new(clock.clone(), true, 1);
    let wide = |id: &str| Ask { room_rate: (u32::MAX, 1), account_rate: (60, 60), ..ask(id) };
    let mut waiting: HashMap<&str, oneshot::Receiver<()>> = HashMap::new();
    let mut went = Vec::new();
    let ask_again =
        |turns: &mut Turns<_>, waiting: &mut HashMap<_, _>, went: &mut Vec<_>, id: &'static str| {
            while !waiting.contains_key(id) {
                match turns.ask(wide(id), Load::Fine) {
                    Turn::Now => went.push(id),
                    Turn::Later(turn) => drop(waiting.insert(id, turn)),
                }
            }
        };
    ask_again(&mut turns, &mut waiting, &mut went, "hot");
    let burst = went.len();
    assert_eq!(burst, 10);
    ask_again(&mut turns, &mut waiting, &mut went, "one");
    ask_again(&mut turns, &mut waiting, &mut went, "two");
    for _ in 0..9 {
        clock.advance(Duration::from_secs(60) / 50);
        turns.look(Load::Fine);
        let came: Vec<&'static str> = ["hot", "one", "two"]
            .into_iter()
            .filter(|id| waiting.get_mut(id).is_some_and(|turn| turn.try_recv().is_ok()))
            .collect();
        assert_eq!(came.len(), 1, "one slot, one request");
        for id in came {
            went.push(id);
            waiting.remove(id);
            ask_again(&mut turns, &mut waiting, &mut went, id);
        }
    }
    let turns_taken = &went[burst..];
    assert_eq!(turns_taken, ["hot", "one", "two", "hot", "one", "two", "hot", "one", "two"]);
}

#[test]
fn the_servers_word_rules() {
    let clock = FakeRelativeClock::default();
    // What is refused in room a, and for how long which rooms wait after it.
    let cases = [
        (Scope::Room, 5, [5, 0]),
        (Scope::Shared, 5, [5, 0]),
        (Scope::Account, 5, [5, 5]),
        (Scope::Room, 100_000, [900, 0]),
    ];
    for (scope, seconds, waits) in cases {
        let mut turns = Turns::new(clock.clone(), false, 1);
        assert!(is_now(&turns.ask(ask("a"), Load::Fine)), "without ceilings nothing waits");
        turns.refused(room("a"), Duration::from_secs(seconds), scope);
        turns.refused(room("a"), Duration::from_secs(1), scope);
        for (id, wait) in ["a", "b"].into_iter().zip(waits) {
            let turn = turns.ask(ask(id), Load::Fine);
            assert_eq!(is_now(&turn), wait == 0, "{scope:?} {id}");
            if wait > 0 {
                assert_eq!(turns.look(Load::Fine), Some(Duration::from_secs(wait)), "{scope:?} {id}");
            }
        }
    }
}

/// A room that the server holds is passed over by those behind it, and whoever gives up leaves no gap.
#[test]
fn who_waits_for_something_else_is_passed_over() {
    let clock = FakeRelativeClock::default();
    let mut turns = Turns::new(clock.clone(), true, 1);
    turns.refused(room("a"), Duration::from_secs(30), Scope::Room);
    let Turn::Later(mut a) = turns.ask(ask("a"), Load::Fine) else { panic!("a is held") };
    assert!(is_now(&turns.ask(ask("b"), Load::Fine)), "b is not");
    drop(turns.ask(ask("b"), Load::Fine));
    clock.advance(Duration::from_secs(30));
    assert_eq!(turns.look(Load::Fine), None, "whoever gave up is waited for no more");
    assert!(a.try_recv().is_ok());
}

#[test]
fn a_breaker_slows_and_stops() {
    let clock = FakeRelativeClock::default();
    let mut turns = Turns::new(clock.clone(), false, 1);
    let apart = Duration::from_millis(150);
    assert!(is_now(&turns.ask(ask("a"), Load::Slow(apart))));
    let Turn::Later(mut b) = turns.ask(ask("b"), Load::Slow(apart)) else { panic!("too early") };
    clock.advance(apart);
    assert_eq!(turns.look(Load::Stopped(apart)), Some(apart));
    assert!(b.try_recv().is_err());
    assert_eq!(turns.look(Load::Slow(apart)), None);
    assert!(b.try_recv().is_ok());
}
