//! What a notice says: what happened to which number, and what to do if it was somebody else.

use chrono::{DateTime, TimeDelta, Utc};

use super::matter::NoticeKind;
use crate::audit::{Decided, Event, Record, SeparationStep};
use crate::domain::{LockSet, Msisdn, Recorded};
use crate::service::wording::{purpose, whose};

/// What to do if it was somebody else.
const NOT_ME: &str = "If this was not you, say no in our app and turn your lock on at once, or call us.";

/// The same where the lock is on, or nothing more can be done.
const TELL_US: &str = "If this was not you, call us.";

const NEVER: &str = "Never answer this message, and tell nobody a code.";

/// What is told so much later says when it was.
const LATE: TimeDelta = TimeDelta::minutes(10);

/// The text that goes to the customer. `nth` is the how many-eth of its hour it is, of those that come often.
pub(super) fn notice_text(
    kind: NoticeKind,
    record: &Record,
    line: Option<Msisdn>,
    nth: u32,
    now: DateTime<Utc>,
) -> String {
    let mut parts = Vec::new();
    if now.signed_duration_since(record.at) > LATE {
        parts.push(format!("This happened on {}.", record.at.format("%-d %B %Y at %H:%M UTC")));
    }
    parts.push(what_happened(kind, record, line));
    if nth > 1 {
        parts.push(format!("It is number {nth} of such messages within an hour; not every one is sent."));
    }
    let is_locked = matches!(kind, NoticeKind::LockOn | NoticeKind::Locked);
    parts.push(if is_locked { TELL_US } else { NOT_ME }.to_owned());
    parts.push(NEVER.to_owned());
    parts.join(" ")
}

fn what_happened(kind: NoticeKind, record: &Record, line: Option<Msisdn>) -> String {
    let of = whose(line);
    match (kind, &record.event) {
        (NoticeKind::Challenged, Event::Decided(decided)) => {
            format!("Somebody asks for {}. Nothing is changed before you prove that it is you.", asked(decided, line))
        }
        (NoticeKind::Approved, Event::Decided(decided)) => format!("We approved {}.", asked(decided, line)),
        (NoticeKind::Locked, Event::Decided(decided)) => {
            format!("Somebody asked for {}. Your lock stopped it: nothing was changed.", asked(decided, line))
        }
        (NoticeKind::LockOn, Event::LockSet { set, .. }) => format!("A lock {} is on for {of}.", against(*set)),
        (NoticeKind::LockOn, _) => format!("A lock of {of} is on again."),
        (NoticeKind::LockOff, _) => format!("A lock of {of} was taken off. It goes on again by itself."),
        (NoticeKind::TransferPinRevoked, _) => {
            format!("A transfer PIN of {of} was taken back. It opens nothing any more.")
        }
        (NoticeKind::CredentialReset, _) => format!("The PIN or password of {of} was set anew."),
        (NoticeKind::ContactChanged, _) => format!("A way to reach you about {of} was changed."),
        (NoticeKind::SimActivated, _) => format!("Calls and texts of {of} now go to another SIM."),
        (NoticeKind::ForwardingSet, Event::Told(told)) => match &told.what {
            Recorded::ForwardingSet { target } => {
                format!("All calls of {of} are forwarded to {}.", whose(Some(*target)))
            }
            _ => format!("All calls of {of} are forwarded."),
        },
        (NoticeKind::IdShown, _) => {
            format!("A store was shown an identity document as yours, to change {of}. It counts in some hours.")
        }
        (NoticeKind::DeviceWaits, _) => {
            format!("An app was added to {of} some days ago. It can approve changes soon, or by now.")
        }
        (NoticeKind::DeviceRemoved, _) => {
            format!("An app was taken off {of}: it can approve nothing any more.")
        }
        (NoticeKind::Separation, Event::SeparationChanged(SeparationStep::Ended)) => {
            "The separation that you asked for was ended: its reference opens nothing any more.".to_owned()
        }
        (NoticeKind::Separation, _) => {
            "Your lines can leave the account that they are on, as you asked. Nobody on that account is told."
                .to_owned()
        }
        (NoticeKind::SwapReported, _) => format!(
            "It was reported that {of} was moved to another SIM by somebody else. What was set since then is undone, and it can go back."
        ),
        (NoticeKind::LogInsFailed, _) => format!("Somebody tried many times to sign in to {of}."),
        // Nothing else has such a record; who reads it is told enough to look.
        (kind, _) => format!("Something was changed on {of} ({}).", kind.name()),
    }
}

fn asked(decided: &Decided, line: Option<Msisdn>) -> String {
    purpose(&decided.change, line)
}

const fn against(set: LockSet) -> &'static str {
    match set {
        LockSet::Port => "against moving the number to another carrier",
        LockSet::Sim => "against another SIM",
        LockSet::All => "against every change",
    }
}
