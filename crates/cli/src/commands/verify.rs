//! `postrider verify`: which signatures of a request match its body, and why the others do not. Offline.
//!
//! * [`received`]: reads the headers. [`diagnosis`]: looks for what would make a signature match.
//! * [`alteration`]: what happens to bodies on their way. [`derivation`]: what goes wrong when signing.
//!
//! To add an explanation: a variant in one of the latter two.

mod alteration;
mod derivation;
mod diagnosis;
mod received;

use std::process::ExitCode;

use postrider_model::SigningSecret;
use postrider_signing::standard_webhooks::TOLERANCE_S;
use postrider_signing::{postrider_scheme, standard_webhooks};

use super::secrets::SecretArgs;
use crate::display::{Paint, Screen, printable, wrapped};
use crate::failure::exit;
use crate::input;
use crate::values::duration;
use crate::{Context, Failure};
use received::{Received, Scheme, Signature};

/// Flags of the command.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Give the signing key, the headers and the body as they were received. The headers that matter are
…-Signature, …-Signature-Next, webhook-id, webhook-timestamp and webhook-signature; others do no harm.
To find out why a receiver computes another signature than it was sent, give the one that it computes.

Exit code: 0 where a signature matches, 1 where none does, 2 where the command line is wrong.

Examples:
  export POSTRIDER_SIGNING_SECRET=whsec_…
  postrider verify --header 'Postrider-Signature: 3f1c…' --body received.json
  postrider verify --header-file headers.txt --body received.json --no-tolerance")]
pub struct Args {
    #[command(flatten)]
    secrets: SecretArgs,

    /// A header of the request. Can be given more than once
    #[arg(long, value_name = "NAME: VALUE", required_unless_present = "header_file")]
    header: Vec<String>,

    /// A file with the headers of the request, one a line
    #[arg(long, value_name = "FILE")]
    header_file: Option<String>,

    /// The body as it was received, byte for byte: a file, or `-` for standard input
    #[arg(long, value_name = "FILE")]
    body: String,

    /// Accept a request of any age: `webhook-timestamp` may otherwise be 5 minutes off
    #[arg(long)]
    no_tolerance: bool,
}

/// How one signature fared.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Finding {
    Matches,
    /// It matches, but the request was not sent about now: by this many seconds.
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
            "only one of body, key and headers can come from standard input".to_owned(),
        ));
    }
    let secrets = args.secrets.read(context.environment)?;
    let received = Received::read(&args.header, args.header_file.as_deref())?;
    let body = input::read(&args.body)?;
    let now_s = (!args.no_tolerance).then(|| context.clock.wall().unix_s());
    let screen = Screen::new();
    let report = Report::new(&secrets, &received, &body, now_s);
    screen.print(&report.render(screen.paint()))?;
    Ok(if report.is_verified() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(exit::FAILED)
    })
}

/// All signatures with their findings, and what explains the failure where none matches.
#[derive(Debug)]
struct Report {
    findings: Vec<(Signature, Finding)>,
    explanations: Vec<String>,
}

impl Report {
    /// Checks every signature. `now_s` is the time in Unix seconds, where the request's age matters.
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
            text.push_str(&format!("\n{}", wrapped(explanation, "")));
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
    let direction = if off_s < 0 { "in the future" } else { "ago" };
    format!("matches, but was sent {off} {direction}: receivers refuse it (--no-tolerance does not)")
}

/// As much of a signature as it takes to recognise it.
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
