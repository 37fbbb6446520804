//! What holds for every document.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod documents;
mod tree;

use documents::document;
use postrider_signing::{BodyStyle, inspect, render_value};
use proptest::prelude::*;
use tree::Tree;

const STYLES: [BodyStyle; 2] = [BodyStyle::Js, BodyStyle::Python];

fn rendered(json: &str, style: BodyStyle) -> String {
    let mut out = Vec::new();
    render_value(json, style, &mut out);
    String::from_utf8(out).unwrap()
}

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

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_000,
        // Many documents are lossy on purpose.
        max_global_rejects: 10_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn rendering_twice_is_rendering_once(json in document()) {
        prop_assume!(inspect(&json).unwrap().loss.is_none());
        for style in STYLES {
            let once = rendered(&json, style);
            prop_assert_eq!(inspect(&once).unwrap().loss, None);
            prop_assert_eq!(rendered(&once, style), once);
        }
    }

    #[test]
    fn a_lossless_document_says_the_same_after_rendering(json in document()) {
        prop_assume!(inspect(&json).unwrap().loss.is_none());
        for style in STYLES {
            let rendered = rendered(&json, style);
            let (before, after) = (Tree::read(&json).unwrap(), Tree::read(&rendered).unwrap());
            prop_assert!(before.equals(&after), "{}", rendered);
        }
    }

    #[test]
    fn a_fixed_point_is_never_claimed_falsely(json in document()) {
        let inspection = inspect(&json).unwrap();
        if inspection.js_fixed_point {
            prop_assert_eq!(rendered(&json, BodyStyle::Js), &json[..]);
        }
        if inspection.python_fixed_point {
            prop_assert_eq!(rendered(&json, BodyStyle::Python), &json[..]);
        }
    }

    #[test]
    fn a_rendered_document_without_array_indices_is_known_to_be_a_fixed_point(json in document()) {
        prop_assume!(inspect(&json).unwrap().loss.is_none());
        prop_assert!(inspect(&rendered(&json, BodyStyle::Python)).unwrap().python_fixed_point);
        let js = rendered(&json, BodyStyle::Js);
        let has_index = js.split('"').any(|part| part.parse::<u32>().is_ok());
        prop_assert!(has_index || inspect(&js).unwrap().js_fixed_point, "{}", js);
    }

    #[test]
    fn a_loss_is_pointed_to_within_the_document(json in document()) {
        let Some(loss) = inspect(&json).unwrap().loss else { return Ok(()) };
        prop_assert!(loss.pointer.is_empty() || loss.pointer.starts_with('/'));
        // `serde_json` refuses lone surrogates.
        if let Ok(tree) = Tree::read(&json) {
            prop_assert!(tree.has(&loss.pointer), "{:?}", loss);
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
    fn cut_off_json_is_no_json_and_rendering_it_copies_it(json in document(), at in any::<prop::sample::Index>()) {
        let end = (0..=at.index(json.len())).rev().find(|&end| json.is_char_boundary(end)).unwrap_or(0);
        let cut = &json[..end];
        accepts_as_serde_json_does(cut)?;
        for style in STYLES {
            let copy = rendered(cut, style);
            if inspect(cut).is_err() {
                prop_assert_eq!(copy, cut.trim_matches([' ', '\t', '\r', '\n']));
            }
        }
    }
}
