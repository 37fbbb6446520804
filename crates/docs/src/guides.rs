//! The guides that the server shows.
//!
//! To add one: a line of [`GUIDES`], or of `NOT_SHOWN` in the tests with the reason. A test finds the file of
//! `docs/` that is in neither, and the link that leads nowhere.

use crate::markdown::{self, Heading, Html, Section, Text};

/// What a guide helps to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// For producers.
    Send,
    /// For customers and their receivers.
    Receive,
    /// For those who set automations up.
    Automate,
    /// For staff.
    Manage,
    /// For those who run the server.
    Operate,
}

/// The source of a guide.
#[derive(Debug)]
pub struct Source {
    /// Its path below `docs/`.
    pub file: &'static str,
    /// What it helps to do.
    pub group: Group,
    /// What it is about, in a few words.
    pub about: &'static str,
    markdown: &'static str,
}

impl Source {
    /// The address of its page.
    pub fn address(&self) -> String {
        format!("/docs/guides/{}", slug_of(self.file))
    }

    /// Its text, by headings.
    pub(crate) fn sections(&self) -> Vec<Section> {
        markdown::sections(self.markdown)
    }
}

macro_rules! guides {
    ($($file:literal, $group:ident, $about:literal;)*) => {
        /// Every guide, in the order in which they are shown.
        pub const GUIDES: &[Source] = &[$(Source {
            file: $file,
            group: Group::$group,
            about: $about,
            markdown: include_str!(concat!("../../../docs/", $file)),
        },)*];
    };
}

guides! {
    "api.md", Send, "Where the reference is, how its examples run, and what stays compatible";
    "sending.md", Send, "Report events: from the first request to batches, ids and limits";
    "cloudevents.md", Send, "CloudEvents 1.0 as events, and as webhooks";
    "quickstart-outbox.md", Send, "From a transaction of your product to an event, with an outbox";
    "clients.md", Send, "Retries, batches, paging and verification, from your own code";
    "cli.md", Send, "The command line, and webhooks on your machine";
    "moving.md", Send, "From your own sender, Svix, Convoy or Outpost";
    "operational-events.md", Send, "Events that report what happens to your webhooks";
    "receiving.md", Receive, "Verify a webhook, respond to it, and find out why a signature does not match";
    "receiving/express.md", Receive, "Node.js";
    "receiving/nextjs.md", Receive, "Node.js";
    "receiving/fastapi.md", Receive, "Python";
    "receiving/django.md", Receive, "Python";
    "receiving/flask.md", Receive, "Python";
    "receiving/rails.md", Receive, "Ruby";
    "receiving/laravel.md", Receive, "PHP";
    "receiving/spring.md", Receive, "Java";
    "receiving/aspnet.md", Receive, "C#";
    "receiving/go.md", Receive, "Go";
    "automations.md", Automate, "The life of an automation, from setting it up to sending what it missed";
    "templates.md", Automate, "Bodies and headers of your own: the language, with examples";
    "email.md", Automate, "Actions that send e-mails";
    "connections.md", Automate, "How to authenticate at a receiver: tokens, OAuth 2.0, certificates";
    "configuration-as-code.md", Manage, "Event types, accounts and automations in a file";
    "console.md", Manage, "The web pages for staff and for customers";
    "access.md", Manage, "API keys, permissions, portal links and sign-in";
    "audit.md", Manage, "Who did what, and when";
    "operating.md", Operate, "The shortest path to production, and a page for each task";
    "operating/install.md", Operate, "A binary, a Debian package, an image, compose or Kubernetes";
    "operating/checklist.md", Operate, "What to do before you go live";
    "operating/check.md", Operate, "Before a start, and the probes of a running server";
    "operating/proxies.md", Operate, "nginx, Caddy and Traefik, and which paths stay private";
    "operating/backup-and-restore.md", Operate, "A backup every day, and a drill";
    "operating/upgrade.md", Operate, "Replace the binary, and go back if you have to";
    "operating/faq.md", Operate, "What a message of the server means, and what to do";
    "operating/alerts.md", Operate, "What each alert means, and which command helps";
    "operating/metrics.md", Operate, "Every metric, for Prometheus";
    "operating/logs.md", Operate, "Every line of the log";
    "operating/opentelemetry.md", Operate, "Traces, metrics and logs to a collector";
    "operating/secrets.md", Operate, "The master key, its rotation, and lost keys";
    "operating/destinations.md", Operate, "Networks, names and ports that webhooks may reach";
    "operating/sizing.md", Operate, "A machine for a number of events a day";
    "operating/disk.md", Operate, "The data folder, retention, and a full disk";
    "operating/postgresql.md", Operate, "Roles, TLS, poolers and durability";
    "operating/cluster.md", Operate, "Several nodes on one database";
}

/// A guide.
#[derive(Debug)]
pub struct Guide {
    /// Its name in addresses.
    pub slug: String,
    /// What it helps to do.
    pub group: Group,
    /// What it is about, in a few words.
    pub about: &'static str,
    /// Its title.
    pub title: String,
    /// Its text, as markup.
    pub html: Html,
    /// The headings of levels 2 and 3.
    pub headings: Vec<Heading>,
    /// The targets of its links, as they are written.
    pub links: Vec<String>,
}

