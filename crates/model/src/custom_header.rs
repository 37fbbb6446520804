//! Headers that an action adds to its requests.

use std::fmt;

/// What stands in the place of a secret value, in every response, page and record.
pub const MASK: &str = "••••";

/// A header that an action adds to its requests. `Debug` prints [`Self::shown`].
#[derive(Clone, PartialEq, Eq)]
pub struct CustomHeader {
    /// Its name, spelt as the caller spelt it.
    pub name: String,
    /// Its value, which receivers get.
    pub value: String,
    /// Whether the value may be read again. By default it is a secret: write-only, sealed at rest, and kept
    /// out of the record.
    pub is_plain: bool,
}

impl CustomHeader {
    /// A header whose value is a secret.
    pub fn secret(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            is_plain: false,
        }
    }

    /// A header whose value may be read again.
    pub fn plain(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            is_plain: true,
            ..Self::secret(name, value)
        }
    }

    /// The value as people and programs may see it: [`MASK`] for a secret.
    pub fn shown(&self) -> &str {
        if self.is_plain { &self.value } else { MASK }
    }
}

impl fmt::Debug for CustomHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.shown())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_value_is_neither_shown_nor_printed() {
        let secret = CustomHeader::secret("Authorization", "Bearer x");
        assert_eq!(
            format!("{} {secret:?}", secret.shown()),
            "•••• Authorization: ••••"
        );
        let plain = CustomHeader::plain("X-Team", "sales");
        assert_eq!(format!("{} {plain:?}", plain.shown()), "sales X-Team: sales");
    }
}
