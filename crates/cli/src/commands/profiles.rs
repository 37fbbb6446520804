//! `postrider profiles` and `postrider logout`: what `postrider login` stored.

use crate::display::{Screen, Table};
use crate::profiles::Profiles;
use crate::{Context, Failure};

/// Flags of the group.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  postrider profiles list
  postrider profiles use staging")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the profiles and their servers, without the keys
    List,
    /// Make a profile the current one
    Use {
        /// The profile's name
        name: String,
    },
}

/// Flags of `postrider logout`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
The API key stays valid at the server: to end it, `postrider api-keys delete`.

Examples:
  postrider logout
  postrider logout staging")]
pub struct LogoutArgs {
    /// The profile's name [default: the one that POSTRIDER_PROFILE names, otherwise the current one]
    name: Option<String>,
}

/// Runs the command.
pub fn run(args: &Args, context: Context<'_>) -> Result<(), Failure> {
    let mut stored = Profiles::read()?;
    match &args.command {
        Command::List => Screen::new().print(&table(&stored, context)?),
        Command::Use { name } => {
            stored.make_current(name)?;
            stored.write()?;
            let others = before_current(name, context);
            Screen::new().print(&format!("The profile `{name}` is current.\n{others}"))
        }
    }
}

/// Removes a profile.
pub fn logout(args: &LogoutArgs, context: Context<'_>) -> Result<(), Failure> {
    let mut stored = Profiles::read()?;
    let name = match &args.name {
        Some(name) => name.clone(),
        None => match stored.of_variable_or_current(context.environment.get("POSTRIDER_PROFILE"))? {
            Some(profile) => profile.name,
            None => return Err(Failure::Usage("no profile is current: name one".to_owned())),
        },
    };
    stored.remove(&name)?;
    stored.write()?;
    Screen::new().print(&format!(
        "Removed the profile `{name}` and its key from this machine."
    ))
}

/// Which variables come before the current profile, a line each; empty if none does.
pub fn before_current(current: &str, context: Context<'_>) -> String {
    let names_other = |variable: &str, value: &str| variable != "POSTRIDER_PROFILE" || value != current;
    ["POSTRIDER_API_KEY", "POSTRIDER_URL", "POSTRIDER_PROFILE"]
        .into_iter()
        .filter(|variable| {
            let value = context.environment.get(variable);
            value.is_some_and(|value| names_other(variable, value))
        })
        .map(|variable| format!("{variable} is set and comes before the profile: unset it.\n"))
        .collect()
}

fn table(stored: &Profiles, context: Context<'_>) -> Result<String, Failure> {
    let used = stored.of_variable_or_current(context.environment.get("POSTRIDER_PROFILE"))?;
    let mut table = Table::new(&["NAME", "SERVER", "CURRENT"]);
    for profile in stored.all() {
        let is_used = used.as_ref().is_some_and(|used| used.name == profile.name);
        table.row([
            profile.name.clone(),
            profile.url.clone(),
            if is_used { "yes" } else { "" }.to_owned(),
        ]);
    }
    Ok(table.render(
        Screen::new().paint(),
        "No profiles. To create one: postrider login",
    ))
}
