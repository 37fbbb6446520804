//! The `POSTRIDER_…` variables of the process.

use std::collections::BTreeMap;

/// The variables that commands of this crate read, with what they are for.
pub const VARIABLES: [(&str, &str); 4] = [
    ("POSTRIDER_URL", "client commands: same as --url"),
    ("POSTRIDER_API_KEY", "client commands: the API key to send"),
    (
        "POSTRIDER_PROFILE",
        "client commands: the profile of `postrider login` to use, if POSTRIDER_API_KEY is not set",
    ),
    ("POSTRIDER_SIGNING_SECRET", "`sign` and `verify`: the signing key"),
];

/// The variables by name. An empty variable counts as unset, because service managers and compose files leave
/// such variables behind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// The value of a variable, if it is set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl FromIterator<(String, String)> for Environment {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(variables: T) -> Self {
        let set = variables.into_iter().filter(|(_, value)| !value.is_empty());
        Self(set.collect())
    }
}
