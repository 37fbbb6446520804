//! Writes YAML: block style, quoted only where a text needs it. [`super::read`] reads it back equal.

use super::secrets::reference;
use super::tree::{Node, Tree};

/// Words that the core schema reads as texts, but other readers of YAML as booleans.
const AMBIGUOUS: [&str; 6] = ["yes", "no", "on", "off", "y", "n"];

/// The members of a map as a document.
pub fn document(node: &Node) -> String {
    let mut out = String::new();
    members(node, 0, &mut out);
    out
}

/// A value as JSON on many lines.
pub fn indented_json(node: &Node) -> String {
    let mut out = String::new();
    indented(node, 0, &mut out);
    out.push('\n');
    out
}

fn indented(node: &Node, level: usize, out: &mut String) {
    let line = |level: usize| format!("\n{}", "  ".repeat(level));
    match &node.tree {
        Tree::List(items) if !items.is_empty() => {
            for (at, item) in items.iter().enumerate() {
                out.push(if at == 0 { '[' } else { ',' });
                out.push_str(&line(level + 1));
                indented(item, level + 1, out);
            }
            out.push_str(&line(level));
            out.push(']');
        }
        Tree::Map(members) if !members.is_empty() => {
            for (at, member) in members.iter().enumerate() {
                out.push(if at == 0 { '{' } else { ',' });
                out.push_str(&line(level + 1));
                out.push_str(&format!("{}: ", serde_json::Value::from(member.name.as_str())));
                indented(&member.value, level + 1, out);
            }
            out.push_str(&line(level));
            out.push('}');
        }
        _ => out.push_str(&node.json()),
    }
}

fn members(node: &Node, level: usize, out: &mut String) {
    for (at, member) in node.members().iter().enumerate() {
        // The first member of an item of a list stands behind its dash.
        if at > 0 || !out.ends_with("- ") {
            out.push_str(&"  ".repeat(level));
        }
        out.push_str(&text(&member.name, None));
        out.push(':');
        value(&member.value, level, out);
    }
}

/// A value behind a colon, with the end of its line.
fn value(node: &Node, level: usize, out: &mut String) {
    match &node.tree {
        Tree::Map(list) if !list.is_empty() && reference(node).is_none() => {
            out.push('\n');
            members(node, level + 1, out);
        }
        Tree::List(list) if list.iter().any(|item| !matches!(item.tree, Tree::Number(_))) => {
            out.push('\n');
            items(list, level + 1, out);
        }
        _ => out.push_str(&format!(" {}\n", inline(node, level))),
    }
}

fn items(list: &[Node], level: usize, out: &mut String) {
    for item in list {
        out.push_str(&"  ".repeat(level));
        out.push_str("- ");
        match &item.tree {
            Tree::Map(list) if !list.is_empty() && reference(item).is_none() => members(item, level + 1, out),
            _ => out.push_str(&format!("{}\n", inline(item, level))),
        }
    }
}

/// A value on one line, or a text as a block under it.
fn inline(node: &Node, level: usize) -> String {
    match &node.tree {
        Tree::Text(content) => text(content, Some(level + 1)),
        Tree::List(items) if !items.iter().any(|item| !matches!(item.tree, Tree::Number(_))) => {
            let items: Vec<_> = items.iter().map(Node::json).collect();
            format!("[{}]", items.join(", "))
        }
        Tree::Map(_) => match node.members() {
            [member] if reference(node).is_some() => {
                format!("{{{}: {}}}", member.name, inline(&member.value, level))
            }
            _ => quoted_json(node),
        },
        _ => quoted_json(node),
    }
}

/// JSON in which every character is one that YAML allows.
fn quoted_json(node: &Node) -> String {
    printable(&node.json())
}

/// A text: plain, as a block at this level if it has lines, or in quotes.
fn text(content: &str, block_level: Option<usize>) -> String {
    if is_plain(content) {
        return content.to_owned();
    }
    if let Some(level) = block_level.filter(|_| fits_block(content)) {
        let mark = if content.ends_with('\n') { "|" } else { "|-" };
        let indent = "  ".repeat(level);
        let lines = content.lines().map(|line| match line {
            "" => String::new(),
            line => format!("{indent}{line}"),
        });
        return format!("{mark}\n{}", lines.collect::<Vec<_>>().join("\n"));
    }
    printable(&serde_json::Value::from(content).to_string())
}

