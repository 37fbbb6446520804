//! `postrider login`: stores a server and a key for it as a profile.

use std::io::{IsTerminal as _, Read as _};
use std::path::PathBuf;

use http::Method;
use url::Url;

use super::profiles::before_current;
use super::secret_prompt;
use crate::client::{Call, Client, ClientArgs, Server, server};
use crate::display::Screen;
use crate::profiles::{self, DEFAULT_NAME, Profile, Profiles};
use crate::{Context, Failure};

/// Longest key that is read, in bytes.
const KEY_BYTES_MAX: u64 = 4_096;

/// Flags of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The command asks for the API key, or reads it from standard input, checks it at the server, and stores both in \
postrider/profiles.toml of your configuration folder ($XDG_CONFIG_HOME, otherwise ~/.config), which only you can read. \
The profile becomes the current one: commands use it unless you name another server or key.

Which server and key a command uses, the first that is given:
  1  --url and --api-key
  2  the profile that --profile names
  3  POSTRIDER_URL and POSTRIDER_API_KEY
  4  the profile that POSTRIDER_PROFILE names
  5  the current profile

The key of a profile is sent to the server of that profile only.

Examples:
  postrider login --url https://hooks.example.com
  postrider login staging --url https://hooks.staging.example.com < staging.key
  postrider accounts list --profile staging")]
pub struct Args {
    /// The profile's name
    #[arg(default_value = DEFAULT_NAME, value_parser = profiles::name)]
    name: String,

    /// The server's address [default: that of the profile, if it exists, otherwise POSTRIDER_URL, otherwise
    /// http://127.0.0.1:8080]
    #[arg(long, value_name = "URL", value_parser = server::parse_url)]
    url: Option<Url>,

    /// A file with additional trusted certificates (PEM)
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

/// Runs the command.
pub async fn run(args: Args, context: Context<'_>) -> Result<(), Failure> {
    let mut stored = Profiles::read()?;
    let earlier = stored.named(&args.name).ok();
    let url = match (&args.url, &earlier) {
        (Some(url), _) => server::checked("--url", url.clone())?,
        (None, earlier) => {
            let none = ClientArgs {
                // The profile of this name comes before POSTRIDER_URL.
                profile: earlier.as_ref().map(|earlier| earlier.name.clone()),
                ..ClientArgs::default()
            };
            server::url(&none, context.environment, earlier.as_ref())?
        }
    };
    let ca_file = args.ca_file.map(std::path::absolute).transpose();
    let ca_file = ca_file.map_err(|error| Failure::Usage(format!("--ca-file: {error}")))?;
    let key = read_key(&url)?;
    let server = Server {
        url: url.clone(),
        api_key: Some(key.clone()),
        ca_file: ca_file.clone().or(earlier.and_then(|earlier| earlier.ca_file)),
    };
    check(&server).await?;
    stored.put(Profile {
        name: args.name.clone(),
        url: url.to_string(),
        api_key: key,
        ca_file: server.ca_file,
    });
    let file = stored.write()?;
    let mut text = format!(
        "The profile `{}` is for {url}. Stored in {}, and current.\n",
        args.name,
        file.display()
    );
    text.push_str(&before_current(&args.name, context));
    Screen::new().print(&text)
}

/// The key from a prompt that does not show it, or from standard input. Never from an argument, which other
/// users of the machine can see.
fn read_key(url: &Url) -> Result<String, Failure> {
    let text = if std::io::stdin().is_terminal() {
        secret_prompt::ask(&format!("API key for {url} (not shown): "))?
    } else {
        let mut text = String::new();
        let read = std::io::stdin()
            .lock()
            .take(KEY_BYTES_MAX)
            .read_to_string(&mut text);
        read.map_err(|error| Failure::Usage(format!("cannot read the key from standard input: {error}")))?;
        text
    };
    match text.trim() {
        "" => Err(Failure::Usage(
            "no API key: type it, or send it on standard input".to_owned(),
        )),
        key => Ok(key.to_owned()),
    }
}

/// Asks the server for something that every key may read, or is refused for want of a permission.
async fn check(server: &Server) -> Result<(), Failure> {
    let call = Call::new(Method::GET, &["event-types"]).query("limit", Some(1));
    match Client::of(server)?.call(call).await {
        Err(Failure::Problem(problem)) if problem.code() == Some("permission_denied") => Ok(()),
        Err(failure) => Err(failure),
        Ok(_) => Ok(()),
    }
}
