//! Every route of the console, with a path to request it by, and who may.

use http::Method;
use postrider_console::{Console, Route as Declared};
use postrider_model::Permission;
use postrider_web::caller::Requirement;

/// Who may request a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// Everyone.
    All,
    /// Everyone who is signed in.
    SignedIn,
    /// Everyone who may see the account.
    Account,
    /// Everyone who may see the account and resend in it.
    Resend,
    /// Everyone who may see the account and change things in it.
    Manage,
    /// The operator's staff.
    Staff,
    /// Staff that may change things in every account.
    Managers,
    /// Administrators.
    Operator,
}

/// A route.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    pub post: bool,
    pub path: &'static str,
    pub whose: For,
}

impl Route {
    pub fn method(&self) -> Method {
        if self.post { Method::POST } else { Method::GET }
    }
}

/// What can be done at a path.
const GET: &[bool] = &[false];
const POST: &[bool] = &[true];
const BOTH: &[bool] = &[false, true];

const PATHS: [(&str, &[bool], For); 82] = [
    ("/embed.js", GET, For::All),
    ("/assets/0/console.css", GET, For::All),
    ("/theme", POST, For::All),
    ("/docs", GET, For::All),
    ("/docs/search", GET, For::All),
    ("/docs/openapi.json", GET, For::All),
    ("/docs/api", GET, For::All),
    ("/docs/api/get_thing", GET, For::All),
    ("/docs/errors", GET, For::All),
    ("/docs/errors/thing_not_found", GET, For::All),
    ("/docs/guides/sending", GET, For::All),
    ("/docs/nothing", GET, For::All),
    ("/docs/", GET, For::All),
    ("/sign-in", BOTH, For::All),
    ("/sign-in/oidc", GET, For::All),
    ("/sign-in/oidc/callback", GET, For::All),
    ("/sign-in/prl_none", BOTH, For::All),
    ("/sign-out", POST, For::All),
    ("/", GET, For::SignedIn),
    ("/find", GET, For::SignedIn),
    ("/event-types", GET, For::Staff),
    ("/event-types/new", BOTH, For::Operator),
    ("/event-types/a.b", BOTH, For::Operator),
    ("/event-types/a.b/delete", BOTH, For::Operator),
    ("/api-keys", BOTH, For::Operator),
    ("/api-keys/{key}/remove", BOTH, For::Operator),
    ("/system", GET, For::Operator),
    ("/sessions", GET, For::Operator),
    ("/sessions/end-all", POST, For::Operator),
    (
        "/sessions/grant_00000000000000000000000001/end",
        POST,
        For::Operator,
    ),
    ("/audit", GET, For::Operator),
    ("/accounts/{account}/audit", GET, For::Manage),
    ("/accounts", GET, For::Staff),
    ("/deliveries", GET, For::Staff),
    ("/accounts/new", BOTH, For::Operator),
    ("/accounts/{account}", GET, For::Account),
    ("/accounts/{account}/automations", GET, For::Account),
    ("/accounts/{account}/automations/new", BOTH, For::Manage),
    ("/accounts/{account}/automations/{automation}", GET, For::Account),
    (
        "/accounts/{account}/automations/{automation}/test",
        GET,
        For::Account,
    ),
    (
        "/accounts/{account}/automations/{automation}/test",
        POST,
        For::Manage,
    ),
    (
        "/accounts/{account}/automations/{automation}/tests/{event}",
        GET,
        For::Account,
    ),
    (
        "/accounts/{account}/automations/{automation}/tests/{event}/live",
        GET,
        For::Account,
    ),
    (
        "/accounts/{account}/automations/{automation}/edit",
        BOTH,
        For::Manage,
    ),
    (
        "/accounts/{account}/automations/{automation}/copy",
        GET,
        For::Manage,
    ),
    (
        "/accounts/{account}/automations/{automation}/switch",
        POST,
        For::Manage,
    ),
    (
        "/accounts/{account}/automations/{automation}/delete",
        BOTH,
        For::Manage,
    ),
    (
        "/accounts/{account}/automations/{automation}/send-missed",
        BOTH,
        For::Resend,
    ),
    ("/accounts/{account}/events", GET, For::Account),
    ("/accounts/{account}/events/live", GET, For::Account),
    ("/accounts/{account}/events/{event}", GET, For::Account),
    ("/accounts/{account}/events/{event}/live", GET, For::Account),
    ("/accounts/{account}/events/{event}/cancel", POST, For::Manage),
    ("/accounts/{account}/deliveries", GET, For::Account),
    ("/accounts/{account}/statistics", GET, For::Account),
    ("/accounts/{account}/deliveries.csv", GET, For::Account),
    ("/accounts/{account}/deliveries.ndjson", GET, For::Account),
    ("/accounts/{account}/deliveries/live", GET, For::Account),
    ("/accounts/{account}/deliveries/resend", POST, For::Resend),
    ("/accounts/{account}/deliveries/{delivery}", GET, For::Account),
    (
        "/accounts/{account}/deliveries/{delivery}/live",
        GET,
        For::Account,
    ),
    (
        "/accounts/{account}/deliveries/{delivery}/resend",
        POST,
        For::Resend,
    ),
    ("/accounts/{account}/event-types", GET, For::Account),
    ("/accounts/{account}/signing-key", GET, For::Account),
    ("/accounts/{account}/signing-key", POST, For::Manage),
    ("/accounts/{account}/signing-key/rotate", BOTH, For::Manage),
    ("/accounts/{account}/signing-key/verify", BOTH, For::Account),
    ("/accounts/{account}/connections", GET, For::Account),
    ("/accounts/{account}/connections/new", BOTH, For::Manage),
    ("/accounts/{account}/connections/{connection}", BOTH, For::Manage),
    (
        "/accounts/{account}/connections/{connection}/delete",
        BOTH,
        For::Manage,
    ),
    (
        "/accounts/{account}/automations/{automation}/actions/{action}/signing-key",
        GET,
        For::Account,
    ),
    (
        "/accounts/{account}/automations/{automation}/actions/{action}/signing-key",
        POST,
        For::Manage,
    ),
    (
        "/accounts/{account}/automations/{automation}/actions/{action}/signing-key/rotate",
        BOTH,
        For::Manage,
    ),
    ("/accounts/{account}/settings", GET, For::Account),
    ("/accounts/{account}/settings", POST, For::Manage),
    ("/accounts/{account}/portal-links", BOTH, For::Managers),
    (
        "/accounts/{account}/portal-links/end-sessions",
        POST,
        For::Managers,
    ),
    (
        "/accounts/{account}/portal-links/grant_00000000000000000000000001/revoke",
        POST,
        For::Managers,
    ),
    ("/accounts/{account}/settings/delete", BOTH, For::Operator),
    ("/accounts/{account}/replay", BOTH, For::Resend),
    ("/accounts/{account}/cancel", BOTH, For::Manage),
];

