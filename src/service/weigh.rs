//! Evidence looked at, policy asked: from an opened account to a verdict.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::ask::{Asking, Errand, account_of};
use super::engine::Engine;
use super::error::ServiceError;
use super::given::{Given, Stands};
use super::look::{Findings, Looked};
use super::question::Question;
use super::target::{LineRef, Target};
use super::velocity::{Counted, Found, has_sign};
use crate::audit::ShadowVerdict;
use crate::crypto::Token;
use crate::domain::{
    Account, AppCheck, Checks, CodeCheck, Completing, Credentials, DocumentCheck, DocumentDigest, DocumentReference,
    GivenProof, HoldKind, HolderName, Line, Mode, Pending, PersonId, PinCheck, RegisteredStore, Requester,
    SecondPerson, SeenBy, Snapshot, Standing, Velocity, Verdict,
};
use crate::policy::{self, Audience, CodeFact, Facts, NobodyNamed, Offered, Policy, Request, WayBackFact};
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
    /// What was found, and what was given before for the challenge that is completed.
    pub checks: Checks,
    pub facts: Vec<(u16, i64)>,
    pub policy: Arc<Policy>,
    /// What the one-time code is worth.
    pub code: CodeFact,
    pub account_number_matched: bool,
    pub owner_asked: bool,
    /// What looking at this request's own evidence found.
    pub found: Findings,
    /// What is to be kept of the document that it shows, or that who sends it has seen.
    pub shown: Option<GivenProof>,
    /// What the shadow policy would have said: for the record alone.
    pub shadow: Option<Box<ShadowVerdict>>,
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
    /// The challenge that it is for.
    pub pending: Option<&'a Pending>,
    /// How that one stands.
    pub completing: Completing,
    /// What it is for.
    errand: Errand,
    /// What decides.
    pub policy: &'a Arc<Policy>,
    /// What was given for it and still counts.
    given: Given<'a>,
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
    pub(super) fn charges(&self, asking: &Asking<'_>, windows: FailureWindows) -> (Vec<Charge>, Vec<WindowKey>) {
        let Asking { requester, question, policy, .. } = *asking;
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
        let policy = case.policy;
        let failures = case.failures_before();
        let snapshot = case.snapshot(&failures);
        let found = self.look(case, (policy, &snapshot), counted, looked).await;
        let checks = case.with_given(found.checks);
        if case.question.mode == Mode::Enforce && !case.errand.gives() && !has_sign(&checks) {
            self.begin_unproven(counted).await;
        }
        self.count_ports_of_read(case, counted).await;
        let velocity = counted.velocity(&self.looking, Found::of(&checks));
        let snapshot = Snapshot { velocity: &velocity, ..snapshot };
        let mut request = case.request();
        if matches!(checks.code, CodeCheck::Matched | CodeCheck::Given)
            // On the heap: most decisions have no code.
            && Box::pin(self.went_to_others(case, request.offered.code_contact)).await
        {
            request.offered.code_contact = None;
        }
        let facts = Facts::gather(policy, &request, &snapshot, &checks, case.now);
        let verdict = policy::decide(policy, &facts);
        // Who goes back to their SIM does not wait.
        let rest = match facts.way_back {
            WayBackFact::None => (policy.document.delay, facts.flagged),
            WayBackFact::Open | WayBackFact::PastLock => (TimeDelta::zero(), false),
        };
        let shadow = self.ask_shadow(&facts);
        Weighed {
            verdict,
            checks,
            facts: facts.numbered(),
            code: facts.code,
            account_number_matched: policy::account_number_matched(&request, &snapshot),
            owner_asked: matches!(Audience::of(&request, &snapshot), Audience::Customer { owner: true }),
            shown: self.shown_document(case, &velocity, rest),
            policy: Arc::clone(policy),
            found,
            shadow,
        }
    }
}

impl Engine {
    /// What is kept of the name that a scanner has for a document.
    pub(super) fn document_digest(&self, document: &DocumentReference) -> DocumentDigest {
        DocumentDigest(self.vault.tokens().short_digest("document", &[document.as_str().as_bytes()]))
    }

    /// What is kept of a document, whoever it is of.
    fn shown_document(
        &self,
        case: &Case<'_>,
        velocity: &Velocity,
        (delay, flagged): (TimeDelta, bool),
    ) -> Option<GivenProof> {
        let evidence = &case.question.evidence;
        if let Some(scan) = &evidence.document {
            let person = case.holder_of(&scan.holder).1.filter(|_| case.standing == Standing::Known).cloned();
            return Some(GivenProof::Document { document: self.document_digest(&scan.reference), person });
        }
        let second = evidence.second_person.as_ref()?;
        Some(GivenProof::SecondPerson(SeenBy {
            counts_from: case.now + delay,
            agrees: case.agrees(second),
            must_rest: flagged,
            elsewhere: velocity.document_other_accounts > 0,
        }))
    }
}

/// Failures of an account's secrets before this attempt.
pub(super) struct FailuresBefore {
    pin: Vec<DateTime<Utc>>,
    transfer_pin: Vec<DateTime<Utc>>,
}

