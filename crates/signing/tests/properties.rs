//! Properties that hold for every document.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../json/tests/documents/mod.rs"]
mod documents;
#[path = "../../json/tests/tree/mod.rs"]
mod tree;

use documents::document;
use postrider_json::inspect;
use postrider_signing::{BodyStyle, render_value};
use proptest::prelude::*;
use tree::Tree;

const STYLES: [BodyStyle; 2] = [BodyStyle::Js, BodyStyle::Python];

fn rendered(json: &str, style: BodyStyle) -> String {
    let mut out = Vec::new();
    render_value(json, style, &mut out);
    String::from_utf8(out).unwrap()
}

/// Whether a receiver reads the same from both, in any order of members.
fn says_the_same(left: &Tree, right: &Tree) -> bool {
    match (left, right) {
        (Tree::Number(left), Tree::Number(right)) => left.parse::<f64>() == right.parse::<f64>(),
        (Tree::Array(left), Tree::Array(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| says_the_same(left, right))
        }
        (Tree::Object(left), Tree::Object(right)) => {
            let has = |(name, value): &(String, Tree)| {
                right
                    .iter()
                    .any(|(other, candidate)| name == other && says_the_same(value, candidate))
            };
            left.len() == right.len() && left.iter().all(has)
        }
        _ => left == right,
    }
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
    fn rendering_a_lossless_document_keeps_its_values(json in document()) {
        prop_assume!(inspect(&json).unwrap().loss.is_none());
        for style in STYLES {
            let rendered = rendered(&json, style);
            let (before, after) = (Tree::read(&json).unwrap(), Tree::read(&rendered).unwrap());
            prop_assert!(says_the_same(&before, &after), "{}", rendered);
        }
    }

    #[test]
    fn every_reported_fixed_point_is_one(json in document()) {
        let inspection = inspect(&json).unwrap();
        if inspection.js_fixed_point {
            prop_assert_eq!(rendered(&json, BodyStyle::Js), &json[..]);
        }
        if inspection.python_fixed_point {
            prop_assert_eq!(rendered(&json, BodyStyle::Python), &json[..]);
        }
    }

    #[test]
    fn a_rendered_document_without_array_indices_is_recognised_as_a_fixed_point(json in document()) {
        prop_assume!(inspect(&json).unwrap().loss.is_none());
        prop_assert!(inspect(&rendered(&json, BodyStyle::Python)).unwrap().python_fixed_point);
        let js = rendered(&json, BodyStyle::Js);
        let has_index = js.split('"').any(|part| part.parse::<u32>().is_ok());
        prop_assert!(has_index || inspect(&js).unwrap().js_fixed_point, "{}", js);
    }

    #[test]
    fn invalid_json_is_copied(json in document(), at in any::<prop::sample::Index>()) {
        let end = (0..=at.index(json.len())).rev().find(|&end| json.is_char_boundary(end)).unwrap_or(0);
        let cut = &json[..end];
        for style in STYLES {
            let copy = rendered(cut, style);
            if inspect(cut).is_err() {
                prop_assert_eq!(copy, cut.trim_matches([' ', '\t', '\r', '\n']));
            }
        }
    }
}
