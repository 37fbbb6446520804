//! Profiles: servers and their API keys under names, as `postrider login` stores them.
//!
//! They are in `postrider/profiles.toml` of the user's configuration folder (XDG Base Directory
//! Specification 0.8: `$XDG_CONFIG_HOME`, otherwise `~/.config`). Only the user can read the file: it is
//! created with mode 0600, in a folder with mode 0700, and refused if others can read it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Failure;

/// The name of a profile, unless one is given.
pub const DEFAULT_NAME: &str = "default";

/// Largest file that is read, in bytes: thousands of profiles.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Longest name, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// A server and a key for it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name.
    #[serde(skip)]
    pub name: String,
    /// The server's address.
    pub url: String,
    /// The API key.
    pub api_key: String,
    /// A file with additional trusted certificates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile")
            .field("name", &self.name)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// The user's profiles.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profiles {
    /// The profile that commands use.
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<String>,
    #[serde(default)]
    profiles: BTreeMap<String, Profile>,
}

impl Profiles {
    /// The stored profiles. Without a file or a home folder, the list is empty.
    pub fn read() -> Result<Self, Failure> {
        match path() {
            Some(path) => Self::read_from(&path),
            None => Ok(Self::default()),
        }
    }

    fn read_from(path: &Path) -> Result<Self, Failure> {
        let failed = |what: &dyn fmt::Display| Failure::Usage(format!("{}: {what}", path.display()));
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(failed(&error)),
        };
        let mode = file
            .metadata()
            .map_err(|error| failed(&error))?
            .permissions()
            .mode();
        if mode & 0o077 != 0 {
            return Err(failed(&format!(
                "other users can read the API keys in it: run `chmod 600 {}`",
                path.display()
            )));
        }
        let mut text = String::new();
        let read = file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text);
        if read.map_err(|error| failed(&error))? as u64 > FILE_BYTES_MAX {
            return Err(failed(&"larger than 1 MiB"));
        }
        // Without toml's own message, which would quote the line and with it a key.
        let mut read: Self = toml::from_str(&text).map_err(|error| {
            let line = error
                .span()
                .map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            failed(&format!("line {line}: {}", error.message()))
        })?;
        for (name, profile) in &mut read.profiles {
            profile.name.clone_from(name);
        }
        Ok(read)
    }

    /// Stores the profiles, and returns the file. Replaces the file in one step, so that no reader sees half
    /// of it.
    pub fn write(&self) -> Result<PathBuf, Failure> {
        let path = path().ok_or_else(|| {
            Failure::Usage(
                "no folder for profiles: set HOME, or XDG_CONFIG_HOME to an absolute path".to_owned(),
            )
        })?;
        let written = self.write_to(&path);
        written.map_err(|error| Failure::Failed(format!("cannot write {}: {error}", path.display())))?;
        Ok(path)
    }

    fn write_to(&self, path: &Path) -> std::io::Result<()> {
        let folder = path.parent().unwrap_or_else(|| Path::new("/"));
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let text = toml::to_string(self).map_err(std::io::Error::other)?;
        let next = folder.join(format!(".profiles.{}.toml", std::process::id()));
        let written = (|| {
            // A file that a killed process of the same number left would have kept its mode.
            let _ = std::fs::remove_file(&next);
            let mut file = OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&next)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&next, path)
        })();
        if written.is_err() {
            let _ = std::fs::remove_file(&next);
        }
        written
    }

    /// The profile of this name.
    pub fn named(&self, name: &str) -> Result<Profile, Failure> {
        self.profiles.get(name).cloned().ok_or_else(|| {
            let names: Vec<_> = self.profiles.keys().map(String::as_str).collect();
            let advice = match names.as_slice() {
                [] => "there are none: run `postrider login`".to_owned(),
                names => format!("there are {}", names.join(", ")),
            };
            Failure::Usage(format!("no profile has the name `{name}`; {advice}"))
        })
    }

    /// The profile that the variable names, otherwise the current one.
    pub fn of_variable_or_current(&self, variable: Option<&str>) -> Result<Option<Profile>, Failure> {
        match variable.or(self.current.as_deref()) {
            Some(name) => self.named(name).map(Some),
            None => Ok(None),
        }
    }

    /// The name of the profile that commands use.
    pub fn current(&self) -> Option<&str> {
        self.current.as_deref()
    }

    /// All profiles, by name.
    pub fn all(&self) -> impl Iterator<Item = &Profile> {
        self.profiles.values()
    }

    /// Adds or replaces a profile, and makes it the current one.
    pub fn put(&mut self, profile: Profile) {
        self.current = Some(profile.name.clone());
        self.profiles.insert(profile.name.clone(), profile);
    }

    /// Makes another profile the current one.
    pub fn make_current(&mut self, name: &str) -> Result<(), Failure> {
        self.current = Some(self.named(name)?.name);
        Ok(())
    }

    /// Removes a profile. If it was the current one, none is.
    pub fn remove(&mut self, name: &str) -> Result<(), Failure> {
        self.named(name)?;
        self.profiles.remove(name);
        self.current = self.current.take().filter(|current| current != name);
        Ok(())
    }
}

