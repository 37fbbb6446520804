//! The names of the headers that carry the installation's prefix (`Postrider-Signature`), and a check for
//! names that Postrider reserves.

use crate::profile::Profile;

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
    /// The headers of the installation's signature profile, in lower case.
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
        self.of_profile = profile.header_names().map(str::to_ascii_lowercase).collect();
        self
    }

    /// Whether Postrider reserves this name, in any case, so that a custom header cannot have it.
    pub fn is_ours(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        name.starts_with(&self.ours)
            || name.starts_with("webhook-")
            || name == "user-agent"
            || name == "content-type"
            || self.of_profile.contains(&name)
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
        for ours in ["ACME-x", "Webhook-Id", "User-Agent", "content-type"] {
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
        assert!(names.and_of(&github).is_ours("x-hub-SIGNATURE-256"));
    }
}
