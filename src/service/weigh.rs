//! Evidence looked at, policy asked: from an opened account to a verdict.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::ask::{Asking, account_of};
use super::engine::Engine;
use super::error::ServiceError;
use super::pins::TransferAsk;
use super::question::Question;
use super::target::{LineRef, Target};
use super::velocity::{Counted, Found, has_sign, is_spraying};
use crate::audit::ShadowVerdict;
use crate::crypto::{Token, verify_app_signature};
use crate::domain::{
    Account, AppApproval, AppCheck, Checks, Credentials, HoldKind, Line, Mode, PinCheck, RegisteredStore, Requester,
    Snapshot, SpentApproval, Standing, TransferPinCheck, TransferPinState, Velocity, Verdict, Verifier,
};
use crate::policy::{self, Admission, Audience, Facts, Offered, PinAdmission, Policy, Request};
use crate::store::{Before, Charge, OpenAccount, WINDOW_KEPT, Window, WindowKey};

/// One more failure than the policy ever compares with is kept.
fn cap_of(max: u32) -> u16 {
    u16::try_from(max.saturating_add(1)).unwrap_or(u16::MAX)
}

/// The two windows in which failures of an account's secrets are counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct FailureWindows {
    pub pin: WindowKey,
    pub transfer_pin: WindowKey,
}

/// What weighing came to.
pub(super) struct Weighed {
    pub verdict: Verdict,
    pub checks: Checks,
    pub facts: Vec<(u16, i64)>,
    pub policy: Arc<Policy>,
    pub account_number_matched: bool,
    pub owner_asked: bool,
    /// Windows whose charge is taken back.
    pub settle: Vec<Token>,
    /// Tries of transfer PINs that count, this one included.
    pub transfer_pin_tries: Vec<DateTime<Utc>>,
    /// The app approval that was good and is now used.
    pub spent: Option<SpentApproval>,
    /// The account PIN's verifier made anew, where it matched under a retired pepper.
    pub renewed: Option<Verifier>,
    /// What the shadow policy would have said: for the record alone.
    pub shadow: Option<Box<ShadowVerdict>>,
}

/// An account PIN looked at, remembered over a conflict: it is not looked at twice, unless it was changed meanwhile.
#[derive(Debug, Clone, Default)]
pub(super) struct Looked(Option<LookedPin>);

#[derive(Debug, Clone)]
struct LookedPin {
    /// What it was held against.
    verifier: Option<Verifier>,
    check: PinCheck,
    /// Made anew under the active pepper.
    renewed: Option<Verifier>,
}

/// The account, the line and where they stand, for one question.
pub(super) struct Case<'a> {
    pub requester: &'a Requester,
    pub question: &'a Question,
    /// In a batch, every line that is asked about.
    pub batch: Option<&'a [LineRef]>,
    pub target: Target,
    pub standing: Standing,
    pub account: &'a Account,
    pub credentials: &'a Credentials,
    pub line: &'a Line,
    /// Failures of the account PIN, this attempt's charge included.
    pub pin_window: &'a Window,
    /// Failures of transfer PINs, likewise.
    pub transfer_pin_window: &'a Window,
    pub attempt: Token,
    pub now: DateTime<Utc>,
    /// The store that it comes from, where that is registered.
    pub store: Option<&'a RegisteredStore>,
    /// What of the request is held.
    pub held: Option<HoldKind>,
    /// Until when secrets of the account are stale, by the latest breach that touched it.
    pub breached_until: Option<DateTime<Utc>>,
}

impl Engine {
    /// Where an account's failures are counted. Those on an unknown number are counted by the number.
    pub(super) fn failure_windows(&self, target: &Target) -> FailureWindows {
        let owner = if target.indexed { target.account } else { target.name };
        let tokens = self.vault.tokens();
        let partition = target.account.partition();
        let window = |name| WindowKey { partition, token: tokens.window(name, &[owner.as_bytes()]) };
        FailureWindows { pin: window("account-pin-failures"), transfer_pin: window("transfer-pin-failures") }
    }

