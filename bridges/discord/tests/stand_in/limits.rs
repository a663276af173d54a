//! C14, C15, C39: Discord's own limits, enforced: told as what they are, and not asked for again.

use crate::rig::{Rig, eventually, patiently};
use relay_contract::{DeliverError, Operation, Scope};
use stand_ins::limits::Limits;
use std::time::{Duration, Instant};

impl Rig {
    fn limited(&self, scale: f64) {
        self.world.discord.limits().arm(Some(Limits { scale })).unwrap();
    }

    /// Posts until it is refused; how often it went well, and the refusal.
    async fn until_refused(&self) -> (usize, Duration, Scope) {
        for went_well in 0..100 {
            match self.post(&format!("{went_well}"), "Elif").await {
                Ok(_) => {}
                Err(DeliverError::RateLimited { retry_after, scope }) => {
                    return (went_well, retry_after, scope);
                }
                other => panic!("{other:?}"),
            }
        }
        panic!("never refused");
    }
}

/// Five in two seconds: what is left is told with each answer, so that nothing is sent that would be refused.
#[tokio::test]
async fn an_empty_bucket_is_not_asked_again() {
    let rig = Rig::ready().await;
    rig.post("warm", "Elif").await.unwrap();
    // Slow enough that the bucket does not open meanwhile.
    rig.limited(0.2);
    let begun = Instant::now();
    let (went_well, left, scope) = rig.until_refused().await;
    assert_eq!((went_well, scope), (5, Scope::Room));
    assert!(left <= Duration::from_secs(10) && left + begun.elapsed() >= Duration::from_secs(10), "{left:?}");
    assert_eq!(rig.world.discord.limits().counted().limited, 0, "none was sent in vain");
    // What does not share it goes on.
    let message = rig.all().pop().unwrap().id;
    let target = relay_contract::MessageRef::plain(message);
    rig.deliver(Operation::React { target: &target, emoji: "🦉", on: true }).await.unwrap();
}

/// Thirty a minute for all webhooks of a channel, told by its refusal alone; it is nobody's fault.
#[tokio::test]
async fn c39_what_others_use_up_too_is_shared() {
    let rig = Rig::ready().await;
    rig.post("warm", "Elif").await.unwrap();
    rig.limited(2.0);
    let (mut all, mut refusal) = (0, None);
    while all < 30 || refusal.is_none() {
        let (went_well, left, scope) = patiently(rig.until_refused()).await;
        all += went_well;
        if scope == Scope::Shared {
            refusal = Some(left);
            break;
        }
        tokio::time::sleep(left).await;
    }
    assert_eq!(all, 30);
    let left = refusal.unwrap();
    assert!(left > Duration::from_secs(5) && left <= Duration::from_secs(30), "{left:?}");
    let counted = rig.world.discord.limits().counted();
    assert_eq!((counted.limited, counted.invalid), (1, 0));
    // Nothing is sent while it lasts.
    let told = rig.post("late", "Elif").await;
    assert!(matches!(told, Err(DeliverError::RateLimited { scope: Scope::Shared, .. })), "{told:?}");
    assert_eq!(rig.world.discord.limits().counted(), counted);
}

#[tokio::test]
async fn a_reaction_waits_a_quarter_of_a_second() {
    let rig = Rig::ready().await;
    let target = relay_contract::MessageRef::plain(rig.say("Ada", "owls?", None));
    rig.limited(0.1);
    let react = |emoji: &'static str| rig.deliver(Operation::React { target: &target, emoji, on: true });
    react("🦉").await.unwrap();
    let told = react("🎉").await;
    let Err(DeliverError::RateLimited { retry_after, scope: Scope::Room }) = told else { panic!("{told:?}") };
    assert!(retry_after <= Duration::from_millis(2_500), "{retry_after:?}");
    tokio::time::sleep(retry_after).await;
    react("🎉").await.unwrap();
    eventually(|| rig.all()[0].reactions.len() == 2).await;
    assert_eq!(rig.world.discord.limits().counted().limited, 0);
}
