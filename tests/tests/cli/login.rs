//! Profiles: `login`, `logout`, `profiles`, and which server and key a command uses.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use postrider_tests::Server;
use postrider_tests::command::{CommandOutput, run_with};
use postrider_tests::server::ADMIN_KEY;
use tempfile::TempDir;

fn at(home: &TempDir, line: &str, variables: &[(&str, &str)], input: &str) -> CommandOutput {
    let mut all = vec![("XDG_CONFIG_HOME", home.path().to_str().unwrap())];
    all.extend(variables);
    run_with(&line.split(' ').collect::<Vec<_>>(), &all, input)
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_login_is_stored_for_its_user_alone_and_commands_use_it() {
    let (server, home) = (Server::start(), TempDir::new().unwrap());
    let url = server.api().url();
    let login = format!("login --url {url}");
    let refused = at(&home, &login, &[], "prk_wrong");
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(
        !home.path().join("postrider").exists(),
        "a key that was refused is not stored"
    );
    let stored = at(&home, &login, &[], &format!("{ADMIN_KEY}\n"));
    assert!(!stored.success().contains(ADMIN_KEY), "{stored:?}");
    assert_eq!(mode(&home.path().join("postrider")), 0o700);
    assert_eq!(mode(&home.path().join("postrider/profiles.toml")), 0o600);
    at(&home, "accounts create Acme --uid acme", &[], "").success();
    let listed = at(&home, "profiles list", &[], "");
    assert!(
        listed.success().contains(&url) && !listed.out.contains("prk_"),
        "{listed:?}"
    );
    at(&home, "logout", &[], "").success();
    let after = at(&home, "accounts list", &[], "");
    assert!(
        after.code == 2 && after.err.contains("postrider login"),
        "{after:?}"
    );
}

#[test]
fn flags_come_before_variables_and_variables_before_the_current_profile() {
    let (first, second) = (Server::start(), Server::start());
    let home = TempDir::new().unwrap();
    for (name, server) in [("first", &first), ("second", &second)] {
        let login = format!("login {name} --url {}", server.api().url());
        at(&home, &login, &[], ADMIN_KEY).success();
        at(&home, &format!("accounts create In-{name}"), &[], "").success();
    }
    let seen = |line: &str, variables: &[(&str, &str)]| {
        let listed = at(&home, line, variables, "");
        let in_first = listed.success().contains("In-first");
        assert_ne!(in_first, listed.out.contains("In-second"), "{listed:?}");
        if in_first { "first" } else { "second" }
    };
    let url = first.api().url();
    let of_first = [("POSTRIDER_URL", &*url), ("POSTRIDER_API_KEY", ADMIN_KEY)];
    assert_eq!(
        seen("accounts list", &[]),
        "second",
        "the profile of the last login is current"
    );
    assert_eq!(seen("accounts list", &[("POSTRIDER_PROFILE", "first")]), "first");
    assert_eq!(seen("accounts list", &of_first), "first");
    assert_eq!(seen("accounts list --profile second", &of_first), "second");
    at(&home, "profiles use first", &[], "").success();
    assert_eq!(seen("accounts list", &[]), "first");
}

#[test]
fn the_key_of_a_profile_is_not_sent_to_another_server() {
    let (server, other, home) = (Server::start(), Server::start(), TempDir::new().unwrap());
    at(
        &home,
        &format!("login --url {}", server.api().url()),
        &[],
        ADMIN_KEY,
    )
    .success();
    let line = format!("accounts list --url {}", other.api().url());
    let refused = at(&home, &line, &[], "");
    assert!(
        refused.code == 2 && refused.err.contains("not sent to"),
        "{refused:?}"
    );
    let given = at(&home, &line, &[("POSTRIDER_API_KEY", ADMIN_KEY)], "");
    given.success();
}

#[test]
fn profiles_that_others_can_read_are_refused() {
    let (server, home) = (Server::start(), TempDir::new().unwrap());
    at(
        &home,
        &format!("login --url {}", server.api().url()),
        &[],
        ADMIN_KEY,
    )
    .success();
    let file = home.path().join("postrider/profiles.toml");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = at(&home, "accounts list", &[], "");
    assert!(
        refused.code == 2 && refused.err.contains("chmod 600"),
        "{refused:?}"
    );
}
