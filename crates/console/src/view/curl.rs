//! A request as a curl command line, to paste into a shell.

use std::fmt;

use postrider_model::attempt::Headers;

use super::headers::is_secret;
use super::markup;

/// Longest quoted body, in bytes, that is an argument; a longer one is piped in. Linux allows no argument
/// longer than 128 KiB (`MAX_ARG_STRLEN`), but `printf` is part of the shell and has no such bound. Quotes
/// may make the body longer.
const ARGUMENT_BYTES_MAX: usize = 64 * 1024;

/// Replaces the value of a hidden header.
const HIDDEN: &str = "<hidden>";

/// The command. It renders itself escaped, as the content of a `pre`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Curl(String);

impl Curl {
    /// For a request that was sent. Header values that the page hides are hidden here, too.
    pub fn new(url: &str, headers: &Headers, body: &str) -> Self {
        // curl would expand brackets and braces in a URL.
        let globoff = if url.contains(['[', ']', '{', '}']) {
            " --globoff"
        } else {
            ""
        };
        let mut command = format!("curl{globoff} {}", quoted(url));
        for (name, value) in headers {
            let header = if is_secret(name) {
                format!("{name}: {HIDDEN}")
            } else if value.is_empty() {
                // With this syntax curl sends an empty header.
                format!("{name};")
            } else {
                format!("{name}: {value}")
            };
            command.push_str(&format!(" \\\n  -H {}", quoted(&header)));
        }
        let body = quoted(body);
        if body.len() > ARGUMENT_BYTES_MAX {
            Self(format!("printf %s {body} | {command} \\\n  --data-binary @-"))
        } else {
            Self(format!("{command} \\\n  --data-binary {body}"))
        }
    }
}

/// In single quotes, where a POSIX shell interprets nothing but the next single quote.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

impl fmt::Display for Curl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                // A browser would turn a bare carriage return into a line feed, and the signature would not
                // match the pasted body.
                '\r' => f.write_str("&#13;")?,
                other => fmt::Write::write_char(f, other)?,
            }
        }
        Ok(())
    }
}

markup!(Curl);

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn header(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    /// The arguments that a shell passes to `curl`, one a line, with their ends marked.
    fn arguments(curl: &Curl) -> String {
        let script = format!(
            "curl() {{ printf '%s|\\n' \"$@\"; [ \"$(eval echo \\${{$#}})\" != @- ] || cat; }}\n{}",
            curl.0
        );
        let mut file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file, script.as_bytes()).unwrap();
        let output = Command::new("sh").arg(file.path()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn the_curl_command_sends_the_same_bytes_and_executes_none_of_them() {
        let body = r#"{"a":"it's $(touch /tmp/x) `id` \" ! \\ "}"#;
        let headers = vec![
            header("X-A", "o'clock $HOME"),
            header("X-Empty", ""),
            header("Cookie", "s=1"),
        ];
        let curl = Curl::new("https://example.com/a?b=1&c='[1]", &headers, body);
        let expected = [
            "--globoff",
            "https://example.com/a?b=1&c='[1]",
            "-H",
            "X-A: o'clock $HOME",
            "-H",
            "X-Empty;",
            "-H",
            "Cookie: <hidden>",
            "--data-binary",
            body,
        ];
        assert_eq!(
            arguments(&curl),
            expected.map(|line| format!("{line}|\n")).concat()
        );
    }

    #[test]
    fn a_long_body_is_piped_in() {
        let body = "'x".repeat(60 * 1024);
        let printed = arguments(&Curl::new("http://a/", &Vec::new(), &body));
        assert_eq!(printed, format!("http://a/|\n--data-binary|\n@-|\n{body}"));
    }

    #[test]
    fn the_curl_command_is_shown_as_text_with_every_byte() {
        let html = Curl::new("http://a/", &Vec::new(), "\"<script>&\r\"").to_string();
        assert!(html.ends_with("'\"&lt;script&gt;&amp;&#13;\"'"), "{html}");
    }
}
