//! How to verify: one snippet, and links to the others. They are links, so each snippet has its own address
//! and none needs a script.

use crate::query::Query;
use crate::shell::Link;
use crate::snippets::{LANGUAGES, Language, Method};

/// The part of the page about verifying.
pub struct Verify {
    /// Whether the snippet uses the Standard Webhooks library.
    pub is_library: bool,
    /// The language's name.
    pub language: &'static str,
    /// All languages.
    pub languages: Vec<Link>,
    /// Both methods.
    pub methods: Vec<Link>,
    /// The prefix of this installation's header names.
    pub prefix: String,
    /// The code.
    pub snippet: String,
}

impl Verify {
    /// The snippet that the address asks for. `path`: the page's address.
    pub fn of(query: &Query, path: &str, prefix: &str) -> Self {
        let language = Language::of(query.get("language"));
        let method = Method::of(query.get("method"));
        let link = |to: &Language, by: Method, label, is_current| Link {
            href: format!("{path}?language={}&method={}#verify", to.slug, by.slug()),
            label,
            is_current,
        };
        let languages = LANGUAGES
            .iter()
            .map(|other| link(other, method, other.name, other.slug == language.slug));
        let methods = Method::ALL.map(|other| link(language, other, other.name(), other == method));
        Self {
            is_library: method == Method::Library,
            language: language.name,
            languages: languages.collect(),
            methods: methods.to_vec(),
            prefix: prefix.to_owned(),
            snippet: language.snippet(method, prefix),
        }
    }
}
