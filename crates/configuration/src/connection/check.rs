//! Checks a connection's draft: which members its type has, and their values.

use postrider_egress::{ClientIdentity, EgressGuard, IdentityError, holds_private_key};
use postrider_model::connection::{PARAMETER_BYTES_MAX, PEM_BYTES_MAX, SECRET_BYTES_MAX};
use postrider_model::custom_header::MASK;
use postrider_model::{Authentication, ClientAuthentication, Connection, ConnectionType, OAuth2, Secret};
use postrider_signing::HeaderNames;

use super::ConnectionDraft;
use super::hosts::{are_widened, check_hosts};
use crate::automation::{is_field_value, is_reserved, is_token, origin};
use crate::name::check_name;
use crate::{ConfigureError, Fault, Faults, codes};

/// What a draft is checked against.
pub(super) struct Rules<'a> {
    /// Which token endpoints may be called.
    pub(super) guard: &'a EgressGuard,
    /// The installation's own headers.
    pub(super) header_names: &'a HeaderNames,
    /// Whether the connection needs a host.
    pub(super) needs_hosts: bool,
}

/// A draft that has no faults.
pub(super) struct Checked {
    pub(super) authentication: Authentication,
    pub(super) hosts: Vec<String>,
}

/// What a draft describes, of a connection that is `current` or new.
pub(super) fn check(
    draft: &ConnectionDraft,
    current: Option<&Connection>,
    rules: &Rules<'_>,
) -> Result<Checked, ConfigureError> {
    let mut faults = Faults::default();
    check_name(&draft.name, current.map(|it| &*it.name), &mut faults);
    let is_of_type =
        |current: &&Connection| current.authentication.connection_type() == draft.connection_type;
    if current.is_some_and(|current| !is_of_type(&current)) {
        let detail = "the type of a connection never changes; create another connection";
        faults.add("/type", codes::READ_ONLY, detail);
    }
    check_members(draft, &mut faults);
    let hosts = check_hosts(&draft.hosts, rules.needs_hosts, &mut faults);
    let mut members = Members {
        draft,
        stored: current.filter(is_of_type).map(|current| &current.authentication),
        is_widened: current.is_some_and(|current| are_widened(&current.hosts, &hosts))
            && !(hosts.is_empty() && rules.needs_hosts),
        faults,
    };
    let authentication = match draft.connection_type {
        ConnectionType::Bearer => members.bearer(),
        ConnectionType::Basic => members.basic(),
        ConnectionType::Header => members.header(rules.header_names),
        ConnectionType::OAuth2 => members.oauth2(rules.guard),
        ConnectionType::ClientCertificate => members.client_certificate(),
    };
    let checked = authentication.map(|authentication| Checked {
        authentication,
        hosts,
    });
    members.faults.into_checked(checked)
}

/// Refuses members that connections of the type do not have.
fn check_members(draft: &ConnectionDraft, faults: &mut Faults) {
    use ConnectionType::{Basic, Bearer, ClientCertificate, Header, OAuth2};
    for (name, value, of) in [
        ("token", &draft.token, Bearer),
        ("user", &draft.user, Basic),
        ("password", &draft.password, Basic),
        ("header_name", &draft.header_name, Header),
        ("header_value", &draft.header_value, Header),
        ("token_url", &draft.token_url, OAuth2),
        ("client_id", &draft.client_id, OAuth2),
        ("client_secret", &draft.client_secret, OAuth2),
        ("scope", &draft.scope, OAuth2),
        ("audience", &draft.audience, OAuth2),
        ("client_authentication", &draft.client_authentication, OAuth2),
        ("certificate", &draft.certificate, ClientCertificate),
        ("private_key", &draft.private_key, ClientCertificate),
    ] {
        if value.is_some() && draft.connection_type != of {
            let detail = format!(
                "a connection of type `{}` has no `{name}`",
                draft.connection_type.as_str()
            );
            faults.add(format!("/{name}"), codes::INVALID_VALUE, detail);
        }
    }
}

/// The members of a draft. Each check adds its faults, and returns `None` if there are any.
struct Members<'a> {
    draft: &'a ConnectionDraft,
    /// What is stored of the connection.
    stored: Option<&'a Authentication>,
    /// Whether more hosts may receive the credentials than before.
    is_widened: bool,
    faults: Faults,
}

