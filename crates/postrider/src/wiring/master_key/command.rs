//! The command that prints the master key.

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use postrider_cli::Failure;
use rustix::process::{Pid, Signal, kill_process_group};

/// How long the command may run.
const TIME_MAX: Duration = Duration::from_secs(30);

/// The pause between two looks at whether it has ended.
const PAUSE: Duration = Duration::from_millis(20);

/// The most bytes of its output that are read.
const BYTES_MAX: u64 = 64 * 1024;

/// Runs a command in the shell, and returns its standard output. Its standard error is the server's.
///
/// # Errors
/// If it fails, runs for too long, or prints what is not text. The error does not repeat the output.
pub(super) async fn output(command: &str) -> Result<String, Failure> {
    let command = command.to_owned();
    let ran = tokio::task::spawn_blocking(move || run(&command, TIME_MAX)).await;
    ran.unwrap_or_else(|error| Err(error.to_string()))
        .map_err(|why| Failure::Failed(format!("master_key_command: {why}")))
}

fn run(command: &str, time_max: Duration) -> Result<String, String> {
    let spawned = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // A group of its own, so that a command that takes too long ends with all its children.
        .process_group(0)
        .spawn();
    let mut child = spawned.map_err(|error| format!("cannot run the shell: {error}"))?;
    let printed = child.stdout.take();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = printed.map(|printed| printed.take(BYTES_MAX + 1).read_to_end(&mut bytes));
        // After the deadline, the receiver is gone.
        let _ = sender.send(matches!(read, Some(Ok(_))).then_some(bytes));
    });
    let ended = end_of(&mut child, &receiver, Instant::now() + time_max);
    let Some((status, bytes)) = ended else {
        kill(&mut child);
        return Err(format!("no end within {} s", time_max.as_secs()));
    };
    let bytes = bytes.ok_or("its output cannot be read")?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(format!("it printed more than {BYTES_MAX} bytes"));
    }
    if !status.success() {
        return Err(format!("it failed ({status})"));
    }
    String::from_utf8(bytes).map_err(|_| "its output is not text".to_owned())
}

/// The status of the command and its output, once both have ended: a child of the command may keep the
/// output open. `None` if that is not so at the deadline.
fn end_of(
    child: &mut Child,
    output: &mpsc::Receiver<Option<Vec<u8>>>,
    deadline: Instant,
) -> Option<(ExitStatus, Option<Vec<u8>>)> {
    let left = || deadline.saturating_duration_since(Instant::now());
    let bytes = match output.recv_timeout(left()) {
        Ok(bytes) => bytes,
        Err(RecvTimeoutError::Timeout) => return None,
        Err(RecvTimeoutError::Disconnected) => None,
    };
    loop {
        // An error is possible only for a child that somebody else has waited for.
        if let Some(status) = child.try_wait().ok()? {
            return Some((status, bytes));
        }
        if left().is_zero() {
            return None;
        }
        std::thread::sleep(PAUSE);
    }
}

/// Ends the command and its children.
fn kill(child: &mut Child) {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    // An error means that the group has ended by now.
    let _ = group.map(|group| kill_process_group(group, Signal::KILL));
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_output_of_a_command_is_returned_and_a_failure_does_not_repeat_it() {
        assert_eq!(run("printf 'a\\nb'", TIME_MAX), Ok("a\nb".to_owned()));
        let failed = run("echo hidden; exit 3", TIME_MAX).unwrap_err();
        assert!(failed.contains('3') && !failed.contains("hidden"), "{failed}");
        assert!(run("printf '\\377'", TIME_MAX).is_err());
    }

    #[test]
    fn a_command_or_child_that_does_not_end_is_killed() {
        for command in [
            "sleep 1000 & echo $! >&3; sleep 1000",
            "sleep 1000 & echo $! >&3; echo key",
        ] {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("child");
            let command = format!("exec 3>'{}'; {command}", file.display());
            let refused = run(&command, Duration::from_millis(500));
            assert_eq!(refused, Err("no end within 0 s".to_owned()));
            let child = std::fs::read_to_string(&file).unwrap();
            let child = Path::new("/proc").join(child.trim());
            let began = Instant::now();
            while is_running(&child) {
                assert!(began.elapsed() < TIME_MAX, "{} is not killed", child.display());
                std::thread::sleep(PAUSE);
            }
        }
    }

    /// Whether the process of this folder in `/proc` runs. One that ended may wait there to be collected.
    fn is_running(process: &Path) -> bool {
        let status = std::fs::read_to_string(process.join("stat")).unwrap_or_default();
        status
            .rsplit_once(") ")
            .is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
    }

    #[test]
    fn more_output_than_is_read_is_refused_not_cut() {
        let refused = run("head -c 100000 /dev/zero | tr '\\0' a", TIME_MAX).unwrap_err();
        assert_eq!(refused, "it printed more than 65536 bytes");
    }
}
