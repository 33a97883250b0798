//! Looking at the evidence of a request: each secret once, as far as it is admitted, and what that leaves behind.

use chrono::{DateTime, Utc};

use super::engine::Engine;
use super::pins::TransferAsk;
use super::question::Question;
use super::velocity::{Counted, Found, is_spraying};
use super::weigh::{Case, FailureWindows};
use crate::crypto::{Token, verify_app_signature};
use crate::domain::{
    AppApproval, AppCheck, Checks, CodeCheck, Completing, DocumentCheck, PinCheck, Snapshot, SpentApproval,
    TransferPinCheck, TransferPinState, Verifier,
};
use crate::policy::{self, Admission, PinAdmission, Policy};
use crate::store::OpenAccount;

/// What looking at a request's own evidence found, and what it leaves behind.
pub(super) struct Findings {
    pub checks: Checks,
    /// Windows whose charge is taken back.
    pub settle: Vec<Token>,
    /// Tries of transfer PINs that count, this one included.
    pub transfer_pin_tries: Vec<DateTime<Utc>>,
    /// The app approval that was good and is now used.
    pub spent: Option<SpentApproval>,
    /// The account PIN's verifier made anew, where it matched under a retired pepper.
    pub renewed: Option<Verifier>,
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

impl Engine {
    /// Looks at what was offered, as far as it is admitted.
    pub(super) async fn look(
        &self,
        case: &Case<'_>,
        (policy, snapshot): (&Policy, &Snapshot<'_>),
        counted: &Counted,
        looked: &mut Looked,
    ) -> Findings {
        let mut admission = policy::admit(policy, &case.request(), snapshot, case.now);
        let before = counted.velocity(&self.looking, Found::default());
        if is_spraying(&before) {
            admission = Admission::NOTHING;
        }
        let (app, spent) = self.look_at_approval(case, policy);
        let pin = self.look_at_pin(case, &admission, looked, before.unread).await;
        let transfer_pin =
            if before.unread { not_counted(case.question) } else { self.look_at_transfer_pin(case, &admission) };
        let (code, document) = (self.look_at_code(case, &admission), look_at_document(case));
        let checks = Checks { pin, transfer_pin, code, app, document };
        let renewed = looked.0.as_ref().filter(|_| pin == PinCheck::Matched).and_then(|pin| pin.renewed.clone());
        Findings {
            checks,
            settle: settled(case.question, &checks, self.failure_windows(&case.target)),
            transfer_pin_tries: case.transfer_pin_window.events.iter().map(|event| event.at).collect(),
            spent,
            renewed,
        }
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

    /// INVARIANT (one-counter): a wrong code is counted on its challenge, in the commit without which nobody is answered.
    fn look_at_code(&self, case: &Case<'_>, admission: &Admission) -> CodeCheck {
        let Some(code) = case.question.evidence.one_time_code.as_ref().filter(|_| admission.code) else {
            return CodeCheck::NotSupplied;
        };
        let pending = case.pending.filter(|_| matches!(case.completing, Completing::Open { .. }));
        let account = &case.target.account;
        pending.map_or(CodeCheck::NotSent, |pending| self.pins.check_code(code, (account, pending), case.now))
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
        let input = match (case.pending, case.batch) {
            (Some(pending), _) => pending.signing_input(),
            (None, Some(lines)) => case.question.batch_signing_input(lines),
            (None, None) => case.question.signing_input(),
        };
        // Not of the signature: some kinds of key make many for one text.
        let spent = self.vault.tokens().spent_approval(device, &input);
        let is_good = matches!(verify_app_signature(&key.public_key_jwk, input.as_bytes(), signature), Ok(true));
        if is_good && case.pending.is_some_and(|pending| pending.has_approval_of(device)) {
            // The same once more, or what was given before: neither wrong nor in its way.
            return (AppCheck::NotSupplied, None);
        }
        if !is_good || case.credentials.is_spent(spent) {
            return (AppCheck::Refused, None);
        }
        if !key.is_known(policy.device, case.now) {
            return (AppCheck::NewDevice, Some(spent));
        }
        let same_device = case.requester.device.as_ref() == Some(device);
        (AppCheck::Signed { added_at: key.added_at, same_device }, Some(spent))
    }
}

/// Whose a document is. Who sees it after who scanned it adds to what was found then.
fn look_at_document(case: &Case<'_>) -> DocumentCheck {
    let evidence = &case.question.evidence;
    match (&evidence.document, &evidence.second_person) {
        (Some(scan), _) => case.holder_of(&scan.holder).0,
        (None, Some(second)) if case.agrees(second) => DocumentCheck::Seconded,
        (None, Some(_)) => DocumentCheck::Differs,
        (None, None) => DocumentCheck::NotSupplied,
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
    let pin_counts = checks.pin.is_failure();
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
pub(super) fn note_findings(
    open: &mut OpenAccount,
    found: &Findings,
    policy: &Policy,
    line: Option<Token>,
    now: DateTime<Utc>,
) {
    if let Some(spent) = found.spent
        && let Some(credentials) = open.credentials_mut()
    {
        credentials.spend(spent);
    }
    if found.checks.pin == PinCheck::Matched
        && let Some(pin) = open.credentials_mut().and_then(|credentials| credentials.pin.as_mut())
    {
        pin.verified_at = Some(now);
        if let Some(renewed) = &found.renewed {
            pin.verifier = renewed.clone();
        }
    }
    if found.checks.transfer_pin != TransferPinCheck::Mismatched {
        return;
    }
    let Some(line_id) = line.and_then(|token| open.line(token)).map(|line| line.id.clone()) else { return };
    let knobs = policy.transfer_pin;
    let worn = |pin: &crate::domain::TransferPin| {
        pin.state == TransferPinState::Live
            && pin.covers(&line_id)
            && policy::transfer_pin_void(&knobs, &found.transfer_pin_tries, pin.issued_at)
    };
    if open.credentials().is_some_and(|credentials| credentials.transfer_pins.iter().any(worn))
        && let Some(credentials) = open.credentials_mut()
    {
        for pin in credentials.transfer_pins.iter_mut().filter(|pin| worn(pin)) {
            pin.state = TransferPinState::Void { at: now };
        }
    }
}
