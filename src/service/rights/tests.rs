//! The table of rights, compared with what a person wrote down.

use super::table::{RIGHTS, Whose, may_tell};
use crate::domain::{HappeningKind, Role};

/// What a person wrote down by reading the policy, one row a right: roles that reach the brand, roles that reach their
/// own account or requests. Everything else is refused.
const EXPECTED: &[(&str, &[&str], &[&str])] = &[
    (
        "Decide",
        &["porting_system", "retail_agent", "retail_manager", "care_agent", "pin_pad", "ivr", "provisioning"],
        &["customer", "business_admin"],
    ),
    ("BatchDecide", &["porting_system"], &["customer", "business_admin"]),
    (
        "ReadDecision",
        &["fraud_ops", "auditor"],
        &[
            "porting_system",
            "retail_agent",
            "retail_manager",
            "care_agent",
            "pin_pad",
            "ivr",
            "customer",
            "business_admin",
            "provisioning",
        ],
    ),
    (
        "WithdrawDecision",
        &[],
        &[
            "porting_system",
            "retail_agent",
            "retail_manager",
            "care_agent",
            "pin_pad",
            "ivr",
            "customer",
            "business_admin",
            "provisioning",
        ],
    ),
    (
        "CompleteDecision",
        &[],
        &[
            "porting_system",
            "retail_agent",
            "retail_manager",
            "care_agent",
            "pin_pad",
            "ivr",
            "customer",
            "business_admin",
            "provisioning",
        ],
    ),
    (
        "SubmitEvidence",
        &["pin_pad", "ivr", "retail_agent", "retail_manager", "care_agent", "fraud_ops"],
        &["customer", "business_admin"],
    ),
    (
        "SendCode",
        &[],
        &["retail_agent", "retail_manager", "care_agent", "pin_pad", "ivr", "customer", "business_admin"],
    ),
    ("AnswerChallenge", &[], &["customer", "business_admin"]),
    ("DisputeActivity", &[], &["customer", "business_admin"]),
    ("WatchActivity", &[], &["customer", "business_admin"]),
    (
        "WatchDecision",
        &[],
        &[
            "porting_system",
            "retail_agent",
            "retail_manager",
            "care_agent",
            "pin_pad",
            "ivr",
            "customer",
            "business_admin",
            "provisioning",
        ],
    ),
    (
        "RedeemPermit",
        &[],
        &[
            "porting_system",
            "retail_agent",
            "retail_manager",
            "care_agent",
            "pin_pad",
            "ivr",
            "customer",
            "business_admin",
            "provisioning",
        ],
    ),
    (
        "ReportOutcome",
        &["fraud_ops"],
        &[
            "porting_system",
            "retail_agent",
            "retail_manager",
            "care_agent",
            "pin_pad",
            "ivr",
            "customer",
            "business_admin",
            "provisioning",
        ],
    ),
    (
        "ReadProtection",
        &["retail_agent", "retail_manager", "care_agent", "fraud_ops", "auditor"],
        &["customer", "business_admin"],
    ),
    ("SetLock", &["retail_agent", "retail_manager", "care_agent", "ivr", "fraud_ops"], &["customer", "business_admin"]),
    ("SetCarrierLock", &["fraud_ops"], &[]),
    (
        "ReleaseLock",
        &["retail_agent", "retail_manager", "care_agent", "pin_pad", "ivr"],
        &["customer", "business_admin"],
    ),
    (
        "CancelRelease",
        &["retail_agent", "retail_manager", "care_agent", "ivr", "fraud_ops"],
        &["customer", "business_admin"],
    ),
    (
        "CancelByCode",
        &["retail_agent", "retail_manager", "care_agent", "pin_pad", "ivr", "fraud_ops"],
        &["customer", "business_admin"],
    ),
    ("ReadActivity", &["fraud_ops", "auditor"], &["customer", "business_admin"]),
    ("SetPin", &["pin_pad", "ivr"], &["customer", "business_admin"]),
    (
        "ReadCredentialStatus",
        &["retail_agent", "retail_manager", "care_agent", "fraud_ops", "auditor"],
        &["customer", "business_admin"],
    ),
    ("IssueTransferPin", &[], &["customer", "business_admin"]),
    (
        "RevokeTransferPin",
        &["retail_agent", "retail_manager", "care_agent", "fraud_ops"],
        &["customer", "business_admin"],
    ),
    ("RevokeDevice", &["fraud_ops"], &["customer", "business_admin"]),
    ("Provision", &["provisioning"], &[]),
    ("RecordEvents", &["network_signals", "provisioning", "fraud_ops"], &[]),
    ("OpenIncident", &["fraud_ops"], &[]),
    ("PlaceHold", &["fraud_ops"], &[]),
    ("LiftHold", &["fraud_ops"], &[]),
    ("ConfirmSwap", &["fraud_ops"], &[]),
    ("SeparateLines", &["fraud_ops"], &[]),
    ("ReadIncidents", &["fraud_ops", "auditor", "admin"], &[]),
    ("StagePolicy", &[], &[]),
    ("ActivatePolicy", &[], &[]),
    ("ReadPolicy", &[], &[]),
    ("ListNotices", &["fraud_ops", "auditor", "admin"], &[]),
    ("ReplayNotices", &["admin"], &[]),
    ("MaintainKeys", &[], &[]),
    ("ReadArchive", &["auditor", "admin"], &[]),
    ("ManageArchive", &["admin"], &[]),
    ("ReadAccount", &["provisioning", "fraud_ops", "auditor"], &["customer", "business_admin"]),
    ("ReadRecords", &["fraud_ops", "auditor"], &[]),
    ("ExportRecords", &["fraud_ops", "auditor"], &[]),
    ("ReadExport", &["fraud_ops", "auditor", "admin"], &[]),
    ("ApproveExport", &["auditor", "admin"], &[]),
    ("VerifyRecords", &["fraud_ops", "auditor", "admin"], &[]),
    ("MakeCheckpoint", &["auditor", "admin"], &[]),
];

