//! A connection pooler in front of a server, as far as a starting store can detect one: it rejects the
//! startup parameter `options` and, in transaction mode, lends its connections for one transaction at a time.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// When a client's server connection becomes free for another client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// When the client disconnects.
    Session,
    /// When its transaction ends. The connection used last is lent first.
    Transaction,
}

/// A client's request for TLS, which may precede its startup packet.
const TLS_REQUEST: [u8; 4] = 80_877_103_u32.to_be_bytes();

/// Starts pooling on a port of the loopback address.
pub async fn start(mode: Mode, server_port: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let idle = Arc::new(Mutex::new(Vec::new()));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(serve(mode, client, server_port, Arc::clone(&idle)));
        }
    });
    port
}

async fn serve(mode: Mode, mut client: TcpStream, server_port: u16, idle: Arc<Mutex<Vec<TcpStream>>>) {
    let Some(startup) = read_startup(&mut client).await else {
        return;
    };
    if startup.windows(9).any(|window| window == b"\0options\0") {
        let refusal = error("08P01", "unsupported startup parameter: options");
        let _ = client.write_all(&refusal).await;
        return;
    }
    let (mut server, greeting) = connect(server_port, &startup).await;
    if client.write_all(&greeting).await.is_err() {
        return;
    }
    match mode {
        Mode::Session => {
            let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
        }
        Mode::Transaction => {
            idle.lock().expect("no thread panicked").push(server);
            while lend(&mut client, server_port, &startup, &idle).await.is_some() {}
        }
    }
}

/// Lends a connection for one transaction: simple queries until the server is idle again.
async fn lend(
    client: &mut TcpStream,
    server_port: u16,
    startup: &[u8],
    idle: &Mutex<Vec<TcpStream>>,
) -> Option<()> {
    let mut query = read_message(client).await?;
    let last_used = idle.lock().expect("no thread panicked").pop();
    let mut server = match last_used {
        Some(server) => server,
        None => connect(server_port, startup).await.0,
    };
    loop {
        assert_eq!(
            query[0], b'Q',
            "the start asks in simple queries before it is refused"
        );
        server.write_all(&query).await.ok()?;
        let (answer, status) = read_until_ready(&mut server).await?;
        client.write_all(&answer).await.ok()?;
        if status == b'I' {
            idle.lock().expect("no thread panicked").push(server);
            return Some(());
        }
        query = read_message(client).await?;
    }
}

/// Connects like a client. Also returns what the server sends before the first query.
async fn connect(server_port: u16, startup: &[u8]) -> (TcpStream, Vec<u8>) {
    let server = TcpStream::connect(("127.0.0.1", server_port)).await;
    let mut server = server.expect("the server is there");
    server.write_all(startup).await.expect("it listens");
    let greeting = read_until_ready(&mut server).await;
    (server, greeting.expect("it trusts everybody").0)
}

/// Reads the startup packet, and refuses a preceding request for TLS.
async fn read_startup(client: &mut TcpStream) -> Option<Vec<u8>> {
    loop {
        let length = client.read_u32().await.ok()?;
        let mut packet = length.to_be_bytes().to_vec();
        packet.resize(usize::try_from(length).ok()?, 0);
        client.read_exact(&mut packet[4..]).await.ok()?;
        if packet[4..] != TLS_REQUEST {
            return Some(packet);
        }
        client.write_all(b"N").await.ok()?;
    }
}

/// Reads messages until the server is ready for the next query. Returns them and the state of the
/// transaction.
async fn read_until_ready(server: &mut TcpStream) -> Option<(Vec<u8>, u8)> {
    let mut all = Vec::new();
    loop {
        let message = read_message(server).await?;
        all.extend(&message);
        if message[0] == b'Z' {
            return Some((all, message[5]));
        }
    }
}

/// Reads a message: its kind, its length, its content.
async fn read_message(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let kind = stream.read_u8().await.ok()?;
    let length = stream.read_u32().await.ok()?;
    let mut message = vec![kind];
    message.extend(length.to_be_bytes());
    message.resize(usize::try_from(length).ok()? + 1, 0);
    stream.read_exact(&mut message[5..]).await.ok()?;
    Some(message)
}

/// An error message in the server's format.
fn error(code: &str, text: &str) -> Vec<u8> {
    let fields = format!("SFATAL\0VFATAL\0C{code}\0M{text}\0\0");
    let length = u32::try_from(fields.len() + 4).expect("a short text");
    let mut message = vec![b'E'];
    message.extend(length.to_be_bytes());
    message.extend(fields.as_bytes());
    message
}
