//! Which IP addresses are on the public Internet.
//!
//! Postrider calls URLs that strangers choose, from inside the network of the company that runs it. It must
//! not call an address that leads back into that network: a cloud's metadata service, a database, a
//! neighbour. An address is therefore public only if the IANA registries call it globally reachable:
//!
//! - IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890, updated by RFC 8190): [`V4_FORBIDDEN`] and
//!   [`V6_FORBIDDEN`] list the entries that are not globally reachable, plus one address that a cloud uses
//!   internally;
//! - multicast, which has a registry of its own (RFC 5771, RFC 4291 section 2.7);
//! - the IPv6 Address Space registry: IANA has allocated nothing outside `2000::/3` as global unicast, so
//!   every other address is forbidden too ([`V6_GLOBAL_UNICAST`]).
//!
//! If a system would send packets for an IPv6 address to an IPv4 address embedded in it (IPv4-mapped, NAT64
//! of RFC 6052), the embedded address decides. The obsolete tunnels (6to4, Teredo, IPv4-compatible) are
//! forbidden altogether: no receiver uses them, and a relay would unwrap the address into one that was never
//! checked.
//!
//! To add a range, add a line to a table and name the RFC that reserves it. The tests derive both edges from
//! the table.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// A range or an address, and the entry or vendor that says what it is.
type Range<N> = (N, &'static str);

const fn v4(octets: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(octets[0], octets[1], octets[2], octets[3]), prefix)
}

const fn v6(address: u128, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::from_bits(address), prefix)
}

/// IPv4 ranges that are not public. `192.0.0.0/24` is forbidden as a whole: its two globally reachable
/// addresses (anycast for PCP and TURN) receive no webhooks.
pub const V4_FORBIDDEN: &[Range<Ipv4Net>] = &[
    (v4([0, 0, 0, 0], 8), "this network, RFC 791 section 3.2"),
    (v4([10, 0, 0, 0], 8), "private use, RFC 1918"),
    (
        v4([100, 64, 0, 0], 10),
        "shared address space of carriers, RFC 6598",
    ),
    (v4([127, 0, 0, 0], 8), "loopback, RFC 1122 section 3.2.1.3"),
    (
        v4([168, 63, 129, 16], 32),
        "public by number, but the host under every machine in Azure",
    ),
    (
        v4([169, 254, 0, 0], 16),
        "link local, RFC 3927; the metadata service of most clouds",
    ),
    (v4([172, 16, 0, 0], 12), "private use, RFC 1918"),
    (
        v4([192, 0, 0, 0], 24),
        "IETF protocol assignments, RFC 6890 section 2.1",
    ),
    (v4([192, 0, 2, 0], 24), "documentation (TEST-NET-1), RFC 5737"),
    (
        v4([192, 88, 99, 0], 24),
        "6to4 relay anycast, withdrawn by RFC 7526",
    ),
    (v4([192, 168, 0, 0], 16), "private use, RFC 1918"),
    (v4([198, 18, 0, 0], 15), "benchmarking, RFC 2544"),
    (v4([198, 51, 100, 0], 24), "documentation (TEST-NET-2), RFC 5737"),
    (v4([203, 0, 113, 0], 24), "documentation (TEST-NET-3), RFC 5737"),
    (v4([224, 0, 0, 0], 4), "multicast, RFC 5771"),
    (
        v4([240, 0, 0, 0], 4),
        "reserved, RFC 1112 section 4, with the limited broadcast address of RFC 8190",
    ),
];

