//! `GET /v1/accounts/{account}/audit`

use axum::extract::State;
use axum::{Extension, Json};
use http::Uri;
use postrider_model::Caller;
use postrider_storage::AuditFilter;

use super::filter::{AuditParameters, take};
use super::view::AuditEntryView;
use crate::cursor::ListId;
use crate::list::List;
use crate::path::{AccountPath, InAccount};
use crate::problem::Problem;
use crate::query::{PageParameters, Parameters};
use crate::router::ApiState;

/// List the audit trail of an account
///
/// What happened in this account. To an API key that is limited to the account, members of the operator's
/// staff appear as the actor `staff`, without name, address and request id.
#[utoipa::path(
    get,
    path = "/v1/accounts/{account}/audit",
    extensions(("x-permission" = json!("manage"))),
    tag = "Audit",
    params(AccountPath, AuditParameters, PageParameters),
    responses((status = 200, description = "A page of entries, newest first.", body = List<AuditEntryView>))
)]
pub async fn list_audit_of_account(
    State(state): State<ApiState>,
    InAccount(account): InAccount,
    Extension(caller): Extension<Caller>,
    uri: Uri,
) -> Result<Json<List<AuditEntryView>>, Problem> {
    let list = ListId::of(account, "audit");
    let mut parameters = Parameters::of(&uri);
    let filter = AuditFilter {
        account: Some(account),
        ..take(&mut parameters)
    };
    let page = parameters.page(list);
    parameters.finish()?;
    let entries = state.access.audit(caller.scope, filter, page).await?;
    List::of(list, entries, AuditEntryView::of).map(Json)
}
