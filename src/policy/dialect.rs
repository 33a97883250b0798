//! Porting dialects: what other carriers are told, in the codes they know.
//!
//! The tables are data, total on the closed class of reasons, and exact where a dialect has a code for a reason. None has one
//! for risk, and a false "wrong PIN" is never said: what no code fits is the dialect's "other". Bandwidth's 7599 makes the port
//! succeed, so it stands in no table.

use crate::domain::{CarrierCode, GivenReason, OutcomeKind, Reason, ReasonClass};

/// A dialect that a caller may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Wireless port responses (WICIS).
    Wicis,
    /// Bandwidth's port-out hook.
    Bandwidth,
}

/// What a dialect without "challenge" says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WireAnswer {
    /// Port it.
    Confirm,
    /// Wait: the answer comes before the challenge ends.
    Delay,
    /// No, for the codes given.
    ResolutionRequired,
}

/// An answer in a dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireReply {
    /// Yes, wait or no.
    pub answer: WireAnswer,
    /// The dialect's codes; at least one with no, none otherwise.
    pub codes: Vec<&'static str>,
    /// The dialect's own words for them.
    pub text: String,
}

/// A code and the dialect's words for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Code(&'static str, &'static str);

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 2] = [Self::Wicis, Self::Bandwidth];

    /// The name that callers use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wicis => "wicis",
            Self::Bandwidth => "bandwidth",
        }
    }

    /// The dialect of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name)
    }

    const fn code(self, reason: Reason) -> Code {
        match self {
            Self::Wicis => wicis(reason),
            Self::Bandwidth => bandwidth(reason),
        }
    }
}

/// The answer to a carrier. `reasons` are the verdict's, `account_number_matched` is [`super::account_number_matched`].
///
/// INVARIANT (unknown-looks-known): until the account number matches, every refusal is the one of a wrong account number, be
/// the line unknown, ended, locked or anything else.
pub fn wire(
    dialect: Dialect,
    outcome: OutcomeKind,
    reasons: &[GivenReason],
    account_number_matched: bool,
) -> WireReply {
    let plain = |answer| WireReply { answer, codes: Vec::new(), text: String::new() };
    match outcome {
        OutcomeKind::Approve => plain(WireAnswer::Confirm),
        OutcomeKind::Challenge => plain(WireAnswer::Delay),
        OutcomeKind::Deny => {
            let said = if account_number_matched { said(dialect, reasons) } else { vec![unmatched(dialect, reasons)] };
            let text: Vec<&str> = said.iter().map(|code| code.1).collect();
            WireReply {
                answer: WireAnswer::ResolutionRequired,
                codes: said.iter().map(|code| code.0).collect(),
                text: text.join("; "),
            }
        }
    }
}

fn said(dialect: Dialect, reasons: &[GivenReason]) -> Vec<Code> {
    let mut said: Vec<Code> = Vec::new();
    for code in reasons.iter().map(|given| dialect.code(given.reason)) {
        if !said.contains(&code) {
            said.push(code);
        }
    }
    if said.is_empty() {
        // A denial has a reason by construction; without one, "other" says the least.
        said.push(dialect.code(Reason::ScoreHigh));
    }
    said
}

fn unmatched(dialect: Dialect, reasons: &[GivenReason]) -> Code {
    let missing = reasons.iter().any(|given| given.reason == Reason::AccountNumberMissing);
    dialect.code(if missing { Reason::AccountNumberMissing } else { Reason::AccountNumberWrong })
}

const WICIS_OTHER: Code = Code("1P", "other");
const WICIS_PIN: Code = Code("8C", "password or PIN required or incorrect");

const fn wicis(reason: Reason) -> Code {
    match reason {
        Reason::AccountNumberMissing | Reason::AccountNumberWrong => Code("8A", "account number required or incorrect"),
        Reason::PostalCodeWrong => Code("8D", "ZIP code required or incorrect"),
        Reason::HolderNameWrong => Code("8F", "name required or incorrect"),
        // To a carrier whose account number matches; before that the number is not said to be unknown.
        Reason::UnknownLine => Code("6A", "telephone number not found"),
        Reason::LineInactive => Code("6D", "telephone number not active"),
        Reason::CoolingDown | Reason::ReleasedRecently => Code("6P", "port protection"),
        // Credentials that are not wrong: saying so would be a false "wrong PIN".
        Reason::PinTooNew
        | Reason::PinBeforeBreach
        | Reason::PinDormant
        | Reason::PinIsDefault
        | Reason::PinNotChecked
        | Reason::PinAttemptsMany
        | Reason::PinAttemptsExhausted
        | Reason::TransferPinUnproven
        | Reason::NoCustomerProof
        | Reason::NoUsableFactor
        | Reason::ChallengeDeclined
        | Reason::ChallengeLapsed
        | Reason::CodeWrong
        | Reason::ContactUnusable
        | Reason::DocumentRests
        | Reason::ProofTooWeak => WICIS_OTHER,
        Reason::Own(own) => wicis_own(own.told()),
        other => wicis_class(other.class()),
    }
}

