//! Reads YAML 1.2 (so JSON too) into a [`Node`], by the core schema, within bounds.
//!
//! A file is refused for a second document, a tag, a key that is not a text, and a key that occurs twice.
//! Aliases are copies, and count towards [`NODES_MAX`].

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};

use super::faults::Faults;
use super::tree::{Member, Node, Place, Tree};

/// Largest file, in bytes: 200 automations of 30 KiB, with templates.
pub const FILE_BYTES_MAX: usize = 8 << 20;

/// Deepest nesting. JSON Schemas in real catalogues nest a dozen levels.
const DEPTH_MAX: usize = 100;

/// Most values, those of aliases included: a file of the largest size has fewer than half as many.
const NODES_MAX: usize = 2_000_000;

/// The one document of a text; an empty one is null. `None` if `faults` say why it cannot be read.
pub fn read(text: &str, faults: &mut Faults) -> Option<Node> {
    let text = with_characters(text);
    let mut builder = Builder {
        open: Vec::new(),
        root: None,
        anchors: HashMap::new(),
        nodes: 0,
        faults,
    };
    let mut parser = Parser::new_from_str(&text);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((event, span)) => builder.take(event, &span)?,
            Err(error) => {
                let message = format!("not valid YAML: {}", error.info());
                builder.faults.add(place(error.marker()), message);
                return None;
            }
        }
    }
    let root = builder
        .root
        .unwrap_or_else(|| Tree::Null.at(Place { line: 1, column: 1 }));
    builder.faults.is_empty().then_some(root)
}

/// JSON writes characters beyond U+FFFF as two escapes (`\ud83d\ude00`), which YAML does not know. In a file
/// that is JSON, they become the character.
fn with_characters(text: &str) -> Cow<'_, str> {
    if !text.trim_start().starts_with(['{', '[']) || !text.contains("\\u") {
        return Cow::Borrowed(text);
    }
    match Node::of_json(text) {
        Ok(_) => Cow::Owned(joined_surrogates(text)),
        Err(_) => Cow::Borrowed(text),
    }
}

