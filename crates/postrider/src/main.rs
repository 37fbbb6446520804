//! The program's entry. See the library for everything else.

use std::process::ExitCode;

/// Most of what is allocated here is freed by another thread (a request's by the writer, an attempt's record
/// by a worker), which glibc's allocator answers with contended locks. See
/// `docs/decisions/0010-allocator.md`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    postrider::run(std::env::args_os(), std::env::vars_os())
}
