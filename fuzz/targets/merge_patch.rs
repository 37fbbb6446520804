//! RFC 7396 from text to text, against a direct transcription of its algorithm. The input is the target and
//! the patch, with a NUL between them.
#![no_main]
#![forbid(unsafe_code)]

#[path = "../../crates/json/tests/tree/mod.rs"]
mod tree;

use libfuzzer_sys::fuzz_target;
use postrider_json::{UniqueMembers, Value, merge_patch};
use tree::Tree;

fuzz_target!(|bytes: &[u8]| {
    let Some((target, patch)) = std::str::from_utf8(bytes).ok().and_then(|it| it.split_once('\0')) else {
        return;
    };
    // What `merge_patch` requires, and what the API checks before it.
    let is_control = |text: &str| serde_json::from_str::<UniqueMembers>(text).is_ok();
    if !is_control(target) || !is_control(patch) {
        return;
    }
    let (before, change) = (tree_of(target), tree_of(patch));
    let merged = merge_patch(target, patch);
    assert_eq!(merged.is_ok(), matches!(change, Tree::Object(_)));
    let Ok(merged) = merged else { return };
    let mut expected = String::new();
    print(&apply(Some(before), change), &mut expected);
    assert_eq!(canonical_of(&merged), canonical_of(&expected), "{merged}");
    assert!(serde_json::from_str::<UniqueMembers>(&merged).is_ok(), "{merged}");
    assert_eq!(
        merge_patch(&merged, patch).as_ref(),
        Ok(&merged),
        "a patch applied twice is applied once"
    );
});

fn tree_of(text: &str) -> Tree {
    Tree::read(text).expect("it was read before")
}

fn canonical_of(text: &str) -> String {
    Value::read(text).expect("it is JSON").canonical()
}

/// `MergePatch(Target, Patch)` of RFC 7396, section 2.
fn apply(target: Option<Tree>, patch: Tree) -> Tree {
    let Tree::Object(changes) = patch else {
        return patch;
    };
    let mut members = match target {
        Some(Tree::Object(members)) => members,
        _ => Vec::new(),
    };
    for (name, change) in changes {
        let at = members.iter().position(|(other, _)| *other == name);
        let former = at.map(|at| members.remove(at).1);
        if change != Tree::Literal("null".to_owned()) {
            members.push((name, apply(former, change)));
        }
    }
    Tree::Object(members)
}

fn print(tree: &Tree, out: &mut String) {
    match tree {
        Tree::Literal(text) | Tree::Number(text) => out.push_str(text),
        Tree::String(text) => out.push_str(&serde_json::Value::from(text.as_str()).to_string()),
        Tree::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                print(item, out);
            }
            out.push(']');
        }
        Tree::Object(members) => {
            out.push('{');
            for (at, (name, value)) in members.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                print(&Tree::String(name.clone()), out);
                out.push(':');
                print(value, out);
            }
            out.push('}');
        }
    }
}
