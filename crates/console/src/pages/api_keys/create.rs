//! `POST /api-keys`: creates a key. Only this response shows it, so no address leads to it and no reload
//! shows it again.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use postrider_access::CreateApiKeyError;
use postrider_configuration::Fault;
use postrider_model::{AccountId, Permission};
use postrider_storage::{API_KEYS_MAX, AccountRef};

use super::fields::{Fields, account_missing};
use super::list;
use crate::console::page;
use crate::faults::FieldFaults;
use crate::form::Form;
use crate::refusal::Refusal;
use crate::shell::{Section, Shell};
use crate::state::App;
use crate::view::icon::Icon;
use crate::view::time::Exact;
use crate::visitor::Visitor;

#[derive(Template)]
#[template(path = "api_keys/created.html")]
struct CreatedPage<'a> {
    shell: Shell<'a>,
    name: &'a str,
    key: &'a str,
    permissions: Vec<&'static str>,
    is_of_one_account: bool,
    expires: Option<Exact>,
}

/// Creates the key.
pub async fn create(State(app): State<App>, visitor: Visitor, form: Form) -> Result<Response, Refusal> {
    let fields = Fields::typed(&form);
    let account = match find_account(&app, &fields.account).await? {
        Ok(account) => account,
        Err(fault) => return again(&app, &visitor, fields, vec![fault]).await,
    };
    let created = app
        .access
        .create_api_key(&visitor.by, fields.draft(account, app.now()))
        .await;
    let (key, shown) = match created {
        Ok(created) => created,
        Err(error) => return again(&app, &visitor, fields, faults(error)?).await,
    };
    page(&CreatedPage {
        shell: Shell::of(&app, &visitor, Section::ApiKeys, "The new API key"),
        name: &key.name,
        key: shown.expose(),
        permissions: key.permissions.named().map(Permission::as_str).collect(),
        is_of_one_account: account.is_some(),
        expires: key.expires_at.map(Exact::date),
    })
}

/// The form again, with its faults.
async fn again(
    app: &App,
    visitor: &Visitor,
    fields: Fields,
    faults: Vec<Fault>,
) -> Result<Response, Refusal> {
    let mut response = list::render(app, visitor, fields, FieldFaults::new(faults)).await?;
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

/// The account of this id or `uid`; `None` if the text is empty.
async fn find_account(app: &App, text: &str) -> Result<Result<Option<AccountId>, Fault>, Refusal> {
    if text.is_empty() {
        return Ok(Ok(None));
    }
    let reference = text
        .parse()
        .map_or_else(|_| AccountRef::Uid(text.to_owned()), AccountRef::Id);
    let found = app.configuration.resolve(&reference).await?;
    Ok(found.map(Some).ok_or_else(account_missing))
}

fn faults(error: CreateApiKeyError) -> Result<Vec<Fault>, Refusal> {
    Ok(match error {
        CreateApiKeyError::Faults(faults) => faults
            .into_iter()
            .map(|fault| Fault {
                pointer: fault.pointer.to_owned(),
                code: fault.code,
                detail: fault.detail,
            })
            .collect(),
        CreateApiKeyError::AccountMissing => vec![account_missing()],
        CreateApiKeyError::TooMany => vec![Fault {
            pointer: "/name".to_owned(),
            code: "too_many",
            detail: format!("there are {API_KEYS_MAX} API keys; delete some that are not used"),
        }],
        CreateApiKeyError::Store(error) => return Err(error.into()),
    })
}
