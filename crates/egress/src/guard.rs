//! The egress guard: which destinations may be called.
//!
//! The guard checks a URL when it is saved ([`EgressGuard::check_url`]), so that its author learns of a
//! mistake at once, and again when it is called. Both checks look at the URL alone. The check that protects
//! comes after them: the client asks [`EgressGuard::permits`] about every address before it dials it. A name
//! that changes its address gains nothing, because the client dials the address that was checked.
//!
//! Nobody looks up a name when a URL is saved. The result would tell the author which names exist in the
//! network that the client runs in. For the same reason an attempt ends alike for a name that does not exist
//! and for one with a forbidden address.
//!
//! The guard knows addresses, not routes. It cannot tell that a public address belongs to a neighbour. If
//! that matters, deny the address, or use a firewall as well.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net};

use crate::address;
use crate::destination::{Destination, DestinationError, Host};
use crate::name::{self, NamePattern};
use crate::port;

/// What the operator decides about destinations. By default requests go to public addresses and public names,
/// on all ports but those of other protocols ([`crate::port`]).
#[derive(Debug, Clone, Default)]
pub struct EgressRules {
    /// Networks that are permitted even if they are not public. An address of [`address::METADATA`] is
    /// permitted only by a network that holds nothing else.
    pub allowed: Vec<IpNet>,
    /// Networks that are forbidden even if they are public or allowed.
    pub denied: Vec<IpNet>,
    /// Names of internal networks that are permitted. Their addresses have to be permitted too.
    pub allowed_names: Vec<NamePattern>,
    /// Ports that are permitted although they belong to another protocol.
    pub allowed_ports: Vec<u16>,
    /// The only ports that are permitted; if empty, all but those of other protocols.
    pub only_ports: Vec<u16>,
    /// Whether `http` URLs are forbidden.
    pub https_only: bool,
}

impl From<Vec<IpNet>> for EgressRules {
    /// The rules that permit these networks too.
    fn from(allowed: Vec<IpNet>) -> Self {
        Self {
            allowed,
            ..Self::default()
        }
    }
}

/// The rules for destinations, fixed for the life of the process.
#[derive(Debug, Clone, Default)]
pub struct EgressGuard {
    rules: EgressRules,
}

impl EgressGuard {
    /// Creates a guard with these rules; from a list of networks, one that permits them besides public
    /// addresses.
    pub fn new(rules: impl Into<EgressRules>) -> Self {
        let mut rules = rules.into();
        for network in rules.allowed.iter_mut().chain(&mut rules.denied) {
            *network = effective_network(*network);
        }
        Self { rules }
    }

    /// Whether a connection may be made to the address.
    pub fn permits(&self, address: IpAddr) -> bool {
        self.judge(address).is_ok()
    }

    fn judge(&self, address: IpAddr) -> Result<(), DestinationError> {
        let effective = address::effective(address);
        let is_in = |network: &&IpNet| network.contains(&address) || network.contains(&effective);
        if self.rules.denied.iter().any(|it| is_in(&it)) {
            return Err(DestinationError::Denied);
        }
        let mut allowing = self.rules.allowed.iter().filter(is_in);
        let is_permitted = if address::is_metadata(address) {
            allowing.any(|network| network.prefix_len() == network.max_prefix_len())
        } else {
            address::is_public(address) || allowing.next().is_some()
        };
        if is_permitted {
            Ok(())
        } else {
            Err(DestinationError::Forbidden)
        }
    }

    /// Parses a URL, and refuses it if the URL alone shows that it must not be called. Pure.
    pub fn check_url(&self, url: &str) -> Result<Destination, DestinationError> {
        let destination = Destination::parse(url)?;
        if self.rules.https_only && !destination.origin().tls {
            return Err(DestinationError::NotHttps);
        }
        if !self.permits_port(destination.port()) {
            return Err(DestinationError::Port(destination.port()));
        }
        match destination.host() {
            Host::Address(address) => self.judge(*address)?,
            // It is called if any of the two is permitted.
            host if host.is_localhost() => self.judge(LOOPBACK[0]).or_else(|_| self.judge(LOOPBACK[1]))?,
            Host::Name(name) if name::is_internal(name) && !self.allows_name(name) => {
                return Err(DestinationError::InternalName);
            }
            Host::Name(_) => {}
        }
        Ok(destination)
    }

    fn permits_port(&self, port: u16) -> bool {
        if self.rules.only_ports.is_empty() {
            port::is_permitted(port) || self.rules.allowed_ports.contains(&port)
        } else {
            self.rules.only_ports.contains(&port)
        }
    }

    fn allows_name(&self, name: &str) -> bool {
        self.rules.allowed_names.iter().any(|it| it.matches(name))
    }
}

/// The network of the effective addresses: an IPv4 network that is written IPv4-mapped becomes that network.
fn effective_network(network: IpNet) -> IpNet {
    let IpNet::V6(v6) = network else {
        return network;
    };
    v6.addr()
        .to_ipv4_mapped()
        .zip(v6.prefix_len().checked_sub(96))
        .and_then(|(address, prefix)| Ipv4Net::new(address, prefix).ok())
        .map_or(network, IpNet::V4)
}

