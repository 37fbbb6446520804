//! What the audit trail learns from a request: who asks, from where, and what was refused.

use std::net::{IpAddr, Ipv4Addr};

use axum::extract::{FromRequestParts, MatchedPath};
use http::Extensions;
use http::request::Parts;
use postrider_access::{Refusal as Refused, by_unknown};
use postrider_model::{AuditAction, By, Caller, Person};
use postrider_web::client::{Client, network};
use postrider_web::request_id::RequestId;

use crate::refusal::Refusal;
use crate::state::{App, Shared};
use crate::visitor::Visitor;

/// The sender of a request to a route that needs no session.
pub struct Sender(pub By);

impl FromRequestParts<App> for Sender {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Refusal> {
        Ok(Self(sender(&parts.extensions)))
    }
}

/// The sender of a request with these extensions, if it is not known who it is.
pub fn sender(extensions: &Extensions) -> By {
    by_unknown(client(extensions), extensions.get().and_then(RequestId::text))
}

/// The caller of a session, and the person if an identity provider named one.
pub fn by(app: &Shared, caller: &Caller, person: Option<&Person>, extensions: &Extensions) -> By {
    let sender = sender(extensions);
    app.access.by(caller, person, sender.client, sender.request_id)
}

/// Notes a refused page or form.
pub fn request_refused(
    app: &Shared,
    visitor: Option<&Visitor>,
    extensions: &Extensions,
    method: &'static str,
    reason: &str,
) {
    let route = extensions.get().map_or("-", MatchedPath::as_str);
    let by = visitor.map_or_else(|| sender(extensions), |visitor| visitor.by.clone());
    app.access.note_refusal(&Refused {
        action: AuditAction::RequestRefused,
        by,
        client: network(client(extensions)),
        account: visitor.and_then(Visitor::own_account),
        reason,
        request: Some((method, route)),
        key: None,
    });
}

/// Notes a failed sign-in. `key`: what of the key may be shown.
pub fn sign_in_refused(app: &Shared, sender: &By, reason: &str, key: Option<&str>) {
    app.access.note_refusal(&Refused {
        action: AuditAction::SessionRefused,
        by: sender.clone(),
        client: network(sender.client.unwrap_or(Ipv4Addr::UNSPECIFIED.into())),
        account: None,
        reason,
        request: None,
        key,
    });
}

fn client(extensions: &Extensions) -> IpAddr {
    let client: Option<&Client> = extensions.get();
    client.map_or(Ipv4Addr::UNSPECIFIED.into(), |client| client.address)
}
