//! The bytes of a file, and which of them a power failure would lose.

use std::collections::BTreeMap;

use fastrand::Rng;

/// Most earlier versions kept of one sector; more would not let a power failure do anything new.
const VERSIONS_MAX: usize = 6;

/// A file's bytes as the system shows them, with what the platter may still hold instead.
#[derive(Debug)]
pub(super) struct Contents {
    bytes: Vec<u8>,
    sector_bytes: usize,
    /// The sectors written since they were last synced, by number.
    unsynced: BTreeMap<usize, Unsynced>,
    /// The durable length, then every later one except the current; empty if the current one is durable.
    lengths: Vec<usize>,
}

/// A sector whose current bytes are not durable.
#[derive(Debug, Default)]
struct Unsynced {
    /// The durable bytes, then those after each write except the last. Empty stands for zeros: what was
    /// beyond the end of the file.
    versions: Vec<Box<[u8]>>,
    /// A sync failed and the system dropped the sector from its list: only a new write lets a sync reach it.
    is_forgotten: bool,
}

/// How likely a power failure keeps what was not synced.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mood {
    /// Nothing reached the platter.
    LosesAll,
    /// Everything did.
    KeepsAll,
    /// Each sector has a fate of its own.
    Mixed,
}

impl Mood {
    pub(super) fn drawn(rng: &mut Rng) -> Self {
        match rng.u8(0..6) {
            0 => Self::LosesAll,
            1 => Self::KeepsAll,
            _ => Self::Mixed,
        }
    }

    /// Which of `count` versions survives; the last one is the current.
    pub(super) fn pick(self, rng: &mut Rng, count: usize) -> usize {
        match self {
            Self::LosesAll => 0,
            Self::KeepsAll => count - 1,
            Self::Mixed => rng.usize(0..count),
        }
    }
}

impl Contents {
    /// An empty file on a disk with sectors of this size.
    pub(super) fn new(sector_bytes: usize) -> Self {
        Self {
            bytes: Vec::new(),
            sector_bytes,
            unsynced: BTreeMap::new(),
            lengths: Vec::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Fills `into` from `offset`, with zeros beyond the end. False if the file ends before.
    pub(super) fn read(&self, offset: usize, into: &mut [u8]) -> bool {
        let there = self.bytes.get(offset..).unwrap_or_default();
        let there = &there[..there.len().min(into.len())];
        let (head, rest) = into.split_at_mut(there.len());
        head.copy_from_slice(there);
        rest.fill(0);
        rest.is_empty()
    }

    pub(super) fn write(&mut self, offset: usize, data: &[u8]) {
        let end = offset + data.len();
        self.remember(offset.min(self.len()), end);
        if end > self.len() {
            self.resize(end);
        }
        self.bytes[offset..end].copy_from_slice(data);
    }

    /// Cuts the file to this length, or extends it with zeros.
    pub(super) fn truncate(&mut self, len: usize) {
        let (from, to) = (len.min(self.len()), len.max(self.len()));
        self.remember(from, to);
        if len != self.len() {
            self.resize(len);
        }
    }

    /// Makes everything durable that the system still knows to be written.
    pub(super) fn sync(&mut self) {
        self.unsynced.retain(|_, sector| sector.is_forgotten);
        self.lengths.clear();
    }

    /// A sync that fails: some sectors became durable, and the system forgets to write the others
    /// (<https://wiki.postgresql.org/wiki/Fsync_Errors>).
    pub(super) fn sync_in_part(&mut self, rng: &mut Rng) {
        self.unsynced
            .retain(|_, sector| sector.is_forgotten || rng.bool());
        for sector in self.unsynced.values_mut() {
            sector.is_forgotten = true;
        }
    }

    /// Leaves what the platter holds after a power failure.
    pub(super) fn lose_power(&mut self, rng: &mut Rng, mood: Mood) {
        let mut lengths = std::mem::take(&mut self.lengths);
        lengths.push(self.len());
        let len = lengths[mood.pick(rng, lengths.len())];
        let longest = lengths.into_iter().max().unwrap_or_default();
        set_len(&mut self.bytes, longest.next_multiple_of(self.sector_bytes));
        for (number, sector) in std::mem::take(&mut self.unsynced) {
            let start = number * self.sector_bytes;
            let current = &mut self.bytes[start..start + self.sector_bytes];
            let count = sector.versions.len() + 1;
            let survivor = mood.pick(rng, count);
            // A torn sector: its beginning is of one version, its end of another.
            let is_torn = matches!(mood, Mood::Mixed) && rng.u8(0..4) == 0;
            let (cut, other) = if is_torn {
                (rng.usize(0..self.sector_bytes), mood.pick(rng, count))
            } else {
                (self.sector_bytes, survivor)
            };
            let (head, tail) = current.split_at_mut(cut);
            for (part, from, version) in [(head, 0, survivor), (tail, cut, other)] {
                match sector.versions.get(version) {
                    Some(bytes) if bytes.is_empty() => part.fill(0),
                    Some(bytes) => part.copy_from_slice(&bytes[from..from + part.len()]),
                    // The current bytes.
                    None => {}
                }
            }
        }
        self.bytes.truncate(len);
    }

    /// Keeps the present bytes of the sectors from `from` to `to`, which are about to change.
    fn remember(&mut self, from: usize, to: usize) {
        for number in from / self.sector_bytes..to.div_ceil(self.sector_bytes) {
            let start = number * self.sector_bytes;
            let mut before = Box::default();
            if start < self.len() {
                before = vec![0; self.sector_bytes].into_boxed_slice();
                self.read(start, &mut before);
            }
            let sector = self.unsynced.entry(number).or_default();
            sector.is_forgotten = false;
            if sector.versions.len() == VERSIONS_MAX {
                // The durable version stays.
                sector.versions.remove(1);
            }
            sector.versions.push(before);
        }
    }

    fn resize(&mut self, len: usize) {
        if self.lengths.len() == VERSIONS_MAX {
            self.lengths.remove(1);
        }
        self.lengths.push(self.len());
        set_len(&mut self.bytes, len);
    }
}

/// `Vec::resize` with zeros, which takes a step for each byte where the compiler does not optimize.
fn set_len(bytes: &mut Vec<u8>, len: usize) {
    match len.checked_sub(bytes.len()) {
        Some(more) => bytes.extend_from_slice(&vec![0; more]),
        None => bytes.truncate(len),
    }
}

#[cfg(test)]
mod tests;
