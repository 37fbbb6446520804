//! What the query of an address says. A filter that nobody could have chosen is no error here: it filters
//! nothing, and the page shows what it filters by.

use http::Uri;

/// The parameters of an address, in their order.
#[derive(Debug, Clone, Default)]
pub struct Query(Vec<(String, String)>);

/// Most parameters that are looked at.
const PARAMETERS_MAX: usize = 50;

impl Query {
    /// The parameters of this address.
    pub fn of(uri: &Uri) -> Self {
        let query = uri.query().unwrap_or_default();
        let pairs = form_urlencoded::parse(query.as_bytes()).take(PARAMETERS_MAX);
        Self(
            pairs
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    /// The first parameter of this name that is not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut named = self.0.iter().filter(|(key, _)| key == name);
        named
            .find(|(_, value)| !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// The query with these parameters set, and all others of ours kept: for links to the same list, changed.
    pub fn with(&self, changes: &[(&str, Option<&str>)]) -> String {
        let mut text = form_urlencoded::Serializer::new(String::new());
        for (name, value) in &self.0 {
            if !value.is_empty() && changes.iter().all(|(changed, _)| changed != name) {
                text.append_pair(name, value);
            }
        }
        for (name, value) in changes {
            if let Some(value) = value {
                text.append_pair(name, value);
            }
        }
        let text = text.finish();
        if text.is_empty() { text } else { format!("?{text}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_keep_what_they_do_not_change() {
        let query = Query::of(&Uri::from_static("/x?status=failed&empty=&page=2&q=a%20b"));
        assert_eq!(query.get("q"), Some("a b"));
        assert_eq!(query.get("empty"), None);
        assert_eq!(query.with(&[("page", None)]), "?status=failed&q=a+b");
        assert_eq!(
            query.with(&[("page", Some("3")), ("status", None), ("q", None)]),
            "?page=3"
        );
        assert_eq!(Query::default().with(&[]), "");
    }
}
