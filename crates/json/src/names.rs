//! Finds duplicate names within an object, in linear time and, for most objects, without allocating.
//!
//! One stack, shared by all open objects, holds the names of small objects. Each new name is compared with
//! those of its own object. An object moves to a hash set of its own once it has [`COMPARED_MAX`] names,
//! which bounds the comparisons, or once it has an escaped name, because such names must be compared
//! unescaped. The hash is keyed at random, so a producer cannot make names collide.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::string::Text;

/// Maximum names per object that are compared one by one: enough for nearly every event, few enough that a
/// hostile event gains nothing by staying just below.
const COMPARED_MAX: usize = 32;

/// Maximum names on the stack before it moves to the heap; most events have fewer in their open objects.
const NAMES_INLINE: usize = 32;

/// Maximum open objects before their list moves to the heap.
const OBJECTS_INLINE: usize = 16;

/// The names of all open objects.
#[derive(Default)]
pub(crate) struct Names<'a> {
    objects: InlineStack<OpenObject, OBJECTS_INLINE>,
    plain: InlineStack<Name<'a>, NAMES_INLINE>,
    /// The sets of the open objects that are `hashed`, the innermost last.
    hashed: Vec<HashSet<Cow<'a, str>>>,
}

#[derive(Clone, Copy, Default)]
struct OpenObject {
    /// The index of its first name in `plain`.
    first: usize,
    hashed: bool,
}

#[derive(Clone, Copy, Default)]
struct Name<'a> {
    fingerprint: u64,
    raw: &'a str,
}

impl<'a> Names<'a> {
    /// Begins an object.
    #[inline]
    pub(crate) fn enter(&mut self) {
        self.objects.push(OpenObject {
            first: self.plain.as_slice().len(),
            hashed: false,
        });
    }

    /// Ends the innermost object.
    #[inline]
    pub(crate) fn leave(&mut self) {
        if let Some(object) = self.objects.pop() {
            self.plain.truncate(object.first);
            if object.hashed {
                self.hashed.pop();
            }
        }
    }

    /// Adds a name to the innermost object. Returns whether it is new there.
    #[inline]
    pub(crate) fn insert(&mut self, text: &Text<'a>) -> bool {
        let object = self.objects.as_slice().last().copied().unwrap_or_default();
        if object.hashed {
            return self.insert_hashed(text);
        }
        let siblings = &self.plain.as_slice()[object.first..];
        if text.escaped || siblings.len() == COMPARED_MAX {
            self.hash_innermost(object.first);
            return self.insert_hashed(text);
        }
        let name = Name {
            fingerprint: fingerprint(text.raw.as_bytes()),
            raw: text.raw,
        };
        let is_new = siblings
            .iter()
            .all(|other| other.fingerprint != name.fingerprint || other.raw != name.raw);
        self.plain.push(name);
        is_new
    }

    fn insert_hashed(&mut self, text: &Text<'a>) -> bool {
        self.hashed
            .last_mut()
            .is_none_or(|names| names.insert(text.unescaped()))
    }

    #[cold]
    fn hash_innermost(&mut self, first: usize) {
        let names = self.plain.as_slice()[first..].iter();
        self.hashed
            .push(names.map(|name| Cow::Borrowed(name.raw)).collect());
        self.plain.truncate(first);
        if let Some(object) = self.objects.last_mut() {
            object.hashed = true;
        }
    }
}

/// Distinguishes most names without reading them in full: a mix of the first and last eight bytes and the
/// length.
#[inline]
fn fingerprint(name: &[u8]) -> u64 {
    let length = name.len() as u64;
    match (name.first_chunk::<8>(), name.last_chunk::<8>()) {
        (Some(&first), Some(&last)) => {
            u64::from_le_bytes(first) ^ u64::from_le_bytes(last).rotate_left(29) ^ length
        }
        _ => match (name.first_chunk::<4>(), name.last_chunk::<4>()) {
            (Some(&first), Some(&last)) => {
                u64::from(u32::from_le_bytes(first)) << 32 | u64::from(u32::from_le_bytes(last))
            }
            _ => name
                .iter()
                .fold(length, |mixed, &byte| mixed << 8 | u64::from(byte)),
        },
    }
}

/// A stack whose first `N` items need no allocation.
struct InlineStack<T, const N: usize> {
    inline: [T; N],
    /// Items in `inline`, unless they have moved to `spilled`.
    len: usize,
    /// All items, once there have been more than `N`.
    spilled: Option<Vec<T>>,
}

impl<T: Copy + Default, const N: usize> Default for InlineStack<T, N> {
    fn default() -> Self {
        Self {
            inline: [T::default(); N],
            len: 0,
            spilled: None,
        }
    }
}

impl<T: Copy, const N: usize> InlineStack<T, N> {
    #[inline]
    fn as_slice(&self) -> &[T] {
        match &self.spilled {
            Some(items) => items,
            None => &self.inline[..self.len],
        }
    }

    #[inline]
    fn last_mut(&mut self) -> Option<&mut T> {
        match &mut self.spilled {
            Some(items) => items.last_mut(),
            None => self.inline[..self.len].last_mut(),
        }
    }

    #[inline]
    fn push(&mut self, item: T) {
        match &mut self.spilled {
            Some(items) => items.push(item),
            None if self.len < N => {
                self.inline[self.len] = item;
                self.len += 1;
            }
            None => {
                let mut items = Vec::with_capacity(4 * N);
                items.extend_from_slice(&self.inline);
                items.push(item);
                self.spilled = Some(items);
            }
        }
    }

    #[inline]
    fn pop(&mut self) -> Option<T> {
        let last = self.as_slice().last().copied()?;
        self.truncate(self.as_slice().len() - 1);
        Some(last)
    }

    #[inline]
    fn truncate(&mut self, len: usize) {
        match &mut self.spilled {
            Some(items) => items.truncate(len),
            None => self.len = len,
        }
    }
}
