//! The parameters of a route's path.

use std::str::FromStr;

use axum::extract::{FromRequestParts as _, RawPathParams};
use http::request::Parts;

/// Why a parameter of a path has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError<E> {
    /// The path is not UTF-8 after percent-decoding.
    #[error("the path is not valid UTF-8")]
    NotUtf8,
    /// The route has no parameter of this name, which is a defect.
    #[error("the route has no {{{0}}}")]
    NoParameter(&'static str),
    /// The text is not a valid value.
    #[error(transparent)]
    Invalid(E),
}

/// The parameter `name` of the path, read as a `T`.
pub async fn parameter<T: FromStr>(parts: &mut Parts, name: &'static str) -> Result<T, PathError<T::Err>> {
    let parameters = RawPathParams::from_request_parts(parts, &()).await;
    let parameters = parameters.map_err(|_| PathError::NotUtf8)?;
    let found = parameters.iter().find(|(other, _)| *other == name);
    let (_, text) = found.ok_or(PathError::NoParameter(name))?;
    text.parse().map_err(PathError::Invalid)
}
