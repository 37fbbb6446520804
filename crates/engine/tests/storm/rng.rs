//! Random numbers that a seed determines.

/// xorshift64* (Vigna, 2016).
#[derive(Debug)]
pub struct Rng(u64);

impl Rng {
    /// The numbers of this seed and purpose. Purposes do not disturb each other.
    pub fn new(seed: u64, purpose: u64) -> Self {
        let mixed = (seed ^ purpose.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut rng = Self(mixed ^ 0xdead_beef_1234_5678);
        for _ in 0..4 {
            rng.number();
        }
        rng
    }

    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number from 0 to `end`, exclusive.
    pub fn below(&mut self, end: u64) -> u64 {
        (self.number() >> 11) % end.max(1)
    }

    /// An index into a list of this length.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).expect("an index of the list")
    }

    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.index(choices.len())]
    }
}
