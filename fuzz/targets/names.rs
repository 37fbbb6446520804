//! Names that people read: what is accepted can be seen, and orders nothing else, by the tables of Unicode.
#![no_main]
#![forbid(unsafe_code)]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use postrider_model::name::{NameError, first_deceptive, shown_name};
use regex::Regex;

/// Characters without a shape of their own. The joiners and the selectors of variants are needed in names.
static HIDDEN: LazyLock<Regex> = LazyLock::new(|| {
    let hidden = r"[\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\p{Cc}\p{Co}&&[^\u{200c}\u{200d}\u{180b}-\u{180d}\u{180f}\u{fe00}-\u{fe0f}\u{e0100}-\u{e01ef}]]";
    Regex::new(hidden).expect("it is valid")
});

fuzz_target!(|text: &str| {
    let errors: Vec<_> = NameError::all_of(text).collect();
    assert!(errors.len() <= 4);
    if let Some(character) = first_deceptive(text) {
        assert!(text.contains(character) && errors.contains(&NameError::Deceptive(character)));
    }
    assert!(shown_name(text).is_none_or(|shown| NameError::all_of(&shown).next().is_none()));
    if !errors.is_empty() {
        return;
    }
    if let Some(found) = HIDDEN.find(text) {
        panic!("{:?} is accepted in {text:?}", found.as_str());
    }
    assert!(!text.trim().is_empty() && text.chars().count() <= 256);
    assert!(!text.starts_with(['\u{200c}', '\u{200d}']));
});
