//! Who is admitted to a page.
//!
//! The layer reads the session, finds the account that the path names, and checks the route's requirement.
//! It hands on what it found: the [`Visitor`], and under `/accounts/{account}` the account. Whatever a
//! visitor may not see does not exist for them (404); only a form that they can see but not submit says that
//! they may not change anything (403).

use std::collections::HashMap;
use std::str::FromStr as _;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::Method;
use http::request::Parts;
use postrider_configuration::AccountEntry;
use postrider_model::{AccountId, Permission};
use postrider_storage::AccountRef;
use postrider_web::body_budget::Owner;
use postrider_web::caller::{Denied, Requirement};
use postrider_web::client::Acquaintance;
use postrider_web::method::method_name;
use postrider_web::path::{PathError, parameter};

use crate::refusal::Refusal;
use crate::seen::Seen;
use crate::state::App;
use crate::visitor::{Visitor, trail};

/// What the layer works with.
pub struct Gate {
    pub app: App,
    /// By path, for GET and POST.
    pub requirements: HashMap<String, [Option<Requirement>; 2]>,
}

impl Gate {
    /// What the route of a request requires; `None` where its path does not have the method.
    fn requirement(&self, parts: &Parts) -> Option<Requirement> {
        let path: &MatchedPath = parts.extensions.get()?;
        let [get, post] = self.requirements.get(path.as_str())?;
        match parts.method {
            Method::GET | Method::HEAD => *get,
            Method::POST => *post,
            _ => None,
        }
    }
}

/// Passes a request on where its visitor meets the route's requirement.
pub async fn admit(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Result<Response, Refusal> {
    let (mut parts, body) = request.into_parts();
    let seen: Option<Arc<Seen>> = parts.extensions.get().cloned();
    if let (Some(seen), Some(path)) = (&seen, parts.extensions.get::<MatchedPath>()) {
        seen.route(path);
    }
    let requirement = gate.requirement(&parts).ok_or(Refusal::NotFound)?;
    if requirement != Requirement::Public {
        let visitor = Visitor::of(&parts, &gate.app).await?;
        if let Some(seen) = &seen {
            seen.caller(visitor.caller);
        }
        Acquaintance::make(&parts.extensions);
        let account = account(&mut parts, &gate.app, &visitor).await?;
        requirement.check(Some(&visitor.caller)).map_err(|denied| {
            note(&parts, &gate.app, &visitor, "permission_denied");
            refusal(denied)
        })?;
        if let Some(entry) = account {
            parts.extensions.insert(entry);
        }
        parts.extensions.insert(Owner::of(&visitor.caller));
        parts.extensions.insert(visitor);
    }
    Ok(next.run(Request::from_parts(parts, body)).await)
}

/// The account that the path names, if it exists for this visitor; `None` where the path names none.
async fn account(
    parts: &mut Parts,
    app: &App,
    visitor: &Visitor,
) -> Result<Option<Arc<AccountEntry>>, Refusal> {
    let name: String = match parameter(parts, "account").await {
        Ok(name) => name,
        Err(PathError::NoParameter(_)) => return Ok(None),
        Err(PathError::NotUtf8 | PathError::Invalid(_)) => return Err(Refusal::NotFound),
    };
    let reference = AccountId::from_str(&name).map_or(AccountRef::Uid(name), AccountRef::Id);
    let found = app.configuration.resolve(&reference).await?;
    let found = found.filter(|found| visitor.caller.scope.includes(*found));
    // Noted whether or not the account exists: the visitor reads the trail of their own account, which must
    // not tell either.
    if found.is_none() && visitor.own_account().is_some() {
        note(parts, app, visitor, "not_found");
    }
    let id = found.ok_or(Refusal::NotFound)?;
    let entry = app.configuration.entry(id).await?.ok_or(Refusal::NotFound)?;
    Ok(Some(entry))
}

fn note(parts: &Parts, app: &App, visitor: &Visitor, reason: &str) {
    trail::request_refused(
        app,
        Some(visitor),
        &parts.extensions,
        method_name(&parts.method),
        reason,
    );
}

fn refusal(denied: Denied) -> Refusal {
    match denied {
        Denied::Lacking(Permission::Manage | Permission::Resend) => Refusal::ReadOnly,
        Denied::Lacking(_) | Denied::OneAccount | Denied::Unknown => Refusal::NotFound,
    }
}
