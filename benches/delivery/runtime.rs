//! The runtime of the whole run, and those of the threads at its ends.

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::LocalSet;

use crate::Outcome;

/// Runs to the end, or until a signal to stop. That drops the future, and so everything that it has started.
pub fn block_on<T>(run: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    runtime().block_on(async {
        tokio::select! {
            outcome = run => outcome,
            error = interrupted() => Err(error),
        }
    })
}

/// Runs the future in a thread of its own, where it may start local tasks.
pub async fn on_thread<T, F>(name: &str, future: impl FnOnce() -> F + Send + 'static) -> Outcome<T>
where
    T: Send + 'static,
    F: Future<Output = Outcome<T>>,
{
    let (outcome_sender, outcome) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        // The channel is closed only if the run was abandoned.
        let _ = outcome_sender.send(LocalSet::new().block_on(&runtime(), future()));
    })?;
    let outcome = outcome.await?;
    thread.join().map_err(|_| "a thread panicked")?;
    outcome
}

fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built")
}

/// Waits for a signal to stop.
async fn interrupted() -> Box<dyn std::error::Error + Send + Sync> {
    let mut terminate = match signal(SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(error) => return error.into(),
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    "interrupted".into()
}
