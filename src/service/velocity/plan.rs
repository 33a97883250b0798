//! The windows of one request: charged and read in one trip, beside the load of the account.

use chrono::{DateTime, TimeDelta, Utc};

use super::kinds::{self, WindowKind};
use super::looking::Look;
use super::sources;
use super::tally::as_failed;
use crate::crypto::{Token, Tokens};
use crate::domain::{Beside, Change, Mode, SourceKind};
use crate::service::ask::Asking;
use crate::service::engine::Engine;
use crate::service::question::Question;
use crate::service::target::Target;
use crate::store::{Charge, ChargeWindows, Window, WindowKey};

/// What a window is for in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// Failures of one of its sources.
    Source(SourceKind),
    /// Failures of the PIN value it offers.
    PinValue,
    /// What its member of staff began without a sign of the customer.
    Begun,
    /// What its member of staff asks at the same moment.
    AtOnce,
    /// Lines of its account that leave.
    Leaving,
    /// Lines of its account whose leaving is challenged as one of many.
    Swept,
    /// Ports to its gaining carrier.
    Carrier,
    /// Ports to its dealer.
    Dealer,
    /// SIM changes of its handset.
    Handset,
    /// Accounts on which its document was shown.
    Document,
    /// Documents that its two people saw.
    Pair,
    /// Ports to its gaining carrier from accounts that one identity read among many.
    Read,
}

/// One window of a request.
#[derive(Clone, Copy)]
pub(super) struct Use {
    pub(super) of: Of,
    pub(super) kind: &'static WindowKind,
    pub(super) window: WindowKey,
    /// What this request counts by in it.
    pub(super) subject: Token,
    /// Whether it is charged, or only read.
    pub(super) charged: bool,
}

impl Use {
    pub(super) const fn charge(&self) -> Charge {
        let Self { window, subject, kind: WindowKind { cap, length, before, .. }, .. } = *self;
        Charge { window, subject, cap: *cap, kept: *length, before: *before }
    }
}

/// What one request counts and reads outside its account.
pub(in crate::service) struct Plan {
    /// Charged ones first.
    uses: Vec<Use>,
    /// Every line that is asked about.
    lines: Vec<Token>,
    attempt: Token,
    now: DateTime<Utc>,
    look: Option<Look>,
    /// How long a challenge lives.
    challenge_life: TimeDelta,
}

/// The windows as they came back.
pub(in crate::service) struct Counted {
    pub(super) uses: Vec<Use>,
    /// One for each use; none where they could not be charged or read.
    pub(super) windows: Option<Vec<Window>>,
    pub(super) lines: Vec<Token>,
    pub(super) attempt: Token,
    pub(super) now: DateTime<Utc>,
    /// While this request's secrets are looked at.
    pub(super) look: Option<Look>,
    pub(super) challenge_life: TimeDelta,
}

/// The plan as it grows.
struct Planning<'a> {
    tokens: &'a Tokens,
    account: Token,
    uses: Vec<Use>,
}

