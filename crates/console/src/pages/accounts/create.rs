//! `GET` and `POST /accounts/new`

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use postrider_configuration::{AccountDraft, ConfigureError, Fault};

use crate::console::page;
use crate::faults::FieldFaults;
use crate::form::Form;
use crate::refusal::Refusal;
use crate::shell::{Section, Shell};
use crate::state::App;
use crate::visitor::Visitor;

#[derive(Template)]
#[template(path = "accounts/create.html")]
struct CreatePage<'a> {
    shell: Shell<'a>,
    name: &'a str,
    uid: &'a str,
    faults: FieldFaults,
}

/// The form.
pub async fn show(State(app): State<App>, visitor: Visitor) -> Result<Response, Refusal> {
    render(&app, &visitor, &Form::default(), FieldFaults::default())
}

/// Creates the account.
pub async fn create(State(app): State<App>, visitor: Visitor, form: Form) -> Result<Response, Refusal> {
    let uid = form.text("uid").trim();
    let draft = AccountDraft {
        name: form.text("name").trim().to_owned(),
        uid: (!uid.is_empty()).then(|| uid.to_owned()),
        metadata: None,
        retry_delays_s: None,
    };
    let faults = match app.configuration.create_account(&visitor.by, draft).await {
        Ok(account) => return Ok(Redirect::to(&format!("/accounts/{}", account.id)).into_response()),
        Err(ConfigureError::Faults(faults)) => faults,
        Err(ConfigureError::UidTaken) => vec![uid_taken()],
        Err(other) => return Err(other.into()),
    };
    let mut response = render(&app, &visitor, &form, FieldFaults::new(faults))?;
    *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(response)
}

/// The fault of a `uid` that another account has.
pub fn uid_taken() -> Fault {
    Fault {
        pointer: "/uid".to_owned(),
        code: "duplicate",
        detail: "another account has this uid".to_owned(),
    }
}

fn render(app: &App, visitor: &Visitor, form: &Form, faults: FieldFaults) -> Result<Response, Refusal> {
    page(&CreatePage {
        shell: Shell::of(app, visitor, Section::Accounts, "New account"),
        name: form.text("name"),
        uid: form.text("uid"),
        faults,
    })
}
