//! `POST /v1/api-keys`

use axum::Json;
use axum::extract::State;
use http::{StatusCode, Uri};
use postrider_access::{ApiKeyDraft, ApiKeyFault, CreateApiKeyError};
use postrider_model::{AccountId, Permission, Timestamp};
use postrider_storage::API_KEYS_MAX;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::{ApiKeyView, CreatedApiKeyView};
use crate::by::Asks;
use crate::json_body::JsonBody;
use crate::openapi::shapes;
use crate::path::account_ref;
use crate::problem::{Code, Fault, Faults, Problem, fault_codes};
use crate::query::no_parameters;
use crate::router::ApiState;

/// An API key to create.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
#[schema(as = ApiKeyInput)]
pub struct ApiKeyInput {
    /// What the key is for.
    #[schema(example = "billing service", min_length = 1, max_length = 256)]
    name: String,
    /// What its callers may do, at least one.
    #[schema(schema_with = shapes::some_permissions)]
    permissions: Vec<String>,
    /// The only account that exists for its callers, by its id or its `uid`; null means all accounts.
    #[schema(example = "tenant-42", pattern = "^[a-zA-Z0-9_.:@-]{1,128}$")]
    account: Option<String>,
    /// When it expires; null means never.
    #[schema(format = DateTime, example = "2027-01-31T09:30:00Z")]
    expires_at: Option<String>,
}

/// Create an API key
///
/// This response is the only one that shows the key. Each permission stands for itself, except that `manage`
/// includes `resend`: a key with only `events:write` posts events and can do nothing else. A key of one
/// account gets a 404 for every other account, and cannot have `admin`.
#[utoipa::path(
    post,
    path = "/v1/api-keys",
    extensions(("x-permission" = json!("admin"))),
    tag = "Access",
    request_body = ApiKeyInput,
    responses(
        (status = 201, description = "The API key.", body = CreatedApiKeyView),
        (status = 409, description = "`too_many_api_keys`: the installation has the maximum number of API keys."),
    )
)]
pub async fn create_api_key(
    State(state): State<ApiState>,
    Asks(by): Asks,
    uri: Uri,
    JsonBody(input): JsonBody<ApiKeyInput>,
) -> Result<(StatusCode, Json<CreatedApiKeyView>), Problem> {
    no_parameters(&uri)?;
    let mut faults = Faults::default();
    let account = match input.account.as_deref() {
        Some(name) => find_account(&state, name, &mut faults).await?,
        None => None,
    };
    let draft = input.draft(account, &mut faults);
    faults.into_result(Code::InvalidBody)?;
    let created = state.access.create_api_key(&by, draft).await;
    let (key, shown) = created.map_err(problem)?;
    let view = CreatedApiKeyView {
        key: shown.expose().to_owned(),
        api_key: ApiKeyView::of(key),
    };
    Ok((StatusCode::CREATED, Json(view)))
}

/// The account of this id or uid. A missing one is a fault.
async fn find_account(
    state: &ApiState,
    name: &str,
    faults: &mut Faults,
) -> Result<Option<AccountId>, Problem> {
    let found = match account_ref(name) {
        Ok(reference) => state.configuration.resolve(&reference).await?,
        Err(_) => None,
    };
    if found.is_none() {
        faults.push(account_missing());
    }
    Ok(found)
}

fn account_missing() -> Fault {
    Fault::at(
        "/account",
        fault_codes::INVALID_VALUE,
        "no account has this id or uid",
    )
}

impl ApiKeyInput {
    fn draft(self, account: Option<AccountId>, faults: &mut Faults) -> ApiKeyDraft {
        let permissions = (0..)
            .zip(&self.permissions)
            .filter_map(|(index, name): (usize, _)| {
                let known = Permission::from_name(name);
                if known.is_none() {
                    let detail = "this is not a permission";
                    faults.add(
                        format!("/permissions/{index}"),
                        fault_codes::INVALID_VALUE,
                        detail,
                    );
                }
                known
            });
        let permissions = permissions.collect();
        let expires_at = self.expires_at.as_deref().map(str::parse::<Timestamp>);
        let expires_at = expires_at.and_then(|parsed| {
            let fault = |error| Fault::at("/expires_at", fault_codes::INVALID_VALUE, format!("{error}"));
            faults.take(parsed.map_err(fault))
        });
        ApiKeyDraft {
            name: self.name,
            permissions,
            account,
            expires_at,
        }
    }
}

fn problem(error: CreateApiKeyError) -> Problem {
    match error {
        CreateApiKeyError::Faults(faults) => {
            let fault = |ApiKeyFault {
                             pointer,
                             code,
                             detail,
                         }| Fault::at(pointer, code, detail);
            Problem::of_faults(Code::InvalidBody, faults.into_iter().map(fault).collect())
        }
        CreateApiKeyError::AccountMissing => Problem::of_faults(Code::InvalidBody, vec![account_missing()]),
        CreateApiKeyError::TooMany => Problem::new(
            Code::TooManyApiKeys,
            format!("the installation has {API_KEYS_MAX} API keys; delete some that are not used"),
        ),
        CreateApiKeyError::Store(error) => error.into(),
    }
}
