//! All of the documentation, read once.

use std::sync::{LazyLock, OnceLock};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::guides::{GUIDES, Guide};
use crate::markdown::{self, Html};
use crate::reference::Reference;
use crate::search::{self, Index};

/// What the documentation is made of.
#[derive(Debug, Clone)]
pub struct DocsParts {
    /// The OpenAPI document, as JSON.
    pub document: Bytes,
    /// Every kind of problem: code, status, title, when, advice (Markdown), and an example as JSON.
    pub problems: Vec<ProblemKind>,
    /// Every code of a single fault, with what it means.
    pub faults: Vec<FaultKind>,
}

/// A kind of problem.
#[derive(Debug, Clone)]
pub struct ProblemKind {
    /// The stable code.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The kind in words.
    pub title: &'static str,
    /// When a request gets it, as Markdown.
    pub when: &'static str,
    /// What the caller should do, as Markdown.
    pub advice: &'static str,
    /// A problem document, as JSON.
    pub example: String,
}

/// A code of a single fault.
#[derive(Debug, Clone)]
pub struct FaultKind {
    /// The stable code.
    pub code: &'static str,
    /// What it means, as Markdown.
    pub meaning: &'static str,
}

/// The documentation. Nothing is read before somebody looks at it: most processes never show a page of it.
pub struct Docs(LazyLock<Read, Box<dyn FnOnce() -> Read + Send>>);

struct Read {
    parts: DocsParts,
    document_digest: [u8; 32],
    reference: Reference,
    guides: Vec<Guide>,
    index: OnceLock<Index>,
}

impl Docs {
    /// The documentation of the parts that this returns.
    pub fn new(parts: impl FnOnce() -> DocsParts + Send + 'static) -> Self {
        Self(LazyLock::new(Box::new(|| Read::of(parts()))))
    }

    /// The OpenAPI document, some 700 KB. A clone shares the bytes.
    pub fn document(&self) -> &Bytes {
        &self.0.parts.document
    }

    /// The SHA-256 of the OpenAPI document.
    pub fn document_digest(&self) -> [u8; 32] {
        self.0.document_digest
    }

    /// The reference of the API.
    pub fn reference(&self) -> &Reference {
        &self.0.reference
    }

    /// The guides, in their order.
    pub fn guides(&self) -> &[Guide] {
        &self.0.guides
    }

    /// The guide with this name in addresses.
    pub fn guide(&self, slug: &str) -> Option<&Guide> {
        self.guides().iter().find(|guide| guide.slug == slug)
    }

    /// Every kind of problem, in the order of their statuses.
    pub fn problems(&self) -> &[ProblemKind] {
        &self.0.parts.problems
    }

    /// The kind of problem with this code.
    pub fn problem(&self, code: &str) -> Option<&ProblemKind> {
        self.problems().iter().find(|problem| problem.code == code)
    }

    /// Every code of a single fault.
    pub fn faults(&self) -> &[FaultKind] {
        &self.0.parts.faults
    }

    /// The index over all pages, built by the first search: that takes some milliseconds.
    pub fn index(&self) -> &Index {
        let read = &*self.0;
        let index = || search::index(&read.reference, &read.parts.problems, &read.parts.faults);
        read.index.get_or_init(index)
    }
}

impl ProblemKind {
    /// When a request gets it.
    pub fn when(&self) -> Html {
        markdown::inline(self.when)
    }

    /// What the caller should do.
    pub fn advice(&self) -> Html {
        markdown::inline(self.advice)
    }
}

impl FaultKind {
    /// What it means.
    pub fn meaning(&self) -> Html {
        markdown::inline(self.meaning)
    }
}

impl Read {
    fn of(parts: DocsParts) -> Self {
        let reference = Reference::of(&parts.document);
        let guides: Vec<Guide> = GUIDES.iter().map(Guide::of).collect();
        Self {
            index: OnceLock::new(),
            reference,
            guides,
            document_digest: Sha256::digest(&parts.document).into(),
            parts,
        }
    }
}
