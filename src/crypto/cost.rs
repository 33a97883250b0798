//! What hashing an account PIN costs, in figures that are checked before anything is hashed at them.

/// What one account-PIN hash costs (Argon2id).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Cost {
    /// The cost in figures. At least [`Cost::STANDARD`]'s memory and passes multiplied.
    Argon2id {
        /// Memory, in KiB.
        memory_kib: u32,
        /// Passes over the memory.
        passes: u8,
        /// Lanes.
        lanes: u8,
    },
    /// 64 KiB and one pass: for tests that hash much. Never for customers' PINs.
    LowForTestPurposesOnly,
}

/// The cost in figures, whichever way it was spelt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CostFigures {
    pub(super) memory_kib: u32,
    pub(super) passes: u8,
    pub(super) lanes: u8,
}

impl Cost {
    /// 19 MiB, two passes, one lane: about 12 ms on a server's core.
    pub const STANDARD: Self = Self::Argon2id { memory_kib: 19_456, passes: 2, lanes: 1 };

    /// 256 MiB: more than that a hash, and a few requests exhaust the machine.
    const MEMORY_KIB_MAX: u32 = 262_144;
    /// Under 7 MiB no number of passes makes up for the memory.
    const MEMORY_KIB_MIN: u32 = 7_168;
    const PASSES_MAX: u8 = 16;
    const LANES_MAX: u8 = 4;
    /// The standard's memory times its passes.
    const WORK_KIB_MIN: u32 = 2 * 19_456;

    pub(super) const fn figures(self) -> CostFigures {
        match self {
            Self::Argon2id { memory_kib, passes, lanes } => CostFigures { memory_kib, passes, lanes },
            Self::LowForTestPurposesOnly => CostFigures { memory_kib: 64, passes: 1, lanes: 1 },
        }
    }

    /// Whether PINs of customers may be hashed at this cost, or it says that it is for tests.
    pub(super) fn is_sound(self) -> bool {
        let CostFigures { memory_kib, passes, .. } = self.figures();
        let enough =
            memory_kib >= Self::MEMORY_KIB_MIN && memory_kib.saturating_mul(u32::from(passes)) >= Self::WORK_KIB_MIN;
        self == Self::LowForTestPurposesOnly || (enough && self.figures().is_bounded())
    }
}

impl CostFigures {
    /// Whether the figures are within what a stored verifier may ask of this machine.
    pub(super) fn is_bounded(self) -> bool {
        self.memory_kib <= Cost::MEMORY_KIB_MAX
            && self.memory_kib >= 8 * u32::from(self.lanes)
            && (1..=Cost::PASSES_MAX).contains(&self.passes)
            && (1..=Cost::LANES_MAX).contains(&self.lanes)
    }
}

#[cfg(test)]
mod tests {
    use super::Cost;

    #[test]
    fn a_cost_is_sound_or_says_that_it_is_for_tests() {
        let cost = |memory_kib, passes, lanes| Cost::Argon2id { memory_kib, passes, lanes };
        assert!(Cost::STANDARD.is_sound() && Cost::LowForTestPurposesOnly.is_sound());
        assert!(cost(7_168, 6, 1).is_sound() && cost(65_536, 1, 4).is_sound());
        for weak in [cost(64, 1, 1), cost(19_455, 2, 1), cost(19_456, 1, 1), cost(4_096, 16, 1)] {
            assert!(!weak.is_sound(), "{weak:?}");
        }
        for dear in [cost(262_145, 2, 1), cost(19_456, 17, 1), cost(19_456, 2, 5), cost(19_456, 2, 0)] {
            assert!(!dear.is_sound(), "{dear:?}");
        }
    }
}
