//! The parameters of a query, in their order.

use http::Uri;

/// Most parameters that are read; every page and list has fewer.
pub const PARAMETERS_MAX: usize = 50;

/// The parameters of a query.
#[derive(Debug, Clone, Default)]
pub struct Parameters {
    /// Names and values, at most [`PARAMETERS_MAX`].
    pub pairs: Vec<(String, String)>,
    /// Whether there were more.
    pub is_cut: bool,
}

impl Parameters {
    /// The parameters of this URI (`application/x-www-form-urlencoded`).
    pub fn of(uri: &Uri) -> Self {
        let query = uri.query().unwrap_or_default();
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let read = pairs.by_ref().take(PARAMETERS_MAX);
        Self {
            pairs: read
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
            is_cut: pairs.next().is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_keep_their_order_and_are_bounded() {
        let uri: Uri = "/x?a=1&b=x+y%26&a=2&c".parse().unwrap();
        let parameters = Parameters::of(&uri);
        let expected = [("a", "1"), ("b", "x y&"), ("a", "2"), ("c", "")];
        assert_eq!(
            parameters.pairs,
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
        assert!(!parameters.is_cut);
        let many = format!("/?{}", "a&".repeat(PARAMETERS_MAX + 1)).parse().unwrap();
        let parameters = Parameters::of(&many);
        assert_eq!(
            (parameters.pairs.len(), parameters.is_cut),
            (PARAMETERS_MAX, true)
        );
    }
}
