//! Checks how the requests of an action are signed, and gives it keys of its own.

use std::time::Duration;

use postrider_model::{KeyAlgorithm, SigningKey, WebhookSignature};
use postrider_signing::HeaderNames;
use postrider_signing::profile::{Profile, SignatureProfiles};

use super::SendWebhookDraft;
use crate::signing_key::{OVERLAP_S_DEFAULT, rotated};
use crate::{Faults, codes};

/// Which keys sign the requests of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningKeyDraft {
    /// Those of the account.
    Account,
    /// Keys of its own, of this kind.
    Own(KeyAlgorithm),
}

/// What the signature of an action is checked against.
pub(super) struct SigningRules<'a> {
    /// The installation's signature profiles.
    pub(super) profiles: &'a SignatureProfiles,
    /// The headers that no action may have, whatever its profile; another check refuses those.
    pub(super) header_names: &'a HeaderNames,
    /// The account's current key; `None` if the account does not exist, which saving will find.
    pub(super) account_key: Option<&'a SigningKey>,
    /// Creates a key.
    pub(super) new_key: &'a dyn Fn(KeyAlgorithm) -> SigningKey,
}

impl SigningRules<'_> {
    /// The signature that the draft describes, of an action that was `stored` or is new. Adds what is wrong
    /// with it to `faults`; `pointer` points to the action.
    ///
    /// Profile and key are judged only where one of them differs from what is stored: an edit of something
    /// else must not fail because the operator has changed the settings.
    pub(super) fn check(
        &self,
        draft: &SendWebhookDraft,
        stored: Option<&WebhookSignature>,
        pointer: &str,
        faults: &mut Faults,
    ) -> WebhookSignature {
        let signature = WebhookSignature {
            profile: draft.signature_profile.clone(),
            own_keys: self.own_keys(draft.signing_key, stored),
        };
        let profile = self.profiles.find(signature.profile.as_deref());
        if let Some(profile) = profile {
            self.check_headers(draft, profile, pointer, faults);
        }
        let algorithm = signature.own_algorithm();
        if stored.is_some_and(|it| it.profile == signature.profile && it.own_algorithm() == algorithm) {
            return signature;
        }
        let Some(profile) = profile else {
            let names: Vec<_> = self.profiles.all().map(|profile| profile.name()).collect();
            let detail = format!("the installation has the signature profiles {}", names.join(", "));
            faults.add(
                format!("{pointer}/signature_profile"),
                codes::UNKNOWN_PROFILE,
                detail,
            );
            return signature;
        };
        let of_account = || self.account_key.map(|key| key.secret.algorithm());
        if let Some(Err(error)) = algorithm
            .or_else(of_account)
            .map(|algorithm| profile.takes(algorithm))
        {
            let (member, whose) = match algorithm {
                Some(_) => ("signing_key", "the action's own key"),
                None => ("signature_profile", "the account's key"),
            };
            let detail = format!("{error}; {whose} is of the other kind");
            faults.add(format!("{pointer}/{member}"), codes::SIGNING_KEY_MISMATCH, detail);
        }
        signature
    }

    /// The action's own keys. A new one overlaps with the key that signed before, for a day, so that the
    /// receiver can adopt it.
    fn own_keys(&self, draft: Option<SigningKeyDraft>, stored: Option<&WebhookSignature>) -> Vec<SigningKey> {
        let own = stored.map_or(&[][..], |stored| &stored.own_keys);
        let own_algorithm = stored.and_then(WebhookSignature::own_algorithm);
        match draft {
            None => own.to_vec(),
            // At once: the account's receivers have its key, and it cannot sign beside keys of another owner.
            Some(SigningKeyDraft::Account) => Vec::new(),
            Some(SigningKeyDraft::Own(algorithm)) if own_algorithm == Some(algorithm) => own.to_vec(),
            Some(SigningKeyDraft::Own(algorithm)) => {
                let signed_before = match (stored, own) {
                    (None, _) => &[],
                    (Some(_), []) => self.account_key.map_or(&[][..], std::slice::from_ref),
                    (Some(_), own) => own,
                };
                let new = (self.new_key)(algorithm);
                let ends = new.created_at.after(Duration::from_secs(OVERLAP_S_DEFAULT));
                rotated(signed_before, &new, ends)
            }
        }
    }

    /// No header of the action may be one that its profile sends.
    fn check_headers(&self, draft: &SendWebhookDraft, profile: &Profile, pointer: &str, faults: &mut Faults) {
        for (name, _) in &draft.headers {
            if profile.has_header(name) && !self.header_names.is_ours(name) {
                let name = postrider_json::pointer::escape(name);
                let detail = format!("the signature profile `{}` sets this header", profile.name());
                faults.add(
                    format!("{pointer}/headers/{name}"),
                    codes::RESERVED_HEADER,
                    detail,
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use postrider_model::{IdGenerator, SigningSecret, Timestamp};
    use postrider_signing::profile::BuiltIn;

    use super::*;
    use crate::fault::tests::faults_of;

    const OWN_HMAC: Option<SigningKeyDraft> = Some(SigningKeyDraft::Own(KeyAlgorithm::Hmac));
    const OWN_ED25519: Option<SigningKeyDraft> = Some(SigningKeyDraft::Own(KeyAlgorithm::Ed25519));

    fn key(number: u8, algorithm: KeyAlgorithm) -> SigningKey {
        let at = Timestamp::from_unix_ms(i64::from(number));
        let secret = match algorithm {
            KeyAlgorithm::Hmac => SigningSecret::from_random([number; 24]).into(),
            KeyAlgorithm::Ed25519 => postrider_model::Ed25519Secret::from_random([number; 32]).into(),
        };
        SigningKey {
            id: IdGenerator::new(u64::from(number)).signing_key(at),
            secret,
            created_at: at,
            expires_at: None,
        }
    }

    fn draft(profile: Option<&str>, signing_key: Option<SigningKeyDraft>) -> SendWebhookDraft {
        SendWebhookDraft {
            signature_profile: profile.map(str::to_owned),
            signing_key,
            ..SendWebhookDraft::to("https://a.example/")
        }
    }

    /// The signature, or pointer and code of each fault, where the account's key is of this kind.
    fn checked(
        draft: &SendWebhookDraft,
        stored: Option<&WebhookSignature>,
        account: KeyAlgorithm,
    ) -> Result<WebhookSignature, Vec<(String, &'static str)>> {
        let rules = SigningRules {
            profiles: &SignatureProfiles::built_in(BuiltIn::Postrider, &HeaderNames::new("Acme")),
            header_names: &HeaderNames::new("Acme"),
            account_key: Some(&key(1, account)),
            new_key: &|algorithm| key(2, algorithm),
        };
        let mut signature = WebhookSignature::default();
        let faults = faults_of(|faults| signature = rules.check(draft, stored, "/actions/0", faults));
        if faults.is_empty() {
            Ok(signature)
        } else {
            Err(faults)
        }
    }

    fn fault(member: &str, code: &'static str) -> Result<WebhookSignature, Vec<(String, &'static str)>> {
        Err(vec![(format!("/actions/0/{member}"), code)])
    }

    #[test]
    fn a_profile_that_cannot_use_the_key_is_refused_in_both_directions() {
        let hmac = KeyAlgorithm::Hmac;
        assert_eq!(
            checked(&draft(Some("github"), None), None, hmac)
                .unwrap()
                .profile
                .as_deref(),
            Some("github")
        );
        assert!(checked(&draft(Some("standard"), OWN_ED25519), None, hmac).is_ok());
        let mismatch = codes::SIGNING_KEY_MISMATCH;
        let own = fault("signing_key", mismatch);
        assert_eq!(checked(&draft(Some("github"), OWN_ED25519), None, hmac), own);
        assert_eq!(checked(&draft(None, OWN_ED25519), None, hmac), own);
        let of_account = fault("signature_profile", mismatch);
        assert_eq!(
            checked(&draft(None, None), None, KeyAlgorithm::Ed25519),
            of_account
        );
        assert!(checked(&draft(None, OWN_HMAC), None, KeyAlgorithm::Ed25519).is_ok());
        let unknown = fault("signature_profile", codes::UNKNOWN_PROFILE);
        assert_eq!(checked(&draft(Some("acme"), None), None, hmac), unknown);
    }

    #[test]
    fn an_edit_of_something_else_is_not_judged_by_settings_that_changed() {
        let stored = WebhookSignature {
            profile: Some("gone".to_owned()),
            own_keys: Vec::new(),
        };
        let kept = checked(&draft(Some("gone"), None), Some(&stored), KeyAlgorithm::Hmac);
        assert_eq!(kept, Ok(stored));
    }

    #[test]
    fn a_new_key_overlaps_with_the_one_that_signed_before() {
        let day_ms = 86_400_000;
        let new = checked(&draft(None, OWN_HMAC), None, KeyAlgorithm::Hmac).unwrap();
        assert_eq!(
            new.own_keys,
            [key(2, KeyAlgorithm::Hmac)],
            "nothing signed before"
        );
        let plain = WebhookSignature::default();
        let own = checked(&draft(None, OWN_HMAC), Some(&plain), KeyAlgorithm::Hmac).unwrap();
        let until = Some(Timestamp::from_unix_ms(2 + day_ms));
        let before = SigningKey {
            expires_at: until,
            ..key(1, KeyAlgorithm::Hmac)
        };
        assert_eq!(own.own_keys, [key(2, KeyAlgorithm::Hmac), before]);
        let kept = checked(&draft(None, OWN_HMAC), Some(&own), KeyAlgorithm::Hmac).unwrap();
        assert_eq!(kept, own, "an edit with the same value keeps the keys");
        assert_eq!(
            checked(&draft(None, None), Some(&own), KeyAlgorithm::Hmac),
            Ok(own.clone())
        );
        let account = Some(SigningKeyDraft::Account);
        assert_eq!(
            checked(&draft(None, account), Some(&own), KeyAlgorithm::Hmac),
            Ok(plain)
        );
        let other = checked(&draft(Some("svix"), OWN_ED25519), Some(&own), KeyAlgorithm::Hmac).unwrap();
        assert_eq!(other.own_algorithm(), Some(KeyAlgorithm::Ed25519));
        assert_eq!(other.own_keys.len(), 3);
    }

    #[test]
    fn a_header_of_the_profile_is_reserved() {
        let with = |name: &str| SendWebhookDraft {
            headers: vec![(name.to_owned(), "x".to_owned())],
            ..draft(Some("github"), None)
        };
        for name in ["x-hub-signature-256", "X_Hub_Signature_256"] {
            let expected = fault(&format!("headers/{name}"), codes::RESERVED_HEADER);
            assert_eq!(checked(&with(name), None, KeyAlgorithm::Hmac), expected);
        }
        assert!(checked(&with("Stripe-Signature"), None, KeyAlgorithm::Hmac).is_ok());
    }
}
