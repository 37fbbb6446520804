//! The file that describes a sender. `benches/compare/README.md` explains its keys.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::environment::{self, Lookup};
use super::{Fault, Pointer, template};

/// The most requests that a set-up may take, and the most headers of a request.
const SETUP_MAX: usize = 20;
const HEADERS_MAX: usize = 32;

/// The largest file.
const FILE_BYTES_MAX: usize = 64 * 1024;

/// Values that every request may use: the URL of the sink, eight hexadecimal digits that differ from run to
/// run, and the time of the set-up (RFC 3339).
pub const EVERYWHERE: [&str; 3] = ["sink", "run", "now"];

/// Values that only the event may use: its number, and its data as JSON and as the content of a JSON string.
pub const IN_EVENT: [&str; 3] = ["n", "payload", "payload_string"];

/// The methods of requests.
const METHODS: [&str; 4] = ["GET", "POST", "PUT", "PATCH"];

/// Headers that follow from the address and the body.
const DERIVED_HEADERS: [&str; 4] = ["host", "content-length", "transfer-encoding", "connection"];

/// A sender.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// The sender's name in the tables.
    pub name: String,
    /// The version that the description was written for.
    pub version: String,
    /// Where the sender listens: `http://host:port`.
    pub address: String,
    /// Headers of every request.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// A JSON Pointer to the event's number in a delivered body.
    pub number: String,
    /// Whose processor time counts.
    #[serde(default)]
    pub charge: Charge,
    /// Requests that prepare the sender, in this order.
    #[serde(default)]
    pub setup: Vec<Setup>,
    /// The request that posts an event.
    pub event: Event,
}

/// Whose processor time counts: every kind, added up. Children count too.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Charge {
    /// Files that contain the id of a process.
    #[serde(default)]
    pub pid_files: Vec<String>,
    /// Names of processes, as in `/proc/<id>/comm`; all processes with the name count.
    #[serde(default)]
    pub processes: Vec<String>,
    /// Folders of control groups (version 2), each with a `cpu.stat`.
    #[serde(default)]
    pub cgroups: Vec<String>,
}

/// A request of the set-up.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// The method.
    #[serde(default = "post")]
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Headers of this request; they take precedence over those of every request.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Option<String>,
    /// Statuses with which the request succeeds; without any, 200 to 299.
    #[serde(default)]
    pub accepted: Vec<u16>,
    /// Names for values in the response, each with a JSON Pointer.
    #[serde(default)]
    pub capture: BTreeMap<String, String>,
}

/// The request that posts an event.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// The method.
    #[serde(default = "post")]
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Headers of this request; they take precedence over those of every request.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
    /// Statuses that say that the event is accepted; without any, 200 to 299.
    #[serde(default)]
    pub accepted: Vec<u16>,
}

fn post() -> String {
    "POST".to_owned()
}

