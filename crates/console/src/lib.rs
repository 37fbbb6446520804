//! The console: what people see of Postrider in a browser.
//!
//! Pages are rendered on the server and work without JavaScript; small ES modules of our own make them
//! better. The operator's staff sees all accounts, a customer one.
//!
//! | module | holds |
//! |---|---|
//! | [`mod@console`] | the console as one service: routes, and what every answer passes |
//! | `state` | what pages work with |
//! | `routes` | each route with what it requires, and the layer that checks it |
//! | `visitor` | who asks: the session, the account of the path, CSRF tokens, the rate of sign-in attempts |
//! | `form`, `faults`, `query`, `paging` | what forms and addresses say, and what is wrong with them |
//! | `refusal` | pages that say no, one enum |
//! | `shell` | what surrounds every page: brand, navigation, theme |
//! | `view` | pieces of pages: times, statuses, ids, JSON, curl; each renders itself, escaped |
//! | `chart` | columns over time, drawn as SVG |
//! | `snippets` | how receivers verify, by language |
//! | `live` | fragments that are sent again when they change (server-sent events) |
//! | `assets`, `brand` | style sheets, modules, the installation's name, colour and logo |
//! | `pages` | one folder per area, one file per page; templates lie in `templates/<area>/` |
//!
//! Whatever came from outside (names, bodies, headers, error texts) is text: the templates escape it. Only
//! the types of `view` render markup, and each escapes what it is given. Forms are checked by
//! [`postrider_engine`]'s drafts, as bodies of the API are; their faults stand beside the fields.
//!
//! This crate must never see SQL, send webhooks, read the system's clock, call the HTTP API, or show a secret
//! that was not asked for by a click.
//!
//! To add a page: a file in `pages/<area>/`, a template beside the others, and a line in the area's `routes`
//! with what the page requires of its visitor.
//! To have part of it live: see `live`.

pub mod brand;
pub mod console;
pub mod system;

mod assets;
mod chart;
mod faults;
mod form;
mod live;
mod pages;
mod paging;
mod query;
mod refusal;
mod routes;
mod security;
mod shell;
mod snippets;
mod state;
mod view;
mod visitor;

pub use brand::{Brand, Logo};
pub use console::{Console, ConsoleParts};
pub use routes::Route;
pub use system::{SettingRow, SystemFacts};
