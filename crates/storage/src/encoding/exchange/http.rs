//! HTTP exchanges: a row without a status code is a request without a response.

use std::borrow::Cow;

use bytes::Bytes;
use postrider_model::{HttpExchange, HttpRequest, HttpResponse};

use super::{ExchangeColumns, KIND_HTTP};
use crate::encoding::Damaged;
use crate::encoding::headers::{self, Context};

pub(super) fn columns<'a>(http: &'a HttpExchange, context: &Context) -> ExchangeColumns<'a> {
    let response = http.response.as_ref();
    ExchangeColumns {
        kind: KIND_HTTP,
        status_code: response.map(|response| response.status),
        url: Cow::Borrowed(&http.request.url),
        request_headers: headers::encode(&http.request.headers, context).into(),
        response_headers: response
            .map(|response| headers::encode(&response.headers, context))
            .unwrap_or_default()
            .into(),
        response_truncated: response.is_some_and(|response| response.truncated),
        response_body: response.map_or(&[][..], |response| &response.body).into(),
    }
}

pub(super) fn exchange(columns: ExchangeColumns<'_>, context: &Context) -> Result<HttpExchange, Damaged> {
    let headers = |bytes: &[u8]| headers::decode(bytes, context).ok_or(Damaged("the headers of an attempt"));
    let response = match columns.status_code {
        None => None,
        Some(status) => Some(HttpResponse {
            status,
            headers: headers(&columns.response_headers)?,
            body: Bytes::from(columns.response_body.into_owned()),
            truncated: columns.response_truncated,
        }),
    };
    Ok(HttpExchange {
        request: HttpRequest {
            headers: headers(&columns.request_headers)?,
            url: columns.url.into_owned(),
        },
        response,
    })
}
