//! Which server to call, with which key: from flags, variables and profiles.
//!
//! 1. `--url` and `--api-key`.
//! 2. The profile that `--profile` names.
//! 3. `POSTRIDER_URL` and `POSTRIDER_API_KEY`.
//! 4. The profile that `POSTRIDER_PROFILE` names, otherwise the current one, unless 1 or 3 gave a key.
//!
//! The key of a profile is sent to the origin of that profile only, so that no mixture of flags, variables
//! and profiles shows the key of one server to another.

use std::path::PathBuf;

use url::Url;

use super::ClientArgs;
use crate::profiles::{Profile, Profiles};
use crate::{Environment, Failure};

/// The server's address by default.
pub const DEFAULT_URL: &str = "http://127.0.0.1:8080";

/// A server, and how to call it.
pub struct Server {
    /// Its address, to which `/v1` is appended.
    pub url: Url,
    /// The API key, if there is one.
    pub api_key: Option<String>,
    /// A file with additional trusted certificates.
    pub ca_file: Option<PathBuf>,
}

/// The server that flags, variables and profiles choose.
pub fn chosen(args: &ClientArgs, environment: &Environment) -> Result<Server, Failure> {
    let given_key = args.api_key.as_deref().or(environment.get("POSTRIDER_API_KEY"));
    let named = args.profile.as_deref();
    let profile = match (named, given_key) {
        (Some(name), _) => Some(Profiles::read()?.named(name)?),
        (None, Some(_)) => None,
        (None, None) => Profiles::read()?.of_variable_or_current(environment.get("POSTRIDER_PROFILE"))?,
    };
    let url = url(args, environment, profile.as_ref())?;
    let variable_key = environment.get("POSTRIDER_API_KEY").filter(|_| named.is_none());
    let api_key = match (args.api_key.as_deref().or(variable_key), &profile) {
        (Some(key), _) => Some(key.to_owned()),
        (None, Some(profile)) => Some(key_of(profile, &url)?),
        (None, None) => None,
    };
    let of_profile = || profile.as_ref().and_then(|profile| profile.ca_file.clone());
    Ok(Server {
        api_key,
        ca_file: args.ca_file.clone().or_else(of_profile),
        url,
    })
}

/// The address alone, for what needs no key.
pub fn url(args: &ClientArgs, environment: &Environment, profile: Option<&Profile>) -> Result<Url, Failure> {
    let in_variable = |error| Failure::Usage(format!("POSTRIDER_URL: {error}"));
    let of_profile = profile.map(|profile| profile.url.as_str());
    let variable = environment
        .get("POSTRIDER_URL")
        .filter(|_| args.profile.is_none());
    match (&args.url, variable, of_profile) {
        (Some(url), _, _) => checked("--url", url.clone()),
        (None, Some(text), _) => checked("POSTRIDER_URL", parse_url(text).map_err(in_variable)?),
        (None, None, Some(text)) => parse_url(text)
            .map_err(Failure::Usage)
            .and_then(|url| checked("the profile", url)),
        (None, None, None) => parse_url(DEFAULT_URL).map_err(Failure::Usage),
    }
}

/// The key of the profile, if `url` is an address of the profile's server.
fn key_of(profile: &Profile, url: &Url) -> Result<String, Failure> {
    let is_same = parse_url(&profile.url).is_ok_and(|own| own.origin() == url.origin());
    if is_same {
        return Ok(profile.api_key.clone());
    }
    Err(Failure::Usage(format!(
        "the profile `{}` has a key for {}, which is not sent to {url}: set POSTRIDER_API_KEY, or log in there",
        profile.name, profile.url
    )))
}

/// An address as people type it.
pub fn parse_url(text: &str) -> Result<Url, String> {
    match text.trim().parse::<Url>() {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        // `localhost:8080` parses, as a URL of the scheme `localhost`.
        _ if !text.contains("://") => Err(format!("expected a URL such as `http://{}`", text.trim())),
        Ok(_) => Err("expected a URL that starts with http:// or https://".to_owned()),
        Err(error) => Err(format!("not a URL: {error}")),
    }
}

/// The address, if it holds nothing but scheme, host, port and path. Errors name its `origin`.
pub fn checked(origin: &str, url: Url) -> Result<Url, Failure> {
    let fault = if !url.username().is_empty() || url.password().is_some() {
        "expected no user and password: set the API key in POSTRIDER_API_KEY"
    } else if url.query().is_some() || url.fragment().is_some() {
        "expected no `?` and no `#`"
    } else {
        return Ok(url);
    };
    Err(Failure::Usage(format!("{origin}: {fault}")))
}