impl Description {
    /// Parses a file. Everything in it is checked, except for the values of environment variables.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        if text.len() > FILE_BYTES_MAX {
            return Err(Fault::new(format!(
                "a description has at most {FILE_BYTES_MAX} bytes"
            )));
        }
        let description: Self = toml::from_str(text).map_err(|error| Fault::new(error.to_string()))?;
        description.check()?;
        Ok(description)
    }

    /// The description with the values of environment variables.
    pub fn with_environment(self, lookup: &Lookup<'_>) -> Result<Self, Fault> {
        self.map(&|text| environment::expand(text, lookup))
    }

    /// The description for people: environment variables that are set stay as they are written.
    pub fn masked(self, lookup: &Lookup<'_>) -> Result<Self, Fault> {
        self.map(&|text| environment::masked(text, lookup))
    }

    /// The environment variables that must be set, each once.
    pub fn required_variables(&self) -> Vec<String> {
        let texts = self.clone().texts();
        let mut names: Vec<String> = texts
            .iter()
            .flat_map(|text| environment::required(text))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Where the sender listens, as `host:port`.
    pub fn authority(&self) -> Result<String, Fault> {
        let wrong = || {
            Fault::new(format!(
                "address = {:?} is not of the form http://host:port (TLS is not supported)",
                self.address
            ))
        };
        let authority = self.address.strip_prefix("http://").ok_or_else(wrong)?;
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        if authority.is_empty() || authority.contains(['/', '?', '#', '@']) {
            return Err(wrong());
        }
        let port = authority.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
        match port {
            Some(Ok(_)) => Ok(authority.to_owned()),
            None => Ok(format!("{authority}:80")),
            Some(Err(_)) => Err(wrong()),
        }
    }

    fn check(&self) -> Result<(), Fault> {
        if self.name.trim().is_empty() || self.name.contains(['|', '\n']) {
            return Err(Fault::new("name: a row of a table needs a name without `|`"));
        }
        Pointer::parse(&self.number).map_err(|fault| fault.at("number"))?;
        if self.setup.len() > SETUP_MAX {
            return Err(Fault::new(format!("setup: at most {SETUP_MAX} requests")));
        }
        let mut known: Vec<&str> = EVERYWHERE.to_vec();
        for (index, setup) in self.setup.iter().enumerate() {
            let place = format!("setup {}", index + 1);
            self.check_call(&setup.call(), &known)
                .map_err(|fault| fault.at(&place))?;
            check_capture(&setup.capture, &known).map_err(|fault| fault.at(&place))?;
            known.extend(setup.capture.keys().map(String::as_str));
        }
        known.extend(IN_EVENT);
        self.check_call(&self.event.call(), &known)
            .map_err(|fault| fault.at("event"))?;
        if !template::names(&self.event.body).any(|name| name.starts_with("payload")) {
            return Err(Fault::new(
                "event: the body contains neither {payload} nor {payload_string}",
            ));
        }
        Ok(())
    }

    fn check_call(&self, call: &Call<'_>, known: &[&str]) -> Result<(), Fault> {
        if !METHODS.contains(&call.method) {
            let methods = METHODS.join(", ");
            return Err(Fault::new(format!(
                "method {:?} is not one of {methods}",
                call.method
            )));
        }
        if !call.path.starts_with('/') || call.path.contains(char::is_whitespace) {
            return Err(Fault::new(format!(
                "path {:?} does not begin with a slash or has spaces",
                call.path
            )));
        }
        if self.headers.len() + call.headers.len() > HEADERS_MAX {
            return Err(Fault::new(format!("at most {HEADERS_MAX} headers")));
        }
        for (name, value) in self.headers.iter().chain(call.headers) {
            check_header(name, value)?;
        }
        if let Some(status) = call.accepted.iter().find(|status| !(100..600).contains(*status)) {
            return Err(Fault::new(format!("accepted: {status} is not a status")));
        }
        let texts = [call.path, call.body.unwrap_or_default()];
        let headers = self
            .headers
            .values()
            .chain(call.headers.values())
            .map(String::as_str);
        for text in texts.into_iter().chain(headers) {
            if text.contains(|char: char| char.is_control() && !matches!(char, '\n' | '\t')) {
                return Err(Fault::new("a control character in a path, a header or a body"));
            }
            if let Some(name) = template::names(text).find(|name| !known.contains(name)) {
                let known: Vec<String> = known.iter().map(|name| format!("{{{name}}}")).collect();
                let known = known.join(", ");
                return Err(Fault::new(format!(
                    "{{{name}}} is unknown here; known are {known}"
                )));
            }
        }
        Ok(())
    }

    /// The description with each text mapped that may contain an environment variable.
    fn map(mut self, to: &dyn Fn(&str) -> Result<String, Fault>) -> Result<Self, Fault> {
        for text in self.texts_mut() {
            *text = to(text)?;
        }
        Ok(self)
    }

    fn texts(mut self) -> Vec<String> {
        self.texts_mut().into_iter().map(std::mem::take).collect()
    }

    fn texts_mut(&mut self) -> Vec<&mut String> {
        let mut texts = vec![&mut self.address];
        texts.extend(self.headers.values_mut());
        texts.extend(&mut self.charge.pid_files);
        texts.extend(&mut self.charge.processes);
        texts.extend(&mut self.charge.cgroups);
        for setup in &mut self.setup {
            texts.push(&mut setup.path);
            texts.extend(setup.headers.values_mut());
            texts.extend(setup.body.as_mut());
        }
        texts.push(&mut self.event.path);
        texts.extend(self.event.headers.values_mut());
        texts.push(&mut self.event.body);
        texts
    }
}

/// What set-up and event have in common.
pub struct Call<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub headers: &'a BTreeMap<String, String>,
    pub body: Option<&'a str>,
    pub accepted: &'a [u16],
}

impl Call<'_> {
    /// Whether the request succeeds with this status.
    pub fn accepts(&self, status: u16) -> bool {
        if self.accepted.is_empty() {
            (200..300).contains(&status)
        } else {
            self.accepted.contains(&status)
        }
    }
}

impl Setup {
    /// The request without what is captured from its response.
    pub fn call(&self) -> Call<'_> {
        Call {
            method: &self.method,
            path: &self.path,
            headers: &self.headers,
            body: self.body.as_deref(),
            accepted: &self.accepted,
        }
    }
}

impl Event {
    /// The request.
    pub fn call(&self) -> Call<'_> {
        Call {
            method: &self.method,
            path: &self.path,
            headers: &self.headers,
            body: Some(&self.body),
            accepted: &self.accepted,
        }
    }
}

fn check_capture(capture: &BTreeMap<String, String>, known: &[&str]) -> Result<(), Fault> {
    for (name, pointer) in capture {
        if !template::is_name(name) {
            return Err(Fault::new(format!(
                "capture: {name:?} is not a name of lowercase letters, digits and underscores"
            )));
        }
        if known.contains(&name.as_str()) || IN_EVENT.contains(&name.as_str()) {
            return Err(Fault::new(format!("capture: {{{name}}} has a meaning already")));
        }
        Pointer::parse(pointer).map_err(|fault| fault.at(&format!("capture of {name}")))?;
    }
    Ok(())
}

fn check_header(name: &str, value: &str) -> Result<(), Fault> {
    let is_token = |char: char| char.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(char);
    if name.is_empty() || !name.chars().all(is_token) {
        return Err(Fault::new(format!("headers: {name:?} is not a header name")));
    }
    if DERIVED_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(Fault::new(format!("headers: the benchmark sets {name} itself")));
    }
    if value.contains(char::is_control) {
        return Err(Fault::new(format!(
            "headers: the value of {name} has a control character"
        )));
    }
    Ok(())
}
