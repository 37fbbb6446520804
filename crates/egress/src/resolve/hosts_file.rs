//! The names in `/etc/hosts`.
//!
//! Names are looked up absolutely, with a dot at their end, and the system's resolver then skips this file:
//! glibc and musl compare the name with its dot. The file is read here instead, before the resolver is asked,
//! which is the order of almost every `nsswitch.conf`. It is read at each lookup, so that changes count at
//! once.

use std::fs::File;
use std::io::{self, Read};
use std::net::IpAddr;
use std::sync::Once;

use crate::connect::is_out_of_files;

const PATH: &str = "/etc/hosts";

/// Maximum bytes of the file to read. Lists that block advertisements have a few MiB.
const BYTES_MAX: u64 = 16 * 1024 * 1024;

/// The addresses of the name in the file. A file that is missing or cannot be read holds none, as for the
/// system's resolver; the log says once that it cannot be read. Fails if this machine has no more open files.
pub(super) fn look_up(name: &str) -> io::Result<Vec<IpAddr>> {
    static REPORTED: Once = Once::new();
    match read() {
        Ok(text) => Ok(addresses(&String::from_utf8_lossy(&text), name)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) if is_out_of_files(&error) => Err(error),
        Err(error) => {
            REPORTED.call_once(|| tracing::warn!(%error, "{PATH} cannot be read, so its names are unknown"));
            Ok(Vec::new())
        }
    }
}

fn read() -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(PATH)?.take(BYTES_MAX).read_to_end(&mut text)?;
    Ok(text)
}

fn addresses(text: &str, name: &str) -> Vec<IpAddr> {
    let entry = |line: &str| -> Option<IpAddr> {
        let mut words = line.split('#').next()?.split_whitespace();
        let address = words.next()?;
        let is_name = |word: &str| word.strip_suffix('.').unwrap_or(word).eq_ignore_ascii_case(name);
        words.any(is_name).then(|| address.parse().ok())?
    };
    text.lines().filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_of_a_name_are_found_in_any_case() {
        let text = "# comment receiver.example\n\
            127.0.0.1 localhost\n\
            10.0.0.1\tother.example Receiver.Example # receiver2.example\n\
            fe80::1%lo0 receiver.example\n\
            fd00::1   receiver.example.\r\n\
            10.0.0.2 notreceiver.example receiver\n";
        let found = |name: &str| {
            addresses(text, name)
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(found("receiver.example"), ["10.0.0.1", "fd00::1"]);
        assert_eq!(found("receiver"), ["10.0.0.2"]);
        assert!(found("receiver2.example").is_empty() && found("example").is_empty() && found("").is_empty());
    }
}
