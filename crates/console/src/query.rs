//! The query of an address. An invalid filter is not an error here: the page ignores it, says so
//! ([`crate::ignored`]), and applies the others.

use http::Uri;
use postrider_web::query::Parameters;

/// The parameters of an address, in their order.
#[derive(Debug, Clone, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// The parameters of this address.
    pub fn of(uri: &Uri) -> Self {
        Self(Parameters::of(uri).pairs)
    }

    /// The first parameter of this name that is not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut named = self.0.iter().filter(|(key, _)| key == name);
        named
            .find(|(_, value)| !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// The query with these parameters set (`None` removes one) and all others kept, for links to the same
    /// list.
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