/// A name for a profile: letters, digits, `_`, `.` and `-`.
pub fn name(text: &str) -> Result<String, String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    if (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(fits) {
        Ok(text.to_owned())
    } else {
        Err("expected 1 to 64 letters, digits, `_`, `.` or `-`".to_owned())
    }
}

/// The file, if the user has a folder for it.
fn path() -> Option<PathBuf> {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let folder = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")))?;
    Some(folder.join("postrider/profiles.toml"))
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, metadata, set_permissions, write};

    use super::*;

    fn profile(name: &str) -> Profile {
        Profile {
            name: name.to_owned(),
            url: "https://hooks.example".to_owned(),
            api_key: "prk_secret".to_owned(),
            ca_file: None,
        }
    }

    #[test]
    fn only_the_user_can_read_what_was_stored() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/profiles.toml");
        let mut profiles = Profiles::default();
        profiles.put(profile("staging"));
        profiles.put(profile("default"));
        profiles.write_to(&path).unwrap();
        assert_eq!(Profiles::read_from(&path).unwrap(), profiles);
        assert_eq!(metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(
            metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777,
            0o700
        );
        set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let refused = Profiles::read_from(&path).unwrap_err().to_string();
        assert!(refused.contains("chmod 600"), "{refused}");
    }

    #[test]
    fn no_message_shows_a_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("profiles.toml");
        write(&path, "[profiles.a]\nurl = 'x'\napi_key = 'prk_secret\n").unwrap();
        set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let refused = Profiles::read_from(&path).unwrap_err().to_string();
        assert!(
            refused.contains("line 3") && !refused.contains("prk_"),
            "{refused}"
        );
        assert!(!format!("{:?}", profile("a")).contains("prk_"));
    }

    #[test]
    fn the_profile_that_is_removed_is_not_current_any_more() {
        let mut profiles = Profiles::default();
        profiles.put(profile("a"));
        profiles.put(profile("b"));
        profiles.remove("b").unwrap();
        assert_eq!(profiles.current(), None);
        assert_eq!(profiles.of_variable_or_current(None).unwrap(), None);
        assert!(profiles.make_current("b").is_err());
        profiles.make_current("a").unwrap();
        assert_eq!(profiles.of_variable_or_current(None).unwrap(), Some(profile("a")));
    }

    #[test]
    fn names_are_safe_in_a_file_and_a_shell() {
        assert!(name("staging-2.eu_1").is_ok());
        for bad in ["", "a b", "é", "a/b", &"x".repeat(65)] {
            assert!(name(bad).is_err(), "{bad}");
        }
    }
}
