//! The names of the headers that carry the installation's prefix (`Postrider-Signature`), and a check for
//! names that Postrider reserves.

use crate::profile::Profile;

/// Whether two names mean the same header to a receiver, in any case. Servers that hand headers to a program
/// as variables do not tell `_` from `-` (RFC 3875 section 4.1.18).
pub fn is_same_header(one: &str, other: &str) -> bool {
    let folded = |byte: u8| match byte {
        b'_' => b'-',
        other => other.to_ascii_lowercase(),
    };
    one.len() == other.len() && one.bytes().map(folded).eq(other.bytes().map(folded))
}

/// The headers with the installation's prefix that Postrider sets itself, spelt as they are sent.
#[derive(Debug, Clone)]
pub struct HeaderNames {
    /// The prefix of all these names, as the operator spells it, without a hyphen.
    pub prefix: String,
    /// The prefix in lower case, with its hyphen.
    ours: String,
    /// Carries the signature by the current key.
    pub signature: String,
    /// Carries the signature by the next key while a rotation's overlap lasts.
    pub signature_next: String,
    /// Carries the type of the event.
    pub event_type: String,
    /// Carries the id of the delivery.
    pub delivery_id: String,
    /// Carries the number of the attempt within its delivery, from 1.
    pub attempt: String,
    /// The value of `User-Agent`, which carries the prefix too.
    pub user_agent: String,
    /// The headers of the installation's signature profile.
    of_profile: Vec<String>,
}

impl HeaderNames {
    /// The names for a prefix such as `Postrider`, which does not end in a hyphen.
    pub fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            ours: format!("{}-", prefix.to_ascii_lowercase()),
            signature: format!("{prefix}-Signature"),
            signature_next: format!("{prefix}-Signature-Next"),
            event_type: format!("{prefix}-Event-Type"),
            delivery_id: format!("{prefix}-Delivery-Id"),
            attempt: format!("{prefix}-Attempt"),
            user_agent: format!("{prefix}/{}", env!("CARGO_PKG_VERSION")),
            of_profile: Vec::new(),
        }
    }

    /// The same, with the headers of the installation's signature profile reserved too.
    #[must_use]
    pub fn and_of(mut self, profile: &Profile) -> Self {
        self.of_profile = profile.header_names().map(str::to_owned).collect();
        self
    }

    /// Whether Postrider reserves this name ([`is_same_header`]), so that a custom header cannot have it.
    pub fn is_ours(&self, name: &str) -> bool {
        let begins = |prefix: &str| {
            let start = name.get(..prefix.len());
            start.is_some_and(|start| is_same_header(start, prefix))
        };
        begins(&self.ours)
            || begins("webhook-")
            || is_same_header(name, "user-agent")
            || is_same_header(name, "content-type")
            || self.of_profile.iter().any(|own| is_same_header(own, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::BuiltIn;

    #[test]
    fn prefixed_and_standard_webhooks_headers_are_reserved_in_any_case() {
        let names = HeaderNames::new("Acme");
        assert_eq!(names.signature_next, "Acme-Signature-Next");
        for ours in ["ACME-x", "acme_x", "Webhook-Id", "User_Agent", "content-type"] {
            assert!(names.is_ours(ours), "{ours}");
        }
        for free in ["Acme", "X-Acme-Signature", "Postrider-Signature", "Authorization"] {
            assert!(!names.is_ours(free), "{free}");
        }
    }

    #[test]
    fn headers_of_the_profile_are_reserved_too() {
        let names = HeaderNames::new("Acme");
        let github = Profile::built_in(BuiltIn::Github, &names);
        assert!(!names.is_ours("X-Hub-Signature-256"));
        let names = names.and_of(&github);
        assert!(names.is_ours("x-hub-SIGNATURE-256") && names.is_ours("x_hub_signature_256"));
    }
}
