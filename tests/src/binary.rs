//! Finds the `postrider` binary under test.
//!
//! `POSTRIDER_BIN` names a binary that is already built: `./test` sets it. Without it, the tests run
//! `cargo build -p postrider` with their own profile and target folder.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The prefix of the variables that the product reads. Child processes get none of the tests' own.
const VARIABLE_PREFIX: &str = "POSTRIDER_";

/// A folder that does not exist.
const NO_FOLDER: &str = "/nonexistent/postrider-tests";

/// The path of the binary.
pub fn path() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match std::env::var_os("POSTRIDER_BIN") {
        Some(path) => {
            std::fs::canonicalize(&path).unwrap_or_else(|error| panic!("POSTRIDER_BIN {path:?}: {error}"))
        }
        None => build(),
    })
}

/// The folder of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this crate is a folder of the workspace")
}

/// A command that runs the binary without the `POSTRIDER_…` variables of the tests' environment.
pub fn command() -> Command {
    let mut command = Command::new(path());
    forget_ours(&mut command);
    command
}

/// Takes the `POSTRIDER_…` variables of the tests' environment from a command that will run the binary.
pub fn forget_ours(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with(VARIABLE_PREFIX) {
            command.env_remove(name);
        }
    }
    // Without the profiles of whoever runs the tests.
    command.env("XDG_CONFIG_HOME", NO_FOLDER);
}

fn build() -> PathBuf {
    // A test binary is target/PROFILE/deps/NAME.
    let test = std::env::current_exe().expect("a test knows its own path");
    let profile_dir = test.ancestors().nth(2).expect("a test is in target/PROFILE/deps");
    let target_dir = profile_dir
        .parent()
        .expect("a profile's folder is in the target folder");
    let profile = match profile_dir.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args([
            "build",
            "--quiet",
            "--package",
            "postrider",
            "--profile",
            profile,
            "--target-dir",
        ])
        .arg(target_dir)
        .current_dir(root())
        .status()
        .expect("cargo can be started");
    assert!(status.success(), "postrider does not build");
    profile_dir.join("postrider")
}
