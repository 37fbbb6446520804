//! The command that prints the master key.

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
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
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let mut printed = printed?.take(BYTES_MAX);
        printed.read_to_end(&mut bytes).ok()?;
        Some(bytes)
    });
    let deadline = Instant::now() + time_max;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if Instant::now() < deadline => std::thread::sleep(PAUSE),
            Ok(None) => {
                kill(&mut child);
                return Err(format!("no end within {} s", time_max.as_secs()));
            }
            Err(error) => return Err(error.to_string()),
        }
    };
    if !status.success() {
        return Err(format!("it failed ({status})"));
    }
    let bytes = reader.join().ok().flatten().ok_or("its output cannot be read")?;
    String::from_utf8(bytes).map_err(|_| "its output is not text".to_owned())
}

fn kill(child: &mut Child) {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    // An error means that the group has ended by now.
    let _ = group.map(|group| kill_process_group(group, Signal::KILL));
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_of_a_command_is_returned_and_a_failure_does_not_repeat_it() {
        assert_eq!(run("printf 'a\\nb'", TIME_MAX), Ok("a\nb".to_owned()));
        let failed = run("echo hidden; exit 3", TIME_MAX).unwrap_err();
        assert!(failed.contains('3') && !failed.contains("hidden"), "{failed}");
        assert!(run("printf '\\377'", TIME_MAX).is_err());
    }

    #[test]
    fn a_command_that_does_not_end_is_killed_with_its_children() {
        let refused = run("sleep 1000 & sleep 1000", Duration::from_millis(100));
        assert_eq!(refused, Err("no end within 0 s".to_owned()));
    }
}
