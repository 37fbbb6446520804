//! The parts around every page: the brand, the navigation, the theme, the signed-in visitor.

use http::HeaderMap;
use postrider_model::{Permission, Person, Theme};

use crate::state::App;
use crate::view::id::CopyId;
use crate::visitor::account::InAccount;
use crate::visitor::{Visitor, cookie, csrf, is_in_frame};

/// The entry of the operator's navigation that a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// The first page.
    Overview,
    /// All accounts, and the pages of each account.
    Accounts,
    /// The deliveries of all accounts.
    Deliveries,
    /// The catalogue of event types.
    EventTypes,
    /// API keys.
    ApiKeys,
    /// Sessions of the operator's staff.
    Sessions,
    /// The audit trail.
    Audit,
    /// The installation.
    System,
    /// None of them.
    None,
}

/// The navigation of the operator's staff, in order, with the permission that each page requires.
const NAVIGATION: [(Section, &str, &str, Permission); 8] = [
    (Section::Overview, "/", "Overview", Permission::Read),
    (Section::Accounts, "/accounts", "Accounts", Permission::Read),
    (Section::Deliveries, "/deliveries", "Deliveries", Permission::Read),
    (
        Section::EventTypes,
        "/event-types",
        "Event types",
        Permission::Read,
    ),
    (Section::ApiKeys, "/api-keys", "API keys", Permission::Admin),
    (Section::Sessions, "/sessions", "Sessions", Permission::Admin),
    (Section::Audit, "/audit", "Audit", Permission::Admin),
    (Section::System, "/system", "System", Permission::Admin),
];

/// A link of a navigation.
#[derive(Debug, Clone)]
pub struct Link {
    /// Its target.
    pub href: String,
    /// Its text.
    pub label: &'static str,
    /// Whether the current page belongs to it.
    pub is_current: bool,
}

/// Who is signed in, as the header shows it.
pub struct WhoIs {
    /// The person's name.
    pub name: String,
    /// The name with the address, or with the id at the provider.
    pub title: String,
}

impl WhoIs {
    /// How to show this person.
    pub fn of(person: &Person) -> Self {
        let further = person.email.as_ref().unwrap_or(&person.subject);
        Self {
            title: format!("{} ({further})", person.name),
            name: person.name.clone(),
        }
    }
}

/// The parts around a page.
pub struct Shell<'a> {
    /// The page's own title.
    pub title: String,
    /// The product's name.
    pub product: &'a str,
    /// Whether a logo replaces the name.
    pub has_logo: bool,
    /// The navigation; empty for customers and before sign-in.
    pub links: Vec<Link>,
    /// The CSRF token of this page's forms.
    pub csrf: String,
    /// The chosen theme, if any.
    pub theme: Option<Theme>,
    /// Whether the visitor can choose the theme.
    pub may_choose_theme: bool,
    /// The address of the page.
    pub here: String,
    /// The person who is signed in, if they came through the identity provider.
    pub who: Option<WhoIs>,
    /// Whether somebody is signed in.
    pub is_signed_in: bool,
    /// Whether a page of the operator's product frames this one: it has the product's own header.
    pub is_in_frame: bool,
    /// Whether the page links to the documentation: for staff, and before sign-in.
    pub has_docs: bool,
    /// The server's time in Unix milliseconds; the browser computes relative times from it.
    pub now_ms: i64,
    assets: &'a crate::assets::Assets,
}

impl<'a> Shell<'a> {
    /// For a visitor.
    pub fn of(app: &'a App, visitor: &Visitor, section: Section, title: impl Into<String>) -> Self {
        let links = NAVIGATION
            .into_iter()
            .filter(|(.., permission)| visitor.is_staff() && visitor.caller.permissions.contains(*permission))
            .map(|(other, href, label, _)| Link {
                href: href.to_owned(),
                label,
                is_current: other == section,
            });
        Self {
            links: links.collect(),
            csrf: visitor.csrf.clone(),
            theme: visitor.theme,
            may_choose_theme: visitor.forced_theme.is_none(),
            here: visitor.here.clone(),
            who: visitor.person.as_deref().map(WhoIs::of),
            is_signed_in: true,
            is_in_frame: visitor.is_in_frame,
            has_docs: app.docs.is_some() && visitor.is_staff(),
            ..Self::bare(app, title)
        }
    }

