//! SMTP exchanges: the recipients in the column of the URL, the last code in that of the status, and the
//! dialogue as JSON in that of the response's body:
//! `{"server":…,"tls":…,"steps":[[command,code,enhanced,reply],…]}`.

use std::borrow::Cow;

use postrider_model::{SmtpExchange, SmtpStep};
use serde::{Deserialize, Serialize};

use super::{ExchangeColumns, KIND_SMTP};
use crate::encoding::{Damaged, json_text};

#[derive(Serialize, Deserialize)]
struct StoredDialogue<'a> {
    server: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tls: Option<Cow<'a, str>>,
    steps: Vec<StoredStep<'a>>,
}

/// Command, code, enhanced code, reply.
type StoredStep<'a> = (Cow<'a, str>, Option<u16>, Option<Cow<'a, str>>, Cow<'a, str>);

pub(super) fn columns(smtp: &SmtpExchange) -> ExchangeColumns<'_> {
    let steps = smtp.steps.iter().map(|step| {
        let enhanced = step.enhanced.as_deref().map(Cow::Borrowed);
        let (command, reply) = (step.command.as_str().into(), step.reply.as_str().into());
        (command, step.code, enhanced, reply)
    });
    let dialogue = StoredDialogue {
        server: smtp.server.as_str().into(),
        tls: smtp.tls.as_deref().map(Cow::Borrowed),
        steps: steps.collect(),
    };
    ExchangeColumns {
        kind: KIND_SMTP,
        status_code: smtp.last_code(),
        url: Cow::Borrowed(&smtp.to),
        request_headers: Cow::Borrowed(&[]),
        response_headers: Cow::Borrowed(&[]),
        response_truncated: false,
        response_body: json_text(&dialogue).into_bytes().into(),
    }
}

pub(super) fn exchange(columns: ExchangeColumns<'_>) -> Result<SmtpExchange, Damaged> {
    let dialogue: StoredDialogue<'_> =
        serde_json::from_slice(&columns.response_body).map_err(|_| Damaged("the dialogue of an attempt"))?;
    let steps = dialogue.steps.into_iter();
    let steps = steps.map(|(command, code, enhanced, reply)| SmtpStep {
        command: command.into_owned(),
        code,
        enhanced: enhanced.map(Cow::into_owned),
        reply: reply.into_owned(),
    });
    Ok(SmtpExchange {
        steps: steps.collect(),
        to: columns.url.into_owned(),
        server: dialogue.server.into_owned(),
        tls: dialogue.tls.map(Cow::into_owned),
    })
}
