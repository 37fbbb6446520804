//! Templates and data of attackers: whatever they hold, compiling and rendering end soon, in little memory,
//! on a small stack.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use postrider_signing::template::{SOURCE_BYTES_MAX, Template, TemplateKind};

use crate::event;

/// Bytes of the largest data: an installation can permit as much.
const DATA_BYTES: usize = 1024 * 1024;

/// Maximum memory of compiling and rendering, beyond the template and the data.
const MEMORY_KIB_MAX: u64 = 16 * 1024;

/// Maximum time on a processor of a build without optimisation. With it, a tenth of that suffices.
const TIME_MAX: Duration = Duration::from_millis(1_500);

/// The stack of a thread of the runtime.
const STACK_BYTES: usize = 2 * 1024 * 1024;

/// The variable that names the folder of a child process's template and data.
const CASE: &str = "HOSTILE_TEMPLATE";

type Case = (&'static str, String, String);

mod cases;

#[test]
fn no_template_takes_much_memory_or_time() {
    let program = std::env::current_exe().unwrap();
    for (name, source, data) in cases::cases() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("source"), source).unwrap();
        std::fs::write(folder.path().join("data"), data).unwrap();
        let child = Command::new(&program)
            .args(["--exact", "hostile::one_hostile_template", "--nocapture"])
            .env(CASE, folder.path())
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&child.stdout);
        let errors = String::from_utf8_lossy(&child.stderr);
        assert!(child.status.success(), "{name}: {printed}{errors}");
        let line = printed
            .lines()
            .find_map(|line| line.split_once("used "))
            .unwrap()
            .1;
        println!("{name}: {line}");
        let mut figures = line.split(' ');
        let kib: u64 = figures.next().unwrap().parse().unwrap();
        let ms: u64 = figures.nth(1).unwrap().parse().unwrap();
        assert!(kib <= MEMORY_KIB_MAX, "{name}: {line}");
        assert!(u128::from(ms) <= TIME_MAX.as_millis(), "{name}: {line}");
    }
}

/// What a child process of the test above runs. Without a case, there is nothing to do.
#[test]
fn one_hostile_template() {
    let Some(folder) = std::env::var_os(CASE) else {
        return;
    };
    let read = |name: &str| std::fs::read_to_string(Path::new(&folder).join(name)).unwrap();
    let (source, data) = (read("source"), read("data"));
    let run = move || {
        let before = peak_kib();
        let started = processor_time();
        let result = outcome(&source, &data);
        let taken = processor_time() - started;
        println!(
            "used {} KiB {} ms: {result}",
            peak_kib() - before,
            taken.as_millis()
        );
    };
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
    thread.spawn(run).unwrap().join().unwrap();
}

/// What compiling and rendering came to, for people.
fn outcome(source: &str, data: &str) -> String {
    match Template::compile(source, TemplateKind::Text) {
        Err(fault) => format!("refused, {fault}"),
        Ok(template) => match template.render(&event(data)) {
            Err(stop) => format!("stopped, {stop}"),
            Ok(output) => format!("{} bytes", output.len()),
        },
    }
}

/// How long this thread has run on a processor: other work on the machine does not count.
fn processor_time() -> Duration {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(statistics.split(' ').next().unwrap().parse().unwrap())
}

/// The peak of the process's resident memory.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim_end_matches("kB").trim().parse().unwrap()
}

#[test]
fn deep_nesting_is_refused_or_rendered_and_never_overflows_the_stack() {
    let nested = |open: &str, inner: &str, close: &str, count: usize| {
        let count = count.min((SOURCE_BYTES_MAX - inner.len() - 6) / (open.len() + close.len()));
        format!("{}{inner}{}", open.repeat(count), close.repeat(count))
    };
    let tag = |expression: String| format!("{{{{{expression}}}}}");
    let sources = move |count: usize| {
        vec![
            tag(nested("-", "1", "", count)),
            tag(nested("+", "1", "", count)),
            tag(nested("not ", "1", "", count)),
            tag(nested("(", "1", ")", count)),
            tag(nested("[", "1", "]", count)),
            tag(nested("(1~1<1+", "1", ")", count)),
            tag(nested("[1]|d(1~1 in 1+", "1", ")[1]", count)),
            tag(nested("{1:", "1", "}", count)),
            tag(nested("data[", "1", "]", count)),
            tag(nested("data[:", "1", "]", count)),
            tag(nested("1|d(", "1", ")", count)),
            tag(nested("1 if ", "1", " else 1", count)),
            tag(nested("1 if 1 else ", "1", "", count)),
            tag(nested("1 is divisibleby ", "1", "", count)),
            tag(nested("", "data", ".a", count)),
            tag(nested("", "data", "[0]", count)),
            tag(nested("", "data", "|upper", count)),
            tag(nested("", "data", " is defined", count)),
            tag(nested("", "1", "+1", count)),
            tag(nested("", "1", "*1", count)),
            tag(nested("", "1", "~1", count)),
            tag(nested("", "1", "<1", count)),
            tag(nested("", "1", " and 1", count)),
            tag(nested("", "1", " or 1", count)),
            nested("{%if 1%}", "1", "{%endif%}", count),
            nested("{%for a in [1]%}", "1", "{%endfor%}", count),
            nested("{%with a=1%}", "1", "{%endwith%}", count),
            nested("{%autoescape false%}", "1", "{%endautoescape%}", count),
            nested("{%limit 9%}", "1", "{%endlimit%}", count),
            format!("{{%if 0%}}{}{{%endif%}}", "{%elif 0%}".repeat(count.min(1_600))),
        ]
    };
    let run = move || {
        for count in [1, 10, 18, 35, 39, 90, 200, SOURCE_BYTES_MAX] {
            for source in sources(count) {
                outcome(&source, r#"{"a":[1]}"#);
            }
        }
        // The deepest expressions, in the deepest blocks.
        let expression = format!("{}data{}", "[".repeat(18), ".a".repeat(60)) + &"]".repeat(18);
        let blocks = nested("{%for a in [1]%}", &tag(expression), "{%endfor%}", 40);
        assert_eq!(outcome(&blocks, "1"), "40 bytes");
    };
    std::thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(run)
        .unwrap()
        .join()
        .unwrap();
}
