//! The one table, and the value that nothing else makes.

use std::marker::PhantomData;

use crate::domain::{AccountId, Action, HappeningKind, Requester, Role};
use crate::service::error::ServiceError;

/// Whose data a right reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Every account of the caller's brand.
    Brand,
    /// The account the caller's token names.
    OwnAccount,
    /// What the caller itself asked for.
    OwnRequests,
    /// No account's: what the engine itself runs with.
    Engine,
}

macro_rules! rights {
    ($($(#[$doc:meta])* $right:ident { $($whose:ident: [$($role:ident),+ $(,)?]),+ $(,)? })+) => {
        /// The rights, as types: a use case names the one it needs.
        pub mod right {
            $($(#[$doc])* #[derive(Debug, Clone, Copy)] pub enum $right {})+
        }

        $(impl Right for right::$right {
            const NAME: &'static str = stringify!($right);
            fn whose(role: Role) -> Option<Whose> {
                match role {
                    $($(Role::$role)|+ => Some(Whose::$whose),)+
                    _ => None,
                }
            }
        })+

        /// Every right by name, for the tests that compare the table with a written expectation.
        pub const RIGHTS: &[(&str, fn(Role) -> Option<Whose>)] =
            &[$((stringify!($right), <right::$right as Right>::whose)),+];
    };
}

/// A right: what a role may reach with it.
pub trait Right {
    /// Its name in refusals.
    const NAME: &'static str;
    /// Whose data `role` reaches; none if the role does not have it.
    fn whose(role: Role) -> Option<Whose>;
}

rights! {
    /// Ask for a decision.
    Decide {
        Brand: [PortingSystem, RetailAgent, RetailManager, CareAgent, PinPad, Ivr, Provisioning],
        OwnAccount: [Customer, BusinessAdmin],
    }
    /// Ask for decisions on many lines of one account.
    BatchDecide {
        Brand: [PortingSystem],
        OwnAccount: [Customer, BusinessAdmin],
    }
    /// Read a decision.
    ReadDecision {
        Brand: [FraudOps, Auditor],
        OwnRequests: [PortingSystem, RetailAgent, RetailManager, CareAgent, PinPad, Ivr, Customer, BusinessAdmin, Provisioning],
    }
    /// Give a decision back.
    WithdrawDecision {
        OwnRequests: [PortingSystem, RetailAgent, RetailManager, CareAgent, PinPad, Ivr, Customer, BusinessAdmin, Provisioning],
    }
    /// Go on with what was challenged.
    CompleteDecision {
        OwnRequests: [PortingSystem, RetailAgent, RetailManager, CareAgent, PinPad, Ivr, Customer, BusinessAdmin, Provisioning],
    }
    /// Give proof for a challenge. Staff give none for the customer, but show an identity document, and see one.
    SubmitEvidence {
        Brand: [PinPad, Ivr, RetailAgent, RetailManager, CareAgent, FraudOps],
        OwnAccount: [Customer, BusinessAdmin],
    }
    /// Have a code sent to the customer. Who asked for the change, or who is to prove it.
    SendCode {
        OwnRequests: [RetailAgent, RetailManager, CareAgent, PinPad, Ivr],
        OwnAccount: [Customer, BusinessAdmin],
    }
    /// See what waits for an approval, and say no to it.
    AnswerChallenge {
        OwnAccount: [Customer, BusinessAdmin],
    }
    /// Say that something on the account was not them.
    DisputeActivity {
        OwnAccount: [Customer, BusinessAdmin],
    }
    /// Follow what happens on the account.
    WatchActivity {
        OwnAccount: [Customer, BusinessAdmin],
    }
    /// Follow how a decision stands.
    WatchDecision {
        OwnRequests: [PortingSystem, RetailAgent, RetailManager, CareAgent, PinPad, Ivr, Customer, BusinessAdmin, Provisioning],
    }
    /// Use a permit.
    RedeemPermit {
        OwnRequests: [PortingSystem, RetailAgent, RetailManager, CareAgent, PinPad, Ivr, Customer, BusinessAdmin, Provisioning],
    }
    /// Say what became of a decided change.
    ReportOutcome {
        Brand: [FraudOps],
        OwnRequests: [PortingSystem, RetailAgent, RetailManager, CareAgent, PinPad, Ivr, Customer, BusinessAdmin, Provisioning],
    }
    /// Read locks.
    ReadProtection {
        Brand: [RetailAgent, RetailManager, CareAgent, FraudOps, Auditor],
        OwnAccount: [Customer, BusinessAdmin],
    }
    /// Turn a customer's lock on.
    SetLock {
        Brand: [RetailAgent, RetailManager, CareAgent, Ivr, FraudOps],
        OwnAccount: [Customer, BusinessAdmin],
    }
    /// Turn a carrier's lock on.
    SetCarrierLock {
        Brand: [FraudOps],
    }
    /// Ask for a lock's release, or report a SIM change as somebody else's.
    ReleaseLock {
        Brand: [RetailAgent, RetailManager, CareAgent, PinPad, Ivr],
        OwnAccount: [Customer, BusinessAdmin],
    }
    /// Cancel a release.
    CancelRelease {
        Brand: [RetailAgent, RetailManager, CareAgent, Ivr, FraudOps],
        OwnAccount: [Customer, BusinessAdmin],
    }
    /// Cancel what a notice tells of with the code that it has. Whoever brings it shows it to somebody.
    CancelByCode {
        Brand: [RetailAgent, RetailManager, CareAgent, PinPad, Ivr, FraudOps],
        OwnAccount: [Customer, BusinessAdmin],
    }
    /// Read an account's history.
    ReadActivity {
        Brand: [FraudOps, Auditor],
        OwnAccount: [Customer, BusinessAdmin],
    }
    /// Set an account PIN. Staff never choose or see one.
    SetPin {
        Brand: [PinPad, Ivr],
        OwnAccount: [Customer, BusinessAdmin],
    }
    /// Read whether and since when credentials are set, never a value.
    ReadCredentialStatus {
        Brand: [RetailAgent, RetailManager, CareAgent, FraudOps, Auditor],
        OwnAccount: [Customer, BusinessAdmin],
    }
    /// Ask for a transfer PIN, whose value is shown once to the customer.
    IssueTransferPin {
        OwnAccount: [Customer, BusinessAdmin],
    }
    /// Take a transfer PIN back.
    RevokeTransferPin {
        Brand: [RetailAgent, RetailManager, CareAgent, FraudOps],
        OwnAccount: [Customer, BusinessAdmin],
    }
    /// Take an app key off an account.
    RevokeDevice {
        Brand: [FraudOps],
        OwnAccount: [Customer, BusinessAdmin],
    }
    /// Create accounts and change what is no protection.
    Provision {
        Brand: [Provisioning],
    }
    /// Tell what happened elsewhere. [`super::may_tell`] says who may tell what.
    RecordEvents {
        Brand: [NetworkSignals, Provisioning, FraudOps],
    }
    /// Tell of a breach, and end it with a second person.
    OpenIncident {
        Brand: [FraudOps],
    }
    /// Hold staff, stores, devices, tokens or carriers.
    PlaceHold {
        Brand: [FraudOps],
    }
    /// Lift a hold, with a second person.
    LiftHold {
        Brand: [FraudOps],
    }
    /// Report a SIM change as somebody else's, with a second person.
    ConfirmSwap {
        Brand: [FraudOps],
    }
    /// Separate lines from an account, with a second person.
    SeparateLines {
        Brand: [FraudOps],
    }
    /// See breaches and holds.
    ReadIncidents {
        Brand: [FraudOps, Auditor, Admin],
    }
    /// Want another policy.
    StagePolicy {
        Engine: [FraudOps, Admin],
    }
    /// Agree to a policy that somebody else wants.
    ActivatePolicy {
        Engine: [FraudOps, Admin],
    }
    /// See which policy decides.
    ReadPolicy {
        Engine: [FraudOps, Auditor, Admin],
    }
    /// See which notices were not delivered.
    ListNotices {
        Brand: [FraudOps, Auditor, Admin],
    }
    /// Have notices told again.
    ReplayNotices {
        Brand: [Admin],
    }
    /// Look after the keys that the engine runs with.
    MaintainKeys {
        Engine: [Admin],
    }
    /// See what the archive holds.
    ReadArchive {
        Brand: [Auditor, Admin],
    }
    /// Move old records out of the store, and delete segments whose time is over.
    ManageArchive {
        Brand: [Admin],
    }
    /// Read an account.
    ReadAccount {
        Brand: [Provisioning, FraudOps, Auditor],
        OwnAccount: [Customer, BusinessAdmin],
    }
    /// Read records as they are kept.
    ReadRecords {
        Brand: [FraudOps, Auditor],
    }
    /// Ask for an export of many records, and fetch it once a second person has approved it.
    ExportRecords {
        Brand: [FraudOps, Auditor],
    }
    /// See which export was asked for, and how it stands.
    ReadExport {
        Brand: [FraudOps, Auditor, Admin],
    }
    /// Approve an export that somebody else asked for.
    ApproveExport {
        Brand: [Auditor, Admin],
    }
    /// Verify that records are as they were: shows no record.
    VerifyRecords {
        Brand: [FraudOps, Auditor, Admin],
    }
    /// Write down where every chain stands.
    MakeCheckpoint {
        Brand: [Auditor, Admin],
    }
}

/// A requester whose right `R` was checked.
#[derive(Debug, Clone)]
pub struct Authorised<R> {
    requester: Requester,
    whose: Whose,
    right: PhantomData<R>,
}

/// Checks a right. The only way to an [`Authorised`].
pub fn authorise<R: Right>(requester: Requester) -> Result<Authorised<R>, ServiceError> {
    match R::whose(requester.role) {
        Some(whose) => Ok(Authorised { requester, whose, right: PhantomData }),
        None => Err(ServiceError::Forbidden),
    }
}

impl<R: Right> Authorised<R> {
    /// Who asks.
    pub const fn requester(&self) -> &Requester {
        &self.requester
    }

    /// Whose data the right reaches.
    pub const fn whose(&self) -> Whose {
        self.whose
    }

    /// Whether the right reaches an account of the caller's brand. A customer of another account is told what a customer
    /// of no account is told.
    pub fn reaches(&self, account: &AccountId) -> bool {
        match self.whose {
            Whose::Brand | Whose::OwnRequests => true,
            Whose::OwnAccount => self.requester.account.as_ref() == Some(account),
            Whose::Engine => false,
        }
    }

    /// Refuses accounts that the right does not reach.
    pub fn on_account(&self, account: &AccountId) -> Result<(), ServiceError> {
        if self.reaches(account) { Ok(()) } else { Err(ServiceError::Forbidden) }
    }
}

/// Which actions a role may ask `Decide` about: a porting system asks about ports, nobody else does.
pub const fn may_ask(role: Role, action: Action) -> bool {
    match action {
        Action::PortOut => matches!(role, Role::PortingSystem | Role::Customer | Role::BusinessAdmin),
        Action::SimChange | Action::CallForwardingSet => !matches!(role, Role::PortingSystem | Role::Provisioning),
        // A CRM asks with the approval that the customer's app gave it.
        Action::ContactChange | Action::OwnerChange => !matches!(role, Role::PortingSystem),
        Action::DeviceAdd => matches!(role, Role::Customer | Role::BusinessAdmin),
        Action::TransferPinIssue | Action::LockRelease | Action::PinChange => false,
    }
}

/// Which events a source may tell: each kind has its own, so that no one system tells of everything.
pub const fn may_tell(role: Role, kind: HappeningKind) -> bool {
    match kind {
        HappeningKind::CredentialReset | HappeningKind::ContactChanged | HappeningKind::SimActivated => {
            matches!(role, Role::NetworkSignals | Role::Provisioning)
        }
        HappeningKind::FraudReported => matches!(role, Role::FraudOps),
        HappeningKind::LogInFailed
        | HappeningKind::LogInSucceeded
        | HappeningKind::DeviceProven
        | HappeningKind::ForwardingSet
        | HappeningKind::ThirdPartyPayment
        | HappeningKind::InboundCallStarted
        | HappeningKind::InboundCallEnded
        | HappeningKind::AccountRead
        | HappeningKind::NumberReassigned
        | HappeningKind::SimAttached => matches!(role, Role::NetworkSignals),
    }
}
