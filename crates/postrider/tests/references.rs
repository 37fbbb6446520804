//! The committed references agree with the code. `UPDATE_GENERATED=1 cargo test -p postrider` writes them anew.

#![expect(clippy::unwrap_used, reason = "a test says by panicking what is wrong")]

use std::path::{Path, PathBuf};

use postrider::config::declaration;
use postrider::config::file::ConfigFile;
use postrider::config::reference::reference;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs/reference")
        .join(name)
}

fn assert_committed(name: &str, text: &str) {
    let path = path(name);
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == text,
        "docs/reference/{name} is stale: run UPDATE_GENERATED=1 cargo test -p postrider"
    );
}

#[test]
fn the_reference_of_settings_is_up_to_date() {
    assert_committed("postrider.toml", &reference());
}

#[test]
fn the_reference_of_commands_is_up_to_date() {
    assert_committed("cli.md", &postrider::command_line::reference());
}

#[test]
fn the_reference_of_settings_is_itself_a_settings_file_and_so_is_each_of_its_examples() {
    let text = reference();
    let file = ConfigFile::parse(Path::new("reference"), &text).unwrap();
    assert!(declaration::settings().all(|setting| file.get(declaration::key(setting)).is_none()));

    // The lines that are commented out are all settings, and all of them are taken.
    let uncommented = text
        .lines()
        .filter_map(|line| line.strip_prefix('#').filter(|line| !line.starts_with(' ')));
    let uncommented = uncommented.collect::<Vec<_>>().join("\n");
    let file = ConfigFile::parse(Path::new("reference"), &uncommented).unwrap();
    let mut values = declaration::defaults();
    for setting in declaration::settings() {
        let key = declaration::key(setting);
        values.insert(
            key.to_owned(),
            file.get(key).unwrap_or_else(|| panic!("{key} is missing")).0,
        );
    }
    let settings = declaration::read(values).unwrap();
    assert_eq!(settings.in_flight_max, 2_048);
}
