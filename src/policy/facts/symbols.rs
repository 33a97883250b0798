//! The names of facts that are one of a few, with the numbers that records hold. The quiet one is 0.

/// Names and their numbers.
type Symbols = &'static [(&'static str, i64)];

pub(super) const ACTION: Symbols = &[
    ("SIM_CHANGE", 1),
    ("PORT_OUT", 2),
    ("TRANSFER_PIN_ISSUE", 3),
    ("LOCK_RELEASE", 4),
    ("PIN_CHANGE", 5),
    ("CONTACT_CHANGE", 6),
    ("CALL_FORWARDING_SET", 7),
    ("DEVICE_ADD", 8),
    ("OWNER_CHANGE", 9),
];

pub(super) const CHANNEL: Symbols =
    &[("STORE", 1), ("CARE", 2), ("IVR", 3), ("WEB", 4), ("APP", 5), ("PORT", 6), ("BATCH", 7), ("WHOLESALE", 8)];

pub(super) const ASKER: Symbols = &[
    ("OWNER", 1),
    ("AUTHORISED_FOR_LINE", 2),
    ("AUTHORISED_ELSEWHERE", 3),
    ("CARRIES_LINE", 4),
    ("STRANGER", 5),
    ("CUSTOMER_ENTRY", 6),
    ("STAFF", 7),
    ("CARRIER", 8),
    ("SYSTEM", 9),
];

pub(super) const ASKER_DEVICE: Symbols = &[("NOT_CUSTOMERS", 0), ("KNOWN", 1), ("NEW", 2)];

pub(super) const LINE_STATUS: Symbols =
    &[("ACTIVE", 1), ("SUSPENDED", 2), ("CLOSED", 3), ("PORTED_OUT", 4), ("MOVED", 5)];

pub(super) const STANCE: Symbols = &[
    ("OPEN", 0),
    ("GUARDED_OTHER_CHANNEL", 1),
    ("GUARDED_STRONG", 2),
    ("GUARDED_DENY", 3),
    ("COOLING_DOWN", 4),
    ("LOCKED", 5),
];

pub(super) const CAUSE: Symbols = &[
    ("NONE", 0),
    ("UPGRADE", 1),
    ("LOST", 2),
    ("STOLEN", 3),
    ("DAMAGED", 4),
    ("REVERT", 5),
    ("SECOND_SIM", 6),
    ("BROKEN", 7),
];

pub(super) const PIN_CHECK: Symbols = &[
    ("NOT_SUPPLIED", 0),
    ("MATCHED", 1),
    ("MISMATCHED", 2),
    ("NOT_SET", 3),
    ("EXHAUSTED", 4),
    ("NOT_ADMITTED", 5),
    ("SHED", 6),
];

pub(super) const PIN_FITNESS: Symbols =
    &[("NOT_SET", 0), ("FIT", 1), ("TOO_NEW", 2), ("BEFORE_BREACH", 3), ("DEFAULT", 4), ("DORMANT", 5)];

pub(super) const TRANSFER_PIN: Symbols =
    &[("NOT_OFFERED", 0), ("RIGHT", 1), ("WRONG", 2), ("EXPIRED", 3), ("VOID", 4), ("NOT_ADMITTED", 5)];

pub(super) const APP: Symbols =
    &[("NOT_OFFERED", 0), ("APPROVED", 1), ("REFUSED", 2), ("NEW_DEVICE", 3), ("WRONG_PERSON", 4)];

pub(super) const CODE: Symbols = &[
    ("NOT_OFFERED", 0),
    ("RIGHT", 1),
    ("BESIDE", 2),
    ("TYPED_BY_OTHERS", 3),
    ("UNFIT", 4),
    ("WRONG", 5),
    ("EXPIRED", 6),
    ("NOT_SENT", 7),
];

pub(super) const DOCUMENT: Symbols =
    &[("NOT_OFFERED", 0), ("DIFFERS", 1), ("SCANNED", 2), ("SAME_STORE", 3), ("RESTS", 4), ("RIGHT", 5)];

pub(super) const DOCUMENTS: Symbols = &[("NOT_HERE", 0), ("NOT_ON_RECORD", 1), ("HERE", 2)];

pub(super) const FIELD: Symbols = &[("NOT_GIVEN", 0), ("MATCHES", 1), ("DIFFERS", 2), ("NOT_ON_RECORD", 3)];

