//! The page of the form, for a new and for an existing connection.

use askama::Template;
use axum::response::Response;
use http::StatusCode;
use postrider_configuration::{ConfigureError, Fault};
use postrider_model::connection::CONNECTIONS_MAX;
use postrider_model::{Connection, SYSTEM_ACCOUNT};

use super::fields::Fields;
use super::words;
use crate::conflict::{Conflict, SAVE_ANYWAY};
use crate::console::page;
use crate::faults::FieldFaults;
use crate::refusal::Refusal;
use crate::shell::{AccountHead, Section, Shell, Tab};
use crate::state::App;
use crate::visitor::account::InAccount;

#[derive(Template)]
#[template(path = "connections/form.html")]
struct FormPage<'a> {
    shell: Shell<'a>,
    head: AccountHead,
    /// The list.
    back: String,
    /// The address that the form is sent to.
    target: String,
    /// The version that is edited; `None` for a new connection.
    version: Option<i64>,
    words: &'static str,
    fields: &'a Fields,
    faults: FieldFaults,
    /// What somebody else saved in the meantime.
    conflict: Option<Conflict>,
    /// Whether the connection needs a host.
    needs_hosts: bool,
}

impl FormPage<'_> {
    /// The name of the type.
    fn kind(&self) -> &'static str {
        self.fields.connection_type.as_str()
    }
}

/// The page of the form. `current` is the edited connection, as the person saw it.
pub fn render(
    app: &App,
    account: &InAccount,
    current: Option<&Connection>,
    fields: &Fields,
    (faults, conflict): (Vec<Fault>, Option<Conflict>),
) -> Result<Response, Refusal> {
    let status = match (&conflict, faults.is_empty()) {
        (Some(_), _) => StatusCode::CONFLICT,
        (None, true) => StatusCode::OK,
        (None, false) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let back = account.path("connections");
    let title = match current {
        None => "New connection".to_owned(),
        Some(current) => current.name.clone(),
    };
    let target = match current {
        None => format!("{back}/new?type={}", fields.connection_type.as_str()),
        Some(current) => format!("{back}/{}", current.id),
    };
    let mut response = page(&FormPage {
        shell: Shell::of(app, &account.visitor, Section::Accounts, title),
        head: AccountHead::of(account, Tab::Connections),
        back,
        target,
        version: current.map(|current| current.version),
        words: words(fields.connection_type),
        fields,
        faults: FieldFaults::new(faults),
        conflict,
        needs_hosts: account.id() == SYSTEM_ACCOUNT,
    })?;
    *response.status_mut() = status;
    Ok(response)
}

/// The faults of a refused draft; any other error has its own page.
pub fn faults(error: ConfigureError) -> Result<Vec<Fault>, Refusal> {
    match error {
        ConfigureError::Faults(faults) => Ok(faults),
        ConfigureError::TooMany => Ok(vec![Fault {
            pointer: "/name".to_owned(),
            code: "too_many",
            detail: format!("an account has at most {CONNECTIONS_MAX} connections"),
        }]),
        other => Err(other.into()),
    }
}
