//! What the fields of those who look after the whole must refuse: the fraud desk, operators, auditors.

use crate::table::Bad::{self, Int, Long, Many, Missing, Text};
use crate::table::{
    ANY, CONSISTENCY, DOCUMENTS, E164, EMAILS, ENUMS, HELD_NAMES, IDS, MESSAGE, OPTIONAL_IDS, OPTIONAL_MESSAGE,
    REQUIRED_REFERENCES, REQUIRED_TIMES, UUIDS,
};

/// Every field that a request of theirs can hold.
pub(crate) const FIELDS_OF_DESKS: &[(&str, &[Bad])] = &[
    ("ProposeSeparationRequest.request_id", UUIDS),
    ("ProposeSeparationRequest.lines", &[Missing, Many(17)]),
    ("ProposeSeparationRequest.contact", MESSAGE),
    ("ProposeSeparationRequest.document_reference", DOCUMENTS),
    ("SeparationContact.email", EMAILS),
    ("SeparationContact.sms", E164),
    ("SeparationContact.voice", E164),
    ("AgreeToSeparationRequest.request_id", UUIDS),
    ("AgreeToSeparationRequest.separation_id", IDS),
    ("AgreeToSeparationRequest.document_reference", DOCUMENTS),
    ("EndSeparationRequest.request_id", UUIDS),
    ("EndSeparationRequest.separation_id", IDS),
    ("OpenIncidentRequest.opening", MESSAGE),
    ("OpenIncidentRequest.accounts", MESSAGE),
    ("OpenIncidentRequest.end", MESSAGE),
    ("IncidentOpening.request_id", UUIDS),
    ("IncidentOpening.cohort", ENUMS),
    ("IncidentOpening.cut_off_time", REQUIRED_TIMES),
    ("IncidentOpening.reason", REQUIRED_REFERENCES),
    ("AccountList.account_ids", &[Text("canary id"), Long(65), Many(10_001)]),
    ("IncidentEnd.account_count", &[Int(-1), Int(i32::MIN as i64)]),
    ("EndIncidentRequest.request_id", UUIDS),
    ("EndIncidentRequest.incident_id", UUIDS),
    ("EndIncidentRequest.reason", REQUIRED_REFERENCES),
    ("ListIncidentsRequest.include_ended", ANY),
    ("ListIncidentsRequest.page_size", &[Int(-1), Int(i32::MIN as i64)]),
    ("ListIncidentsRequest.page_token", CONSISTENCY),
    ("PlaceHoldRequest.request_id", UUIDS),
    ("PlaceHoldRequest.kind", ENUMS),
    ("PlaceHoldRequest.name", HELD_NAMES),
    ("PlaceHoldRequest.reason", REQUIRED_REFERENCES),
    ("LiftHoldRequest.request_id", UUIDS),
    ("LiftHoldRequest.kind", ENUMS),
    ("LiftHoldRequest.name", HELD_NAMES),
    ("LiftHoldRequest.reason", REQUIRED_REFERENCES),
    ("ListHoldsRequest.include_lifted", ANY),
    ("ListHoldsRequest.page_size", &[Int(-1), Int(i32::MIN as i64)]),
    ("ListHoldsRequest.page_token", CONSISTENCY),
    // policy_service.proto
    ("StagePolicyRequest.request_id", UUIDS),
    (
        "StagePolicyRequest.policy_text",
        &[Missing, Text("canary = 1"), Text("[[rule]]\nid = \"canary rule\""), Long(98_305)],
    ),
    ("StagePolicyRequest.reason", REQUIRED_REFERENCES),
    ("StagePolicyRequest.goes_back", ANY),
    ("ActivatePolicyRequest.request_id", UUIDS),
    ("ActivatePolicyRequest.policy_revision", &[Missing, Text("canary"), Text("+a"), Long(63), Long(66)]),
    // notice_service.proto
    ("ReplayNoticesRequest.request_id", UUIDS),
    ("ReplayNoticesRequest.record_ids", UUIDS),
    // export_service.proto
    ("RequestExportRequest.filter", OPTIONAL_MESSAGE),
    ("RequestExportRequest.account_id", OPTIONAL_IDS),
    ("GetExportRequest.export_id", UUIDS),
    ("ApproveExportRequest.export_id", UUIDS),
    ("ExportRecordsRequest.export_id", UUIDS),
];
