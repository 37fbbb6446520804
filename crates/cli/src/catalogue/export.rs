//! Documents that describe a catalogue: OpenAPI 3.1 with `webhooks`, or AsyncAPI 3.

mod asyncapi;
mod openapi;
#[cfg(test)]
mod tests;

use postrider_model::operational;

use super::body::of_schema;
use super::envelope;
use super::schema::placed;
use crate::declared::tree::{Node, Tree};

/// The version of what a document describes. A catalogue has none.
const VERSION: &str = "1.0.0";

/// What a document says about the body of every request.
const ABOUT: &str = "Each event is sent to your URL in a POST request. The body is described here as Postrider sends \
                     it by default; an automation can send another, such as `data` alone.";

/// The format of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// OpenAPI 3.1, with `webhooks`
    Openapi,
    /// AsyncAPI 3.0
    Asyncapi,
}

/// The document that describes these event types, as the API shows them. With `all`, also those that
/// customers do not see; marked with `x-internal`.
pub fn document(format: Format, title: &str, types: &[Node], all: bool) -> Node {
    let is_wanted = |view: &&Node| {
        let name = view.text_of("name").unwrap_or_default();
        (all || view.get("visible").is_some_and(Node::is_true)) && !name.starts_with(operational::PREFIX)
    };
    let mut types: Vec<_> = types.iter().filter(is_wanted).map(Exported::of).collect();
    types.sort_by(|one, other| one.name.cmp(other.name));
    match format {
        Format::Openapi => openapi::document(title, &types),
        Format::Asyncapi => asyncapi::document(title, &types),
    }
}

/// An event type.
struct Exported<'a> {
    name: &'a str,
    description: Option<&'a Node>,
    is_internal: bool,
    example: Option<&'a Node>,
    schema: Option<&'a Node>,
}

impl<'a> Exported<'a> {
    fn of(view: &'a Node) -> Self {
        let stated = |name| view.get(name).filter(|value| !value.is_null());
        Self {
            name: view.text_of("name").unwrap_or_default(),
            description: stated("description").filter(|it| it.text() != Some("")),
            is_internal: !view.get("visible").is_some_and(Node::is_true),
            example: stated("example"),
            schema: stated("schema"),
        }
    }

    /// The schema of its body.
    fn body(&self) -> Node {
        let data = match self.schema {
            Some(_) => envelope::map([("$ref", envelope::text(&format!("#{}", self.pointer())))]),
            None => Tree::Map(Vec::new()).nowhere(),
        };
        envelope::schema(self.name, data)
    }

    /// Where the schema of its data stands. Names of event types are names of components too.
    fn pointer(&self) -> String {
        format!("/components/schemas/{}", self.name)
    }

    /// The example of its body.
    fn body_example(&self) -> Option<Node> {
        self.example.map(|data| envelope::example(self.name, data))
    }

    /// Whether the schema has an example that the event type does not have. An empty list of examples says
    /// so, or a reader would take the schema's.
    fn has_no_example(&self) -> bool {
        self.example.is_none() && self.schema.is_some_and(|schema| of_schema(schema).is_some())
    }
}

/// The schemas of the event types by name; `None` if there are none.
fn schemas(types: &[Exported<'_>]) -> Option<Node> {
    let mut schemas = Tree::Map(Vec::new()).nowhere();
    for exported in types {
        if let Some(schema) = exported.schema {
            schemas.set(exported.name, placed(schema, &exported.pointer()));
        }
    }
    (!schemas.members().is_empty()).then_some(schemas)
}

fn info(title: &str) -> Node {
    envelope::map([
        ("title", envelope::text(title)),
        ("version", envelope::text(VERSION)),
        ("description", envelope::text(ABOUT)),
    ])
}