/// Whether the text means itself without quotes, wherever it stands.
fn is_plain(content: &str) -> bool {
    let begins = content.starts_with(|first: char| {
        first.is_ascii_alphabetic() || first == '/' || first == '_' || first == '$'
    });
    let is_safe =
        |character: char| character.is_ascii_alphanumeric() || " _./@-:+=()*?&%~$".contains(character);
    begins
        && content.chars().all(is_safe)
        && !content.ends_with([':', ' '])
        && !content.contains(": ")
        && !AMBIGUOUS.contains(&content.to_ascii_lowercase().as_str())
        && !matches!(content.to_ascii_lowercase().as_str(), "null" | "true" | "false")
}

/// Whether the text can be a literal block: lines of visible characters, the first without an indent, and at
/// most one line feed at the end.
fn fits_block(content: &str) -> bool {
    content.contains('\n')
        && !content.starts_with([' ', '\n', '\t'])
        && !content.ends_with("\n\n")
        && !content.lines().any(|line| line.ends_with([' ', '\t', '\r']))
        && !content
            .chars()
            .any(|character| character != '\n' && is_special(character))
}

/// Whether YAML does not allow the character as it is, or breaks lines at it.
fn is_special(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
}

/// A JSON text with escapes for what YAML does not allow within quotes.
fn printable(json: &str) -> String {
    let escaped = json.chars().map(|character| match is_special(character) {
        true => format!("\\u{:04x}", u32::from(character)),
        false => character.to_string(),
    });
    escaped.collect()
}

#[cfg(test)]
mod tests {
    use super::super::faults::Faults;
    use super::super::read::read;
    use super::*;

    fn survives(node: &Node) -> String {
        let written = document(node);
        let mut faults = Faults::default();
        let read = read(&written, &mut faults);
        faults
            .check("f")
            .unwrap_or_else(|error| panic!("{error} in\n{written}"));
        assert_eq!(read.unwrap().json(), node.json(), "{written}");
        assert_eq!(Node::of_json(&indented_json(node)).unwrap().json(), node.json());
        written
    }

    /// Texts that YAML would read as something else, in one place or another.
    const TEXTS: &[&str] = &[
        "a",
        "",
        " ",
        "a b",
        "a: b",
        "a #b",
        "#a",
        "- a",
        "-",
        "?",
        "yes",
        "No",
        "null",
        "~",
        "true",
        "1",
        "1.5",
        "0x1",
        "1e3",
        ".5",
        "-1",
        "'",
        "\"",
        "\\",
        "a\nb",
        "a\nb\n",
        "a\nb\n\n",
        "\na",
        " a\nb",
        "a\n b",
        "a \nb",
        "a\n\nb",
        "a\tb",
        "\ta\nb",
        "a\r\nb",
        "\u{1b}[0m",
        "\u{85}",
        "\u{2028}",
        "\u{feff}a",
        "é😀",
        "{a}",
        "[a]",
        "&a",
        "*a",
        "!a",
        "%a",
        "@a",
        "`a`",
        "a,b",
        "a]",
        "https://a.example/x?y=1#z",
        "*",
        "proposal.*",
        "a:",
        "---",
        "...",
        "--- a",
        "|",
        ">",
        "<<",
        "=",
        "{{ data.total }}",
        "a\n---\nb",
        "a\n...\nb\n",
        "\u{7f}",
        "{% if data.a %}\n  x: \"y\"\n{% endif %}\n",
        "2026-01-31",
        "12:30:00",
        "\u{ffff}",
        "a\n#b\n",
    ];

    #[test]
    fn what_is_written_is_read_back_equal() {
        for text in TEXTS {
            let text = serde_json::Value::from(*text);
            let json =
                format!(r#"{{"a":{text},"b":[{text},{{"c":{text},"d":1}},[{text}]],{text}:{{"x":{text}}}}}"#);
            survives(&Node::of_json(&json).unwrap());
        }
    }

    #[test]
    fn it_reads_like_yaml_that_people_write() {
        let json = r#"{"event_types":{"a.b":{"example":{"total":1.10,"list":[]},"schema":{}}},"accounts":{"acme":{
            "retry_delays_s":[10,100],"automations":{"crm":{"name":"Tell: the CRM","actions":[
            {"type":"send_webhook","url":"https://a.example/","template":"a\nb\n","headers":{"X-Key":{"from_env":"K"}}},
            {"type":"send_email","to":["a@b.example"]}]}}}}}"#;
        let expected = "\
event_types:
  a.b:
    example:
      total: 1.10
      list: []
    schema: {}
accounts:
  acme:
    retry_delays_s: [10, 100]
    automations:
      crm:
        name: \"Tell: the CRM\"
        actions:
          - type: send_webhook
            url: https://a.example/
            template: |
              a
              b
            headers:
              X-Key: {from_env: K}
          - type: send_email
            to:
              - a@b.example
";
        assert_eq!(survives(&Node::of_json(json).unwrap()), expected);
    }
}
