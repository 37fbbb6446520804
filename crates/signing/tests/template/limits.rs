//! What `limit` blocks cut.

use proptest::prelude::*;

use crate::{json, text};

#[test]
fn a_limit_cuts_each_string_and_leaves_the_json_whole() {
    for (characters, expected) in [
        (1, r#"{"a":"…","b":["…"],"c":12}"#),
        (4, r#"{"a":"Ada…","b":["Ada…"],"c":12}"#),
        (5, r#"{"a":"Ada …","b":["Ada …"],"c":12}"#),
        (
            20,
            r#"{"a":"Ada \"A\" <b>\né \n\u00e9","b":["Ada \"A\" <b>\né"],"c":12}"#,
        ),
    ] {
        let source = format!(
            r#"{{% limit {characters} %}}{{"a":"{{{{ data.name }}}} \n\u00e9","b":{{{{ [data.name] }}}},"c":12}}{{% endlimit %}}"#
        );
        assert_eq!(json(&source), expected);
    }
    assert_eq!(
        text("{% limit 3 %}a{{ data.customer.name }}b{% endlimit %}c"),
        "aA…c"
    );
    assert_eq!(json(r#"{% limit 9 %}["\{% endlimit %}"]"]"#), r#"["\"]"]"#);
}

#[test]
fn a_limit_within_a_limit_counts_its_own_text_and_keeps_both_bounds() {
    for (source, expected) in [
        (
            "{% limit 5 %}abcd{% limit 5 %}efgh{% endlimit %}ijkl{% endlimit %}!",
            "abcd…!",
        ),
        (
            "{% limit 10 %}abcd{% limit 2 %}efgh{% endlimit %}ijkl{% endlimit %}!",
            "abcde…ijkl!",
        ),
        (
            "{% limit 9 %}abcd{% limit 2 %}efgh{% endlimit %}ijkl{% endlimit %}!",
            "abcde…ij…!",
        ),
        (
            "{% limit 4 %}abcd{% limit 9 %}efgh{% endlimit %}{% endlimit %}!",
            "abc…!",
        ),
        (
            "{% limit 4 %}ab{% limit 2 %}cd{% endlimit %}e{% endlimit %}!",
            "abc…!",
        ),
        (
            "{% limit 3 %}abcd{% limit 9 %}e{% endlimit %}f{% endlimit %}g",
            "ab…g",
        ),
        (
            "{% limit 5 %}abc😀d{% limit 1 %}e{% endlimit %}f{% endlimit %}!",
            "abc…!",
        ),
        (
            "{% limit 8 %}a{% limit 3 %}b😀{% limit 9 %}c{% endlimit %}d{% endlimit %}ef{% endlimit %}!",
            "ab…ef!",
        ),
        (
            "{% limit 3 %}{% for a in [1, 2, 3] %}{% limit 1 %}{{ a }}{% endlimit %}{% endfor %}{% endlimit %}",
            "123",
        ),
    ] {
        assert_eq!(text(source), expected, "{source}");
    }
    assert_eq!(
        json(r#"{% limit 3 %}["abc{% limit 9 %}","{% endlimit %}defgh"]{% endlimit %}"#),
        r#"["abc","de…"]"#
    );
    assert_eq!(
        json(r#"{% limit 9 %}["ab{% limit 2 %}cde","fgh"{% endlimit %},"ijk"]{% endlimit %}"#),
        r#"["abc…","f…","ijk"]"#
    );
    assert_eq!(
        json(
            r#"{% limit 9 %}["abcd{% limit 3 %}{% limit 9 %}","{% endlimit %}efgh{% endlimit %}"]{% endlimit %}"#
        ),
        r#"["abcd","ef…"]"#
    );
}

/// Parts of a JSON array of strings, with `limit` blocks that are balanced whatever the strings.
fn parts() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("a"),
        Just("bcd"),
        Just("😀"),
        Just(r"\n"),
        Just(r#"",""#),
        Just(r#"e","f"#),
        Just("{{ 'ghi' }}"),
    ];
    let leaf = leaf.prop_map(str::to_owned);
    leaf.prop_recursive(5, 40, 6, |inner| {
        (1_u32..9, proptest::collection::vec(inner, 0..6)).prop_map(|(characters, parts)| {
            format!("{{% limit {characters} %}}{}{{% endlimit %}}", parts.concat())
        })
    })
}

/// The strings of the array that these parts make, within these blocks.
fn strings(begin: &str, parts: &str, end: &str) -> Vec<String> {
    serde_json::from_str(&json(&format!("{begin}[\"{parts}\"]{end}"))).unwrap()
}

proptest! {
    /// However blocks and strings overlap, each string is there, within the outer bound, and whole or cut.
    #[test]
    fn limits_within_each_other_keep_every_string_and_the_outer_bound(
        parts in proptest::collection::vec(parts(), 0..6),
        characters in 1_usize..12,
    ) {
        let parts = parts.concat();
        let begin = format!("{{% limit {characters} %}}");
        let limited = strings(&begin, &parts, "{% endlimit %}");
        let unlimited: String = parts.split("{%").map(|part| part.split_once("%}").map_or(part, |(_, text)| text)).collect();
        let unlimited = strings("", &unlimited, "");
        prop_assert_eq!(limited.len(), unlimited.len());
        for (limited, unlimited) in limited.iter().zip(&unlimited) {
            prop_assert!(limited.encode_utf16().count() <= characters, "{} of {}", limited, unlimited);
            prop_assert!(limited == unlimited || limited.contains('…'), "{} of {}", limited, unlimited);
        }
    }
}
