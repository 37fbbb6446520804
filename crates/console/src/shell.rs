//! What surrounds every page: the brand, the navigation, the theme, who is signed in.

use http::HeaderMap;
use postrider_model::Theme;

use crate::state::App;
use crate::view::id::CopyId;
use crate::visitor::account::InAccount;
use crate::visitor::{Visitor, cookie, csrf};

/// Where a page belongs, in the operator's navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The first page.
    Overview,
    /// All accounts, and what is in one.
    Accounts,
    /// The catalogue.
    EventTypes,
    /// Keys of the API.
    ApiKeys,
    /// The installation.
    System,
}

/// The operator's navigation, in order.
const NAVIGATION: [(Place, &str, &str); 5] = [
    (Place::Overview, "/", "Overview"),
    (Place::Accounts, "/accounts", "Accounts"),
    (Place::EventTypes, "/event-types", "Event types"),
    (Place::ApiKeys, "/api-keys", "API keys"),
    (Place::System, "/system", "System"),
];

/// A link of a navigation.
#[derive(Debug, Clone)]
pub struct Link {
    /// Where to.
    pub href: String,
    /// Its words.
    pub label: &'static str,
    /// Whether this page belongs there.
    pub is_current: bool,
}

/// What surrounds a page.
pub struct Shell<'a> {
    /// The page's own title.
    pub title: String,
    /// The product's name.
    pub product: &'a str,
    /// Whether there is a logo to show in its place.
    pub has_logo: bool,
    /// The navigation; empty for customers and before signing in.
    pub links: Vec<Link>,
    /// For the forms of this page.
    pub csrf: String,
    /// The theme, where one was chosen.
    pub theme: Option<Theme>,
    /// Whether the theme can be changed by hand.
    pub may_choose_theme: bool,
    /// The address of the page.
    pub here: String,
    /// Whether somebody is signed in.
    pub is_signed_in: bool,
    /// The server's time, Unix milliseconds: relative times in the browser go by it.
    pub now_ms: i64,
    assets: &'a crate::assets::Assets,
}

impl<'a> Shell<'a> {
    /// For a visitor.
    pub fn of(app: &'a App, visitor: &Visitor, place: Place, title: impl Into<String>) -> Self {
        let links = NAVIGATION.map(|(other, href, label)| Link {
            href: href.to_owned(),
            label,
            is_current: other == place,
        });
        Self {
            links: if visitor.is_operator() {
                links.to_vec()
            } else {
                Vec::new()
            },
            csrf: visitor.csrf.clone(),
            theme: visitor.theme,
            may_choose_theme: visitor.forced_theme.is_none(),
            here: visitor.here.clone(),
            is_signed_in: true,
            ..Self::bare(app, title)
        }
    }

    /// For whoever sent these headers, signed in or not: a page of no visitor's.
    pub fn anonymous(app: &'a App, headers: &HeaderMap, title: impl Into<String>) -> Self {
        Self {
            csrf: csrf::token(headers).unwrap_or_default(),
            theme: cookie::theme(headers),
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
            is_signed_in: false,
            now_ms: app.now().unix_ms(),
            assets: &app.assets,
        }
    }

    /// The address of an asset.
    pub fn asset(&self, name: &str) -> String {
        self.assets.url(name)
    }

    /// The theme's name, as the style sheet knows it.
    pub fn theme_name(&self) -> &'static str {
        self.theme.map_or("system", Theme::as_str)
    }
}

/// The tabs of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// What the customer set up.
    Automations,
    /// What happened.
    Events,
    /// What was sent for it.
    Deliveries,
    /// The key that signs.
    SigningKey,
    /// The account itself.
    Settings,
}

const TABS: [(Tab, &str, &str); 5] = [
    (Tab::Automations, "automations", "Automations"),
    (Tab::Events, "events", "Events"),
    (Tab::Deliveries, "deliveries", "Deliveries"),
    (Tab::SigningKey, "signing-key", "Signing key"),
    (Tab::Settings, "settings", "Settings"),
];

/// What stands above the pages of an account.
pub struct AccountHead {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: CopyId,
    /// The caller's own name for it.
    pub uid: Option<CopyId>,
    /// The tabs.
    pub tabs: Vec<Link>,
    /// Whether the visitor may change things.
    pub may_write: bool,
    /// Whether the visitor is of the operator's staff.
    pub is_operator: bool,
    /// `/accounts/<id>`.
    pub path: String,
}

impl AccountHead {
    /// Of this account, on this tab.
    pub fn of(account: &InAccount, tab: Tab) -> Self {
        let path = format!("/accounts/{}", account.id());
        let tabs = TABS.map(|(other, segment, label)| Link {
            href: format!("{path}/{segment}"),
            label,
            is_current: other == tab,
        });
        Self {
            name: account.account().name.clone(),
            id: CopyId::new(account.id()),
            uid: account.account().uid.as_ref().map(CopyId::new),
            tabs: tabs.to_vec(),
            may_write: account.visitor.may_write(),
            is_operator: account.visitor.is_operator(),
            path,
        }
    }
}
