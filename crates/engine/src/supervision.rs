//! What cannot go on ends the process: a panic in a task of the engine.
//!
//! Without that task the node would be a zombie: it would hold deliveries that it never sends, and keep its
//! session alive, so that no other node takes them over. A restart repairs this; a stop in an orderly way
//! cannot, because it needs the task.

use tokio::sync::watch;

/// The failures of an engine's tasks.
#[derive(Debug)]
pub struct Supervision(watch::Sender<Option<&'static str>>);

impl Supervision {
    /// No failure yet.
    pub fn new() -> Self {
        Self(watch::channel(None).0)
    }

    /// The same task, which reports a panic under this name.
    pub fn watch<F: Future>(&self, name: &'static str, task: F) -> impl Future<Output = F::Output> + use<F> {
        let alarm = Alarm {
            failed: self.0.clone(),
            name,
        };
        async move {
            let _alarm = alarm;
            task.await
        }
    }

    /// Waits until a task has panicked, and returns its name.
    pub async fn failed(&self) -> &'static str {
        let mut failed = self.0.subscribe();
        loop {
            if let Some(name) = *failed.borrow_and_update() {
                return name;
            }
            // The sender lives as long as `self`.
            let _ = failed.changed().await;
        }
    }
}

/// Reports a panic while it unwinds.
struct Alarm {
    failed: watch::Sender<Option<&'static str>>,
    name: &'static str,
}

impl Drop for Alarm {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!(
                task = self.name,
                "a task of the engine panicked: the process must end"
            );
            self.failed.send_replace(Some(self.name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_panic_is_reported_and_an_end_or_an_abort_is_not() {
        let supervision = Supervision::new();
        tokio::spawn(supervision.watch("short", async {}))
            .await
            .expect("it ends");
        let endless = tokio::spawn(supervision.watch("endless", std::future::pending::<()>()));
        tokio::task::yield_now().await;
        endless.abort();
        assert!(endless.await.is_err_and(|error| error.is_cancelled()));
        let second = std::time::Duration::from_secs(1);
        let none = tokio::time::timeout(second, supervision.failed()).await;
        assert!(none.is_err());
        let broken = tokio::spawn(supervision.watch("broken", async { panic!("a defect") }));
        assert_eq!(supervision.failed().await, "broken");
        assert!(broken.await.is_err_and(|error| error.is_panic()));
    }
}
