//! The demo's addresses and keys, and commands to try.

use super::demo::{ACCOUNT, Demo, EVENT_TYPE};
use crate::config::duration::SampleInterval;
use postrider_cli::display::{Paint, Record};

/// The text at the start of the demo.
pub fn banner(
    (url, sign_in_link): (&str, &str),
    key: &str,
    demo: &Demo,
    receiver_url: &str,
    every: SampleInterval,
) -> String {
    let paint = Paint::for_stream(&std::io::stdout());
    let record = Record::new()
        .field("Console", format!("{sign_in_link} (signs you in once)"))
        .field("API", url)
        .field("Documentation", format!("{url}/docs"))
        .field("API key", key)
        .field("Account", format!("{ACCOUNT} ({})", demo.account_id()))
        .field("Signing key", demo.secret().expose())
        .field("Receiver", receiver_url)
        .field(
            "Sample events",
            format!("{EVENT_TYPE} every {every}; the first attempt of every third event fails"),
        )
        .render(paint);
    let postrider = std::env::args().next().unwrap_or_else(|| "postrider".to_owned());
    format!(
        "{heading}

{record}
{try_by_hand}
  export POSTRIDER_URL={url} POSTRIDER_API_KEY={key}
  {postrider} events send {ACCOUNT} {EVENT_TYPE} --data '{{\"proposal_id\":\"p_1\"}}'
  {postrider} deliveries list {ACCOUNT}
  {postrider} listen {ACCOUNT} --forward-to 3000    # to a program of yours on this port
{with_curl}
  curl {url}/v1/accounts/{ACCOUNT}/events -H \"Authorization: Bearer $POSTRIDER_API_KEY\" \\
    -H 'Content-Type: application/json' -d '{{\"type\":\"{EVENT_TYPE}\",\"data\":{{\"proposal_id\":\"p_2\"}}}}'
  curl {url}/v1/openapi.json -H \"Authorization: Bearer $POSTRIDER_API_KEY\"

listening on {url}
",
        heading = paint.bold("Postrider demo. To stop it and delete everything: ctrl-c."),
        try_by_hand = paint.bold("Try it in another terminal:"),
        with_curl = paint.bold("Or with curl:"),
    )
}
