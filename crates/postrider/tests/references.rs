//! The committed references agree with the code. To write them again, run
//! `UPDATE_GENERATED=1 cargo test -p postrider`.

#![expect(clippy::unwrap_used, reason = "a test says by panicking what is wrong")]

use std::path::{Path, PathBuf};
use std::process::Command;

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
fn the_settings_reference_and_its_examples_are_valid_settings_files() {
    let text = reference();
    let file = ConfigFile::parse(Path::new("reference"), &text).unwrap();
    assert!(declaration::settings().all(|setting| file.get(declaration::key(setting)).is_none()));

    // The commented-out lines are all settings, and all of them are accepted.
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
    let (profiles, _) = file.get("signature_profiles").unwrap();
    values.insert("signature_profiles".to_owned(), profiles);
    let settings = declaration::read(values).unwrap();
    assert!(
        settings
            .signature_profiles()
            .unwrap()
            .find(Some("acme"))
            .is_some()
    );
    assert_eq!(settings.in_flight_max, 2_048);
}

/// Commands that do something, with their words: `accounts update`.
fn leaves(command: &clap::Command, words: &str, found: &mut Vec<(String, clap::Command)>) {
    if command.get_subcommands().next().is_none() {
        found.push((words.to_owned(), command.clone()));
    }
    for subcommand in command.get_subcommands() {
        let words = format!("{words} {}", subcommand.get_name());
        leaves(subcommand, words.trim(), found);
    }
}

/// Commands and options without help, as `accounts update --name`.
fn without_help(command: &clap::Command, words: &str) -> Vec<String> {
    let has_text =
        |text: Option<&clap::builder::StyledStr>| text.is_some_and(|it| !it.to_string().is_empty());
    let mut missing = Vec::new();
    if !has_text(command.get_about()) {
        missing.push(words.to_owned());
    }
    let arguments = command.get_arguments().filter(|argument| !argument.is_hide_set());
    let bare = arguments.filter(|argument| !has_text(argument.get_help()));
    missing.extend(bare.map(|argument| format!("{words} {}", argument.get_id())));
    for subcommand in command.get_subcommands() {
        missing.extend(without_help(
            subcommand,
            &format!("{words} {}", subcommand.get_name()),
        ));
    }
    missing
}

#[test]
fn every_command_and_option_has_help_and_every_command_stands_in_the_docs() {
    let command = postrider::command_line::declared();
    assert_eq!(without_help(&command, "postrider"), [""; 0]);
    let page = std::fs::read_to_string(path("../cli.md")).unwrap();
    let mut found = Vec::new();
    leaves(&command, "", &mut found);
    assert!(found.len() > 50, "{} commands", found.len());
    let undocumented: Vec<_> = found
        .iter()
        .map(|(words, _)| words)
        .filter(|words| !page.contains(&format!("`{words}`")))
        .collect();
    assert!(
        undocumented.is_empty(),
        "not in the table of docs/cli.md: {undocumented:?}"
    );
    let variables = postrider_cli::environment::VARIABLES.iter().map(|(name, _)| name);
    let reference = postrider::command_line::reference();
    let unnamed: Vec<_> = variables.filter(|name| !reference.contains(*name)).collect();
    assert!(unnamed.is_empty(), "in no help text: {unnamed:?}");
}

/// The shell examples of the reference of commands.
fn shell_blocks(text: &str) -> Vec<&str> {
    text.split("```sh\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect()
}

/// Runs a script in bash and returns the arguments of each `postrider` call. Functions replace `postrider`
/// and other programs.
fn arguments_of(script: &str) -> Vec<Vec<String>> {
    let folder = tempfile::tempdir().unwrap();
    let recorded = folder.path().join("recorded");
    // What the examples of `completions` write to.
    for written in [
        ".local/share/bash-completion/completions",
        ".zfunc",
        ".config/fish/completions",
    ] {
        std::fs::create_dir_all(folder.path().join(written)).unwrap();
    }
    // What examples read.
    std::fs::write(folder.path().join("staging.key"), "").unwrap();
    let prelude = "postrider() { printf '%s\\037' postrider \"$@\" >>\"$RECORDED\"; printf '\\036' >>\"$RECORDED\"; }\n\
                   jq() { :; }; sh() { :; }; HEALTHCHECK() { :; }\n";
    let output = Command::new("bash")
        .arg("-euc")
        .arg(format!("{prelude}{script}"))
        .env("RECORDED", &recorded)
        .env("HOME", folder.path())
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{script}\n{output:?}");
    let recorded = std::fs::read_to_string(&recorded).unwrap_or_default();
    recorded
        .split_terminator('\u{1e}')
        .map(|command| command.split_terminator('\u{1f}').map(str::to_owned).collect())
        .collect()
}

#[test]
fn every_example_has_a_valid_command_line() {
    let reference = postrider::command_line::reference();
    let blocks = shell_blocks(&reference);
    assert!(blocks.len() > 10, "{} blocks of examples", blocks.len());
    for block in blocks {
        let checked = Command::new("bash").args(["-n", "-c", block]).status().unwrap();
        assert!(checked.success(), "{block}");
        let lines = block.lines().filter(|line| line.contains("postrider ")).count();
        let commands = arguments_of(block);
        assert!(commands.len() >= lines, "{commands:?} of:\n{block}");
        for arguments in commands {
            let parsed = postrider::command_line::command().try_get_matches_from(&arguments);
            assert!(parsed.is_ok(), "{arguments:?}: {}", parsed.unwrap_err());
        }
    }
}
