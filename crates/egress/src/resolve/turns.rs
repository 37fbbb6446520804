//! Which lookup runs next: tenants take turns, and nobody takes every place.

use std::collections::{HashMap, VecDeque};

/// Maximum concurrent lookups. The runtime has 512 blocking threads, and other code needs them too.
pub const LOOKUPS_MAX: usize = 128;

/// Places that names which resolved promptly keep for themselves, and others likewise.
const RESERVE: usize = LOOKUPS_MAX / 4;

/// Maximum concurrent lookups of one tenant among names that resolved promptly, and among others.
const SHARE: usize = LOOKUPS_MAX / 4;

/// A place for a lookup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Place {
    tenant: u128,
    is_prompt: bool,
}

/// Lookups that wait, and the number of those that run.
#[derive(Default)]
pub(super) struct Turns {
    prompt: Queue,
    others: Queue,
    running: HashMap<Place, usize>,
}

/// Names that wait, by tenant.
#[derive(Default)]
struct Queue {
    /// Each tenant with names, the next one first.
    order: VecDeque<u128>,
    names: HashMap<u128, VecDeque<String>>,
    running: usize,
}

impl Turns {
    /// Adds a name to those that wait. `is_prompt` says whether its last lookup succeeded in time.
    pub(super) fn add(&mut self, tenant: u128, name: String, is_prompt: bool) {
        let queue = if is_prompt {
            &mut self.prompt
        } else {
            &mut self.others
        };
        let names = queue.names.entry(tenant).or_default();
        if names.is_empty() {
            queue.order.push_back(tenant);
        }
        names.push_back(name);
    }

    /// Takes the next name that has a place. Prompt names come first, because they hold a place only briefly.
    pub(super) fn next(&mut self) -> Option<(Place, String)> {
        if self.prompt.running + self.others.running >= LOOKUPS_MAX {
            return None;
        }
        for (queue, is_prompt) in [(&mut self.prompt, true), (&mut self.others, false)] {
            let running = &self.running;
            let has_share = |tenant| {
                running
                    .get(&Place { tenant, is_prompt })
                    .is_none_or(|it| *it < SHARE)
            };
            if let Some((tenant, name)) = queue.next(has_share) {
                let place = Place { tenant, is_prompt };
                queue.running += 1;
                *self.running.entry(place).or_default() += 1;
                return Some((place, name));
            }
        }
        None
    }

    /// Gives a place back.
    pub(super) fn give_back(&mut self, place: Place) {
        let queue = if place.is_prompt {
            &mut self.prompt
        } else {
            &mut self.others
        };
        queue.running -= 1;
        if let Some(running) = self.running.get_mut(&place) {
            *running -= 1;
            if *running == 0 {
                self.running.remove(&place);
            }
        }
    }
}

impl Queue {
    fn next(&mut self, has_share: impl Fn(u128) -> bool) -> Option<(u128, String)> {
        if self.running >= LOOKUPS_MAX - RESERVE {
            return None;
        }
        for _ in 0..self.order.len() {
            let tenant = self.order.pop_front()?;
            if !has_share(tenant) {
                self.order.push_back(tenant);
                continue;
            }
            let names = self.names.get_mut(&tenant)?;
            let name = names.pop_front()?;
            if names.is_empty() {
                self.names.remove(&tenant);
            } else {
                self.order.push_back(tenant);
            }
            return Some((tenant, name));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(turns: &mut Turns) -> Vec<(Place, String)> {
        std::iter::from_fn(|| turns.next()).collect()
    }

    #[test]
    fn a_tenant_with_many_names_leaves_places_to_others() {
        let mut turns = Turns::default();
        for number in 0..1_000 {
            turns.add(1, format!("slow{number}"), false);
        }
        assert_eq!(taken(&mut turns).len(), SHARE);
        turns.add(2, "good".to_owned(), false);
        assert_eq!(taken(&mut turns)[0].1, "good");
    }

    #[test]
    fn tenants_take_turns_at_a_place() {
        let mut turns = Turns::default();
        for (tenant, names) in [(1, 3), (2, 3), (3, 1)] {
            for number in 0..names {
                turns.add(tenant, format!("{tenant}.{number}"), true);
            }
        }
        let names: Vec<_> = taken(&mut turns).into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, ["1.0", "2.0", "3.0", "1.1", "2.1", "1.2", "2.2"]);
    }

    #[test]
    fn many_tenants_with_slow_names_leave_the_reserve_to_prompt_ones() {
        let mut turns = Turns::default();
        for tenant in 0..100 {
            for number in 0..100 {
                turns.add(tenant, format!("slow{number}"), false);
            }
        }
        let slow = taken(&mut turns);
        assert_eq!(slow.len(), LOOKUPS_MAX - RESERVE);
        turns.add(7, "good".to_owned(), true);
        let [(place, name)] = &taken(&mut turns)[..] else {
            panic!("no place for a prompt name");
        };
        assert_eq!(name, "good");
        turns.give_back(*place);
        assert_eq!(taken(&mut turns), []);
        turns.give_back(slow[0].0);
        assert_eq!(taken(&mut turns).len(), 1);
    }

    #[test]
    fn nothing_is_left_when_all_places_are_given_back() {
        let mut turns = Turns::default();
        (0..500).for_each(|number| turns.add(number % 7, number.to_string(), number % 2 == 0));
        let mut names = 0;
        loop {
            let taken = taken(&mut turns);
            if taken.is_empty() {
                break;
            }
            names += taken.len();
            taken.into_iter().for_each(|(place, _)| turns.give_back(place));
        }
        assert_eq!(names, 500);
        assert!(turns.running.is_empty() && turns.prompt.names.is_empty() && turns.others.names.is_empty());
    }
}
