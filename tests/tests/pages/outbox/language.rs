//! The languages of the page, and where their drivers are.

use std::os::unix::fs::symlink;
use std::path::Path;

/// A language that has a relay on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Node,
    Python,
    Php,
    Ruby,
    Go,
    Java,
}

impl Language {
    /// The heading of its section.
    pub fn section(self) -> &'static str {
        match self {
            Self::Node => "Node.js",
            Self::Python => "Python",
            Self::Php => "PHP",
            Self::Ruby => "Ruby",
            Self::Go => "Go",
            Self::Java => "Java",
        }
    }

    /// Makes the driver appear in the reader's folder, as the page's first command does.
    pub fn install(self, folder: &Path) {
        match self {
            Self::Node => {
                let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("receivers/node/node_modules");
                symlink(packages, folder.join("node_modules")).unwrap();
            }
            Self::Java => {
                symlink("/usr/share/java/postgresql.jar", folder.join("postgresql.jar")).unwrap();
            }
            Self::Python | Self::Php | Self::Ruby | Self::Go => {}
        }
    }

    /// Variables for its tools: Debian packages Go's driver as source below a GOPATH, without a module.
    pub fn variables(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Go => &[("GO111MODULE", "off"), ("GOPATH", "/usr/share/gocode")],
            _ => &[],
        }
    }
}
