//! The network between a node and its database: a TCP proxy on loopback that can fall silent, cut all
//! connections, and lead elsewhere.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Bytes copied at a time.
const BUFFER_BYTES: usize = 16 * 1024;

/// Why a connection ended that was not cut.
const GONE: &str = "the proxy has stopped";

/// The current behaviour of the proxy.
#[derive(Debug, Clone)]
struct Mode {
    target: SocketAddr,
    is_paused: bool,
    /// How often all connections were cut. Connections from before the last cut end.
    cuts: u64,
}

/// The proxy. Dropping it also ends its connections.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    mode: watch::Sender<Mode>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// A proxy on a free port, leading to `target`.
    pub async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("there is a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (mode, current) = watch::channel(Mode {
            target,
            is_paused: false,
            cuts: 0,
        });
        let accepting = tokio::spawn(accept(listener, current));
        Self {
            address,
            mode,
            accepting,
        }
    }

    /// The address on which the proxy listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Falls silent: connections stay open and carry nothing; new connections are accepted and lead nowhere.
    /// Data sent meanwhile is carried after [`Self::resume`].
    pub fn pause(&self) {
        self.mode.send_modify(|mode| mode.is_paused = true);
    }

    /// Carries again.
    pub fn resume(&self) {
        self.mode.send_modify(|mode| mode.is_paused = false);
    }

    /// Ends every connection with a reset on both sides. New connections are carried.
    pub fn cut(&self) {
        self.mode.send_modify(|mode| mode.cuts += 1);
    }

    /// Leads new connections to `target`, and ends the existing ones.
    pub fn lead_to(&self, target: SocketAddr) {
        self.mode.send_modify(|mode| {
            mode.target = target;
            mode.cuts += 1;
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, mode: watch::Receiver<Mode>) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(carry(client, mode.clone()));
    }
}

async fn carry(mut client: TcpStream, mode: watch::Receiver<Mode>) {
    let cuts = mode.borrow().cuts;
    let mut server = None;
    let mut until_cut = mode.clone();
    let broken = tokio::select! {
        // An error means that the proxy has stopped, which ends its connections too.
        _ = until_cut.wait_for(|mode| mode.cuts != cuts) => true,
        carried = carry_both_ways(&mut client, &mut server, mode) => carried.is_err(),
    };
    if broken {
        for stream in [Some(client), server].into_iter().flatten() {
            // The stream is dropped next: with a reset, or in order if this call fails.
            let _ = stream.set_zero_linger();
        }
    }
}

async fn carry_both_ways(
    client: &mut TcpStream,
    server: &mut Option<TcpStream>,
    mut mode: watch::Receiver<Mode>,
) -> io::Result<()> {
    let target = carries(&mut mode).await?;
    let server = server.insert(TcpStream::connect(target).await?);
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    tokio::try_join!(
        carry_one_way(&mut from_client, &mut to_server, mode.clone()),
        carry_one_way(&mut from_server, &mut to_client, mode),
    )?;
    Ok(())
}

async fn carry_one_way(
    from: &mut ReadHalf<'_>,
    to: &mut WriteHalf<'_>,
    mut mode: watch::Receiver<Mode>,
) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let count = from.read(&mut buffer).await?;
        carries(&mut mode).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..count]).await?;
    }
}

/// Waits until the proxy is not paused, and returns its target.
async fn carries(mode: &mut watch::Receiver<Mode>) -> io::Result<SocketAddr> {
    let found = mode.wait_for(|mode| !mode.is_paused).await;
    found.map(|mode| mode.target).map_err(|_| io::Error::other(GONE))
}
