//! Messages that stop a start are in `docs/operating/faq.md`.
//!
//! To add one: trigger it here, and give it a heading there that is a part of it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use postrider_tests::binary;
use postrider_tests::server::{ADMIN_KEY, MASTER_KEY};
use tempfile::TempDir;

/// A start in a new folder, with its settings.
struct Start {
    folder: TempDir,
    flags: Vec<String>,
    variables: Vec<(&'static str, &'static str)>,
}

impl Start {
    /// A start on an empty data folder that would succeed.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let flags = ["--listen", "127.0.0.1:0", "--data-dir", data.to_str().unwrap()];
        Self {
            flags: flags.map(str::to_owned).to_vec(),
            folder,
            variables: vec![("POSTRIDER_ADMIN_KEY", ADMIN_KEY)],
        }
    }

    /// A start on a database, by a URL that cannot be used.
    fn on_database() -> Self {
        let mut start = Self::new();
        start.flags.truncate(2);
        start.flag("--database-url", "postgres://u@127.0.0.1:1/d?nonsense=1")
    }

    /// The same, with a file in the data folder.
    fn with(self, name: &str, content: &[u8]) -> Self {
        let path = self.folder.path().join("data").join(name);
        std::fs::write(&path, content).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        self
    }

    fn listening_on(mut self, address: &str) -> Self {
        address.clone_into(&mut self.flags[1]);
        self
    }

    fn flag(mut self, name: &str, value: &str) -> Self {
        self.flags.extend([name.to_owned(), value.to_owned()]);
        self
    }

    fn variable(mut self, name: &'static str, value: &'static str) -> Self {
        self.variables.push((name, value));
        self
    }

    /// The last line of the output of the start, which must fail.
    fn message(&self) -> String {
        let output = binary::command()
            .arg("serve")
            .args(&self.flags)
            .envs(self.variables.iter().copied())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{text}");
        text.lines()
            .find(|line| line.contains("error: "))
            .unwrap_or_else(|| panic!("{text}"))
            .to_owned()
    }
}

/// The messages that the page has as headings, without code marks.
fn headings() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/operating/faq.md");
    let page = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = page.lines().filter_map(|line| line.strip_prefix("### "));
    lines.map(|line| line.replace('`', "")).collect()
}

#[test]
fn each_message_that_stops_a_start_is_a_heading_of_the_faq() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let with_key = || Start::new().with("master.key", MASTER_KEY.as_bytes());
    let open_key = with_key();
    let key_file = open_key.folder.path().join("data/master.key");
    std::fs::set_permissions(&key_file, PermissionsExt::from_mode(0o644)).unwrap();
    let starts = [
        open_key.with("postrider.db", b"something"),
        Start::new().with("postrider.db", b"something"),
        Start::new().with("master.key", b"prk_something"),
        with_key().with("postrider.db", &b"This is text, and no database. ".repeat(200)),
        Start::on_database(),
        Start::on_database().variable("POSTRIDER_MASTER_KEY", MASTER_KEY),
        Start::new().flag("--database-url", "postgres://u@127.0.0.1:1/d"),
        Start::new().listening_on(&address),
        Start::new().variable("POSTRIDER_RETENTON", "3d"),
        with_key().variable("POSTRIDER_ADMIN_KEY", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        with_key().variable("POSTRIDER_ADMIN_KEY", "short"),
        Start::new().flag("--master-key-file", "/nonexistent/master.key"),
        Start::new().flag("--oidc-issuer", "https://login.example.com"),
        Start::new().flag("--public-url", "webhooks.example.com"),
        Start::new().flag("--config", "/nonexistent.toml"),
    ];
    let misspelt = Start::new();
    std::fs::write(
        misspelt.folder.path().join("postrider.toml"),
        "retention_days = 3\n",
    )
    .unwrap();
    let headings = headings();
    for start in starts.iter().chain([&misspelt]) {
        let message = start.message();
        let plain = message.replace('`', "");
        let is_known = headings.iter().any(|heading| plain.contains(heading.as_str()));
        assert!(is_known, "docs/operating/faq.md has no heading for: {message}");
    }
}
