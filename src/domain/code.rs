//! One-time codes: what is kept of one that was sent, and how often a line's people are asked for one.

use chrono::{DateTime, TimeDelta, Utc};

use super::{CodeCheck, ContactId, Verifier};

/// How long a code is good, where its challenge does not end before.
pub const CODE_LIFE: TimeDelta = TimeDelta::minutes(10);

/// The code that was sent last for a challenge. Another one takes its place: of several, the last is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentCode {
    /// What is kept of it.
    pub verifier: Verifier,
    /// To which contact; none where nobody is there to be asked, which nobody is told.
    pub contact: Option<ContactId>,
    /// When it was sent.
    pub sent_at: DateTime<Utc>,
    /// Until just before this instant.
    pub expires_at: DateTime<Utc>,
}

impl SentCode {
    /// What an offered code is, which `is_it` holds against what is kept.
    pub fn check(sent: Option<&Self>, is_it: impl FnOnce(&Verifier) -> bool, now: DateTime<Utc>) -> CodeCheck {
        match sent {
            None => CodeCheck::NotSent,
            Some(sent) if !is_it(&sent.verifier) => CodeCheck::Mismatched,
            Some(sent) if sent.expires_at <= now => CodeCheck::Expired,
            Some(_) => CodeCheck::Matched,
        }
    }
}

/// The time in which a line's prompts are counted, and for which none follows a no.
pub const PROMPTS_WITHIN: TimeDelta = TimeDelta::hours(24);

/// So many challenges prompt a line's people in that time: who is asked all day says yes in the end.
pub const PROMPTS_MAX: usize = 3;

/// So many wrong codes in that time, over all challenges of a line, are guesses.
pub const WRONG_CODES_MAX: usize = 10;

/// How often the people of a line were asked to prove something that somebody else began, kept beside its account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prompts {
    /// When each challenge first prompted them, oldest first; what no longer counts is forgotten.
    pub at: Vec<DateTime<Utc>>,
    /// When they last said no.
    pub declined_at: Option<DateTime<Utc>>,
    /// When they last said no to a report that their SIM was changed, or to the way back from it.
    pub report_declined_at: Option<DateTime<Utc>>,
    /// When too much was tried: too many codes for one challenge, or too many wrong ones in that time.
    pub worn_at: Option<DateTime<Utc>>,
    /// When a code was wrong, whatever challenge it was for.
    pub wrong: Vec<DateTime<Utc>>,
}

/// Who asks for a prompt, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromptFor {
    /// Somebody else than the owner asks for the first code of a challenge, or the owner not on a known device.
    First,
    /// The same of one more for a challenge that prompted them before.
    Again,
    /// The owner asks, on a known device, for what they started themselves.
    Owner,
}

/// Until when the last of these instants still counts, where it does.
fn rests_until<const N: usize>(stops: [Option<DateTime<Utc>>; N], now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    stops.into_iter().flatten().max().map(|at| at + PROMPTS_WITHIN).filter(|until| now < *until)
}

impl Prompts {
    /// Until when there is no other, where there is none now: the first instant at which one is again.
    ///
    /// Nobody guesses on: what was tried too often stops the owner's own asking as well.
    pub fn none_until(&self, asking: PromptFor, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let full = self.counted(now).rev().nth(PROMPTS_MAX - 1).filter(|_| asking == PromptFor::First);
        let declined = self.declined_at.filter(|_| asking != PromptFor::Owner);
        rests_until([full.copied(), declined, self.worn_at], now)
    }

