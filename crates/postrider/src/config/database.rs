//! The URL of the database.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use super::text_value::serde_as_text;

/// Replaces a password in output.
const HIDDEN: &str = "***";

/// The URL of a PostgreSQL database, or libpq's `key=value` form. Its `Display` hides a password.
///
/// The driver checks the URL. It is not parsed here, so that no error can repeat the password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The URL with its password. Do not log it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for DatabaseUrl {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.trim().to_owned()))
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(mut url) = url::Url::parse(&self.0) else {
            // The `key=value` form, or a typing error: the password could be anywhere.
            return f.write_str(HIDDEN);
        };
        if url.password().is_some() && url.set_password(Some(HIDDEN)).is_err() {
            return f.write_str(HIDDEN);
        }
        if url.query_pairs().any(|(name, _)| name == "password") {
            url.set_query(Some(HIDDEN));
        }
        f.write_str(url.as_str())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

serde_as_text!(DatabaseUrl);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_form_of_the_url_prints_its_password() {
        for (url, shown) in [
            (
                "postgres://app:hidden@db:5432/p?sslmode=require",
                "postgres://app:***@db:5432/p?sslmode=require",
            ),
            ("postgres://app@db/p?password=hidden", "postgres://app@db/p?***"),
            ("host=db user=app password=hidden", "***"),
            ("postgres://app@db/p", "postgres://app@db/p"),
        ] {
            let parsed: DatabaseUrl = url.parse().unwrap();
            assert_eq!(parsed.to_string(), shown);
            assert_eq!(format!("{parsed:?}"), shown);
        }
    }
}
