//! How the requests of an action are signed, as the form asks for it and as pages say it.

use postrider_configuration::{Configuration, SigningKeyDraft};
use postrider_model::{KeyAlgorithm, SigningKey, WebhookSignature};
use postrider_signing::profile::{HeaderOutline, Profile};

use crate::form::Form;

/// The fields of a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SignatureFields {
    /// The name of the signature profile; empty follows the installation.
    pub profile: String,
    /// `own_hmac`, `own_ed25519`, or anything else for the account's key.
    pub key: String,
}

impl SignatureFields {
    /// The fields of a stored action.
    pub fn of(signature: &WebhookSignature) -> Self {
        Self {
            profile: signature.profile.clone().unwrap_or_default(),
            key: match signature.own_algorithm() {
                None => "account",
                Some(KeyAlgorithm::Hmac) => "own_hmac",
                Some(KeyAlgorithm::Ed25519) => "own_ed25519",
            }
            .to_owned(),
        }
    }

    /// The fields as typed.
    pub fn typed(form: &Form, row: &str) -> Self {
        Self {
            profile: form.text(&format!("profile.{row}")).to_owned(),
            key: form.text(&format!("signing_key.{row}")).to_owned(),
        }
    }

    /// Whether one of them is set; the fold is then open.
    pub fn is_set(&self) -> bool {
        !self.profile.is_empty() || self.own().is_some()
    }

    /// The profile of a draft.
    pub fn profile(&self) -> Option<String> {
        (!self.profile.is_empty()).then(|| self.profile.clone())
    }

    /// The kind of the action's own key, if it has one.
    pub fn own(&self) -> Option<KeyAlgorithm> {
        match self.key.as_str() {
            "own_hmac" => Some(KeyAlgorithm::Hmac),
            "own_ed25519" => Some(KeyAlgorithm::Ed25519),
            _ => None,
        }
    }

    /// The keys of a draft. A form without the field changes nothing.
    pub fn key(&self) -> Option<SigningKeyDraft> {
        let own = self.own().map_or(SigningKeyDraft::Account, SigningKeyDraft::Own);
        (!self.key.is_empty()).then_some(own)
    }
}

/// The signature profiles that a form offers.
pub struct Profiles {
    /// In the order in which they are listed.
    pub choices: Vec<ProfileChoice>,
    /// The name of the installation's.
    pub usual: String,
    account: KeyAlgorithm,
    usual_line: String,
}

/// A signature profile to choose.
pub struct ProfileChoice {
    /// Its name.
    pub name: String,
    by_hmac: String,
    by_ed25519: String,
}

impl Profiles {
    /// All of the installation, for an account with this key.
    pub fn of(configuration: &Configuration, current: Option<&SigningKey>) -> Self {
        let profiles = configuration.signature_profiles();
        let account = current.map(|key| key.secret.algorithm()).unwrap_or_default();
        let choice = |profile: &Profile| ProfileChoice {
            name: profile.name().to_owned(),
            by_hmac: verifies(&profile.outline(KeyAlgorithm::Hmac)),
            by_ed25519: verifies(&profile.outline(KeyAlgorithm::Ed25519)),
        };
        Self {
            choices: profiles.all().map(|profile| choice(profile)).collect(),
            usual: profiles.default_profile().name().to_owned(),
            usual_line: verifies(&profiles.default_profile().outline(account)),
            account,
        }
    }

    /// What the receiver of an action with these fields verifies, as a sentence.
    pub fn line(&self, fields: &SignatureFields) -> &str {
        if fields.profile.is_empty() && fields.own().is_none() {
            return &self.usual_line;
        }
        let name = if fields.profile.is_empty() {
            &self.usual
        } else {
            &fields.profile
        };
        match self.choices.iter().find(|choice| choice.name == *name) {
            None => "The settings of this installation do not have this profile any more. Deliveries wait.",
            Some(choice) => match fields.own().unwrap_or(self.account) {
                KeyAlgorithm::Hmac => &choice.by_hmac,
                KeyAlgorithm::Ed25519 => &choice.by_ed25519,
            },
        }
    }

    /// The profile of these fields, if it is none of the choices: it stays until another one is chosen.
    pub fn missing<'a>(&self, fields: &'a SignatureFields) -> Option<&'a str> {
        let is_known = self.choices.iter().any(|choice| choice.name == fields.profile);
        (!fields.profile.is_empty() && !is_known).then_some(fields.profile.as_str())
    }
}

/// What a receiver verifies: `X-Hub-Signature-256: sha256={hex}, the HMAC-SHA256 of {body}`.
fn verifies(outline: &[HeaderOutline]) -> String {
    let headers = outline.iter().filter(|header| !header.only_in_overlap);
    let signed = headers.filter_map(|header| Some((header, header.signed.as_ref()?, header.digest?)));
    let lines = signed.map(|(HeaderOutline { name, value, .. }, signed, digest)| {
        format!("{name}: {value} with the {digest} of {signed}")
    });
    format!(
        "The receiver verifies {}.",
        lines.collect::<Vec<_>>().join(", or ")
    )
}

#[cfg(test)]
mod tests {
    use postrider_signing::HeaderNames;
    use postrider_signing::profile::BuiltIn;

    use super::*;

    #[test]
    fn a_line_says_what_the_receiver_verifies() {
        let line = |profile, algorithm| {
            let profile = Profile::built_in(profile, &HeaderNames::new("Acme"));
            verifies(&profile.outline(algorithm))
        };
        assert_eq!(
            line(BuiltIn::Github, KeyAlgorithm::Hmac),
            "The receiver verifies X-Hub-Signature-256: sha256={hex} with the HMAC-SHA256 of {body}."
        );
        assert_eq!(
            line(BuiltIn::Svix, KeyAlgorithm::Ed25519),
            "The receiver verifies svix-signature: v1a,{base64} with the Ed25519 of {id}.{timestamp}.{body}."
        );
        assert_eq!(
            line(BuiltIn::Postrider, KeyAlgorithm::Hmac),
            "The receiver verifies Acme-Signature: {hex} with the HMAC-SHA256 of {body}, or \
             webhook-signature: v1,{base64} with the HMAC-SHA256 of {id}.{timestamp}.{body}."
        );
    }

    #[test]
    fn fields_become_a_draft_and_stand_for_what_is_stored() {
        let form = Form::parse(b"profile.0=svix&signing_key.0=own_ed25519").unwrap();
        let typed = SignatureFields::typed(&form, "0");
        assert_eq!(typed.profile(), Some("svix".to_owned()));
        assert_eq!(typed.key(), Some(SigningKeyDraft::Own(KeyAlgorithm::Ed25519)));
        assert!(typed.is_set());
        let usual = SignatureFields::of(&WebhookSignature::default());
        assert_eq!(
            (usual.profile(), usual.key()),
            (None, Some(SigningKeyDraft::Account))
        );
        assert!(!usual.is_set());
        assert_eq!(SignatureFields::default().key(), None);
    }
}
