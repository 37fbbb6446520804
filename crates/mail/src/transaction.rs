//! One message over an open connection (RFC 5321 section 3.3).
//!
//! | answer | follows |
//! |---|---|
//! | 552 to `MAIL`, 5xx to `DATA`, to the message, or to every `RCPT` | permanent |
//! | 4xx to `DATA` or to the message, or a mix in which no `RCPT` was accepted | temporary |
//! | 4xx to some `RCPT` | as [`Partial`] says |
//! | 5xx to some `RCPT`, the others accepted | it goes to the others; the record names the rest |
//! | any other refusal of `MAIL` | temporary; it concerns the server, because the sender is a setting |
//! | 421, 530, 534, 535, 538 anywhere | temporary; it concerns the server |
//!
//! [`MayLeave`] is asked before `MAIL`, and again when the server waits for the message. A server that gets
//! no last dot discards what it has (RFC 5321 section 4.1.1.4), so until then everything can be taken back.
//!
//! The message is sent in two steps, [`run`] and [`confirm`], because the caller gives a server more time for
//! the second one.
//!
//! Commands are not pipelined (RFC 2920): the message must not leave before each recipient's answer is known.

use std::io;

use postrider_model::Outcome;

use crate::answer::Answer;
use crate::connection::{Connection, Stop};
use crate::dialogue::Dialogue;
use crate::mailer::MayLeave;
use crate::message::Message;
use crate::sent::{Concerns, Failure, NotSent, Partial, Refused, Verdict};

/// How far a transaction came, to judge a timeout or a closed connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The server has not answered `MAIL`. It knows nothing of the message.
    Before,
    /// The server has answered `MAIL`.
    Begun,
    /// The message is being sent or was. The last dot may have arrived.
    InDoubt,
}

/// Words that end a sentence about a message whose last dot may have arrived.
pub(crate) const IN_DOUBT: &str = "before it confirmed the message, which may have been accepted";

/// A message, and what to do with it.
#[derive(Clone, Copy)]
pub(crate) struct Task<'a> {
    pub(crate) message: &'a Message,
    pub(crate) partial: Partial,
    pub(crate) may_leave: MayLeave<'a>,
}

/// A message that was sent and is not confirmed yet.
pub(crate) struct Posted {
    refused: Vec<Refused>,
    written: io::Result<()>,
}

/// Sends the message, up to the last dot.
pub(crate) async fn run(
    connection: &mut Connection,
    task: Task<'_>,
    stage: &mut Stage,
    dialogue: &mut Dialogue,
) -> Result<Posted, Stop> {
    *stage = Stage::Before;
    if connection.is_dirty {
        reset(connection, dialogue).await?;
    }
    if !(task.may_leave)() {
        return Err(Stop::NotSent(NotSent::Forbidden));
    }
    connection.messages += 1;
    connection.is_dirty = true;
    begin(connection, task.message, stage, dialogue).await?;
    let refused = recipients(connection, task, dialogue).await?;
    let answer = connection.command(dialogue, "DATA").await?;
    if answer.code != 354 {
        return Err(unexpected(connection, "The mail server refused DATA", &answer).into());
    }
    if !(task.may_leave)() {
        connection.is_spoiled = true;
        return Err(Stop::NotSent(NotSent::Forbidden));
    }
    let written = content(connection, task.message, stage, dialogue).await?;
    Ok(Posted { refused, written })
}

/// Waits for the server's answer to the message. Returns who was refused, if it was accepted.
pub(crate) async fn confirm(
    connection: &mut Connection,
    posted: Posted,
    dialogue: &mut Dialogue,
) -> Result<Vec<Refused>, Failure> {
    let answer = connection.reply(dialogue, posted.written).await;
    let answer = answer.map_err(|failure| Failure {
        error: format!("{} {IN_DOUBT}", failure.error),
        ..failure
    })?;
    if !answer.is_positive() {
        return Err(unexpected(
            connection,
            "The mail server refused the message",
            &answer,
        ));
    }
    connection.is_dirty = false;
    Ok(posted.refused)
}