/// IPv6 ranges that are not public. `2001::/23` is forbidden as a whole, although a few anycast and overlay
/// prefixes in it are globally reachable: none of them holds web servers.
pub const V6_FORBIDDEN: &[Range<Ipv6Net>] = &[
    (v6(0, 128), "unspecified, RFC 4291"),
    (v6(1, 128), "loopback, RFC 4291"),
    (
        v6(0, 96),
        "IPv4-compatible, withdrawn by RFC 4291 section 2.5.5.1",
    ),
    (v6(0xffff_0000 << 32, 96), "IPv4-translated, RFC 2765 section 2.1"),
    (
        v6(0x0064_ff9b_0001 << 80, 48),
        "IPv4/IPv6 translation for local use, RFC 8215",
    ),
    (v6(0x0100 << 112, 64), "discard only, RFC 6666"),
    (v6(0x0100_0000_0000_0001 << 64, 64), "dummy prefix, RFC 9780"),
    (v6(0x2001 << 112, 32), "Teredo, RFC 4380"),
    (
        v6(0x2001 << 112, 23),
        "IETF protocol assignments, RFC 2928; with benchmarking, ORCHID and AMT",
    ),
    (v6(0x2001_0db8 << 96, 32), "documentation, RFC 3849"),
    (
        v6(0x2002 << 112, 16),
        "6to4, RFC 3056, withdrawn in practice by RFC 7526",
    ),
    (v6(0x3fff << 112, 20), "documentation, RFC 9637"),
    (v6(0x5f00 << 112, 16), "segment routing (SRv6) SIDs, RFC 9602"),
    (
        v6(0xfc00 << 112, 7),
        "unique local, RFC 4193; some clouds' metadata service",
    ),
    (v6(0xfe80 << 112, 10), "link local, RFC 4291"),
    (v6(0xfec0 << 112, 10), "site local, withdrawn by RFC 3879"),
    (v6(0xff00 << 112, 8), "multicast, RFC 4291 section 2.7"),
];

/// The space for global unicast (IPv6 Address Space registry, RFC 4291 section 2.4).
pub const V6_GLOBAL_UNICAST: Ipv6Net = v6(0x2000 << 112, 3);

/// Addresses that a NAT64 gateway turns into the IPv4 address in their last 32 bits (RFC 6052 section 2.1). A
/// network without IPv4 reaches every IPv4-only receiver through them.
pub const V6_NAT64: Ipv6Net = v6(0x0064_ff9b << 96, 96);

/// Addresses of services that hand a cloud's credentials to every program on the machine. The guard permits
/// one of them only if it is allowed by itself, never within a network.
pub const METADATA: &[Range<IpAddr>] = &[
    (at_v4([100, 100, 100, 200]), "Alibaba Cloud"),
    (at_v4([168, 63, 129, 16]), "Azure, the host under the machine"),
    (at_v4([169, 254, 0, 23]), "Tencent Cloud"),
    (at_v4([169, 254, 42, 42]), "Scaleway"),
    (at_v4([169, 254, 169, 252]), "Google Kubernetes Engine"),
    (
        at_v4([169, 254, 169, 254]),
        "AWS, Azure, Google, Oracle, DigitalOcean, Hetzner, OpenStack and others",
    ),
    (at_v4([169, 254, 170, 2]), "AWS, credentials of ECS tasks"),
    (at_v4([169, 254, 170, 23]), "AWS, credentials of EKS pods"),
    (at_v4([192, 0, 0, 192]), "Oracle Cloud"),
    (at_v6(0xfd00_0042 << 96 | 0x42), "Scaleway"),
    (at_v6(0xfd00_00c1 << 96 | 0xa9fe_a9fe), "Oracle Cloud"),
    (at_v6(0xfd00_0ec2 << 96 | 0x23), "AWS, credentials of EKS pods"),
    (at_v6(0xfd00_0ec2 << 96 | 0x254), "AWS"),
    (at_v6(0xfd20_00ce << 96 | 0x254), "Google"),
    (at_v6(0xfe80 << 112 | 0xa9fe_a9fe), "OpenStack"),
];

const fn at_v4([a, b, c, d]: [u8; 4]) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

const fn at_v6(address: u128) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from_bits(address))
}

/// Whether the address, or the one that receives what is sent to it, is one of [`METADATA`].
pub fn is_metadata(address: IpAddr) -> bool {
    let effective = effective(address);
    METADATA.iter().any(|(it, _)| *it == effective)
}

/// Whether the address is globally reachable unicast.
pub fn is_public(address: IpAddr) -> bool {
    match effective(address) {
        IpAddr::V4(v4) => !V4_FORBIDDEN.iter().any(|(range, _)| range.contains(&v4)),
        IpAddr::V6(v6) => {
            V6_GLOBAL_UNICAST.contains(&v6) && !V6_FORBIDDEN.iter().any(|(range, _)| range.contains(&v6))
        }
    }
}

