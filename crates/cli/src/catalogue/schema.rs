//! Makes a schema of a document self-contained, and puts a self-contained one into a document.
//!
//! The server takes schemas that refer to themselves only. What a schema refers to elsewhere in its document
//! becomes one of its `$defs`, once, so that the result is not larger than what is reached.

use std::collections::{HashMap, HashSet, VecDeque};

use super::document::{At, Document, encoded};
use super::found::Fault;
use super::keywords::{Visit, has_own_base, references, visit};
use crate::declared::tree::{Member, Node, Place, Tree};

/// Most values of one self-contained schema. A server takes requests of 256 KiB unless its operator allows
/// more, which have room for a tenth of that.
const SCHEMA_NODES_MAX: usize = 200_000;

/// Most values of all self-contained schemas of a document: as many as a file can have itself. A small
/// document, all of whose types reach all of its schemas, would otherwise become gigabytes.
const ALL_NODES_MAX: usize = 2_000_000;

/// Most faults of one schema that are kept.
const SCHEMA_FAULTS_MAX: usize = 100;

/// How many values the schemas of a document may still have.
#[derive(Debug)]
pub struct Budget {
    left: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: ALL_NODES_MAX }
    }
}

/// The schema at this place, self-contained. Fails with everything that is wrong with its references.
pub fn self_contained<'a>(
    document: &Document<'a>,
    at: &At<'a>,
    budget: &mut Budget,
) -> Result<Node, Vec<Fault>> {
    let mut copying = Copying::new(document, budget);
    copying.own = Some(at.pointer.clone());
    copying.taken = own_names(at.node);
    let root = copying.copy(at);
    copying.complete(root)
}

/// The schema of data that has to match all of these, self-contained.
pub fn of_all<'a>(document: &Document<'a>, all: &[At<'a>], budget: &mut Budget) -> Result<Node, Vec<Fault>> {
    let mut copying = Copying::new(document, budget);
    let place = all.first().map_or(Place::NONE, |at| at.node.place);
    let parts = all.iter().map(|at| copying.copy(at)).collect();
    let mut root = Tree::Map(Vec::new()).at(place);
    root.set("allOf", Tree::List(parts).at(place));
    copying.complete(root)
}

/// The names in the `$defs` of a schema.
fn own_names(schema: &Node) -> HashSet<String> {
    let own = schema.get("$defs").map(Node::members).unwrap_or_default();
    own.iter().map(|member| member.name.clone()).collect()
}

struct Copying<'d, 'a, 'b> {
    document: &'d Document<'a>,
    /// Where the schema itself is, if it is one of the document's: references into it stay within it.
    own: Option<String>,
    /// The names of definitions by the pointers of what they were.
    names: HashMap<String, String>,
    taken: HashSet<String>,
    /// The numbers to try next, by name.
    numbers: HashMap<String, usize>,
    waiting: VecDeque<(String, At<'a>)>,
    nodes: usize,
    budget: &'b mut Budget,
    /// The anchors that there are, and the faults of references to them if there are not.
    anchors: HashSet<String>,
    used_anchors: Vec<(String, Fault)>,
    is_full: bool,
    /// The pointer of the schema that is copied, for faults.
    current: String,
    faults: Vec<Fault>,
}

impl<'d, 'a, 'b> Copying<'d, 'a, 'b> {
    fn new(document: &'d Document<'a>, budget: &'b mut Budget) -> Self {
        Self {
            document,
            own: None,
            names: HashMap::new(),
            taken: HashSet::new(),
            numbers: HashMap::new(),
            waiting: VecDeque::new(),
            nodes: 0,
            budget,
            anchors: HashSet::new(),
            used_anchors: Vec::new(),
            is_full: false,
            current: String::new(),
            faults: Vec::new(),
        }
    }

