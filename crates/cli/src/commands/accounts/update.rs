//! `postrider accounts update`: the flags, and the merge patch (RFC 7396) that they describe.

use crate::Failure;
use crate::commands::patch::Patch;
use crate::input;
use crate::values::retry_delays::RetryDelays;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  postrider accounts update customer-42 --name 'Acme Inc.'
  postrider accounts update customer-42 --metadata '{\"plan\":\"pro\",\"trial_ends\":null}'
  postrider accounts update customer-42 --retry-delays 60,3600
  postrider accounts update customer-42 --unset uid --unset retry-delays")]
pub(super) struct UpdateArgs {
    /// The account's id or uid
    pub account: String,
    /// The account's name
    #[arg(long)]
    name: Option<String>,
    /// Your own id for the account
    #[arg(long)]
    uid: Option<String>,
    /// Members to change in the account's metadata, as JSON; null removes one. `@FILE` reads a file, `-`
    /// standard input
    #[arg(long, value_name = "JSON")]
    metadata: Option<String>,
    /// The account's retry schedule in seconds, such as `10,100`, or `none`
    #[arg(long, value_name = "SECONDS,…")]
    retry_delays: Option<RetryDelays>,
    /// Remove a value, so that the default holds. Repeatable
    #[arg(long, value_name = "WHAT", value_parser = ["uid", "metadata", "retry-delays"])]
    unset: Vec<String>,
}

impl UpdateArgs {
    /// The request's body.
    pub fn patch(&self) -> Result<String, Failure> {
        let mut patch = Patch::default();
        patch.text("name", "--name", self.name.as_deref());
        patch.text("uid", "--uid", self.uid.as_deref());
        let metadata = self.metadata.as_deref();
        let metadata = metadata.map(|metadata| input::json("--metadata", metadata));
        patch.json("metadata", "--metadata", metadata.transpose()?);
        let delays = self.retry_delays.as_ref();
        let delays = delays.map(|delays| serde_json::json!(delays.schedule().delays_s()).to_string());
        patch.json("retry_delays_s", "--retry-delays", delays);
        for name in &self.unset {
            let member = match name.as_str() {
                "retry-delays" => "retry_delays_s",
                other => other,
            };
            patch.unset(member, name);
        }
        patch.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        update: UpdateArgs,
    }

    fn patch(flags: &[&str]) -> Result<String, String> {
        let line = ["update", "acme"].iter().chain(flags);
        let line = <Line as clap::Parser>::try_parse_from(line).map_err(|error| error.to_string())?;
        line.update.patch().map_err(|failure| failure.to_string())
    }

    #[test]
    fn only_what_the_flags_name_is_changed() {
        assert_eq!(patch(&["--name", "A \"B\""]).unwrap(), r#"{"name":"A \"B\""}"#);
        let metadata = r#"{"n": 8202522731445525542.10}"#;
        assert_eq!(
            patch(&["--metadata", metadata, "--retry-delays", "none", "--unset", "uid"]).unwrap(),
            format!(r#"{{"metadata":{metadata},"retry_delays_s":[],"uid":null}}"#)
        );
        assert_eq!(
            patch(&["--unset", "retry-delays"]).unwrap(),
            r#"{"retry_delays_s":null}"#
        );
    }

    #[test]
    fn a_line_that_changes_nothing_or_contradicts_itself_is_refused() {
        assert!(patch(&[]).unwrap_err().contains("nothing to change"));
        let both = patch(&["--uid", "a", "--unset", "uid"]).unwrap_err();
        assert!(both.contains("--uid and --unset uid"), "{both}");
        assert!(patch(&["--unset", "name"]).is_err());
    }
}