    /// Until when a no of theirs counts.
    pub fn declined_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        rests_until([self.declined_at], now)
    }

    /// The same of a no to a report, which alone keeps another one waiting: the no to what is reported does not.
    pub fn report_declined_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        rests_until([self.report_declined_at], now)
    }

    /// Remembers that they were prompted.
    pub fn note(&mut self, now: DateTime<Utc>) {
        self.at = self.counted(now).copied().collect();
        self.at.push(now);
        self.at.sort_unstable();
        // One that is exempt counts as well, and no number of them makes this grow.
        let excess = self.at.len().saturating_sub(PROMPTS_MAX);
        self.at.drain(..excess);
    }

    /// Remembers a no; whether it was to a report.
    pub fn decline(&mut self, is_report: bool, now: DateTime<Utc>) {
        self.declined_at = self.declined_at.max(Some(now));
        if is_report {
            self.report_declined_at = self.report_declined_at.max(Some(now));
        }
    }

    /// Remembers that a challenge ended by too many codes.
    pub fn wear_out(&mut self, now: DateTime<Utc>) {
        self.worn_at = self.worn_at.max(Some(now));
    }

    /// Remembers a wrong code. Those of many challenges are counted together: each gives five tries.
    pub fn note_wrong(&mut self, now: DateTime<Utc>) {
        self.wrong.retain(|at| now < *at + PROMPTS_WITHIN);
        self.wrong.push(now);
        if self.wrong.len() >= WRONG_CODES_MAX {
            self.wrong.clear();
            self.wear_out(now);
        }
    }

    fn counted(&self, now: DateTime<Utc>) -> impl DoubleEndedIterator<Item = &DateTime<Utc>> {
        self.at.iter().filter(move |at| now < **at + PROMPTS_WITHIN)
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::{PROMPTS_MAX, PROMPTS_WITHIN, PromptFor, Prompts, SentCode, WRONG_CODES_MAX};
    use crate::domain::{CodeCheck, Verifier};

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    #[test]
    fn a_code_is_good_until_just_before_its_end_and_no_other_is() {
        let sent = SentCode {
            verifier: Verifier(vec![7]),
            contact: None,
            sent_at: now(),
            expires_at: now() + TimeDelta::minutes(10),
        };
        let check = |code, at| SentCode::check(Some(&sent), |kept| kept.0 == [code], at);
        assert_eq!(check(7, sent.expires_at - TimeDelta::milliseconds(1)), CodeCheck::Matched);
        assert_eq!(check(7, sent.expires_at), CodeCheck::Expired);
        assert_eq!(check(8, now()), CodeCheck::Mismatched);
        assert_eq!(check(8, sent.expires_at), CodeCheck::Mismatched, "a wrong one never learns that it is late");
        assert_eq!(SentCode::check(None, |_| true, now()), CodeCheck::NotSent);
    }

    /// E04: each challenge gives a few tries, and all of them together no more.
    #[test]
    fn wrong_codes_of_many_challenges_are_counted_together() {
        let mut prompts = Prompts::default();
        let most = i64::try_from(WRONG_CODES_MAX).unwrap();
        (1..most).for_each(|minute| prompts.note_wrong(now() + TimeDelta::minutes(minute)));
        assert_eq!(prompts.none_until(PromptFor::Owner, now() + TimeDelta::minutes(most)), None);
        prompts.note_wrong(now() + TimeDelta::minutes(most));
        assert!(prompts.none_until(PromptFor::Owner, now() + TimeDelta::minutes(most)).is_some());
        let mut slow = Prompts::default();
        (0..30).for_each(|times| slow.note_wrong(now() + TimeDelta::hours(3 * times)));
        assert_eq!(slow.worn_at, None, "eight in any day");
    }

    /// INVARIANT of P20: three prompts in any 24 hours, and none for so long after a no.
    #[test]
    fn three_in_a_day_and_none_after_a_no() {
        let mut prompts = Prompts::default();
        let at = |hours| now() + TimeDelta::hours(hours);
        for hours in [0, 1, 2] {
            assert_eq!(prompts.none_until(PromptFor::First, at(hours)), None);
            prompts.note(at(hours));
        }
        assert_eq!(prompts.none_until(PromptFor::First, at(3)), Some(at(24)));
        assert_eq!([PromptFor::Again, PromptFor::Owner].map(|asking| prompts.none_until(asking, at(3))), [None, None]);
        assert_eq!(prompts.none_until(PromptFor::First, at(24) - TimeDelta::milliseconds(1)), Some(at(24)));
        assert_eq!(prompts.none_until(PromptFor::First, at(24)), None);
        prompts.note(at(24));
        assert_eq!((prompts.at.len(), prompts.none_until(PromptFor::First, at(24))), (PROMPTS_MAX, Some(at(25))));
        prompts.decline(false, at(24));
        assert_eq!(prompts.report_declined_until(at(25)), None, "it was to something else");
        prompts.decline(true, at(23));
        assert_eq!(prompts.report_declined_until(at(25)), Some(at(23) + PROMPTS_WITHIN));
        let over = Some(at(24) + PROMPTS_WITHIN);
        let asked = |prompts: &Prompts| {
            [PromptFor::First, PromptFor::Again, PromptFor::Owner].map(|asking| prompts.none_until(asking, at(26)))
        };
        assert_eq!(asked(&prompts), [over, over, None], "the owner's no is not to themselves");
        prompts.wear_out(at(24));
        assert_eq!(asked(&prompts), [over, over, over], "nobody guesses on");
        (0..100).for_each(|minute| prompts.note(at(60) + TimeDelta::minutes(minute)));
        assert_eq!(prompts.at.len(), PROMPTS_MAX);
    }
}
