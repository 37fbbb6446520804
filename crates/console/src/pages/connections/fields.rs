//! The contents of a connection's form, converted from and to drafts.

use postrider_configuration::{ConnectionDraft, holds_private_key};
use postrider_model::{Connection, ConnectionType};

use crate::conflict::Differing;
use crate::form::Form;

/// The form, without the secret: that is in the draft alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    /// The type, which decides which of the other fields there are.
    pub connection_type: ConnectionType,
    /// The name.
    pub name: String,
    /// The user.
    pub user: String,
    /// The header's name.
    pub header_name: String,
    /// The URL of the token endpoint.
    pub token_url: String,
    /// The client's id.
    pub client_id: String,
    /// The scopes.
    pub scope: String,
    /// The audience.
    pub audience: String,
    /// `basic` or `body`.
    pub client_authentication: String,
    /// The certificate, as PEM.
    pub certificate: String,
    /// The hosts that may receive the credentials, one on each line.
    pub hosts: String,
    /// Whether a secret was typed. The form that is shown again does not have it.
    pub has_secret: bool,
}

impl Fields {
    /// The fields whose saved values differ; secrets are not compared.
    pub fn differing(&self, saved: &Self) -> Vec<Differing> {
        Differing::among(&[
            ("Name", &self.name, &saved.name),
            ("User", &self.user, &saved.user),
            ("Header", &self.header_name, &saved.header_name),
            ("Token URL", &self.token_url, &saved.token_url),
            ("Client id", &self.client_id, &saved.client_id),
            ("Scope", &self.scope, &saved.scope),
            ("Audience", &self.audience, &saved.audience),
            (
                "Client authentication",
                &self.client_authentication,
                &saved.client_authentication,
            ),
            ("Certificate", &self.certificate, &saved.certificate),
            ("Hosts", &self.hosts, &saved.hosts),
        ])
    }

    /// An empty form.
    pub fn empty(connection_type: ConnectionType) -> Self {
        Self::of_draft(ConnectionDraft::new("", connection_type))
    }

    /// A stored connection.
    pub fn of(connection: &Connection) -> Self {
        Self::of_draft(ConnectionDraft::of(connection))
    }

    fn of_draft(draft: ConnectionDraft) -> Self {
        Self {
            connection_type: draft.connection_type,
            name: draft.name,
            user: draft.user.unwrap_or_default(),
            header_name: draft.header_name.unwrap_or_default(),
            token_url: draft.token_url.unwrap_or_default(),
            client_id: draft.client_id.unwrap_or_default(),
            scope: draft.scope.unwrap_or_default(),
            audience: draft.audience.unwrap_or_default(),
            client_authentication: draft.client_authentication.unwrap_or_default(),
            certificate: draft.certificate.unwrap_or_default(),
            hosts: draft.hosts.join("\n"),
            has_secret: false,
        }
    }

    /// The fields as typed, of a connection of this type.
    pub fn typed(form: &Form, connection_type: ConnectionType) -> Self {
        let text = |name: &str| form.text(name).trim().to_owned();
        Self {
            connection_type,
            name: text("name"),
            user: form.text("user").to_owned(),
            header_name: text("header_name"),
            token_url: text("token_url"),
            client_id: text("client_id"),
            scope: text("scope"),
            audience: text("audience"),
            client_authentication: text("client_authentication"),
            certificate: text("certificate"),
            hosts: text("hosts"),
            has_secret: !form.text("secret").is_empty(),
        }
    }

    /// The draft, with the secret as typed in this form. An empty one keeps what is stored.
    pub fn draft(&self, form: &Form, is_new: bool) -> ConnectionDraft {
        let mut draft = ConnectionDraft::new(&*self.name, self.connection_type);
        draft.hosts = self.hosts.split_whitespace().map(str::to_owned).collect();
        let typed = form.text("secret");
        let secret = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let optional = |text: &String| (!text.is_empty()).then(|| text.clone());
        match self.connection_type {
            ConnectionType::Bearer => draft.token = secret(typed.trim()),
            ConnectionType::Basic => {
                draft.user = Some(self.user.clone());
                // A new connection can have an empty password.
                draft.password = if is_new {
                    Some(typed.to_owned())
                } else {
                    secret(typed)
                };
            }
            ConnectionType::Header => {
                draft.header_name = Some(self.header_name.clone());
                draft.header_value = secret(typed.trim());
            }
            ConnectionType::OAuth2 => {
                draft.token_url = Some(self.token_url.clone());
                draft.client_id = Some(self.client_id.clone());
                draft.client_secret = secret(typed.trim());
                draft.scope = optional(&self.scope);
                draft.audience = optional(&self.audience);
                draft.client_authentication = optional(&self.client_authentication);
            }
            ConnectionType::ClientCertificate => {
                draft.certificate = Some(self.certificate.clone());
                draft.private_key = secret(typed.trim());
            }
        }
        draft
    }

    /// The certificate as the form shows it again: empty if the text holds a private key too.
    pub fn shown_certificate(&self) -> &str {
        if holds_private_key(&self.certificate) {
            ""
        } else {
            &self.certificate
        }
    }

    /// What the secret is called.
    pub const fn secret_label(&self) -> &'static str {
        match self.connection_type {
            ConnectionType::Bearer => "Token",
            ConnectionType::Basic => "Password",
            ConnectionType::Header => "Value",
            ConnectionType::OAuth2 => "Client secret",
            ConnectionType::ClientCertificate => "Private key",
        }
    }

    /// Where the faults of the secret point to.
    pub const fn secret_pointer(&self) -> &'static str {
        match self.connection_type {
            ConnectionType::Bearer => "/token",
            ConnectionType::Basic => "/password",
            ConnectionType::Header => "/header_value",
            ConnectionType::OAuth2 => "/client_secret",
            ConnectionType::ClientCertificate => "/private_key",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_secret_keeps_the_stored_one_and_spaces_of_a_password_stay() {
        let form = Form::parse(b"user=me&secret=").unwrap();
        let typed = Fields::typed(&form, ConnectionType::Basic);
        assert_eq!(typed.draft(&form, false).password, None);
        assert_eq!(typed.draft(&form, true).password.as_deref(), Some(""));
        let form = Form::parse(b"secret=+a+").unwrap();
        let password = Fields::typed(&form, ConnectionType::Basic)
            .draft(&form, false)
            .password;
        assert_eq!(password.as_deref(), Some(" a "));
        let token = Fields::typed(&form, ConnectionType::Bearer)
            .draft(&form, true)
            .token;
        assert_eq!(token.as_deref(), Some("a"));
    }

    #[test]
    fn hosts_stand_on_lines_of_their_own() {
        let form = Form::parse(b"hosts=a.example%0D%0A+*.b.example+%0D%0A%0D%0A").unwrap();
        let typed = Fields::typed(&form, ConnectionType::Bearer);
        assert_eq!(typed.draft(&form, true).hosts, ["a.example", "*.b.example"]);
        let form = Form::parse(b"hosts=").unwrap();
        let typed = Fields::typed(&form, ConnectionType::Bearer);
        assert_eq!(typed.draft(&form, true).hosts, [""; 0]);
    }
}