/// What policies may have carriers told for reasons of their own.
const fn wicis_own(told: CarrierCode) -> Code {
    match told {
        CarrierCode::Other => WICIS_OTHER,
        CarrierCode::PortProtection => Code("6P", "port protection"),
        CarrierCode::DataMismatch => Code("6C", "customer data mismatch"),
        CarrierCode::NotActive => Code("6D", "telephone number not active"),
        CarrierCode::NotPortable => Code("6K", "telephone number not portable"),
        CarrierCode::Prepaid => Code("7C", "prepaid"),
    }
}

/// INVARIANT: total on the class, without a wildcard, so that a reason that operators add always has a code.
const fn wicis_class(class: ReasonClass) -> Code {
    match class {
        ReasonClass::Lock => Code("6P", "port protection"),
        ReasonClass::Credential => WICIS_PIN,
        ReasonClass::IdentityData => Code("6C", "customer data mismatch"),
        ReasonClass::LineState => Code("6D", "telephone number not active"),
        ReasonClass::CoolDown | ReasonClass::Velocity | ReasonClass::Risk | ReasonClass::Rights => WICIS_OTHER,
    }
}

const BANDWIDTH_OTHER: Code = Code("7598", "invalid request");
const BANDWIDTH_PIN: Code = Code("7513", "PIN invalid");

const fn bandwidth(reason: Reason) -> Code {
    match reason {
        Reason::AccountNumberMissing => Code("7510", "account number missing"),
        Reason::AccountNumberWrong => Code("7511", "account number invalid"),
        Reason::TransferPinMissing => Code("7512", "PIN missing"),
        Reason::PostalCodeWrong => Code("7515", "ZIP code invalid"),
        Reason::UnknownLine => Code("7516", "telephone number not recognized"),
        Reason::PinTooNew
        | Reason::PinBeforeBreach
        | Reason::PinDormant
        | Reason::PinIsDefault
        | Reason::PinNotChecked
        | Reason::PinAttemptsMany
        | Reason::PinAttemptsExhausted
        | Reason::TransferPinUnproven
        | Reason::NoCustomerProof
        | Reason::NoUsableFactor
        | Reason::ChallengeDeclined
        | Reason::ChallengeLapsed
        | Reason::CodeWrong
        | Reason::ContactUnusable
        | Reason::DocumentRests
        | Reason::ProofTooWeak => BANDWIDTH_OTHER,
        Reason::Own(own) => bandwidth_own(own.told()),
        other => bandwidth_class(other.class()),
    }
}

/// The same, as near as this dialect comes.
const fn bandwidth_own(told: CarrierCode) -> Code {
    match told {
        CarrierCode::DataMismatch => Code("7519", "customer information mismatch"),
        CarrierCode::NotActive => Code("7518", "telephone number inactive"),
        CarrierCode::Other | CarrierCode::PortProtection | CarrierCode::NotPortable | CarrierCode::Prepaid => {
            BANDWIDTH_OTHER
        }
    }
}

