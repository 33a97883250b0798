//! What is asked, without its secrets.

use chrono::{DateTime, Utc};

use crate::domain::{
    Change, ChangeDigest, Claims, Completing, ContactId, DeviceId, Evidence, Interaction, Mode, ObservedSignal,
    Requester, ShownDocument, Snapshot, Standing,
};

/// A request as the policy sees it: who asks for what, from where, offering what kinds of proof.
///
/// The line is the snapshot's. For a change of a whole account (a PIN, an account's lock, an account's transfer PIN) the
/// snapshot's line is whichever stands for the account: in service, unlocked and without a history of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// The authenticated identity.
    pub requester: &'a Requester,
    /// The exact change.
    pub change: &'a Change,
    /// The digest of its canonical text.
    pub digest: ChangeDigest,
    /// Whether the answer binds.
    pub mode: Mode,
    /// The place.
    pub interaction: &'a Interaction,
    /// Facts offered.
    pub claims: &'a Claims,
    /// Kinds of proof offered.
    pub offered: Offered<'a>,
    /// What other systems observed.
    pub signals: &'a [ObservedSignal],
    /// Whether a code can be sent for it.
    pub codes_sent: bool,
    /// Whether a challenge of it waits for others.
    pub waits: bool,
    /// Whether it is no ask, but gives proof for another's: who gives began nothing.
    pub gives: bool,
    /// How the challenge stands that it completes.
    pub completing: Completing,
    /// When the change is to be made, if not now.
    pub plan_time: Option<DateTime<Utc>>,
}

/// Which kinds of proof came with a request. The secrets themselves never reach the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offered<'a> {
    /// An account PIN.
    pub account_pin: bool,
    /// A transfer PIN.
    pub transfer_pin: bool,
    /// A one-time code.
    pub one_time_code: bool,
    /// The contact that it, or one that was given before, was sent to.
    pub code_contact: Option<&'a ContactId>,
    /// A signature by this device's key.
    pub app_device: Option<&'a DeviceId>,
    /// The document that was shown before for the challenge that is completed.
    pub document: Option<ShownDocument<'a>>,
}

impl<'a> From<&'a Evidence> for Offered<'a> {
    fn from(evidence: &'a Evidence) -> Self {
        Self {
            account_pin: evidence.account_pin.is_some(),
            transfer_pin: evidence.transfer_pin.is_some(),
            one_time_code: evidence.one_time_code.is_some(),
            // Which it was, the challenge says.
            code_contact: None,
            app_device: evidence.app_approval.as_ref().map(|approval| &approval.device),
            document: None,
        }
    }
}

/// Whether the account number given is the account's. Until it is, a carrier learns nothing about the line.
///
/// INVARIANT (unknown-looks-known): an unknown line matches no account number, not even its phantom's.
pub fn account_number_matched(request: &Request<'_>, snapshot: &Snapshot<'_>) -> bool {
    let given = request.claims.account_number.as_ref();
    snapshot.standing == Standing::Known && given.is_some_and(|number| number.matches(&snapshot.account.number))
}
