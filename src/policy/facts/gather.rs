//! Computing the facts from request, snapshot and checks.

use chrono::{DateTime, Utc};

use super::counts::{PinFailures, Resets, count};
use super::seen::Seen;
use super::{AppFact, Asker, CodeFact, DocumentFact, Facts, ToldFacts};
use crate::domain::{AccountKind, Checks, Mode, NetworkStanding, PinCheck, SimChange, Snapshot, Stance};
use crate::policy::contacts::ContactFitness;
use crate::policy::document::Policy;
use crate::policy::persons;
use crate::policy::request::Request;

/// Lines of one account that leave are counted up to this many.
pub(in crate::policy) const LINES_COUNTED_MAX: u32 = 256;

impl Facts {
    /// What is known about `request` at `now`. Due changes have been applied to the snapshot.
    ///
    /// In mode ADVISE no evidence is taken, whatever the checks say.
    pub fn gather(
        policy: &Policy,
        request: &Request<'_>,
        snapshot: &Snapshot<'_>,
        checks: &Checks,
        now: DateTime<Utc>,
    ) -> Self {
        let checks = if request.mode == Mode::Advise { &Checks::NONE } else { checks };
        let seen = Seen { policy, request, snapshot: *snapshot, now };
        let (action, line, given) = (request.change.action(), &snapshot.line, checks.pin == PinCheck::Given);
        let asker = persons::asker_of(request.requester, snapshot.account, &line.id);
        let (pin, resets) = (PinFailures::tally(&seen, checks.pin), Resets::within(&seen));
        let (app, code) = (seen.app(checks.app, &resets), seen.code(checks.code, asker));
        let (stance, document) = (stance(request, snapshot, now), seen.document(checks.document));
        Self {
            now,
            change_at: request.plan_time.map_or(now, |planned| planned.max(now)),
            action,
            channel: request.interaction.channel,
            asker,
            asker_device: seen.asker_device(asker),
            standing: snapshot.standing,
            line_status: line.status,
            stance,
            same_way_as_release: stance == Stance::GuardedOtherChannel && seen.same_way_as_release(),
            flagged: seen.flagged(),
            sim_changed_at: line.sim_changed_at(),
            way_back: seen.way_back(),
            cause: seen.sim().map(|sim| sim.cause),
            resets: resets.count,
            resets_two_until: resets.two_until,
            resets_one_until: resets.one_until,
            pin_check: if given { PinCheck::Matched } else { checks.pin },
            pin_fitness: seen.pin_fitness(),
            held: snapshot.held,
            shipped: seen.sim().is_some_and(SimChange::is_shipped),
            roster: seen.roster(),
            store_network: NetworkStanding::of(request.requester, request.interaction, snapshot.store),
            pin_entry_counts: given || persons::pin_entry_counts(asker, action, policy.transfer_pin.issued),
            completing: request.completing,
            pin_failures: pin.count,
            pin_failures_many_until: pin.many_until,
            pin_off_until: pin.off_until,
            transfer_pin: seen.transfer_pin(checks.transfer_pin, stance),
            code,
            document,
            document_elsewhere: seen.document_elsewhere(),
            documents: seen.documents(asker),
            documents_taken: policy.document.taken,
            codes_sent: request.codes_sent,
            best_contact: if request.codes_sent { seen.best_contact() } else { ContactFitness::Unfit },
            app,
            app_usable: seen.app_usable(),
            has_known_device: seen.had_known_device(),
            account_number: seen.account_number(),
            postal_code: seen.postal_code(),
            holder_name: seen.holder_name(),
            old_sim: seen.old_sim(),
            worthless: count(request.claims.worthless.len()),
            distance_from_home_miles: seen.distance(),
            device_sale: seen.device_sale(),
            store_closes_within: seen.closes_within(),
            signals_missing: seen.signals_missing(),
            velocity: *snapshot.velocity,
            begun_without_customer: asker == Asker::Staff && !(request.gives || given || has_sign(app, code, document)),
            lines_leaving_percent: percent_leaving(snapshot),
            business: snapshot.account.kind == AccountKind::Business,
            told: ToldFacts::of(&seen, checks.transfer_pin),
        }
    }
}

/// Any answer of an app of the customer's, what was sent to them, or their document: weaker than proof.
const fn has_sign(app: AppFact, code: CodeFact, document: DocumentFact) -> bool {
    matches!(app, AppFact::Approved { .. } | AppFact::NewDevice | AppFact::WrongPerson)
        || code.is_sign()
        || document.is_sign()
}

/// More lines than are counted are all of them: the strict reading.
fn percent_leaving(snapshot: &Snapshot<'_>) -> u32 {
    let (leaving, lines) = (snapshot.velocity.lines_leaving, snapshot.account.line_count.max(1));
    if leaving > LINES_COUNTED_MAX {
        return 100;
    }
    let percent = u64::from(leaving).saturating_mul(100).checked_div(lines).unwrap_or(100);
    u32::try_from(percent).unwrap_or(u32::MAX)
}

/// What the locks of line and account say together to the change that is asked.
pub(in crate::policy) fn stance(request: &Request<'_>, snapshot: &Snapshot<'_>, now: DateTime<Utc>) -> Stance {
    snapshot.line.stance(snapshot.account, request.change, &request.digest, now)
}