/// INVARIANT: total on the class, as above. There is no code for protection; a lock is "invalid request", not a false field.
const fn bandwidth_class(class: ReasonClass) -> Code {
    match class {
        ReasonClass::Credential => BANDWIDTH_PIN,
        ReasonClass::IdentityData => Code("7519", "customer information mismatch"),
        ReasonClass::LineState => Code("7518", "telephone number inactive"),
        ReasonClass::Lock | ReasonClass::CoolDown | ReasonClass::Velocity | ReasonClass::Risk | ReasonClass::Rights => {
            BANDWIDTH_OTHER
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Dialect, WireAnswer, bandwidth_class, wicis_class, wire};
    use crate::domain::{CarrierCode, GivenReason, OutcomeKind, OwnReason, Reason, ReasonClass};

    fn given(reasons: &[Reason]) -> Vec<GivenReason> {
        reasons.iter().map(|reason| GivenReason { reason: *reason, rule: "P1-test" }).collect()
    }

    fn codes(dialect: Dialect, reasons: &[Reason], matched: bool) -> Vec<&'static str> {
        wire(dialect, OutcomeKind::Deny, &given(reasons), matched).codes
    }

    #[test]
    fn every_class_and_every_reason_has_a_code_and_none_lets_the_port_succeed() {
        for class in ReasonClass::ALL {
            assert!(!wicis_class(class).0.is_empty());
            assert_ne!(bandwidth_class(class).0, "7599");
        }
        for reason in Reason::ALL {
            for dialect in Dialect::ALL {
                let reply = wire(dialect, OutcomeKind::Deny, &given(&[*reason]), true);
                assert_eq!(reply.answer, WireAnswer::ResolutionRequired);
                assert_eq!(reply.codes.len(), 1, "{reason:?}");
                assert!(!reply.codes.contains(&"7599"));
                assert!(!reply.text.contains("risk") && !reply.text.is_empty());
            }
        }
    }

    #[test]
    fn before_the_account_number_matches_all_refusals_are_alike() {
        for reason in Reason::ALL.iter().filter(|reason| **reason != Reason::AccountNumberMissing) {
            assert_eq!(codes(Dialect::Wicis, &[*reason], false), ["8A"]);
            assert_eq!(codes(Dialect::Bandwidth, &[*reason], false), ["7511"]);
        }
        let missing = [Reason::AccountNumberMissing, Reason::LockOn];
        assert_eq!(codes(Dialect::Wicis, &missing, false), ["8A"]);
        assert_eq!(codes(Dialect::Bandwidth, &missing, false), ["7510"]);
    }

    #[test]
    fn codes_after_it_matched() {
        let cases: [(&[Reason], &[&str], &[&str]); 9] = [
            (&[Reason::LockOn], &["6P"], &["7598"]),
            (&[Reason::CoolingDown], &["6P"], &["7598"]),
            (&[Reason::LineInactive], &["6D"], &["7518"]),
            (&[Reason::TransferPinWrong], &["8C"], &["7513"]),
            (&[Reason::TransferPinVoid], &["8C"], &["7513"]),
            (&[Reason::PinMismatch], &["8C"], &["7513"]),
            (&[Reason::PostalCodeWrong, Reason::TransferPinExpired], &["8D", "8C"], &["7515", "7513"]),
            (&[Reason::ScoreHigh], &["1P"], &["7598"]),
            (&[Reason::NoUsableFactor, Reason::SimChangedRecently], &["1P"], &["7598"]),
        ];
        for (reasons, wicis, bandwidth) in cases {
            assert_eq!(codes(Dialect::Wicis, reasons, true), wicis);
            assert_eq!(codes(Dialect::Bandwidth, reasons, true), bandwidth);
        }
    }

    #[test]
    fn yes_and_wait_carry_no_codes() {
        let approve = wire(Dialect::Wicis, OutcomeKind::Approve, &given(&[Reason::Flagged]), true);
        assert_eq!((approve.answer, approve.codes.len()), (WireAnswer::Confirm, 0));
        let challenge = wire(Dialect::Bandwidth, OutcomeKind::Challenge, &given(&[Reason::TransferPinMissing]), true);
        assert_eq!((challenge.answer, challenge.codes.len()), (WireAnswer::Delay, 0));
    }

    /// What carriers are told for a policy's own reason is what the policy says, of those codes that cannot be false.
    #[test]
    fn own_reasons_are_told_as_declared() {
        let class = ReasonClass::Credential;
        let told = |told| {
            let reason = Reason::Own(OwnReason::new("X_MINE", "Mine.", class, told).unwrap());
            (codes(Dialect::Wicis, &[reason], true), codes(Dialect::Bandwidth, &[reason], true))
        };
        for code in CarrierCode::ALL {
            let (wicis, bandwidth) = told(code);
            assert_eq!(wicis, [code.wicis()]);
            assert!(!["7510", "7511", "7512", "7513", "7515", "7599"].contains(&bandwidth[0]), "{bandwidth:?}");
        }
        assert_eq!(told(CarrierCode::NotActive).1, ["7518"]);
        let reason = Reason::Own(OwnReason::new("X_MINE", "Mine.", class, CarrierCode::Prepaid).unwrap());
        assert_eq!(codes(Dialect::Wicis, &[reason], false), ["8A"], "before the account number matches, as all");
    }

    #[test]
    fn names_come_back() {
        for dialect in Dialect::ALL {
            assert_eq!(Dialect::from_name(dialect.name()), Some(dialect));
        }
        assert_eq!(Dialect::from_name("lsr"), None);
    }
}
