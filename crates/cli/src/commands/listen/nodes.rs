//! The streams of requests, one from each node of the server.
//!
//! A node hands over the requests that it makes itself. Behind a load balancer, nothing tells which node a
//! new stream reaches, so the command opens streams, except at the nodes that it has met, until it has met as
//! many as there are.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until, timeout};

use super::show::Show;
use crate::Failure;
use crate::client::patience::Patience;
use crate::client::{Call, Client, EventStream, Server};

/// Longest silence of a stream: the server sends a comment every 15 s.
const SILENCE_MAX: Duration = Duration::from_secs(45);

/// How long the first event of a stream may take.
const HELLO_MAX: Duration = Duration::from_secs(30);

/// How often to look for nodes, once all are met: new ones start.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// Tries per node that is missing: a load balancer that takes turns needs one or two.
const TRIES_PER_NODE: usize = 3;

/// How a stream begins.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Hello {
    /// The node.
    pub node: String,
    /// How many there are.
    pub nodes: usize,
    /// How much of a body the server keeps.
    pub response_bytes_kept: usize,
}

/// A request to make, as the stream has it.
#[derive(Debug, Deserialize)]
pub(super) struct StreamedRequest {
    pub id: String,
    pub headers: Vec<StreamedHeader>,
    pub body_base64: String,
    pub timeout_ms: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct StreamedHeader {
    pub name: String,
    pub value: String,
}

/// What streams bring.
#[derive(Debug)]
pub(super) enum News {
    /// A request.
    Request(Box<StreamedRequest>),
    /// A stream has ended.
    Change(Change),
}

/// The end of a stream.
#[derive(Debug)]
pub(super) struct Change {
    node: String,
    reason: String,
}

/// The nodes that the command listens at.
pub(super) struct Nodes {
    client: Client,
    path: [String; 4],
    news: mpsc::Sender<News>,
    /// The tasks that read the streams, by node.
    open: HashMap<String, AbortHandle>,
    latest: Hello,
    next_look: Instant,
    patience: Patience,
    /// Whether the user knows that nodes are missing.
    has_warned: bool,
}

impl Nodes {
    /// Opens the first streams. Fails if not even one opens.
    pub async fn open(
        server: Arc<Server>,
        path: [String; 4],
        news: mpsc::Sender<News>,
    ) -> Result<Self, Failure> {
        let client = Client::of(&server)?;
        let call = call(&path, &[]);
        let opened = client.stream(call).await?.ok_or_else(no_hello)?;
        let (latest, stream) = greeted(opened).await?;
        let mut nodes = Self {
            client,
            path,
            news,
            open: HashMap::new(),
            latest: latest.clone(),
            next_look: Instant::now(),
            patience: Patience::default(),
            has_warned: false,
        };
        nodes.read(latest, stream);
        nodes.meet_all().await?;
        nodes.next_look = Instant::now() + LOOK_EVERY;
        Ok(nodes)
    }

    /// What the latest stream said.
    pub const fn hello(&self) -> &Hello {
        &self.latest
    }

    /// How many nodes are listened at, of how many.
    pub fn count(&self) -> (usize, usize) {
        (self.open.len(), self.latest.nodes.max(self.open.len()))
    }

    /// Waits until it is time to look for more nodes. One alone has no others, unless it is missing.
    pub async fn due(&self) {
        match self.open.len() == 1 && self.latest.nodes == 1 {
            true => std::future::pending().await,
            false => sleep_until(self.next_look).await,
        }
    }

    /// Opens streams at nodes that are missing, and shows a change.
    pub async fn look_for_more(&mut self, show: &Show) -> Result<(), Failure> {
        let before = self.open.len();
        match self.meet_all().await {
            Ok(()) => {
                self.patience.succeeded();
                self.next_look = Instant::now() + LOOK_EVERY;
            }
            Err(failure) => {
                let wait = self.patience.after(&failure).ok_or(failure)?;
                self.next_look = Instant::now() + wait;
                return Ok(());
            }
        }
        let has_news = self.open.len() != before;
        let is_incomplete = self.open.len() < self.latest.nodes;
        if has_news || is_incomplete && !self.has_warned {
            self.has_warned = is_incomplete;
            show.nodes(self)?;
        }
        Ok(())
    }