impl<'a> Case<'a> {
    /// Puts together what an opened account holds for a question. What was given for its challenge is proof for as long as
    /// a challenge lives.
    pub(super) fn new(
        asking: &'a Asking<'a>,
        (target, standing): (Target, Standing),
        (open, line): (&'a OpenAccount, &'a Line),
    ) -> Result<Self, ServiceError> {
        let Asking { requester, question, reserve, errand, policy, batch, now, books, stores } = *asking;
        let credentials = open.credentials().ok_or(ServiceError::NotFound("account"))?;
        let (account, attempt) = (account_of(open)?, reserve.request);
        let held = books.held(requester, Some(&question.interaction), &question.change);
        let store = stores.store_of(requester, &question.interaction);
        let breached_until = books.breached_until(target.account);
        let (pin_window, transfer_pin_window) = failures_of(question, open.windows())?;
        let known_line = (standing == Standing::Known).then_some(&line.id);
        let stands = Stands::of((asking, known_line), (open, account, credentials, line))?;
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
            pending: stands.pending,
            completing: stands.completing,
            errand,
            policy,
            given: stands.given,
            now,
            store,
            held,
            breached_until,
        })
    }

    /// Failures of the account's secrets before this attempt.
    pub(super) fn failures_before(&self) -> FailuresBefore {
        let before = |window: &Window| {
            window.events.iter().filter(|event| event.attempt != self.attempt).map(|event| event.at).collect()
        };
        FailuresBefore { pin: before(self.pin_window), transfer_pin: before(self.transfer_pin_window) }
    }

    /// What a scanned document is: of a person whose proof counts, or of nobody.
    pub(super) fn holder_of(&self, holder: &HolderName) -> (DocumentCheck, Option<&'a PersonId>) {
        let action = self.question.change.action();
        match policy::holder_of(self.account, &self.line.id, action, self.requester, holder) {
            Ok(Some(person)) => (DocumentCheck::Matched, Some(person)),
            Ok(None) => (DocumentCheck::Differs, None),
            Err(NobodyNamed) => (DocumentCheck::NotOnRecord, None),
        }
    }

    /// Whether a second person saw what the first one scanned: the name of the same person, for the same number.
    pub(super) fn agrees(&self, second: &SecondPerson) -> bool {
        let scanned = self.pending.and_then(Pending::shown_document).and_then(|shown| shown.person);
        let is_number = self.standing == Standing::Known && second.msisdn == self.line.msisdn;
        is_number && scanned.is_some() && self.holder_of(&second.holder).1 == scanned
    }

    /// What the policy decides on, before windows over many accounts are looked at.
    pub(super) fn snapshot<'b>(&'b self, failures: &'b FailuresBefore) -> Snapshot<'b> {
        Snapshot {
            account: self.account,
            credentials: self.credentials,
            line: self.line,
            standing: self.standing,
            pin_failures: &failures.pin,
            transfer_pin_failures: &failures.transfer_pin,
            velocity: &Velocity::QUIET,
            store: self.store,
            held: self.held,
            breached_until: self.breached_until,
        }
    }

    /// What was found, and what was given before of what this request does not bring itself.
    ///
    /// INVARIANT (fail-closed): a PIN that is another by now was not given; what a device's approval is worth now, the policy says.
    fn with_given(&self, mut checks: Checks) -> Checks {
        if checks.pin == PinCheck::NotSupplied && self.given.pin {
            checks.pin = PinCheck::Given;
        }
        if checks.code == CodeCheck::NotSupplied && self.given.contact.is_some() {
            checks.code = CodeCheck::Given;
        }
        if checks.app == AppCheck::NotSupplied
            && let Some(device) = self.given.device
        {
            let same_device = self.requester.device.as_ref() == Some(&device.id);
            checks.app = AppCheck::Signed { added_at: device.added_at, same_device };
        }
        if checks.document == DocumentCheck::NotSupplied
            && let Some(shown) = self.given.document
        {
            let is_somebodys = shown.person.is_some();
            checks.document = if is_somebodys { DocumentCheck::Given } else { DocumentCheck::Differs };
        }
        checks
    }

    pub(super) fn request(&self) -> Request<'a> {
        let Question { change, mode, interaction, claims, evidence, signals, plan_time, .. } = self.question;
        let offered = Offered::from(evidence);
        let given = self.given.device.map(|device| &device.id);
        let sent_to = self.pending.and_then(|pending| pending.code.as_ref()).and_then(|code| code.contact.as_ref());
        let code_contact = if evidence.one_time_code.is_some() { sent_to } else { self.given.contact };
        Request {
            requester: self.requester,
            change,
            digest: self.question.digest(),
            mode: *mode,
            interaction,
            claims,
            offered: Offered {
                app_device: offered.app_device.or(given),
                code_contact,
                document: self.given.document,
                ..offered
            },
            signals,
            codes_sent: self.errand.sends_codes(),
            waits: self.errand.waits(),
            gives: self.errand.gives(),
            completing: self.completing,
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
