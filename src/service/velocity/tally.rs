//! What is counted in the windows of one request.
//!
//! Edges are included: what happened exactly as long ago as a kind counts is counted. What is ahead of this request's clock
//! is counted too.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::kinds::{self, WindowKind};
use super::looking::{Looking, State};
use super::plan::{Counted, Of, Use};
use crate::crypto::Token;
use crate::domain::{SourceFailures, Velocity};
use crate::store::{Window, WindowEvent};

/// What looking at this request's own evidence found, as far as it is counted. Nothing, before it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::service) struct Found {
    /// Whether a secret was wrong.
    pub(super) failed: bool,
    /// Whether the account PIN was.
    pub(super) pin_failed: bool,
    /// Whether something was right, and nothing wrong.
    pub(super) right: bool,
}

/// A source's window counts failures, and beside them which accounts it got right since: the last bit of a subject tells one
/// from the other.
pub(super) fn as_failed(account: Token) -> Token {
    let mut bytes = *account.as_bytes();
    let [.., last] = &mut bytes;
    *last &= !1;
    Token::from_bytes(bytes)
}

/// The same account, once a right secret followed.
pub(super) fn as_right(account: Token) -> Token {
    let mut bytes = *as_failed(account).as_bytes();
    let [.., last] = &mut bytes;
    *last |= 1;
    Token::from_bytes(bytes)
}

/// The events that count now, oldest first.
pub(super) fn recent<'a>(
    window: &'a Window,
    kind: &'static WindowKind,
    now: DateTime<Utc>,
) -> impl Iterator<Item = &'a WindowEvent> {
    window.events.iter().filter(move |event| now.signed_duration_since(event.at) <= kind.length)
}

/// How many there are, as rules compare them.
fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The accounts on which a source failed, and on how many of them it was right since.
pub(super) fn failed_and_right(events: impl Iterator<Item = WindowEvent>) -> (HashSet<Token>, HashSet<Token>) {
    let (mut failed, mut right) = (HashSet::new(), HashSet::new());
    for event in events {
        let account = as_failed(event.subject);
        if event.subject == account {
            failed.insert(account);
            right.remove(&account);
        } else {
            right.insert(account);
        }
    }
    right.retain(|account| failed.contains(account));
    (failed, right)
}

/// Whether a source of a request, or its PIN value, has failed so often that no secret is looked at any more.
pub(in crate::service) fn is_spraying(before: &Velocity) -> bool {
    before.source.accounts >= u32::from(kinds::SOURCE_FAILURES.most)
        || before.pin_value_failed_accounts >= u32::from(kinds::PIN_VALUE_FAILURES.most)
}

impl Counted {
    /// What the windows say, with what is known of this request's own secrets.
    pub(in crate::service) fn velocity(&self, looking: &Looking, found: Found) -> Velocity {
        let Some(windows) = &self.windows else { return Velocity::UNREAD };
        let mut velocity = Velocity::QUIET;
        for (one, window) in self.uses.iter().zip(windows) {
            match one.of {
                Of::Source(kind) => {
                    let accounts = self.source(one, window, looking, found);
                    if accounts > velocity.source.accounts {
                        velocity.source = SourceFailures { accounts, kind: Some(kind) };
                    }
                }
                Of::PinValue => {
                    velocity.pin_value_failed_accounts = self.pin_value(one, window, looking, found.pin_failed);
                }
                Of::Begun => {
                    velocity.staff_unproven_accounts = self.others_of(one, window, |ago| ago <= kinds::BEGUN_WITHIN);
                    velocity.staff_lapsed_accounts = self.others_of(one, window, |ago| self.has_lapsed(ago));
                }
                Of::AtOnce => velocity.staff_accounts_at_once = self.at_once(one, window),
                Of::Leaving => {
                    let leaving = recent(window, one.kind, self.now).map(|event| event.subject);
                    let lines: HashSet<Token> = leaving.chain(self.lines.iter().copied()).collect();
                    velocity.lines_leaving = number(lines.len());
                }
                Of::Swept => {
                    let events = recent(window, one.kind, self.now).filter(|event| self.has_lapsed(self.ago(event)));
                    velocity.sweeps_lapsed = number(events.map(|event| event.subject).collect::<HashSet<_>>().len());
                }
                Of::Carrier => velocity.ports_to_carrier = self.accounts(one, window),
                Of::Dealer => velocity.ports_to_dealer = self.accounts(one, window),
                Of::Handset => velocity.handset_other_accounts = self.others(one, window),
                Of::Document => velocity.document_other_accounts = self.others(one, window),
                Of::Pair => velocity.documents_of_pair = self.others(one, window).saturating_add(1),
                Of::Read => {
                    // This one is among them, also where nothing is counted.
                    let accounts = self.others(one, window).saturating_add(1);
                    velocity.read_accounts_leaving = velocity.read_accounts_leaving.max(accounts);
                }
            }
        }
        velocity
    }

