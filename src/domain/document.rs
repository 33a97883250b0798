//! What a brand's ledger keeps besides its chain of records: things that stand until they are changed.

use super::{Hold, Incident, ListedPage, PolicyShelf};

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// Who or what is held.
    Hold(Box<Hold>),
    /// A breach.
    Incident(Box<Incident>),
    /// Accounts that a breach lists.
    Listed(ListedPage),
    /// Policies, in the ledger of the carrier's own brand.
    Policies(Box<PolicyShelf>),
}