async fn reset(connection: &mut Connection, dialogue: &mut Dialogue) -> Result<(), Failure> {
    let answer = connection.command(dialogue, "RSET").await?;
    if !answer.is_positive() {
        connection.is_spoiled = true;
        // The connection is of no use, which is not the fault of the message that comes next.
        return Err(Failure {
            is_gone: true,
            ..Failure::session("The mail server refused RSET", &answer)
        });
    }
    connection.is_dirty = false;
    Ok(())
}

async fn begin(
    connection: &mut Connection,
    message: &Message,
    stage: &mut Stage,
    dialogue: &mut Dialogue,
) -> Result<(), Failure> {
    // RFC 1870: a server that takes no message of this size says so now.
    let size = if connection.supports_size() {
        format!(" SIZE={}", message.bytes().len())
    } else {
        String::new()
    };
    let command = format!("MAIL FROM:<{}>{size}", message.from);
    let answer = connection.command(dialogue, &command).await?;
    if !answer.is_farewell() {
        *stage = Stage::Begun;
    }
    if answer.is_positive() {
        return Ok(());
    }
    if answer.is_negative() && !answer.is_about_size() {
        return Err(Failure::session("The mail server refused the sender", &answer));
    }
    Err(unexpected(
        connection,
        "The mail server refused the message",
        &answer,
    ))
}

/// Names the recipients. Returns those who were refused, if the message is to be sent to the others.
async fn recipients(
    connection: &mut Connection,
    task: Task<'_>,
    dialogue: &mut Dialogue,
) -> Result<Vec<Refused>, Failure> {
    let to = task.message.to.as_slice();
    let mut refused = Vec::new();
    for address in to {
        let answer = connection
            .command(dialogue, &format!("RCPT TO:<{address}>"))
            .await?;
        if answer.is_positive() {
            continue;
        }
        let failure = unexpected(connection, &format!("The mail server refused {address}"), &answer);
        if failure.concerns == Concerns::Server {
            return Err(failure);
        }
        let refusal = Refused {
            to: address.clone(),
            code: answer.code,
        };
        refused.push((refusal, failure));
    }
    let first_temporary = refused
        .iter()
        .find(|(_, failure)| failure.verdict == Verdict::Temporary);
    let is_nobody_left = refused.len() == to.len();
    let may_go_to_some = task.partial == Partial::Deliver || first_temporary.is_none();
    if let Some((_, failure)) = first_temporary.or(refused.first())
        && (is_nobody_left || !may_go_to_some)
    {
        return Err(failure.clone());
    }
    Ok(refused.into_iter().map(|(refusal, _)| refusal).collect())
}

async fn content(
    connection: &mut Connection,
    message: &Message,
    stage: &mut Stage,
    dialogue: &mut Dialogue,
) -> Result<io::Result<()>, Failure> {
    let bytes = with_dots(message.bytes());
    let shown = format!("(message of {} bytes)", message.bytes().len());
    // An answer that is here already cannot be one to the message.
    connection.check_step()?;
    *stage = Stage::InDoubt;
    connection.write(dialogue, shown, &bytes).await
}

/// The message as it goes out: a dot before each line that begins with one, and a line with a dot at the end
/// (RFC 5321 section 4.5.2). The message ends in CRLF.
fn with_dots(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + message.len() / 64 + 8);
    for line in message.split_inclusive(|it| *it == b'\n') {
        if line.first() == Some(&b'.') {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    out.extend_from_slice(b".\r\n");
    out
}

/// A failure by an answer that is not the wanted one. An answer that is neither a refusal nor the wanted one
/// shows that the two sides are out of step.
fn unexpected(connection: &mut Connection, what: &str, answer: &Answer) -> Failure {
    if answer.is_negative() {
        return Failure::refusal(what, answer);
    }
    connection.is_spoiled = true;
    let error = format!("The mail server sent an unexpected reply: {}", answer.sentence());
    Failure::broken(Outcome::ProtocolError, error)
}
