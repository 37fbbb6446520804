//! `postrider.toml`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::declaration::{key, settings};
use super::nearest::nearest;
use super::{ConfigError, Origin, signature_profiles};

/// The file that is read by default.
pub const DEFAULT_FILE: &str = "./postrider.toml";

/// Largest file that is read, in bytes: settings need a few hundred.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// A file's values, with the line of each.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConfigFile {
    path: PathBuf,
    values: toml::Table,
    lines: BTreeMap<String, usize>,
}

impl ConfigFile {
    /// Reads the named file, or [`DEFAULT_FILE`] if it exists.
    pub fn read(named: Option<&Path>) -> Result<Self, ConfigError> {
        let path = named.unwrap_or(Path::new(DEFAULT_FILE));
        match read_bounded(path) {
            Ok(text) => Self::parse(path, &text),
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                Ok(Self::default())
            }
            Err(error) => Err(ConfigError::Unreadable {
                path: path.to_owned(),
                message: error.to_string(),
            }),
        }
    }

    /// Parses the text of the file at `path`. Unknown keys are errors.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let malformed = |error: &toml::de::Error| ConfigError::Malformed {
            path: path.to_owned(),
            line: error.span().map_or(1, |span| line_at(text, span.start)),
            message: error.message().to_owned(),
        };
        let values: toml::Table = text.parse().map_err(|error| malformed(&error))?;
        let spanned = toml::de::DeTable::parse(text).map_err(|error| malformed(&error))?;
        let lines: BTreeMap<_, _> = spanned
            .get_ref()
            .keys()
            .map(|key| (key.get_ref().to_string(), line_at(text, key.span().start)))
            .collect();
        let tables = || std::iter::once(signature_profiles::KEY.to_owned());
        let known = || settings().map(|setting| key(setting).to_owned()).chain(tables());
        match lines
            .iter()
            .find(|(name, _)| !known().any(|known| known == **name))
        {
            Some((name, line)) => Err(ConfigError::UnknownKey {
                path: path.to_owned(),
                line: *line,
                key: name.clone(),
                nearest: nearest(&name.replace('-', "_"), known()),
            }),
            None => Ok(Self {
                path: path.to_owned(),
                values,
                lines,
            }),
        }
    }

    /// The value of a key, and its source.
    pub fn get(&self, key: &str) -> Option<(toml::Value, Origin)> {
        let value = self.values.get(key)?.clone();
        let line = self.lines.get(key).copied().unwrap_or(1);
        Some((
            value,
            Origin::File {
                path: self.path.clone(),
                line,
                key: key.to_owned(),
            },
        ))
    }

    /// The file that was read, if one was.
    pub fn path(&self) -> Option<&Path> {
        (!self.path.as_os_str().is_empty()).then_some(&self.path)
    }
}

fn read_bounded(path: &Path) -> std::io::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    let read = std::fs::File::open(path)?
        .take(FILE_BYTES_MAX + 1)
        .read_to_string(&mut text)?;
    if u64::try_from(read).is_ok_and(|read| read <= FILE_BYTES_MAX) {
        Ok(text)
    } else {
        Err(std::io::Error::other("the file is larger than 1 MiB"))
    }
}

fn line_at(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}
