//! Which lane a method goes by.

/// The lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// What turns protection up, and what uses permits or gives them back.
    Protective,
    /// Everything else of the contract.
    Ordinary,
    /// Health and reflection: never refused.
    Open,
}

/// What the paths of the contract's methods begin with.
const CONTRACT: &str = "/portcullis.v1.";

/// Methods whose counters have no name of their own.
const OTHER: &str = "other";

/// The method of a path, as counters name it, and its lane.
pub(super) fn of_path(path: &str) -> (&'static str, Lane) {
    match path.strip_prefix(CONTRACT) {
        Some(rest) => of_method(rest.split_once('/').map_or("", |(_, method)| method)),
        None => (OTHER, Lane::Open),
    }
}

/// The same of a method's name. What a later contract adds goes by the ordinary lane.
pub(super) fn of_method(method: &str) -> (&'static str, Lane) {
    let found = METHODS.iter().find(|(name, _)| *name == method);
    found.copied().unwrap_or((OTHER, Lane::Ordinary))
}

/// Decisions first: they are asked most.
const METHODS: &[(&str, Lane)] = &[
    ("Decide", Lane::Ordinary),
    ("SetLock", Lane::Protective),
    ("RedeemPermit", Lane::Protective),
    ("CancelRelease", Lane::Protective),
    ("RevokeTransferPin", Lane::Protective),
    ("RevokeDevice", Lane::Protective),
    ("DeclineChallenge", Lane::Protective),
    ("CompleteDecision", Lane::Ordinary),
    ("WatchDecision", Lane::Ordinary),
    ("SubmitEvidence", Lane::Ordinary),
    ("SubmitEvidenceAhead", Lane::Ordinary),
    ("SendCode", Lane::Ordinary),
    ("ListPendingChallenges", Lane::Ordinary),
    ("WithdrawDecision", Lane::Protective),
    ("BatchDecide", Lane::Ordinary),
    ("GetDecision", Lane::Ordinary),
    ("ReportOutcome", Lane::Ordinary),
    ("GetProtection", Lane::Ordinary),
    ("ReleaseLock", Lane::Ordinary),
    ("ListActivity", Lane::Ordinary),
    ("DisputeActivity", Lane::Protective),
    ("CancelByCode", Lane::Protective),
    ("ReportSwap", Lane::Ordinary),
    ("ConfirmSwap", Lane::Protective),
    ("WatchActivity", Lane::Ordinary),
    ("SetPin", Lane::Ordinary),
    ("GetCredentialStatus", Lane::Ordinary),
    ("IssueTransferPin", Lane::Ordinary),
    ("UpsertAccount", Lane::Ordinary),
    ("ImportAccounts", Lane::Ordinary),
    ("GetAccount", Lane::Ordinary),
    ("MoveLine", Lane::Ordinary),
    ("RecordEvents", Lane::Ordinary),
    ("OpenIncident", Lane::Protective),
    ("PlaceHold", Lane::Protective),
    ("EndIncident", Lane::Ordinary),
    ("LiftHold", Lane::Ordinary),
    ("ListIncidents", Lane::Ordinary),
    ("ListHolds", Lane::Ordinary),
    ("ProposeSeparation", Lane::Ordinary),
    ("AgreeToSeparation", Lane::Ordinary),
    ("EndSeparation", Lane::Protective),
    ("GetPolicy", Lane::Ordinary),
    ("StagePolicy", Lane::Ordinary),
    ("ActivatePolicy", Lane::Ordinary),
    ("ListNotices", Lane::Ordinary),
    ("ReplayNotices", Lane::Ordinary),
    ("ListKeys", Lane::Ordinary),
    ("CountKeyUses", Lane::Ordinary),
    ("Reseal", Lane::Ordinary),
    ("RetireKey", Lane::Ordinary),
    ("ListRecords", Lane::Ordinary),
    ("WatchRecords", Lane::Ordinary),
    ("VerifyChain", Lane::Ordinary),
    ("MakeCheckpoint", Lane::Ordinary),
    ("RequestExport", Lane::Ordinary),
    ("GetExport", Lane::Ordinary),
    ("ApproveExport", Lane::Ordinary),
    ("ExportRecords", Lane::Ordinary),
    ("ArchiveRecords", Lane::Ordinary),
    ("ListSegments", Lane::Ordinary),
    ("DeleteSegment", Lane::Ordinary),
];

#[cfg(test)]
mod tests {
    use super::{Lane, METHODS, of_path};
    use crate::grpc::pb::v1::DESCRIPTOR_SET;

    /// A method that is added to the contract must be given a lane here, by somebody who has thought about it.
    #[test]
    fn every_method_of_the_contract_has_a_lane() {
        let pool = prost_reflect::DescriptorPool::decode(DESCRIPTOR_SET).unwrap();
        let mut served = Vec::new();
        for service in pool.services().filter(|service| service.full_name().starts_with("portcullis.v1.")) {
            for method in service.methods() {
                let path = format!("/{}/{}", service.full_name(), method.name());
                assert_eq!(of_path(&path).0, method.name(), "`{path}` is not in the table");
                served.push(method.name().to_owned());
            }
        }
        let gone: Vec<_> = METHODS.iter().filter(|(name, _)| !served.contains(&(*name).to_owned())).collect();
        assert!(gone.is_empty(), "{gone:?} are not served");
    }

    #[test]
    fn what_protects_has_a_lane_of_its_own_and_health_none() {
        assert_eq!(of_path("/portcullis.v1.ProtectionService/SetLock"), ("SetLock", Lane::Protective));
        assert_eq!(of_path("/portcullis.v1.DecisionService/Decide"), ("Decide", Lane::Ordinary));
        assert_eq!(of_path("/portcullis.v1.DecisionService/Invent"), ("other", Lane::Ordinary));
        assert_eq!(of_path("/grpc.health.v1.Health/Check").1, Lane::Open);
    }
}
