//! `postrider open`: the page of the console for an object.

use std::process::{Command, Stdio};

use http::Method;
use url::Url;

use crate::client::{Call, Client, ClientArgs, Server, server};
use crate::display::Screen;
use crate::{Context, Failure};

/// Flags of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The command prints the address, and opens it in $BROWSER, or in the browser of your desktop, if there is one.

Examples:
  postrider open
  postrider open customer-42
  postrider open dlv_01jh3qk8v2e9x9d5wq3m4n5p6r
  postrider open customer-42 dlv_01jh3qk8v2e9x9d5wq3m4n5p6r    # without asking the server
  postrider open customer-42 --print")]
pub struct Args {
    /// An account's id or uid, or the id of an event, a delivery or an automation, whose account the server
    /// finds [default: the list of accounts]
    #[arg(value_name = "ACCOUNT OR ID")]
    what: Option<String>,

    /// The id of an event, a delivery or an automation of the account
    id: Option<String>,

    /// Only print the address
    #[arg(long)]
    print: bool,

    #[command(flatten)]
    client: ClientArgs,
}

/// Ids that have a page below their account's, by their prefix.
const PAGES: [(&str, &str); 3] = [
    ("evt_", "events"),
    ("dlv_", "deliveries"),
    ("auto_", "automations"),
];

/// Runs the command.
pub async fn run(args: Args, context: Context<'_>) -> Result<(), Failure> {
    let server = server::chosen(&args.client, context.environment)?;
    let page = match (&args.what, &args.id) {
        (Some(id), None) if list_of(id).is_some() => {
            let account = account_of(&server, id).await?;
            page(&server.url, Some(&account), Some(id))?
        }
        (what, id) => page(&server.url, what.as_deref(), id.as_deref())?,
    };
    Screen::new().print(page.as_str())?;
    if !args.print {
        open(&page);
    }
    Ok(())
}

/// The list whose objects have such ids, if they have a page.
fn list_of(id: &str) -> Option<&'static str> {
    let page = PAGES.iter().find(|(prefix, _)| id.starts_with(prefix));
    page.map(|(_, list)| *list)
}

/// The account that has the object.
async fn account_of(server: &Server, id: &str) -> Result<String, Failure> {
    let call = Call::new(Method::GET, &["search"]).query("q", Some(id));
    let found = Client::of(server)?.call(call).await?.json;
    let account = found["data"][0]["account_id"].as_str();
    account
        .map(str::to_owned)
        .ok_or_else(|| Failure::Failed(format!("nothing has the id {id}")))
}

fn page(base: &Url, account: Option<&str>, id: Option<&str>) -> Result<Url, Failure> {
    let mut segments = vec!["accounts"];
    match (account, id) {
        (None, _) => {}
        (Some(account), None) => segments.push(account),
        (Some(account), Some(id)) => {
            let Some(list) = list_of(id) else {
                return Err(Failure::Usage(format!(
                    "`{id}` has no page: expected the id of an event (evt_…), a delivery (dlv_…) or an automation \
                     (auto_…)"
                )));
            };
            segments.extend([account, list, id]);
        }
    }
    if segments.iter().any(|segment| matches!(*segment, "" | "." | "..")) {
        return Err(Failure::Usage("this is not an id".to_owned()));
    }
    let mut page = base.clone();
    page.path_segments_mut()
        .expect("only http and https URLs get here, and those have a path")
        .pop_if_empty()
        .extend(segments);
    Ok(page)
}

/// Opens the page, if this machine has a browser. A failure is ignored, because the address was printed.
fn open(page: &Url) {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let program = if is_set("BROWSER") {
        std::env::var("BROWSER").unwrap_or_default()
    } else if cfg!(target_os = "macos") {
        "open".to_owned()
    } else if is_set("DISPLAY") || is_set("WAYLAND_DISPLAY") {
        "xdg-open".to_owned()
    } else {
        return;
    };
    let started = Command::new(program)
        .arg(page.as_str())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    drop(started);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(account: Option<&str>, id: Option<&str>) -> Result<String, String> {
        let base = "https://hooks.example/postrider/".parse().unwrap();
        let page = page(&base, account, id).map_err(|failure| failure.to_string())?;
        Ok(page.as_str().replace("https://hooks.example", ""))
    }

    #[test]
    fn an_id_leads_to_its_page() {
        assert_eq!(path(None, None).unwrap(), "/postrider/accounts");
        assert_eq!(path(Some("a b"), None).unwrap(), "/postrider/accounts/a%20b");
        assert_eq!(
            path(Some("acme"), Some("dlv_1")).unwrap(),
            "/postrider/accounts/acme/deliveries/dlv_1"
        );
        assert!(path(Some("acme"), Some("key_1")).is_err());
        assert!(path(Some(".."), None).is_err());
    }
}
