//! How the requests of each action are signed: its keys, expanded for its signature profile.

use std::collections::HashMap;
use std::sync::Arc;

use postrider_model::{ActionId, Automation, Does, SigningKey, Timestamp, WebhookSignature};
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

/// The keys that sign for a profile.
#[derive(Debug)]
pub struct LiveSigners {
    /// The current key, with the previous one, and when their overlap ends.
    both: Option<(ProfileSigners, Timestamp)>,
    /// The current key alone.
    alone: ProfileSigners,
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
    /// Expands `keys`, the current one first. A previous key that the profile does not take signs nothing.
    /// Returns `None` if no key is current.
    fn new(profile: &Arc<Profile>, keys: &[SigningKey]) -> Option<Result<Self, KeyKindError>> {
        let current = keys.iter().find(|key| key.expires_at.is_none())?;
        let previous = keys
            .iter()
            .filter_map(|key| Some((key, key.expires_at?)))
            .max_by_key(|(_, ends)| *ends);
        let expanded = |previous: Option<&SigningKey>| {
            let keys = LiveKeys {
                current: current.secret.clone(),
                previous: previous.map(|key| key.secret.clone()),
            };
            ProfileSigners::new(profile, &keys)
        };
        let both = previous.and_then(|(previous, ends)| Some((expanded(Some(previous)).ok()?, ends)));
        Some(expanded(None).map(|alone| Self { both, alone }))
    }

    /// The keys that sign at `now`.
    pub fn at(&self, now: Timestamp) -> &ProfileSigners {
        match &self.both {
            Some((both, ends)) if now < *ends => both,
            _ => &self.alone,
        }
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

    /// The actions whose requests cannot be signed, and why; `all others` for those without a profile or keys
    /// of their own.
    pub(crate) fn unsigned(&self) -> impl Iterator<Item = (String, &CannotSign)> {
        let of_actions = self
            .of_actions
            .iter()
            .map(|(id, signing)| (id.to_string(), signing));
        let all = of_actions.chain([("all others".to_owned(), &self.usual)]);
        all.filter_map(|(action, signing)| Some((action, (**signing).as_ref().err()?)))
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
