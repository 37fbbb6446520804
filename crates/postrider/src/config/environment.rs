//! The process's variables: picks those of Postrider, and rejects `POSTRIDER_…` variables that nothing reads.

use std::ffi::OsString;

use postrider_cli::Environment;

use super::declaration::{VARIABLE_PREFIX, key, other_variables, settings, variable};
use super::nearest::nearest;
use super::service_links::is_service_link;
use super::{ConfigError, Origin};

/// Picks Postrider's variables from all variables. Ignores those that Kubernetes and Docker inject for a
/// service named `postrider`.
pub fn read(all: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Environment, ConfigError> {
    let mut ours = Vec::new();
    for (name, value) in all {
        let Some(name) = name.to_str().filter(|name| name.starts_with(VARIABLE_PREFIX)) else {
            continue;
        };
        if is_known(name) {
            let value = value.into_string().map_err(|_| ConfigError::Invalid {
                origin: Origin::Variable(name.to_owned()),
                message: "the value is not valid UTF-8".to_owned(),
            })?;
            ours.push((name.to_owned(), value));
        } else if !is_service_link(name, &value.to_string_lossy()) {
            return Err(ConfigError::UnknownVariable {
                name: name.to_owned(),
                nearest: nearest_variable(name),
            });
        }
    }
    Ok(ours.into_iter().collect())
}

/// The known variable nearest to an unknown one. The prefix, which all share, does not make them similar.
fn nearest_variable(name: &str) -> Option<String> {
    let bare = |name: &str| name.trim_start_matches(VARIABLE_PREFIX).to_owned();
    let found = nearest(&bare(name), known().map(|known| bare(&known)));
    found.map(|found| format!("{VARIABLE_PREFIX}{found}"))
}

fn known() -> impl Iterator<Item = String> {
    let others = other_variables().map(|(name, _)| name.to_owned());
    settings().map(|setting| variable(key(setting))).chain(others)
}

fn is_known(name: &str) -> bool {
    known().any(|known| known == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Environment, ConfigError> {
        super::read(
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
            "POSTRIDER_DATADIR is not a variable of Postrider; did you mean POSTRIDER_DATA_DIR?"
        );
        assert_eq!(
            read(&[("POSTRIDER_FROBNICATE", "1")]).unwrap_err().to_string(),
            "POSTRIDER_FROBNICATE is not a variable of Postrider; see `postrider serve --help`"
        );
    }

    #[test]
    fn variables_of_other_programs_and_service_links_are_ignored() {
        let environment = read(&[
            ("PATH", "/bin"),
            ("POSTRIDER_PORT", "tcp://10.0.0.1:8080"),
            ("POSTRIDER_POSTGRESQL_SERVICE_HOST", "10.0.0.2"),
        ]);
        assert_eq!(environment, Ok(Environment::default()));
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        assert_eq!(
            read(&[("POSTRIDER_LISTEN", "")]).unwrap().get("POSTRIDER_LISTEN"),
            None
        );
    }
}