impl Planning<'_> {
    fn add(&mut self, of: Of, kind: &'static WindowKind, parts: &[&[u8]], charged: bool) {
        let token = self.tokens.window(kind.name, parts);
        self.push(Use {
            of,
            kind,
            window: WindowKey { partition: token.partition(), token },
            subject: if matches!(of, Of::Source(_)) { as_failed(self.account) } else { self.account },
            charged,
        });
    }

    fn push(&mut self, new: Use) {
        // Charged windows come back first.
        let place = if new.charged { self.uses.partition_point(|before| before.charged) } else { self.uses.len() };
        self.uses.insert(place, new);
    }

    fn sources(&mut self, asking: &Asking<'_>) {
        let Question { interaction, change, evidence, .. } = asking.question;
        let offered =
            evidence.account_pin.is_some() || evidence.transfer_pin.is_some() || evidence.one_time_code.is_some();
        sources::each(asking.requester, interaction, change, |source, parts| {
            let mut named: [&[u8]; 3] = [&[source as u8], &[], &[]];
            for (to, from) in named.iter_mut().skip(1).zip(parts) {
                *to = from;
            }
            self.add(
                Of::Source(source),
                &kinds::SOURCE_FAILURES,
                &named,
                offered && asking.question.mode == Mode::Enforce,
            );
        });
    }

    /// A proven change of staff is not counted, and what a signature or code is worth is known only after it was looked at: see
    /// [`Engine::begin_unproven`].
    fn staff(&mut self, asking: &Asking<'_>, target: &Target) {
        if !asking.requester.role.is_staff() {
            return;
        }
        let enforced = asking.question.mode == Mode::Enforce;
        let subject = [asking.requester.subject.as_str().as_bytes()];
        let evidence = &asking.question.evidence;
        // Who gives proof for another's ask began nothing: also not where a clerk scans a document for what they asked themselves.
        let no_sign =
            enforced && !asking.errand.gives() && evidence.app_approval.is_none() && evidence.one_time_code.is_none();
        // A line that is asked about with its separation's reference, after it was without, is no second customer's.
        if !target.separated {
            self.add(Of::Begun, &kinds::BEGUN_UNPROVEN, &subject, no_sign);
        }
        // To go on with what the customer answered is no new ask, and a till does so by itself.
        if asking.question.completes.is_none() {
            self.add(Of::AtOnce, &kinds::ASKED_BY_STAFF, &subject, enforced);
        }
    }

    fn change(&mut self, asking: &Asking<'_>, target: &Target) {
        let enforced = asking.question.mode == Mode::Enforce;
        let brand = asking.requester.brand.as_str().as_bytes();
        match &asking.question.change {
            Change::PortOut(port) => {
                let carrier = port.gaining_spid.as_str().as_bytes();
                self.leaving(target, enforced);
                self.add(Of::Carrier, &kinds::PORTS_TO_CARRIER, &[brand, carrier], enforced);
                if let Some(dealer) = &port.dealer {
                    let dealer = dealer.as_str().as_bytes();
                    self.add(Of::Dealer, &kinds::PORTS_TO_DEALER, &[brand, carrier, dealer], enforced);
                }
            }
            Change::TransferPinIssue { .. } => self.leaving(target, enforced),
            Change::Sim(sim) => {
                // INVARIANT (separation-is-unseen): the owner who asks about the handset would learn of it.
                let imei = sim.imei.as_ref().filter(|_| !target.separated);
                if let Some(handset) = imei.and_then(|imei| imei.as_str().get(..14)) {
                    self.add(Of::Handset, &kinds::HANDSETS, &[handset.as_bytes()], enforced);
                }
            }
            _ => {}
        }
    }

    /// Counted with the second person's word: what was only scanned is nobody's yet.
    fn document(&mut self, asking: &Asking<'_>) {
        let Question { evidence, completes, .. } = asking.question;
        let beside = evidence.second_person.as_ref().and_then(|second| second.beside.as_ref());
        let (Some(Beside { by, document, is_somebodys }), Some(challenge)) = (beside, completes) else { return };
        if *is_somebodys {
            self.add(Of::Document, &kinds::DOCUMENTS, &[&document.0], true);
        }
        let mut two = [by.as_str().as_bytes(), asking.requester.subject.as_str().as_bytes()];
        two.sort_unstable();
        let [one, other] = two;
        let kind = &kinds::DOCUMENT_PAIRS;
        let token = self.tokens.window(kind.name, &[asking.requester.brand.as_str().as_bytes(), one, other]);
        let window = WindowKey { partition: token.partition(), token };
        let subject = Token::from_bytes(challenge.to_bytes());
        self.push(Use { of: Of::Pair, kind, window, subject, charged: true });
    }

    /// The account's own windows live in its partition. A code for a whole account names no line that leaves.
    fn leaving(&mut self, target: &Target, charged: bool) {
        // A survivor leaves with all the lines that were separated, and nobody else.
        if let Some(line) = target.line.filter(|_| !target.separated) {
            for (of, kind) in [(Of::Leaving, &kinds::LINES_LEAVING), (Of::Swept, &kinds::SWEEPS_CHALLENGED)] {
                let token = self.tokens.window(kind.name, &[self.account.as_bytes()]);
                let window = WindowKey { partition: target.account.partition(), token };
                self.push(Use { of, kind, window, subject: line, charged });
            }
        }
    }
}

