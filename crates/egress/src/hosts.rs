//! Bounds the requests that are under way to one host at a time, over all tenants.
//!
//! A host need not belong to the tenants whose URLs name it, so that no number of them may flood it. A host
//! that takes long to respond must not keep all slots of the caller busy either.
//!
//! - A request gets a [`Permit`] for its host before it looks up the name, and keeps it until the response
//!   has been read. All ports and schemes of a host share its permits.
//! - If no permit is free, the request waits, which does not count against its timeout ([`Allowance`]).
//!   Tenants take turns; the requests of one tenant wait in order.
//! - A waiting request holds a slot and memory of its caller. For a host, about a quarter as many may wait as
//!   may have its permits. Beyond that a request is [`Crowded`] at once, and the caller sends it later.
//! - A tenant may have at most [`PERMIT_SHARE`] times as many permits as are free, and at most
//!   [`REQUEST_SHARE`] times as many requests, waiting ones included, as there is room for. Tenants who share
//!   a receiver with a busy one thus get their requests through.
//!
//! A host has an entry only while requests hold its permits or wait for them.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::allowance::Allowance;
use crate::destination::Host;

/// How many times as many permits as are free a tenant may have. Of 1,024, it leaves 15 to others: enough for
/// requests that take as long as usual, and few enough that a tenant alone can use nearly all.
const PERMIT_SHARE: usize = 64;

/// The same for its requests, waiting ones included, and the room for more. With the default settings, 300
/// busy tenants of one host leave room for another to wait.
const REQUEST_SHARE: usize = 4;

/// Permits for each request that may wait. The waiting requests keep a quick receiver busy while the caller
/// finds the next ones. With the default settings, one host takes up at most 1,284 of a node's 2,048 slots.
const PERMITS_PER_WAITING: usize = 4;

/// How many more may wait, so that this works for small bounds as well.
const WAITING_MIN: usize = 4;

/// The requests under way, by host.
pub struct Hosts {
    in_flight_max: usize,
    /// Those that wait included.
    requests_max: usize,
    by_host: Mutex<HashMap<Arc<Host>, OfHost>>,
}

/// No permit is free, and no room to wait for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many requests to the host are under way")]
pub struct Crowded;

/// Permission to have one request under way to a host. Dropping it gives it back.
pub struct Permit {
    hosts: Arc<Hosts>,
    host: Arc<Host>,
    tenant: u128,
}

/// The requests to one host.
#[derive(Default)]
struct OfHost {
    in_flight: usize,
    waiting: usize,
    /// Each tenant with requests that wait, the next one first.
    order: VecDeque<u128>,
    tenants: HashMap<u128, OfTenant>,
}

/// The requests of one tenant to one host.
#[derive(Default)]
struct OfTenant {
    in_flight: usize,
    waiting: VecDeque<oneshot::Sender<()>>,
}

/// A request that waits. Dropping it gives up its turn.
struct Turn {
    hosts: Arc<Hosts>,
    host: Arc<Host>,
    tenant: u128,
    granted: oneshot::Receiver<()>,
    /// Whether it has its permit.
    is_over: bool,
}

/// What a request gets at first.
enum Asked {
    Permit(Permit),
    Wait(Turn),
}

impl Hosts {
    /// Permits so many requests at a time to each host, and at least one.
    pub fn new(in_flight_max: usize) -> Arc<Self> {
        let in_flight_max = in_flight_max.max(1);
        Arc::new(Self {
            in_flight_max,
            requests_max: in_flight_max + in_flight_max / PERMITS_PER_WAITING + WAITING_MIN,
            by_host: Mutex::default(),
        })
    }

    /// Gets a permit for the host, in the spelling of [`Host::effective`]. Waits for it in the turn of the
    /// tenant if need be; `allowance` stands still meanwhile.
    pub async fn permit(
        self: &Arc<Self>,
        host: &Arc<Host>,
        tenant: u128,
        allowance: &Allowance,
    ) -> Result<Permit, Crowded> {
        match self.ask(host, tenant)? {
            Asked::Permit(permit) => Ok(permit),
            // Boxed, because this future is rare and would enlarge everything that holds a request.
            Asked::Wait(turn) => Ok(Box::pin(allowance.pause(turn.granted())).await),
        }
    }

    fn ask(self: &Arc<Self>, host: &Arc<Host>, tenant: u128) -> Result<Asked, Crowded> {
        let mut by_host = self.by_host.lock();
        let of_host = match by_host.get_mut(host) {
            Some(of_host) => of_host,
            None => by_host.entry(Arc::clone(host)).or_default(),
        };
        let (hosts, host) = (Arc::clone(self), Arc::clone(host));
        if of_host.take(tenant, self.in_flight_max) {
            return Ok(Asked::Permit(Permit { hosts, host, tenant }));
        }
        let granted = of_host.wait(tenant, self.requests_max).ok_or(Crowded)?;
        Ok(Asked::Wait(Turn {
            hosts,
            host,
            tenant,
            granted,
            is_over: false,
        }))
    }

