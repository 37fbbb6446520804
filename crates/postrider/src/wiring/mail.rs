//! The mail server, and the carrier of e-mails that uses it.

use std::fs;
use std::sync::Arc;

use postrider_cli::Failure;
use postrider_engine::carry::Carrier;
use postrider_engine::{EmailCarrier, EmailNotSetUp, EmailParts};
use postrider_mail::{Mailer, Options, SmtpSettings, SmtpTexts};
use postrider_model::{Clock, SendEmail};

use super::extra_ca;
use crate::config::Settings;

/// The mail server of these settings, if there is one. Sends nothing.
pub fn smtp(settings: &Settings) -> Result<Option<SmtpSettings>, Failure> {
    let Some(url) = &settings.smtp_url else {
        return Ok(None);
    };
    let Some(from) = &settings.smtp_from else {
        let reason = "smtp_from is missing: with smtp_url, set who e-mails come from";
        return Err(Failure::Usage(reason.to_owned()));
    };
    let password = password(settings)?;
    let read = SmtpSettings::read(&SmtpTexts {
        url: url.as_str(),
        user: settings.smtp_user.as_deref(),
        password: password.as_deref(),
        from,
    });
    read.map(Some).map_err(|error| Failure::Usage(error.to_string()))
}

fn password(settings: &Settings) -> Result<Option<String>, Failure> {
    let Some(file) = &settings.smtp_password_file else {
        return Ok(None);
    };
    let text = fs::read_to_string(file)
        .map_err(|error| Failure::Usage(format!("smtp_password_file {}: {error}", file.display())))?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// The carrier of e-mails.
pub fn carrier(
    settings: &Settings,
    smtp: Option<SmtpSettings>,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Carrier<SendEmail>>, Failure> {
    let Some(smtp) = smtp else {
        return Ok(Arc::new(EmailNotSetUp::new(clock)));
    };
    let (sender, host) = (smtp.sender.clone(), smtp.host.clone());
    Ok(Arc::new(EmailCarrier::new(EmailParts {
        transport: mailer(settings, smtp, Arc::clone(&clock))?,
        sender,
        header_prefix: settings.header_prefix.as_str().to_owned(),
        host,
        in_flight_max: connections_max(settings),
        recipients_per_hour_and_account: settings.email_recipients_per_hour_and_account,
        clock,
    })))
}

/// What sends messages to the mail server.
pub fn mailer(settings: &Settings, smtp: SmtpSettings, clock: Arc<dyn Clock>) -> Result<Mailer, Failure> {
    let options = Options {
        connections_max: connections_max(settings),
        extra_ca_pem: extra_ca::pem(settings)?,
        ..Options::default()
    };
    Mailer::new(smtp, clock, &options).map_err(|error| extra_ca::unusable(settings, &error))
}

fn connections_max(settings: &Settings) -> usize {
    usize::try_from(settings.smtp_connections).unwrap_or(usize::MAX)
}
