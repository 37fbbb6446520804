//! The languages: where their snippets are, whether they can run here, and how.

use std::path::{Path, PathBuf};
use std::process::Command;

use postrider_tests::{binary, foreign};

/// The server of the Rust snippets, which cargo has built beside this test.
const RUST_RECEIVER: &str = env!("CARGO_BIN_EXE_snippet-receiver");

/// A language that has snippets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Node,
    Python,
    Php,
    Go,
    Ruby,
    Java,
    CSharp,
    Rust,
}

/// How a snippet verifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The HMAC over the raw body, in the headers with the installation's prefix.
    Hmac,
    /// `webhook-signature`, by the Standard Webhooks library of the language.
    StandardWebhooks,
}

impl Way {
    pub const ALL: [Self; 2] = [Self::Hmac, Self::StandardWebhooks];

    /// The name of the snippets' files, without the extension.
    pub fn file_stem(self) -> &'static str {
        match self {
            Self::Hmac => "hmac",
            Self::StandardWebhooks => "standard-webhooks",
        }
    }
}

impl Language {
    pub const ALL: [Self; 8] = [
        Self::Node,
        Self::Python,
        Self::Php,
        Self::Go,
        Self::Ruby,
        Self::Java,
        Self::CSharp,
        Self::Rust,
    ];

    /// The folder of the language's snippets, and of its harness.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Python => "python",
            Self::Php => "php",
            Self::Go => "go",
            Self::Ruby => "ruby",
            Self::Java => "java",
            Self::CSharp => "csharp",
            Self::Rust => "rust",
        }
    }

    /// The extension of the language's files.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Node => "mjs",
            Self::Python => "py",
            Self::Ruby => "rb",
            Self::CSharp => "cs",
            Self::Rust => "rs",
            Self::Php | Self::Go | Self::Java => self.folder(),
        }
    }

    /// The file of a snippet, with placeholders.
    pub fn snippet(self, way: Way) -> PathBuf {
        let file = format!("{}.{}", way.file_stem(), self.extension());
        snippets().join(self.folder()).join(file)
    }

    /// Why a snippet cannot run here, if it cannot. Never because of something that `./test` installs:
    /// without it, the test fails.
    pub fn obstacle(self, way: Way) -> Option<&'static str> {
        let program = match self {
            Self::Node | Self::Python | Self::Rust => return None,
            Self::Php => None,
            Self::Go => Some("go"),
            Self::Ruby => Some("ruby"),
            Self::Java => Some("javac"),
            Self::CSharp => Some("dotnet"),
        };
        match program {
            Some(program) if !is_on_the_path(program) => Some("the language is not installed"),
            _ if way == Way::StandardWebhooks => Some("the library is not installed"),
            _ => None,
        }
    }

    /// The command that builds the harness and the rendered snippet in one folder, if the language needs one.
    pub fn build(self) -> Option<Command> {
        match self {
            Self::Go => {
                let mut go = Command::new("go");
                // Go must not fetch anything, neither a module nor another version of Go.
                go.env("GOPROXY", "off").env("GOTOOLCHAIN", "local");
                go.args(["build", "-o", "serve", "."]);
                Some(go)
            }
            Self::Java => {
                let mut javac = Command::new("javac");
                javac.args(["-d", "classes", "snippet.java", "Serve.java"]);
                Some(javac)
            }
            Self::CSharp => {
                let mut dotnet = Command::new("dotnet");
                dotnet.args(["build", "--nologo", "--output", "out"]);
                dotnet.arg(format!("-p:SnippetFramework=net{}.0", dotnet_major()));
                Some(dotnet)
            }
            Self::Node | Self::Python | Self::Php | Self::Ruby | Self::Rust => None,
        }
    }

    /// The command that serves the snippet in that folder.
    pub fn serve(self, way: Way) -> Command {
        let (program, arguments): (PathBuf, &[&str]) = match self {
            Self::Node => ("node".into(), &["serve.mjs"]),
            Self::Python => (foreign::python(), &["serve.py"]),
            Self::Php => ("php".into(), &["-S", "127.0.0.1:0", "snippet.php"]),
            Self::Go => ("./serve".into(), &[]),
            Self::Ruby => ("ruby".into(), &["serve.rb"]),
            Self::Java => ("java".into(), &["-cp", "classes", "Serve"]),
            Self::CSharp => ("dotnet".into(), &["out/Receiver.dll"]),
            Self::Rust => (RUST_RECEIVER.into(), &[way.file_stem()]),
        };
        let mut command = Command::new(program);
        command.args(arguments);
        command
    }

    /// Where the snippet is placed in that folder.
    pub fn file(self) -> PathBuf {
        let folder = if self == Self::Go { "webhooks" } else { "" };
        Path::new(folder).join(format!("snippet.{}", self.extension()))
    }
}

/// The folder of all snippets.
pub fn snippets() -> PathBuf {
    binary::root().join("crates/console/snippets")
}

fn is_on_the_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// The major version of the SDK, which is also that of its framework.
fn dotnet_major() -> String {
    let version = Command::new("dotnet").arg("--version").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    version.split('.').next().unwrap().to_owned()
}
