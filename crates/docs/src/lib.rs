//! The documentation that the server shows: the reference of the API, the kinds of problems, and the guides.
//!
//! | module | holds |
//! |---|---|
//! | `docs` | all of it, read once |
//! | [`mod@reference`] | tags, operations and schemas, read from the OpenAPI document |
//! | [`mod@snippets`] | an operation's example as a program: curl, TypeScript, Python |
//! | [`mod@guides`] | the list of guides, with their Markdown |
//! | [`mod@markdown`] | Markdown to markup, with links between guides |
//! | [`mod@search`] | an index over the texts of operations, problems and guides |
//!
//! This crate must never do input or output, and never depend on the API: it reads the document that clients
//! read. What it renders is safe markup ([`Html`]): Markdown cannot contain raw HTML.
//!
//! To add a guide: a line in [`guides`]. To add a language: a function in [`snippets`], and a line of
//! [`snippets::LANGUAGES`].

#![forbid(unsafe_code)]

pub mod guides;
pub mod markdown;
pub mod reference;
pub mod search;
pub mod snippets;

mod docs;

pub use docs::{Docs, DocsParts, FaultKind, ProblemKind};
pub use markdown::Html;
