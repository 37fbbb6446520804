//! A second evaluator of conditions, written for plainness alone. It reads conditions and data through
//! `serde_json`, collects every value that a path finds, and compares numbers as big integers. It shares no
//! code with the crate.

use num_bigint::BigInt;

use crate::tree::Tree;

/// Whether the conditions hold on the data.
pub fn holds(conditions: &Tree, data: &Tree) -> bool {
    let Tree::Object(members) = conditions else {
        panic!("{conditions:?}");
    };
    match (members[0].0.as_str(), &members[0].1) {
        ("all", Tree::Array(parts)) => parts.iter().all(|part| holds(part, data)),
        ("any", Tree::Array(parts)) => parts.iter().any(|part| holds(part, data)),
        ("not", part) => !holds(part, data),
        _ => row_holds(conditions, data),
    }
}

fn row_holds(row: &Tree, data: &Tree) -> bool {
    let (Some(Tree::String(path)), Some(Tree::String(op))) = (member(row, "path"), member(row, "op")) else {
        panic!("{row:?}");
    };
    let ignore_case = member(row, "ignore_case") == Some(&Tree::Literal("true".to_owned()));
    let segments: Vec<_> = path.split('/').skip(1).collect();
    let mut found = Vec::new();
    collect(data, &segments, &mut found);
    let value = member(row, "value");
    let any = |test: &dyn Fn(&Tree) -> bool| found.iter().any(|item| test(item));
    let equals = |item: &Tree| value.is_some_and(|value| equal(item, value, ignore_case));
    let among = |item: &Tree| match value {
        Some(Tree::Array(values)) => values.iter().any(|value| equal(item, value, ignore_case)),
        _ => false,
    };
    let text = |item: &Tree, test: fn(&str, &str) -> bool| match (item, value) {
        (Tree::String(item), Some(Tree::String(part))) => {
            test(&cased(item, ignore_case), &cased(part, ignore_case))
        }
        _ => false,
    };
    match op.as_str() {
        "eq" => any(&equals),
        "ne" => !any(&equals),
        "in" => any(&among),
        "not_in" => !any(&among),
        "exists" => !found.is_empty(),
        "missing" => found.is_empty(),
        "contains" => any(&|item| match item {
            Tree::Array(items) => items.iter().any(equals),
            _ => text(item, |item, part| item.contains(part)),
        }),
        "starts_with" => any(&|item| text(item, |item, part| item.starts_with(part))),
        "ends_with" => any(&|item| text(item, |item, part| item.ends_with(part))),
        op => any(&|item| {
            let ordering = match (item, value) {
                (Tree::Number(one), Some(Tree::Number(other))) => Some(compared(one, other)),
                (Tree::String(one), Some(Tree::String(other))) => Some(one.chars().cmp(other.chars())),
                _ => None,
            };
            ordering.is_some_and(|ordering| match op {
                "gt" => ordering.is_gt(),
                "gte" => ordering.is_ge(),
                "lt" => ordering.is_lt(),
                _ => ordering.is_le(),
            })
        }),
    }
}

/// The last member of this name.
fn member<'t>(object: &'t Tree, name: &str) -> Option<&'t Tree> {
    let Tree::Object(members) = object else {
        return None;
    };
    let found = members.iter().rev().find(|(other, _)| other == name);
    found.map(|(_, value)| value)
}

fn collect<'t>(data: &'t Tree, path: &[&str], found: &mut Vec<&'t Tree>) {
    let Some((segment, rest)) = path.split_first() else {
        return found.push(data);
    };
    match data {
        Tree::Array(items) if *segment == "*" => items.iter().for_each(|item| collect(item, rest, found)),
        Tree::Array(items) => {
            let at = (0..items.len()).find(|at| at.to_string() == *segment);
            at.into_iter().for_each(|at| collect(&items[at], rest, found));
        }
        Tree::Object(_) => {
            let name = segment.replace("~1", "/").replace("~0", "~");
            let child = member(data, &name);
            child.into_iter().for_each(|child| collect(child, rest, found));
        }
        _ => {}
    }
}

/// The names of an object without those that a later one replaces.
fn names(members: &[(String, Tree)]) -> std::collections::BTreeSet<&str> {
    members.iter().map(|(name, _)| name.as_str()).collect()
}

fn equal(one: &Tree, other: &Tree, ignore_case: bool) -> bool {
    match (one, other) {
        (Tree::Literal(one), Tree::Literal(other)) => one == other,
        (Tree::Number(one), Tree::Number(other)) => compared(one, other).is_eq(),
        (Tree::String(one), Tree::String(other)) => cased(one, ignore_case) == cased(other, ignore_case),
        // Within arrays and objects, case counts.
        (Tree::Array(ones), Tree::Array(others)) => {
            let equal = |(one, other)| equal(one, other, false);
            ones.len() == others.len() && ones.iter().zip(others).all(equal)
        }
        (Tree::Object(ones), Tree::Object(others)) => {
            names(ones) == names(others)
                && names(ones).into_iter().all(|name| {
                    let both = member(one, name).zip(member(other, name));
                    both.is_some_and(|(one, other)| equal(one, other, false))
                })
        }
        _ => false,
    }
}

fn cased(text: &str, ignore_case: bool) -> String {
    match ignore_case {
        true => text.chars().flat_map(char::to_lowercase).collect(),
        false => text.to_owned(),
    }
}

/// How two numbers compare: as integers, after both were multiplied by the same power of ten.
fn compared(one: &str, other: &str) -> std::cmp::Ordering {
    let ((one, one_exponent), (other, other_exponent)) = (exact(one), exact(other));
    let least = one_exponent.min(other_exponent);
    let scaled = |number: BigInt, exponent: i32| {
        let zeros = u32::try_from(exponent - least).expect("it is not below the least");
        number * BigInt::from(10).pow(zeros)
    };
    scaled(one, one_exponent).cmp(&scaled(other, other_exponent))
}

/// A number as an integer times a power of ten. Exponents have a few digits here.
fn exact(number: &str) -> (BigInt, i32) {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i32 = exponent.parse().expect("the exponent is short");
    let digits = format!("{whole}{fraction}");
    let fraction_len = i32::try_from(fraction.len()).expect("the fraction is short");
    (digits.parse().expect("they are digits"), exponent - fraction_len)
}
