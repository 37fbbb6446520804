//! The bound on what is in memory, shared by all lanes.
//!
//! A lane may hold as much as is still free for everybody (the dynamic threshold of shared-memory switches,
//! Choudhury and Hahne, 1998, with alpha = 1). A single busy lane can take half of the window; a thousand
//! silent receivers are left with a thousandth each, and there is always some room for the next lane, without
//! any share set aside.

/// The bound and what is taken of it.
#[derive(Debug)]
pub struct Window {
    deliveries_max: usize,
    bytes_max: usize,
    deliveries: usize,
    bytes: usize,
}

impl Window {
    /// An empty window of this size.
    pub const fn new(deliveries_max: usize, bytes_max: usize) -> Self {
        Self {
            deliveries_max,
            bytes_max,
            deliveries: 0,
            bytes: 0,
        }
    }

    /// Whether a lane that holds `held` deliveries may take one more, of `bytes` bytes. A lane that holds
    /// none gets one whatever its size, as long as bytes are not used up: an event that could never fit would
    /// never be sent.
    pub const fn admits(&self, held: usize, bytes: usize) -> bool {
        let free = self.free();
        held < free && (self.bytes + bytes <= self.bytes_max || (held == 0 && self.bytes < self.bytes_max))
    }

    /// Deliveries that would still fit.
    pub const fn free(&self) -> usize {
        self.deliveries_max.saturating_sub(self.deliveries)
    }

    /// Bytes that would still fit.
    pub const fn free_bytes(&self) -> usize {
        self.bytes_max.saturating_sub(self.bytes)
    }

    /// Takes room.
    pub const fn take(&mut self, deliveries: usize, bytes: usize) {
        self.deliveries += deliveries;
        self.bytes += bytes;
    }

    /// Gives room back.
    pub const fn give(&mut self, deliveries: usize, bytes: usize) {
        self.deliveries = self.deliveries.saturating_sub(deliveries);
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// Deliveries held.
    pub const fn held(&self) -> usize {
        self.deliveries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_lane_gets_at_most_half_and_there_is_room_for_the_next() {
        let mut window = Window::new(100, 1_000);
        let mut held = 0;
        while window.admits(held, 1) {
            window.take(1, 1);
            held += 1;
        }
        assert_eq!(held, 50);
        assert!(window.admits(0, 1));
    }

    #[test]
    fn bytes_bound_too_but_a_large_event_is_not_stuck_forever() {
        let mut window = Window::new(100, 1_000);
        assert!(window.admits(0, 5_000));
        window.take(1, 5_000);
        assert!(!window.admits(0, 1) && !window.admits(1, 1));
        window.give(1, 5_000);
        assert!(window.admits(3, 1_000) && !window.admits(3, 1_001));
    }
}
