//! The process whose power is cut: it keeps a ledger and a mapping busy, and writes a line for every answer.

use super::content::{Answered, Edited, ROOMS, Which, room, row};
use relay::store::ledger::FannedOut;
use relay::store::records::DeadLetter;
use relay::store::{EnvelopeId, Ledger, MappingIndex, StoreError, Verdict};
use relay_contract::{MessageRef, Timestamp};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// How much is written.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub run: u32,
    pub tasks: u32,
    pub posts: u32,
    /// Ends as by `kill -9`; otherwise everything is closed.
    pub abort: bool,
}

/// The first is short and is killed; the second finds what it left, and goes on until tables are written.
pub const SIZES: [Size; 2] =
    [Size { run: 0, tasks: 6, posts: 30, abort: true }, Size { run: 1, tasks: 8, posts: 75, abort: false }];

type Outcome<T> = Result<T, String>;

pub fn run(state: &Path, size: Size) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|e| e.to_string())?;
    runtime.block_on(work(state, size))
}

async fn work(state: &Path, size: Size) -> Outcome<()> {
    let (ledger, writer) = Ledger::open(state).map_err(told)?;
    let index = MappingIndex::open(state, &ledger, &mut |_, _| {}).map_err(told)?;
    let behind = tokio::spawn(index_behind(index.clone(), ledger.clone()));
    let tasks = (0..size.tasks).map(|task| tokio::spawn(talk(ledger.clone(), size.run, task, size.posts)));
    for task in tasks.collect::<Vec<_>>() {
        task.await.map_err(|e| e.to_string())??;
    }
    if size.abort {
        std::process::abort();
    }
    behind.abort();
    ledger.close().await.map_err(told)?;
    index.catch_up(&ledger, &mut |_, _| {}).map_err(told)?;
    index.close().map_err(told)?;
    writer.join();
    Ok(())
}

/// The mapping follows, as it does in the engine.
async fn index_behind(index: MappingIndex, ledger: Ledger) -> Outcome<()> {
    let index = Arc::new(index);
    loop {
        ledger.something_indexed().await;
        let (index, ledger) = (index.clone(), ledger.clone());
        let caught_up = tokio::task::spawn_blocking(move || index.catch_up(&ledger, &mut |_, _| {}));
        caught_up.await.map_err(|e| e.to_string())?.map_err(told)?;
    }
}

/// One account: posts, their deliveries, edits and what else there is, one after the other.
async fn talk(ledger: Ledger, run: u32, task: u32, posts: u32) -> Outcome<()> {
    let there = ROOMS[task as usize % 2];
    let yonder = ROOMS[2 + task as usize % 2];
    let mut told_later = Vec::new();
    for number in 0..posts {
        let post = Which { run, task, number, edit: false };
        let edit = Which { edit: true, ..post };
        // Some edits come in one event with their post, some later, some never.
        let together = if post.is_edited() == Some(Edited::Together) { vec![post, edit] } else { vec![post] };
        let ids = accept(&ledger, together, &mut told_later).await?;
        ledger.move_cursor(post.account(), post.cursor()).await.map_err(told)?;
        let id = ids[0];
        let rows = [there, yonder].map(|to| (room(to), row(None, 0))).to_vec();
        ledger.fan_out(vec![FannedOut { rows, ..FannedOut::nowhere(id) }]).await.map_err(told)?;

        ledger.progress(room(there), id, row(None, 1)).await.map_err(told)?;
        answered(&Answered::Progress { room: there.into(), id, attempts: 1 })?;
        told_later.push(complete(&ledger, there, id, id, format!("copy-{}", post.message_id())).await?);
        match number % 3 {
            0 => {
                let letter = DeadLetter { reason: "no".into(), at: 1, row: row(None, 3) };
                ledger.bury(room(yonder), id, letter).await.map_err(told)?;
                told_later.push(Answered::Buried { room: yonder.into(), id });
            }
            1 => told_later
                .push(complete(&ledger, yonder, id, id, format!("far-{}", post.message_id())).await?),
            // It waits for ever.
            _ => {}
        }
        if post.is_edited() == Some(Edited::Later) {
            let edited = accept(&ledger, vec![edit], &mut told_later).await?[0];
            let rows = vec![(room(there), row(Some(id), 0))];
            ledger
                .fan_out(vec![FannedOut { changes: Some(id), rows, ..FannedOut::nowhere(edited) }])
                .await
                .map_err(told)?;
            told_later
                .push(complete(&ledger, there, edited, id, format!("copy-{}", post.message_id())).await?);
        }
        if number % 11 == 3 {
            ledger.set_aside(post.set_aside()).await.map_err(told)?;
            answered(&Answered::Aside { what: post })?;
        }
        if number % 13 == 5 {
            let (asked, known) = post.known_room();
            ledger.remember_room(post.account(), asked, known).await.map_err(told)?;
            answered(&Answered::Room { what: post })?;
            ledger.begin_mark(room(&post.message_id()), Timestamp(1)).await.map_err(told)?;
            answered(&Answered::Marked { what: post })?;
        }
    }
    Ok(())
}

/// Accepts, and tells it with what was written before: what is synced later is synced after that.
async fn accept(
    ledger: &Ledger,
    what: Vec<Which>,
    told_later: &mut Vec<Answered>,
) -> Outcome<Vec<EnvelopeId>> {
    let first = what[0];
    let envelopes = what.iter().map(|which| which.envelope()).collect();
    let receiver = ledger.accept(first.account(), envelopes).await.map_err(told)?;
    let verdicts = receiver.await.map_err(|e| e.to_string())?.map_err(told)?;
    let ids = verdicts.into_iter().map(|verdict| match verdict {
        Verdict::Accepted(id) => Ok(id),
        other => Err(format!("{first:?} was taken for {other:?}")),
    });
    let ids = ids.collect::<Outcome<Vec<_>>>()?;
    told_later.drain(..).try_for_each(|written| answered(&written))?;
    answered(&Answered::Accepted { what: what.into_iter().zip(ids.iter().copied()).collect() })?;
    Ok(ids)
}

async fn complete(
    ledger: &Ledger,
    to: &str,
    id: EnvelopeId,
    subject: EnvelopeId,
    message: String,
) -> Outcome<Answered> {
    let messages = Some(vec![MessageRef::plain(message.clone())]);
    ledger.complete(room(to), id, subject, messages, Vec::new(), None).await.map_err(told)?;
    Ok(Answered::Completed { room: to.into(), id, subject, message })
}

/// One line is one write: its place among the syncs is what counts.
fn answered(what: &Answered) -> Outcome<()> {
    let mut line = serde_json::to_string(what).map_err(|e| e.to_string())?;
    line.push('\n');
    std::io::stdout().lock().write_all(line.as_bytes()).map_err(|e| e.to_string())
}

fn told(error: StoreError) -> String {
    error.to_string()
}
