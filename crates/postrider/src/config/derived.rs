//! What the parts of a node take from the settings.

use postrider_cli::Failure;
use postrider_egress::{EgressRules, Proxy};
use postrider_engine::{EngineSettings, UnseenTypes};

use super::frame_ancestors;
use super::logo::{Logo, LogoError};
use super::settings::Settings;
use super::unseen_event_types::UnseenEventTypes;

impl Settings {
    /// The logo of the console, read from its file; `None` if none is set.
    pub fn console_logo(&self) -> Result<Option<Logo>, LogoError> {
        self.console_logo_file.as_deref().map(Logo::read).transpose()
    }

    /// The sources of `frame-ancestors` in the console's Content-Security-Policy.
    pub fn console_frame_sources(&self) -> String {
        frame_ancestors::csp_sources(&self.console_frame_ancestors)
    }

    /// The proxy that webhooks go through, with its password.
    pub fn proxy(&self) -> Result<Option<Proxy>, Failure> {
        match (&self.egress_proxy, &self.egress_proxy_password_file) {
            (Some(url), file) => url.proxy(file.as_deref()).map(Some),
            (None, None) => Ok(None),
            (None, Some(_)) => {
                let reason = "egress_proxy_password_file has no effect without egress_proxy";
                Err(Failure::Usage(reason.to_owned()))
            }
        }
    }

    /// What webhooks may reach.
    pub fn egress_rules(&self) -> Result<EgressRules, Failure> {
        if self.https_only && !self.http2_prior_knowledge.is_empty() {
            let reason = "http2_prior_knowledge is about receivers without TLS, which https_only forbids";
            return Err(Failure::Usage(reason.to_owned()));
        }
        Ok(EgressRules {
            allowed: self.allow_destination.clone(),
            denied: self.deny_destination.clone(),
            allowed_names: self.allow_destination_name.clone(),
            allowed_ports: self.allow_port.clone(),
            only_ports: self.only_port.clone(),
            https_only: self.https_only,
        })
    }

    /// The settings of the engine.
    pub fn engine(&self) -> EngineSettings {
        EngineSettings {
            retry_delays: self.retry_delays.schedule().clone(),
            attempt_timeout: self.attempt_timeout.get(),
            data_bytes_max: self.body_limit.bytes(),
            unseen_types: match self.unseen_event_types {
                UnseenEventTypes::Add => UnseenTypes::Add,
                UnseenEventTypes::Refuse => UnseenTypes::Refuse,
            },
            disable_failing_after: self.disable_failing_after.get(),
            backlog_alarm: self.backlog_alarm.get(),
            retention: self.retention.get(),
            audit_retention: self.audit_retention.get(),
            stored_bytes_per_account_max: self
                .stored_bytes_per_account_max
                .map(|max| u64::try_from(max.bytes()).unwrap_or(u64::MAX)),
            lease: self.session_lease.get(),
            in_flight_max: usize::try_from(self.in_flight_max).unwrap_or(usize::MAX),
            ..EngineSettings::default()
        }
    }
}
