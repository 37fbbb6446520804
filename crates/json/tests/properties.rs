//! Properties that hold for every document.

mod documents;
mod tree;

use documents::document;
use postrider_json::inspect;
use proptest::prelude::*;
use tree::Tree;

/// Texts that are nearly JSON.
fn near_json() -> impl Strategy<Value = String> {
    let edit = (
        any::<prop::sample::Index>(),
        0..3_usize,
        "[\\[\\]{},:\"\\\\ \n\tu0123456789.eE+\\-truefalsn/é]{0,2}",
    );
    (document(), prop::collection::vec(edit, 0..4)).prop_map(|(text, edits)| {
        let mut characters: Vec<char> = text.chars().collect();
        for (at, removed, inserted) in edits {
            let start = at.index(characters.len() + 1);
            let end = (start + removed).min(characters.len());
            characters.splice(start..end, inserted.chars());
        }
        characters.into_iter().collect()
    })
}

fn accepts_as_serde_json_does(text: &str) -> Result<(), TestCaseError> {
    // Unlike `Value`, `IgnoredAny` has no limits of its own on numbers, surrogates or depth.
    let accepted = serde_json::from_str::<serde::de::IgnoredAny>(text);
    let inspected = inspect(text);
    prop_assert_eq!(
        inspected.is_ok(),
        accepted.is_ok(),
        "{:?} {:?}",
        inspected,
        accepted
    );
    if let Err(error) = inspected {
        prop_assert!(text.is_char_boundary(error.offset));
        let before = &text[..error.offset];
        prop_assert_eq!(error.line, 1 + before.matches('\n').count());
        prop_assert_eq!(
            error.column,
            1 + before.rsplit('\n').next().unwrap_or("").chars().count()
        );
    }
    Ok(())
}

/// Whether the JSON pointer leads to a value, through any of several members with the same name.
fn leads_into(pointer: &str, tree: &Tree) -> bool {
    let Some(path) = pointer.strip_prefix('/') else {
        return pointer.is_empty();
    };
    let end = path.find('/').unwrap_or(path.len());
    let (segment, rest) = (path[..end].replace("~1", "/").replace("~0", "~"), &path[end..]);
    match tree {
        Tree::Array(items) => segment
            .parse()
            .ok()
            .and_then(|at: usize| items.get(at))
            .is_some_and(|item| leads_into(rest, item)),
        Tree::Object(members) => members
            .iter()
            .any(|(name, value)| *name == segment && leads_into(rest, value)),
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_loss_is_pointed_to_within_the_document(json in document()) {
        let Some(loss) = inspect(&json).unwrap().loss else { return Ok(()) };
        prop_assert!(loss.pointer.is_empty() || loss.pointer.starts_with('/'));
        // `serde_json` refuses lone surrogates.
        if let Ok(tree) = Tree::read(&json) {
            prop_assert!(leads_into(&loss.pointer, &tree), "{:?}", loss);
        }
    }

    #[test]
    fn near_json_is_accepted_exactly_where_serde_json_accepts_it(text in near_json()) {
        accepts_as_serde_json_does(&text)?;
    }

    #[test]
    fn arbitrary_text_is_accepted_exactly_where_serde_json_accepts_it(text in any::<String>()) {
        accepts_as_serde_json_does(&text)?;
    }

    #[test]
    fn cut_off_json_is_accepted_exactly_where_serde_json_accepts_it(json in document(), at in any::<prop::sample::Index>()) {
        let end = (0..=at.index(json.len())).rev().find(|&end| json.is_char_boundary(end)).unwrap_or(0);
        accepts_as_serde_json_does(&json[..end])?;
    }
}
