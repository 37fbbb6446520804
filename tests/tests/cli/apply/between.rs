//! What stands between the command and the server: it sees each request before the server does.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What happens with a request, whose first line this gets. A text is the response instead of the server's.
type Sees = dyn FnMut(&str) -> Option<String> + Send;

/// The URL of a go-between to the server at `address`. It ends with the test's process.
pub fn between(address: SocketAddr, sees: impl FnMut(&str) -> Option<String> + Send + 'static) -> String {
    let sees: Arc<Mutex<Box<Sees>>> = Arc::new(Mutex::new(Box::new(sees)));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let sees = Arc::clone(&sees);
            thread::spawn(move || carry(client, address, &sees));
        }
    });
    url
}

/// The command sends a request in one piece, and the next one after the response.
fn carry(mut client: TcpStream, address: SocketAddr, sees: &Mutex<Box<Sees>>) -> Option<()> {
    let mut server = TcpStream::connect(address).ok()?;
    let (mut from_server, mut to_client) = (server.try_clone().ok()?, client.try_clone().ok()?);
    thread::spawn(move || std::io::copy(&mut from_server, &mut to_client));
    let mut buffer = vec![0; 1 << 20];
    loop {
        let length = client.read(&mut buffer).ok().filter(|length| *length > 0)?;
        let request = String::from_utf8_lossy(&buffer[..length]).into_owned();
        let line = request.lines().next().unwrap_or_default();
        match (sees.lock().ok()?)(line) {
            Some(response) => client.write_all(response.as_bytes()).ok()?,
            None => server.write_all(&buffer[..length]).ok()?,
        }
    }
}
