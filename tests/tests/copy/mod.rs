//! `postrider copy`: a stopped node moves to PostgreSQL and loses nothing.
//!
//! * [`killed`]: the copy is killed several times, and the cluster responds as the node did.
//! * [`refusals`]: what the command refuses to copy, and why.
//! * [`source`]: a node with objects of every kind. [`responses`]: the API's responses, for comparison.

mod killed;
mod refusals;
mod responses;
mod source;

use std::path::Path;
use std::process::{Child, Stdio};

use postrider_tests::binary;

/// A password that no output may contain. The servers of the tests require none.
const PASSWORD: &str = "a-password-of-the-tests";

/// The arguments of a copy, with [`PASSWORD`] in the URL.
fn arguments(folder: &Path, url: &str) -> [String; 5] {
    let to = url.replacen("postrider@", &format!("postrider:{PASSWORD}@"), 1);
    let from = format!("sqlite:{}", folder.display());
    [
        "copy".to_owned(),
        "--from".to_owned(),
        from,
        "--to".to_owned(),
        to,
    ]
}

/// Runs a copy to completion.
fn copy(folder: &Path, url: &str) -> postrider_tests::command::CommandOutput {
    let arguments = arguments(folder, url);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let output = postrider_tests::command::run(&arguments);
    assert!(!output.out.contains(PASSWORD), "{output:?}");
    assert!(!output.err.contains(PASSWORD), "{output:?}");
    assert!(!output.err.contains("panicked"), "{output:?}");
    output
}

/// A copy that can be killed.
fn begin_copy(folder: &Path, url: &str) -> Child {
    let mut command = binary::command();
    command.args(arguments(folder, url)).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().expect("the binary can be started")
}