impl Engine {
    /// What a question counts and reads outside its account. In mode ADVISE nothing is counted.
    pub(in crate::service) fn plan(&self, asking: &Asking<'_>, target: &Target, lines: Vec<Token>) -> Plan {
        let account = if target.indexed { target.account } else { target.name };
        let mut planning = Planning { tokens: self.vault.tokens(), account, uses: Vec::with_capacity(6) };
        planning.sources(asking);
        planning.staff(asking, target);
        planning.change(asking, target);
        planning.document(asking);
        if let Some(pin) =
            asking.question.evidence.account_pin.as_ref().filter(|_| asking.question.mode == Mode::Enforce)
        {
            let token = self.pin_values.token(&asking.requester.brand, pin);
            planning.push(Use {
                of: Of::PinValue,
                kind: &kinds::PIN_VALUE_FAILURES,
                window: WindowKey { partition: token.partition(), token },
                subject: account,
                charged: true,
            });
        }
        let attempt = asking.reserve.request;
        let looks = planning.uses.iter().any(|one| one.charged && matches!(one.of, Of::Source(_) | Of::PinValue));
        let look = looks.then(|| self.looking.begin(attempt));
        let challenge_life = asking.policy.challenge_life;
        Plan { uses: planning.uses, lines, attempt, now: asking.now, look, challenge_life }
    }

    /// Charges and reads them.
    ///
    /// INVARIANT (one-counter): durable before any secret is looked at. INVARIANT (fail-closed): where they cannot be charged
    /// no secret is looked at, and what cannot be read is not read as zero.
    pub(in crate::service) async fn count(&self, plan: Plan) -> Counted {
        let Plan { uses, lines, attempt, now, look, challenge_life } = plan;
        if uses.is_empty() {
            return Counted { uses, windows: Some(Vec::new()), lines, attempt, now, look, challenge_life };
        }
        let split = uses.partition_point(|one| one.charged);
        let (charged, read) = uses.split_at_checked(split).unwrap_or((&uses, &[]));
        let charges = charged.iter().map(Use::charge).collect();
        let reads = read.iter().map(|one| one.window).collect();
        let windows = self.vault.charge(ChargeWindows { charges, reads, attempt, now }).await;
        let windows = match windows {
            Ok(windows) => Some(windows),
            Err(error) => {
                tracing::warn!(%error, "windows over many accounts cannot be charged or read");
                None
            }
        };
        Counted { uses, windows, lines, attempt, now, look, challenge_life }
    }

    /// Counts what staff began without a sign of the customer where that is known only now: the approval that came along was
    /// none.
    pub(in crate::service) async fn begin_unproven(&self, counted: &mut Counted) {
        let Counted { uses, windows, attempt, now, .. } = counted;
        let Some(windows) = windows.as_mut() else { return };
        let mut both = uses.iter_mut().zip(windows.iter_mut());
        let Some((begun, window)) = both.find(|(one, _)| one.of == Of::Begun && !one.charged) else { return };
        let charge = ChargeWindows { charges: vec![begun.charge()], reads: Vec::new(), attempt: *attempt, now: *now };
        match self.vault.charge(charge).await.ok().and_then(|charged| charged.into_iter().next()) {
            Some(charged) => (begun.charged, *window) = (true, charged),
            None => counted.windows = None,
        }
    }
}
