//! The tables `[signature_profiles.NAME]` of the file: signature profiles of the installation. They have no
//! flag and no variable, because a profile is more than a value.

use std::collections::BTreeMap;

use postrider_configuration::is_reserved_by_others;
use postrider_signing::HeaderNames;
use postrider_signing::profile::profiles::SETTINGS_PROFILES_MAX;
use postrider_signing::profile::{ProfileDraft, SignatureProfiles};

use super::declaration::read;
use super::file::ConfigFile;
use super::settings::Settings;
use super::{ConfigError, Origin, declaration};

/// The key of the tables.
pub const KEY: &str = "signature_profiles";

/// The profiles, by name, as the file describes them.
pub type Tables = BTreeMap<String, ProfileDraft>;

/// An example, for the reference.
pub const EXAMPLE: &str = r#"
# A signature profile: which headers sign webhooks. `signature_profile` above and actions can name
# it. The table can stand only in this file, after all other keys. A company that already sends
# webhooks describes its signatures here, and its receivers keep verifying.
#
# A profile has 1 to 8 headers. In a `value`, `{id}` is the event's id, `{timestamp}` the Unix time
# of the attempt in seconds, and `{hex}` or `{base64}` the signature of what `signed` describes, in
# which `{body}` is the body.
#
# `digest`: hmac-sha256 (default), hmac-sha1, hmac-sha512 or ed25519. `key`, for an HMAC: displayed
# (default: the key as it is shown), decoded (the bytes after `whsec_`) or undecoded (the text after
# it). `overlap`, the keys that sign while the overlap of a rotation lasts: previous (default: the
# oldest), current, next (the newest, in a header of its own) or all (each, between separators; the
# last element of the value is repeated).
#[signature_profiles.acme]
#[[signature_profiles.acme.headers]]
#name = "X-Acme-Signature"
#value = "t={timestamp},v1={hex}"
#signed = "{timestamp}.{body}"
#digest = "hmac-sha256"
#key = "displayed"
#overlap = "all"
#separator = ","
"#;

/// Why the profiles cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfilesError {
    /// A profile has these faults.
    #[error("{faults}")]
    Faults {
        /// Its name.
        name: String,
        /// All faults, each with its place.
        faults: String,
    },
    /// There are too many.
    #[error("at most {SETTINGS_PROFILES_MAX} signature profiles")]
    TooMany,
    /// `signature_profile` names none.
    #[error("`{name}` is no signature profile; there are {known}")]
    Unknown {
        /// The name.
        name: String,
        /// The names that exist.
        known: String,
    },
}

impl Settings {
    /// The signature profiles of the installation.
    pub fn signature_profiles(&self) -> Result<SignatureProfiles, ProfilesError> {
        if self.signature_profiles.len() > SETTINGS_PROFILES_MAX {
            return Err(ProfilesError::TooMany);
        }
        let names = HeaderNames::new(self.header_prefix.as_str());
        let profiles = self.signature_profiles.iter().map(|(name, draft)| {
            draft
                .check(name, &names, is_reserved_by_others)
                .map_err(|faults| {
                    let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
                    let (name, faults) = (name.clone(), faults.join("; "));
                    ProfilesError::Faults { name, faults }
                })
        });
        let profiles = profiles.collect::<Result<Vec<_>, _>>()?;
        let known = SignatureProfiles::new(&names, profiles.clone(), &self.signature_profile);
        known.ok_or_else(|| {
            let own = profiles.iter().map(|profile| profile.name().to_owned());
            let built_in = postrider_signing::profile::BuiltIn::ALL.map(|profile| profile.name().to_owned());
            let known: Vec<_> = built_in.into_iter().chain(own).collect();
            ProfilesError::Unknown {
                name: self.signature_profile.clone(),
                known: known.join(", "),
            }
        })
    }
}

/// Reads the tables into `values`, each by itself, so that an error names its profile.
pub(super) fn merge(file: &ConfigFile, values: &mut toml::Table) -> Result<(), ConfigError> {
    let Some((value, origin)) = file.get(KEY) else {
        return Ok(());
    };
    let toml::Value::Table(tables) = &value else {
        let message = "expected tables, such as [signature_profiles.acme]".to_owned();
        return Err(ConfigError::Invalid { origin, message });
    };
    for (name, table) in tables {
        let mut values = declaration::defaults();
        let alone = toml::Table::from_iter([(name.clone(), table.clone())]);
        values.insert(KEY.to_owned(), toml::Value::Table(alone));
        if let Err(error) = read(values) {
            let message = error.message().to_owned();
            return Err(ConfigError::Invalid {
                origin: of(&origin, name),
                message,
            });
        }
    }
    values.insert(KEY.to_owned(), value);
    Ok(())
}

/// Checks the profiles of merged settings. `origin` is that of `signature_profile`, unless it is the default.
pub(super) fn check(
    settings: &Settings,
    file: &ConfigFile,
    origin: Option<&Origin>,
) -> Result<(), ConfigError> {
    let Err(error) = settings.signature_profiles() else {
        return Ok(());
    };
    let in_file = file.get(KEY).map(|(_, origin)| origin);
    let origin = match &error {
        ProfilesError::Faults { name, .. } => in_file.map(|origin| of(&origin, name)),
        ProfilesError::TooMany => in_file,
        ProfilesError::Unknown { .. } => origin.cloned(),
    };
    let origin = origin.unwrap_or_else(|| Origin::Flag("signature_profile".to_owned()));
    let message = error.to_string();
    Err(ConfigError::Invalid { origin, message })
}

/// The place of one of the tables.
fn of(origin: &Origin, name: &str) -> Origin {
    match origin {
        Origin::File { path, line, key } => Origin::File {
            path: path.clone(),
            line: *line,
            key: format!("{key}.{name}"),
        },
        other => other.clone(),
    }
}
