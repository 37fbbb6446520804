//! Names that no custom header may have, although receivers would take them.
//!
//! `authorization` and `cookie` are allowed, because receivers require them.

use postrider_egress::is_reserved_header;
use postrider_signing::HeaderNames;

/// Names, and why they are reserved.
const NAMES: &[(&str, &str)] = &[
    (
        "accept-encoding",
        "chooses an encoding in which a response that repeats a secret is not recognised",
    ),
    (
        "content-encoding",
        "describes the body, which only Postrider knows",
    ),
    ("date", "describes the message, which only Postrider knows"),
    ("forwarded", "says where a request comes from (RFC 7239)"),
    ("via", "belongs to proxies (RFC 9110 section 7.6.3)"),
    ("x-real-ip", "says where a request comes from, to nginx"),
    ("x-client-ip", "says where a request comes from"),
    ("x-cluster-client-ip", "says where a request comes from"),
    (
        "true-client-ip",
        "says where a request comes from, to Akamai and Cloudflare",
    ),
    (
        "cf-connecting-ip",
        "says where a request comes from, to Cloudflare",
    ),
    ("metadata", "opens the metadata service of Azure"),
    ("metadata-flavor", "opens the metadata service of Google and IBM"),
    (
        "x-google-metadata-request",
        "opened the metadata service of Google",
    ),
    ("x-identity-header", "opens the identity service of Azure"),
];

/// The prefix that is Postrider's, also if the installation's headers have another one.
const POSTRIDER: &str = "postrider-";

/// Prefixes of such names.
const PREFIXES: &[(&str, &str)] = &[
    ("proxy-", "belongs to proxies"),
    ("x-forwarded-", "says where a request comes from"),
    ("x-aws-ec2-metadata-token", "opens the metadata service of AWS"),
    (
        "x-aliyun-ecs-metadata-token",
        "opens the metadata service of Alibaba Cloud",
    ),
];

/// Whether a name, in lowercase, belongs to the connection, to a proxy or to a cloud.
pub fn is_reserved_by_others(lower: &str) -> bool {
    let name = &*lower.replace('_', "-");
    is_reserved_header(name)
        || NAMES.iter().any(|(reserved, _)| *reserved == name)
        || PREFIXES.iter().any(|(prefix, _)| name.starts_with(prefix))
}

/// Whether a name, in lowercase, is reserved; `_` counts as `-` ([`postrider_signing::is_same_header`]).
pub(crate) fn is_reserved(lower: &str, header_names: &HeaderNames) -> bool {
    let is_postriders = lower.replace('_', "-").starts_with(POSTRIDER);
    header_names.is_ours(lower) || is_postriders || is_reserved_by_others(lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_ours_of_proxies_and_of_clouds_are_reserved_in_every_spelling() {
        let names = HeaderNames::new("Acme-Hooks");
        for name in [
            "webhook_id",
            "webhook_signature",
            "content_length",
            "transfer_encoding",
            "acme-hooks-signature",
            "acme_hooks_signature",
            "postrider_signature",
            "x-forwarded-for",
            "x_forwarded_for",
            "x-forwarded-proto",
            "forwarded",
            "via",
            "x-real-ip",
            "x_real_ip",
            "metadata",
            "metadata-flavor",
            "metadata_flavor",
            "x-google-metadata-request",
            "x-aws-ec2-metadata-token",
            "x-aws-ec2-metadata-token-ttl-seconds",
            "proxy_authorization",
        ] {
            assert!(is_reserved(name, &names), "{name}");
        }
        for name in [
            "authorization",
            "cookie",
            "x-api-key",
            "x_api_key",
            "x-metadata",
            "x-forwarded",
            "idempotency-key",
            "webhook",
        ] {
            assert!(!is_reserved(name, &names), "{name}");
        }
    }
}
