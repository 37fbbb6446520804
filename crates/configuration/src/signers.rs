//! How the requests of each action are signed: its keys, expanded for its signature profile.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use postrider_model::{ActionId, Automation, Does, KeyMaterial, SigningKey, Timestamp, WebhookSignature};
use postrider_signing::profile::{KeyKindError, LiveKeys, Profile, ProfileSigners, SignatureProfiles};

/// Why the requests of an action cannot be signed. Its deliveries wait until they can.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotSign {
    /// The settings do not have the action's profile any more.
    #[error("the settings have no signature profile `{0}`")]
    NoProfile(String),
    /// The profile, or the account's key, has been changed since the action was saved.
    #[error(transparent)]
    Key(#[from] KeyKindError),
}

/// The keys that sign for a profile, which takes them. They are expanded when they first sign: an account may
/// have thousands of actions with keys of their own, and is read again after each of its edits.
pub struct LiveSigners {
    profile: Arc<Profile>,
    current: KeyMaterial,
    /// The key before, and when it stops signing.
    previous: Option<(KeyMaterial, Timestamp)>,
    alone: OnceLock<ProfileSigners>,
    both: OnceLock<ProfileSigners>,
}

type Signing = Arc<Result<LiveSigners, CannotSign>>;

/// The signers of an account.
#[derive(Debug)]
pub(crate) struct AccountSigners {
    /// By the account's keys and the installation's profile.
    usual: Signing,
    /// Of the actions that have a profile or keys of their own. Actions that share both share the signers.
    of_actions: HashMap<ActionId, Signing>,
}

impl LiveSigners {
    /// The signers of `keys`. A previous key that the profile does not take signs nothing. Returns `None` if
    /// no key is current.
    fn new(profile: &Arc<Profile>, keys: &[SigningKey]) -> Option<Result<Self, KeyKindError>> {
        let current = keys.iter().find(|key| key.expires_at.is_none())?;
        let previous = keys
            .iter()
            .filter_map(|key| Some((&key.secret, key.expires_at?)))
            .max_by_key(|(_, ends)| *ends)
            .filter(|(secret, _)| profile.takes(secret.algorithm()).is_ok());
        let takes = profile.takes(current.secret.algorithm());
        Some(takes.map(|()| Self {
            profile: Arc::clone(profile),
            current: current.secret.clone(),
            previous: previous.map(|(secret, ends)| (secret.clone(), ends)),
            alone: OnceLock::new(),
            both: OnceLock::new(),
        }))
    }

    /// The keys that sign at `now`.
    pub fn at(&self, now: Timestamp) -> &ProfileSigners {
        match &self.previous {
            Some((previous, ends)) if now < *ends => {
                self.both.get_or_init(|| self.expanded(Some(previous.clone())))
            }
            _ => self.alone.get_or_init(|| self.expanded(None)),
        }
    }

    fn expanded(&self, previous: Option<KeyMaterial>) -> ProfileSigners {
        let current = self.current.clone();
        let expanded = ProfileSigners::new(&self.profile, &LiveKeys { current, previous });
        expanded.expect("the profile takes these keys")
    }
}

/// Leaves out the keys, so that they never appear in logs.
impl fmt::Debug for LiveSigners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveSigners")
            .field("profile", &self.profile.name())
            .finish_non_exhaustive()
    }
}

impl AccountSigners {
    /// `None` if the account has no key.
    pub(crate) fn new(
        profiles: &SignatureProfiles,
        account_keys: &[SigningKey],
        automations: &[Automation],
    ) -> Option<Self> {
        let usual = expand(profiles, &WebhookSignature::default(), account_keys)?;
        let mut of_actions = HashMap::new();
        let mut of_profiles: HashMap<&str, Signing> = HashMap::new();
        for action in automations.iter().flat_map(|automation| &automation.actions) {
            let Does::SendWebhook(webhook) = &action.does else {
                continue;
            };
            let signing = match (&webhook.signature.profile, webhook.signature.own_keys.is_empty()) {
                (None, true) => continue,
                (Some(profile), true) => match of_profiles.get(profile.as_str()) {
                    Some(known) => Arc::clone(known),
                    None => {
                        let signing = expand(profiles, &webhook.signature, account_keys)?;
                        of_profiles.insert(profile, Arc::clone(&signing));
                        signing
                    }
                },
                (_, false) => expand(profiles, &webhook.signature, account_keys)?,
            };
            of_actions.insert(action.id, signing);
        }
        Some(Self { usual, of_actions })
    }

