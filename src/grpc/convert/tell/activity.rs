//! What happened, in words for its reader.

use super::protection::by_subscription;
use super::wire;
use crate::audit::{Decided, Event, ReadOf, RecoveryStep, ReportedOutcome, SeparationStep};
use crate::domain::{Action, Change, LockSet, LockStepKind, OutcomeKind, Recorded, ResetKind};
use crate::grpc::convert::time::timestamp;
use crate::grpc::pb::v1 as pb;
use crate::store::Kept;

/// One entry of a history. Its reader learns in which store and through what it was asked, and not by whom.
pub(in crate::grpc) fn activity(kept: &Kept) -> pb::Activity {
    let record = kept.record();
    let (kind, summary) = told(&record.event);
    let decided = match &record.event {
        Event::Decided(decided) => Some(decided.as_ref()),
        _ => None,
    };
    pb::Activity {
        activity_id: record.id.to_string(),
        time: Some(timestamp(record.at)),
        line: record.line.as_ref().map(|line| by_subscription(line.id.as_str())),
        kind: kind.to_owned(),
        outcome: decided.map_or_else(|| pb::Outcome::Unspecified.into(), |decided| wire::outcome(decided.outcome)),
        summary,
        channel: record.channel.map_or_else(|| pb::Channel::Unspecified.into(), wire::channel),
        store_id: decided
            .and_then(|decided| decided.place.store())
            .map_or_else(String::new, |id| id.as_str().to_owned()),
    }
}

fn told(event: &Event) -> (&'static str, String) {
    match event {
        Event::Decided(decided) => (decided.change.action().name(), decided_in_words(decided)),
        Event::LockSet { set, .. } => ("LOCK_SET", format!("The lock on {} was turned on.", covered(*set))),
        Event::ReleaseCancelled { name: (set, _), .. } => {
            ("RELEASE_CANCELLED", format!("A release of the lock on {} was cancelled.", covered(*set)))
        }
        Event::LockStepped { name: (set, _), step, .. } => match step.kind {
            LockStepKind::ReleaseTookEffect => {
                ("RELEASE_TOOK_EFFECT", format!("The lock on {} is off for now.", covered(*set)))
            }
            LockStepKind::Relocked => ("RELOCKED", format!("The lock on {} turned itself on again.", covered(*set))),
        },
        Event::PermitRedeemed { .. } => ("PERMIT_REDEEMED", "An approved change was carried out.".to_owned()),
        Event::DecisionWithdrawn { .. } => ("DECISION_WITHDRAWN", "A request was withdrawn.".to_owned()),
        Event::OutcomeReported { outcome, .. } => ("OUTCOME_REPORTED", reported(*outcome).to_owned()),
        Event::EvidenceGiven { .. } => ("EVIDENCE_GIVEN", "Proof was given for a request.".to_owned()),
        Event::CodeSent { contact: Some(_), .. } => {
            ("CODE_SENT", "A code was sent to you, to prove a request.".to_owned())
        }
        Event::CodeSent { contact: None, .. } => ("CODE_SENT", "A code was asked for, and none was sent.".to_owned()),
        Event::ChallengeDeclined { not_me: true, .. } => {
            ("CHALLENGE_DECLINED", "A request was refused: it was not you.".to_owned())
        }
        Event::ActivityDisputed { .. } => ("ACTIVITY_DISPUTED", "You said that something was not you.".to_owned()),
        Event::ChallengeDeclined { .. } => ("CHALLENGE_DECLINED", "You said no to a request.".to_owned()),
        Event::TransferPinRevoked { .. } => ("TRANSFER_PIN_REVOKED", "A transfer PIN was taken back.".to_owned()),
        Event::Read { of } => ("ACCOUNT_READ", read(*of).to_owned()),
        // They stand in the engine's own account, which nobody sees as a customer does.
        Event::RecordsRead { .. }
        | Event::CheckpointMade { .. }
        | Event::ExportAsked { .. }
        | Event::ExportApproved { .. }
        | Event::ExportBegun { .. }
        | Event::ExportDone { .. }
        | Event::SegmentArchived(_)
        | Event::SegmentDeleted(_)
        | Event::HoldChanged { .. }
        | Event::IncidentChanged { .. }
        | Event::PolicyChanged(_)
        | Event::Alerted { .. } => (event.kind().name(), String::new()),
        Event::AccountCreated { .. } => ("ACCOUNT_CREATED", "The account was created.".to_owned()),
        Event::AccountChanged { .. } => ("ACCOUNT_CHANGED", "The account was brought up to date.".to_owned()),
        Event::LineAdded => ("LINE_ADDED", "A line was added.".to_owned()),
        Event::LineEnded { to: None } => ("LINE_CLOSED", "A line was closed.".to_owned()),
        Event::LineEnded { to: Some(_) } => ("LINE_MOVED", "A line went to another account.".to_owned()),
        Event::Told(told) => (told.what.kind().name(), told_in_words(&told.what).to_owned()),
        Event::SeparationChanged(SeparationStep::Proposed { .. }) => {
            ("SEPARATION_PROPOSED", "Somebody proposed to separate your lines.".to_owned())
        }
        Event::SeparationChanged(SeparationStep::Agreed { .. }) => {
            ("SEPARATION_OPENED", "Your lines can leave the account that they are on.".to_owned())
        }
        Event::SeparationChanged(SeparationStep::Ended) => {
            ("SEPARATION_ENDED", "The separation of your lines was ended.".to_owned())
        }
        Event::DeviceWaits { .. } => ("DEVICE_WAITS", "A new app can approve changes soon, or by now.".to_owned()),
        Event::DeviceRemoved { .. } => {
            ("DEVICE_REMOVED", "An app was taken off: it can approve nothing any more.".to_owned())
        }
        Event::RecoveryChanged(step) => recovery_in_words(step),
        Event::LogInsFailed { count } => ("LOG_INS_FAILED", format!("{count} log-ins failed within a day.")),
    }
}

