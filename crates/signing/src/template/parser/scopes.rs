//! Which variable a name means.

use super::super::tree::Scope;

/// The scopes around the place that is being read.
#[derive(Default)]
pub(super) struct Scopes<'s> {
    /// The outermost scope, which is never reset.
    template: Vec<(&'s str, usize)>,
    open: Vec<Open<'s>>,
    slots: usize,
}

#[derive(Default)]
struct Open<'s> {
    names: Vec<(&'s str, usize)>,
    resets: Scope,
    is_loop: bool,
}

impl<'s> Scopes<'s> {
    /// The number of slots that all variables take.
    pub(super) fn slots(&self) -> usize {
        self.slots
    }

    pub(super) fn begin(&mut self, is_loop: bool) {
        self.open.push(Open {
            is_loop,
            ..Open::default()
        });
    }

    pub(super) fn end(&mut self) -> Scope {
        self.open.pop().unwrap_or_default().resets
    }

    /// The number of loops around this place.
    pub(super) fn loops(&self) -> usize {
        self.open.iter().filter(|scope| scope.is_loop).count()
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        let in_scope = |names: &[(&str, usize)]| {
            names
                .iter()
                .find(|(other, _)| *other == name)
                .map(|(_, slot)| *slot)
        };
        let inner = self.open.iter().rev().find_map(|scope| in_scope(&scope.names));
        inner.or_else(|| in_scope(&self.template))
    }

    /// The slot of this name in the innermost scope.
    pub(super) fn declare(&mut self, name: &'s str) -> usize {
        let outer = self.find(name);
        let names = match self.open.last() {
            None => &self.template,
            Some(scope) => &scope.names,
        };
        if let Some((_, slot)) = names.iter().find(|(other, _)| *other == name) {
            return *slot;
        }
        let slot = self.slots;
        self.slots += 1;
        match self.open.last_mut() {
            None => self.template.push((name, slot)),
            Some(scope) => {
                scope.names.push((name, slot));
                scope.resets.push((slot, outer));
            }
        }
        slot
    }
}
