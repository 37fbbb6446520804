//! Values that stand elsewhere: `{from_env: NAME}` and `{from_file: path}`.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use super::faults::Faults;
use super::tree::{Node, Tree};

/// Largest file with one value, in bytes; the API takes 16 KiB at most.
const VALUE_BYTES_MAX: u64 = 64 << 10;

/// What the names of Postrider's own variables begin with. It refuses to run with one that it does not know.
pub const RESERVED: &str = "POSTRIDER_";

/// Where references lead.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// The variables of the process.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The folder that paths are relative to.
    pub folder: &'a PathBuf,
}

/// What a node refers to.
pub enum Reference<'a> {
    /// A variable.
    Variable(&'a str),
    /// A file.
    File(&'a str),
}

/// The reference that a node is, if it is one.
pub fn reference(node: &Node) -> Option<Reference<'_>> {
    let [member] = node.members() else { return None };
    match (member.name.as_str(), member.value.text()) {
        ("from_env", Some(name)) => Some(Reference::Variable(name)),
        ("from_file", Some(path)) => Some(Reference::File(path)),
        _ => None,
    }
}

impl Sources<'_> {
    /// The text of a node that is a text or a reference to one; `None` where `faults` say why not.
    pub fn text(&self, node: &Node, faults: &mut Faults) -> Option<String> {
        if let Some(text) = node.text() {
            return Some(text.to_owned());
        }
        let read = match reference(node) {
            Some(Reference::Variable(name)) => self.of_variable(name),
            Some(Reference::File(path)) => self.of_file(path),
            None => Err(format!(
                "expected a text, `{{from_env: NAME}}` or `{{from_file: path}}`, not {}",
                node.tree.kind()
            )),
        };
        read.map_err(|message| faults.add(node.place, message)).ok()
    }

    fn of_variable(&self, name: &str) -> Result<String, String> {
        if name.starts_with(RESERVED) {
            let message = "is one of Postrider's own, which begin with POSTRIDER_: choose another name";
            return Err(format!("the environment variable {name} {message}"));
        }
        let is_set = |value: &String| !value.is_empty();
        let value = (self.variable)(name).filter(is_set);
        value.ok_or_else(|| format!("the environment variable {name} is not set"))
    }

    /// The text of a file without the line feed at its end, which editors add.
    fn of_file(&self, path: &str) -> Result<String, String> {
        let path = self.folder.join(path);
        let name = path.display();
        let mut text = String::new();
        // Opening a pipe would wait for its writer.
        let read = std::fs::metadata(&path).and_then(|it| match it.is_file() {
            true => File::open(&path),
            false => Err(std::io::Error::other("it is not a regular file")),
        });
        let read = read.and_then(|file| file.take(VALUE_BYTES_MAX + 1).read_to_string(&mut text));
        match read {
            Err(error) => Err(format!("cannot read {name}: {error}")),
            Ok(0) => Err(format!("{name} is empty")),
            Ok(bytes) if bytes as u64 > VALUE_BYTES_MAX => {
                Err(format!("{name} is larger than {} KiB", VALUE_BYTES_MAX >> 10))
            }
            Ok(_) => {
                let length = text.trim_end_matches(['\r', '\n']).len();
                text.truncate(length);
                Ok(text)
            }
        }
    }
}

/// A reference to a variable.
pub fn to_variable(name: &str) -> Node {
    let mut node = Tree::Map(Vec::new()).nowhere();
    node.set("from_env", Tree::text(name).nowhere());
    node
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_from_variables_and_from_files_beside_the_file() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), "s3cret\n").unwrap();
        std::fs::write(folder.path().join("empty"), "").unwrap();
        let variable = |name: &str| (name == "TOKEN").then(|| "t".to_owned());
        let sources = Sources {
            variable: &variable,
            folder: &folder.path().to_owned(),
        };
        let text = |json: &str| {
            let mut faults = Faults::default();
            let text = sources.text(&Node::of_json(json).unwrap(), &mut faults);
            faults
                .check("f")
                .map(|()| text.unwrap())
                .map_err(|error| error.to_string())
        };
        assert_eq!(text(r#""plain""#).unwrap(), "plain");
        assert_eq!(text(r#"{"from_env":"TOKEN"}"#).unwrap(), "t");
        assert_eq!(text(r#"{"from_file":"token"}"#).unwrap(), "s3cret");
        assert!(
            text(r#"{"from_env":"POSTRIDER_TOKEN"}"#)
                .unwrap_err()
                .contains("choose another name")
        );
        assert!(
            text(r#"{"from_env":"NONE"}"#)
                .unwrap_err()
                .contains("variable NONE is not set")
        );
        assert!(text(r#"{"from_file":"empty"}"#).unwrap_err().contains("is empty"));
        assert!(
            text(r#"{"from_file":"none"}"#)
                .unwrap_err()
                .contains("cannot read")
        );
        assert!(
            text(r#"{"from_file":"."}"#)
                .unwrap_err()
                .contains("not a regular file")
        );
        assert!(
            text(r#"{"from_vault":"a"}"#)
                .unwrap_err()
                .contains("expected a text")
        );
    }
}
