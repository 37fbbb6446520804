//! Listens for changes on one connection. A notification only wakes readers; they read the changes
//! themselves.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::poll_fn;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_postgres::{AsyncMessage, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

/// The pause between two attempts to connect, varied between half and one and a half times this.
const RECONNECT_PAUSE: Duration = Duration::from_secs(1);

/// The channel that the triggers notify.
const LISTEN: &str = "LISTEN postrider_changes";

/// Listens until dropped.
pub(crate) struct Listener {
    heard: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Listener {
    /// Starts listening.
    pub(crate) fn start(config: Config, tls: MakeRustlsConnect) -> Self {
        let heard = Arc::new(Notify::new());
        let task = tokio::spawn(listen(config, tls, Arc::clone(&heard)));
        Self { heard, task }
    }

    /// Waits until a notification has arrived since the last call, or may have been missed.
    pub(crate) async fn heard(&self) {
        self.heard.notified().await;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(config: Config, tls: MakeRustlsConnect, heard: Arc<Notify>) {
    loop {
        if let Err(error) = listen_once(&config, tls.clone(), &heard).await {
            tracing::debug!(%error, "the connection that listens for changes ended; the table is read from time to time");
        }
        sleep(RECONNECT_PAUSE.mul_f64(0.5 + fastrand::f64())).await;
    }
}

async fn listen_once(
    config: &Config,
    tls: MakeRustlsConnect,
    heard: &Notify,
) -> Result<(), tokio_postgres::Error> {
    let (client, mut connection) = config.connect(tls).await?;
    let listening = client.batch_execute(LISTEN);
    tokio::pin!(listening);
    let mut is_listening = false;
    loop {
        tokio::select! {
            result = &mut listening, if !is_listening => {
                result?;
                is_listening = true;
                // Notifications sent before this were missed.
                heard.notify_one();
            }
            message = poll_fn(|context| connection.poll_message(context)) => match message {
                Some(Ok(AsyncMessage::Notification(_))) => heard.notify_one(),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(error),
                None => return Ok(()),
            }
        }
    }
}
