//! Pieces of pages. Each renders itself as markup, escapes its values, and declares so with
//! [`askama::filters::HtmlSafe`]. Templates escape everything else that they print.
//!
//! To add one: a file here, a type with a small inline template, and a line of [`markup!`].

pub mod action;
pub mod body;
pub mod breakable;
pub mod coded;
pub mod curl;
pub mod duration;
pub mod excerpt;
pub mod headers;
pub mod icon;
pub mod id;
pub mod number;
pub mod prose;
pub mod response;
pub mod schedule;
pub mod status;
pub mod time;

/// Marks types whose markup templates print unescaped.
macro_rules! markup {
    ($($name:ty),+ $(,)?) => {
        $(impl askama::filters::HtmlSafe for $name {})+
    };
}
pub(crate) use markup;
