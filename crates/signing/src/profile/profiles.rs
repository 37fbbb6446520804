//! The signature profiles of an installation: the built-in ones and those of its settings, and which of them
//! signs where an action names none.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{BuiltIn, Profile};
use crate::header_names::HeaderNames;

/// Most profiles of the settings. A company has one for each scheme that its receivers know; each is held in
/// memory once.
pub const SETTINGS_PROFILES_MAX: usize = 20;

/// The signature profiles of an installation. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SignatureProfiles {
    by_name: Arc<BTreeMap<Box<str>, Arc<Profile>>>,
    default: Arc<Profile>,
}

impl SignatureProfiles {
    /// The built-in profiles and `others`. `default` signs where an action names no profile; `None` if no
    /// profile has this name. A profile of `others` cannot replace a built-in one.
    pub fn new(names: &HeaderNames, others: Vec<Profile>, default: &str) -> Option<Self> {
        let built_in = BuiltIn::ALL.map(|profile| Profile::built_in(profile, names));
        let mut by_name = BTreeMap::new();
        for profile in others.into_iter().chain(built_in) {
            by_name.insert(Box::from(profile.name()), Arc::new(profile));
        }
        Some(Self {
            default: Arc::clone(by_name.get(default)?),
            by_name: Arc::new(by_name),
        })
    }

    /// The built-in profiles alone.
    pub fn built_in(default: BuiltIn, names: &HeaderNames) -> Self {
        Self::new(names, Vec::new(), default.name()).expect("built-in profiles have their names")
    }

    /// The profile that signs where an action names none.
    pub fn default_profile(&self) -> &Arc<Profile> {
        &self.default
    }

    /// The profile of this name, or the default; `None` if there is none of this name.
    pub fn find(&self, name: Option<&str>) -> Option<&Arc<Profile>> {
        match name {
            None => Some(&self.default),
            Some(name) => self.by_name.get(name),
        }
    }

    /// All profiles: the built-in ones as [`BuiltIn::ALL`] lists them, then the others by name.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Profile>> {
        let built_in = BuiltIn::ALL
            .into_iter()
            .map(|profile| &self.by_name[profile.name()]);
        let others = self.by_name.iter();
        built_in.chain(others.filter_map(|(name, profile)| BuiltIn::find(name).is_none().then_some(profile)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_found_by_its_name_and_none_replaces_a_built_in_one() {
        let names = HeaderNames::new("Acme");
        let own = Profile::built_in(BuiltIn::Github, &names).renamed("acme");
        let imitation = Profile::built_in(BuiltIn::Github, &names).renamed("stripe");
        let profiles = SignatureProfiles::new(&names, vec![own, imitation], "acme").unwrap();
        assert_eq!(profiles.find(None).unwrap().name(), "acme");
        let stripe = Profile::built_in(BuiltIn::Stripe, &names);
        assert_eq!(**profiles.find(Some("stripe")).unwrap(), stripe);
        assert!(profiles.find(Some("other")).is_none());
        let listed: Vec<_> = profiles.all().map(|profile| profile.name().to_owned()).collect();
        let expected = [
            "postrider",
            "standard",
            "svix",
            "github",
            "stripe",
            "shopify",
            "acme",
        ];
        assert_eq!(listed, expected);
        assert!(SignatureProfiles::new(&names, Vec::new(), "acme").is_none());
    }
}
