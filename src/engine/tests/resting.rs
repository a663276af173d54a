//! Lanes rest when they have nothing to do, and nothing that comes meanwhile is left behind.

use super::*;

#[test]
fn what_comes_while_a_lane_goes_to_rest_is_delivered() {
    block_on(async {
        let stage = Stage::set();
        let lane = || stage.engine.core().lane(&room("there"));
        let rests = || lane().is_some_and(|lane| !lane.rest.runs());
        stage.until("without a row, no loop runs", rests).await;
        // Again and again around the moment at which it goes to rest.
        for round in 0..100 {
            let word = format!("word {round}");
            stage.say(&word).await;
            stage.arrives(&word).await;
            tokio::time::sleep(Duration::from_millis(5) + Duration::from_micros(100) * round).await;
        }
        stage.until("it rests again", rests).await;
        let depth = stage.engine.core().ledger.depth(&room("there"));
        assert_eq!((depth.queued, depth.dead), (0, 0));
        stage.engine.stop().await;
    });
}
