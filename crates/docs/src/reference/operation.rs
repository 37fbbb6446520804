//! An operation: what it takes, what it gives, and an example.

use serde_json::{Map, Value};

use super::resolved;
use super::rows::{self, Row};
use crate::markdown::{self, Html};
use crate::snippets::{self, Call, Snippet};

/// The media type of problems.
const PROBLEM_JSON: &str = "application/problem+json";

/// The methods of a path, in the order in which they are shown.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// An operation.
#[derive(Debug)]
pub struct Operation {
    /// Its id, which is also its name in addresses.
    pub id: String,
    /// In upper case.
    pub method: String,
    /// The path, with parameters in braces.
    pub path: String,
    /// What it does, in a few words.
    pub summary: String,
    /// More about it.
    pub description: Html,
    /// The permission that it requires; `None` if it needs no key.
    pub permission: Option<String>,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// The body that it takes.
    pub request: Option<Body>,
    /// Its successes.
    pub responses: Vec<Response>,
    /// The problems that it can give: status, and codes.
    pub problems: Vec<(String, Vec<String>)>,
    /// Its example as a program.
    pub snippets: Vec<Snippet>,
}

/// A parameter.
#[derive(Debug)]
pub struct Parameter {
    /// `path`, `query` or `header`.
    pub place: String,
    /// It, like a member of an object.
    pub row: Row,
}

/// A body.
#[derive(Debug)]
pub struct Body {
    /// Its members.
    pub rows: Vec<Row>,
    /// An example, as JSON or text.
    pub example: String,
}

/// A success.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: String,
    /// What it says.
    pub description: Html,
    /// Its body, if it has one.
    pub body: Option<Body>,
}

/// The operations of a tag.
pub(super) fn all(document: &Value, tag: &str) -> Vec<Operation> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let operations = paths.flat_map(|(path, item)| METHODS.map(|method| (path, method, &item[method])));
    let of_tag = operations.filter(|(.., operation)| operation["tags"][0].as_str() == Some(tag));
    of_tag
        .map(|(path, method, operation)| read(document, path, method, operation))
        .collect()
}

fn read(document: &Value, path: &str, method: &str, operation: &Value) -> Operation {
    let text = |name: &str| operation[name].as_str().unwrap_or_default();
    let request = operation.get("requestBody").map(|it| resolved(document, it));
    let responses = operation["responses"].as_object().into_iter().flatten();
    let (successes, problems): (Vec<_>, Vec<_>) = responses.partition(|(status, _)| status.starts_with('2'));
    let example = request.and_then(|request| content(request)?.1.get("example"));
    let first = successes.first().and_then(|(_, response)| content(response));
    let call = Call {
        method: &method.to_uppercase(),
        path: &example_path(path, operation),
        body: example,
        needs_key: operation.get("security").is_none(),
        is_json: first.map(|(media_type, _)| media_type.ends_with("json")),
    };
    Operation {
        id: text("operationId").to_owned(),
        method: call.method.to_owned(),
        path: path.to_owned(),
        summary: text("summary").to_owned(),
        description: markdown::blocks(text("description")),
        permission: operation["x-permission"].as_str().map(str::to_owned),
        parameters: parameters(document, operation),
        request: request.and_then(|request| body(document, request)),
        responses: successes
            .into_iter()
            .map(|(status, it)| response(document, status, it))
            .collect(),
        problems: problems
            .into_iter()
            .map(|(status, it)| (status.clone(), codes(it)))
            .collect(),
        snippets: snippets::all(call),
    }
}

fn parameters(document: &Value, operation: &Value) -> Vec<Parameter> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let parameters = parameters.map(|parameter| Parameter {
        place: parameter["in"].as_str().unwrap_or_default().to_owned(),
        row: rows::of_parameter(document, parameter),
    });
    parameters.collect()
}

fn response(document: &Value, status: &str, response: &Value) -> Response {
    Response {
        status: status.to_owned(),
        description: markdown::inline(response["description"].as_str().unwrap_or_default()),
        body: body(document, response),
    }
}

fn body(document: &Value, of: &Value) -> Option<Body> {
    let (_, content) = content(of)?;
    Some(Body {
        rows: rows::of_schema(document, &content["schema"]),
        example: match &content["example"] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            json => serde_json::to_string_pretty(json).unwrap_or_default(),
        },
    })
}

fn codes(response: &Value) -> Vec<String> {
    let examples = response["content"][PROBLEM_JSON]["examples"].as_object();
    examples.into_iter().flat_map(Map::keys).cloned().collect()
}

fn content(of: &Value) -> Option<(&String, &Value)> {
    // Where there are several formats, the reference shows Postrider's own JSON.
    let contents = of["content"].as_object()?;
    contents
        .get_key_value("application/json")
        .or_else(|| contents.iter().next())
}

/// The path with the examples of its parameters.
fn example_path(template: &str, operation: &Value) -> String {
    let mut path = template.to_owned();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        if let (Some(name), Some(example)) = (parameter["name"].as_str(), parameter["example"].as_str()) {
            path = path.replace(&format!("{{{name}}}"), example);
        }
    }
    path
}

impl Operation {
    /// The address of its page.
    pub fn address(&self) -> String {
        format!("/docs/api/{}", self.id)
    }

    /// The parameters in this place.
    pub fn parameters_in(&self, place: &str) -> Vec<&Row> {
        let parameters = self
            .parameters
            .iter()
            .filter(|parameter| parameter.place == place);
        parameters.map(|parameter| &parameter.row).collect()
    }
}