/// The addresses of `localhost`, without a lookup.
pub(crate) const LOOPBACK: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

#[cfg(test)]
mod tests {
    use super::*;

    fn nets(texts: &[&str]) -> Vec<IpNet> {
        let net = |text: &&str| match text.parse() {
            Ok(net) => net,
            Err(_) => IpNet::from(text.parse::<IpAddr>().unwrap()),
        };
        texts.iter().map(net).collect()
    }

    fn guard(allowed: &[&str]) -> EgressGuard {
        EgressGuard::new(nets(allowed))
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
            "http://localhost.example/",
            "http://hooks.test/",
        ] {
            assert!(guard(&[]).check_url(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_denied_network_is_refused_though_it_is_public_or_allowed() {
        let rules = EgressRules {
            allowed: nets(&["10.0.0.0/8", "fd00::/8"]),
            denied: nets(&["10.9.0.0/16", "8.8.8.0/24", "::ffff:9.9.9.0/120", "fd00:9::/32"]),
            ..EgressRules::default()
        };
        let guard = EgressGuard::new(rules);
        for text in [
            "10.9.0.1",
            "::ffff:10.9.0.1",
            "64:ff9b::8.8.8.8",
            "9.9.9.9",
            "fd00:9::1",
        ] {
            assert!(!permits(&guard, text), "{text}");
        }
        for text in ["10.8.0.1", "8.8.4.4", "fd00:8::1"] {
            assert!(permits(&guard, text), "{text}");
        }
        let refused = guard.check_url("http://8.8.8.8/").unwrap_err();
        assert_eq!(
            (&refused, refused.code()),
            (&DestinationError::Denied, "destination_forbidden")
        );
    }

    #[test]
    fn a_metadata_address_is_permitted_only_by_itself() {
        let wide = guard(&["0.0.0.0/0", "::/0", "169.254.169.254/31", "fd00:ec2::/32"]);
        for (address, vendor) in address::METADATA {
            assert!(!wide.permits(*address), "{address} {vendor}");
            let alone = EgressGuard::new(vec![IpNet::from(*address)]);
            assert!(alone.permits(*address), "{address} {vendor}");
        }
        assert!(!permits(&wide, "::ffff:169.254.169.254"));
        assert!(!permits(&wide, "64:ff9b::a9fe:a9fe"));
        assert!(permits(&wide, "10.0.0.1") && permits(&wide, "169.254.1.1") && permits(&wide, "fd00:ec2::1"));
        assert!(permits(&guard(&["169.254.169.254"]), "::ffff:169.254.169.254"));
    }

    #[test]
    fn names_of_internal_networks_are_refused_unless_allowed() {
        let allowing = |names: &[&str]| {
            let allowed_names = names.iter().map(|text| text.parse().unwrap()).collect();
            EgressGuard::new(EgressRules {
                allowed_names,
                ..EgressRules::default()
            })
        };
        for text in [
            "http://vault/",
            "http://VAULT./",
            "http://printer.local/",
            "http://metadata.google.internal/",
            "http://api.default.svc.cluster.local./",
        ] {
            assert_eq!(
                allowing(&["vault2", "*.svc.local"]).check_url(text).unwrap_err(),
                DestinationError::InternalName,
                "{text}"
            );
        }
        let guard = allowing(&["vault", "*.svc.cluster.local"]);
        for text in [
            "http://Vault:8080/",
            "http://vault./",
            "http://a.b.svc.cluster.local/",
        ] {
            assert!(guard.check_url(text).is_ok(), "{text}");
        }
        assert!(guard.check_url("http://x.vault.local/").is_err());
    }

    #[test]
    fn ports_and_schemes_follow_the_rules() {
        let guard = |allowed_ports: &[u16], only_ports: &[u16], https_only| {
            EgressGuard::new(EgressRules {
                allowed_ports: allowed_ports.to_vec(),
                only_ports: only_ports.to_vec(),
                https_only,
                ..EgressRules::default()
            })
        };
        let refused = |guard: &EgressGuard, text: &str| guard.check_url(text).err().map(|it| it.code());
        let by_default = guard(&[], &[], false);
        for port in [22, 25, 2375, 5432, 6379, 27017] {
            let url = format!("http://example.com:{port}/");
            assert_eq!(refused(&by_default, &url), Some("url_port"), "{url}");
        }
        assert_eq!(
            refused(&guard(&[9200], &[], false), "http://example.com:9200/"),
            None
        );
        let only = guard(&[], &[443, 9200], false);
        assert_eq!(refused(&only, "https://example.com/"), None);
        assert_eq!(refused(&only, "https://example.com:9200/"), None);
        assert_eq!(refused(&only, "http://example.com/"), Some("url_port"));
        let https_only = guard(&[], &[], true);
        assert_eq!(refused(&https_only, "http://example.com/"), Some("url_scheme"));
        assert_eq!(refused(&https_only, "https://example.com/"), None);
    }
}
