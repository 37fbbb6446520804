//! The source of a copy: a data folder.

use std::path::PathBuf;

use postrider_storage_sqlite::{Export, ExportError, OpenError};

use postrider_cli::Failure;

/// The folder that `--from` names. An error does not repeat the value, which may be a URL with a password.
pub(super) fn folder(from: &str) -> Result<PathBuf, Failure> {
    match from.strip_prefix("sqlite:") {
        Some(folder) if !folder.is_empty() => Ok(PathBuf::from(folder)),
        _ => Err(Failure::Usage(
            "--from: expected `sqlite:` and the data folder of a server, such as sqlite:/var/lib/postrider"
                .to_owned(),
        )),
    }
}

/// Locks the folder and opens its database.
pub(super) fn open(folder: &std::path::Path) -> Result<Export, Failure> {
    Export::open(folder).map_err(|error| {
        let hint = match &error {
            ExportError::Open(OpenError::Locked { .. }) => ". Stop the server first".to_owned(),
            ExportError::OldSchema { .. } => {
                format!(
                    ": run `postrider migrate --data-dir '{}'` first",
                    folder.display()
                )
            }
            _ => String::new(),
        };
        Failure::Failed(format!("{error}{hint}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_folder_can_be_copied_and_other_sources_are_not_echoed() {
        assert_eq!(folder("sqlite:./data").unwrap(), PathBuf::from("./data"));
        for other in ["postgres://app:hidden@db/p", "./data", "sqlite:"] {
            let refused = folder(other).unwrap_err().to_string();
            assert!(
                refused.contains("sqlite:") && !refused.contains("hidden"),
                "{refused}"
            );
        }
    }
}
