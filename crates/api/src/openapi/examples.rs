//! The examples of requests and responses.
//!
//! Those of requests and of successes are in `examples.json`: a test runs the story that they tell against
//! the real API, records it (`tests/api/story.rs`), and fails where the file differs. Those of problems come
//! from the table of their kinds.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::problem::{Code, PROBLEM_JSON, Problem, ProblemPages};

/// By operation: `path`, `request`, and `responses` by status.
const RECORDED: &str = include_str!("../../examples.json");

const EXAMPLES: &str = "#/components/examples/";

/// Adds the examples to a document.
pub(super) fn add(document: &mut Value) -> Result<(), serde_json::Error> {
    let recorded: Value = serde_json::from_str(RECORDED)?;
    for (path, item) in document["paths"].as_object_mut().into_iter().flatten() {
        for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
            let id = operation["operationId"].as_str().unwrap_or_default();
            let recorded = &recorded[id];
            add_recorded(recorded, operation);
            add_path(path, recorded["path"].as_str().unwrap_or_default(), operation);
            add_problems(operation);
        }
    }
    let given = given(document);
    let examples = Code::ALL.iter().filter(|code| given.contains(code)).map(|code| {
        let example = json!({"summary": code.title(), "value": problem(*code)});
        (code.as_str().to_owned(), example)
    });
    document["components"]["examples"] = examples.collect::<Map<_, _>>().into();
    Ok(())
}

/// The kinds of problems that some operation gives. Any request can get the others.
fn given(document: &Value) -> HashSet<Code> {
    let items = document["paths"].as_object().into_iter().flat_map(Map::values);
    let operations = items.filter_map(Value::as_object).flat_map(Map::values);
    let responses = operations
        .filter_map(|it| it["responses"].as_object())
        .flat_map(Map::values);
    let descriptions = responses.filter_map(|response| response["description"].as_str());
    descriptions.flat_map(codes_in).collect()
}

fn add_recorded(recorded: &Value, operation: &mut Value) {
    if let Some(request) = recorded.get("request") {
        let contents = operation["requestBody"]["content"].as_object_mut();
        for (media_type, content) in contents.into_iter().flatten() {
            // A request in another format has an example of its own.
            if media_type == "application/json" || content.get("example").is_none() {
                content["example"] = request.clone();
            }
        }
    }
    for (status, response) in recorded["responses"].as_object().into_iter().flatten() {
        for content in contents(&mut operation["responses"][status]) {
            content["example"] = response.clone();
        }
    }
}

/// The values of the path's parameters, as the story has them.
fn add_path(template: &str, path: &str, operation: &mut Value) {
    for (name, value) in template.split('/').zip(path.split('/')) {
        let name = name.strip_prefix('{').and_then(|name| name.strip_suffix('}'));
        let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
        let parameters = parameters.into_iter().flatten();
        for parameter in parameters.filter(|it| it["in"] == "path" && it["name"].as_str() == name) {
            parameter["example"] = value.into();
        }
    }
}

fn add_problems(operation: &mut Value) {
    let responses = operation["responses"].as_object_mut();
    for (status, response) in responses.into_iter().flatten() {
        let codes = codes_in(response["description"].as_str().unwrap_or_default());
        let examples: Map<String, Value> = codes
            .filter(|code| code.status().as_str() == status)
            .map(|code| {
                let example = json!({"$ref": format!("{EXAMPLES}{}", code.as_str())});
                (code.as_str().to_owned(), example)
            })
            .collect();
        let content = response
            .get_mut("content")
            .and_then(|content| content.get_mut(PROBLEM_JSON));
        if let Some(content) = content {
            content["examples"] = examples.into();
        }
    }
}

/// The kinds of problems that a description names: `` `account_not_found`: …``.
pub(super) fn codes_in(description: &str) -> impl Iterator<Item = Code> {
    let parts: Vec<&str> = description.split('`').collect();
    let named = parts.windows(2).filter(|pair| pair[1].starts_with(": "));
    let codes = named.filter_map(|pair| Code::ALL.iter().copied().find(|code| code.as_str() == pair[0]));
    codes.collect::<Vec<_>>().into_iter()
}

fn contents(of: &mut Value) -> impl Iterator<Item = &mut Value> {
    let contents = of.get_mut("content").and_then(Value::as_object_mut);
    contents.into_iter().flat_map(Map::values_mut)
}

/// A problem document of this kind.
pub(crate) fn problem(code: Code) -> Value {
    let problem = Problem::example(code);
    serde_json::to_value(problem.document(ProblemPages::default())).unwrap_or_default()
}