    /// What a question's secrets are charged before anything is looked at, and the windows to read besides.
    ///
    /// INVARIANT (one-counter): one window an account and secret, whatever the channel, charged durably in the load trip.
    pub(super) fn charges(
        &self,
        requester: &Requester,
        question: &Question,
        windows: FailureWindows,
    ) -> (Vec<Charge>, Vec<WindowKey>) {
        let policy = self.policy.load();
        let subject = self.subject_token(requester);
        let (mut charges, mut reads) = (Vec::new(), Vec::new());
        let mut place = |offered: bool, window, cap, kept| {
            if offered {
                charges.push(Charge { window, subject, cap, kept, before: Before::Look });
            } else {
                reads.push(window);
            }
        };
        // The first of a run may be a whole window older than the last, after which the PIN is off for another.
        let run = policy.pin.failures_window * 2;
        place(question.evidence.account_pin.is_some(), windows.pin, cap_of(policy.pin.failures_exhausted), run);
        place(
            question.evidence.transfer_pin.is_some(),
            windows.transfer_pin,
            cap_of(policy.transfer_pin.wrong_max),
            WINDOW_KEPT,
        );
        (charges, reads)
    }

    /// Looks at what was offered, as far as it is admitted, and asks the policy.
    pub(super) async fn weigh(&self, case: &Case<'_>, counted: &mut Counted, looked: &mut Looked) -> Weighed {
        let policy = self.policy();
        let before = |window: &Window| -> Vec<DateTime<Utc>> {
            window.events.iter().filter(|event| event.attempt != case.attempt).map(|event| event.at).collect()
        };
        let (pin_failures, transfer_pin_failures) = (before(case.pin_window), before(case.transfer_pin_window));
        let snapshot = Snapshot {
            account: case.account,
            credentials: case.credentials,
            line: case.line,
            standing: case.standing,
            pin_failures: &pin_failures,
            transfer_pin_failures: &transfer_pin_failures,
            velocity: &Velocity::QUIET,
            store: case.store,
            held: case.held,
            breached_until: case.breached_until,
        };
        let request = case.request();
        let mut admission = policy::admit(&policy, &request, &snapshot, case.now);
        let before = counted.velocity(&self.looking, Found::default());
        if is_spraying(&before) {
            admission = Admission { account_pin: PinAdmission::No, transfer_pin: false };
        }
        let (app, spent) = self.look_at_approval(case, &policy);
        let checks = self.look(case, &admission, looked, (app, before.unread)).await;
        if case.question.mode == Mode::Enforce && !has_sign(&checks) {
            self.begin_unproven(counted).await;
        }
        self.count_ports_of_read(case, counted).await;
        let velocity = counted.velocity(&self.looking, Found::of(&checks));
        let snapshot = Snapshot { velocity: &velocity, ..snapshot };
        let facts = Facts::gather(&policy, &request, &snapshot, &checks, case.now);
        let verdict = policy::decide(&policy, &facts);
        let shadow = self.ask_shadow(&facts);
        let windows = self.failure_windows(&case.target);
        Weighed {
            verdict,
            checks,
            facts: facts.numbered(),
            account_number_matched: policy::account_number_matched(&request, &snapshot),
            owner_asked: matches!(Audience::of(&request, &snapshot), Audience::Customer { owner: true }),
            policy: Arc::clone(&policy),
            settle: settled(case.question, &checks, windows),
            transfer_pin_tries: case.transfer_pin_window.events.iter().map(|event| event.at).collect(),
            spent,
            renewed: if checks.pin == PinCheck::Matched {
                looked.0.as_ref().and_then(|pin| pin.renewed.clone())
            } else {
                None
            },
            shadow,
        }
    }

    async fn look(
        &self,
        case: &Case<'_>,
        admission: &Admission,
        looked: &mut Looked,
        (app, uncounted): (AppCheck, bool),
    ) -> Checks {
        let transfer_pin =
            if uncounted { not_counted(case.question) } else { self.look_at_transfer_pin(case, admission) };
        Checks { pin: self.look_at_pin(case, admission, looked, uncounted).await, transfer_pin, app }
    }

