//! Generated accounts, on numbers that no numbering plan has: the country code 999 is not assigned.

use chrono::{DateTime, TimeDelta, Utc};

use crate::grpc::client::Timestamp;
use crate::grpc::pb::v1 as pb;

/// The brand of every account.
pub(super) const BRAND: &str = "bench";

/// The brand of accounts that are none of its callers' business.
pub(super) const OTHER_BRAND: &str = "bench-other";

/// The device that every owner approves with.
pub(super) const DEVICE: &str = "phone";

/// The PIN of those accounts that have one.
pub(super) const PIN: &str = "482951";

/// How long ago everything was set up: long enough to be trusted.
const AGE: TimeDelta = TimeDelta::days(100);

/// Of ten accounts so many are locked; of the rest some are asked about with proof, some without.
const LOCKED_IN_TEN: u64 = 6;

/// What will come of asking about an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It is locked: any port is denied.
    Locked,
    /// It is not: a SIM change that its owner approves is approved, any other is challenged.
    Open,
}

/// What kind of account a number makes.
pub(super) const fn kind_of(account: u64) -> Kind {
    if account % 10 < LOCKED_IN_TEN { Kind::Locked } else { Kind::Open }
}

/// The `nth` account of a kind: the number it has.
pub(super) const fn nth_of(kind: Kind, nth: u64) -> u64 {
    match kind {
        Kind::Locked => nth / LOCKED_IN_TEN * 10 + nth % LOCKED_IN_TEN,
        Kind::Open => nth / (10 - LOCKED_IN_TEN) * 10 + LOCKED_IN_TEN + nth % (10 - LOCKED_IN_TEN),
    }
}

/// The number of an account's line.
pub(super) fn msisdn(account: u64) -> String {
    format!("+999{account:010}")
}

/// What its customer knows it by.
pub(super) fn account_number(account: u64) -> String {
    format!("{account:010}")
}

/// A SIM that no line has, made for one.
pub(super) fn new_iccid(account: u64) -> String {
    with_check_digit(&format!("8999902{account:011}"))
}

fn with_check_digit(digits: &str) -> String {
    let doubled = |place: usize, digit: u32| match (place % 2, digit * 2) {
        (0, twice) if twice > 9 => twice - 9,
        (0, twice) => twice,
        _ => digit,
    };
    let sum: u32 = digits.chars().rev().filter_map(|c| c.to_digit(10)).enumerate().map(|(at, d)| doubled(at, d)).sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

/// Makes accounts as provisioning tells of them.
#[derive(Debug, Clone)]
pub(super) struct Population {
    /// The public key that every owner's device has. One for all: verifying costs the same.
    pub(super) device_jwk: String,
    /// Now.
    pub(super) now: DateTime<Utc>,
}

impl Population {
    /// An account with one line and an owner with one device.
    pub(super) fn seed(&self, account: u64, pin: Option<&str>) -> pb::AccountSeed {
        let long_ago = self.long_ago();
        let line_id = format!("line-{account}");
        let locked = kind_of(account) == Kind::Locked;
        let lock = pb::LockSeed {
            set: if account.is_multiple_of(2) { pb::LockSet::Port } else { pb::LockSet::All }.into(),
            holder: pb::LockHolder::Customer.into(),
            since_time: Some(long_ago),
            reason_code: String::new(),
            line_id: line_id.clone(),
        };
        let line = pb::Line {
            line_id,
            msisdn: msisdn(account),
            iccid: with_check_digit(&format!("8999901{account:011}")),
            sim_since_time: Some(long_ago),
            status: pb::LineStatus::Active.into(),
            ..pb::Line::default()
        };
        pb::AccountSeed {
            account: Some(account_of(account)),
            lines: vec![line],
            locks: if locked { vec![lock] } else { Vec::new() },
            pin: pin.unwrap_or_default().to_owned(),
            pin_set_time: pin.map(|_| long_ago),
            pin_carrier_generated: false,
            devices: vec![pb::Device {
                device_id: DEVICE.to_owned(),
                public_key_jwk: self.device_jwk.clone(),
                model: String::new(),
                added_time: Some(long_ago),
                person_id: "owner".to_owned(),
            }],
        }
    }

    fn long_ago(&self) -> Timestamp {
        let at = self.now - AGE;
        Timestamp { seconds: at.timestamp(), nanos: 0 }
    }
}

fn account_of(account: u64) -> pb::Account {
    pb::Account {
        account_id: format!("account-{account}"),
        brand: BRAND.to_owned(),
        account_number: account_number(account),
        kind: pb::AccountKind::Postpaid.into(),
        persons: vec![pb::Person {
            person_id: "owner".to_owned(),
            role: pb::PersonRole::Owner.into(),
            postal_code: "02139".to_owned(),
            ..pb::Person::default()
        }],
        ..pb::Account::default()
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, account_number, kind_of, msisdn, new_iccid, nth_of};
    use crate::domain::{AccountNumber, Iccid, Msisdn};

    #[test]
    fn every_account_is_the_nth_of_its_kind() {
        let mut found: Vec<u64> = (0..60).map(|nth| nth_of(Kind::Locked, nth)).collect();
        found.extend((0..40).map(|nth| nth_of(Kind::Open, nth)));
        assert!(found.iter().take(60).all(|account| kind_of(*account) == Kind::Locked));
        assert!(found.iter().skip(60).all(|account| kind_of(*account) == Kind::Open));
        found.sort_unstable();
        assert_eq!(found, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_made_has_the_fields_formats() {
        for account in [0, 7, 9_999_999] {
            assert!(Msisdn::parse(&msisdn(account)).is_ok());
            assert!(Iccid::parse(&new_iccid(account)).is_ok());
            assert!(AccountNumber::parse(&account_number(account)).is_ok());
        }
    }
}
