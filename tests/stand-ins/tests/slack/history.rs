//! Pages of history, and limits.

use crate::{TOKEN, call, room, say, started};
use serde_json::{Value, json};
use stand_ins::limits::Limits;

fn ids(answer: &Value) -> Vec<String> {
    answer["messages"].as_array().unwrap().iter().map(|m| m["ts"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn which_page_comes_first_depends_on_the_bounds() {
    let stand_ins = started().await;
    let said: Vec<String> = (0..6).map(|at| say(&stand_ins, &format!("{at}"), None)).collect();
    let page = async |bounds: Value| {
        let mut query = json!({ "channel": room(&stand_ins), "limit": 2 });
        query.as_object_mut().unwrap().extend(bounds.as_object().unwrap().clone());
        call(&stand_ins, TOKEN, "conversations.history", query).await
    };
    let (a, d, f) = (&said[0], &said[3], &said[5]);
    let cases = [
        (json!({}), [5, 4], true),
        (json!({ "oldest": a }), [2, 1], true),
        (json!({ "oldest": a, "inclusive": true }), [1, 0], true),
        (json!({ "oldest": d }), [5, 4], false),
        (json!({ "latest": f }), [4, 3], true),
        (json!({ "latest": f, "inclusive": true }), [5, 4], true),
        (json!({ "oldest": a, "latest": f }), [4, 3], true),
    ];
    for (bounds, places, more) in cases {
        let first = page(bounds.clone()).await;
        let wanted: Vec<_> = places.map(|at| said[at].clone()).into();
        assert_eq!((ids(&first), &first["has_more"]), (wanted, &json!(more)), "{bounds}");
        // The cursor goes on in the same direction, whatever is said meanwhile.
        say(&stand_ins, "meanwhile", Some(a));
        let mut next = bounds.clone();
        next["cursor"] = first["response_metadata"]["next_cursor"].clone();
        if more {
            let ahead = bounds.get("oldest").is_some() && bounds.get("latest").is_none();
            let second = ids(&page(next).await);
            let (newest, oldest) = (&said[places[0]], &said[places[1]]);
            assert!(
                second.iter().all(|ts| if ahead { ts > newest } else { ts < oldest }),
                "{bounds}: {second:?}"
            );
        }
    }
    let wrong = page(json!({ "cursor": "at:2" })).await;
    assert_eq!(wrong["error"], "invalid_cursor");
}

#[tokio::test]
async fn limits_are_kept_by_method_and_channel() {
    let stand_ins = started().await;
    stand_ins.slack.limits().arm(Some(Limits { scale: 1.0 })).unwrap();
    let ask = async |method: &str, body: Value| {
        let url = format!("{}/api/{method}", stand_ins.slack.api_url());
        let answer = reqwest::Client::new().post(url).bearer_auth(TOKEN).json(&body).send().await.unwrap();
        let after =
            answer.headers().get("retry-after").map(|wait| wait.to_str().unwrap().parse::<u64>().unwrap());
        (answer.status().as_u16(), after)
    };
    let post = async || ask("chat.postMessage", json!({ "channel": room(&stand_ins), "text": "x" })).await;
    let all: Vec<_> = [post().await, post().await, post().await, post().await, post().await].into();
    assert!(all[..4].iter().all(|(status, _)| *status == 200), "{all:?}");
    assert!(matches!(all[4], (429, Some(1..=4))), "{all:?}");
    for at in 0..21 {
        let (status, after) =
            ask("pins.add", json!({ "channel": room(&stand_ins), "timestamp": "1.1" })).await;
        assert_eq!((status, after.is_some()), if at < 20 { (200, false) } else { (429, true) }, "{at}");
    }
    // Other methods have their own, and people none.
    assert_eq!(ask("pins.remove", json!({ "channel": room(&stand_ins), "timestamp": "1.1" })).await.0, 200);
    (0..50).for_each(|at| drop(say(&stand_ins, &format!("{at}"), None)));
    assert_eq!(stand_ins.slack.limits().counted().limited, 2);
}
