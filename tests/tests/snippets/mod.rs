//! The snippets that the console shows verify real deliveries.
//!
//! Each snippet is rendered for an installation with its own header prefix, and served by the harness of its
//! language. It then receives a server's real delivery, unchanged and modified. The Node, Python, PHP and
//! Rust snippets always run, also those with a library that `./test` installs. The test prints what cannot
//! run here.

mod delivery;
mod language;
mod placeholders;
mod receiver;

use std::collections::BTreeSet;
use std::io::Write as _;

use delivery::{Deliveries, WRONG_KEY};
use language::{Language, Way};
use receiver::Snippet;

/// Checks the promises of a snippet. A snippet that cannot run here is skipped, and
/// [`snippets_that_were_not_run_are_reported`] reports it.
async fn keeps_its_promises(language: Language, way: Way) {
    if language.obstacle(way).is_some() {
        return;
    }
    let snippet = Snippet::prepare(language, way);
    let deliveries = Deliveries::capture().await;
    let (before, during) = (&deliveries.before_rotation, &deliveries.during_rotation);

    let old = snippet.serve(&deliveries.old_key);
    assert_eq!(old.status_for(before).await, 204, "genuine");
    assert_eq!(
        old.status_for(&before.with_a_byte_changed()).await,
        401,
        "a byte changed"
    );
    assert_eq!(
        old.status_for(&before.without_signatures()).await,
        401,
        "not signed"
    );
    assert_eq!(
        old.status_for(during).await,
        204,
        "the old key, while it overlaps"
    );

    let new = snippet.serve(&deliveries.new_key);
    assert_eq!(
        new.status_for(during).await,
        204,
        "the new key, while it overlaps"
    );
    assert_eq!(
        new.status_for(&during.with_a_byte_changed()).await,
        401,
        "a byte changed"
    );
    assert_eq!(
        new.status_for(before).await,
        401,
        "from before there was this key"
    );

    let wrong = snippet.serve(WRONG_KEY);
    assert_eq!(wrong.status_for(before).await, 401, "another key");
    assert_eq!(wrong.status_for(during).await, 401, "another key than either");

    // Without a key, the snippet may crash or not even start. But it must not use an empty key.
    if let Some(keyless) = snippet.try_serve(None) {
        let status = keyless.try_status_for(&before.forged_without_a_key()).await;
        assert!(status.is_none_or(|status| status >= 400), "no key: {status:?}");
    }
}

macro_rules! snippet_tests {
    ($($name:ident: $language:ident by $way:ident,)*) => {$(
        #[tokio::test]
        async fn $name() {
            keeps_its_promises(Language::$language, Way::$way).await;
        }
    )*};
}

snippet_tests! {
    node_verifies_by_hmac: Node by Hmac,
    node_verifies_by_its_library: Node by StandardWebhooks,
    python_verifies_by_hmac: Python by Hmac,
    python_verifies_by_its_library: Python by StandardWebhooks,
    php_verifies_by_hmac: Php by Hmac,
    go_verifies_by_hmac: Go by Hmac,
    ruby_verifies_by_hmac: Ruby by Hmac,
    java_verifies_by_hmac: Java by Hmac,
    csharp_verifies_by_hmac: CSharp by Hmac,
    rust_verifies_by_hmac: Rust by Hmac,
    rust_verifies_by_its_library: Rust by StandardWebhooks,
}

#[test]
fn snippets_that_were_not_run_are_reported() {
    let named: Vec<_> = Language::ALL
        .iter()
        .flat_map(|language| Way::ALL.map(|way| (*language, way)))
        .filter_map(|(language, way)| {
            let obstacle = language.obstacle(way)?;
            Some(format!("{}/{} ({obstacle})", language.folder(), way.file_stem()))
        })
        .collect();
    // Written to standard error directly, so that the runner does not capture it, and in one write, so that
    // it is not mixed with other output.
    let line = format!("snippets not run here: {}\n", named.join(", "));
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

#[test]
fn every_snippet_has_a_test_and_only_known_placeholders() {
    let expected: BTreeSet<_> = Language::ALL
        .iter()
        .flat_map(|language| Way::ALL.map(|way| language.snippet(way)))
        .collect();
    let mut found = BTreeSet::new();
    for folder in std::fs::read_dir(language::snippets()).unwrap() {
        let folder = folder.unwrap().path();
        if folder.is_dir() {
            found.extend(
                std::fs::read_dir(folder)
                    .unwrap()
                    .map(|file| file.unwrap().path()),
            );
        }
    }
    assert_eq!(found, expected);
    for path in found {
        let template = std::fs::read_to_string(&path).unwrap();
        let rendered = placeholders::render(&template, placeholders::PREFIX);
        assert!(!rendered.contains("{{"), "{rendered}");
        let names_our_header = rendered
            .to_ascii_lowercase()
            .replace('_', "-")
            .contains("acme-billing-signature-next");
        let is_hmac = path.file_stem().unwrap() == Way::Hmac.file_stem();
        assert_eq!(names_our_header, is_hmac, "{}", path.display());
    }
}
