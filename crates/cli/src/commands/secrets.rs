//! Signing keys on the command line, from places that other users of the machine cannot see.

use std::fmt::Display;
use std::str::FromStr;

use postrider_model::KeyMaterial;

use crate::Environment;
use crate::Failure;
use crate::input;

/// Most keys that one command reads; an account has two live ones.
const SECRETS_MAX: usize = 16;

/// Where signing keys come from.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct SecretArgs {
    /// The signing key, `whsec_…`; for the profiles `standard` and `svix` also an Ed25519 key. Prefer the
    /// variable or a file: other users of the machine can see flags in the process list. Repeatable
    /// [variable: POSTRIDER_SIGNING_SECRET]
    #[arg(long, value_name = "KEY")]
    secret: Vec<String>,

    /// A file with signing keys, one per line, or `-` for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "secret")]
    secret_file: Option<String>,
}

impl SecretArgs {
    /// The keys, at least one, in the order given.
    pub fn read<T: FromStr<Err: Display>>(&self, environment: &Environment) -> Result<Vec<T>, Failure> {
        if let Some(file) = &self.secret_file {
            return from_file(file);
        }
        if !self.secret.is_empty() {
            return self.secret.iter().map(|text| parse("--secret", text)).collect();
        }
        match environment.get("POSTRIDER_SIGNING_SECRET") {
            Some(text) => Ok(vec![parse("POSTRIDER_SIGNING_SECRET", text)?]),
            None => Err(Failure::Usage(
                "no signing key: set POSTRIDER_SIGNING_SECRET, or use --secret-file FILE".to_owned(),
            )),
        }
    }

    /// Whether the keys come from standard input.
    pub fn uses_stdin(&self) -> bool {
        self.secret_file.as_deref() == Some("-")
    }
}

/// The one key in a file.
pub fn only_one_in(file: &str) -> Result<KeyMaterial, Failure> {
    let mut secrets = from_file::<KeyMaterial>(file)?;
    match (secrets.pop(), secrets.is_empty()) {
        (Some(secret), true) => Ok(secret),
        _ => Err(Failure::Usage(format!(
            "{file}: expected exactly one signing key"
        ))),
    }
}

fn from_file<T: FromStr<Err: Display>>(file: &str) -> Result<Vec<T>, Failure> {
    let bytes = input::read(file)?;
    let text = String::from_utf8(bytes).map_err(|_| Failure::Usage(format!("{file}: not valid UTF-8")))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let secrets: Vec<_> = lines
        .take(SECRETS_MAX)
        .map(|line| parse(file, line))
        .collect::<Result<_, _>>()?;
    if secrets.is_empty() {
        return Err(Failure::Usage(format!("{file}: no signing key in it")));
    }
    Ok(secrets)
}

fn parse<T: FromStr<Err: Display>>(origin: &str, text: &str) -> Result<T, Failure> {
    // The message leaves the text out: it may be a key with a typing error.
    text.trim()
        .parse()
        .map_err(|error| Failure::Usage(format!("{origin}: {error}")))
}