/// All of them.
pub fn all() -> Vec<Route> {
    let routes = PATHS
        .iter()
        .flat_map(|&(path, methods, whose)| methods.iter().map(move |&post| Route { post, path, whose }));
    routes.collect()
}

/// The forms.
pub fn forms() -> Vec<Route> {
    all().into_iter().filter(|route| route.post).collect()
}

/// What the console declares is what this table says, and nothing else.
#[test]
fn every_route_declares_what_it_requires() {
    let mut declared = Console::routes();
    for route in all() {
        let found = declared
            .iter()
            .position(|it| it.method == route.method() && serves(it, route.path));
        let found = found.unwrap_or_else(|| panic!("{} {} is not declared", route.method(), route.path));
        let Declared {
            requirement, path, ..
        } = declared.swap_remove(found);
        let expected = match route.whose {
            For::All => Requirement::Public,
            For::SignedIn | For::Account => Requirement::Permission(Permission::Read),
            For::Resend => Requirement::Permission(Permission::Resend),
            For::Manage => Requirement::Permission(Permission::Manage),
            For::Staff => Requirement::Installation(Permission::Read),
            For::Managers => Requirement::Installation(Permission::Manage),
            For::Operator => Requirement::Installation(Permission::Admin),
        };
        assert_eq!(requirement, expected, "{} {path}", route.method());
    }
    assert_eq!(declared, [], "not in the table");
}

/// Whether a declared path is the one of the table: its parameters have other names, or values.
fn serves(declared: &Declared, path: &str) -> bool {
    let (template, path) = (declared.path.split('/'), path.split('/'));
    template.clone().count() == path.clone().count()
        && template.zip(path).all(|(template, part)| {
            template == part
                || (template.starts_with('{')
                    && !["new", "live", "end-sessions", "end-all", "oidc"].contains(&part))
        })
}
