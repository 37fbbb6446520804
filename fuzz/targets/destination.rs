//! The judge of URLs: what it accepts has a host that the guard judges, and means the same to the parser of
//! the `url` crate.
#![no_main]
#![forbid(unsafe_code)]

use std::net::IpAddr;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use postrider_egress::{Destination, EgressGuard, EgressRules, Host, NamePattern, Origin, name};
use postrider_model::automation::URL_BYTES_MAX;
use url::Url;

/// A guard that permits nothing besides public addresses and names.
static STRICT: LazyLock<EgressGuard> = LazyLock::new(|| EgressGuard::new(EgressRules::default()));

/// One that permits everything that can be permitted with one network of each family.
static WIDE: LazyLock<EgressGuard> = LazyLock::new(|| {
    let everything = ["0.0.0.0/0", "::/0"].map(|it| it.parse().expect("a network"));
    EgressGuard::new(everything.to_vec())
});

fuzz_target!(|text: &str| {
    if let Ok(pattern) = text.parse::<NamePattern>() {
        assert_eq!(pattern.to_string().parse().as_ref(), Ok(&pattern));
    }
    let origin = Origin::parse(text);
    let destination = Destination::parse(text);
    let (strict, wide) = (STRICT.check_url(text), WIDE.check_url(text));
    let Ok(destination) = destination else {
        assert!(origin.is_err() && strict.is_err() && wide.is_err());
        return;
    };
    agrees_with_url(text, &destination);
    // Escapes make a URL longer. Nobody stores the normalised form.
    if destination.as_str().len() <= URL_BYTES_MAX {
        let again = Destination::parse(destination.as_str()).expect("a normalised URL is a URL");
        assert_eq!(
            (again.as_str(), again.origin()),
            (destination.as_str(), destination.origin())
        );
    }
    if let Ok(origin) = origin {
        assert_eq!(Origin::parse(&origin.to_string()), Ok(origin));
    }
    if strict.is_ok() {
        assert!(wide.is_ok(), "to permit more forbids nothing");
        is_public(destination.host());
    }
    if let (Ok(_), Host::Address(address)) = (&wide, destination.host()) {
        assert!(WIDE.permits(*address));
    }
});

fn agrees_with_url(text: &str, destination: &Destination) {
    let url = Url::parse(text).expect("a destination is a URL");
    assert!(matches!(url.scheme(), "http" | "https"));
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
    assert_eq!(destination.as_str(), url.as_str());
    assert_eq!(Some(destination.port()), url.port_or_known_default());
    assert_ne!(destination.port(), 0);
    match (url.host().expect("a destination has a host"), destination.host()) {
        (url::Host::Domain(domain), Host::Name(name)) => is_absolute(domain, name),
        (url::Host::Ipv4(parsed), Host::Address(IpAddr::V4(address))) => assert_eq!(parsed, *address),
        (url::Host::Ipv6(parsed), Host::Address(IpAddr::V6(address))) => assert_eq!(parsed, *address),
        (parsed, host) => panic!("{parsed:?} {host:?}"),
    }
}

/// The name is what `url` read, without the dot at its end, and no resolver takes it for an address.
fn is_absolute(domain: &str, name: &str) {
    assert_eq!(domain.strip_suffix('.').unwrap_or(domain), name);
    assert!(name.is_ascii() && !name.bytes().any(|it| it.is_ascii_uppercase() || it <= b' '));
    assert!(name.split('.').all(|label| !label.is_empty()), "{name:?}");
    assert!(name.parse::<IpAddr>().is_err(), "{name:?}");
    let last = name.rsplit('.').next().expect("there is a label");
    assert!(
        !last.bytes().all(|it| it.is_ascii_digit()),
        "inet_aton reads {name:?}"
    );
}

fn is_public(host: &Host) {
    match host {
        Host::Address(address) => assert!(STRICT.permits(*address), "{address}"),
        Host::Name(name) => {
            assert!(!host.is_localhost() && !name::is_internal(name), "{name}");
            assert!(name.contains('.'), "{name}");
        }
    }
}