    /// Follows the end of a stream. Fails if the command has no reason to go on.
    pub fn follow(&mut self, change: &Change, show: &Show) -> Result<(), Failure> {
        let reason = match change.reason.as_str() {
            "superseded" => Some("another client listens to the automation now"),
            "automation_gone" => Some("the automation was deleted or changed"),
            "unauthorized" => Some("the API key may not listen any more"),
            _ => None,
        };
        if let Some(reason) = reason {
            return Err(Failure::Failed(reason.to_owned()));
        }
        self.open.remove(&change.node);
        self.next_look = Instant::now();
        // Without a stream, its requests fail until there is one again.
        if self.open.is_empty() && change.reason.is_empty() {
            show.lost()?;
        }
        Ok(())
    }

    /// Opens streams until each node has one, or tries were in vain.
    async fn meet_all(&mut self) -> Result<(), Failure> {
        let mut tries = 0;
        loop {
            let missing = self.latest.nodes.saturating_sub(self.open.len());
            // Once all are met, one try finds out whether there are more.
            if tries > 0 && missing == 0 || tries > missing * TRIES_PER_NODE {
                return Ok(());
            }
            if tries == 0 && missing == 0 && self.latest.nodes == 1 {
                return Ok(());
            }
            tries += 1;
            let met: Vec<_> = self.open.keys().cloned().collect();
            let opened = self.client.stream(call(&self.path, &met)).await?;
            if let Some(stream) = opened {
                let (hello, stream) = greeted(stream).await?;
                self.latest = hello.clone();
                self.read(hello, stream);
            }
        }
    }

    /// Reads a stream in a task of its own.
    fn read(&mut self, hello: Hello, mut stream: EventStream) {
        let (news, node) = (self.news.clone(), hello.node.clone());
        let task = tokio::spawn(async move {
            let reason = read_to_end(&mut stream, &news).await;
            let _ = news.send(News::Change(Change { node, reason })).await;
        });
        if let Some(earlier) = self.open.insert(hello.node, task.abort_handle()) {
            earlier.abort();
        }
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        self.open.values().for_each(AbortHandle::abort);
    }
}

/// Passes requests on until the stream ends. Returns the server's reason, or an empty text if it gave none.
async fn read_to_end(stream: &mut EventStream, news: &mpsc::Sender<News>) -> String {
    #[derive(Deserialize)]
    struct End {
        reason: String,
    }
    loop {
        let Ok(Some(event)) = timeout(SILENCE_MAX, stream.next()).await else {
            return String::new();
        };
        match event.name.as_str() {
            "request" => {
                let Ok(request) = serde_json::from_str(&event.data) else {
                    return String::new();
                };
                if news.send(News::Request(request)).await.is_err() {
                    return String::new();
                }
            }
            "end" => {
                let end = serde_json::from_str::<End>(&event.data);
                return end.map(|end| end.reason).unwrap_or_default();
            }
            _ => {}
        }
    }
}

async fn greeted(mut stream: EventStream) -> Result<(Hello, EventStream), Failure> {
    let hello = timeout(HELLO_MAX, async {
        loop {
            let event = stream.next().await?;
            if event.name == "hello" {
                return serde_json::from_str(&event.data).ok();
            }
        }
    });
    let hello = hello.await.ok().flatten().ok_or_else(no_hello)?;
    Ok((hello, stream))
}

fn no_hello() -> Failure {
    Failure::Failed(
        "the stream of requests does not begin: does a proxy hold back server-sent events?".to_owned(),
    )
}

fn call<'a>(path: &'a [String; 4], met: &[String]) -> Call<'a> {
    let mut segments: Vec<&str> = path.iter().map(String::as_str).collect();
    segments.push("listen");
    Call::new(Method::GET, &segments)
        .query("ephemeral", Some(true))
        .query("except", (!met.is_empty()).then(|| met.join(",")))
}