pub(super) const SOURCE: Symbols = &[
    ("NONE", 0),
    ("CALLER", 1),
    ("END_IDENTITY", 2),
    ("STORE", 3),
    ("DEVICE", 4),
    ("ADDRESS", 5),
    ("GAINING_CARRIER", 6),
];

pub(super) const HELD: Symbols =
    &[("NONE", 0), ("STAFF", 1), ("STORE", 2), ("DEVICE", 3), ("TOKEN", 4), ("CARRIER", 5), ("CERTIFICATE", 6)];

pub(super) const ROSTER: Symbols = &[("UNKNOWN", 0), ("ON", 1), ("OFF_HOURS", 2), ("OFF_STORE", 3), ("OFF_DEVICE", 4)];

pub(super) const NETWORK: Symbols = &[("UNKNOWN", 0), ("REGISTERED", 1), ("NOT_REGISTERED", 2), ("NOT_TOLD", 3)];

pub(super) const CHALLENGE: Symbols = &[("NONE", 0), ("OPEN", 1), ("DECLINED", 2), ("LAPSED", 3)];

pub(super) const LEVEL: Symbols = &[("NONE", 0), ("BASIC", 1), ("TWO_CLASSES", 2), ("STRONG", 3)];

#[cfg(test)]
mod tests {
    use super::{ACTION, APP, ASKER, ASKER_DEVICE, CAUSE, CHANNEL, FIELD, LINE_STATUS, PIN_CHECK, PIN_FITNESS};
    use super::{CHALLENGE, HELD, LEVEL, NETWORK, ROSTER, SOURCE, STANCE, Symbols, TRANSFER_PIN};
    use super::{DOCUMENT, DOCUMENTS};
    use crate::domain::{
        Action, Channel, HoldKind, Level, LineStatus, NetworkStanding, RosterStanding, SimChangeCause, SourceKind,
    };

    fn number(symbols: Symbols, name: &str) -> Option<i64> {
        symbols.iter().find(|(known, _)| *known == name).map(|(_, number)| *number)
    }

    #[test]
    fn actions_and_channels_have_the_names_of_records() {
        for action in Action::ALL {
            assert_eq!(number(ACTION, action.name()), Some(i64::from(action.number())));
        }
        for channel in Channel::ALL {
            assert_eq!(number(CHANNEL, channel.name()), Some(i64::from(channel as u8)));
        }
        assert_eq!((ACTION.len(), CHANNEL.len()), (Action::ALL.len(), Channel::ALL.len()));
    }

    #[test]
    fn stored_numbers_have_their_names() {
        for source in SourceKind::ALL {
            assert_eq!(number(SOURCE, source.name()), Some(source as i64));
        }
        for kind in HoldKind::ALL {
            assert_eq!(number(HELD, kind.name()), Some(kind as i64));
        }
        assert_eq!(number(ROSTER, "OFF_STORE"), Some(RosterStanding::OffStore as i64));
        assert_eq!(number(NETWORK, "NOT_REGISTERED"), Some(NetworkStanding::NotRegistered as i64));
        for level in [Level::None, Level::Basic, Level::TwoClasses, Level::Strong] {
            assert_eq!(number(LEVEL, level.name()), Some(level as i64));
        }
        assert_eq!(number(LINE_STATUS, "PORTED_OUT"), Some(LineStatus::PortedOut as i64));
        assert_eq!(number(CAUSE, "BROKEN"), Some(SimChangeCause::Broken as i64));
        assert_eq!(number(CAUSE, "STOLEN"), Some(SimChangeCause::Stolen as i64));
    }

    #[test]
    fn no_name_stands_twice_and_sets_of_them_fit_one_word() {
        let all = [
            ACTION,
            CHANNEL,
            ASKER,
            ASKER_DEVICE,
            LINE_STATUS,
            STANCE,
            CAUSE,
            PIN_CHECK,
            PIN_FITNESS,
            TRANSFER_PIN,
            APP,
            DOCUMENT,
            DOCUMENTS,
            FIELD,
            SOURCE,
            HELD,
            ROSTER,
            NETWORK,
            CHALLENGE,
            LEVEL,
        ];
        for symbols in all {
            for (name, code) in symbols {
                assert!((0..64).contains(code));
                assert_eq!(symbols.iter().filter(|(other, number)| other == name || number == code).count(), 1);
            }
        }
    }
}