    /// The events of others that count, without those whose secrets are being looked at.
    fn settled<'a>(
        &'a self,
        one: &'a Use,
        window: &'a Window,
        looking: &'a State,
    ) -> impl Iterator<Item = WindowEvent> + 'a {
        recent(window, one.kind, self.now)
            .filter(|event| event.attempt != self.attempt && !looking.holds(&event.attempt))
            .copied()
    }

    fn source(&self, one: &Use, window: &Window, looking: &Looking, found: Found) -> u32 {
        if window.events.is_empty() && !found.failed {
            return 0;
        }
        let subject = if found.right { as_right(one.subject) } else { one.subject };
        let now = WindowEvent { at: self.now, subject, attempt: self.attempt };
        let state = looking.state();
        let events = self.settled(one, window, &state).chain((found.failed || found.right).then_some(now));
        let (failed, right) = failed_and_right(events);
        if right.len().saturating_mul(2) >= failed.len() { 0 } else { number(failed.len()) }
    }

    fn pin_value(&self, one: &Use, window: &Window, looking: &Looking, failed: bool) -> u32 {
        let state = looking.state();
        let subjects = self.settled(one, window, &state).map(|event| event.subject);
        number(subjects.chain(failed.then_some(one.subject)).collect::<HashSet<_>>().len())
    }

    fn accounts(&self, one: &Use, window: &Window) -> u32 {
        number(recent(window, one.kind, self.now).map(|event| event.subject).collect::<HashSet<_>>().len())
    }

    fn others(&self, one: &Use, window: &Window) -> u32 {
        self.others_of(one, window, |_| true)
    }

    /// Those of them that happened so long ago.
    fn others_of(&self, one: &Use, window: &Window, is_meant: impl Fn(TimeDelta) -> bool) -> u32 {
        let events = recent(window, one.kind, self.now).filter(|event| is_meant(self.ago(event)));
        let subjects = events.map(|event| event.subject).filter(|subject| *subject != one.subject);
        number(subjects.collect::<HashSet<_>>().len())
    }

    fn ago(&self, event: &WindowEvent) -> TimeDelta {
        self.now.signed_duration_since(event.at)
    }

    /// Whether a challenge of so long ago is over. Whatever proved it took its charge back.
    fn has_lapsed(&self, ago: TimeDelta) -> bool {
        ago >= self.challenge_life
    }

    /// Under a second apart, whichever came first.
    fn at_once(&self, one: &Use, window: &Window) -> u32 {
        let near = |event: &&WindowEvent| self.now.signed_duration_since(event.at).abs() < one.kind.length;
        let subjects = window.events.iter().filter(near).map(|event| event.subject);
        number(subjects.filter(|subject| *subject != one.subject).collect::<HashSet<_>>().len())
    }

    /// Whether an account is one on which the source failed and was not right since.
    pub(super) fn is_failed(&self, one: &Use, window: &Window) -> bool {
        let events = recent(window, one.kind, self.now).filter(|event| event.attempt != self.attempt).copied();
        let (failed, right) = failed_and_right(events);
        failed.contains(&one.subject) && !right.contains(&one.subject)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use chrono::{DateTime, TimeDelta, Utc};
    use proptest::prelude::*;

    use super::{Found, as_failed, as_right};
    use crate::crypto::Token;
    use crate::domain::{SourceKind, Velocity};
    use crate::service::velocity::kinds;
    use crate::service::velocity::looking::Looking;
    use crate::service::velocity::plan::{Counted, Of, Use};
    use crate::store::{Window, WindowEvent, WindowKey};

    const OWN_ATTEMPT: Token = Token::from_bytes([255; 16]);

    fn account(number: u8) -> Token {
        as_failed(Token::from_bytes([number; 16]))
    }

    fn now() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
    }

    /// What happened to a source's accounts, in order: a number that failed, or was right.
    fn source(happened: &[(u8, bool)]) -> Window {
        let event = |(place, (number, failed)): (usize, &(u8, bool))| WindowEvent {
            at: now() - TimeDelta::minutes(50) + TimeDelta::seconds(i64::try_from(place).unwrap()),
            subject: if *failed { account(*number) } else { as_right(account(*number)) },
            attempt: Token::from_bytes((place as u128).to_be_bytes()),
        };
        Window { events: happened.iter().enumerate().map(event).collect() }
    }

    fn counted(of: Of, kind: &'static kinds::WindowKind, window: Window) -> Counted {
        let token = account(0);
        let key = WindowKey { partition: token.partition(), token };
        let uses = vec![Use { of, kind, window: key, subject: account(200), charged: true }];
        let (windows, lines) = (Some(vec![window]), vec![account(201)]);
        let challenge_life = TimeDelta::minutes(10);
        Counted { uses, windows, lines, attempt: OWN_ATTEMPT, now: now(), look: None, challenge_life }
    }

    fn failures(happened: &[(u8, bool)], failed: bool) -> u32 {
        let counted = counted(Of::Source(SourceKind::Store), &kinds::SOURCE_FAILURES, source(happened));
        counted.velocity(&Looking::default(), Found { failed, ..Found::default() }).source.accounts
    }

    #[test]
    fn accounts_are_counted_once_and_not_at_all_where_half_were_right_since() {
        assert_eq!(failures(&[], false), 0);
        assert_eq!(failures(&[], true), 1, "this one is among them");
        assert_eq!(failures(&[(1, true), (1, true), (2, true)], false), 2);
        assert_eq!(failures(&[(1, true), (2, true), (3, true), (1, false)], false), 3);
        assert_eq!(failures(&[(1, true), (2, true), (1, false)], false), 0, "half were right");
        assert_eq!(failures(&[(1, true), (2, true), (1, false)], true), 3, "no longer");
        assert_eq!(failures(&[(1, true), (1, false), (1, true)], false), 1, "it failed again");
        assert_eq!(failures(&[(1, false), (2, false), (3, true)], false), 1, "who never failed was not right since");
        let own = counted(Of::Source(SourceKind::Store), &kinds::SOURCE_FAILURES, source(&[(1, true), (2, true)]));
        assert_eq!(own.velocity(&Looking::default(), Found::default()).source.kind, Some(SourceKind::Store));
    }

    #[test]
    fn what_is_right_now_counts_for_itself() {
        let happened = source(&[(1, true), (2, true), (200, true), (1, false)]);
        let counted = counted(Of::Source(SourceKind::Store), &kinds::SOURCE_FAILURES, happened);
        let accounts =
            |right| counted.velocity(&Looking::default(), Found { right, ..Found::default() }).source.accounts;
        assert_eq!((accounts(false), accounts(true)), (3, 0));
    }

    #[test]
    fn what_is_looked_at_elsewhere_in_this_engine_does_not_count() {
        let counted = counted(Of::Source(SourceKind::Store), &kinds::SOURCE_FAILURES, source(&[(1, true), (2, true)]));
        let looking = Looking::default();
        let under_way = looking.begin(Token::from_bytes(1_u128.to_be_bytes()));
        assert_eq!(counted.velocity(&looking, Found::default()).source.accounts, 1);
        drop(under_way);
        assert_eq!(counted.velocity(&looking, Found::default()).source.accounts, 2);
    }

    #[test]
    fn edges_are_counted_and_what_is_older_is_not() {
        let at = |ago: TimeDelta| Window {
            events: vec![WindowEvent { at: now() - ago, subject: account(1), attempt: account(1) }],
        };
        let tick = TimeDelta::nanoseconds(1);
        let said = |of, kind, ago| counted(of, kind, at(ago)).velocity(&Looking::default(), Found::default());
        let begun = |ago| said(Of::Begun, &kinds::BEGUN_UNPROVEN, ago).staff_unproven_accounts;
        assert_eq!((begun(TimeDelta::hours(1)), begun(TimeDelta::hours(1) + tick), begun(-tick)), (1, 0, 1));
        let lapsed = |ago| said(Of::Begun, &kinds::BEGUN_UNPROVEN, ago).staff_lapsed_accounts;
        let (life, ten_days) = (TimeDelta::minutes(10), TimeDelta::days(10));
        assert_eq!((lapsed(life - tick), lapsed(life), lapsed(ten_days), lapsed(ten_days + tick)), (0, 1, 1, 0));
        let swept = |ago| said(Of::Swept, &kinds::SWEEPS_CHALLENGED, ago).sweeps_lapsed;
        let day = TimeDelta::hours(24);
        assert_eq!((swept(life - tick), swept(life), swept(day), swept(day + tick)), (0, 1, 1, 0));
        let at_once = |ago| said(Of::AtOnce, &kinds::ASKED_BY_STAFF, ago).staff_accounts_at_once;
        let second = TimeDelta::seconds(1);
        assert_eq!((at_once(second), at_once(second - tick), at_once(tick - second), at_once(-second)), (0, 1, 1, 0));
        let leaving = |ago| said(Of::Leaving, &kinds::LINES_LEAVING, ago).lines_leaving;
        assert_eq!((leaving(TimeDelta::hours(24)), leaving(TimeDelta::hours(24) + tick)), (2, 1));
        let handset = |ago| said(Of::Handset, &kinds::HANDSETS, ago).handset_other_accounts;
        assert_eq!((handset(TimeDelta::days(30)), handset(TimeDelta::days(30) + tick)), (1, 0));
    }

    #[test]
    fn what_cannot_be_read_is_not_zero() {
        let mut counted = counted(Of::Begun, &kinds::BEGUN_UNPROVEN, Window::default());
        counted.windows = None;
        assert_eq!(counted.velocity(&Looking::default(), Found::default()), Velocity::UNREAD);
    }

    proptest! {
        /// INVARIANT (stricter-only): one more failure never makes a source look better, whatever happened before.
        #[test]
        fn more_failures_never_soften(
            happened in proptest::collection::vec((0..12_u8, any::<bool>()), 0..60),
            more in 0..12_u8,
            failed in any::<bool>(),
        ) {
            let before = failures(&happened, failed);
            let mut worse = happened.clone();
            worse.push((more, true));
            prop_assert!(failures(&worse, failed) >= before);
            prop_assert!(failures(&happened, true) >= failures(&happened, false));
            let accounts: HashSet<u8> = worse.iter().filter(|(_, failed)| *failed).map(|(number, _)| *number).collect();
            prop_assert!(failures(&worse, false) as usize <= accounts.len());
        }
    }
}
