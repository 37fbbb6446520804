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
    /// The keys before, the newest first, and when each stops signing.
    previous: Vec<(KeyMaterial, Timestamp)>,
    /// By the number of keys before that sign. Keys only expire, so this says which.
    expanded: Vec<OnceLock<ProfileSigners>>,
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
            .filter_map(|key| Some((key.secret.clone(), key.expires_at?)))
            .filter(|(secret, _)| profile.takes(secret.algorithm()).is_ok());
        let takes = profile.takes(current.secret.algorithm());
        Some(takes.map(|()| {
            let previous: Vec<_> = previous.collect();
            Self {
                profile: Arc::clone(profile),
                current: current.secret.clone(),
                expanded: (0..=previous.len()).map(|_| OnceLock::new()).collect(),
                previous,
            }
        }))
    }

    /// The keys that sign at `now`.
    pub fn at(&self, now: Timestamp) -> &ProfileSigners {
        let live = || self.previous.iter().filter(|(_, ends)| now < *ends);
        self.expanded[live().count()].get_or_init(|| {
            let keys = LiveKeys {
                current: self.current.clone(),
                previous: live().map(|(secret, _)| secret.clone()).collect(),
            };
            ProfileSigners::new(&self.profile, &keys).expect("the profile takes these keys")
        })
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
    fn every_key_signs_until_it_expires_and_the_oldest_signs_a_header_with_one_value() {
        let keys = [
            key(3, false, None),
            key(2, false, Some(200)),
            key(1, false, Some(100)),
        ];
        let rotated = |which| LiveSigners::new(&profile(which), &keys).unwrap().unwrap();
        let alone = |byte, which| {
            let signers = LiveSigners::new(&profile(which), &[key(byte, false, None)]);
            signed(&signers.unwrap().unwrap(), 50)
        };
        let github = rotated(BuiltIn::Github);
        for (s, byte) in [(50, 1), (100, 2), (199, 2), (200, 3)] {
            assert_eq!(signed(&github, s), alone(byte, BuiltIn::Github), "{s}");
        }
        let standard = rotated(BuiltIn::Standard);
        let tokens = |s: i64| {
            let message = Message {
                id: "evt_1",
                timestamp_s: 7,
                body: b"{}",
            };
            let mut count = 0;
            let at = standard.at(Timestamp::from_unix_ms(s * 1_000));
            at.sign(&message, |name, value| {
                if name == "webhook-signature" {
                    count = value.split(' ').count();
                }
            });
            count
        };
        assert_eq!([50, 100, 200].map(tokens), [3, 2, 1]);
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
