//! `GET /v1/accounts/{account}/portal-links`

use axum::Json;
use axum::extract::State;
use http::Uri;

use super::view::PortalLinkView;
use crate::cursor::ListId;
use crate::list::List;
use crate::path::{AccountPath, InAccount};
use crate::problem::Problem;
use crate::query::{PageParameters, Parameters};
use crate::router::ApiState;

/// List the portal links of an account
///
/// Links that have expired are not listed.
#[utoipa::path(
    get,
    path = "/v1/accounts/{account}/portal-links",
    extensions(("x-permission" = json!("manage"))),
    tag = "Access",
    params(AccountPath, PageParameters),
    responses((status = 200, description = "A page of portal links, newest first.", body = List<PortalLinkView>))
)]
pub async fn list_portal_links(
    State(state): State<ApiState>,
    InAccount(account): InAccount,
    uri: Uri,
) -> Result<Json<List<PortalLinkView>>, Problem> {
    let list = ListId::of(account, "portal-links");
    let mut parameters = Parameters::of(&uri);
    let page = parameters.page(list);
    parameters.finish()?;
    let links = state.access.portal_links(account, page).await?;
    List::of(list, links, |link| Ok(PortalLinkView::of(&link))).map(Json)
}