    /// For a request with these headers, signed in or not: a page without a visitor.
    pub fn anonymous(app: &'a App, headers: &HeaderMap, title: impl Into<String>) -> Self {
        Self {
            csrf: csrf::token(headers).unwrap_or_default(),
            theme: cookie::theme(headers),
            is_in_frame: is_in_frame(headers),
            ..Self::bare(app, title)
        }
    }

    fn bare(app: &'a App, title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            product: &app.brand.product,
            has_logo: app.brand.logo.is_some(),
            links: Vec::new(),
            csrf: String::new(),
            theme: None,
            may_choose_theme: true,
            here: "/".to_owned(),
            who: None,
            is_signed_in: false,
            is_in_frame: false,
            has_docs: app.docs.is_some(),
            now_ms: app.now().unix_ms(),
            assets: &app.assets,
        }
    }

    /// The address of an asset.
    pub fn asset(&self, name: &str) -> String {
        self.assets.url(name)
    }

    /// The theme's name in the style sheet.
    pub fn theme_name(&self) -> &'static str {
        self.theme.map_or("system", Theme::as_str)
    }
}

/// The tabs of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// Its automations.
    Automations,
    /// Its events.
    Events,
    /// Its deliveries.
    Deliveries,
    /// Its events and deliveries as charts.
    Statistics,
    /// The event types that its customers see.
    EventTypes,
    /// Its signing key.
    SigningKey,
    /// Its connections.
    Connections,
    /// Its portal links.
    PortalLinks,
    /// Its audit trail.
    Audit,
    /// The account itself.
    Settings,
}

const TABS: [(Tab, &str, &str); 10] = [
    (Tab::Automations, "automations", "Automations"),
    (Tab::Events, "events", "Events"),
    (Tab::Deliveries, "deliveries", "Deliveries"),
    (Tab::Statistics, "statistics", "Statistics"),
    (Tab::EventTypes, "event-types", "Event types"),
    (Tab::SigningKey, "signing-key", "Signing key"),
    (Tab::Connections, "connections", "Connections"),
    (Tab::PortalLinks, "portal-links", "Portal links"),
    (Tab::Audit, "audit", "Audit"),
    (Tab::Settings, "settings", "Settings"),
];

/// The head of an account's pages: name, ids and tabs.
pub struct AccountHead {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: CopyId,
    /// Its `uid`, the caller's own id for it.
    pub uid: Option<CopyId>,
    /// The tabs.
    pub tabs: Vec<Link>,
    /// Whether the visitor may change things.
    pub may_write: bool,
    /// Whether the visitor may resend and replay.
    pub may_resend: bool,
    /// Whether the visitor sees all accounts.
    pub is_staff: bool,
    /// Whether the visitor administers the installation.
    pub is_admin: bool,
    /// `/accounts/<id>`.
    pub path: String,
}

impl AccountHead {
    /// The head of this account, with this tab as the current one.
    pub fn of(account: &InAccount, tab: Tab) -> Self {
        let path = format!("/accounts/{}", account.id());
        let visitor = &account.visitor;
        let may_link = visitor.is_staff() && visitor.may_write();
        let tabs = TABS
            .into_iter()
            .filter(|(tab, ..)| match tab {
                Tab::PortalLinks => may_link,
                Tab::Audit => visitor.may_write(),
                _ => true,
            })
            .map(|(other, segment, label)| Link {
                href: format!("{path}/{segment}"),
                label,
                is_current: other == tab,
            });
        Self {
            name: account.account().name.clone(),
            id: CopyId::new(account.id()),
            uid: account.account().uid.as_ref().map(CopyId::new),
            tabs: tabs.collect(),
            may_write: visitor.may_write(),
            may_resend: visitor.may_resend(),
            is_staff: visitor.is_staff(),
            is_admin: visitor.is_staff() && visitor.is_admin(),
            path,
        }
    }
}
