//! `GET /v1/accounts/{account}/automations`

use axum::Json;
use axum::extract::State;
use http::Uri;
use postrider_storage::Page;

use super::view::AutomationView;
use crate::cursor::ListId;
use crate::list::List;
use crate::path::{AccountPath, InAccount};
use crate::problem::Problem;
use crate::query::{PageParameters, Parameters};
use crate::router::ApiState;

/// List automations
///
/// Newest first, each with its actions and their health.
#[utoipa::path(
    get,
    path = "/v1/accounts/{account}/automations",
    extensions(("x-permission" = json!("read"))),
    tag = "Automations",
    params(AccountPath, PageParameters),
    responses((status = 200, description = "A page of automations, newest first.", body = List<AutomationView>))
)]
pub async fn list_automations(
    State(state): State<ApiState>,
    InAccount(account): InAccount,
    uri: Uri,
) -> Result<Json<List<AutomationView>>, Problem> {
    let list = ListId::of(account, "automations");
    let mut parameters = Parameters::of(&uri);
    let page = parameters.page(list);
    parameters.finish()?;
    let automations = state.configuration.automations(account, page).await?;
    let page = Page {
        items: AutomationView::read_all(&state, account, automations.items).await?,
        next: automations.next,
    };
    List::of(list, page, Ok).map(Json)
}
