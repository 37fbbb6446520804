//! The documentation: the API says what it is, and `postrider_docs` makes it readable.

use postrider_api::reference;
use postrider_docs::{Docs, DocsParts};

use crate::config::Settings;

/// The documentation, unless the operator does not show it.
pub fn docs(settings: &Settings) -> Option<Docs> {
    let public_url = settings.public_url.as_ref().map(|url| url.as_str().to_owned());
    settings
        .docs
        .then(|| Docs::new(move || parts(public_url.as_deref())))
}

fn parts(public_url: Option<&str>) -> DocsParts {
    let document = reference::document(public_url);
    let document =
        document.inspect_err(|error| tracing::error!(%error, "could not write the OpenAPI document"));
    DocsParts {
        document: document.unwrap_or_default(),
        problems: reference::problem_kinds(),
        faults: reference::fault_kinds(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_and_every_kind_of_problem_is_in_the_documentation() {
        let docs = Docs::new(|| parts(None));
        let tags = &docs.reference().tags;
        let operations: usize = tags.iter().map(|tag| tag.operations.len()).sum();
        let document = std::str::from_utf8(docs.document()).unwrap();
        let documented = document.matches("\"operationId\"").count();
        assert_eq!(operations, documented);
        for tag in tags {
            assert!(docs.reference().operation(&tag.slug).is_none(), "{}", tag.slug);
            assert!(!tag.description.is_empty(), "{}", tag.slug);
            for operation in &tag.operations {
                let body = operation.request.iter();
                let bodies = body.chain(operation.responses.iter().filter_map(|it| it.body.as_ref()));
                for body in bodies {
                    assert!(!body.example.is_empty(), "{} has no example", operation.id);
                }
                assert_eq!(operation.snippets.len(), 3);
                assert!(!operation.snippets[0].code.contains('{') || operation.request.is_some());
            }
        }
        assert_eq!(docs.problems().len(), reference::problem_kinds().len());
        let (entries, words, bytes) = docs.index().size();
        assert!(entries > docs.problems().len() + operations + 300, "{entries}");
        // So that a look at the documentation costs no more memory than the document itself does.
        assert!(bytes < 4 << 20, "{entries} entries, {words} words, {bytes} bytes");
    }
}
