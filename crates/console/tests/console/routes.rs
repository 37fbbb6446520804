//! Every route there is.

use http::Method;

/// To whom a route is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// Everybody.
    All,
    /// Whoever is signed in.
    SignedIn,
    /// Whoever may see the account.
    Account,
    /// The operator's staff.
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

const PATHS: [(&str, &[bool], For); 40] = [
    ("/assets/0/console.css", GET, For::All),
    ("/theme", POST, For::All),
    ("/sign-in", BOTH, For::All),
    ("/sign-in/prl_none", GET, For::All),
    ("/sign-out", POST, For::All),
    ("/", GET, For::SignedIn),
    ("/event-types", GET, For::Operator),
    ("/event-types/new", BOTH, For::Operator),
    ("/event-types/a.b", BOTH, For::Operator),
    ("/event-types/a.b/delete", BOTH, For::Operator),
    ("/api-keys", BOTH, For::Operator),
    ("/api-keys/{key}/remove", BOTH, For::Operator),
    ("/system", GET, For::Operator),
    ("/accounts", GET, For::Operator),
    ("/accounts/new", BOTH, For::Operator),
    ("/accounts/{account}", GET, For::Account),
    ("/accounts/{account}/automations", GET, For::Account),
    ("/accounts/{account}/automations/new", BOTH, For::Account),
    ("/accounts/{account}/automations/{automation}", GET, For::Account),
    (
        "/accounts/{account}/automations/{automation}/test",
        BOTH,
        For::Account,
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
        For::Account,
    ),
    (
        "/accounts/{account}/automations/{automation}/switch",
        POST,
        For::Account,
    ),
    (
        "/accounts/{account}/automations/{automation}/delete",
        BOTH,
        For::Account,
    ),
    ("/accounts/{account}/events", GET, For::Account),
    ("/accounts/{account}/events/live", GET, For::Account),
    ("/accounts/{account}/events/{event}", GET, For::Account),
    ("/accounts/{account}/events/{event}/live", GET, For::Account),
    ("/accounts/{account}/deliveries", GET, For::Account),
    ("/accounts/{account}/deliveries/live", GET, For::Account),
    ("/accounts/{account}/deliveries/{delivery}", GET, For::Account),
    (
        "/accounts/{account}/deliveries/{delivery}/live",
        GET,
        For::Account,
    ),
    (
        "/accounts/{account}/deliveries/{delivery}/resend",
        POST,
        For::Account,
    ),
    ("/accounts/{account}/signing-key", BOTH, For::Account),
    ("/accounts/{account}/signing-key/rotate", BOTH, For::Account),
    ("/accounts/{account}/settings", BOTH, For::Account),
    ("/accounts/{account}/settings/link", BOTH, For::Operator),
    ("/accounts/{account}/settings/delete", BOTH, For::Operator),
    ("/accounts/{account}/replay", BOTH, For::Account),
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

/// The source is what tells, as a router does not say what is in it.
#[test]
fn the_table_has_every_route_of_the_console() {
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let areas = std::fs::read_dir(source.join("pages")).unwrap();
    let areas = areas
        .map(|file| file.unwrap().path())
        .filter(|file| file.is_file());
    let mut handlers = 0;
    for file in areas.chain([source.join("console.rs")]) {
        let text = std::fs::read_to_string(&file).unwrap();
        let Some(start) = text.find("Router::new()") else {
            continue;
        };
        let routes = text[start..].split("\n}").next().unwrap();
        handlers += routes.matches("get(").count() + routes.matches("post(").count();
    }
    assert_eq!(all().len(), handlers);
}
