//! `postrider copy`: a stopped node moves to PostgreSQL with nothing lost.
//!
//! * [`killed`]: the copy is killed on the way, again and again, and the cluster answers as the node did.
//! * [`refusals`]: what is not copied, and why.
//! * [`source`]: a node with some of everything. [`answers`]: what an API says, to be compared.

mod answers;
mod killed;
mod refusals;
mod source;

use std::path::Path;
use std::process::{Child, Stdio};

use postrider_tests::binary;

/// A password that nothing may print. The servers of the tests ask for none.
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

/// Runs a copy to its end.
fn copy(folder: &Path, url: &str) -> postrider_tests::command::Ended {
    let arguments = arguments(folder, url);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ended = postrider_tests::command::run(&arguments);
    assert!(!ended.out.contains(PASSWORD), "{ended:?}");
    assert!(!ended.err.contains(PASSWORD), "{ended:?}");
    assert!(!ended.err.contains("panicked"), "{ended:?}");
    ended
}

/// A copy that can be killed.
fn begin_copy(folder: &Path, url: &str) -> Child {
    let mut command = binary::command();
    command.args(arguments(folder, url)).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().expect("the binary can be started")
}
