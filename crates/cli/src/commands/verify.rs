//! `postrider verify`: which signatures of a request match its body, and why none does. Offline.
//!
//! * [`postrider_signing::diagnosis`] finds out; here is how the request is read and the result printed.
//! * [`headers`]: reads the headers. [`profile`]: the other signature profiles, without explanations.

mod headers;
mod profile;

use std::process::ExitCode;

use postrider_model::SigningSecret;
use postrider_signing::KeyMaterial;
use postrider_signing::diagnosis::{Diagnosis, Finding, Received};
use postrider_signing::profile::VerifierKey;

use super::secrets::SecretArgs;
use crate::display::{Paint, Screen, TEXT_WIDTH, printable, wrapped};
use crate::failure::exit;
use crate::input;
use crate::values::signature_profile::ProfileArgs;
use crate::{Context, Failure};
use postrider_model::duration;

/// Flags of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Give the signing key, and the headers and body as received. The headers that count are …-Signature, \
…-Signature-Next, webhook-id, webhook-timestamp and webhook-signature; others are ignored. With another --profile, the \
headers of that profile count, and an Ed25519 key or its public key (whpk_…) verifies what the key signed.

To find out why a receiver computes a different signature, give the signature that it computes.

Exit code: 0 if a signature matches, 1 if none does, 2 if the command line is wrong.

Examples:
  export POSTRIDER_SIGNING_SECRET=whsec_…
  postrider verify --header 'Postrider-Signature: 3f1c…' --body received.json
  postrider verify --header-file headers.txt --body received.json --no-tolerance
  postrider verify --profile github --header 'X-Hub-Signature-256: sha256=3f1c…' --body received.json")]
pub struct Args {
    #[command(flatten)]
    secrets: SecretArgs,

    /// A header of the request. Repeatable
    #[arg(long, value_name = "NAME: VALUE", required_unless_present = "header_file")]
    header: Vec<String>,

    /// A file with the headers of the request, one per line, also as `curl -v` or a program prints them
    #[arg(long, value_name = "FILE")]
    header_file: Option<String>,

    /// A file with the body exactly as received, or `-` for standard input
    #[arg(long, value_name = "FILE")]
    body: String,

    #[command(flatten)]
    profile: ProfileArgs,

    /// Accept any signed time [default: within 5 minutes of now]
    #[arg(long)]
    no_tolerance: bool,
}

/// Runs the command.
pub fn run(args: &Args, context: Context<'_>) -> Result<ExitCode, Failure> {
    let on_stdin = [
        args.body == "-",
        args.secrets.uses_stdin(),
        args.header_file.as_deref() == Some("-"),
    ];
    if on_stdin.iter().filter(|uses| **uses).count() > 1 {
        return Err(Failure::Usage(
            "only one of --body, --secret-file and --header-file can read standard input".to_owned(),
        ));
    }
    let now_s = (!args.no_tolerance).then(|| context.clock.wall().unix_s());
    if !args.profile.is_usual() {
        return profile::run(args, context, now_s);
    }
    let secrets = args.secrets.read(context.environment)?.into_iter().map(hmac);
    let secrets: Vec<_> = secrets.collect::<Result<_, _>>()?;
    let headers = headers::read(&args.header, args.header_file.as_deref())?;
    let headers = headers.iter().map(|(name, value)| (&**name, &**value));
    let received = Received::of(headers).map_err(|error| Failure::Usage(error.to_string()))?;
    let body = input::read(&args.body)?;
    let screen = Screen::new();
    let diagnosis = Diagnosis::of(&secrets, &received, &body, now_s);
    screen.print(&render(&diagnosis, screen.paint()))?;
    Ok(if diagnosis.is_verified() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(exit::FAILED)
    })
}

/// The secret of an HMAC key, by which the default profile signs.
fn hmac(key: VerifierKey) -> Result<SigningSecret, Failure> {
    match key {
        VerifierKey::Signing(KeyMaterial::Hmac(secret)) => Ok(secret),
        VerifierKey::Signing(KeyMaterial::Ed25519(_)) | VerifierKey::Public(_) => Err(Failure::Usage(
            "the profile `postrider` verifies with `whsec_…` keys; for an Ed25519 key, use --profile standard or svix"
                .to_owned(),
        )),
    }
}

fn render(diagnosis: &Diagnosis, paint: Paint) -> String {
    let findings = &diagnosis.findings;
    let width = findings
        .iter()
        .map(|(signature, _)| signature.header.chars().count())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for (signature, finding) in findings {
        let verdict = match finding {
            Finding::Matches { .. } => paint.green("matches"),
            Finding::OffTime { off_s, .. } => paint.yellow(&off_time(*off_s)),
            Finding::Differs => paint.red("does not match"),
        };
        let header = printable(&signature.header);
        let shown = paint.dim(&shortened(&signature.value));
        text.push_str(&format!("{header:<width$}  {shown}  {verdict}\n"));
    }
    for explanation in &diagnosis.explanations {
        text.push_str(&format!("\n{}", wrapped(explanation, "", TEXT_WIDTH)));
    }
    text
}

fn off_time(off_s: i64) -> String {
    let rounded_s = match off_s.unsigned_abs() {
        seconds @ ..3_600 => seconds / 60 * 60,
        seconds @ 3_600..172_800 => seconds / 3_600 * 3_600,
        seconds => seconds / 86_400 * 86_400,
    };
    let off = duration::in_words(std::time::Duration::from_secs(rounded_s));
    let direction = if off_s < 0 { "in the future" } else { "old" };
    format!(
        "matches, but its timestamp is {off} {direction}; receivers refuse it (here, --no-tolerance accepts it)"
    )
}

/// Enough of a signature to recognise it.
fn shortened(value: &str) -> String {
    const SHOWN: usize = 16;
    let short: String = printable(value).chars().take(SHOWN).collect();
    if short.len() < value.len() {
        short + "…"
    } else {
        short
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_printed_one_a_line_and_explained() {
        let secret: SigningSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap();
        let right = postrider_signing::standard_webhooks::sign(&secret, "evt_1", 1_000_000, b"{}");
        let signatures = format!("v1,AAAA {right}");
        let headers = [
            ("webhook-id", "evt_1"),
            ("webhook-timestamp", "1000000"),
            ("webhook-signature", &signatures),
        ];
        let received = Received::of(headers).unwrap();
        let rendered = |body: &[u8], now_s| {
            let diagnosis = Diagnosis::of(std::slice::from_ref(&secret), &received, body, now_s);
            render(&diagnosis, Paint::PLAIN)
        };
        let lines = rendered(b"{}", Some(1_007_300));
        let verdicts: Vec<_> = lines
            .lines()
            .map(|line| line.split("  ").last().unwrap())
            .collect();
        assert_eq!(verdicts[0], "does not match");
        assert!(verdicts[1].contains("its timestamp is 2h old"), "{lines}");
        assert!(rendered(b"{}", None).ends_with("matches\n"));
        assert!(rendered(b"{}\n", None).contains("without the line break at its end"));
    }
}
