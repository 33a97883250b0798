//! A line taken from an account without its owner, for a survivor of abuse (47 USC 345).
//!
//! The lines stand on an account of their own from then on, whose owner the survivor is. What is asked for with the separation's
//! reference is asked of that account: the other one is neither written to nor told.

use chrono::{DateTime, TimeDelta, Utc};

use super::text::{proven, require, with_proof};
use super::{AccountId, DocumentDigest, FormatError, LineId, Subject};

/// What the names of such accounts begin with. No carrier's account may be called so.
pub const SEPARATED_PREFIX: &str = "separated-";

/// How long one person's proposal waits for another's word.
pub const PROPOSAL_LASTS: TimeDelta = TimeDelta::hours(24);

/// So many lines are separated at a time.
pub const SEPARATED_LINES_MAX: usize = 16;

/// Lines that stand on an account of their own because somebody had to get away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Separation {
    /// The account that the lines were taken from.
    pub from: AccountId,
    /// Which lines.
    pub lines: Vec<LineId>,
    /// The identity document that the lines' user showed.
    pub document: DocumentDigest,
    /// Who proposed it.
    pub proposed: Word,
    /// Who agreed.
    pub agreed: Option<Word>,
    /// Until when it opens anything: a proposal until somebody must have agreed, and then as long as its reference is good.
    pub expires_at: DateTime<Utc>,
    /// When somebody ended it.
    pub ended: Option<Word>,
    /// Lines that have left under it, and are where they went.
    pub left: Vec<LineId>,
}

/// What somebody said, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Who.
    pub by: Subject,
    /// When.
    pub at: DateTime<Utc>,
}

/// Where a separation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeparationStanding {
    /// One person proposed it; nothing is separated.
    Proposed,
    /// Its reference is good.
    Open,
    /// Nobody agreed in time, or its time is over.
    Expired,
    /// Somebody ended it.
    Ended,
}

impl SeparationStanding {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proposed => "PROPOSED",
            Self::Open => "OPEN",
            Self::Expired => "EXPIRED",
            Self::Ended => "ENDED",
        }
    }
}

impl Separation {
    /// How many people's words it has.
    pub fn words(&self) -> u32 {
        1 + u32::from(self.agreed.is_some()) + u32::from(self.ended.is_some())
    }

    /// Where it stands at `now`.
    ///
    /// INVARIANT (fail-closed): at the instant at which its time ends it is over.
    pub fn standing(&self, now: DateTime<Utc>) -> SeparationStanding {
        match (&self.ended, &self.agreed) {
            (Some(_), _) => SeparationStanding::Ended,
            (None, _) if self.expires_at <= now => SeparationStanding::Expired,
            (None, None) => SeparationStanding::Proposed,
            (None, Some(_)) => SeparationStanding::Open,
        }
    }
}

const REFERENCE: &str = "must be a separation's reference: `separated-`, a UUID, a dot and 32 hexadecimal digits";

/// What opens a separation: the name of its account, and the proof that whoever brings it was given it. Never shown but when it
/// is given.
#[derive(Clone, PartialEq, Eq)]
pub struct SeparationReference {
    /// The separation's account.
    pub account: AccountId,
    /// The proof.
    pub proof: [u8; 16],
}

impl SeparationReference {
    /// Reads the text of one. Whether it is genuine is not said by its form.
    ///
    /// # Errors
    /// Any other text.
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        let (name, proof) = proven(text).ok_or(FormatError::new(REFERENCE))?;
        let account = AccountId::parse(name).map_err(|_| FormatError::new(REFERENCE))?;
        require(is_separated(&account), REFERENCE)?;
        Ok(Self { account, proof })
    }

    /// The text that is given out.
    pub fn to_text(&self) -> String {
        with_proof(self.account.as_str(), self.proof)
    }
}

impl std::fmt::Debug for SeparationReference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SeparationReference(..)")
    }
}

/// Whether an account's name is one that only separations have.
pub fn is_separated(account: &AccountId) -> bool {
    account.as_str().starts_with(SEPARATED_PREFIX)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::{Separation, SeparationReference, SeparationStanding, Word};
    use crate::domain::{AccountId, DocumentDigest, Subject};

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn word() -> Word {
        Word { by: Subject::parse("desk|ann").unwrap(), at: at(0) }
    }

    #[test]
    fn it_opens_with_the_second_word_and_until_just_before_its_end() {
        let proposed = Separation {
            from: AccountId::parse("acct-1").unwrap(),
            lines: Vec::new(),
            document: DocumentDigest([7; 16]),
            proposed: word(),
            agreed: None,
            expires_at: at(60),
            ended: None,
            left: Vec::new(),
        };
        let agreed = Separation { agreed: Some(word()), ..proposed.clone() };
        let ended = Separation { ended: Some(word()), ..agreed.clone() };
        let just_before = at(60) - TimeDelta::nanoseconds(1);
        for (separation, now, standing) in [
            (&proposed, at(0), SeparationStanding::Proposed),
            (&proposed, at(60), SeparationStanding::Expired),
            (&agreed, just_before, SeparationStanding::Open),
            (&agreed, at(60), SeparationStanding::Expired),
            (&ended, at(0), SeparationStanding::Ended),
            (&ended, at(60), SeparationStanding::Ended),
        ] {
            assert_eq!(separation.standing(now), standing);
        }
    }

    #[test]
    fn references_are_read_as_they_were_written_and_nothing_else_is_one() {
        const TEXT: &str = "separated-0190d4f0-7c3e-7a52-9a63-0d1f3c5e7b91.000102030405060708090a0b0c0d0e0f";
        let reference = SeparationReference::parse(TEXT).unwrap();
        assert_eq!((reference.to_text().as_str(), reference.proof.first()), (TEXT, Some(&0)));
        assert_eq!(format!("{reference:?}"), "SeparationReference(..)");
        let (name, proof) = TEXT.split_once('.').unwrap();
        for wrong in [
            String::new(),
            name.to_owned(),
            format!("{name}."),
            format!("{name}.{proof}00"),
            format!("{name}.+{}", proof.split_at(1).1),
            format!("acct-1.{proof}"),
            format!("{TEXT}.{proof}"),
        ] {
            assert!(SeparationReference::parse(&wrong).is_err(), "`{wrong}` was accepted");
        }
    }
}
