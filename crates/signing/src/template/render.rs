//! A rendering under way: what the template reads, what it may spend, and what it has printed.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use minijinja::value::{Object, Value as Native};
use minijinja::{Environment, Error, ErrorKind};
use postrider_model::TemplateKind;

use super::TemplateEvent;
use super::budget::{Budget, Stop};
use super::document::Document;
use super::environment::TEMPLATE;
use super::item::native_entry;
use super::output::Writer;

/// A rendering, and the outermost scope of its variables.
pub(super) struct Render {
    pub(super) document: Document,
    pub(super) budget: Budget,
    writer: Mutex<Writer>,
    /// How the event spells doubles that were read, by their bits. Of two spellings, the last one read
    /// counts, so that a field that is printed where it is read is printed as written.
    spellings: Mutex<HashMap<u64, Arc<str>>>,
    /// Why the output cannot go on.
    failed: Mutex<Option<Stop>>,
    /// Where in the output each printing statement began, and its line, if the template notes them.
    places: Mutex<Vec<(usize, usize)>>,
    id: Native,
    event_type: Native,
    timestamp: Native,
    account: Native,
}

/// A rendering that failed: why, and on which line if that is known.
pub(super) struct Failed {
    pub(super) line: Option<usize>,
    pub(super) reason: String,
    pub(super) places: Vec<(usize, usize)>,
}

/// What a rendering printed, and where.
pub(super) struct Printed {
    pub(super) output: String,
    pub(super) places: Vec<(usize, usize)>,
}

impl Render {
    /// Renders the template of an environment.
    pub(super) fn run(
        environment: &Environment<'static>,
        kind: TemplateKind,
        event: &TemplateEvent<'_>,
    ) -> Result<Printed, Failed> {
        let Some(document) = Document::read(event.data) else {
            return Err(Failed {
                line: Some(1),
                reason: "the event's data is not JSON".into(),
                places: Vec::new(),
            });
        };
        let render = Arc::new(Self {
            document,
            budget: Budget::new(),
            writer: Mutex::new(Writer::new(kind)),
            spellings: Mutex::default(),
            failed: Mutex::default(),
            places: Mutex::default(),
            id: Native::from(event.id),
            event_type: Native::from(event.event_type),
            timestamp: Native::from(event.timestamp),
            account: Native::from(event.account),
        });
        let result = environment.get_template(TEMPLATE).and_then(|template| {
            let scope = Native::from_dyn_object(render.clone());
            template.render_captured_to(scope, Raw(&render)).map(|_| ())
        });
        let places = std::mem::take(&mut *lock(&render.places));
        match result.map_err(|error| (error.line(), reason(&error))) {
            Ok(()) => match render.check() {
                Ok(()) => Ok(Printed {
                    output: std::mem::replace(&mut *render.writer(), Writer::new(kind)).finish(),
                    places,
                }),
                Err(Stop(reason)) => Err(Failed {
                    line: None,
                    reason: reason.into(),
                    places,
                }),
            },
            Err((line, reason)) => Err(Failed {
                line,
                reason: match render.check() {
                    Ok(()) => reason,
                    Err(Stop(earlier)) => earlier.into(),
                },
                places,
            }),
        }
    }

    /// Whether a bound was exceeded.
    fn check(&self) -> Result<(), Stop> {
        self.budget.check()?;
        lock(&self.failed).clone().map_or(Ok(()), Err)
    }

    pub(super) fn writer(&self) -> MutexGuard<'_, Writer> {
        lock(&self.writer)
    }

    /// Remembers how a double is spelled.
    pub(super) fn spell(&self, float: f64, text: Arc<str>) {
        lock(&self.spellings).insert(float.to_bits(), text);
    }

    /// A filter calculated this double.
    pub(super) fn forget_spelling(&self, float: f64) {
        lock(&self.spellings).remove(&float.to_bits());
    }

    pub(super) fn spelt(&self, float: f64) -> Option<Arc<str>> {
        lock(&self.spellings).get(&float.to_bits()).cloned()
    }

    /// Notes that what is printed next stands on this line of the template.
    pub(super) fn note_line(&self, line: usize) {
        let place = (self.writer().len(), line);
        lock(&self.places).push(place);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why, for the author of the template.
fn reason(error: &Error) -> String {
    match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, _) => "the template takes too much time or memory with this event".into(),
        (_, Some(detail)) => detail.into(),
        (kind, None) => kind.to_string(),
    }
}

impl fmt::Debug for Render {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Render")
    }
}

/// The outermost scope. `translate.rs` lets no template read a name that begins with two underscores.
impl Object for Render {
    fn get_value(self: &Arc<Self>, name: &Native) -> Option<Native> {
        self.get_value_by_str(name.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, name: &str) -> Option<Native> {
        Some(match name {
            "data" => native_entry(self, 0).unwrap_or_else(|stop| Native::from(Error::from(stop))),
            "__id" => self.id.clone(),
            "__type" => self.event_type.clone(),
            "__timestamp" => self.timestamp.clone(),
            "__account" => self.account.clone(),
            "__render" => Native::from_dyn_object(self.clone()),
            _ => return None,
        })
    }
}

/// Receives the text between tags, as `minijinja` writes it.
struct Raw<'r>(&'r Render);

impl io::Write for Raw<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        let result = self.0.writer().raw(text);
        result.map_err(|stop| {
            lock(&self.0.failed).get_or_insert(stop);
            io::Error::from(io::ErrorKind::Other)
        })?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
