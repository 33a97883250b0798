//! What an account or a brand's ledger keeps besides its chain of records: things that stand until they are changed.

use super::{Hold, Incident, ListedPage, NoticeBook, Pending, PolicyShelf, Prompts, Undoing};

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
    /// A challenge of the account.
    Challenge(Box<Pending>),
    /// How often the people of a line were prompted.
    Prompts(Prompts),
    /// How far a brand's records were told of, in its ledger.
    Notices(Box<NoticeBook>),
}

impl Document {
    /// How far its undoing is, of what two people can undo.
    pub const fn undoing_mut(&mut self) -> Option<&mut Undoing> {
        match self {
            Self::Hold(hold) => Some(&mut hold.lifting),
            Self::Incident(incident) => Some(&mut incident.ending),
            Self::Listed(_) | Self::Policies(_) | Self::Challenge(_) | Self::Prompts(_) | Self::Notices(_) => None,
        }
    }
}