/// The address that receives a packet sent to `address`: the IPv4 address embedded in an IPv4-mapped or NAT64
/// address, otherwise `address` itself.
pub fn effective(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => {
            let octets = v6.octets();
            let last = Ipv4Addr::new(octets[12], octets[13], octets[14], octets[15]);
            match v6.to_ipv4_mapped() {
                Some(mapped) => IpAddr::V4(mapped),
                None if V6_NAT64.contains(&v6) => IpAddr::V4(last),
                None => address,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn public(text: &str) -> bool {
        is_public(text.parse().unwrap())
    }

    #[test]
    fn both_edges_of_every_ipv4_range_are_forbidden() {
        for (range, entry) in V4_FORBIDDEN {
            assert!(!is_public(range.network().into()), "{range} {entry}");
            assert!(!is_public(range.broadcast().into()), "{range} {entry}");
            assert!(range.network() == range.addr(), "{range} has host bits");
        }
    }

    #[test]
    fn both_edges_of_every_ipv6_range_are_forbidden() {
        for (range, entry) in V6_FORBIDDEN {
            assert!(!is_public(range.network().into()), "{range} {entry}");
            assert!(!is_public(range.broadcast().into()), "{range} {entry}");
            assert!(range.network() == range.addr(), "{range} has host bits");
        }
    }

    #[test]
    fn the_neighbours_of_every_ipv4_range_are_public() {
        // Omits neighbours that lie in another range of the table or beyond the ends of the address space.
        for text in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.15",
            "168.63.129.17",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "191.255.255.255",
            "192.0.1.0",
            "192.0.1.255",
            "192.0.3.0",
            "192.88.98.255",
            "192.88.100.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "198.51.99.255",
            "198.51.101.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "8.8.8.8",
            "192.31.196.1",
            "192.175.48.1",
        ] {
            assert!(public(text), "{text}");
        }
    }

    #[test]
    fn the_neighbours_of_ipv6_ranges_inside_global_unicast_are_public() {
        for text in [
            "2000::",
            "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "2001:200::",
            "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
            "2001:db9::",
            "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "2003::",
            "2606:4700:4700::1111",
            "2a00:1450:4001:82f::200e",
            "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "3fff:1000::",
            "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        ] {
            assert!(public(text), "{text}");
        }
    }

    #[test]
    fn nothing_outside_global_unicast_is_public() {
        for text in [
            "::2",
            "100::1",
            "101::",
            "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            "4000::",
            "5eff::1",
            "5f01::1",
            "fbff::1",
            "fe00::1",
            "64:ff9a::1",
            "64:ff9b::1:0:0",
        ] {
            assert!(!public(text), "{text}");
        }
    }

    #[test]
    fn an_embedded_ipv4_address_is_judged_like_the_plain_one() {
        assert!(public("::ffff:8.8.8.8"));
        assert!(public("64:ff9b::8.8.8.8"));
        for text in [
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:10.0.0.1",
            "::ffff:0:0",
            "::ffff:255.255.255.255",
            "64:ff9b::127.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b::10.1.2.3",
        ] {
            assert!(!public(text), "{text}");
        }
    }

    #[test]
    fn obsolete_tunnels_are_always_forbidden() {
        for text in [
            "::8.8.8.8",
            "::ffff:0:8.8.8.8",
            "64:ff9b:1::8.8.8.8",
            "2002:808:808::1",
            "2002:7f00:1::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        ] {
            assert!(!public(text), "{text}");
        }
    }

    #[test]
    fn cloud_metadata_services_are_forbidden() {
        for (address, vendor) in METADATA {
            assert!(
                !is_public(*address) && is_metadata(*address),
                "{address} {vendor}"
            );
        }
        for text in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "169.254.170.2",
            "fd00:ec2::254",
            "fd20:ce::254",
            "fe80::a9fe:a9fe",
            "100.100.100.200",
            "192.0.0.192",
            "168.63.129.16",
        ] {
            assert!(is_metadata(text.parse().unwrap()), "{text}");
        }
    }
}
