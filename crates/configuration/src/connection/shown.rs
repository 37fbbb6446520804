//! What entries of the audit trail show of connections: what the API shows, without secrets.

use postrider_model::{
    AccountId, AuditAction, AuditEntry, Authentication, By, Connection, OAuth2, Secret, Target,
};
use postrider_storage::rules::audit::{Shown, changes};

use crate::Configuration;

impl Configuration {
    /// The entry of a change of a connection. `before` is `None` for a new one, `after` for a deleted one.
    pub(super) fn connection_changed(
        &self,
        by: &By,
        account: AccountId,
        before: Option<&Connection>,
        after: Option<&Connection>,
    ) -> AuditEntry {
        let action = match (before, after) {
            (None, _) => AuditAction::ConnectionCreated,
            (Some(_), Some(_)) => AuditAction::ConnectionUpdated,
            (Some(_), None) => AuditAction::ConnectionDeleted,
        };
        let target = after.or(before).map_or_else(Target::default, |connection| {
            Target::named(connection.id, &connection.name)
        });
        self.did(by, action, account, target)
            .with_details(changes(before.map(shown), after.map(shown)))
    }
}

fn shown(connection: &Connection) -> Shown {
    let secret = |secret: &Secret| Shown::Secret(secret.expose().to_owned());
    let mut members = vec![
        ("name", Shown::from(connection.name.as_str())),
        (
            "type",
            Shown::from(connection.authentication.connection_type().as_str()),
        ),
        ("hosts", Shown::Plain(connection.hosts.clone().into())),
    ];
    match &connection.authentication {
        Authentication::Bearer { token } => members.push(("token", secret(token))),
        Authentication::Basic { user, password } => members.extend([
            ("user", Shown::from(user.as_str())),
            ("password", secret(password)),
        ]),
        Authentication::Header { name, value } => members.extend([
            ("header_name", Shown::from(name.as_str())),
            ("header_value", secret(value)),
        ]),
        Authentication::OAuth2(OAuth2 {
            token_url,
            client_id,
            client_secret,
            scope,
            audience,
            client_authentication,
        }) => members.extend([
            ("token_url", Shown::from(token_url.as_str())),
            ("client_id", Shown::from(client_id.as_str())),
            ("client_secret", secret(client_secret)),
            ("scope", Shown::from(scope.as_deref())),
            ("audience", Shown::from(audience.as_deref())),
            (
                "client_authentication",
                Shown::from(client_authentication.as_str()),
            ),
        ]),
        Authentication::ClientCertificate {
            certificate,
            private_key,
        } => members.extend([
            ("certificate", Shown::from(certificate.as_str())),
            ("private_key", secret(private_key)),
        ]),
    }
    Shown::object(members)
}
