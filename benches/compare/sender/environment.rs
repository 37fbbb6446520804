//! `${VARIABLE}` in a description is a variable of the environment; `${VARIABLE:-text}` is the text if the
//! variable is not set, as in a shell.

use super::Fault;

/// Looks up a variable.
pub type Lookup<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// The text with the variables' values.
pub fn expand(text: &str, lookup: &Lookup<'_>) -> Result<String, Fault> {
    replace(text, |name, default| match lookup(name) {
        Some(value) if is_plain(&value) => Ok(value),
        Some(_) => Err(Fault::new(format!(
            "the value of ${{{name}}} has a character other than visible ASCII without quotes, backslashes and \
             braces"
        ))),
        None => match default {
            Some(default) => Ok(default.to_owned()),
            None => Err(Fault::new(format!("the environment variable {name} is not set"))),
        },
    })
}

/// The text for people: variables that are set, and so may be secret, stay as they are written.
pub fn masked(text: &str, lookup: &Lookup<'_>) -> Result<String, Fault> {
    replace(text, |name, default| {
        Ok(match (lookup(name), default) {
            (None, Some(default)) => default.to_owned(),
            _ => format!("${{{name}}}"),
        })
    })
}

/// The variables in a text that have no default.
pub fn required(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    // The closure does not fail. A fault in the text itself is found where it is expanded.
    let _ = replace(text, |name, default| {
        if default.is_none() {
            names.push(name.to_owned());
        }
        Ok(String::new())
    });
    names
}

/// Whether a value can be used in a URL, a header and a JSON string without escapes, and contains no
/// template.
pub fn is_plain(value: &str) -> bool {
    value
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b'{' | b'}'))
}

fn replace(
    text: &str,
    mut value: impl FnMut(&str, Option<&str>) -> Result<String, Fault>,
) -> Result<String, Fault> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.split_once("${") {
        let (inner, after) = from
            .split_once('}')
            .ok_or_else(|| Fault::new(format!("`${{` without `}}` in {text:?}")))?;
        let (name, default) = match inner.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inner, None),
        };
        if !is_variable(name) {
            return Err(Fault::new(format!(
                "${{{name}}} does not name an environment variable: capital letters, digits and underscores"
            )));
        }
        out.push_str(before);
        out.push_str(&value(name, default)?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|char| char.is_ascii_uppercase() || char.is_ascii_digit() || char == '_')
}
