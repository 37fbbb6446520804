//! The query of a URL as a secret, because some receivers have no other place for one (`?token=…`).

use std::fmt;

use crate::custom_header::MASK;

/// The query of an action's URL, which is write-only: sealed at rest, and kept out of the record. The URL
/// itself then ends in `?••••` wherever it is stored or shown. `Debug` prints no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretQuery(String);

impl SecretQuery {
    /// The query of which this is the text after the `?`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Divides a URL at its first `?` into the URL as it may be shown, and the query. `None` if the URL has
    /// no query.
    pub fn divide(url: &str) -> Option<(String, Self)> {
        let (bare, query) = url.split_once('?').filter(|(_, query)| !query.is_empty())?;
        Some((format!("{bare}?{MASK}"), Self::new(query)))
    }

    /// Whether the query of a URL is [`MASK`], which stands for a secret one.
    pub fn stands_in(url: &str) -> bool {
        url.split_once('?').is_some_and(|(_, query)| query == MASK)
    }

    /// The secret.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The URL to call, given the one that is shown.
    pub fn complete(&self, shown: &str) -> String {
        let bare = shown.split_once('?').map_or(shown, |(bare, _)| bare);
        format!("{bare}?{}", self.0)
    }
}

impl fmt::Debug for SecretQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_divided_and_completed() {
        let (shown, query) = SecretQuery::divide("https://a.example/hook?token=x?y&z=1").unwrap();
        assert_eq!(shown, "https://a.example/hook?••••");
        assert!(SecretQuery::stands_in(&shown));
        assert_eq!(query.complete(&shown), "https://a.example/hook?token=x?y&z=1");
        assert_eq!(
            (query.expose(), format!("{query:?}")),
            ("token=x?y&z=1", MASK.to_owned())
        );
    }

    #[test]
    fn a_url_without_a_query_has_no_secret() {
        for url in ["https://a.example/", "https://a.example/?"] {
            assert_eq!(SecretQuery::divide(url), None);
            assert!(!SecretQuery::stands_in(url));
        }
    }
}
