//! What stands where there is no line: for unknown numbers, and for changes of a whole account.

use super::{
    Account, AccountId, AccountKind, AccountNumber, Brand, ChainHead, Flags, FormatError, Line, LineId, LineStatus,
    Msisdn, Protection,
};

/// The name of what stands in. No carrier's id: accounts of that name are refused on the way in.
pub const STAND_IN_NAME: &str = "unknown";

/// The name of the engine's own account, where stands what belongs to no customer. No carrier's id either.
pub const LEDGER_NAME: &str = "engine";

/// Names that no carrier's account may have.
pub const RESERVED_NAMES: [&str; 2] = [STAND_IN_NAME, LEDGER_NAME];

impl Account {
    /// The account that unknown numbers of a partition belong to. Nobody is on it and its number matches nothing.
    pub fn phantom(brand: Brand) -> Result<Self, FormatError> {
        Self::of_nobody(STAND_IN_NAME, brand)
    }

    /// The engine's own account in a brand: a chain of records and nothing else.
    pub fn ledger(brand: Brand) -> Result<Self, FormatError> {
        Self::of_nobody(LEDGER_NAME, brand)
    }

    fn of_nobody(name: &str, brand: Brand) -> Result<Self, FormatError> {
        Ok(Self {
            id: AccountId::parse(name)?,
            brand,
            number: AccountNumber::parse(name)?,
            kind: AccountKind::Postpaid,
            persons: Vec::new(),
            devices: Vec::new(),
            protection: Protection::default(),
            flags: Flags::default(),
            resets: Vec::new(),
            line_count: 0,
            chain: ChainHead::default(),
            separation: None,
        })
    }
}

impl Line {
    /// A line that is not there: in service, without locks, SIM or history.
    pub fn stand_in(account: AccountId, msisdn: Msisdn) -> Result<Self, FormatError> {
        Ok(Self {
            id: LineId::parse(STAND_IN_NAME)?,
            account,
            msisdn,
            status: LineStatus::Active,
            iccid: None,
            eid: None,
            imei: None,
            sim_changes: Vec::new(),
            forwarding_set_at: None,
            attached_at: None,
            recovery: None,
            flags: Flags::default(),
            protection: Protection::default(),
            last_record: None,
        })
    }
}
