//! The console: the web pages of Postrider.
//!
//! The server renders the pages, and they work without JavaScript; small ES modules of our own improve them.
//! An operator sees all accounts, a customer sees one.
//!
//! | module | holds |
//! |---|---|
//! | [`mod@console`] | the console as one service: routes, and steps that every response passes |
//! | `state` | the state that all handlers share |
//! | `routes` | each route with its requirement, and the layer that checks it |
//! | `visitor` | who asks: the session, the account of the path, CSRF tokens, the limit on sign-in attempts |
//! | `form`, `faults`, `query`, `ignored`, `paging` | the contents of forms and addresses, and their faults |
//! | `conflict` | forms of two people who edit the same object |
//! | `refusal` | error pages, one enum |
//! | `shell` | the parts around every page: brand, navigation, theme |
//! | `view` | pieces of pages: times, statuses, ids, JSON, curl; each renders itself, escaped |
//! | `chart` | columns over time, as SVG |
//! | `snippets` | how receivers verify a webhook, by language |
//! | `live` | fragments that the server sends again when they change (server-sent events) |
//! | `assets`, `brand` | style sheets, modules, the installation's name, colour and logo |
//! | `pages::docs` | the documentation of [`postrider_docs`], which everybody may read |
//! | `pages` | one folder per area, one file per page; the templates are in `templates/<area>/` |
//!
//! All data from outside (names, bodies, headers, error texts) is text: the templates escape it. Only the
//! types of `view` render markup, and each escapes its values. The drafts of [`postrider_configuration`]
//! check forms, as they check the bodies of the API; the page shows each fault beside its field.
//!
//! This crate must never see SQL, send webhooks, read the system's clock, call the HTTP API, or show a secret
//! before a click asks for it.
//!
//! To add a page: a file in `pages/<area>/`, a template beside the others, and a line in the area's `routes`
//! with what the page requires of its visitor. To make a part of it live: see `live`.

#![forbid(unsafe_code)]

pub mod brand;
pub mod console;
pub mod system;

mod assets;
mod chart;
mod conflict;
mod faults;
mod form;
mod ignored;
mod live;
mod pages;
mod paging;
mod query;
mod refusal;
mod routes;
mod security;
mod seen;
mod shell;
mod snippets;
mod state;
mod view;
mod visitor;

pub use brand::{Brand, Logo};
pub use console::{Console, ConsoleParts};
pub use routes::Route;
pub use system::{SettingRow, SystemFacts};
