//! PINs: the values as they pass through, and what is kept of them.

use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

use super::history::History;
use super::protection::Seq;
use super::text::{FormatError, is_digits, require};
use super::{Channel, LineId, Spid, TransferPinId};

const ACCOUNT_PIN: &str = "must be a PIN of 6 to 15 digits";
const OFFERED_PIN: &str = "must be a PIN of 4 to 15 digits";
const TRANSFER_PIN: &str = "must be a transfer PIN of 6 digits";
const ONE_TIME_CODE: &str = "must be a code of 6 digits";

/// How many digits a one-time code has.
pub const CODE_DIGITS: usize = 6;

/// The digits of a PIN on their way to a verifier. Never shown, never stored, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct PinDigits(Zeroizing<String>);

impl PinDigits {
    /// A PIN being set: 6 to 15 digits.
    pub fn parse_new(text: &str) -> Result<Self, FormatError> {
        Self::parse_between(text, 6, 15, ACCOUNT_PIN)
    }

    /// A PIN being offered or imported: 4 to 15 digits, because older systems took 4.
    pub fn parse_offered(text: &str) -> Result<Self, FormatError> {
        Self::parse_between(text, 4, 15, OFFERED_PIN)
    }

    /// A transfer PIN: 6 digits.
    pub fn parse_transfer(text: &str) -> Result<Self, FormatError> {
        Self::parse_between(text, 6, 6, TRANSFER_PIN)
    }

    /// A one-time code: 6 digits.
    pub fn parse_code(text: &str) -> Result<Self, FormatError> {
        Self::parse_between(text, CODE_DIGITS, CODE_DIGITS, ONE_TIME_CODE)
    }

    fn parse_between(text: &str, min: usize, max: usize, expected: &'static str) -> Result<Self, FormatError> {
        require(is_digits(text) && (min..=max).contains(&text.len()), expected)?;
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// The digits, for a verifier or the guessable-PIN rule. Named so that every use is found by name.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PinDigits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PinDigits(..)")
    }
}

/// What is kept of a secret: opaque here, made and checked by `crypto/`.
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier(pub Vec<u8>);

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Verifier(..)")
    }
}

/// Who chose a PIN. A port may ask for it only if the end user did (47 CFR 52.36).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum PinOrigin {
    /// The customer chose it.
    EndUser = 1,
    /// The carrier made it: a default, which is never proof.
    Carrier = 2,
}

/// An account PIN as kept: ages and origin beside the verifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountPin {
    /// Checks a PIN; reveals none.
    pub verifier: Verifier,
    /// When it was set, as far as the engine or the importing system knows.
    pub set_at: DateTime<Utc>,
    /// When it was last right, if ever.
    pub verified_at: Option<DateTime<Utc>>,
    /// Who chose it.
    pub origin: PinOrigin,
}

/// How a transfer PIN came to be: what P14 asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransferPinOrigin {
    /// The channel it was asked through.
    pub channel: Channel,
    /// Whether it was asked from a known device.
    pub known_device: bool,
    /// Whether the line was in an inbound call: its owner may have been talked into it.
    pub in_call: bool,
}

/// What a transfer PIN may be used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TransferPinScope {
    /// One line.
    Line(LineId),
    /// Every line of the account.
    Account,
}

/// Where a transfer PIN stands. A used, void or expired one never comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferPinState {
    /// May be used.
    Live,
    /// Used by a port that was approved and redeemed.
    Used {
        /// When.
        at: DateTime<Utc>,
    },
    /// Void: too many wrong tries, revoked, or replaced.
    Void {
        /// When.
        at: DateTime<Utc>,
    },
}

/// A transfer PIN (NTP) as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferPin {
    /// Its name.
    pub id: TransferPinId,
    /// Checks a value; reveals none.
    pub verifier: Verifier,
    /// What it is good for.
    pub scope: TransferPinScope,
    /// The only carrier it is good for, if so issued.
    pub gaining_spid: Option<Spid>,
    /// When it was issued.
    pub issued_at: DateTime<Utc>,
    /// From this instant on it is expired.
    pub expires_at: DateTime<Utc>,
    /// How it was asked.
    pub origin: TransferPinOrigin,
    /// Where it stands.
    pub state: TransferPinState,
    /// The account's sequence at issue, compared with the epochs of its locks.
    pub granted_seq: Seq,
}

impl TransferPin {
    /// Whether it was issued for `line`.
    pub fn covers(&self, line: &LineId) -> bool {
        match &self.scope {
            TransferPinScope::Line(id) => id == line,
            TransferPinScope::Account => true,
        }
    }

    /// Whether a carrier may use it.
    pub fn admits(&self, gaining: Option<Spid>) -> bool {
        self.gaining_spid.is_none_or(|spid| gaining == Some(spid))
    }
}

/// How many transfer PINs an account keeps, live and past. The oldest past one leaves first.
pub const TRANSFER_PINS_KEPT_MAX: usize = 16;

/// What an account keeps of its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Credentials {
    /// The account PIN, if one was ever set.
    pub pin: Option<AccountPin>,
    /// Transfer PINs, oldest first, at most [`TRANSFER_PINS_KEPT_MAX`].
    pub transfer_pins: Vec<TransferPin>,
    /// App approvals that were used, oldest first, at most [`SPENT_APPROVALS_KEPT_MAX`].
    pub spent_approvals: Vec<SpentApproval>,
    /// What outside sources told of log-ins, calls and devices. Here, and not with what protects the account: however much
    /// they tell, it never stands in the way of turning a lock on.
    pub history: History,
}

/// An app approval that was looked at and was good: a digest of the device and of the text it signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpentApproval(pub u128);

/// How many spent approvals an account keeps. The oldest leaves first, and only the owners' devices make new ones.
pub const SPENT_APPROVALS_KEPT_MAX: usize = 256;

impl Credentials {
    /// Whether an approval was used before.
    pub fn is_spent(&self, approval: SpentApproval) -> bool {
        self.spent_approvals.contains(&approval)
    }

    /// Remembers that an approval was used.
    ///
    /// INVARIANT (permit-once): a signature has no end of its own, so whoever saw one could bring it again for ever.
    pub fn spend(&mut self, approval: SpentApproval) {
        if !self.is_spent(approval) {
            self.spent_approvals.push(approval);
            let surplus = self.spent_approvals.len().saturating_sub(SPENT_APPROVALS_KEPT_MAX);
            self.spent_approvals.drain(..surplus);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PinDigits;

    #[test]
    fn lengths_and_digits() {
        assert!(PinDigits::parse_new("000123").is_ok());
        assert!(PinDigits::parse_new("00123").is_err());
        assert!(PinDigits::parse_offered("0012").is_ok());
        assert!(PinDigits::parse_transfer("0012345").is_err());
        for wrong in ["", "12a456", "１２３４５６", " 123456", "123456\n", "1234567890123456"] {
            assert!(PinDigits::parse_new(wrong).is_err());
        }
        assert_eq!(format!("{:?}", PinDigits::parse_new("482951").unwrap()), "PinDigits(..)");
    }
}
