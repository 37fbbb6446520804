//! The edge of the server: hosts, framing, forwarded addresses and the path prefix. The input is a head: its
//! first line is the target, the others are headers.
#![no_main]
#![forbid(unsafe_code)]

use std::net::IpAddr;
use std::sync::LazyLock;

use http::{HeaderMap, HeaderName, HeaderValue, Uri, Version, header};
use libfuzzer_sys::fuzz_target;
use postrider_web::client::TrustedProxies;
use postrider_web::host::RequestHost;
use postrider_web::path_prefix::PathPrefix;
use postrider_web::unambiguous;

static PROXIES: LazyLock<TrustedProxies> = LazyLock::new(|| {
    let networks = ["10.0.0.0/8", "fd00::/8"].map(|it| it.parse().expect("a network"));
    TrustedProxies::new(networks.to_vec())
});

static PREFIX: LazyLock<PathPrefix> = LazyLock::new(|| PathPrefix::of(Some("https://a.example/hooks")));

fuzz_target!(|bytes: &[u8]| {
    let mut lines = bytes.split(|it| *it == b'\n');
    let target = lines.next().unwrap_or_default();
    let Ok(uri) = Uri::try_from(target) else { return };
    let headers = headers(lines);
    for version in [Version::HTTP_10, Version::HTTP_11, Version::HTTP_2] {
        if unambiguous::check(version, &uri, &headers).is_ok() {
            is_unambiguous(&uri, &headers);
        }
    }
    forwarded(&headers);
    prefixed(uri);
});

fn headers<'a>(lines: impl Iterator<Item = &'a [u8]>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines.take(64) {
        let mut parts = line.splitn(2, |it| *it == b':');
        let name = HeaderName::from_bytes(parts.next().unwrap_or_default());
        let value = HeaderValue::from_bytes(parts.next().unwrap_or_default().trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    headers
}

/// Links begin with the one host that the request names, and with nothing else.
fn is_unambiguous(uri: &Uri, headers: &HeaderMap) {
    assert!(headers.get_all(header::HOST).iter().count() <= 1);
    assert!(headers.get_all(header::TRANSFER_ENCODING).iter().count() <= 1);
    let Some(base) = RequestHost::of(uri, headers, false).base_url(None) else {
        return;
    };
    let named = match (uri.authority(), headers.get(header::HOST)) {
        (Some(authority), _) => authority.as_str(),
        (None, Some(host)) => host.to_str().expect("a host is ASCII"),
        (None, None) => panic!("{base} comes from nowhere"),
    };
    assert_eq!(base, format!("http://{named}"));
    assert!(!named.contains(['@', '/', '?', '#', '\\', ' ']), "{named}");
}

/// Only a trusted proxy names another client, and only with an address that the header holds.
fn forwarded(headers: &HeaderMap) {
    for (peer, is_trusted) in [
        ("203.0.113.7", false),
        ("10.1.2.3", true),
        ("::ffff:10.1.2.3", true),
    ] {
        let peer: IpAddr = peer.parse().expect("an address");
        let client = PROXIES.client(peer, headers);
        assert_eq!(client.peer, peer);
        if !is_trusted {
            assert!(client.address == peer && !client.is_https);
        }
        if client.address != peer.to_canonical() {
            assert!(headers.contains_key("x-forwarded-for"));
            assert_eq!(client.address, client.address.to_canonical());
        }
    }
}

/// A target without its prefix is a target, and only the prefix is gone.
fn prefixed(uri: Uri) {
    let mut without = uri.clone();
    PREFIX.remove(&mut without);
    let path = without.path();
    assert!(
        path.is_empty() || path.starts_with('/') || path == uri.path(),
        "{path}"
    );
    assert_eq!(
        without.query().unwrap_or_default(),
        uri.query().unwrap_or_default()
    );
    if path != uri.path() {
        let with = format!("/hooks{path}");
        assert!(
            uri.path() == with || uri.path() == "/hooks" && path == "/",
            "{path}"
        );
    }
}