    /// INVARIANT (one-counter): what could not be counted is not looked at.
    async fn look_at_pin(
        &self,
        case: &Case<'_>,
        admission: &Admission,
        looked: &mut Looked,
        uncounted: bool,
    ) -> PinCheck {
        let Some(pin) = &case.question.evidence.account_pin else { return PinCheck::NotSupplied };
        match admission.account_pin {
            PinAdmission::Admit if uncounted => return PinCheck::Shed,
            PinAdmission::Admit => {}
            PinAdmission::No => return PinCheck::NotAdmitted,
            PinAdmission::ExhaustedUntil(until) => return PinCheck::Exhausted { until },
        }
        let set = case.credentials.pin.as_ref().map(|pin| &pin.verifier);
        if let Looked(Some(before)) = looked
            && before.verifier.as_ref() == set
        {
            return before.check;
        }
        let (check, renewed) = self.pins.check(pin.clone(), case.target.account, set, &*self.tally).await;
        *looked = Looked(Some(LookedPin { verifier: set.cloned(), check, renewed }));
        check
    }

    fn look_at_transfer_pin(&self, case: &Case<'_>, admission: &Admission) -> TransferPinCheck {
        let Some(pin) = &case.question.evidence.transfer_pin else { return TransferPinCheck::NotSupplied };
        if !admission.transfer_pin {
            return TransferPinCheck::NotAdmitted;
        }
        let asked = TransferAsk {
            account: case.target.account,
            credentials: case.credentials,
            line: case.line,
            account_locks: &case.account.protection,
            gaining: case.question.change.gaining_spid(),
            now: case.now,
        };
        self.pins.check_transfer(pin, &asked)
    }

    /// Looks at an app key's signature over exactly this change.
    ///
    /// INVARIANT (permit-once): an approval is good for one request of one caller. Whoever saw it, and brings it again under
    /// another name or when the request's key is forgotten, brings nothing.
    fn look_at_approval(&self, case: &Case<'_>, policy: &Policy) -> (AppCheck, Option<SpentApproval>) {
        let Some(AppApproval { device, signature }) = &case.question.evidence.app_approval else {
            return (AppCheck::NotSupplied, None);
        };
        let Some(key) = case.account.device(device) else { return (AppCheck::Refused, None) };
        let input = match case.batch {
            Some(lines) => case.question.batch_signing_input(lines),
            None => case.question.signing_input(),
        };
        // Not of the signature: some kinds of key make many for one text.
        let spent = self.vault.tokens().spent_approval(device, &input);
        let is_good = matches!(verify_app_signature(&key.public_key_jwk, input.as_bytes(), signature), Ok(true));
        if !is_good || case.credentials.is_spent(spent) {
            return (AppCheck::Refused, None);
        }
        if !key.is_known(policy.device_known_after, case.now) {
            return (AppCheck::NewDevice, Some(spent));
        }
        let same_device = case.requester.device.as_ref() == Some(device);
        (AppCheck::Signed { added_at: key.added_at, same_device }, Some(spent))
    }
}

impl<'a> Case<'a> {
    /// Puts together what an opened account holds for a question.
    pub(super) fn new(
        asking: &'a Asking<'a>,
        target: Target,
        standing: Standing,
        open: &'a OpenAccount,
        line: &'a Line,
    ) -> Result<Self, ServiceError> {
        let Asking { requester, question, reserve, batch, now, books, stores } = *asking;
        let credentials = open.credentials().ok_or(ServiceError::NotFound("account"))?;
        let (account, attempt) = (account_of(open)?, reserve.request);
        let held = books.held(requester, Some(&question.interaction), &question.change);
        let store = stores.store_of(requester, &question.interaction);
        let breached_until = books.breached_until(target.account);
        let (pin_window, transfer_pin_window) = failures_of(question, open.windows())?;
        Ok(Self {
            requester,
            question,
            batch,
            target,
            standing,
            account,
            credentials,
            line,
            pin_window,
            transfer_pin_window,
            attempt,
            now,
            store,
            held,
            breached_until,
        })
    }

