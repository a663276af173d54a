//! Slack: not served yet, so every act is refused.

use crate::faults::Fault;
use crate::people::{Act, Change, People, Refused, Seen};
use crate::server;
use crate::world;
use std::io;
use std::sync::Arc;
use tokio::sync::broadcast;

/// The stand-in.
pub struct Slack {
    url: String,
    stop: server::Stop,
    changes: broadcast::Sender<Change>,
}

/// Starts it on `world.port`.
pub async fn start(world: &world::Platform) -> io::Result<Arc<Slack>> {
    let bound = server::bind(world.port).await?;
    let stand_in = Arc::new(Slack {
        url: bound.url(),
        stop: bound.stop.clone(),
        changes: broadcast::Sender::new(4_096),
    });
    bound.serve(axum::Router::new());
    Ok(stand_in)
}

impl People for Slack {
    fn platform(&self) -> &'static str {
        "slack"
    }
    fn api_url(&self) -> String {
        self.url.clone()
    }
    fn act(&self, _: Act) -> Result<String, Refused> {
        Err(Refused::Impossible("not served yet".into()))
    }
    fn messages(&self, room: &str) -> Result<Vec<Seen>, Refused> {
        Err(Refused::Unknown("room", room.to_owned()))
    }
    fn watch(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }
    fn fault(&self, _: Fault) -> Result<(), Refused> {
        Err(Refused::Impossible("not served yet".into()))
    }
    fn acknowledged(&self) -> Vec<String> {
        Vec::new()
    }
    fn stop(&self) {
        self.stop.now();
    }
}
