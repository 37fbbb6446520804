//! A process that has run out of open files. A test program of its own, because the limit is the process's.

#![expect(clippy::unwrap_used, reason = "helpers fail their test by panicking")]

use std::fs::File;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use postrider_egress::{
    ClientSettings, EgressGuard, HttpClient, Request, Resolve, ResolveError, SystemResolver,
};
use postrider_model::{Clock, Outcome, Timestamp};
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

struct Epoch;

impl Clock for Epoch {
    fn now(&self) -> Timestamp {
        self.wall()
    }

    fn wall(&self) -> Timestamp {
        Timestamp::from_unix_ms(0)
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

struct Nobody;

#[async_trait::async_trait]
impl Resolve for Nobody {
    async fn resolve(&self, _name: &str) -> Result<Vec<IpAddr>, ResolveError> {
        Err(ResolveError::NotFound)
    }
}

async fn receiver() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let Ok((mut stream, _)) = listener.accept().await else {
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            };
            tokio::spawn(async move {
                let mut bytes = [0; 4096];
                while matches!(stream.read(&mut bytes).await, Ok(read) if read > 0) {
                    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
                    stream.write_all(response).await.unwrap();
                }
            });
        }
    });
    format!("http://{address}/")
}

fn request(url: &str) -> Request {
    Request {
        url: url.to_owned(),
        headers: Vec::new(),
        body: Bytes::from_static(b"{}"),
        timeout: Duration::from_millis(500),
        tenant: 1,
        identity: None,
        response_bytes_kept: None,
    }
}

/// Opens files until there are none left.
fn exhaust() -> Vec<File> {
    std::iter::from_fn(|| File::open("/dev/null").ok()).collect()
}

#[tokio::test]
async fn a_request_waits_for_an_open_file_and_does_not_fail() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = Some(100);
    setrlimit(Resource::Nofile, limit).unwrap();
    let guard = Arc::new(EgressGuard::new(vec!["127.0.0.0/8".parse().unwrap()]));
    let settings = ClientSettings::default();
    let client = HttpClient::new(guard, Arc::new(Nobody), Arc::new(Epoch), &settings);
    let client = Arc::new(client.unwrap());
    let (first, second, third) = (receiver().await, receiver().await, receiver().await);

    // Longer than the timeout, so the wait does not count against it.
    let files = exhaust();
    let waiting = tokio::spawn({
        let (client, first) = (Arc::clone(&client), first.clone());
        async move { client.send(&request(&first)).await }
    });
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert!(!waiting.is_finished());
    drop(files);
    let response = waiting.await.unwrap();
    assert_eq!(response.outcome, Outcome::Succeeded, "{response:?}");

    // Idle connections give their files up.
    assert_eq!(client.send(&request(&second)).await.outcome, Outcome::Succeeded);
    let files = exhaust();
    let response = client.send(&request(&third)).await;
    assert_eq!(response.outcome, Outcome::Succeeded, "{response:?}");
    drop(files);

    // A lookup needs files of its own. Without them it fails like that of a name that does not exist, but a
    // request waits for them.
    let resolver = Arc::new(SystemResolver::new());
    let guard = Arc::new(EgressGuard::new(Vec::new()));
    let client = HttpClient::new(guard, Arc::clone(&resolver) as _, Arc::new(Epoch), &settings);
    let client = Arc::new(client.unwrap());
    let files = exhaust();
    let found = resolver.resolve("receiver.invalid").await;
    assert_eq!(found, Err(ResolveError::OutOfFiles));
    let waiting = tokio::spawn(async move { client.send(&request("http://receiver.invalid/")).await });
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert!(!waiting.is_finished());
    drop(files);
    assert_eq!(waiting.await.unwrap().outcome, Outcome::DnsError);
}