    fn copy(&mut self, at: &At<'a>) -> Node {
        self.current.clone_from(&at.pointer);
        let size = size(at.node);
        self.nodes += size;
        let has_room = self.nodes <= SCHEMA_NODES_MAX && size <= self.budget.left;
        self.budget.left = self.budget.left.saturating_sub(size);
        if !has_room {
            let message = format!(
                "with all that it refers to, the schema has more than {SCHEMA_NODES_MAX} values, or those of the \
                 document have more than {ALL_NODES_MAX}: give the event type a simpler schema"
            );
            self.faults.push(Fault::at(at, message));
            self.is_full = true;
            return Tree::Null.at(at.node.place);
        }
        let mut own = at.node.clone();
        visit(&mut own, self);
        own
    }

    /// Adds the definitions that the schema needs.
    fn complete(mut self, mut root: Node) -> Result<Node, Vec<Fault>> {
        let mut definitions = Vec::new();
        while let Some((name, at)) = self.waiting.pop_front() {
            definitions.push((name, self.copy(&at)));
            if self.is_full {
                break;
            }
        }
        let used = std::mem::take(&mut self.used_anchors);
        let missing = used
            .into_iter()
            .filter(|(anchor, _)| !self.anchors.contains(anchor));
        self.faults.extend(missing.map(|(_, fault)| fault));
        if !self.faults.is_empty() {
            return Err(self.faults);
        }
        if !definitions.is_empty() && root.get("$defs").is_none() {
            root.set("$defs", Tree::Map(Vec::new()).at(root.place));
        }
        // Their names are free, so that none takes the place of another.
        if let Some(Tree::Map(own)) = root.get_mut("$defs").map(|own| &mut own.tree) {
            own.extend(definitions.into_iter().map(|(name, value)| Member {
                name,
                place: value.place,
                value,
            }));
        }
        Ok(root)
    }

    /// The reference in the self-contained schema.
    fn redirected(&mut self, reference: &str) -> Result<String, String> {
        let behind = |own: &str, pointer: &str| -> Option<String> {
            let rest = pointer.strip_prefix(own)?;
            (rest.is_empty() || rest.starts_with('/')).then(|| rest.to_owned())
        };
        let at = self.document.resolve(reference)?;
        if let Some(own) = &self.own {
            // As it is spelt, if the pointer of the schema is spelt the same in both.
            if let Some(rest) = reference.strip_prefix('#').and_then(|raw| behind(own, raw)) {
                return Ok(format!("#{rest}"));
            }
            if let Some(rest) = behind(own, &at.pointer) {
                return Ok(format!("#{}", encoded(&rest)));
            }
        }
        if let Some(name) = self.names.get(&at.pointer) {
            return Ok(format!("#/$defs/{name}"));
        }
        self.document.follow_schema(at.clone())?;
        let name = self.free_name(&at.pointer);
        self.names.insert(at.pointer.clone(), name.clone());
        self.waiting.push_back((name.clone(), at));
        Ok(format!("#/$defs/{name}"))
    }

    /// A name for a definition: the last segment of its pointer, with a number if that is taken.
    fn free_name(&mut self, pointer: &str) -> String {
        let last = pointer.rsplit('/').next().unwrap_or_default();
        let kept = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
        let mut name: String = last.chars().map(|it| if kept(it) { it } else { '_' }).collect();
        if name.is_empty() {
            "document".clone_into(&mut name);
        }
        // Numbers go on where they ended: many definitions can have the same name.
        let mut number = self.numbers.get(&name).copied().unwrap_or(1);
        let numbered = |number: usize| match number {
            1 => name.clone(),
            number => format!("{name}_{number}"),
        };
        while self.taken.contains(&numbered(number)) {
            number += 1;
        }
        let free = numbered(number);
        self.numbers.insert(name, number + 1);
        self.taken.insert(free.clone());
        free
    }

