//! Randomness for jitter: SplitMix64 (Steele, Lea, Flood 2014), small, seeded from outside and the same on every platform.

use crate::ids::Millis;

#[derive(Debug)]
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// Any value from `least` up to, but not including, `most`.
    pub(super) fn between(&mut self, least: Millis, most: Millis) -> Millis {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        let share = (mixed >> 11) as f64 / (1_u64 << 53) as f64;
        least + (share * (most - least) as f64) as Millis
    }
}
