//! Renders the Rust snippets for the program that serves them to the tests.

// The tests also use this module, and more of it.
#[path = "tests/snippets/placeholders.rs"]
mod placeholders;

use std::path::Path;

fn main() {
    let folder = Path::new("../crates/console/snippets/rust");
    let out = std::env::var_os("OUT_DIR").expect("cargo tells it");
    println!("cargo::rerun-if-changed=tests/snippets/placeholders.rs");
    for name in ["hmac.rs", "standard-webhooks.rs"] {
        let path = folder.join(name);
        println!("cargo::rerun-if-changed={}", path.display());
        let template =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let rendered = placeholders::render(&template, placeholders::PREFIX);
        std::fs::write(Path::new(&out).join(name), rendered).expect("the output folder can be written to");
    }
}
