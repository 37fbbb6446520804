//! What pages about the API are made of, for a crate that knows no route: the document, and the kinds of
//! problems with what they mean.

use std::sync::LazyLock;

use bytes::Bytes;
use postrider_docs::{FaultKind, ProblemKind};
use serde_json::Value;

use crate::openapi;
use crate::problem::{Code, FAULT_MEANINGS};
use crate::router::documented_routes;

/// The document of an installation without a public URL, the same for each of this version.
static DOCUMENT: LazyLock<Result<String, serde_json::Error>> =
    LazyLock::new(|| openapi::text(documented_routes().into_openapi()));

/// The OpenAPI document. Its server is the one at `public_url`, or without one the server that it comes from:
/// only an absolute URL can name a server below a path.
pub fn document(public_url: Option<&str>) -> Result<Bytes, &'static serde_json::Error> {
    let text = DOCUMENT.as_ref()?;
    let Some(url) = public_url else {
        return Ok(Bytes::from_static(text.as_bytes()));
    };
    let (here, there) = (openapi::SERVER_URL, Value::from(url).to_string());
    Ok(text.replacen(here, &format!("\"url\": {there}"), 1).into())
}

/// Every kind of problem, in the order of their statuses.
pub fn problem_kinds() -> Vec<ProblemKind> {
    let kinds = Code::ALL.iter().map(|code| {
        let meaning = code.meaning();
        let example = openapi::examples::problem(*code);
        ProblemKind {
            code: code.as_str(),
            status: code.status().as_u16(),
            title: code.title(),
            when: meaning.when,
            advice: meaning.advice,
            example: format!("{example:#}"),
        }
    });
    let mut kinds: Vec<ProblemKind> = kinds.collect();
    kinds.sort_by_key(|kind| kind.status);
    kinds
}

/// Every code of a single fault.
pub fn fault_kinds() -> Vec<FaultKind> {
    let kinds = FAULT_MEANINGS.iter();
    kinds
        .map(|&(code, meaning)| FaultKind { code, meaning })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_is_the_public_url_or_the_one_that_is_asked() {
        let server = |public_url| -> Value {
            let document: Value = serde_json::from_slice(&document(public_url).unwrap()).unwrap();
            assert_eq!(document["servers"].as_array().unwrap().len(), 1);
            document["servers"][0]["url"].clone()
        };
        assert_eq!(server(None), "/");
        let url = "https://example.com/webhooks";
        assert_eq!(server(Some(url)), url);
    }
}