fn joined_surrogates(text: &str) -> String {
    let unit = |text: &str| u16::from_str_radix(text.get(..4)?, 16).ok();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let pair = rest.strip_prefix("\\u").and_then(|high| {
            let low = high.get(4..)?.strip_prefix("\\u")?;
            char::decode_utf16([unit(high)?, unit(low)?]).next()?.ok()
        });
        match pair {
            Some(character) if character > '\u{ffff}' => {
                out.push(character);
                rest = &rest[12..];
            }
            // The backslash and what it escapes, which can be a backslash.
            _ => {
                let length = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
                out.push_str(&rest[..length]);
                rest = &rest[length..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn place(marker: &Marker) -> Place {
    Place {
        line: marker.line(),
        column: marker.col() + 1,
    }
}

/// A list or a map that has not ended yet.
struct Open {
    node: Node,
    anchor: usize,
    /// In a map: the names so far, and the one whose value comes next.
    names: HashSet<String>,
    name: Option<(String, Place)>,
    /// How many values it has so far, itself included.
    size: usize,
}

struct Builder<'a> {
    open: Vec<Open>,
    root: Option<Node>,
    /// The values with anchors, and how many values are in each.
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
    faults: &'a mut Faults,
}

impl Builder<'_> {
    /// Takes the next event; `None` after a fault that ends the reading.
    fn take(&mut self, event: Event<'_>, span: &Span) -> Option<()> {
        let at = place(&span.start);
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Some(()),
            Event::DocumentStart(_) if self.root.is_some() => {
                self.stop(at, "the file has more than one document: remove the `---`")
            }
            Event::DocumentStart(_) => Some(()),
            Event::Scalar(text, style, anchor, tag) => {
                if tag.is_some() {
                    return self.stop(
                        at,
                        "tags (`!…`) are not supported: quote a text that begins with `!`",
                    );
                }
                if self.takes_name() && text == "<<" && style == ScalarStyle::Plain {
                    return self.stop(
                        at,
                        "merge keys (`<<`) are not part of YAML 1.2: repeat the members",
                    );
                }
                if self.takes_name() {
                    return self.name(text.into_owned(), at);
                }
                let tree = match style {
                    ScalarStyle::Plain => plain(&text),
                    _ => Some(Tree::Text(text.into_owned())),
                };
                let Some(tree) = tree else {
                    return self.stop(at, "infinity and not-a-number are not JSON: quote a text");
                };
                self.add(tree.at(at), anchor, 1)
            }
            Event::SequenceStart(anchor, tag) => {
                self.open(Tree::List(Vec::new()).at(at), anchor, tag.is_some())
            }
            Event::MappingStart(anchor, tag) => {
                self.open(Tree::Map(Vec::new()).at(at), anchor, tag.is_some())
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let open = self.open.pop()?;
                self.attach(open.node, open.anchor, open.size)
            }
            Event::Alias(anchor) => {
                let Some((node, count)) = self.anchors.get(&anchor).cloned() else {
                    return self.stop(at, "this alias (`*`) refers to a value that contains it");
                };
                if self.takes_name() {
                    return match node.tree {
                        Tree::Text(text) => self.name(text, at),
                        _ => self.stop(at, "expected a text as the key"),
                    };
                }
                self.add(node, 0, count)
            }
        }
    }

    /// Whether the next scalar is the name of a member.
    fn takes_name(&self) -> bool {
        let open = self.open.last();
        open.is_some_and(|open| matches!(open.node.tree, Tree::Map(_)) && open.name.is_none())
    }

    fn name(&mut self, name: String, at: Place) -> Option<()> {
        let open = self.open.last_mut()?;
        if !open.names.insert(name.clone()) {
            self.faults.add(at, format!("`{name}` is there twice"));
        }
        open.name = Some((name, at));
        Some(())
    }

    fn open(&mut self, node: Node, anchor: usize, is_tagged: bool) -> Option<()> {
        let at = node.place;
        if is_tagged {
            return self.stop(at, "tags (`!…`) are not supported");
        }
        if self.takes_name() {
            return self.stop(at, "expected a text as the key");
        }
        if self.open.len() == DEPTH_MAX {
            return self.stop(at, &format!("nested deeper than {DEPTH_MAX} levels"));
        }
        self.count(at, 1)?;
        self.open.push(Open {
            node,
            anchor,
            names: HashSet::new(),
            name: None,
            size: 1,
        });
        Some(())
    }

    /// Adds a value of so many values, which ends here.
    fn add(&mut self, node: Node, anchor: usize, count: usize) -> Option<()> {
        self.count(node.place, count)?;
        self.attach(node, anchor, count)
    }

    fn count(&mut self, at: Place, count: usize) -> Option<()> {
        self.nodes = self.nodes.saturating_add(count);
        if self.nodes > NODES_MAX {
            return self.stop(at, "too many values: do aliases (`*`) multiply them?");
        }
        Some(())
    }

    fn attach(&mut self, node: Node, anchor: usize, count: usize) -> Option<()> {
        if anchor > 0 {
            // The copy that an alias makes later is counted then; this one is as large as the original.
            self.count(node.place, count)?;
            self.anchors.insert(anchor, (node.clone(), count));
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(open) => {
                open.size += count;
                match &mut open.node.tree {
                    Tree::Map(members) => {
                        let (name, place) = open.name.take()?;
                        let value = node;
                        members.push(Member { name, place, value });
                    }
                    Tree::List(items) => items.push(node),
                    Tree::Null | Tree::Bool(_) | Tree::Number(_) | Tree::Text(_) => return None,
                }
            }
        }
        Some(())
    }

    fn stop(&mut self, at: Place, message: &str) -> Option<()> {
        self.faults.add(at, message);
        None
    }
}

/// An unquoted scalar by the core schema (YAML 1.2.2, section 10.3.2); `None` for numbers that JSON does not
/// have.
fn plain(text: &str) -> Option<Tree> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Tree::Null,
        "true" | "True" | "TRUE" => Tree::Bool(true),
        "false" | "False" | "FALSE" => Tree::Bool(false),
        _ => match number(text) {
            Some(number) => Tree::Number(number),
            None if is_endless(text) => return None,
            None => Tree::text(text),
        },
    })
}

fn is_endless(text: &str) -> bool {
    let bare = text.trim_start_matches(['+', '-']);
    matches!(bare, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN")
}

/// The number as JSON writes it, its digits kept.
fn number(text: &str) -> Option<String> {
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let is_signed = digits.starts_with(['+', '-']);
            let value = u64::from_str_radix(digits, radix).ok().filter(|_| !is_signed);
            return value.map(|value| value.to_string());
        }
    }
    let (sign, rest) = match text.as_bytes().first()? {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
        None => (rest, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, fraction),
        None => (mantissa, ""),
    };
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let has_exponent = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && is_digits(digits)
    });
    if !is_digits(whole) || !is_digits(fraction) || whole.len() + fraction.len() == 0 || !has_exponent {
        return None;
    }
    let trimmed = whole.trim_start_matches('0');
    let whole = if trimmed.is_empty() { "0" } else { trimmed };
    let mut json = format!("{sign}{whole}");
    if !fraction.is_empty() {
        json.push_str(&format!(".{fraction}"));
    }
    json.extend(exponent.map(|exponent| format!("e{exponent}")));
    Some(json)
}

#[cfg(test)]
mod tests;
