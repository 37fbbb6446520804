//! The parts around each page of the documentation.

use postrider_docs::Docs;
use postrider_docs::guides::Group;
use postrider_docs::reference::Tag;

use super::Reader;
use crate::shell::Shell;

/// The part of the documentation that a page belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Guides,
    Api,
    Errors,
}

/// The parts around a page.
pub struct Frame<'a> {
    pub shell: Shell<'a>,
    /// The part of the documentation, if the page belongs to one.
    pub part: Option<Part>,
    /// The links beside the page.
    pub groups: Vec<LinkGroup>,
    /// The words of a search.
    pub query: String,
}

/// Links under a title.
pub struct LinkGroup {
    pub title: &'static str,
    pub links: Vec<Link>,
    /// Whether its links are shown before somebody opens it.
    pub is_open: bool,
}

/// A link beside the page.
pub struct Link {
    pub href: String,
    pub label: String,
    pub is_current: bool,
    /// The links below it.
    pub inner: Vec<Self>,
}

impl<'a> Frame<'a> {
    /// Around the page with this address and title. `tag`: the one whose operations are listed.
    pub fn of(
        reader: &'a Reader,
        docs: &Docs,
        (part, tag): (Option<Part>, Option<&Tag>),
        here: &str,
        title: impl Into<String>,
    ) -> Self {
        let mut groups = guides(docs, here);
        groups.push(api(docs, tag, here));
        open_one(&mut groups);
        Self {
            shell: Shell::anonymous(&reader.app, &reader.headers, title),
            part,
            groups,
            query: String::new(),
        }
    }

    /// Whether the page belongs to this part.
    pub fn is_in(&self, part: Part) -> bool {
        self.part == Some(part)
    }
}

fn guides(docs: &Docs, here: &str) -> Vec<LinkGroup> {
    let groups = Group::ALL.into_iter().map(|group| {
        let guides = docs.guides().iter().filter(|guide| guide.group == group);
        let links = guides.map(|guide| Link::to(guide.address(), &guide.title, here));
        LinkGroup {
            title: group.title(),
            links: links.collect(),
            is_open: false,
        }
    });
    groups.collect()
}

fn api(docs: &Docs, current: Option<&Tag>, here: &str) -> LinkGroup {
    let links = docs.reference().tags.iter().map(|tag| {
        let mut link = Link::to(tag.address(), &tag.name, here);
        if current.is_some_and(|current| current.slug == tag.slug) {
            let operations = tag.operations.iter();
            link.inner = operations
                .map(|operation| Link::to(operation.address(), &operation.summary, here))
                .collect();
        }
        link
    });
    let mut links: Vec<Link> = links.collect();
    links.push(Link::to("/docs/errors".to_owned(), "Errors", here));
    LinkGroup {
        title: "API reference",
        links,
        is_open: false,
    }
}

/// Opens the group of the page, or else the first one: all links together are several screens long.
fn open_one(groups: &mut [LinkGroup]) {
    let has_page = |group: &LinkGroup| group.links.iter().any(Link::leads_here);
    let open = groups.iter().position(has_page).unwrap_or(0);
    if let Some(group) = groups.get_mut(open) {
        group.is_open = true;
    }
}

impl Link {
    fn to(href: String, label: &str, here: &str) -> Self {
        Self {
            is_current: href == here,
            href,
            label: label.to_owned(),
            inner: Vec::new(),
        }
    }

    /// Whether it, or a link below it, leads to the page that is shown.
    fn leads_here(&self) -> bool {
        self.is_current || self.inner.iter().any(Self::leads_here)
    }
}
