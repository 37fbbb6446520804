//! Connections to one server of the operator that stay open between requests, so that a server which gets a
//! request every few seconds does not cost a handshake for each.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper::client::conn::http1::SendRequest;
use parking_lot::Mutex;
use tokio::task::JoinHandle;
use url::Url;

use super::trusted_client::{Answer, NoAnswer, TrustedClient, complete, exchange};

/// Most connections that are kept while nothing is sent: one for each signal of OTLP.
const IDLE_MAX: usize = 3;

/// Sends requests to one server. As many at once as the caller sends; each has a connection to itself.
pub struct KeptConnections {
    client: TrustedClient,
    idle: Mutex<Vec<Kept>>,
}

/// An open connection. It closes when this is dropped, even in the middle of a request.
struct Kept {
    sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl KeptConnections {
    /// No connection is open yet.
    pub fn new(client: TrustedClient) -> Self {
        Self {
            client,
            idle: Mutex::default(),
        }
    }

    /// Like [`TrustedClient::send`], to a URL of the server. A request may reach the server twice: if it
    /// closes a kept connection instead of responding, the request is sent again over a new one.
    pub async fn send(
        &self,
        url: &Url,
        mut request: Request<Full<Bytes>>,
        bytes_max: usize,
    ) -> Result<Answer, String> {
        complete(url, &mut request)?;
        if let Some(kept) = self.take() {
            match self.send_over(kept, request.clone(), bytes_max).await {
                // Servers close connections that were idle for long.
                Err(NoAnswer::Silence(_)) => {}
                answer => return answer.map_err(NoAnswer::into_reason),
            }
        }
        let (sender, driver) = self.client.open(url).await?;
        let driver = tokio::spawn(async {
            // A request that is under way fails with the reason.
            let _ = driver.await;
        });
        let kept = Kept { sender, driver };
        let answer = self.send_over(kept, request, bytes_max).await;
        answer.map_err(NoAnswer::into_reason)
    }

    async fn send_over(
        &self,
        mut kept: Kept,
        request: Request<Full<Bytes>>,
        bytes_max: usize,
    ) -> Result<Answer, NoAnswer> {
        if kept.sender.ready().await.is_err() {
            return Err(NoAnswer::Silence("the connection is closed".to_owned()));
        }
        let answer = exchange(&mut kept.sender, request, bytes_max).await?;
        let mut idle = self.idle.lock();
        if idle.len() < IDLE_MAX {
            idle.push(kept);
        }
        Ok(answer)
    }

    /// The connection that was used last, unless it is closed.
    fn take(&self) -> Option<Kept> {
        let mut idle = self.idle.lock();
        idle.retain(|kept| !kept.sender.is_closed());
        idle.pop()
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;
    use crate::config::declaration;

    /// A server that answers this many requests of each connection with `{}`, and then closes it on the next
    /// request. Counts connections.
    async fn server(requests_max: usize) -> (SocketAddr, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(async move {
                    let mut request = [0; 4096];
                    for _ in 0..requests_max {
                        if stream.read(&mut request).await.unwrap_or(0) == 0 {
                            return;
                        }
                        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
                        let _ = stream.write_all(answer).await;
                    }
                    let _ = stream.read(&mut request).await;
                });
            }
        });
        (address, connections)
    }

    fn connections() -> KeptConnections {
        let settings = declaration::read(declaration::defaults()).unwrap();
        KeptConnections::new(TrustedClient::new(&settings).unwrap_or_else(|failure| panic!("{failure}")))
    }

    async fn send(
        connections: &KeptConnections,
        address: SocketAddr,
        bytes_max: usize,
    ) -> Result<u16, String> {
        let url = Url::parse(&format!("http://{address}/v1/traces")).unwrap();
        let answer = connections.send(&url, Request::new(Full::default()), bytes_max);
        answer.await.map(|(status, _)| status)
    }

    #[tokio::test]
    async fn a_connection_is_used_again() {
        let (address, opened) = server(100).await;
        let connections = connections();
        for _ in 0..10 {
            assert_eq!(send(&connections, address, 2).await, Ok(200));
        }
        assert_eq!(opened.load(Ordering::Relaxed), 1);
        let both = tokio::join!(send(&connections, address, 2), send(&connections, address, 2));
        assert_eq!(both, (Ok(200), Ok(200)));
        assert_eq!(opened.load(Ordering::Relaxed), 2, "neither waits for the other");
    }

    #[tokio::test]
    async fn a_server_that_closes_a_kept_connection_gets_the_request_over_a_new_one() {
        let (address, opened) = server(1).await;
        let connections = connections();
        for _ in 0..5 {
            assert_eq!(send(&connections, address, 2).await, Ok(200));
        }
        assert_eq!(opened.load(Ordering::Relaxed), 5);
    }

    #[tokio::test]
    async fn a_body_that_is_too_large_is_read_once_and_ends_the_connection() {
        let (address, opened) = server(100).await;
        let connections = connections();
        let error = send(&connections, address, 1).await.unwrap_err();
        assert!(error.contains("the body"), "{error}");
        assert_eq!(opened.load(Ordering::Relaxed), 1);
        assert_eq!(send(&connections, address, 2).await, Ok(200));
        assert_eq!(opened.load(Ordering::Relaxed), 2);
    }
}
