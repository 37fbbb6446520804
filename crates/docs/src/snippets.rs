//! An operation's example as a program that runs as it is: curl, TypeScript with `fetch`, Python with its
//! standard library. Each reads the address of the server from `POSTRIDER_URL` and the key from
//! `POSTRIDER_API_KEY`, as the client commands do.

use std::fmt::Write as _;

use serde_json::Value;

/// What a snippet calls.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// In upper case.
    pub method: &'a str,
    /// The path with values in place of its parameters.
    pub path: &'a str,
    /// The body, if the example has one.
    pub body: Option<&'a Value>,
    /// Whether the operation requires a key.
    pub needs_key: bool,
    /// Whether the response is JSON, or else text; `None` if it has no body.
    pub is_json: Option<bool>,
}

/// A program in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// The language's name in addresses and ids.
    pub slug: &'static str,
    /// The language's name.
    pub language: &'static str,
    /// The program.
    pub code: String,
}

/// Slug, name and writer of each language.
type Language = (&'static str, &'static str, fn(Call<'_>) -> String);

/// The languages, in their order.
pub const LANGUAGES: [Language; 3] = [
    ("curl", "curl", curl),
    ("typescript", "TypeScript", typescript),
    ("python", "Python", python),
];

/// The call in every language.
pub fn all(call: Call<'_>) -> Vec<Snippet> {
    let snippets = LANGUAGES.map(|(slug, language, write)| Snippet {
        slug,
        language,
        code: write(call),
    });
    snippets.into()
}

fn curl(call: Call<'_>) -> String {
    let method = match (call.method, call.body) {
        ("GET", _) | ("POST", Some(_)) => String::new(),
        (method, _) => format!(" -X {method}"),
    };
    let mut code = format!(
        "curl -sS --fail-with-body{method} \"$POSTRIDER_URL{}\"",
        call.path
    );
    if call.needs_key {
        code.push_str(" \\\n  -H \"Authorization: Bearer $POSTRIDER_API_KEY\"");
    }
    if let Some(body) = call.body {
        // A single quote ends the shell's string, so it stands outside.
        let json = pretty(body).replace('\'', "'\\''");
        let _ = write!(
            code,
            " \\\n  -H \"Content-Type: application/json\" \\\n  -d '{json}'"
        );
    }
    code
}

fn typescript(call: Call<'_>) -> String {
    let mut options = Vec::new();
    if call.method != "GET" {
        options.push(format!("  method: \"{}\",", call.method));
    }
    let mut headers = Vec::new();
    if call.needs_key {
        headers.push("    Authorization: `Bearer ${process.env.POSTRIDER_API_KEY}`,");
    }
    if call.body.is_some() {
        headers.push("    \"Content-Type\": \"application/json\",");
    }
    if !headers.is_empty() {
        options.push(format!("  headers: {{\n{}\n  }},", headers.join("\n")));
    }
    if let Some(body) = call.body {
        options.push(format!(
            "  body: JSON.stringify({}),",
            indented(&pretty(body), "  ")
        ));
    }
    let options = match options.as_slice() {
        [] => String::new(),
        options => format!(", {{\n{}\n}}", options.join("\n")),
    };
    let mut code = format!(
        "const response = await fetch(`${{process.env.POSTRIDER_URL}}{}`{options});\n",
        call.path
    );
    code.push_str(
        "if (!response.ok) {\n  throw new Error(`${response.status}: ${await response.text()}`);\n}",
    );
    match call.is_json {
        Some(true) => code.push_str("\nconsole.log(await response.json());"),
        Some(false) => code.push_str("\nconsole.log(await response.text());"),
        None => {}
    }
    code
}

fn python(call: Call<'_>) -> String {
    let uses_json = call.body.is_some() || call.is_json == Some(true);
    let mut code = match uses_json {
        true => "import json\nimport os\nimport urllib.request\n\n".to_owned(),
        false => "import os\nimport urllib.request\n\n".to_owned(),
    };
    code.push_str("request = urllib.request.Request(\n");
    let _ = writeln!(code, "    os.environ[\"POSTRIDER_URL\"] + \"{}\",", call.path);
    if call.method != "GET" {
        let _ = writeln!(code, "    method=\"{}\",", call.method);
    }
    if call.needs_key {
        code.push_str(
            "    headers={\n        \"Authorization\": \"Bearer \" + os.environ[\"POSTRIDER_API_KEY\"],\n",
        );
        if call.body.is_some() {
            code.push_str("        \"Content-Type\": \"application/json\",\n");
        }
        code.push_str("    },\n");
    }
    if let Some(body) = call.body {
        let literal = indented(&python_literal(body, 0), "    ");
        let _ = writeln!(code, "    data=json.dumps({literal}).encode(),");
    }
    code.push_str(")\nwith urllib.request.urlopen(request) as response:\n");
    code.push_str(match call.is_json {
        Some(true) => "    print(json.load(response))",
        Some(false) => "    print(response.read().decode())",
        None => "    print(response.status)",
    });
    code
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// The text with all lines but the first moved to the right.
fn indented(text: &str, by: &str) -> String {
    text.replace('\n', &format!("\n{by}"))
}

/// JSON as Python writes it: the same but for its three words. JSON's escapes are Python's, too, but for
/// pairs of surrogates, which serde does not write.
fn python_literal(value: &Value, depth: usize) -> String {
    let (inner, outer) = ("    ".repeat(depth + 1), "    ".repeat(depth));
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Array(items) if items.is_empty() => "[]".to_owned(),
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Array(items) => {
            let items = items
                .iter()
                .map(|it| format!("{inner}{},\n", python_literal(it, depth + 1)));
            format!("[\n{}{outer}]", items.collect::<String>())
        }
        Value::Object(members) => {
            let members = members.iter().map(|(name, member)| {
                let name = Value::from(name.as_str());
                format!("{inner}{name}: {},\n", python_literal(member, depth + 1))
            });
            format!("{{\n{}{outer}}}", members.collect::<String>())
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const BODY: fn() -> Value = || json!({"name": "It's", "on": true, "none": null, "list": [1, {}]});

    fn call(body: &Value) -> Call<'_> {
        Call {
            method: "POST",
            path: "/v1/accounts",
            body: Some(body),
            needs_key: true,
            is_json: Some(true),
        }
    }

    #[test]
    fn a_body_is_quoted_as_each_language_quotes() {
        let body = BODY();
        let code = curl(call(&body));
        assert!(code.contains("\"name\": \"It'\\''s\""), "{code}");
        let code = python(call(&body));
        assert!(code.contains("\"on\": True,"), "{code}");
        assert!(code.contains("\"none\": None,"), "{code}");
        assert!(code.contains("            {},\n"), "{code}");
        let code = typescript(call(&body));
        assert!(code.contains("\"none\": null"), "{code}");
    }

    #[test]
    fn a_call_without_key_or_body_is_short() {
        let probe = Call {
            method: "GET",
            path: "/healthz",
            body: None,
            needs_key: false,
            is_json: Some(true),
        };
        assert_eq!(
            curl(probe),
            "curl -sS --fail-with-body \"$POSTRIDER_URL/healthz\""
        );
        assert!(
            typescript(probe)
                .starts_with("const response = await fetch(`${process.env.POSTRIDER_URL}/healthz`);")
        );
    }
}
