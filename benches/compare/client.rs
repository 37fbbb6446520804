//! The requests of a set-up.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::Outcome;
use crate::sender::template::Values;
use crate::sender::{Description, Request};
use crate::wire::Inbox;

/// Timeout of one request.
const RESPONSE_MAX: Duration = Duration::from_secs(30);

/// Bytes of a response that an error message shows.
const SHOWN_BYTES: usize = 2_000;

/// Finds an address at which the sender listens.
pub async fn connect(description: &Description) -> Outcome<SocketAddr> {
    let authority = description.authority()?;
    let mut reason = "the name has no address".to_owned();
    let addresses = tokio::net::lookup_host(&authority)
        .await
        .map_err(|error| format!("{} at {authority}: {error}", description.name))?;
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(_) => return Ok(address),
            Err(error) => reason = error.to_string(),
        }
    }
    Err(format!(
        "{} does not listen at {authority}: {reason}. Start it first; its description says how",
        description.name
    )
    .into())
}

/// Sends the requests of the set-up. `values` has those that are known before, and gets the captured ones.
pub async fn set_up(description: &Description, address: SocketAddr, values: &mut Values) -> Outcome<()> {
    for (step, setup) in description.setup.iter().enumerate() {
        let request = description.setup_request(step, values)?;
        let bytes = request.bytes(&description.authority()?);
        let exchange = tokio::time::timeout(RESPONSE_MAX, exchange(address, &bytes));
        let place = place(description, step, &request);
        let (status, body) = exchange
            .await
            .map_err(|_| format!("{place}: no response within {RESPONSE_MAX:?}"))?
            .map_err(|error| format!("{place}: {error}"))?;
        if !setup.call().accepts(status) {
            return Err(refusal(&place, status, &body).into());
        }
        description.capture(step, &body, values)?;
    }
    Ok(())
}

/// The words for a response with a status that is not accepted.
pub fn refusal(what: &str, status: u16, body: &[u8]) -> String {
    let shown = String::from_utf8_lossy(&body[..body.len().min(SHOWN_BYTES)]);
    match shown.trim() {
        "" => format!("{what} got HTTP {status} without a body"),
        shown => format!("{what} got HTTP {status}: {shown}"),
    }
}

fn place(description: &Description, step: usize, request: &Request) -> String {
    let (method, path) = (&request.method, &request.path);
    let (step, steps) = (step + 1, description.setup.len());
    format!("{}, set-up {step} of {steps}, {method} {path}", description.name)
}

/// Each request has a connection of its own: set-ups are short, and this asks the least of the sender.
async fn exchange(address: SocketAddr, request: &[u8]) -> std::io::Result<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request).await?;
    let mut inbox = Inbox::new();
    let response = inbox.response(&mut stream).await?;
    Ok((response.status, response.body.to_vec()))
}
