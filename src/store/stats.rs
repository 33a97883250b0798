//! How much a store holds, and what it takes.

/// What a store holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stats {
    /// Kinds of what is kept, each once, and those that there are none of too.
    pub kinds: Vec<KindStats>,
    /// Journals that have or had records.
    pub ledgers: Vec<LedgerStats>,
    /// Bytes that it takes in all: files, or the servers' memory, whatever else is in that.
    pub bytes: u64,
    /// Whether the bytes of kinds are of a sample, counted up.
    pub is_sampled: bool,
}

/// How much there is of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindStats {
    /// Which, as it is told.
    pub kind: &'static str,
    /// How many.
    pub count: u64,
    /// Bytes of all of them; nothing where they are counted with another kind.
    pub bytes: Option<u64>,
}

/// How long a journal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerStats {
    /// Its number.
    pub journal: u16,
    /// Records in it.
    pub records: u64,
    /// The place up to which records were taken out; 0 while all are there.
    pub trimmed_to: u64,
}

impl Stats {
    /// How many there are of a kind.
    pub fn count(&self, name: &str) -> u64 {
        self.kinds.iter().find(|kind| kind.kind == name).map_or(0, |kind| kind.count)
    }
}