    /// Changes what is known of a host that has requests, and then grants the permits that are free.
    fn change(&self, host: &Arc<Host>, change: impl FnOnce(&mut OfHost)) {
        let mut by_host = self.by_host.lock();
        let Some(of_host) = by_host.get_mut(host) else {
            return;
        };
        change(of_host);
        of_host.grant(self.in_flight_max);
        if of_host.in_flight == 0 && of_host.waiting == 0 {
            by_host.remove(host);
        }
    }
}

impl OfHost {
    /// Takes a permit if the tenant may have one more. It may not while one of its requests waits
    /// ([`Self::grant`]).
    fn take(&mut self, tenant: u128, in_flight_max: usize) -> bool {
        let of_tenant = self.tenants.entry(tenant).or_default();
        let free = in_flight_max - self.in_flight;
        let may_take = of_tenant.in_flight < free * PERMIT_SHARE;
        if may_take {
            of_tenant.in_flight += 1;
            self.in_flight += 1;
        }
        may_take
    }

    /// Adds a request that waits, unless the tenant has its share of all requests.
    fn wait(&mut self, tenant: u128, requests_max: usize) -> Option<oneshot::Receiver<()>> {
        let of_tenant = self.tenants.entry(tenant).or_default();
        let own = of_tenant.in_flight + of_tenant.waiting.len();
        let room = requests_max.saturating_sub(self.in_flight + self.waiting);
        if own >= room * REQUEST_SHARE {
            self.forget_if_idle(tenant);
            return None;
        }
        if of_tenant.waiting.is_empty() {
            self.order.push_back(tenant);
        }
        let (grant, granted) = oneshot::channel();
        of_tenant.waiting.push_back(grant);
        self.waiting += 1;
        Some(granted)
    }

    fn give_back(&mut self, tenant: u128) {
        self.in_flight -= 1;
        if let Some(of_tenant) = self.tenants.get_mut(&tenant) {
            of_tenant.in_flight -= 1;
        }
        self.forget_if_idle(tenant);
    }

    /// Removes the requests of a tenant that were given up while they waited.
    fn forget_given_up(&mut self, tenant: u128) {
        let Some(of_tenant) = self.tenants.get_mut(&tenant) else {
            return;
        };
        self.waiting -= of_tenant.waiting.len();
        of_tenant.waiting.retain(|grant| !grant.is_closed());
        self.waiting += of_tenant.waiting.len();
        if of_tenant.waiting.is_empty() {
            self.order.retain(|it| *it != tenant);
        }
        self.forget_if_idle(tenant);
    }

    fn forget_if_idle(&mut self, tenant: u128) {
        let of_tenant = self.tenants.get(&tenant);
        if of_tenant.is_some_and(|it| it.in_flight == 0 && it.waiting.is_empty()) {
            self.tenants.remove(&tenant);
        }
    }

    /// Grants the free permits to requests that wait, so that afterwards none waits that may have one.
    fn grant(&mut self, in_flight_max: usize) {
        let mut passed_over = 0;
        while passed_over < self.order.len() {
            let Some(tenant) = self.order.pop_front() else {
                return;
            };
            let of_tenant = self.tenants.entry(tenant).or_default();
            let free = in_flight_max - self.in_flight;
            if of_tenant.in_flight >= free * PERMIT_SHARE {
                self.order.push_back(tenant);
                passed_over += 1;
                continue;
            }
            let grant = of_tenant.waiting.pop_front();
            if !of_tenant.waiting.is_empty() {
                self.order.push_back(tenant);
            }
            self.waiting -= usize::from(grant.is_some());
            if grant.is_some_and(|grant| grant.send(()).is_ok()) {
                of_tenant.in_flight += 1;
                self.in_flight += 1;
            }
            passed_over = 0;
        }
    }
}

impl Turn {
    async fn granted(mut self) -> Permit {
        let granted = (&mut self.granted).await;
        granted.expect("a request that waits is forgotten only when it is dropped");
        self.is_over = true;
        Permit {
            hosts: Arc::clone(&self.hosts),
            host: Arc::clone(&self.host),
            tenant: self.tenant,
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let (granted, tenant) = (&mut self.granted, self.tenant);
        // Permits are granted under the same lock, so that this one either was or never will be.
        self.hosts.change(&self.host, |of_host| match granted.try_recv() {
            Ok(()) => of_host.give_back(tenant),
            Err(_) => {
                granted.close();
                of_host.forget_given_up(tenant);
            }
        });
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.hosts
            .change(&self.host, |of_host| of_host.give_back(self.tenant));
    }
}

#[cfg(test)]
mod tests;
