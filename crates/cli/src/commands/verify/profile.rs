//! Requests that are signed under another profile than `postrider`.

use std::process::ExitCode;

use postrider_signing::HeaderNames;
use postrider_signing::diagnosis::explain_change;
use postrider_signing::profile::{ProfileVerifier, Verdict, VerifierKey, VerifyError};

use super::Args;
use super::headers;
use crate::display::{Paint, Screen, TEXT_WIDTH, wrapped};
use crate::failure::exit;
use crate::input;
use crate::{Context, Failure};

/// Prints what each header of the profile proves. `now_s` is the time in Unix seconds; `None` accepts a
/// request of any age.
pub fn run(args: &Args, context: Context<'_>, now_s: Option<i64>) -> Result<ExitCode, Failure> {
    // Of the built-in profiles, only `postrider` has headers under the installation's prefix.
    let profile = args.profile.read(&HeaderNames::new("Postrider"))?;
    let keys: Vec<VerifierKey> = args.secrets.read(context.environment)?;
    let verifier =
        ProfileVerifier::new(&profile, &keys).map_err(|error| Failure::Usage(error.to_string()))?;
    let headers = headers::read(&args.header, args.header_file.as_deref())?;
    let headers: Vec<_> = headers.iter().map(|(name, value)| (&**name, &**value)).collect();
    let body = input::read(&args.body)?;
    let verdicts = verifier.verdicts(&headers, &body, now_s);
    if verdicts
        .iter()
        .all(|verdict| verdict.result == Err(VerifyError::Missing))
    {
        let names: Vec<_> = verdicts.iter().map(|verdict| verdict.header).collect();
        return Err(Failure::Usage(format!(
            "no signature among the headers: expected {}",
            names.join(" or ")
        )));
    }
    let screen = Screen::new();
    screen.print(&render(&verdicts, screen.paint()))?;
    if verdicts.iter().any(|verdict| verdict.result.is_ok()) {
        return Ok(ExitCode::SUCCESS);
    }
    if verdicts
        .iter()
        .any(|verdict| verdict.result == Err(VerifyError::NoMatch))
    {
        let matches = |body: &[u8]| {
            let verdicts = verifier.verdicts(&headers, body, None);
            verdicts.iter().any(|verdict| verdict.result.is_ok())
        };
        let explanation = explain_change(&body, keys.len() * verdicts.len(), matches);
        screen.print(&format!("\n{}", wrapped(&explanation, "", TEXT_WIDTH)))?;
    }
    Ok(ExitCode::from(exit::FAILED))
}

fn render(verdicts: &[Verdict<'_>], paint: Paint) -> String {
    let line = |verdict: &Verdict<'_>| {
        let said = match verdict.result {
            Ok(()) => paint.green("matches"),
            Err(error @ (VerifyError::TimestampTooOld | VerifyError::TimestampTooNew)) => paint.yellow(
                &format!("matches, but {error}; receivers refuse it (here, --no-tolerance accepts it)"),
            ),
            Err(VerifyError::NoMatch) => paint.red("does not match"),
            Err(error) => paint.red(&error.to_string()),
        };
        format!("{}  {said}\n", verdict.header)
    };
    verdicts.iter().map(line).collect()
}
