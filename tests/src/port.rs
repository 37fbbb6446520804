//! Ports for servers that cannot choose one themselves.

use std::net::TcpListener;

/// Ports below those that the system assigns to outgoing connections. While a server is down, no connection
/// can occupy its port.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// Most ports that are tried to find a free one.
const PORTS_TRIED_MAX: usize = 1_000;

/// A port that is free now. Another process may take it before a server is started on it.
pub fn free_port() -> u16 {
    let mut tried = std::iter::repeat_with(|| fastrand::u16(PORTS)).take(PORTS_TRIED_MAX);
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    tried.find(is_free).expect("one port in a thousand is free")
}
