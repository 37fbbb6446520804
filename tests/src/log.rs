//! The output of a child process, line by line.

use std::io::{BufRead as _, BufReader, Read};
use std::process::Child;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Most lines that are kept: a bound on the output of a failed test.
const LINES_MAX: usize = 20_000;

/// The lines of one or more streams, in the order of arrival.
#[derive(Debug, Clone, Default)]
pub struct Log(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    lines: Mutex<Vec<String>>,
    grown: Condvar,
}

impl Log {
    /// The output and the errors of a child whose streams are pipes.
    #[track_caller]
    pub fn of(child: &mut Child) -> Self {
        let log = Self::default();
        log.follow(child.stdout.take().expect("it was piped"));
        log.follow(child.stderr.take().expect("it was piped"));
        log
    }

    /// Collects the lines of a stream until it ends. After the thread has ended, the log holds all of them.
    pub fn follow(&self, stream: impl Read + Send + 'static) -> JoinHandle<()> {
        let log = self.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                let mut lines = log.lock();
                if lines.len() < LINES_MAX {
                    lines.push(line);
                }
                log.0.grown.notify_all();
            }
        })
    }

    /// All lines so far.
    pub fn lines(&self) -> Vec<String> {
        self.lock().clone()
    }

    /// How many lines there are so far.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether nothing has been printed so far.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The first result of `read` on the lines from `from` on, waiting for at most `within`.
    pub fn find<T>(&self, from: usize, within: Duration, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + within;
        let mut lines = self.lock();
        loop {
            if let Some(found) = lines.iter().skip(from).find_map(|line| read(line)) {
                return Some(found);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            lines = self
                .0
                .grown
                .wait_timeout(lines, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Prints all lines, for a failed test.
    pub fn print(&self, title: &str) {
        eprintln!("--- {title}");
        for line in self.lines() {
            eprintln!("{line}");
        }
        eprintln!("--- end of {title}");
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
