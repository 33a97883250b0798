//! The contract's closed sets, as words of the command line.

use clap::ValueEnum;

use crate::grpc::pb::v1 as pb;

/// A closed set as words, each the contract's own name in lower case.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident: $wire:path { $($(#[$word_doc:meta])* $word:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
        pub(crate) enum $name { $($(#[$word_doc])* $word),+ }

        impl From<$name> for $wire {
            fn from(name: $name) -> Self {
                match name { $($name::$word => Self::$word),+ }
            }
        }

        impl From<$name> for i32 {
            fn from(name: $name) -> Self {
                <$wire>::from(name) as i32
            }
        }
    };
}

words! {
    /// Through what it is asked.
    ChannelName: pb::Channel {
        /// A store, staff present
        Store,
        /// Care: telephone or chat, staff present
        Care,
        /// A voice system, no staff
        Ivr,
        /// The carrier's web pages
        Web,
        /// The carrier's app
        App,
        /// A port request from another carrier
        Port,
        /// A batch of a business customer
        Batch,
        /// A wholesaler's hook
        Wholesale,
    }
}

words! {
    /// What a lock covers.
    LockName: pb::LockSet {
        /// Port-outs and transfer PINs
        Port,
        /// SIM changes
        Sim,
        /// Every change but the release of a lock
        All,
    }
}

words! {
    /// Whose lock.
    HolderName: pb::LockHolder {
        /// The customer's
        Customer,
        /// The carrier's
        Carrier,
    }
}

words! {
    /// Why a SIM is changed.
    CauseName: pb::SimChangeCause {
        /// A new device is bought
        Upgrade,
        /// The phone is lost
        Lost,
        /// The phone is stolen
        Stolen,
        /// The SIM is damaged, the phone works
        Damaged,
        /// Back to the SIM before
        Revert,
        /// A further SIM beside the present one
        SecondSim,
        /// The phone is broken
        Broken,
    }
}

words! {
    /// How a new SIM gets to the customer.
    DeliveryName: pb::SimDelivery {
        /// The customer has it, or gets it where they ask
        InHand,
        /// It is sent to the postal address on record
        Shipped,
    }
}

words! {
    /// What a person is on an account.
    PersonRoleName: pb::PersonRole {
        /// The account's holder
        Owner,
        /// May turn protection on
        AuthorisedUser,
        /// Carries a line and pays for none
        LineUser,
    }
}

words! {
    /// A fact that proves nothing.
    WorthlessName: pb::WorthlessFact {
        /// Date of birth
        BirthDate,
        /// Digits of a social security or tax number
        NationalId,
        /// Digits of a payment card
        Card,
        /// A bill or a recent payment
        Payment,
        /// Calls made or received
        CallLog,
        /// The number of a handset
        Imei,
        /// The number of a SIM
        Iccid,
        /// The answer to a security question
        SecurityAnswer,
    }
}

words! {
    /// What became of a decision.
    ReportName: pb::ReportedOutcome {
        /// The change was made
        Executed,
        /// The change was tried and failed
        Failed,
        /// The customer, or the other carrier, gave up
        Abandoned,
        /// It turned out to be fraud
        Fraud,
        /// It turned out to be genuine
        Genuine,
    }
}

words! {
    /// What was decided.
    OutcomeName: pb::Outcome {
        /// Approved
        Approve,
        /// More proof was needed
        Challenge,
        /// Denied
        Deny,
    }
}

words! {
    /// What a record is about.
    KindName: pb::RecordKind {
        /// A decision
        Decided,
        /// A lock turned on
        LockSet,
        /// A release cancelled
        ReleaseCancelled,
        /// A release that took effect, or a lock on again
        LockStepped,
        /// A permit used
        PermitRedeemed,
        /// A decision given back
        DecisionWithdrawn,
        /// What became of a change
        OutcomeReported,
        /// Proof given for a challenge
        EvidenceGiven,
        /// A no to a challenge, or to an approval
        ChallengeDeclined,
        /// A code sent for a challenge
        CodeSent,
        /// A transfer PIN taken back
        TransferPinRevoked,
        /// A look at an account
        Read,
        /// An account created
        AccountCreated,
        /// An account changed by provisioning
        AccountChanged,
        /// A line that came
        LineAdded,
        /// A line that left or ended
        LineEnded,
        /// Records of many accounts read
        RecordsRead,
        /// A checkpoint
        CheckpointMade,
        /// An export asked for
        ExportAsked,
        /// An export approved
        ExportApproved,
        /// An export begun to be handed over
        ExportBegun,
        /// An export handed over whole
        ExportDone,
        /// Something to look at
        Alerted,
        /// A segment's records went to the archive
        SegmentArchived,
        /// A segment was deleted
        SegmentDeleted,
        /// A hold was placed, or is being lifted
        HoldChanged,
        /// An incident was opened, or is being ended
        IncidentChanged,
        /// The policy changed, or is to
        PolicyChanged,
        /// Something that an outside source told
        EventRecorded,
        /// Many log-ins failed
        LogInsFailed,
        /// Lines are being separated from an account, or were
        SeparationChanged,
        /// The customer said that something was not them
        ActivityDisputed,
        /// A new device waits to be known
        DeviceWaits,
        /// A new device was removed
        DeviceRemoved,
        /// A SIM change is said to be somebody else's
        RecoveryChanged,
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::{CauseName, ChannelName, KindName, OutcomeName, PersonRoleName, WorthlessName};
    use crate::grpc::pb::v1 as pb;

    /// Every word, with the contract's name of what it becomes.
    fn words<T: clap::ValueEnum + Into<i32> + Copy>(prefix: &str, name: impl Fn(i32) -> Option<&'static str>) {
        let mut seen = Vec::new();
        for word in T::value_variants() {
            let text = word.to_possible_value().unwrap().get_name().replace('-', "_").to_uppercase();
            assert_eq!(name((*word).into()), Some(format!("{prefix}{text}").as_str()));
            seen.push((*word).into());
        }
        let unsaid = (1..1_000).find(|number| name(*number).is_some() && !seen.contains(number));
        assert_eq!(unsaid, None, "the contract knows more of {prefix}");
    }

    #[test]
    fn every_value_of_the_contract_has_its_word() {
        words::<ChannelName>("CHANNEL_", |n| pb::Channel::try_from(n).ok().map(|v| v.as_str_name()));
        words::<CauseName>("SIM_CHANGE_CAUSE_", |n| pb::SimChangeCause::try_from(n).ok().map(|v| v.as_str_name()));
        words::<PersonRoleName>("PERSON_ROLE_", |n| pb::PersonRole::try_from(n).ok().map(|v| v.as_str_name()));
        words::<WorthlessName>("WORTHLESS_FACT_", |n| pb::WorthlessFact::try_from(n).ok().map(|v| v.as_str_name()));
        words::<OutcomeName>("OUTCOME_", |n| pb::Outcome::try_from(n).ok().map(|v| v.as_str_name()));
        // The one that no filter finds has no word.
        let kinds = |n| pb::RecordKind::try_from(n).ok().filter(|kind| *kind != pb::RecordKind::Unreadable);
        words::<KindName>("RECORD_KIND_", |n| kinds(n).map(|v| v.as_str_name()));
        assert_eq!(CauseName::value_variants().len(), 7);
    }
}
