//! A connection between store and server that can be cut at the worst moment: around a commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// `COMMIT` in the driver's format: a simple query, its length, its text.
const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";

/// The number of parameters of a step's statement, which commits by itself. No other statement has as many.
const STEP_PARAMS: u8 = 46;

/// Whether this commits: a `COMMIT`, or a step's statement. The driver sends the number of the parameters,
/// the format of each (1: binary), and the number again.
fn commits(sent: &[u8]) -> bool {
    let step = [0, STEP_PARAMS, 0, 1, 0, 1];
    let contains = |bytes: &[u8]| sent.windows(bytes.len()).any(|window| window == bytes);
    contains(COMMIT) || contains(&step)
}

/// How to treat the next commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Cut {
    /// Forward it.
    Never = 0,
    /// The server receives it, but its reply is lost.
    BehindCommit = 1,
    /// The server does not receive it, and does not notice that the client is gone.
    BeforeCommit = 2,
}

/// A proxy in front of a server.
pub struct Proxy {
    /// Its port on the loopback address.
    pub port: u16,
    cut: Arc<AtomicU8>,
}

impl Proxy {
    /// Starts listening.
    pub async fn start(server_port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let cut = Arc::new(AtomicU8::new(Cut::Never as u8));
        tokio::spawn(accept(listener, server_port, Arc::clone(&cut)));
        Self { port, cut }
    }

    /// Cuts the connection that sends the next commit.
    pub fn cut_next(&self, cut: Cut) {
        self.cut.store(cut as u8, Ordering::SeqCst);
    }
}

async fn accept(listener: TcpListener, server_port: u16, cut: Arc<AtomicU8>) {
    while let Ok((client, _)) = listener.accept().await {
        let server = TcpStream::connect(("127.0.0.1", server_port)).await;
        let server = server.expect("the server is there");
        tokio::spawn(serve(client, server, Arc::clone(&cut)));
    }
}

async fn serve(client: TcpStream, server: TcpStream, cut: Arc<AtomicU8>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let answers = tokio::spawn(async move {
        // Ends when either side closes, and then closes its half of the client's side.
        let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
        from_server
    });
    let mut buffer = vec![0; 1024 * 1024];
    loop {
        let Ok(count @ 1..) = from_client.read(&mut buffer).await else {
            return;
        };
        let sent = &buffer[..count];
        let cut = match cut.load(Ordering::SeqCst) {
            armed if armed != Cut::Never as u8 && commits(sent) => {
                cut.store(Cut::Never as u8, Ordering::SeqCst);
                armed
            }
            _ => Cut::Never as u8,
        };
        if cut != Cut::Never as u8 {
            // From here on, no reply of the server reaches the client.
            answers.abort();
        }
        if cut != Cut::BeforeCommit as u8 && to_server.write_all(sent).await.is_err() {
            return;
        }
        if cut == Cut::BehindCommit as u8 {
            // The server has time to commit before it notices that the connection is closed.
            return;
        }
        if cut == Cut::BeforeCommit as u8 {
            drop(from_client);
            // As behind a broken router, the server's side stays open until the server itself closes it.
            std::future::pending::<()>().await;
            return;
        }
    }
}
