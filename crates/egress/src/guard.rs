//! The egress guard: which destinations may be called.
//!
//! The guard checks a URL three times. Two checks happen when the URL is saved, so that its author learns of
//! a mistake at once: one of the URL alone ([`EgressGuard::check_url`]) and one of the current addresses of
//! its host name ([`EgressGuard::check_resolved`]). The third check is the one that protects: the client asks
//! [`EgressGuard::permits`] about every address before it dials it. A name that changes its address in
//! between gains nothing, because the client dials the address that was checked.
//!
//! The guard knows addresses, not routes. It cannot tell that a public address belongs to a neighbour. If
//! that matters, use a firewall as well.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use ipnet::IpNet;

use crate::address;
use crate::allowance::Allowance;
use crate::destination::{Destination, DestinationError, Host};
use crate::resolve::Resolve;

/// The rule for addresses, fixed for the life of the process.
#[derive(Debug, Clone, Default)]
pub struct EgressGuard {
    allowed: Vec<IpNet>,
}

impl EgressGuard {
    /// Creates a guard that permits public addresses, and the `allowed` networks even if they are not public.
    pub const fn new(allowed: Vec<IpNet>) -> Self {
        Self { allowed }
    }

    /// Whether a connection may be made to the address.
    pub fn permits(&self, address: IpAddr) -> bool {
        if address::is_public(address) {
            return true;
        }
        let effective = address::effective(address);
        self.allowed
            .iter()
            .any(|network| network.contains(&address) || network.contains(&effective))
    }

    /// Parses a URL, and refuses it if the URL alone shows that it must not be called. Pure.
    pub fn check_url(&self, url: &str) -> Result<Destination, DestinationError> {
        let destination = Destination::parse(url)?;
        let permitted = match destination.host() {
            Host::Address(address) => self.permits(*address),
            host if host.is_localhost() => LOOPBACK.iter().any(|address| self.permits(*address)),
            Host::Name(_) => true,
        };
        if permitted {
            Ok(destination)
        } else {
            Err(DestinationError::Forbidden)
        }
    }

    /// Refuses a destination if all of its addresses are forbidden right now. A name that is not found within
    /// `timeout` is accepted: it may be set up later, and the client checks its addresses at each connection.
    /// `tenant` takes turns with others at lookups.
    pub async fn check_resolved(
        &self,
        destination: &Destination,
        resolver: &dyn Resolve,
        tenant: u128,
        timeout: Duration,
    ) -> Result<(), DestinationError> {
        let Host::Name(name) = destination.host() else {
            return Ok(());
        };
        if destination.host().is_localhost() {
            return Ok(());
        }
        // Somebody waits for this, so that waiting for a turn counts.
        let allowance = Allowance::new(timeout);
        let found = resolver.resolve_for(tenant, name, &allowance);
        match tokio::time::timeout(timeout, found).await {
            Ok(Ok(addresses)) if !addresses.is_empty() && !addresses.iter().any(|it| self.permits(*it)) => {
                Err(DestinationError::Forbidden)
            }
            Ok(Ok(_) | Err(_)) | Err(_) => Ok(()),
        }
    }
}

/// The addresses of `localhost`, without a lookup.
pub(crate) const LOOPBACK: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolve::ResolveError;

    fn guard(allowed: &[&str]) -> EgressGuard {
        EgressGuard::new(allowed.iter().map(|text| text.parse().unwrap()).collect())
    }

    fn permits(guard: &EgressGuard, text: &str) -> bool {
        guard.permits(text.parse().unwrap())
    }

    #[test]
    fn allowed_networks_are_permitted_in_each_of_their_spellings() {
        let guard = guard(&["10.1.0.0/16", "fd00:1::/32"]);
        for text in [
            "10.1.2.3",
            "::ffff:10.1.2.3",
            "64:ff9b::10.1.2.3",
            "fd00:1::5",
            "8.8.8.8",
        ] {
            assert!(permits(&guard, text), "{text}");
        }
        for text in ["10.2.0.0", "::ffff:10.2.0.0", "fd00:2::5", "127.0.0.1", "::1"] {
            assert!(!permits(&guard, text), "{text}");
        }
    }

    #[test]
    fn literal_private_addresses_are_refused_in_every_spelling() {
        for text in [
            "http://127.0.0.1/",
            "http://0x7f.1/",
            "http://2130706433/",
            "http://0/",
            "http://[::1]/",
            "http://[::ffff:7f00:1]/",
            "http://[::ffff:169.254.169.254]/",
            "http://169.254.169.254/latest/meta-data/",
            "http://10.0.0.1:8080/",
            "http://localhost/",
            "http://LOCALHOST./",
            "http://a.localhost:3000/",
        ] {
            assert_eq!(
                guard(&[]).check_url(text).unwrap_err().code(),
                "destination_forbidden",
                "{text}"
            );
        }
        for text in [
            "http://127.0.0.1/",
            "http://0x7f.1/",
            "http://localhost/",
            "http://a.localhost/",
        ] {
            assert!(guard(&["127.0.0.0/8"]).check_url(text).is_ok(), "{text}");
        }
        for text in [
            "https://example.com/",
            "http://intranet/",
            "http://printer.local/",
            "http://localhost.example/",
        ] {
            assert!(guard(&[]).check_url(text).is_ok(), "{text}");
        }
    }

    struct Fixed(Result<Vec<IpAddr>, ResolveError>);

    #[async_trait::async_trait]
    impl Resolve for Fixed {
        async fn resolve(&self, _name: &str) -> Result<Vec<IpAddr>, ResolveError> {
            self.0.clone()
        }
    }

    const LOOKUP_MAX: Duration = Duration::from_secs(2);

    struct Never;

    #[async_trait::async_trait]
    impl Resolve for Never {
        async fn resolve(&self, _name: &str) -> Result<Vec<IpAddr>, ResolveError> {
            std::future::pending().await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_is_refused_at_save_only_where_all_of_its_addresses_are_forbidden() {
        let guard = guard(&[]);
        let destination = guard.check_url("https://example.com/").unwrap();
        let private: IpAddr = "10.0.0.1".parse().unwrap();
        let public: IpAddr = "8.8.8.8".parse().unwrap();
        let check = async |found| {
            guard
                .check_resolved(&destination, &Fixed(found), 1, LOOKUP_MAX)
                .await
        };
        assert_eq!(check(Ok(vec![private])).await, Err(DestinationError::Forbidden));
        assert_eq!(check(Ok(vec![private, public])).await, Ok(()));
        assert_eq!(check(Ok(vec![])).await, Ok(()));
        assert_eq!(check(Err(ResolveError::NotFound)).await, Ok(()));
        assert_eq!(
            guard.check_resolved(&destination, &Never, 1, LOOKUP_MAX).await,
            Ok(())
        );
    }
}
