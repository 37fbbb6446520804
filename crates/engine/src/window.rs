//! The bound on deliveries in memory, shared by all lanes.
//!
//! A lane may hold as many deliveries as still fit into the window (the dynamic threshold of shared-memory
//! switches, Choudhury and Hahne, 1998, with alpha = 1). A single busy lane can hold half of the window; a
//! thousand silent receivers hold a thousandth each. Some room always remains for the next lane, without a
//! reserved share.

/// The bound, and how much of it is in use.
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

    /// Whether a lane that holds `held` deliveries may hold one more, of `bytes` bytes. A lane that holds
    /// none may hold one of any size while any bytes are free, because an event larger than the window would
    /// otherwise never be sent.
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
    pub const fn free_up(&mut self, deliveries: usize, bytes: usize) {
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
    fn bytes_are_bounded_but_a_large_event_is_still_admitted() {
        let mut window = Window::new(100, 1_000);
        assert!(window.admits(0, 5_000));
        window.take(1, 5_000);
        assert!(!window.admits(0, 1) && !window.admits(1, 1));
        window.free_up(1, 5_000);
        assert!(window.admits(3, 1_000) && !window.admits(3, 1_001));
    }
}
