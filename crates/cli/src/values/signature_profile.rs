//! A signature profile, by its name: a built-in one, or one of a settings file.

use std::collections::BTreeMap;

use postrider_signing::HeaderNames;
use postrider_signing::profile::{BuiltIn, Profile, ProfileDraft};
use serde::Deserialize;

use crate::{Failure, input};

/// The flags that name a profile.
#[derive(Debug, clap::Args)]
pub struct ProfileArgs {
    /// The signature profile: which headers sign. `postrider`, `standard`, `svix`, `github`, `stripe`,
    /// `shopify`, or one of the settings file
    #[arg(long, value_name = "NAME", default_value = "postrider")]
    profile: String,

    /// The settings file (`postrider.toml`) that describes the profile in `[signature_profiles.NAME]`
    #[arg(long, value_name = "FILE")]
    config: Option<String>,
}

/// What counts of a settings file.
#[derive(Deserialize)]
struct SettingsFile {
    #[serde(default)]
    signature_profiles: BTreeMap<String, ProfileDraft>,
}

impl ProfileArgs {
    /// Whether this is the profile that signs without settings.
    pub fn is_usual(&self) -> bool {
        self.profile == BuiltIn::Postrider.name() && self.config.is_none()
    }

    /// The profile.
    ///
    /// # Errors
    /// There is none of this name, or the file's is not valid.
    pub fn read(&self, names: &HeaderNames) -> Result<Profile, Failure> {
        if let Some(built_in) = BuiltIn::find(&self.profile) {
            if self.config.is_some() {
                return Err(Failure::Usage(format!(
                    "--config: `{}` is built in; name a profile of the file with --profile",
                    self.profile
                )));
            }
            return Ok(Profile::built_in(built_in, names));
        }
        let Some(path) = &self.config else {
            let known = BuiltIn::ALL.map(BuiltIn::name).join(", ");
            return Err(Failure::Usage(format!(
                "--profile: `{}` is none of {known}; for a profile of the settings, add --config FILE",
                self.profile
            )));
        };
        let refused = |reason: String| Failure::Usage(format!("{path}: {reason}"));
        let text =
            String::from_utf8(input::read(path)?).map_err(|_| refused("not valid UTF-8".to_owned()))?;
        let file: SettingsFile =
            toml::from_str(&text).map_err(|error| refused(error.message().to_owned()))?;
        let draft = file.signature_profiles.get(&self.profile);
        let draft =
            draft.ok_or_else(|| refused(format!("no [signature_profiles.{}] in it", self.profile)))?;
        // The server judges whether a header belongs to somebody else.
        draft.check(&self.profile, names, |_| false).map_err(|faults| {
            let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
            refused(format!(
                "signature_profiles.{}: {}",
                self.profile,
                faults.join("; ")
            ))
        })
    }
}
