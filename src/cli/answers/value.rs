//! Instants and closed sets.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;

use crate::grpc::client::Timestamp;
use crate::grpc::pb::v1 as pb;

/// An instant in RFC 3339, or `null`.
pub(crate) fn instant(at: Option<Timestamp>) -> Value {
    at.and_then(parsed).map_or(Value::Null, |at| Value::String(at.to_rfc3339_opts(SecondsFormat::AutoSi, true)))
}

/// An instant for people; empty if absent.
pub(crate) fn spoken(at: Option<Timestamp>) -> String {
    at.and_then(parsed).map_or_else(String::new, |at| at.format("%Y-%m-%d %H:%M:%S UTC").to_string())
}

fn parsed(at: Timestamp) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(at.seconds, u32::try_from(at.nanos).ok()?)
}

/// A closed set of the contract.
pub(crate) trait Named: TryFrom<i32> + Into<i32> {
    /// What all its names begin with.
    const PREFIX: &'static str;
    /// The contract's name.
    fn full(&self) -> &'static str;
    /// The value of the contract's name.
    fn of_name(name: &str) -> Option<Self>;
}

macro_rules! named {
    ($($set:ident = $prefix:literal),+ $(,)?) => {
        $(impl Named for pb::$set {
            const PREFIX: &'static str = $prefix;

            fn full(&self) -> &'static str {
                self.as_str_name()
            }

            fn of_name(name: &str) -> Option<Self> {
                Self::from_str_name(name)
            }
        })+
    };
}

named! {
    Outcome = "OUTCOME_",
    RecordKind = "RECORD_KIND_",
    DecisionState = "DECISION_STATE_",
    ReasonClass = "REASON_CLASS_",
    Factor = "FACTOR_",
    Strength = "STRENGTH_",
    WireAnswer = "WIRE_ANSWER_",
    LockSet = "LOCK_SET_",
    LockHolder = "LOCK_HOLDER_",
    Channel = "CHANNEL_",
    AccountKind = "ACCOUNT_KIND_",
    PersonRole = "PERSON_ROLE_",
    LineStatus = "LINE_STATUS_",
    LineFlag = "LINE_FLAG_",
    CohortKind = "COHORT_KIND_",
    HoldKind = "HOLD_KIND_",
    ResetCredential = "RESET_CREDENTIAL_",
    ContactKind = "CONTACT_KIND_",
    NoticeEnd = "NOTICE_END_",
    SeparationState = "SEPARATION_STATE_",
}

/// The contract's name of a value; of one that this program does not know, its number.
pub(crate) fn name<T: Named>(value: i32) -> Value {
    T::try_from(value).map_or_else(|_| Value::from(value), |known| Value::from(known.full()))
}

/// The name for people: lower case, without what all begin with. Empty where nothing is said.
pub(crate) fn word<T: Named>(value: i32) -> String {
    match T::try_from(value) {
        Ok(known) if value != 0 => {
            let full = known.full();
            full.strip_prefix(T::PREFIX).unwrap_or(full).replace('_', " ").to_lowercase()
        }
        Ok(_) => String::new(),
        Err(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{instant, name, spoken, word};
    use crate::grpc::client::Timestamp;
    use crate::grpc::pb::v1 as pb;

    #[test]
    fn instants_are_utc() {
        let at = Some(Timestamp { seconds: 1_800_000_000, nanos: 500_000_000 });
        assert_eq!(instant(at), "2027-01-15T08:00:00.500Z");
        assert_eq!(spoken(at), "2027-01-15 08:00:00 UTC");
        assert!(instant(None).is_null() && spoken(None).is_empty());
    }

    #[test]
    fn names_are_the_contracts_and_words_are_for_people() {
        assert_eq!(name::<pb::Outcome>(3), "OUTCOME_DENY");
        assert_eq!(word::<pb::Strength>(2), "two classes");
        assert_eq!((name::<pb::Outcome>(77), word::<pb::Outcome>(77)), (77.into(), "77".to_owned()));
        assert_eq!(word::<pb::Outcome>(0), "");
    }
}