#[test]
fn every_right_of_every_role_is_as_written_down() {
    assert_eq!(RIGHTS.len(), EXPECTED.len());
    for ((name, whose), (expected_name, brand, own)) in RIGHTS.iter().zip(EXPECTED) {
        assert_eq!(name, expected_name);
        for (role_name, role) in Role::NAMED {
            let expected = (brand.contains(&role_name), own.contains(&role_name));
            let got = whose(role);
            let told = (got == Some(Whose::Brand), matches!(got, Some(Whose::OwnAccount | Whose::OwnRequests)));
            assert_eq!(told, expected, "{name} for {role_name}");
            let of_engine = match *name {
                "MaintainKeys" => role_name == "admin",
                "StagePolicy" | "ActivatePolicy" => ["fraud_ops", "admin"].contains(&role_name),
                "ReadPolicy" => ["fraud_ops", "auditor", "admin"].contains(&role_name),
                _ => false,
            };
            assert_eq!(got == Some(Whose::Engine), of_engine, "{name} for {role_name}");
        }
    }
}

/// What a person wrote down: for each kind of event the sources that tell it.
const SOURCES: [(&str, &[&str]); 14] = [
    ("LOG_IN_FAILED", &["network_signals"]),
    ("LOG_IN_SUCCEEDED", &["network_signals"]),
    ("CREDENTIAL_RESET", &["network_signals", "provisioning"]),
    ("CONTACT_CHANGED", &["network_signals", "provisioning"]),
    ("DEVICE_PROVEN", &["network_signals"]),
    ("SIM_ACTIVATED", &["network_signals", "provisioning"]),
    ("FORWARDING_SET", &["network_signals"]),
    ("THIRD_PARTY_PAYMENT", &["network_signals"]),
    ("INBOUND_CALL_STARTED", &["network_signals"]),
    ("INBOUND_CALL_ENDED", &["network_signals"]),
    ("ACCOUNT_READ", &["network_signals"]),
    ("NUMBER_REASSIGNED", &["network_signals"]),
    ("FRAUD_REPORTED", &["fraud_ops"]),
    ("SIM_ATTACHED", &["network_signals"]),
];

#[test]
fn every_source_tells_what_is_written_down_and_nothing_else() {
    assert_eq!(HappeningKind::ALL.len(), SOURCES.len());
    for (kind, (name, sources)) in HappeningKind::ALL.iter().zip(SOURCES) {
        assert_eq!(kind.name(), name);
        for (role_name, role) in Role::NAMED {
            assert_eq!(may_tell(role, *kind), sources.contains(&role_name), "{name} by {role_name}");
        }
    }
}
