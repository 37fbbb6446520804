//! The program's entry. See the library for everything else.

use std::process::ExitCode;

fn main() -> ExitCode {
    postrider::run(std::env::args_os(), std::env::vars_os())
}
