//! Signs in with `AUTH PLAIN` (RFC 4616) or, where a server lacks it, `AUTH LOGIN`.
//!
//! Both send the password itself, so they run over TLS only; the settings see to that, and so does
//! [`sign_in`]. The record shows [`MASK`] in place of user and password.
//!
//! To add a mechanism, add it to `Extensions` and an arm here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use postrider_model::Outcome;
use postrider_model::custom_header::MASK;

use super::Connection;
use crate::answer::Answer;
use crate::dialogue::Dialogue;
use crate::sent::Failure;
use crate::settings::Credentials;

/// The answer that asks for more (RFC 4954 section 4).
const CONTINUE: u16 = 334;

/// Signs in, if the settings have credentials.
pub(super) async fn sign_in(connection: &mut Connection, dialogue: &mut Dialogue) -> Result<(), Failure> {
    let Some(credentials) = connection.server.settings.credentials.clone() else {
        return Ok(());
    };
    if connection.tls().is_none() {
        return Err(Failure::broken(
            Outcome::TlsError,
            "The password is not sent without TLS",
        ));
    }
    let answer = if connection.extensions.auth_plain {
        plain(connection, dialogue, &credentials).await?
    } else if connection.extensions.auth_login {
        login(connection, dialogue, &credentials).await?
    } else {
        let error = "The mail server offers neither AUTH PLAIN nor AUTH LOGIN";
        return Err(Failure::broken(Outcome::ProtocolError, error));
    };
    match answer.code {
        200..=299 => Ok(()),
        _ => Err(Failure::session(
            "The mail server did not accept the user and the password",
            &answer,
        )),
    }
}

async fn plain(
    connection: &mut Connection,
    dialogue: &mut Dialogue,
    credentials: &Credentials,
) -> Result<Answer, Failure> {
    let Credentials { user, password } = credentials;
    let response = STANDARD.encode(format!("\0{user}\0{}", password.reveal()));
    let line = format!("AUTH PLAIN {response}\r\n");
    connection
        .send(dialogue, format!("AUTH PLAIN {MASK}"), line.as_bytes())
        .await
}

async fn login(
    connection: &mut Connection,
    dialogue: &mut Dialogue,
    credentials: &Credentials,
) -> Result<Answer, Failure> {
    let mut answer = connection.command(dialogue, "AUTH LOGIN").await?;
    for text in [credentials.user.as_str(), credentials.password.reveal()] {
        if answer.code != CONTINUE {
            break;
        }
        let line = format!("{}\r\n", STANDARD.encode(text));
        answer = connection
            .send(dialogue, MASK.to_owned(), line.as_bytes())
            .await?;
    }
    Ok(answer)
}
