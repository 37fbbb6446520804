//! `DELETE /v1/accounts/{account}/portal-links/{id}`

use axum::extract::State;
use http::{StatusCode, Uri};
use postrider_model::GrantId;

use crate::by::Asks;
use crate::path::{InAccount, ObjectPath, PathId};
use crate::problem::{Code, Problem};
use crate::query::no_parameters;
use crate::router::ApiState;

/// Revoke a portal link
///
/// The link begins no more sessions, and its sessions end at once.
#[utoipa::path(
    delete,
    path = "/v1/accounts/{account}/portal-links/{id}",
    extensions(("x-permission" = json!("manage"))),
    tag = "Access",
    params(ObjectPath),
    responses((status = 204, description = "The portal link was revoked."))
)]
pub async fn revoke_portal_link(
    State(state): State<ApiState>,
    Asks(by): Asks,
    InAccount(account): InAccount,
    PathId(id): PathId<GrantId>,
    uri: Uri,
) -> Result<StatusCode, Problem> {
    no_parameters(&uri)?;
    if state.access.revoke_portal_link(&by, account, id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::new(
            Code::PortalLinkNotFound,
            "the account has no portal link of this id",
        ))
    }
}
