//! What a notice says: what happened to which number, and what to do if it was somebody else.

use super::matter::NoticeKind;
use crate::audit::{Decided, Event, Record};
use crate::domain::{LockSet, Msisdn, Recorded};
use crate::service::wording::{purpose, whose};

/// What to do if it was somebody else.
const NOT_ME: &str = "If this was not you, say no in our app and turn your lock on at once, or call us. Never answer this message, \
                      and tell nobody a code.";

/// The text that goes to the customer. `nth` is the how many-eth of its hour it is.
pub(super) fn notice_text(kind: NoticeKind, record: &Record, line: Option<Msisdn>, nth: u32) -> String {
    let what = what_happened(kind, record, line);
    match nth {
        0 | 1 => format!("{what} {NOT_ME}"),
        _ => format!("{what} This is number {nth} of such messages within an hour; not every one is sent. {NOT_ME}"),
    }
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
        (NoticeKind::LockOff, _) => format!("A lock of {of} is off from now on. It goes on again by itself."),
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
        (NoticeKind::LogInsFailed, _) => format!("Somebody tried many times to sign in to the account of {of}."),
        (NoticeKind::LockOn, _) => format!("A lock of {of} is on again."),
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
