//! Calls to the server whose configuration a file declares.

use http::{Method, StatusCode};

use super::tree::Node;
use crate::Failure;
use crate::client::pages::{self, PageArgs};
use crate::client::patience::Patience;
use crate::client::{Call, Response};
use crate::commands::remote::Remote;

/// How often a call is repeated that the server asks to make later. With the longest `Retry-After` that is
/// obeyed, half an hour.
const WAITS_MAX: u32 = 6;

/// A server.
#[derive(Debug)]
pub struct Server<'a> {
    remote: &'a mut Remote,
}

/// An object, and its tag for `If-Match`.
#[derive(Debug)]
pub struct Read {
    /// The object.
    pub view: Node,
    /// Its tag.
    pub etag: Option<String>,
}

impl<'a> Server<'a> {
    /// The server behind this client.
    pub const fn new(remote: &'a mut Remote) -> Self {
        Self { remote }
    }

    /// Makes a call, and repeats it after a 429 or 503: the server has done nothing then.
    pub async fn send(&mut self, call: Call<'_>) -> Result<Response, Failure> {
        let mut patience = Patience::default();
        loop {
            match self.remote.response(call.clone()).await {
                Err(failure) => wait(&mut patience, failure).await?,
                done => return done,
            }
        }
    }

    /// Reads an object; `None` if it does not exist.
    pub async fn read(&mut self, path: &[&str]) -> Result<Option<Read>, Failure> {
        match self.send(Call::new(Method::GET, path)).await {
            Err(Failure::Problem(problem)) if problem.status() == StatusCode::NOT_FOUND => Ok(None),
            read => {
                let Response { text, etag, .. } = read?;
                Ok(Some(Read {
                    view: node(&text)?,
                    etag,
                }))
            }
        }
    }

    /// Reads a whole list.
    pub async fn list(&mut self, path: &[&str]) -> Result<Vec<Node>, Failure> {
        let all = PageArgs { limit: 1, all: true };
        let call = Call::new(Method::GET, path);
        let mut patience = Patience::default();
        let list = loop {
            match pages::fetch(self.remote.client(), &call, all).await {
                Err(failure) => wait(&mut patience, failure).await?,
                Ok(list) => break list,
            }
        };
        let list = node(&list.to_json()?)?;
        Ok(list.get("data").map(Node::items).unwrap_or_default().to_vec())
    }

    /// Makes the next call over a new connection: the server closes one that is idle for long.
    pub fn disconnect(&mut self) {
        self.remote.client().disconnect();
    }
}

fn node(text: &str) -> Result<Node, Failure> {
    Node::of_json(text).map_err(|error| Failure::Failed(format!("the server sent invalid JSON: {error}")))
}

/// Waits before a call is repeated. Fails with the failure if it would fail again, or has too often.
async fn wait(patience: &mut Patience, failure: Failure) -> Result<(), Failure> {
    let passes = matches!(&failure, Failure::Problem(problem) if problem.is_passing().is_some());
    if !passes || patience.failures() == WAITS_MAX {
        return Err(failure);
    }
    let Some(pause) = patience.after(&failure) else {
        return Err(failure);
    };
    eprintln!("{failure}; waiting {} s", pause.as_secs_f32().ceil());
    tokio::time::sleep(pause).await;
    Ok(())
}
