//! What stands where there is no line: for unknown numbers, and for changes of a whole account.

use super::{
    Account, AccountId, AccountKind, AccountNumber, Brand, ChainHead, Flags, FormatError, Line, LineId, LineStatus,
    Msisdn, Protection,
};

/// The name of what stands in. No carrier's id: accounts of that name are refused on the way in.
pub const STAND_IN_NAME: &str = "unknown";

impl Account {
    /// The account that unknown numbers of a partition belong to. Nobody is on it and its number matches nothing.
    pub fn phantom(brand: Brand) -> Result<Self, FormatError> {
        Ok(Self {
            id: AccountId::parse(STAND_IN_NAME)?,
            brand,
            number: AccountNumber::parse(STAND_IN_NAME)?,
            kind: AccountKind::Postpaid,
            persons: Vec::new(),
            devices: Vec::new(),
            protection: Protection::default(),
            flags: Flags::default(),
            resets: Vec::new(),
            line_count: 0,
            chain: ChainHead::default(),
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
            flags: Flags::default(),
            protection: Protection::default(),
            last_record: None,
        })
    }
}