    /// How many of these actions have requests that cannot be signed, and why those of the first cannot.
    pub(crate) fn unsigned(&self, actions: impl Iterator<Item = ActionId>) -> Option<(usize, &CannotSign)> {
        let mut reasons = actions.filter_map(|action| self.of(action).err());
        let first = reasons.next()?;
        Some((1 + reasons.count(), first))
    }

    /// The signers of an action.
    pub(crate) fn of(&self, action: ActionId) -> Result<&LiveSigners, &CannotSign> {
        let own = self.of_actions.get(&action);
        (**own.unwrap_or(&self.usual)).as_ref()
    }
}

/// The keys that sign an action's requests: its own, or else the account's. Returns `None` if no key is
/// current.
fn expand(
    profiles: &SignatureProfiles,
    signature: &WebhookSignature,
    account_keys: &[SigningKey],
) -> Option<Signing> {
    let keys = match &*signature.own_keys {
        [] => account_keys,
        own => own,
    };
    let signing = match profiles.find(signature.profile.as_deref()) {
        Some(profile) => LiveSigners::new(profile, keys)?.map_err(CannotSign::from),
        None => Err(CannotSign::NoProfile(
            signature.profile.clone().unwrap_or_default(),
        )),
    };
    Some(Arc::new(signing))
}

#[cfg(test)]
mod tests {
    use postrider_model::{Ed25519Secret, SigningKeyId, SigningSecret};
    use postrider_signing::HeaderNames;
    use postrider_signing::profile::{BuiltIn, Message};

    use super::*;

    fn key(byte: u8, is_ed25519: bool, ends_s: Option<i64>) -> SigningKey {
        SigningKey {
            id: SigningKeyId::from_u128(byte.into()),
            secret: match is_ed25519 {
                true => Ed25519Secret::from_random([byte; 32]).into(),
                false => SigningSecret::from_random([byte; 24]).into(),
            },
            created_at: Timestamp::from_unix_ms(0),
            expires_at: ends_s.map(|s| Timestamp::from_unix_ms(s * 1_000)),
        }
    }

    fn profile(which: BuiltIn) -> Arc<Profile> {
        Arc::new(Profile::built_in(which, &HeaderNames::new("Acme")))
    }

    /// The value of the first header that signs at `s`.
    fn signed(signers: &LiveSigners, s: i64) -> String {
        let message = Message {
            id: "evt_1",
            timestamp_s: s,
            body: b"{}",
        };
        let mut values = Vec::new();
        let at = signers.at(Timestamp::from_unix_ms(s * 1_000));
        at.sign(&message, |_, value| values.push(value));
        values.remove(0)
    }

    #[test]
    fn a_previous_key_that_the_profile_does_not_take_signs_nothing() {
        let github = profile(BuiltIn::Github);
        let alone = LiveSigners::new(&github, &[key(1, false, None)])
            .unwrap()
            .unwrap();
        let mixed = [key(1, false, None), key(2, true, Some(100))];
        let mixed = LiveSigners::new(&github, &mixed).unwrap().unwrap();
        assert_eq!(signed(&mixed, 50), signed(&alone, 50));
        let both = [key(1, false, None), key(2, false, Some(100))];
        let both = LiveSigners::new(&github, &both).unwrap().unwrap();
        assert_ne!(
            signed(&both, 50),
            signed(&alone, 50),
            "the previous key signs while it lives"
        );
        assert_eq!(signed(&both, 100), signed(&alone, 100));
    }

    #[test]
    fn a_current_key_that_the_profile_does_not_take_cannot_sign() {
        let refused = LiveSigners::new(&profile(BuiltIn::Github), &[key(1, true, None)]);
        assert!(matches!(refused, Some(Err(KeyKindError::NeedsHmac { .. }))));
        assert!(LiveSigners::new(&profile(BuiltIn::Github), &[]).is_none());
    }

    #[test]
    fn no_key_appears_in_debug_output() {
        let signers = LiveSigners::new(&profile(BuiltIn::Github), &[key(1, false, None)]);
        let printed = format!("{signers:?}");
        assert!(
            printed.contains("github") && !printed.contains("whsec_"),
            "{printed}"
        );
    }
}
