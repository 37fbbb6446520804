//! The `POSTRIDER_…` variables, read once, passed on from there.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::declaration::{OTHER_VARIABLES, VARIABLE_PREFIX, key, settings, variable};
use super::nearest::nearest;
use super::{ConfigError, Origin};

/// The variables that are ours. Empty ones count as not set, as service managers and compose files leave them behind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Picks ours from all variables, and refuses those that nothing here reads.
    pub fn from_variables(all: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Self, ConfigError> {
        let mut ours = BTreeMap::new();
        for (name, value) in all {
            let Some(name) = name.to_str().filter(|name| name.starts_with(VARIABLE_PREFIX)) else {
                continue;
            };
            if is_known(name) {
                let value = value.into_string().map_err(|_| ConfigError::Invalid {
                    origin: Origin::Variable(name.to_owned()),
                    message: "the value is no UTF-8".to_owned(),
                })?;
                ours.insert(name.to_owned(), value);
            } else if !is_service_link(name) {
                return Err(ConfigError::UnknownVariable {
                    name: name.to_owned(),
                    nearest: nearest(name, known()),
                });
            }
        }
        ours.retain(|_, value| !value.is_empty());
        Ok(Self(ours))
    }

    /// The value of a variable, where it is set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

fn known() -> impl Iterator<Item = String> {
    let others = OTHER_VARIABLES.iter().map(|(name, _)| (*name).to_owned());
    settings().map(|setting| variable(key(setting))).chain(others)
}

fn is_known(name: &str) -> bool {
    known().any(|known| known == name)
}

/// Whether Kubernetes, or Docker's links, would have set this variable for a service that is named `postrider`:
/// `POSTRIDER_PORT`, `POSTRIDER_PORT_8080_TCP_ADDR`, `POSTRIDER_SERVICE_HOST`, `POSTRIDER_SERVICE_PORT_HTTP` …
fn is_service_link(name: &str) -> bool {
    let rest = &name[VARIABLE_PREFIX.len()..];
    let numbered = |rest: &str| rest.starts_with(|first: char| first.is_ascii_digit());
    matches!(rest, "PORT" | "SERVICE_HOST" | "SERVICE_PORT" | "NAME")
        || rest.starts_with("SERVICE_PORT_")
        || rest.strip_prefix("PORT_").is_some_and(numbered)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Environment, ConfigError> {
        Environment::from_variables(
            variables
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into())),
        )
    }

    #[test]
    fn an_unknown_variable_is_refused_with_the_nearest_known_one() {
        let error = read(&[("POSTRIDER_DATADIR", "/x")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "POSTRIDER_DATADIR is no variable of Postrider; did you mean POSTRIDER_DATA_DIR?"
        );
        assert_eq!(
            read(&[("POSTRIDER_FROBNICATE", "1")]).unwrap_err().to_string(),
            "POSTRIDER_FROBNICATE is no variable of Postrider; see `postrider serve --help`"
        );
    }

    #[test]
    fn variables_of_others_and_service_links_are_passed_over() {
        let environment = read(&[
            ("PATH", "/bin"),
            ("POSTRIDER_PORT", "tcp://10.0.0.1:8080"),
            ("POSTRIDER_PORT_8080_TCP_ADDR", "10.0.0.1"),
            ("POSTRIDER_SERVICE_HOST", "10.0.0.1"),
            ("POSTRIDER_SERVICE_PORT_HTTP", "8080"),
        ]);
        assert_eq!(environment, Ok(Environment::default()));
    }

    #[test]
    fn an_empty_variable_counts_as_not_set() {
        assert_eq!(
            read(&[("POSTRIDER_LISTEN", "")]).unwrap().get("POSTRIDER_LISTEN"),
            None
        );
    }
}
