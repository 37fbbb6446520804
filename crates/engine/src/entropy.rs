//! Randomness, passed in like the time.

/// Fills a buffer with random bytes fit for secrets.
pub type Entropy = Box<dyn Fn(&mut [u8]) + Send + Sync>;

/// Fresh random bytes.
pub(crate) fn random<const N: usize>(entropy: &Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    entropy(&mut bytes);
    bytes
}