fn recovery_in_words(step: &RecoveryStep) -> (&'static str, String) {
    match step {
        RecoveryStep::Proposed { .. } => {
            ("SWAP_DISPUTED", "One of us says that the SIM was changed by somebody else.".to_owned())
        }
        RecoveryStep::Reported { .. } => {
            ("SWAP_REPORTED", "The SIM was changed by somebody else: what was set since is undone.".to_owned())
        }
    }
}

const fn told_in_words(what: &Recorded) -> &'static str {
    match what {
        Recorded::CredentialReset { kind: ResetKind::Password, .. } => "The password was reset.",
        Recorded::CredentialReset { .. } => "The account PIN was reset.",
        Recorded::ContactChanged { .. } => "A contact was changed.",
        Recorded::DeviceProven { .. } => "Somebody proved on a device that they are you.",
        Recorded::SimActivated { .. } => "The line became active on a SIM.",
        Recorded::ForwardingSet { .. } => "Call forwarding was set.",
        Recorded::ThirdPartyPayment => "Somebody else paid for the account.",
        Recorded::AccountRead { .. } => "Somebody looked at the account through another system.",
        Recorded::NumberReassigned => "The number was given to another subscription.",
        Recorded::FraudReported { .. } => "Fraud was reported.",
    }
}

fn decided_in_words(decided: &Decided) -> String {
    let is_report = matches!(decided.change, Change::SwapReport { .. });
    let asked = match decided.change.action() {
        Action::SimChange => "A change of the SIM",
        Action::PortOut => "A move of the number to another carrier",
        Action::TransferPinIssue => "A transfer PIN",
        Action::LockRelease if is_report => "A report that the SIM was changed by somebody else",
        Action::LockRelease => "The release of a lock",
        Action::PinChange => "A new account PIN",
        Action::ContactChange => "A change of a contact",
        Action::CallForwardingSet => "Call forwarding",
        Action::DeviceAdd => "A new device",
        Action::OwnerChange => "A change of owner or account",
    };
    let answer = match decided.outcome {
        OutcomeKind::Approve => "approved",
        OutcomeKind::Challenge => "not approved without more proof",
        OutcomeKind::Deny => "refused",
    };
    format!("{asked} was asked for and {answer}.")
}

const fn covered(set: LockSet) -> &'static str {
    match set {
        LockSet::Port => "moves to another carrier",
        LockSet::Sim => "SIM changes",
        LockSet::All => "all changes",
    }
}

const fn read(of: ReadOf) -> &'static str {
    match of {
        ReadOf::Protection => "Somebody at the carrier looked at the locks.",
        ReadOf::Credentials => "Somebody at the carrier looked at whether PINs are set.",
        ReadOf::Activity => "Somebody at the carrier looked at what happened here.",
        ReadOf::Account => "Somebody at the carrier looked at the account.",
        ReadOf::Records => "Somebody at the carrier looked at the records of what happened here.",
        ReadOf::Decision => "Somebody at the carrier looked at a decision.",
    }
}

const fn reported(outcome: ReportedOutcome) -> &'static str {
    match outcome {
        ReportedOutcome::Executed => "A change was reported as carried out.",
        ReportedOutcome::Failed => "A change was reported as failed.",
        ReportedOutcome::Abandoned => "A request was reported as given up.",
        ReportedOutcome::Fraud => "A request was reported as fraud.",
        ReportedOutcome::Genuine => "A request was reported as genuine.",
    }
}
