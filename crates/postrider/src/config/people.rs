//! The identity provider of the staff, put together from its settings.

use postrider_access::PeopleSettings;
use postrider_access::people::{ClientSecret, RoleRules};

use super::settings::Settings;

/// The default of `oidc_group_claim`.
pub(super) const GROUP_CLAIM: &str = "groups";

/// Settings of the identity provider that do not go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PeopleError {
    /// Nobody could sign in to the console.
    #[error("sign_in_by_key is false without oidc_issuer: nobody could sign in")]
    NoWayIn,
    /// A secret without a provider.
    #[error("POSTRIDER_OIDC_CLIENT_SECRET is set without oidc_issuer: set oidc_issuer, or remove it")]
    SecretAlone,
    /// A claim that nothing looks at. The operator expected people outside the group to be refused.
    #[error("oidc_group_claim is set without oidc_required_groups: name the groups, or remove it")]
    GroupClaimAlone,
    /// The provider does not know us.
    #[error("oidc_issuer is set without oidc_client_id")]
    NoClient,
    /// Nobody would have a role.
    #[error("oidc_issuer is set without a role: set oidc_admin, oidc_support or oidc_viewer")]
    NoRole,
    /// The provider would not know where to send people back to.
    #[error("oidc_issuer is set without public_url: the provider sends people back to public_url")]
    NoPublicUrl,
    /// The provider's response would travel in the clear (RFC 9700, section 2.6).
    #[error("with oidc_issuer, public_url must begin with https://, except on this machine")]
    InsecurePublicUrl,
}

impl Settings {
    /// The people who sign in through an identity provider, if there is one. `secret` is the client's.
    pub fn people(&self, secret: Option<&str>) -> Result<Option<PeopleSettings>, PeopleError> {
        if self.oidc_required_groups.is_empty() && self.oidc_group_claim.to_string() != GROUP_CLAIM {
            return Err(PeopleError::GroupClaimAlone);
        }
        let Some(issuer) = &self.oidc_issuer else {
            return match (self.sign_in_by_key, secret) {
                (false, _) => Err(PeopleError::NoWayIn),
                (true, Some(_)) => Err(PeopleError::SecretAlone),
                (true, None) => Ok(None),
            };
        };
        let client_id = self.oidc_client_id.as_deref().map(str::trim).unwrap_or_default();
        if client_id.is_empty() {
            return Err(PeopleError::NoClient);
        }
        if self.oidc_admin.is_empty() && self.oidc_support.is_empty() && self.oidc_viewer.is_empty() {
            return Err(PeopleError::NoRole);
        }
        match &self.public_url {
            // Browsers on this machine reach the server by its address.
            None if self.listen.ip().is_loopback() => {}
            None => return Err(PeopleError::NoPublicUrl),
            Some(url) if url.is_https() || url.is_loopback() => {}
            Some(_) => return Err(PeopleError::InsecurePublicUrl),
        }
        Ok(Some(PeopleSettings {
            issuer: issuer.0.clone(),
            client_id: client_id.to_owned(),
            client_secret: secret.and_then(ClientSecret::new),
            scopes: self.oidc_scopes.as_str().to_owned(),
            rules: RoleRules {
                role_claim: self.oidc_role_claim.clone(),
                admin: self.oidc_admin.clone(),
                support: self.oidc_support.clone(),
                viewer: self.oidc_viewer.clone(),
                group_claim: self.oidc_group_claim.clone(),
                required_groups: self.oidc_required_groups.clone(),
            },
            signs_out_there: self.oidc_sign_out,
            label: self.oidc_name.as_str().to_owned(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::declaration;

    fn people(changes: &[(&str, &str)]) -> Result<bool, PeopleError> {
        let mut values = declaration::defaults();
        for (key, value) in changes {
            values.insert((*key).to_owned(), toml::Value::String((*value).to_owned()));
        }
        let settings = declaration::read(values).unwrap();
        settings.people(None).map(|people| people.is_some())
    }

    #[test]
    fn settings_of_the_provider_that_do_not_go_together_are_refused() {
        let complete = [
            ("oidc_issuer", "https://id.example"),
            ("oidc_client_id", "postrider"),
            ("oidc_viewer", "staff"),
            ("public_url", "https://webhooks.example/hooks"),
            ("listen", "0.0.0.0:8080"),
        ];
        let with = |change: (&'static str, &'static str)| {
            let mut changed: Vec<_> = complete.into_iter().filter(|(key, _)| *key != change.0).collect();
            changed.extend((!change.1.is_empty()).then_some(change));
            people(&changed)
        };
        assert_eq!(people(&complete), Ok(true));
        assert_eq!(people(&[]), Ok(false));
        assert_eq!(people(&[("sign_in_by_key", "false")]), Err(PeopleError::NoWayIn));
        assert_eq!(with(("sign_in_by_key", "false")), Ok(true));
        assert_eq!(with(("oidc_client_id", "")), Err(PeopleError::NoClient));
        assert_eq!(with(("oidc_client_id", " ")), Err(PeopleError::NoClient));
        assert_eq!(with(("oidc_viewer", "")), Err(PeopleError::NoRole));
        assert_eq!(
            with(("oidc_group_claim", "hd")),
            Err(PeopleError::GroupClaimAlone)
        );
        let group = [("oidc_group_claim", "hd"), ("oidc_required_groups", "a.example")];
        assert_eq!(people(&[&complete[..], &group].concat()), Ok(true));
        assert_eq!(
            people(&[("oidc_group_claim", "hd")]),
            Err(PeopleError::GroupClaimAlone)
        );
        assert_eq!(with(("public_url", "")), Err(PeopleError::NoPublicUrl));
        assert_eq!(
            with(("public_url", "http://webhooks.example")),
            Err(PeopleError::InsecurePublicUrl)
        );
        assert_eq!(with(("public_url", "http://127.0.0.1:8080")), Ok(true));
        let local = [&complete[..3], &[("listen", "127.0.0.1:0")]].concat();
        assert_eq!(people(&local), Ok(true), "development on this machine");
        let settings = declaration::read(declaration::defaults()).unwrap();
        assert_eq!(settings.people(Some("x")).err(), Some(PeopleError::SecretAlone));
    }
}