    fn redirect(&mut self, reference: &mut Node, is_certain: bool) {
        let text = reference.text().unwrap_or_default();
        let (place, pointer) = (reference.place, self.current.clone());
        let fault = |message| Fault {
            place,
            pointer,
            message,
        };
        if let Some(anchor) = text
            .strip_prefix('#')
            .filter(|it| !it.is_empty() && !it.starts_with('/'))
        {
            let message = format!("the schema has no `$anchor` of the name in `{text}`: use a JSON pointer");
            let used = (anchor.to_owned(), fault(message));
            self.used_anchors.extend(is_certain.then_some(used));
            return;
        }
        if !is_certain && !text.starts_with('#') {
            // The name of a schema, or another document. Validation does not read it.
            return;
        }
        match self.redirected(text) {
            Ok(redirected) => reference.tree = Tree::Text(redirected),
            Err(_) if !is_certain => {}
            Err(message) if self.faults.len() < SCHEMA_FAULTS_MAX => self.faults.push(fault(message)),
            Err(_) => {}
        }
    }
}

impl Visit for Copying<'_, '_, '_> {
    fn enter(&mut self, schema: &mut Node) -> bool {
        if has_own_base(schema) {
            return false;
        }
        for name in ["$anchor", "$dynamicAnchor"] {
            self.anchors.extend(schema.text_of(name).map(str::to_owned));
        }
        for (reference, is_certain) in references(schema) {
            self.redirect(reference, is_certain);
        }
        true
    }

    fn leave(&mut self, schema: &mut Node) {
        if self.document.has_old_schemas {
            modernise(schema);
        }
        if schema.get("$schema").is_none() {
            modernise_items(schema);
        }
    }
}

/// Puts a schema of OpenAPI 3.0 into words of JSON Schema 2020-12: `nullable`, and the exclusive bounds,
/// which were switches of the others.
fn modernise(schema: &mut Node) {
    for (bound, exclusive) in [("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")] {
        if matches!(schema.get(exclusive).map(|it| &it.tree), Some(Tree::Bool(_))) {
            let is_exclusive = schema.take(exclusive).is_some_and(|it| it.is_true());
            if let Some(value) = is_exclusive.then(|| schema.take(bound)).flatten() {
                schema.set(exclusive, value);
            }
        }
    }
    if !schema.take("nullable").is_some_and(|it| it.is_true()) {
        return;
    }
    let null = || Tree::text("null").nowhere();
    if let Some(kind) = schema.get_mut("type").filter(|kind| kind.text().is_some()) {
        let place = kind.place;
        *kind = Tree::List(vec![kind.clone(), null()]).at(place);
    }
    if let Some(Tree::List(values)) = schema.get_mut("enum").map(|values| &mut values.tree)
        && !values.iter().any(Node::is_null)
    {
        values.push(Tree::Null.nowhere());
    }
}

/// Puts `items` with a list, which drafts before 2020-12 have, into today's words.
fn modernise_items(schema: &mut Node) {
    if !matches!(schema.get("items").map(|items| &items.tree), Some(Tree::List(_))) {
        return;
    }
    if let Some(items) = schema.take("items") {
        schema.set("prefixItems", items);
    }
    if let Some(rest) = schema.take("additionalItems") {
        schema.set("items", rest);
    }
}

/// How many values a value has, itself included.
fn size(node: &Node) -> usize {
    let inner: usize = match &node.tree {
        Tree::Map(members) => members.iter().map(|member| size(&member.value)).sum(),
        Tree::List(items) => items.iter().map(size).sum(),
        _ => 0,
    };
    1 + inner
}

/// A self-contained schema for this place of a document: its references begin with this pointer.
pub fn placed(schema: &Node, pointer: &str) -> Node {
    struct Placing<'a>(&'a str);
    impl Visit for Placing<'_> {
        fn enter(&mut self, schema: &mut Node) -> bool {
            if has_own_base(schema) {
                return false;
            }
            for (reference, _) in references(schema) {
                let text = reference.text().unwrap_or_default();
                let rest = text.strip_prefix('#');
                let rest = rest.filter(|rest| rest.is_empty() || rest.starts_with('/'));
                if let Some(rest) = rest {
                    reference.tree = Tree::Text(format!("#{}{rest}", self.0));
                }
            }
            true
        }

        fn leave(&mut self, _: &mut Node) {}
    }
    let mut placed = schema.clone();
    visit(&mut placed, &mut Placing(pointer));
    placed
}
