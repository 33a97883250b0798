//! What each field must refuse.

/// Something that a field must refuse.
#[derive(Debug)]
pub(crate) enum Bad {
    /// The field is not there. The refusal names the oneof, where the field is in one.
    Missing,
    /// This text.
    Text(&'static str),
    /// So many digits.
    Long(usize),
    /// This number of an enum.
    Enum(i32),
    /// This whole number.
    Int(i64),
    /// A flag that must not be false.
    False,
    /// So many bytes.
    Bytes(usize),
    /// This instant or length of time: seconds, nanoseconds.
    Time(i64, i32),
    /// The first element again at the end. The refusal names what repeats: this, after the element.
    Twice(&'static str),
    /// The first element so many times.
    Many(usize),
}

use crate::table_of_desks::FIELDS_OF_DESKS;
use Bad::{Bytes, Enum, False, Int, Long, Many, Missing, Text, Time, Twice};

/// The bad values of one field. Panics for a field that the table does not know: nobody has thought about it.
pub(crate) fn bad_values(field: &str) -> &'static [Bad] {
    match FIELDS.iter().chain(FIELDS_OF_DESKS).find(|(name, _)| *name == field) {
        Some((_, bad)) => bad,
        None => panic!("{field} has no entry in the table of bad values"),
    }
}

/// Any value of its type is good: a flag, or a text that is kept as it is.
pub(crate) const ANY: &[Bad] = &[];

pub(crate) const UUIDS: &[Bad] = &[
    Missing,
    Text("4f9c-canary"),
    Text("00000000-0000-0000-0000-000000000000"),
    Text("0190d4f07c3e7a529a630d1f3c5e7b91"),
    Long(36),
];
const OPTIONAL_UUIDS: &[Bad] = &[Text("4f9c-canary"), Text("00000000-0000-0000-0000-000000000000"), Long(36)];
pub(crate) const IDS: &[Bad] = &[Missing, Text("canary id"), Text("canary/../id"), Text("canary\u{e9}"), Long(65)];
pub(crate) const OPTIONAL_IDS: &[Bad] = &[Text("canary id"), Text("canary\n"), Long(65)];
const ID_IN_ONEOF: &[Bad] = &[Missing, Text(""), Text("canary id"), Long(65)];
const UUID_IN_ONEOF: &[Bad] =
    &[Missing, Text(""), Text("4f9c-canary"), Text("00000000-0000-0000-0000-000000000000"), Long(36)];
const REFERENCES: &[Bad] = &[Text("canary\u{7}"), Text("canary\nline"), Long(129)];
const BRANDS: &[Bad] = &[Text("canary brand"), Text("canary/brand"), Long(33)];
pub(crate) const HELD_NAMES: &[Bad] = &[Missing, Text("canary\u{7}"), Text("canary\nname"), Long(161)];
pub(crate) const E164: &[Bad] = &[
    Missing,
    Text(""),
    Text("2125550123"),
    Text("12125550123"),
    Text("+1 212 555 0123"),
    Text("+1-212-555-0123"),
    Text("tel:+12125550123"),
    Text("+112125550123"),
    Text("+12115550123"),
    Text("+18005550123"),
    Text("+1234"),
    Text("+1234567890123456"),
    Text("+\u{ff11}2125550123"),
    Text(" +12125550123"),
];
const ICCIDS: &[Bad] = &[
    Text("8901260123456789013"),
    Text("7701260123456789011"),
    Text("890126012345678901"),
    Text("8901260123456789O11"),
    Long(21),
];
pub(crate) const ICCID_IN_ONEOF: &[Bad] =
    &[Missing, Text(""), Text("8901260123456789013"), Text("89-canary"), Long(21)];
const EIDS: &[Bad] = &[Text("89049032123451234512345678901236"), Text("8904903212345123451234567890123"), Long(33)];
pub(crate) const EID_IN_ONEOF: &[Bad] = &[Missing, Text(""), Text("89049032123451234512345678901236"), Long(33)];
const IMEIS: &[Bad] = &[Text("490154203237517"), Text("49015420323751"), Text("49015420323751X"), Long(17)];
const ADDRESSES: &[Bad] = &[Text("canary"), Text("192.0.2.300"), Text("192.0.2.1:443"), Text("192.0.2.0/24")];
pub(crate) const REQUIRED_REFERENCES: &[Bad] = &[Missing, Text("canary\u{7}"), Text("canary\nline"), Long(129)];
const SPIDS: &[Bad] = &[Text("canary"), Text("65-9"), Text("652"), Text("65\u{e9}9"), Long(5)];
const REQUIRED_SPIDS: &[Bad] = &[Missing, Text("canary"), Text("65-9"), Text("652"), Long(5)];
const ACCOUNT_NUMBERS: &[Bad] = &[Text("canary-0012"), Text("canary 0012"), Long(33)];
const POSTAL_CODES: &[Bad] = &[Text("12"), Text("canary_1"), Text("12345678901")];
const NAMES: &[Bad] = &[Text("canary\u{0}name"), Long(121)];
pub(crate) const EMAILS: &[Bad] = &[
    Missing,
    Text(""),
    Text("canary"),
    Text("canary@"),
    Text("@canary.example"),
    Text("can ary@example.com"),
    Long(255),
];
const KEYS: &[Bad] = &[
    Missing,
    Text("canary"),
    Text(r#"{"kty":"OKP","crv":"Ed25519","x":"AAAA"}"#),
    Text(
        r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}"#,
    ),
    Text(r#"{"kty":"oct","k":"canary"}"#),
    Long(2_000),
];
pub(crate) const ENUMS: &[Bad] = &[Missing, Enum(0), Enum(99), Enum(-1)];
const OPTIONAL_ENUMS: &[Bad] = &[Enum(99), Enum(-1)];
const TIMES: &[Bad] =
    &[Time(0, 0), Time(-1, 0), Time(253_402_300_800, 0), Time(1_790_000_000, -1), Time(1_790_000_000, 1_000_000_000)];
pub(crate) const REQUIRED_TIMES: &[Bad] = &[Missing, Time(0, 0), Time(253_402_300_800, 0), Time(1_790_000_000, -1)];
/// Also 2090: after any request of these tests.
const PAST_TIMES: &[Bad] = &[Time(0, 0), Time(3_786_912_000, 0), Time(1_790_000_000, -1)];
const REQUIRED_PAST_TIMES: &[Bad] = &[Missing, Time(0, 0), Time(3_786_912_000, 0)];
pub(crate) const CONSISTENCY: &[Bad] = &[Text("canary!"), Text("Y2FuYXJ5"), Long(400)];
const PERMITS: &[Bad] = &[Missing, Text("canary permit"), Text("canary\n"), Long(1_025)];
pub(crate) const MESSAGE: &[Bad] = &[Missing];
const DOCUMENTS: &[Bad] = &[Missing, Text(""), Text("two words"), Text("\u{e9}"), Long(129)];
const SEPARATIONS: &[Bad] =
    &[Text("canary"), Text("canary-1.000102030405060708090a0b0c0d0e0f"), Text("separated-canary.00010203"), Long(81)];
pub(crate) const OPTIONAL_MESSAGE: &[Bad] = ANY;
pub(crate) const EVIDENCE: &[Bad] = &[Many(9)];
pub(crate) const SIGNALS: &[Bad] = &[Many(17), Twice(".name")];

/// Every field that a request can hold.
pub(crate) const FIELDS: &[(&str, &[Bad])] = &[
    // types.proto
    ("LineRef.msisdn", E164),
    ("LineRef.line_id", ID_IN_ONEOF),
    ("LineRef.brand", BRANDS),
    ("LineRef.separation_reference", SEPARATIONS),
    ("Change.sim_change", MESSAGE),
    ("Change.port_out", MESSAGE),
    ("Change.contact_change", MESSAGE),
    ("Change.call_forwarding_set", MESSAGE),
    ("Change.owner_change", MESSAGE),
    ("Change.device_add", MESSAGE),
    ("SimChange.iccid", ICCID_IN_ONEOF),
    ("SimChange.eid", EID_IN_ONEOF),
    ("SimChange.imei", IMEIS),
    ("SimChange.cause", ENUMS),
    ("SimChange.old_iccid", ICCIDS),
    ("SimChange.delivery", OPTIONAL_ENUMS),
    ("PortOut.gaining_spid", REQUIRED_SPIDS),
    ("PortOut.gaining_name", REFERENCES),
    ("PortOut.pon", &[Missing, Text("canary pon"), Text("canary/1"), Long(26)]),
    ("PortOut.dealer_id", OPTIONAL_IDS),
    ("ContactChange.contact_id", IDS),
    ("ContactChange.email", EMAILS),
    ("ContactChange.sms", E164),
    ("ContactChange.voice", E164),
    ("ContactChange.remove", &[Missing, False]),
    ("ContactChange.postal_code", POSTAL_CODES),
    ("CallForwarding.target_msisdn", E164),
    ("OwnerChange.person", MESSAGE),
    ("OwnerChange.to_account_id", ID_IN_ONEOF),
    ("OwnerChange.close", &[Missing, False]),
    ("PersonRoleChange.person_id", IDS),
    ("PersonRoleChange.role", ENUMS),
    ("DeviceAdd.public_key_jwk", KEYS),
    ("DeviceAdd.model", REFERENCES),
    ("Interaction.channel", ENUMS),
    ("Interaction.interaction_id", REFERENCES),
    ("Interaction.store_id", OPTIONAL_IDS),
    ("Interaction.device_id", OPTIONAL_IDS),
    ("Interaction.rep_id", REFERENCES),
    ("Interaction.client_address", ADDRESSES),
    ("Claims.account_number", ACCOUNT_NUMBERS),
    ("Claims.postal_code", POSTAL_CODES),
    ("Claims.holder_name", NAMES),
    ("Claims.worthless", &[Enum(0), Enum(99), Twice("")]),
    (
        "Evidence.account_pin",
        &[
            Missing,
            Text(""),
            Text("123"),
            Text("73x915canary"),
            Text("7391 5"),
            Text("\u{0661}\u{0662}\u{0663}\u{0664}"),
            Long(16),
        ],
    ),
    ("Evidence.transfer_pin", &[Missing, Text(""), Text("73915"), Text("7391502"), Text("73915x"), Long(16)]),
    ("Evidence.app_approval", MESSAGE),
    ("Evidence.one_time_code", &[Missing, Text(""), Text("73915"), Text("7391502"), Text("73915x"), Long(16)]),
    ("Evidence.document_scan", MESSAGE),
    ("Evidence.second_person", MESSAGE),
    ("Evidence.evidence_handle", UUID_IN_ONEOF),
    ("SecondPerson.holder_name", &[Missing, Text(""), Text("a\u{7}b"), Long(121)]),
    ("SecondPerson.msisdn", E164),
    ("DocumentScan.reference", DOCUMENTS),
    ("DocumentScan.holder_name", &[Missing, Text(""), Text("a\u{7}b"), Long(121)]),
    ("AppApproval.device_key_id", IDS),
    ("AppApproval.signature", &[Missing, Bytes(63), Bytes(65)]),
    ("Signal.name", &[Missing, Text("canary"), Text("DEVICE_SALE")]),
    ("Signal.flag", MESSAGE),
    ("Signal.number", &[Missing, Int(-1), Int(25_001), Int(i64::MAX)]),
    ("Signal.duration", &[Missing, Time(-1, 0), Time(86_401, 0), Time(1, -1), Time(i64::MAX, 0)]),
    ("Signal.source", REFERENCES),
    ("Signal.observe_time", TIMES),
    // decision_service.proto
    ("DecideRequest.request_id", UUIDS),
    ("DecideRequest.line", MESSAGE),
    ("DecideRequest.change", MESSAGE),
    ("DecideRequest.mode", ENUMS),
    ("DecideRequest.interaction", MESSAGE),
    ("DecideRequest.claims", OPTIONAL_MESSAGE),
    ("DecideRequest.evidence", EVIDENCE),
    ("DecideRequest.signals", SIGNALS),
    ("DecideRequest.dialect", &[Text("canary"), Text("WICIS"), Text("lsr")]),
    ("DecideRequest.plan_time", TIMES),
    ("DecideRequest.external_reference", REFERENCES),
    ("DecideRequest.supersedes_decision_id", OPTIONAL_UUIDS),
    ("DecideRequest.consistency_token", CONSISTENCY),
    ("DecideRequest.want_signed_permit", ANY),
    ("BatchDecideRequest.common", MESSAGE),
    ("BatchDecideRequest.lines", &[Missing, Many(101), Twice("")]),
    ("GetDecisionRequest.decision_id", UUIDS),
    ("GetDecisionRequest.consistency_token", CONSISTENCY),
    ("CompleteDecisionRequest.request_id", UUIDS),
    ("CompleteDecisionRequest.challenge_id", UUIDS),
    ("CompleteDecisionRequest.evidence", EVIDENCE),
    ("CompleteDecisionRequest.interaction", MESSAGE),
    ("CompleteDecisionRequest.claims", OPTIONAL_MESSAGE),
    ("CompleteDecisionRequest.signals", SIGNALS),
    ("CompleteDecisionRequest.dialect", &[Text("canary"), Text("WICIS"), Text("lsr")]),
    ("CompleteDecisionRequest.plan_time", TIMES),
    ("CompleteDecisionRequest.consistency_token", CONSISTENCY),
    ("CompleteDecisionRequest.want_signed_permit", ANY),
    ("WatchDecisionRequest.decision_id", UUIDS),
    ("WatchDecisionRequest.consistency_token", CONSISTENCY),
    // challenge_service.proto
    ("SubmitEvidenceRequest.request_id", UUIDS),
    ("SubmitEvidenceRequest.challenge_id", UUIDS),
    ("SubmitEvidenceRequest.evidence", &[Missing, Many(9)]),
    ("SubmitEvidenceRequest.interaction", MESSAGE),
    ("SubmitEvidenceAheadRequest.request_id", UUIDS),
    ("SubmitEvidenceAheadRequest.line", MESSAGE),
    ("SubmitEvidenceAheadRequest.change", MESSAGE),
    ("SubmitEvidenceAheadRequest.evidence", &[Missing, Many(9)]),
    ("SubmitEvidenceAheadRequest.interaction", MESSAGE),
    ("SendCodeRequest.request_id", UUIDS),
    ("SendCodeRequest.challenge_id", UUIDS),
    ("SendCodeRequest.contact_id", OPTIONAL_IDS),
    ("SendCodeRequest.interaction", MESSAGE),
    ("ListPendingChallengesRequest.account_id", IDS),
    ("ListPendingChallengesRequest.page_size", &[Int(-1), Int(i32::MIN as i64)]),
    ("ListPendingChallengesRequest.page_token", CONSISTENCY),
    ("DeclineChallengeRequest.request_id", UUIDS),
    ("DeclineChallengeRequest.challenge_id", UUID_IN_ONEOF),
    ("DeclineChallengeRequest.decision_id", UUID_IN_ONEOF),
    ("DeclineChallengeRequest.not_me", ANY),
    ("DeclineChallengeRequest.interaction", MESSAGE),
    // decision_service.proto
    ("WithdrawDecisionRequest.request_id", UUIDS),
    ("WithdrawDecisionRequest.decision_id", UUIDS),
    ("WithdrawDecisionRequest.cause", REFERENCES),
    ("RedeemPermitRequest.request_id", UUIDS),
    ("RedeemPermitRequest.permit", PERMITS),
    ("RedeemPermitRequest.line", MESSAGE),
    ("RedeemPermitRequest.change", MESSAGE),
    ("ReportOutcomeRequest.request_id", UUIDS),
    ("ReportOutcomeRequest.decision_id", UUIDS),
    ("ReportOutcomeRequest.outcome", ENUMS),
    ("ReportOutcomeRequest.occur_time", REQUIRED_TIMES),
    ("ReportOutcomeRequest.note", REFERENCES),
    // protection_service.proto
    ("GetProtectionRequest.line", MESSAGE),
    ("GetProtectionRequest.account_id", ID_IN_ONEOF),
    ("GetProtectionRequest.consistency_token", CONSISTENCY),
    ("SetLockRequest.request_id", UUIDS),
    ("SetLockRequest.line", MESSAGE),
    ("SetLockRequest.account_id", ID_IN_ONEOF),
    ("SetLockRequest.set", ENUMS),
    ("SetLockRequest.holder", ENUMS),
    ("SetLockRequest.reason_code", REFERENCES),
    ("SetLockRequest.interaction", MESSAGE),
    ("ReleaseLockRequest.request_id", UUIDS),
    ("ReleaseLockRequest.line", MESSAGE),
    ("ReleaseLockRequest.account_id", ID_IN_ONEOF),
    ("ReleaseLockRequest.set", ENUMS),
    ("ReleaseLockRequest.holder", ENUMS),
    ("ReleaseLockRequest.only_for", MESSAGE),
    ("ReleaseLockRequest.window", &[Missing, Time(0, 0), Time(-1, 0), Time(7_776_001, 0), Time(1, 1), Time(1, -1)]),
    ("ReleaseLockRequest.evidence", EVIDENCE),
    ("ReleaseLockRequest.interaction", MESSAGE),
    ("ReleaseLockRequest.signals", SIGNALS),
    ("CancelReleaseRequest.request_id", UUIDS),
    ("CancelReleaseRequest.release_id", UUIDS),
    ("CancelReleaseRequest.interaction", MESSAGE),
    ("CancelReleaseRequest.line", MESSAGE),
    ("CancelReleaseRequest.account_id", ID_IN_ONEOF),
    ("ArchiveRecordsRequest.before_time", TIMES),
    ("ListSegmentsRequest.page_size", &[Int(-1), Int(i32::MIN as i64)]),
    ("ListSegmentsRequest.page_token", &[Text("canary"), Text("0-1-2"), Long(47)]),
    (
        "DeleteSegmentRequest.segment",
        &[
            Missing,
            Text("canary"),
            Text("0-1-2"),
            Text("00000-00000000000000000001"),
            Text("99999-00000000000000000001-00000000000000000042"),
            Text("../00000-00000000000000000001-00000000000000000042"),
            Long(47),
        ],
    ),
    ("WatchActivityRequest.account_id", ID_IN_ONEOF),
    ("WatchActivityRequest.line", MESSAGE),
    ("WatchActivityRequest.after_activity_id", OPTIONAL_UUIDS),
    ("CancelByCodeRequest.request_id", UUIDS),
    ("CancelByCodeRequest.cancel_code", &[Missing, Text("canary"), Text("canary.00010203"), Long(69)]),
    ("CancelByCodeRequest.interaction", MESSAGE),
    ("DisputeActivityRequest.request_id", UUIDS),
    ("DisputeActivityRequest.activity_id", UUIDS),
    ("DisputeActivityRequest.interaction", MESSAGE),
    ("ListActivityRequest.account_id", ID_IN_ONEOF),
    ("ListActivityRequest.line", MESSAGE),
    ("ListActivityRequest.page_size", &[Int(-1), Int(i32::MIN as i64)]),
    ("ListActivityRequest.page_token", CONSISTENCY),
    // credential_service.proto
    ("SetPinRequest.request_id", UUIDS),
    ("SetPinRequest.account_id", IDS),
    ("SetPinRequest.new_pin", &[Missing, Text("73915"), Text("73x915canary"), Text("739 150"), Long(16)]),
    ("SetPinRequest.evidence", EVIDENCE),
    ("SetPinRequest.interaction", MESSAGE),
    ("GetCredentialStatusRequest.account_id", IDS),
    ("IssueTransferPinRequest.request_id", UUIDS),
    ("IssueTransferPinRequest.line", MESSAGE),
    ("IssueTransferPinRequest.account_id", ID_IN_ONEOF),
    ("IssueTransferPinRequest.evidence", EVIDENCE),
    ("IssueTransferPinRequest.interaction", MESSAGE),
    ("IssueTransferPinRequest.gaining_spid", SPIDS),
    ("RevokeTransferPinRequest.request_id", UUIDS),
    ("RevokeTransferPinRequest.transfer_pin_id", UUIDS),
    ("RevokeTransferPinRequest.account_id", IDS),
    ("RevokeDeviceRequest.request_id", UUIDS),
    ("RevokeDeviceRequest.account_id", IDS),
    ("RevokeDeviceRequest.device_id", IDS),
    ("RevokeDeviceRequest.interaction", MESSAGE),
    // event_service.proto
    ("RecordEventsRequest.event_id", UUIDS),
    ("RecordEventsRequest.line", MESSAGE),
    ("RecordEventsRequest.account_id", ID_IN_ONEOF),
    ("RecordEventsRequest.occur_time", REQUIRED_TIMES),
    ("RecordEventsRequest.log_in_failed", MESSAGE),
    ("RecordEventsRequest.log_in_succeeded", MESSAGE),
    ("RecordEventsRequest.credential_reset", MESSAGE),
    ("RecordEventsRequest.contact_changed", MESSAGE),
    ("RecordEventsRequest.device_proven", MESSAGE),
    ("RecordEventsRequest.sim_activated", MESSAGE),
    ("RecordEventsRequest.forwarding_set", MESSAGE),
    ("RecordEventsRequest.third_party_payment", MESSAGE),
    ("RecordEventsRequest.inbound_call_started", MESSAGE),
    ("RecordEventsRequest.inbound_call_ended", MESSAGE),
    ("RecordEventsRequest.account_read", MESSAGE),
    ("RecordEventsRequest.number_reassigned", MESSAGE),
    ("RecordEventsRequest.fraud_reported", MESSAGE),
    ("RecordEventsRequest.sim_attached", MESSAGE),
    ("LogIn.device_id", OPTIONAL_IDS),
    ("LogIn.client_address", ADDRESSES),
    ("CredentialReset.credential", ENUMS),
    ("CredentialReset.channel", ENUMS),
    ("CredentialReset.contact_id", OPTIONAL_IDS),
    ("ContactChanged.contact_id", IDS),
    ("ContactChanged.person_id", OPTIONAL_IDS),
    ("ContactChanged.channel", ENUMS),
    ("ContactChanged.kind", OPTIONAL_ENUMS),
    ("DeviceProven.device_id", IDS),
    ("SimAttached.iccid", ICCID_IN_ONEOF),
    ("SimAttached.eid", EID_IN_ONEOF),
    ("SimActivated.iccid", ICCID_IN_ONEOF),
    ("SimActivated.eid", EID_IN_ONEOF),
    ("SimActivated.imei", IMEIS),
    ("ForwardingSet.target_msisdn", E164),
    ("InboundCall.call_id", REQUIRED_REFERENCES),
    ("AccountRead.reader", REQUIRED_REFERENCES),
    ("FraudReported.decision_id", OPTIONAL_UUIDS),
    // account_service.proto
    ("UpsertAccountRequest.request_id", UUIDS),
    ("UpsertAccountRequest.seed", MESSAGE),
    ("ImportAccountsRequest.row", &[Missing, Int(-1)]),
    ("ImportAccountsRequest.seed", MESSAGE),
    ("GetAccountRequest.account_id", ID_IN_ONEOF),
    ("GetAccountRequest.line", MESSAGE),
    ("MoveLineRequest.request_id", UUIDS),
    ("MoveLineRequest.line_id", IDS),
    ("MoveLineRequest.to_account_id", ID_IN_ONEOF),
    ("MoveLineRequest.close", &[Missing, False]),
    ("MoveLineRequest.permit", PERMITS),
    ("MoveLineRequest.separation_reference", SEPARATIONS),
    ("AccountSeed.account", MESSAGE),
    ("AccountSeed.lines", &[Many(1_001), Twice(".line_id")]),
    ("AccountSeed.locks", &[Many(2_001)]),
    ("AccountSeed.pin", &[Text("123"), Text("73x915canary"), Long(16)]),
    ("AccountSeed.pin_set_time", PAST_TIMES),
    ("AccountSeed.pin_carrier_generated", ANY),
    ("AccountSeed.devices", &[Many(21), Twice(".device_id")]),
    ("Account.account_id", IDS),
    ("Account.brand", &[Missing, Text("canary brand"), Text("other-brand"), Long(33)]),
    ("Account.account_number", &[Missing, Text("canary-0012"), Long(33)]),
    ("Account.kind", ENUMS),
    ("Account.persons", &[Missing, Many(51), Twice(".person_id")]),
    ("Account.etag", &[Text("canary")]),
    ("Account.line_count", &[Int(1), Int(-1)]),
    ("Person.person_id", IDS),
    ("Person.role", ENUMS),
    ("Person.name", NAMES),
    ("Person.postal_code", POSTAL_CODES),
    ("Person.contacts", &[Many(11), Twice(".contact_id")]),
    ("Person.line_ids", &[Text(""), Text("canary id"), Many(101)]),
    ("Contact.contact_id", IDS),
    ("Contact.email", EMAILS),
    ("Contact.sms", E164),
    ("Contact.voice", E164),
    ("Contact.postal_code", POSTAL_CODES),
    ("Contact.since_time", PAST_TIMES),
    ("Contact.removed_time", &[Time(1_790_000_000, 0)]),
    ("Line.line_id", IDS),
    ("Line.msisdn", E164),
    ("Line.account_id", &[Text("canary id"), Text("other-account")]),
    ("Line.iccid", ICCIDS),
    ("Line.eid", EIDS),
    ("Line.imei", IMEIS),
    ("Line.sim_since_time", PAST_TIMES),
    ("Line.status", ENUMS),
    ("Line.flags", &[Enum(0), Enum(99), Twice("")]),
    ("Device.device_id", IDS),
    ("Device.public_key_jwk", KEYS),
    ("Device.model", REFERENCES),
    ("Device.added_time", REQUIRED_PAST_TIMES),
    ("Device.person_id", IDS),
    ("LockSeed.set", ENUMS),
    ("LockSeed.holder", ENUMS),
    ("LockSeed.since_time", PAST_TIMES),
    ("LockSeed.reason_code", REFERENCES),
    ("LockSeed.line_id", OPTIONAL_IDS),
    // key_service.proto
    ("ResealRequest.bodies_per_second", &[Missing, Int(-1), Int(100_001)]),
    ("RetireKeyRequest.purpose", ENUMS),
    ("RetireKeyRequest.number", &[Missing, Int(-1), Int(256)]),
    (
        "RetireKeyRequest.mark",
        &[
            Missing,
            Text("canary"),
            Text("+190d4f07c3e7a529a630d1f3c5e7b91"),
            Text("0190d4f07c3e7a529a630d1f3c5e7b9"),
            Long(33),
        ],
    ),
    // audit_service.proto
    ("RecordFilter.from_time", TIMES),
    ("RecordFilter.before_time", TIMES),
    ("RecordFilter.kinds", &[Enum(0), Enum(20), Enum(99), Enum(-1), Twice(""), Many(21)]),
    ("RecordFilter.caller_subject", &[Text("canary id"), Text("canary\n"), Long(161)]),
    ("RecordFilter.outcome", &[Enum(99), Enum(-1)]),
    ("ListRecordsRequest.account_id", &[Text(""), Text("canary id"), Long(65)]),
    ("ListRecordsRequest.line", OPTIONAL_MESSAGE),
    ("ListRecordsRequest.record_id", &[Text(""), Text("4f9c-canary"), Long(36)]),
    ("ListRecordsRequest.filter", OPTIONAL_MESSAGE),
    ("ListRecordsRequest.page_size", &[Int(-1), Int(i32::MIN as i64)]),
    ("ListRecordsRequest.page_token", CONSISTENCY),
    ("WatchRecordsRequest.resume_token", CONSISTENCY),
    ("WatchRecordsRequest.filter", OPTIONAL_MESSAGE),
    ("WatchRecordsRequest.account_id", OPTIONAL_IDS),
    ("VerifyChainRequest.start", MESSAGE),
    ("VerifyChainRequest.checkpoint_lines", &[Missing, Text(""), Text("canary line"), Long(300)]),
    ("VerifyStart.account_id", OPTIONAL_IDS),
    ("VerifyStart.with_checkpoint", ANY),
    // incident_service.proto
];