    fn request(&self) -> Request<'a> {
        let Question { change, mode, interaction, claims, evidence, signals, plan_time, .. } = self.question;
        Request {
            requester: self.requester,
            change,
            digest: self.question.digest(),
            mode: *mode,
            interaction,
            claims,
            offered: Offered::from(evidence),
            signals,
            plan_time: *plan_time,
        }
    }
}

/// The two windows as they come back: charged ones first.
///
/// INVARIANT (fail-closed): a window that cannot be told is no window without failures.
fn failures_of<'a>(question: &Question, windows: &'a [Window]) -> Result<(&'a Window, &'a Window), ServiceError> {
    let only_transfer_charged = question.evidence.account_pin.is_none() && question.evidence.transfer_pin.is_some();
    match windows {
        [transfer_pin, pin] if only_transfer_charged => Ok((pin, transfer_pin)),
        [pin, transfer_pin] => Ok((pin, transfer_pin)),
        _ => Err(ServiceError::Unavailable("the failure windows cannot be read".to_owned())),
    }
}

/// What is said of a transfer PIN whose try could not be counted.
const fn not_counted(question: &Question) -> TransferPinCheck {
    if question.evidence.transfer_pin.is_some() { TransferPinCheck::NotAdmitted } else { TransferPinCheck::NotSupplied }
}

/// The charges that a question takes back: what was right, or was never looked at.
///
/// INVARIANT (one-counter): a wrong secret stays counted, whatever else the request proves.
fn settled(question: &Question, checks: &Checks, windows: FailureWindows) -> Vec<Token> {
    let mut settle = Vec::new();
    let pin_counts = matches!(checks.pin, PinCheck::Mismatched | PinCheck::NotSet);
    if question.evidence.account_pin.is_some() && !pin_counts {
        settle.push(windows.pin.token);
    }
    let transfer_counts = matches!(checks.transfer_pin, TransferPinCheck::Mismatched);
    if question.evidence.transfer_pin.is_some() && !transfer_counts {
        settle.push(windows.transfer_pin.token);
    }
    settle
}

/// What looking at evidence leaves behind in its records: an approval is used, a right PIN is younger than dormant and under
/// the active pepper, and too many wrong transfer PINs void the one they were tried against.
pub(super) fn note_checks(open: &mut OpenAccount, weighed: &Weighed, line: Option<Token>, now: DateTime<Utc>) {
    if let Some(spent) = weighed.spent
        && let Some(credentials) = open.credentials_mut()
    {
        credentials.spend(spent);
    }
    if weighed.checks.pin == PinCheck::Matched
        && let Some(pin) = open.credentials_mut().and_then(|credentials| credentials.pin.as_mut())
    {
        pin.verified_at = Some(now);
        if let Some(renewed) = &weighed.renewed {
            pin.verifier = renewed.clone();
        }
    }
    if weighed.checks.transfer_pin != TransferPinCheck::Mismatched {
        return;
    }
    let Some(line_id) = line.and_then(|token| open.line(token)).map(|line| line.id.clone()) else { return };
    let knobs = weighed.policy.transfer_pin;
    let worn = |pin: &crate::domain::TransferPin| {
        pin.state == TransferPinState::Live
            && pin.covers(&line_id)
            && policy::transfer_pin_void(&knobs, &weighed.transfer_pin_tries, pin.issued_at)
    };
    if open.credentials().is_some_and(|credentials| credentials.transfer_pins.iter().any(worn))
        && let Some(credentials) = open.credentials_mut()
    {
        for pin in credentials.transfer_pins.iter_mut().filter(|pin| worn(pin)) {
            pin.state = TransferPinState::Void { at: now };
        }
    }
}
