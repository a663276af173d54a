//! The threads that everything runs on.

use std::future::Future;

/// Runs a future to its end: actors on this thread, platform clients on the workers of one tokio runtime.
pub fn block_on<F: Future>(future: F) -> F::Output {
    actix::System::with_tokio_rt(threads).block_on(future)
}

/// Runs a future that needs no actors.
pub fn block_on_without_actors<F: Future>(future: F) -> F::Output {
    threads().block_on(future)
}

#[allow(clippy::expect_used, reason = "without threads there is nothing to run, and nobody to answer to")]
fn threads() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads for the runtime")
}
