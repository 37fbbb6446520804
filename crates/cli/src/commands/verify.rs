//! `postrider verify`: which signatures of a request match its body, and why none does. Offline.
//!
//! * [`received`]: reads the headers. [`diagnosis`]: searches for the mistake that makes a signature match.
//! * [`alteration`]: what happens to bodies in transit. [`printer`]: programs that print JSON again.
//!   [`derivation`]: keys and messages.
//! * [`profile`]: the other signature profiles, without explanations.
//!
//! To add an explanation: add a variant in one of the last three modules.

mod alteration;
mod derivation;
mod diagnosis;
mod printer;
mod profile;
mod received;

use std::process::ExitCode;

use postrider_model::SigningSecret;
use postrider_signing::profile::VerifierKey;
use postrider_signing::standard_webhooks::TOLERANCE_S;
use postrider_signing::{KeyMaterial, postrider_scheme, standard_webhooks};

use super::secrets::SecretArgs;
use crate::display::{Paint, Screen, TEXT_WIDTH, printable, wrapped};
use crate::failure::exit;
use crate::input;
use crate::values::duration;
use crate::values::signature_profile::ProfileArgs;
use crate::{Context, Failure};
use received::{Received, Scheme, Signature};

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

    /// A file with the headers of the request, one per line
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

/// The result for one signature.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Finding {
    Matches,
    /// It matches, but the timestamp is this many seconds away from now.
    OffTime(i64),
    Differs,
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
    let received = Received::read(&args.header, args.header_file.as_deref())?;
    let body = input::read(&args.body)?;
    let screen = Screen::new();
    let report = Report::new(&secrets, &received, &body, now_s);
    screen.print(&report.render(screen.paint()))?;
    Ok(if report.is_verified() {
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

/// All signatures with their findings, and explanations if none matches.
#[derive(Debug)]
struct Report {
    findings: Vec<(Signature, Finding)>,
    explanations: Vec<String>,
}

impl Report {
    /// Checks every signature. `now_s` is the time in Unix seconds; `None` accepts a request of any age.
    fn new(secrets: &[SigningSecret], received: &Received, body: &[u8], now_s: Option<i64>) -> Self {
        let findings: Vec<_> = received
            .signatures
            .iter()
            .map(|signature| (signature.clone(), find(secrets, received, signature, body, now_s)))
            .collect();
        let explanations = if findings.iter().all(|(_, finding)| *finding == Finding::Differs) {
            diagnosis::explain(secrets, received, body)
        } else {
            vec![]
        };
        Self {
            findings,
            explanations,
        }
    }

    fn is_verified(&self) -> bool {
        self.findings
            .iter()
            .any(|(_, finding)| *finding == Finding::Matches)
    }

    fn render(&self, paint: Paint) -> String {
        let width = self
            .findings
            .iter()
            .map(|(signature, _)| signature.header.chars().count())
            .max()
            .unwrap_or(0);
        let mut text = String::new();
        for (signature, finding) in &self.findings {
            let verdict = match finding {
                Finding::Matches => paint.green("matches"),
                Finding::OffTime(off_s) => paint.yellow(&off_time(*off_s)),
                Finding::Differs => paint.red("does not match"),
            };
            let header = printable(&signature.header);
            let shown = paint.dim(&shortened(&signature.value));
            text.push_str(&format!("{header:<width$}  {shown}  {verdict}\n"));
        }
        for explanation in &self.explanations {
            text.push_str(&format!("\n{}", wrapped(explanation, "", TEXT_WIDTH)));
        }
        text
    }
}

fn find(
    secrets: &[SigningSecret],
    received: &Received,
    signature: &Signature,
    body: &[u8],
    now_s: Option<i64>,
) -> Finding {
    let value = signature.value.as_str();
    let matches = |secret: &SigningSecret| match (signature.scheme, received.signed_as()) {
        (Scheme::Postrider, _) => postrider_scheme::verify(secret, body, Some(value), None).is_ok(),
        (Scheme::Standard, Some((id, timestamp_s))) => {
            standard_webhooks::sign(secret, id, timestamp_s, body) == value
        }
        (Scheme::Standard, None) => false,
    };
    if !secrets.iter().any(matches) {
        return Finding::Differs;
    }
    match (signature.scheme, received.signed_as(), now_s) {
        (Scheme::Standard, Some((_, sent_s)), Some(now_s)) if sent_s.abs_diff(now_s) > TOLERANCE_S => {
            Finding::OffTime(now_s.saturating_sub(sent_s))
        }
        _ => Finding::Matches,
    }
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
mod tests;
