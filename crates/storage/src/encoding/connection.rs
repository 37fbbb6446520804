//! How a connection authenticates, as the JSON that a row stores: an object tagged with its type,
//! `{"type":"basic","user":"me"}`. The one secret of each type is a column of its own, sealed.

use postrider_model::{Authentication, ClientAuthentication, OAuth2, Secret};
use serde::{Deserialize, Serialize};

use super::{Damaged, json_text, json_value};

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Stored {
    Bearer,
    Basic {
        user: String,
    },
    Header {
        name: String,
    },
    #[serde(rename = "oauth2")]
    OAuth2 {
        token_url: String,
        client_id: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        audience: Option<String>,
        client_authentication: String,
    },
    ClientCertificate {
        certificate: String,
    },
}

/// Encodes it, without its secret.
pub fn text(authentication: &Authentication) -> String {
    json_text(&match authentication {
        Authentication::Bearer { .. } => Stored::Bearer,
        Authentication::Basic { user, .. } => Stored::Basic { user: user.clone() },
        Authentication::Header { name, .. } => Stored::Header { name: name.clone() },
        Authentication::OAuth2(oauth2) => Stored::OAuth2 {
            token_url: oauth2.token_url.clone(),
            client_id: oauth2.client_id.clone(),
            scope: oauth2.scope.clone(),
            audience: oauth2.audience.clone(),
            client_authentication: oauth2.client_authentication.as_str().to_owned(),
        },
        Authentication::ClientCertificate { certificate, .. } => Stored::ClientCertificate {
            certificate: certificate.clone(),
        },
    })
}

/// Encodes the hosts that may receive the credentials.
pub fn hosts_text(hosts: &[String]) -> String {
    json_text(&hosts)
}

/// Decodes them.
///
/// # Errors
/// [`Damaged`] if [`hosts_text`] never returns such a text.
pub fn hosts(text: &str) -> Result<Vec<String>, Damaged> {
    json_value(text)
}

/// Decodes it, and gives it its secret.
///
/// # Errors
/// [`Damaged`] if [`text`] never returns such a text.
pub fn authentication(text: &str, secret: Secret) -> Result<Authentication, Damaged> {
    Ok(match json_value(text)? {
        Stored::Bearer => Authentication::Bearer { token: secret },
        Stored::Basic { user } => Authentication::Basic {
            user,
            password: secret,
        },
        Stored::Header { name } => Authentication::Header { name, value: secret },
        Stored::OAuth2 {
            token_url,
            client_id,
            scope,
            audience,
            client_authentication,
        } => Authentication::OAuth2(OAuth2 {
            token_url,
            client_id,
            client_secret: secret,
            scope,
            audience,
            client_authentication: ClientAuthentication::from_name(&client_authentication)
                .ok_or(Damaged("a client's authentication"))?,
        }),
        Stored::ClientCertificate { certificate } => Authentication::ClientCertificate {
            certificate,
            private_key: secret,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::new("hidden")
    }

    #[test]
    fn each_type_survives_its_stored_form_which_holds_no_secret() {
        let oauth2 = OAuth2 {
            token_url: "https://id.example/token".to_owned(),
            client_id: "me".to_owned(),
            client_secret: secret(),
            scope: Some("hooks:write".to_owned()),
            audience: None,
            client_authentication: ClientAuthentication::Body,
        };
        for (written, expected) in [
            (Authentication::Bearer { token: secret() }, r#"{"type":"bearer"}"#),
            (
                Authentication::Basic {
                    user: "me".to_owned(),
                    password: secret(),
                },
                r#"{"type":"basic","user":"me"}"#,
            ),
            (
                Authentication::Header {
                    name: "X-Api-Key".to_owned(),
                    value: secret(),
                },
                r#"{"type":"header","name":"X-Api-Key"}"#,
            ),
            (
                Authentication::OAuth2(oauth2),
                r#"{"type":"oauth2","token_url":"https://id.example/token","client_id":"me","scope":"hooks:write","client_authentication":"body"}"#,
            ),
            (
                Authentication::ClientCertificate {
                    certificate: "PEM".to_owned(),
                    private_key: secret(),
                },
                r#"{"type":"client_certificate","certificate":"PEM"}"#,
            ),
        ] {
            let stored = text(&written);
            assert_eq!(stored, expected);
            assert_eq!(authentication(&stored, secret()), Ok(written));
        }
    }

    #[test]
    fn another_shape_is_damaged() {
        for text in [
            "",
            "{}",
            r#"{"type":"basic"}"#,
            r#"{"type":"digest","user":"me"}"#,
        ] {
            assert!(authentication(text, secret()).is_err(), "{text}");
        }
    }

    #[test]
    fn hosts_survive_their_stored_form_and_a_damaged_one_does_not_count_as_none() {
        let written = ["a.example".to_owned(), "*.b.example".to_owned()];
        assert_eq!(hosts_text(&written), r#"["a.example","*.b.example"]"#);
        assert_eq!(hosts(&hosts_text(&written)), Ok(written.to_vec()));
        assert_eq!(hosts("[]"), Ok(vec![]));
        for text in ["", "null", "{}", "[1]"] {
            assert!(hosts(text).is_err(), "{text}");
        }
    }
}
