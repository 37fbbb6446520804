//! The program's entry. Everything else is in the library.

#![forbid(unsafe_code)]

use std::process::ExitCode;

/// Most memory is freed by another thread than the one that allocated it: the writer frees a request's
/// memory, a worker frees an attempt's record. glibc's allocator then contends for locks. See
/// `docs/decisions/0010-allocator.md`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    postrider::run(std::env::args_os(), std::env::vars_os())
}
