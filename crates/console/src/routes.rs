//! Routes, each declared with what it requires of its caller. The layer [`admit`](mod@admit) checks that
//! before the handler runs.
//!
//! [`Routes`] is the only way to add a page, and it cannot add one without a requirement.

mod admit;

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};
use http::Method;
use postrider_model::Permission;
use postrider_web::caller::Requirement;

use self::admit::{Gate, admit};
use crate::state::App;

/// Everyone may call it, signed in or not.
pub const PUBLIC: Requirement = Requirement::Public;
/// Lists and records; no secrets.
pub const READ: Requirement = Requirement::Permission(Permission::Read);
/// Lists of the whole installation; no secrets.
pub const READ_ALL: Requirement = Requirement::Installation(Permission::Read);
/// Resends and replays.
pub const RESEND: Requirement = Requirement::Permission(Permission::Resend);
/// Changes in an account, and its secrets.
pub const MANAGE: Requirement = Requirement::Permission(Permission::Manage);
/// Staff that may change things in every account.
pub const MANAGE_ALL: Requirement = Requirement::Installation(Permission::Manage);
/// Administrators of the installation.
pub const ADMIN: Requirement = Requirement::Installation(Permission::Admin);

/// A method of a path, and what it requires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// GET or POST. A HEAD requires what the GET requires.
    pub method: Method,
    /// As the router has it: `/accounts/{account}/events/{id}`.
    pub path: String,
    /// What it requires of its caller.
    pub requirement: Requirement,
}

/// Routes with their handlers.
#[derive(Default)]
pub struct Routes {
    router: Router<App>,
    declared: Vec<Route>,
}

impl Routes {
    /// Adds a page.
    pub fn get<H, T>(self, path: impl Into<String>, requirement: Requirement, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.add(Method::GET, path.into(), requirement, get(handler))
    }

    /// Adds a form.
    pub fn post<H, T>(self, path: impl Into<String>, requirement: Requirement, handler: H) -> Self
    where
        H: Handler<T, App>,
        T: 'static,
    {
        self.add(Method::POST, path.into(), requirement, post(handler))
    }

    /// Adds the routes of an area.
    pub fn merge(mut self, area: Self) -> Self {
        self.declared.extend(area.declared);
        Self {
            router: self.router.merge(area.router),
            declared: self.declared,
        }
    }

    /// Every route.
    pub fn declared(&self) -> &[Route] {
        &self.declared
    }

    /// The router, with the layer that checks what each route requires.
    pub fn guarded(self, app: &App) -> Router<App> {
        let mut requirements: HashMap<String, [Option<Requirement>; 2]> = HashMap::new();
        for Route {
            method,
            path,
            requirement,
        } in self.declared
        {
            requirements.entry(path).or_default()[usize::from(method == Method::POST)] = Some(requirement);
        }
        let gate = Gate {
            app: Arc::clone(app),
            requirements,
        };
        self.router.route_layer(from_fn_with_state(Arc::new(gate), admit))
    }

    fn add(
        mut self,
        method: Method,
        path: String,
        requirement: Requirement,
        handler: MethodRouter<App>,
    ) -> Self {
        self.router = self.router.route(&path, handler);
        self.declared.push(Route {
            method,
            path,
            requirement,
        });
        self
    }
}
