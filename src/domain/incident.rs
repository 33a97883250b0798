//! Incidents: what an operator knows of a breach, and from which instant on secrets of those it touches are good again (P17).

use chrono::{DateTime, Utc};

use super::{RecordId, Reference, Subject, Undoing};

/// Whose secrets a breach touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cohort {
    /// Every account of every brand.
    Everyone,
    /// Every account of the brand whose incident it is.
    Brand,
    /// The accounts of a list.
    Listed {
        /// How many, each counted once.
        accounts: u32,
        /// On how many pages they are kept.
        pages: u32,
    },
}

/// A breach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Its name: the record of its opening.
    pub id: RecordId,
    /// Whose secrets.
    pub cohort: Cohort,
    /// Secrets set at this instant or before are stale.
    pub cut_off: DateTime<Utc>,
    /// What happened, in words.
    pub reason: Reference,
    /// Who told of it.
    pub opened_by: Subject,
    /// When.
    pub opened_at: DateTime<Utc>,
    /// Whether it is being ended, or was.
    pub ending: Undoing,
}

/// An account by which a list knows it: a keyed name, that tells nothing without the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountMark(pub u128);

/// A page of the accounts that an incident lists, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPage {
    /// The incident.
    pub incident: RecordId,
    /// Which page, from 0.
    pub page: u32,
    /// The accounts on it.
    pub accounts: Vec<AccountMark>,
}

/// The most accounts on one page: 128 KiB of them.
pub const LISTED_PAGE_MAX: usize = 8_192;
