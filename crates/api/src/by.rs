//! Who asks for a change, for the audit trail.

use axum::extract::FromRequestParts;
use http::Extensions;
use http::request::Parts;
use postrider_access::{Access, Refusal, by_unknown};
use postrider_model::{AuditAction, By, Caller};
use postrider_web::client::{Client, network};
use postrider_web::request_id::RequestId;

use crate::problem::Problem;
use crate::router::ApiState;

/// The caller of a request that changes something, with its client and its request id.
pub struct Asks(pub By);

impl FromRequestParts<ApiState> for Asks {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, Problem> {
        let caller: Option<&Caller> = parts.extensions.get();
        let caller =
            caller.ok_or_else(|| Problem::internal("a route that changes something has no caller"))?;
        Ok(Self(by(&state.access, Some(caller), &parts.extensions)))
    }
}

/// The caller with what the extensions say of the request.
fn by(access: &Access, caller: Option<&Caller>, extensions: &Extensions) -> By {
    let client = extensions.get().map(|client: &Client| client.address);
    let request_id = extensions.get().and_then(RequestId::text);
    match caller {
        Some(caller) => access.by(caller, None, client, request_id),
        None => By {
            client,
            ..by_unknown(std::net::Ipv4Addr::UNSPECIFIED.into(), request_id)
        },
    }
}

/// Notes that a request was refused.
pub fn note_refusal(
    access: &Access,
    extensions: &Extensions,
    reason: &'static str,
    request: (&'static str, &str),
    key: Option<&str>,
) {
    let caller: Option<&Caller> = extensions.get();
    let by = by(access, caller, extensions);
    let client = by.client.unwrap_or(std::net::Ipv4Addr::UNSPECIFIED.into());
    access.note_refusal(&Refusal {
        action: AuditAction::RequestRefused,
        client: network(client),
        account: caller.and_then(|caller| caller.scope.account()),
        reason,
        request: Some(request),
        key,
        by,
    });
}
