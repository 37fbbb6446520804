//! `GET /v1/accounts/{account}/signing-keys`

use axum::Json;
use axum::extract::State;
use http::Uri;
use postrider_model::SigningKey;
use postrider_storage::{Page, PageRequest, Position};

use super::view::SigningKeyView;
use crate::by::Asks;
use crate::cursor::ListId;
use crate::list::List;
use crate::path::{AccountPath, InAccount, account_not_found};
use crate::problem::Problem;
use crate::query::{PageParameters, Parameters};
use crate::router::ApiState;

/// List signing keys
///
/// The current key comes first, then the others, newest first.
#[utoipa::path(
    get,
    path = "/v1/accounts/{account}/signing-keys",
    extensions(("x-permission" = json!("manage"))),
    tag = "Signing keys",
    params(AccountPath, PageParameters),
    responses((status = 200, description = "The account's keys.", body = List<SigningKeyView>))
)]
pub async fn list_signing_keys(
    State(state): State<ApiState>,
    Asks(by): Asks,
    InAccount(account): InAccount,
    uri: Uri,
) -> Result<Json<List<SigningKeyView>>, Problem> {
    let list = ListId::of(account, "signing-keys");
    let mut parameters = Parameters::of(&uri);
    let request = parameters.page(list);
    parameters.finish()?;
    let keys = state
        .configuration
        .reveal_signing_keys(&by, account)
        .await?
        .ok_or_else(account_not_found)?;
    let now = state.engine.clock().now();
    List::of(list, page(keys, request), |key| Ok(SigningKeyView::of(&key, now))).map(Json)
}

/// The store returns all keys, since there are few; a key's position is its id.
pub(super) fn page(keys: Vec<SigningKey>, request: PageRequest) -> Page<SigningKey> {
    let position = |key: &SigningKey| Position(key.id.as_u128());
    let start = request.after.map_or(0, |after| {
        let at = keys.iter().position(|key| position(key) == after);
        at.map_or(keys.len(), |at| at + 1)
    });
    let rows = keys.into_iter().skip(start).take(request.limit + 1);
    Page::from_surplus(rows.map(|key| (position(&key), key)).collect(), request.limit)
}
