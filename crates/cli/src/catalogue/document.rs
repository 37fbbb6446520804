//! A document, and where its references lead.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use crate::declared::tree::{Node, Tree};

/// Most references in a row. Documents have two or three.
const CHAIN_MAX: usize = 100;

/// Most members that all look-ups of a document compare, so that many references into a large map end in
/// about a second.
const STEPS_MAX: usize = 200_000_000;

/// A document.
#[derive(Debug)]
pub struct Document<'a> {
    root: &'a Node,
    /// Whether its schemas are those of OpenAPI 3.0, which has words of its own.
    pub has_old_schemas: bool,
    found: RefCell<HashMap<String, Option<&'a Node>>>,
    steps: Cell<usize>,
}

/// A value of a document, and the JSON pointer that leads to it.
#[derive(Debug, Clone)]
pub struct At<'a> {
    /// The value.
    pub node: &'a Node,
    /// Where it is.
    pub pointer: String,
}

impl<'a> At<'a> {
    /// The member of this name.
    pub fn member(&self, name: &str) -> Option<Self> {
        Some(At {
            node: self.node.get(name)?,
            pointer: self.to(name),
        })
    }

    /// The pointer of the member of this name.
    pub fn to(&self, name: &str) -> String {
        format!("{}/{}", self.pointer, escaped(name))
    }

    /// Its members by name; none if it is not a map.
    pub fn members(&self) -> impl Iterator<Item = (&'a str, Self)> {
        let members = self.node.members().iter();
        members.map(|member| {
            let pointer = self.to(&member.name);
            let node = &member.value;
            (member.name.as_str(), At { node, pointer })
        })
    }

    /// Its items; none if it is not a list.
    pub fn items(&self) -> impl Iterator<Item = Self> {
        let items = self.node.items().iter().enumerate();
        items.map(|(at, node)| At {
            node,
            pointer: format!("{}/{at}", self.pointer),
        })
    }
}

impl<'a> Document<'a> {
    /// A document.
    pub fn new(root: &'a Node, has_old_schemas: bool) -> Self {
        Self {
            root,
            has_old_schemas,
            found: RefCell::default(),
            steps: Cell::new(0),
        }
    }

    /// The whole document.
    pub const fn root(&self) -> At<'a> {
        At {
            node: self.root,
            pointer: String::new(),
        }
    }

    /// What a value means: itself, or what its `$ref` refers to. Other members beside `$ref` do not count.
    /// Fails with what is wrong with a reference.
    pub fn follow(&self, at: At<'a>) -> Result<At<'a>, String> {
        self.follow_while(at, |_| true)
    }

    /// What a schema means, if it only refers to another. Beside its `$ref`, it can have a description.
    pub fn follow_schema(&self, at: At<'a>) -> Result<At<'a>, String> {
        let is_only_reference = |node: &Node| {
            let mut names = node.members().iter().map(|member| member.name.as_str());
            names.all(|name| matches!(name, "$ref" | "description" | "summary" | "title"))
        };
        self.follow_while(at, is_only_reference)
    }

    fn follow_while(&self, mut at: At<'a>, is_followed: impl Fn(&Node) -> bool) -> Result<At<'a>, String> {
        for _ in 0..CHAIN_MAX {
            match at.node.text_of("$ref") {
                Some(reference) if is_followed(at.node) => at = self.resolve(reference)?,
                _ => return Ok(at),
            }
        }
        Err(format!(
            "the references here lead in a circle, or through more than {CHAIN_MAX} others"
        ))
    }

    /// What a reference refers to. Fails with what is wrong with it.
    pub fn resolve(&self, reference: &str) -> Result<At<'a>, String> {
        let Some(fragment) = reference.strip_prefix('#') else {
            return Err(format!(
                "`{reference}` is in another document: bundle both into one first, as `redocly bundle` does"
            ));
        };
        let pointer = decoded(fragment).filter(|pointer| pointer.is_empty() || pointer.starts_with('/'));
        let Some(pointer) = pointer else {
            return Err(format!(
                "`{reference}` is not a JSON pointer, such as `#/components/schemas/X`"
            ));
        };
        let known = self.found.borrow().get(&pointer).copied();
        let node = match known {
            Some(node) => node,
            None => {
                let node = self.find(&pointer)?;
                self.found.borrow_mut().insert(pointer.clone(), node);
                node
            }
        };
        let node = node.ok_or_else(|| format!("the document has no `{reference}`"))?;
        Ok(At { node, pointer })
    }

    fn find(&self, pointer: &str) -> Result<Option<&'a Node>, String> {
        let mut node = self.root;
        for step in pointer.split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            self.steps.set(self.steps.get() + node.members().len());
            if self.steps.get() > STEPS_MAX {
                return Err("the document has too many references into large maps".to_owned());
            }
            let inner = match &node.tree {
                Tree::List(items) => step.parse().ok().and_then(|at: usize| items.get(at)),
                _ => node.get(&step),
            };
            let Some(inner) = inner else { return Ok(None) };
            node = inner;
        }
        Ok(Some(node))
    }
}

/// A segment of a JSON pointer (RFC 6901).
pub fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// A URI's fragment without its percent signs; `None` if they do not decode to a text.
fn decoded(fragment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let (digits, behind) = rest.split_at_checked(2)?;
        let digits = std::str::from_utf8(digits).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = behind;
    }
    String::from_utf8(bytes).ok()
}

/// A JSON pointer as a URI's fragment (RFC 3986, section 3.5).
pub fn encoded(pointer: &str) -> String {
    let mut out = String::with_capacity(pointer.len());
    for byte in pointer.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@?".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_lead_to_values_by_their_pointers() {
        let json =
            r##"{"a b":{"x/y":[{"z~":1}]},"c":{"$ref":"#/d"},"d":{"$ref":"#/c"},"e":{"$ref":"#/a%20b"}}"##;
        let root = Node::of_json(json).unwrap();
        let document = Document::new(&root, false);
        let found = |reference: &str| document.resolve(reference).map(|at| (at.node.json(), at.pointer));
        for reference in ["#/a%20b/x~1y/0/z~0", "#/a b/x~1y/0/z~0"] {
            assert_eq!(
                found(reference).unwrap(),
                ("1".to_owned(), "/a b/x~1y/0/z~0".to_owned())
            );
        }
        assert_eq!(encoded("/a b/x~1y/é"), "/a%20b/x~1y/%C3%A9");
        for (reference, expected) in [
            ("b.yaml#/a", "is in another document"),
            ("https://a.example/b", "is in another document"),
            ("#a", "is not a JSON pointer"),
            ("#/%zz", "is not a JSON pointer"),
            ("#/a b/x~1y/1", "has no `#/a b/x~1y/1`"),
        ] {
            let error = found(reference).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        let follow = |name: &str| document.follow(document.root().member(name).unwrap());
        assert_eq!(follow("e").unwrap().pointer, "/a b");
        assert!(follow("c").unwrap_err().contains("in a circle"));
    }
}