impl Group {
    /// All, in their order.
    pub const ALL: [Self; 5] = [
        Self::Send,
        Self::Receive,
        Self::Automate,
        Self::Manage,
        Self::Operate,
    ];

    /// Its name.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Send => "Send events",
            Self::Receive => "Receive webhooks",
            Self::Automate => "Set automations up",
            Self::Manage => "Manage the installation",
            Self::Operate => "Operate the server",
        }
    }
}

impl Guide {
    pub(crate) fn of(source: &Source) -> Self {
        let Text {
            title,
            html,
            headings,
            links,
        } = markdown::text(source.markdown, |file| page_of(source.file, file));
        Self {
            slug: slug_of(source.file),
            group: source.group,
            about: source.about,
            title,
            html,
            headings,
            links,
        }
    }

    /// The address of its page.
    pub fn address(&self) -> String {
        format!("/docs/guides/{}", self.slug)
    }
}

/// A text that names files of `docs/`, such as the help of a setting, with the addresses of their pages
/// instead.
pub fn as_pages(text: &str) -> String {
    let named =
        |text: String, source: &Source| text.replace(&format!("docs/{}", source.file), &source.address());
    GUIDES.iter().fold(text.to_owned(), named)
}

/// `receiving/express.md` is shown at `receiving-express`.
fn slug_of(file: &str) -> String {
    file.trim_end_matches(".md").replace('/', "-")
}

/// The page of a file that a guide links to, if it is shown.
fn page_of(from: &str, to: &str) -> Option<String> {
    let to = resolved(from, to);
    let source = GUIDES.iter().find(|source| source.file == to)?;
    Some(source.address())
}

/// The path below `docs/` that a relative link leads to.
fn resolved(from: &str, to: &str) -> String {
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in to.split('/') {
        match part {
            ".." if !parts.is_empty() => drop(parts.pop()),
            "." => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    /// Files of `docs/` that are for people who run or change Postrider, with the reason. Their folders end
    /// with a slash.
    const NOT_SHOWN: [&str; 7] = [
        // For those who change the code.
        "architecture.md",
        "decisions/",
        "reliability.md",
        // For those who judge the software, or choose its settings: measurements, threats, generated lists.
        "performance.md",
        "reference/",
        "security.md",
        // Pictures.
        "screenshots/",
    ];

    fn folder() -> &'static Path {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs"))
    }

    fn files(below: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(below).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                let name = path.strip_prefix(folder()).unwrap();
                found.insert(name.to_str().unwrap().to_owned());
            }
        }
    }

    #[test]
    fn every_guide_is_shown_or_left_out_on_purpose() {
        let mut found = BTreeSet::new();
        files(folder(), &mut found);
        found.retain(|name| {
            let is_not_shown = |not: &str| name == not || not.ends_with('/') && name.starts_with(not);
            !NOT_SHOWN.iter().any(|not| is_not_shown(not))
        });
        let shown: BTreeSet<String> = GUIDES.iter().map(|source| source.file.to_owned()).collect();
        assert_eq!(found, shown, "extend GUIDES in crates/docs/src/guides.rs");
    }

    #[test]
    fn every_link_of_a_guide_leads_to_a_file_and_to_a_heading_of_it() {
        for source in GUIDES {
            for link in Guide::of(source).links {
                if link.starts_with("http://") || link.starts_with("https://") {
                    continue;
                }
                let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
                let file = match file {
                    "" => source.file.to_owned(),
                    file => resolved(source.file, file),
                };
                let path = folder().join(&file);
                assert!(path.exists(), "{}: {link}", source.file);
                if !anchor.is_empty() {
                    let text = markdown::text(&fs::read_to_string(path).unwrap(), |_| None);
                    let is_heading = text.headings.iter().any(|heading| heading.id == anchor);
                    assert!(is_heading, "{}: {link}", source.file);
                }
            }
        }
    }

    /// The help of commands and settings names files, which the server then names as pages.
    #[test]
    fn every_file_that_help_names_is_a_guide() {
        let help = fs::read_to_string(folder().join("reference/cli.md")).unwrap();
        assert!(help.contains("docs/operating/logs.md"));
        let pages = as_pages(&help);
        assert!(pages.contains("See /docs/guides/operating-logs"));
        let left = pages.split_whitespace().find(|word| word.starts_with("docs/"));
        assert_eq!(left, None, "extend GUIDES, or name a guide");
    }

    #[test]
    fn a_link_between_folders_is_resolved() {
        assert_eq!(resolved("receiving/express.md", "../sending.md"), "sending.md");
        assert_eq!(resolved("receiving.md", "receiving/go.md"), "receiving/go.md");
        assert_eq!(
            page_of("receiving.md", "sending.md").unwrap(),
            "/docs/guides/sending"
        );
        assert_eq!(page_of("receiving.md", "security.md"), None);
    }
}