impl Members<'_> {
    fn bearer(&mut self) -> Option<Authentication> {
        let token = self.secret("/token", self.draft.token.as_deref(), SECRET_BYTES_MAX)?;
        let is_word = |byte: u8| byte.is_ascii_graphic();
        if token.expose().is_empty() || !token.expose().bytes().all(is_word) {
            let detail = "a token has visible ASCII characters and no spaces; leave out the word `Bearer`";
            return self.refuse("/token", codes::INVALID_VALUE, detail);
        }
        Some(Authentication::Bearer { token })
    }

    fn basic(&mut self) -> Option<Authentication> {
        let user = self.draft.user.clone().unwrap_or_default();
        let password = self.draft.password.as_deref();
        let password = self.secret("/password", password, SECRET_BYTES_MAX);
        if user.len() > PARAMETER_BYTES_MAX {
            return self.too_long("/user", PARAMETER_BYTES_MAX);
        }
        // RFC 7617, section 2.
        if user.contains(':') || user.chars().any(char::is_control) {
            let detail = "a user cannot have a colon or control characters";
            return self.refuse("/user", codes::INVALID_VALUE, detail);
        }
        let password = password?;
        if password.expose().chars().any(char::is_control) {
            let detail = "a password cannot have control characters";
            return self.refuse("/password", codes::INVALID_VALUE, detail);
        }
        if user.is_empty() && password.expose().is_empty() {
            return self.refuse("/user", codes::BLANK, "enter a user, a password, or both");
        }
        Some(Authentication::Basic { user, password })
    }

    fn header(&mut self, header_names: &HeaderNames) -> Option<Authentication> {
        let value = self.draft.header_value.as_deref();
        let value = self.secret("/header_value", value, SECRET_BYTES_MAX);
        let name = self.required(
            "/header_name",
            self.draft.header_name.as_deref(),
            PARAMETER_BYTES_MAX,
        )?;
        if !is_token(&name) {
            let detail = "a header's name can have only letters, digits and !#$%&'*+-.^_`|~ (RFC 9110)";
            return self.refuse("/header_name", codes::INVALID_VALUE, detail);
        }
        if is_reserved(&name.to_ascii_lowercase(), header_names) {
            let detail =
                "Postrider sets this header, or it belongs to the connection, to a proxy or to a cloud";
            return self.refuse("/header_name", codes::RESERVED_HEADER, detail);
        }
        let value = value?;
        if value.expose().is_empty() || !is_field_value(value.expose()) {
            let detail =
                "a header's value can have only visible ASCII characters, with spaces and tabs between them";
            return self.refuse("/header_value", codes::INVALID_VALUE, detail);
        }
        Some(Authentication::Header { name, value })
    }

    fn oauth2(&mut self, guard: &EgressGuard) -> Option<Authentication> {
        let token_url = self.token_url(guard);
        let client_id = self.required("/client_id", self.draft.client_id.as_deref(), PARAMETER_BYTES_MAX);
        let client_id = client_id.filter(|id| self.is_printable("/client_id", id));
        let client_secret = self.client_secret(token_url.as_deref());
        let client_secret = client_secret.filter(|it| self.is_printable("/client_secret", it.expose()));
        let scope = self.scope();
        let audience = self.draft.audience.clone().filter(|it| !it.is_empty());
        if let Some(audience) = &audience {
            if audience.len() > PARAMETER_BYTES_MAX {
                let _: Option<()> = self.too_long("/audience", PARAMETER_BYTES_MAX);
            }
            self.is_printable("/audience", audience);
        }
        let client_authentication = match self.draft.client_authentication.as_deref() {
            None => Some(ClientAuthentication::default()),
            Some(name) => ClientAuthentication::from_name(name).or_else(|| {
                let detail = "must be `basic` or `body`";
                self.refuse("/client_authentication", codes::INVALID_VALUE, detail)
            }),
        };
        Some(Authentication::OAuth2(OAuth2 {
            token_url: token_url?,
            client_id: client_id?,
            client_secret: client_secret?,
            scope,
            audience,
            client_authentication: client_authentication?,
        }))
    }

    /// Judged like the URL of an action: only where it changes, and without looking the name up.
    fn token_url(&mut self, guard: &EgressGuard) -> Option<String> {
        let Some(url) = self.draft.token_url.clone() else {
            return self.missing("/token_url");
        };
        let is_stored =
            matches!(self.stored, Some(Authentication::OAuth2(stored)) if stored.token_url == url);
        if !is_stored && let Err(error) = guard.check_url(&url) {
            self.faults.push(Fault {
                pointer: "/token_url".to_owned(),
                code: error.code(),
                detail: error.to_string(),
            });
            return None;
        }
        Some(url)
    }

    /// A client's secret stays with the server that it is for.
    fn client_secret(&mut self, token_url: Option<&str>) -> Option<Secret> {
        let sent = self.draft.client_secret.as_deref();
        let is_kept = sent.is_none_or(|sent| sent == MASK);
        if is_kept
            && let (Some(url), Some(Authentication::OAuth2(stored))) = (token_url, self.stored)
            && origin(url) != origin(&stored.token_url)
        {
            let detail = "send the secret: the token endpoint is on another server, which must not get the secret \
                          of the former";
            return self.refuse("/client_secret", codes::VALUE_REQUIRED, detail);
        }
        let secret = self.secret("/client_secret", sent, SECRET_BYTES_MAX)?;
        if secret.expose().is_empty() {
            return self.refuse("/client_secret", codes::BLANK, "enter the client's secret");
        }
        Some(secret)
    }

    /// RFC 6749, section 3.3.
    fn scope(&mut self) -> Option<String> {
        let scope = self.draft.scope.clone().filter(|scope| !scope.is_empty())?;
        if scope.len() > PARAMETER_BYTES_MAX {
            return self.too_long("/scope", PARAMETER_BYTES_MAX);
        }
        let is_word = |word: &str| {
            let is_allowed = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
            !word.is_empty() && word.bytes().all(is_allowed)
        };
        if !scope.split(' ').all(is_word) {
            let detail = "scopes are words of visible ASCII characters without \" and \\, with single spaces between them";
            return self.refuse("/scope", codes::INVALID_VALUE, detail);
        }
        Some(scope)
    }

    fn client_certificate(&mut self) -> Option<Authentication> {
        let private_key = self.draft.private_key.as_deref();
        let private_key = self.secret("/private_key", private_key, PEM_BYTES_MAX);
        let certificate = self.required("/certificate", self.draft.certificate.as_deref(), PEM_BYTES_MAX)?;
        // Who pastes both into one member often leaves the other out.
        if holds_private_key(&certificate) {
            let detail = IdentityError::KeyInCertificate.to_string();
            return self.refuse("/certificate", codes::INVALID_VALUE, detail);
        }
        let private_key = private_key?;
        match ClientIdentity::from_pem(&certificate, private_key.expose()) {
            Ok(_) => Some(Authentication::ClientCertificate {
                certificate,
                private_key,
            }),
            Err(error) => {
                let pointer = if error.is_of_key() {
                    "/private_key"
                } else {
                    "/certificate"
                };
                self.refuse(pointer, codes::INVALID_VALUE, error.to_string())
            }
        }
    }

    /// The secret as sent, or the stored one in place of [`MASK`] or nothing, unless more hosts would get it.
    fn secret(&mut self, pointer: &str, sent: Option<&str>, bytes_max: usize) -> Option<Secret> {
        match (sent, self.stored) {
            (Some(sent), _) if sent != MASK => {
                if sent.len() > bytes_max {
                    return self.too_long(pointer, bytes_max);
                }
                Some(Secret::new(sent))
            }
            (_, Some(_)) if self.is_widened => {
                let detail = "send the secret: the connection gets hosts that must not get the stored one";
                self.refuse(pointer, codes::VALUE_REQUIRED, detail)
            }
            (_, Some(stored)) => Some(stored.secret().clone()),
            (None, None) => self.missing(pointer),
            (Some(_), None) => {
                let detail = "`••••` keeps a stored secret, and none is stored: send the secret";
                self.refuse(pointer, codes::VALUE_REQUIRED, detail)
            }
        }
    }

    fn required(&mut self, pointer: &str, sent: Option<&str>, bytes_max: usize) -> Option<String> {
        match sent {
            None => self.missing(pointer),
            Some("") => self.refuse(pointer, codes::BLANK, "this member cannot be empty"),
            Some(sent) if sent.len() > bytes_max => self.too_long(pointer, bytes_max),
            Some(sent) => Some(sent.to_owned()),
        }
    }

    /// RFC 6749, appendix A: `VSCHAR`.
    fn is_printable(&mut self, pointer: &str, text: &str) -> bool {
        let is_printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if !is_printable {
            let detail = "can have only visible ASCII characters and spaces";
            self.faults.add(pointer, codes::INVALID_VALUE, detail);
        }
        is_printable
    }

    fn missing<T>(&mut self, pointer: &str) -> Option<T> {
        let detail = format!(
            "a connection of type `{}` needs this member",
            self.draft.connection_type.as_str()
        );
        self.refuse(pointer, codes::REQUIRED, detail)
    }

    fn too_long<T>(&mut self, pointer: &str, bytes_max: usize) -> Option<T> {
        self.refuse(
            pointer,
            codes::TOO_LONG,
            format!("can have at most {bytes_max} bytes"),
        )
    }

    fn refuse<T>(&mut self, pointer: &str, code: &'static str, detail: impl Into<String>) -> Option<T> {
        self.faults.add(pointer, code, detail);
        None
    }
}

#[cfg(test)]
mod tests;
