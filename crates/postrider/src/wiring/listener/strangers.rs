//! Room for the requests of strangers: clients that have not shown a valid API key or session.
//!
//! Each costs its head, a form of at most 8 KiB and a page of at most 40 KB, some 50 KiB in all, for as long
//! as its sender likes. (The OpenAPI document is larger, but its responses share one copy.) Without a bound,
//! a stranger could fill the memory with requests that never end.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use postrider_web::client::network;

/// Most requests of strangers in flight on one connection. A browser that signs in needs a few.
pub const STRANGERS_PER_CONNECTION: usize = 16;

/// Most requests of strangers in flight: some 100 MiB in the worst case.
const STRANGERS_MAX: usize = 2_048;

/// How many of them one client may have, by IPv4 address or IPv6 /64.
const STRANGERS_PER_CLIENT: usize = 512;

/// The room.
#[derive(Debug, Default)]
pub struct Strangers(Mutex<InFlight>);

#[derive(Debug, Default)]
struct InFlight {
    total: usize,
    clients: HashMap<IpAddr, usize>,
}

/// Room for one request, free again once dropped.
#[derive(Debug)]
pub struct StrangerRoom {
    strangers: Arc<Strangers>,
    client: IpAddr,
}

impl Strangers {
    /// Room for a request of the client at this address, if there is any.
    pub fn room(self: &Arc<Self>, address: IpAddr) -> Option<StrangerRoom> {
        let client = network(address);
        let mut in_flight = self.0.lock();
        let of_client = in_flight.clients.get(&client).copied().unwrap_or_default();
        if in_flight.total >= STRANGERS_MAX || of_client >= STRANGERS_PER_CLIENT {
            return None;
        }
        in_flight.total += 1;
        in_flight.clients.insert(client, of_client + 1);
        Some(StrangerRoom {
            strangers: Arc::clone(self),
            client,
        })
    }
}

impl Drop for StrangerRoom {
    fn drop(&mut self) {
        let mut in_flight = self.strangers.0.lock();
        in_flight.total -= 1;
        if let Some(of_client) = in_flight.clients.get_mut(&self.client) {
            *of_client -= 1;
            if *of_client == 0 {
                in_flight.clients.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_client_gets_a_quarter_of_the_room() {
        let strangers = Arc::new(Strangers::default());
        let take = |last: u8| {
            let address = IpAddr::from([192, 0, 2, last]);
            std::iter::from_fn(|| strangers.room(address)).collect::<Vec<_>>()
        };
        let rooms: Vec<_> = (1..=5).map(take).collect();
        let counts: Vec<_> = rooms.iter().map(Vec::len).collect();
        assert_eq!(counts, [512, 512, 512, 512, 0]);
        drop(rooms);
        let in_flight = strangers.0.lock();
        assert!(in_flight.total == 0 && in_flight.clients.is_empty());
    }
}
