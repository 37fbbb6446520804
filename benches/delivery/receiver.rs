//! A thread that serves connections, one task each, until it is dropped. [`crate::sink`] and
//! [`crate::troubled`] say what the connections do.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread::JoinHandle;

use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// A receiver that runs until it is dropped. After that, its port refuses connections.
pub struct Receiver {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Receiver {
    /// Listens on an address of this machine, with port 0 on a free port. `prepare` runs once, on the
    /// receiver's thread, and returns what serves a connection.
    pub fn start<C, F>(
        name: &str,
        address: SocketAddr,
        prepare: impl FnOnce() -> C + Send + 'static,
    ) -> io::Result<Self>
    where
        C: Fn(TcpStream) -> F,
        F: Future<Output = ()> + 'static,
    {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || serve(listener, &prepare(), stopped))?;
        Ok(Self {
            address,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// A free port.
    pub fn free() -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A URL with a host name of its own: the server bounds the requests to one host.
    pub fn url_of(&self, host: &str, path: &str) -> String {
        format!("http://{host}.localhost:{}{path}", self.address.port())
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve<F>(listener: TcpListener, connection: &impl Fn(TcpStream) -> F, stopped: oneshot::Receiver<()>)
where
    F: Future<Output = ()> + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built");
    let tasks = tokio::task::LocalSet::new();
    tasks.block_on(&runtime, async {
        let listener =
            tokio::net::TcpListener::from_std(listener).expect("the listener is fit for the runtime");
        let accept = async {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                tokio::task::spawn_local(connection(stream));
            }
        };
        tokio::select! {
            () = accept => {}
            _ = stopped => {}
        }
    });
}
