//! The frameworks: their pages, where their packages are, and whether they can run here.

use std::path::{Path, PathBuf};
use std::process::Command;

use postrider_tests::binary;

/// A framework that has a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framework {
    Express,
    NextJs,
    FastApi,
    Django,
    Flask,
    Rails,
    Laravel,
    Spring,
    AspNet,
    Go,
}

impl Framework {
    pub const ALL: [Self; 10] = [
        Self::Express,
        Self::NextJs,
        Self::FastApi,
        Self::Django,
        Self::Flask,
        Self::Rails,
        Self::Laravel,
        Self::Spring,
        Self::AspNet,
        Self::Go,
    ];

    /// The name of its page, without the extension, and of its harness.
    pub fn name(self) -> &'static str {
        match self {
            Self::Express => "express",
            Self::NextJs => "nextjs",
            Self::FastApi => "fastapi",
            Self::Django => "django",
            Self::Flask => "flask",
            Self::Rails => "rails",
            Self::Laravel => "laravel",
            Self::Spring => "spring",
            Self::AspNet => "aspnet",
            Self::Go => "go",
        }
    }

    /// Its page.
    pub fn page(self) -> PathBuf {
        pages().join(format!("{}.md", self.name()))
    }

    /// Whether it cannot run here: its language is neither here nor installed by `./test`.
    pub fn obstacle(self) -> bool {
        self == Self::AspNet && Command::new("dotnet").arg("--version").output().is_err()
    }

    /// The folder whose `node_modules` has its packages, if it takes them from npm.
    pub fn node_packages(self) -> Option<PathBuf> {
        let receivers = Path::new(env!("CARGO_MANIFEST_DIR")).join("receivers");
        match self {
            Self::Express => Some(receivers.join("node/node_modules")),
            Self::NextJs => Some(receivers.join("next/node_modules")),
            _ => None,
        }
    }

    /// The folder with what a new project has and the page does not show, or that replaces what only a
    /// registry has that the tests cannot reach.
    pub fn harness(self) -> PathBuf {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
        tests.join("pages/frameworks/harness").join(self.name())
    }
}

/// The folder of the pages.
pub fn pages() -> PathBuf {
    binary::root().join("docs/receiving")
}
