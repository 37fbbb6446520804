//! `GET /v1/audit`

use axum::Json;
use axum::extract::State;
use http::Uri;
use postrider_model::Scope;
use postrider_storage::AuditFilter;

use super::filter::{AccountParameter, AuditParameters, take, take_account};
use super::view::AuditEntryView;
use crate::cursor::ListId;
use crate::list::List;
use crate::problem::Problem;
use crate::query::{PageParameters, Parameters};
use crate::router::ApiState;

/// List the audit trail
///
/// Every change, reveal of a secret, sign-in, refusal, test, resend and replay, of all accounts and of the
/// installation: who did what, to what, from where.
#[utoipa::path(
    get,
    path = "/v1/audit",
    extensions(("x-permission" = json!("admin"))),
    tag = "Audit",
    params(AccountParameter, AuditParameters, PageParameters),
    responses((status = 200, description = "A page of entries, newest first.", body = List<AuditEntryView>))
)]
pub async fn list_audit(
    State(state): State<ApiState>,
    uri: Uri,
) -> Result<Json<List<AuditEntryView>>, Problem> {
    let list = ListId::of_all("audit");
    let mut parameters = Parameters::of(&uri);
    let filter = AuditFilter {
        account: take_account(&mut parameters),
        ..take(&mut parameters)
    };
    let page = parameters.page(list);
    parameters.finish()?;
    let entries = state.access.audit(Scope::All, filter, page).await?;
    List::of(list, entries, AuditEntryView::of).map(Json)
}
