//! Listening: the gateway is read on one side, its events are handed up in order on the other, and a bounded queue lies between.

use crate::config;
use crate::connector::{Discord, Us};
use crate::errors::{Failure, wrong_token};
use crate::first_answers::WAITING;
use crate::position::Position;
use crate::rest::Rest;
use crate::shard::{self, Frame, Login};
use futures::StreamExt;
use futures::stream::FuturesOrdered;
use relay_contract::{Inbox, ListenError};
use secrecy::ExposeSecret;
use serde::Deserialize;
use std::task::Poll;
use tokio::sync::mpsc::{self, Receiver};

/// How many events wait between the connection and the ledger.
const QUEUED: usize = 256;
/// How many are handed up at the same time: the ledger syncs many at once.
const AT_ONCE: usize = 64;

/// The answer of `GET /gateway/bot`.
#[derive(Deserialize)]
struct Gateway {
    url: String,
}

impl Discord {
    /// `listen`.
    pub(crate) async fn hear(&self, cursor: Option<String>, inbox: &dyn Inbox) -> Result<(), ListenError> {
        let rest = self.rest().map_err(ListenError::Refused)?;
        let us = self.us_or_ask(&rest).await.map_err(lost)?;
        let gateway = self.gateway(&rest).await?;
        let position = cursor.and_then(|cursor| match serde_json::from_str::<Position>(&cursor) {
            Ok(position) => Some(position),
            Err(error) => {
                tracing::warn!(%error, "the stored session cannot be read; a new one is begun");
                None
            }
        });
        let (to, from) = mpsc::channel(QUEUED);
        let (first, first_answers) = mpsc::channel(WAITING);
        let token = self.config.token.expose_secret();
        let reading = async {
            let at_once = |kind: &str, event: &str| {
                if kind == "INTERACTION_CREATE"
                    && let Some(answer) = self.first_answer(us, event, inbox)
                    && first.try_send(answer).is_err()
                {
                    tracing::warn!("more commands are given than can be answered in time");
                }
            };
            let login = Login { token, intents: shard::intents(us.members), gateway: gateway.as_deref() };
            let read = shard::read(login, position, &to, &self.heard, &at_once, inbox).await;
            // What was read is still handed up and answered; then the other sides end.
            drop((to, first));
            read
        };
        let (read, ..) = futures::join!(
            reading,
            self.hand_up(&rest, us, from, inbox),
            self.give_first_answers(&rest, us, first_answers),
            self.register(&rest, us, inbox),
        );
        read
    }

    /// The address of another server's gateway; `None` for Discord's own.
    async fn gateway(&self, rest: &Rest) -> Result<Option<String>, ListenError> {
        if self.config.gateway.is_some() || self.config.server.is_none() {
            return Ok(self.config.gateway.clone());
        }
        let told: Gateway = rest.ask(rest.client().gateway().authed()).await.map_err(lost)?;
        config::gateway(&told.url).map(Some).map_err(ListenError::Refused)
    }

    /// Hands events up, each begun before the next, until the reader ends or Relay stops.
    async fn hand_up(&self, rest: &Rest, us: Us, mut from: Receiver<Frame>, inbox: &dyn Inbox) {
        let mut accepting = FuturesOrdered::new();
        let mut stopped = inbox.stopped();
        loop {
            tokio::select! {
                biased;
                () = &mut stopped => return,
                Some(accepted) = accepting.next(), if !accepting.is_empty() => {
                    if Result::is_err(&accepted) {
                        return;
                    }
                }
                frame = from.recv(), if accepting.len() < AT_ONCE => {
                    let Some(frame) = frame else { break };
                    let position = serde_json::to_string(&frame.position);
                    let all = self.raw(rest, us, frame).await;
                    if all.is_empty() {
                        // A session in which nobody has spoken yet can be resumed too, if its place is kept.
                        position.into_iter().for_each(|position| inbox.moved(position));
                    }
                    for raw in all {
                        let mut one = inbox.accept(raw);
                        // Begun here and now, so that calls begin in order.
                        match futures::poll!(&mut one) {
                            Poll::Ready(Ok(())) => {}
                            Poll::Ready(Err(_)) => return,
                            Poll::Pending => accepting.push_back(one),
                        }
                    }
                }
            }
        }
        while let Some(Ok(())) = accepting.next().await {}
    }
}

fn lost(failure: Failure) -> ListenError {
    if failure.is_unauthorized() {
        ListenError::Refused(wrong_token())
    } else {
        ListenError::Lost(failure.words())
    }
}
