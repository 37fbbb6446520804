//! Connections of the API and the console: HTTP/1.1 and HTTP/2 without TLS, all of them bounded.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::Poll;
use std::time::Duration;

use http::Version;
use hyper::rt::Executor;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

use super::site::Site;

/// Most connections at the same time; others wait in the system's backlog. Each costs a socket and about 20
/// KiB. The bound leaves sockets for deliveries.
const CONNECTIONS_MAX: usize = 8_192;

/// How long a request's head may take to arrive, including the wait on an idle connection. It stops clients
/// that send a byte now and then from holding connections forever.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// Largest head of a request; hyper responds with 431 to a larger one. A usual request needs less than 1 KiB.
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// Most requests at the same time on one HTTP/2 connection.
const STREAMS_MAX: u32 = 256;

/// How often the server pings a silent HTTP/2 connection, and how long the client may take to respond.
const PING_EVERY: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(15);

/// Pause after a failed accept. The usual reason is a lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections until `stop`, then waits up to `grace` for requests in flight.
pub async fn serve(listener: TcpListener, site: Arc<Site>, stop: impl Future<Output = ()>, grace: Duration) {
    let server = server();
    let open = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut stop = pin!(stop);
    loop {
        let (stream, peer, slot) = tokio::select! {
            biased;
            () = &mut stop => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        // If this fails, small responses may only be slower.
        let _ = stream.set_nodelay(true);
        let asked = Arc::new(Asked::default());
        let service = {
            let (site, asked) = (Arc::clone(&site), Arc::clone(&asked));
            service_fn(move |request| {
                asked.set(request.version());
                let site = Arc::clone(&site);
                async move { Ok::<_, Infallible>(site.handle(request, peer).await) }
            })
        };
        let connection = server.serve_connection(TokioIo::new(stream), service);
        let connection = open.watch(connection.into_owned());
        tokio::spawn(async move {
            until_finished(connection, &asked).await;
            drop(slot);
        });
    }
    drop(listener);
    site.stop();
    // An error means that `grace` has passed; the remaining connections are cut off.
    let _ = tokio::time::timeout(grace, open.shutdown()).await;
}

fn server() -> Builder<BoxingExecutor> {
    let mut server = Builder::new(BoxingExecutor);
    server
        .http1()
        .timer(TokioTimer::new())
        // Without this, hyper keeps a buffer ready during a request, to notice a client that hangs up.
        // Postrider responds within milliseconds, and stores the event of such a client anyway.
        .half_close(true)
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES_MAX);
    server
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX))
        .max_concurrent_streams(STREAMS_MAX)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_TIMEOUT);
    server
}

/// Runs each request of an HTTP/2 connection as a task. Boxed, because tokio would copy the future of a
/// request, of some KiB, several times.
#[derive(Clone, Copy)]
struct BoxingExecutor;

impl<F> Executor<F> for BoxingExecutor
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, request: F) {
        tokio::spawn(Box::pin(request));
    }
}

async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> (TcpStream, IpAddr, OwnedSemaphorePermit) {
    let slot = Arc::clone(slots)
        .acquire_owned()
        .await
        .expect("the semaphore is never closed");
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer.ip(), slot),
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// How the requests of a connection have come so far.
#[derive(Default)]
struct Asked(AtomicU8);

impl Asked {
    const NOTHING: u8 = 0;
    const HTTP1: u8 = 1;
    const HTTP2: u8 = 2;

    fn set(&self, version: Version) {
        let asked = if version == Version::HTTP_2 {
            Self::HTTP2
        } else {
            Self::HTTP1
        };
        self.0.store(asked, Ordering::Relaxed);
    }

    fn get(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Ends with the connection, or if the client sends no request within `HEAD_TIMEOUT`. hyper's own timeout
/// starts only once it knows the HTTP version, and a client can withhold that.
async fn until_finished(connection: impl Future, asked: &Asked) {
    let (mut connection, mut silence) = (pin!(connection), pin!(sleep(HEAD_TIMEOUT)));
    loop {
        // Over HTTP/2, each request has a task of its own, and the first response of many wakes the
        // connection. The others get their turn to put theirs on it, so that they leave in one write.
        if asked.get() == Asked::HTTP2 {
            tokio::task::yield_now().await;
        }
        let mut is_woken = false;
        let is_over = poll_fn(|context| {
            if std::mem::replace(&mut is_woken, true) {
                return Poll::Ready(false);
            }
            // The client causes the errors here: it disconnected, or did not speak HTTP.
            let mut polled = connection.as_mut().poll(context).map(drop);
            if polled.is_pending() && asked.get() == Asked::NOTHING {
                polled = silence.as_mut().poll(context);
            }
            polled.map(|()| true)
        });
        if is_over.await {
            return;
        }
    }
}
