//! Generates JSON documents in many odd spellings.

use proptest::prelude::*;

/// Documents with compact, Python-style or arbitrary spacing.
pub fn document() -> impl Strategy<Value = String> {
    let spacing = prop_oneof![
        4 => Just(Spacing::Compact),
        4 => Just(Spacing::Python),
        2 => Just(Spacing::Wild),
    ];
    (spacing, node()).prop_map(|(spacing, node)| {
        let mut text = String::new();
        if spacing == Spacing::Wild {
            text.push_str("\r\n");
        }
        node.print(spacing, &mut text);
        if spacing == Spacing::Wild {
            text.push_str(" \t");
        }
        text
    })
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Spacing {
    Compact,
    Python,
    Wild,
}

#[derive(Debug, Clone)]
enum Node {
    Scalar(String),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    fn print(&self, spacing: Spacing, out: &mut String) {
        let (comma, colon, pad) = match spacing {
            Spacing::Compact => (",", ":", ""),
            Spacing::Python => (", ", ": ", ""),
            Spacing::Wild => (" ,\t", " :  ", "\n "),
        };
        match self {
            Self::Scalar(text) => out.push_str(text),
            Self::Array(items) => {
                out.push('[');
                out.push_str(pad);
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at > 0 { comma } else { "" });
                    item.print(spacing, out);
                }
                out.push_str(pad);
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                out.push_str(pad);
                for (at, (name, value)) in members.iter().enumerate() {
                    out.push_str(if at > 0 { comma } else { "" });
                    out.push_str(name);
                    out.push_str(colon);
                    value.print(spacing, out);
                }
                out.push_str(pad);
                out.push('}');
            }
        }
    }
}

fn node() -> impl Strategy<Value = Node> {
    let scalar = prop_oneof![
        3 => number(),
        3 => string(),
        1 => prop_oneof![Just("true"), Just("false"), Just("null")].prop_map(String::from),
    ]
    .prop_map(Node::Scalar);
    scalar.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Node::Array),
            prop::collection::vec((name(), inner.clone()), 0..6).prop_map(Node::Object),
            // Unique names, so that most larger documents are lossless.
            prop::collection::vec((array_index_or_word(), inner), 0..6).prop_map(|members| {
                let mut seen = std::collections::HashSet::new();
                Node::Object(
                    members
                        .into_iter()
                        .filter(|(name, _)| seen.insert(name.clone()))
                        .collect(),
                )
            }),
        ]
    })
}

fn array_index_or_word() -> impl Strategy<Value = String> {
    prop_oneof![
        "\"[0-9]\"",
        "\"[1-9][0-9]{1,9}\"",
        "\"[a-z]{1,12}\"",
        "\"customer_[a-z]{2}\""
    ]
}

fn name() -> impl Strategy<Value = String> {
    const ODD: &[&str] = &[
        "",
        "a",
        "b",
        r"\u0061",
        r"\u0062",
        "é",
        r"\u00e9",
        "0",
        "1",
        "2",
        "10",
        r"\u0031",
        "01",
        "-1",
        "1.5",
        "00",
        "1e3",
        "4294967294",
        "4294967295",
        "4294967296",
        "9007199254740991",
        "99999999999999999999",
        "__proto__",
        "constructor",
        "toString",
        "length",
        "~/",
        "customer_id",
        "customer_it",
    ];
    prop_oneof![
        4 => prop::sample::select(ODD).prop_map(|name| format!("\"{name}\"")),
        1 => string(),
    ]
}

fn string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => "[ -!#-\\[\\]-~]{1,12}",
        2 => prop::sample::select(&[
            r#"\""#, r"\\", r"\/", r"\b", r"\f", r"\n", r"\r", r"\t", r"\u0000", r"\u0001", r"\u000a", r"\u000A",
            r"\u001f", r"\u001F", r"\u0020", r"\u0022", r"\u002f", r"\u005C", r"\u007f", r"\u007F", r"\u00e9",
            r"\u00E9", r"\u2028", r"\uffff", r"\uFFFF", r"\ud83d\ude00", r"\uD83D\uDE00", r"\ud83d\uDE00",
        ][..]).prop_map(String::from),
        2 => prop::sample::select(&["é", "\u{7f}", "😀", "\u{2028}", "\u{ffff}", "\u{80}", "ÿ"][..]).prop_map(String::from),
        1 => any::<char>().prop_map(|character| match character {
            '"' | '\\' | ..'\u{20}' => String::new(),
            other => other.to_string(),
        }),
    ];
    let lone =
        prop::sample::select(&[r"\ud800", r"\uDFFF", r"\ude00\ud83d", r"\ud83dx", r"\ud83d\u0041"][..]);
    prop_oneof![
        30 => prop::collection::vec(piece, 0..5).prop_map(|pieces| format!("\"{}\"", pieces.concat())),
        1 => lone.prop_map(|text| format!("\"{text}\"")),
    ]
}

/// Numbers at which the styles begin to print differently, and numbers at the limits of a double.
const ODD_NUMBERS: &[&str] = &[
    "0",
    "-0",
    "-0.0",
    "-0e5",
    "0.0",
    "0e5",
    "0E-400",
    "0.00",
    "1.0",
    "1.10",
    "-1",
    "1E2",
    "1e+2",
    "1e2",
    "1e15",
    "1e16",
    "1e+16",
    "1e17",
    "1e20",
    "1e21",
    "1e+21",
    "1e22",
    "1e-4",
    "1e-5",
    "1e-05",
    "1e-6",
    "1e-7",
    "1e-07",
    "0.0001",
    "0.00001",
    "0.000001",
    "0.0000001",
    "123456.789e3",
    "5e-324",
    "2e-324",
    "3e-324",
    "4.9406564584124654e-324",
    "2.2250738585072014e-308",
    "2.2250738585072011e-308",
    "1.7976931348623157e308",
    "1.7976931348623159e308",
    "1e308",
    "1e309",
    "1e400",
    "1e-400",
    "9007199254740991",
    "9007199254740992",
    "9007199254740993",
    "1000000000000000000000",
    "100000000000000000000",
    "123456789012345678901",
    "12345678901234567890",
    "0.1000000000000000055",
    "0.30000000000000004",
    "3.0000000000000000001",
    "10000000000000000.0",
    "1000000000000000.5",
    "1e99999999999999999999",
    "0e99999999999999999999",
    "1e-99999999999999999999",
    "123456789012345.6",
    "12345678901234567",
    "1234567890123456",
    "72057594037927936",
    "1.5e300",
    "1.5e+300",
    "5e-7",
    "1.2345e-7",
    "999999999999999900000",
    "1e23",
    "8.5e22",
];

fn number() -> impl Strategy<Value = String> {
    let double = any::<u64>()
        .prop_map(f64::from_bits)
        .prop_filter("finite", |double| double.is_finite());
    prop_oneof![
        4 => prop::sample::select(ODD_NUMBERS).prop_map(String::from),
        3 => "-?(0|[1-9][0-9]{0,4})(\\.[0-9]{1,4})?",
        2 => "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
        2 => double.prop_map(|double| format!("{double:e}")),
        1 => any::<i64>().prop_map(|integer| integer.to_string()),
        1 => (-1e9..1e9).prop_map(|double: f64| double.to_string()),
    ]
}
