//! Host names that belong to internal networks.
//!
//! Some names cannot be registered by anybody, such as those in `.internal`. They can only mean a machine in
//! Postrider's own network, so they are refused before they are looked up. An operator whose receivers have
//! such a name permits it ([`NamePattern`]). The guard then judges its addresses like all others.
//!
//! `test`, `example` and `invalid` (RFC 6761) are not in the table. They name no machine of an internal
//! network unless somebody sets up a test, and lookups of them fail like those of any name that does not
//! exist.
//!
//! To add a name, add a line to [`INTERNAL`] with its source.

use std::fmt;
use std::str::FromStr;

/// Domains that are internal together with everything below them, and the source that says so. `localhost` is
/// not among them, because [`Host::is_localhost`](crate::Host::is_localhost) has its own rule.
pub const INTERNAL: &[(&str, &str)] = &[
    ("alt", "for other systems than DNS, RFC 9476"),
    (
        "arpa",
        "infrastructure of DNS, RFC 3172; with home.arpa for home networks, RFC 8375",
    ),
    ("consul", "the default domain of HashiCorp Consul, not delegated"),
    (
        "corp",
        "RFC 6762 appendix G; never delegated, ICANN board 2018-02-04",
    ),
    (
        "home",
        "RFC 6762 appendix G; never delegated, ICANN board 2018-02-04",
    ),
    (
        "internal",
        "private use, ICANN board 2024-07-29; the machines of Google Cloud and AWS",
    ),
    ("intranet", "RFC 6762 appendix G"),
    ("lan", "RFC 6762 appendix G"),
    ("local", "multicast DNS, RFC 6762; the services of Kubernetes"),
    ("localdomain", "this machine, in the /etc/hosts of many systems"),
    ("mail", "never delegated, ICANN board 2018-02-04"),
    ("onion", "Tor, RFC 7686"),
    ("private", "RFC 6762 appendix G"),
];

/// Whether only a machine of an internal network can have the name: it has one label, which resolvers
/// complete with the network's own domain, or it lies in an [`INTERNAL`] domain. `name` is lowercase, without
/// a dot at its end.
pub fn is_internal(name: &str) -> bool {
    !name.contains('.') || INTERNAL.iter().any(|(domain, _)| *domain == last_label(name))
}

fn last_label(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// An internal name that requests may go to, `receiver`, or all names below one, `*.svc.cluster.local`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamePattern {
    name: String,
    is_below: bool,
}

/// A text that is not such a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NamePatternError {
    /// Not a host name.
    #[error("expected a host name such as `receiver` or `*.svc.cluster.local`, without port or path")]
    Malformed,
    /// An address, or a name that stands for one.
    #[error("this is an address: allow it as a network")]
    Address,
    /// A name that requests may go to anyway.
    #[error(
        "only names of internal networks can be allowed, such as `receiver` or `*.local`: one name without \
         a dot, or a name or domain below `.local`, `.internal`, `.corp` and their kind; names on the \
         internet need no permission"
    )]
    NotInternal,
}

impl NamePattern {
    /// Whether the pattern matches the name, which is lowercase and has no dot at its end.
    pub fn matches(&self, name: &str) -> bool {
        if !self.is_below {
            return name == self.name;
        }
        let below = name.strip_suffix(&*self.name).and_then(|it| it.strip_suffix('.'));
        below.is_some_and(|it| !it.is_empty())
    }
}

impl FromStr for NamePattern {
    type Err = NamePatternError;

    fn from_str(text: &str) -> Result<Self, NamePatternError> {
        let text = text.trim();
        let (is_below, name) = match text.strip_prefix("*.") {
            Some(name) => (true, name),
            None => (false, text),
        };
        let host = url::Host::parse(name).map_err(|_| NamePatternError::Malformed)?;
        let url::Host::Domain(name) = host else {
            return Err(NamePatternError::Address);
        };
        let name = name.strip_suffix('.').unwrap_or(&name).to_owned();
        if name.contains('*') || name.split('.').any(str::is_empty) {
            return Err(NamePatternError::Malformed);
        }
        match last_label(&name) {
            "localhost" => Err(NamePatternError::Address),
            // One label with `*.` in front is a whole domain.
            label if is_internal(&name) && !(is_below && label == name && !is_domain(label)) => {
                Ok(Self { name, is_below })
            }
            _ => Err(NamePatternError::NotInternal),
        }
    }
}

/// Whether the label is a domain of [`INTERNAL`].
fn is_domain(label: &str) -> bool {
    INTERNAL.iter().any(|(domain, _)| *domain == label)
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_below { "*." } else { "" })?;
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_label_and_names_in_internal_domains_are_internal() {
        for name in [
            "vault",
            "kubernetes",
            "local",
            "printer.local",
            "metadata.google.internal",
            "ip-10-0-0-1.ec2.internal",
            "api.default.svc.cluster.local",
            "1.0.0.10.in-addr.arpa",
            "router.home.arpa",
            "localhost.localdomain",
            "a.b.onion",
            "wiki.corp",
        ] {
            assert!(is_internal(name), "{name}");
        }
        for name in [
            "example.com",
            "internal.example.com",
            "local.dev",
            "notlocal.net",
            "hooks.test",
            "hooks.invalid",
            "corp.example",
            "arpa.net",
        ] {
            assert!(!is_internal(name), "{name}");
        }
    }

    #[test]
    fn a_pattern_is_one_name_or_all_below_it() {
        let pattern = |text: &str| text.parse::<NamePattern>().unwrap();
        assert!(pattern("receiver").matches("receiver"));
        assert!(pattern(" Receiver. ").matches("receiver"));
        assert!(!pattern("receiver").matches("a.receiver"));
        let services = pattern("*.svc.cluster.local");
        assert_eq!(services.to_string(), "*.svc.cluster.local");
        assert!(services.matches("api.default.svc.cluster.local"));
        for name in [
            "svc.cluster.local",
            ".svc.cluster.local",
            "apisvc.cluster.local",
            "cluster.local",
        ] {
            assert!(!services.matches(name), "{name}");
        }
        assert!(pattern("*.local").matches("printer.local"));
    }

    #[test]
    fn a_pattern_that_would_have_no_effect_is_refused() {
        use NamePatternError::{Address, Malformed, NotInternal};
        for (text, expected) in [
            ("", Malformed),
            ("*", Malformed),
            ("*.", Malformed),
            ("a.*.local", Malformed),
            ("a..local", Malformed),
            ("receiver:8080", Malformed),
            ("http://receiver", Malformed),
            ("10.0.0.1", Address),
            ("[::1]", Address),
            ("localhost", Address),
            ("a.localhost", Address),
            ("example.com", NotInternal),
            ("*.com", NotInternal),
        ] {
            assert_eq!(text.parse::<NamePattern>(), Err(expected), "{text}");
        }
    }
}
