//! What callers send.

use std::borrow::Cow;
use std::io::BufReader;

use chrono::{DateTime, Utc};
use prost::Message;

use crate::cli::{JsonLine, JsonLines, JsonProblem, parse_event, parse_import_row};
use crate::domain::{AccountId, Brand, Eid, FormatError, Iccid, Imei, Msisdn, RequestId, Spid, Subject};
use crate::grpc::convert::{
    FieldError, ask, reached, read_page, read_position, record_page, record_page_token, resume_token, write_page,
    write_position,
};
use crate::grpc::pb::v1 as pb;

/// When the requests come, in seconds since 1970.
const RECEIVED_SECONDS: i64 = 1_800_000_000;

/// What an error's own words may have in digits, in a row: those of bounds and of the example of a number.
const DIGITS_IN_A_ROW_MAX: usize = 6;

fn brand() -> Option<Brand> {
    Brand::parse("acme").ok()
}

fn received() -> DateTime<Utc> {
    DateTime::from_timestamp(RECEIVED_SECONDS, 0).unwrap_or_default()
}

/// The length of the longest row of digits.
fn digits_in_a_row(text: &str) -> usize {
    text.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or_default()
}

/// INVARIANT (secrets-stay-in): an error has the contract's own names and words that were written down beforehand.
fn assert_tells_nothing(error: &FieldError) {
    let is_own = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.' | '[' | ']');
    assert!(error.path.chars().all(is_own), "`{}` is no path", error.path);
    assert!(digits_in_a_row(&error.path) <= DIGITS_IN_A_ROW_MAX, "`{}` is no path", error.path);
    if error.path == "policy_text" {
        // It says where a policy is wrong and quotes its names: a policy holds no secret, and whoever wrote it asks.
        return;
    }
    // What is borrowed for ever stands in the program; what is not was put together from a bound.
    if let Cow::Owned(words) = &error.expected {
        assert!(words.starts_with("must have at most "), "`{words}` was put together");
        assert!(digits_in_a_row(words) <= DIGITS_IN_A_ROW_MAX, "`{words}` tells more than a bound");
    }
}

type Convert = fn(&[u8], &Brand) -> Result<(), FieldError>;

macro_rules! requests {
    ($(($type:ident, |$message:ident, $brand:ident| $convert:expr)),+ $(,)?) => {
        /// Every request of the contract and its way in, chosen by its place: new ones go to the end, so that seeds stay
        /// what they are.
        const REQUESTS: &[(&str, Convert)] = &[$((stringify!($type), |bytes, $brand| {
            let _ = $brand;
            match pb::$type::decode(bytes) {
                Ok($message) => $convert.map(|_| ()),
                Err(_) => Ok(()),
            }
        })),+];
    };
}

requests![
    (DecideRequest, |m, brand| ask::decide(m, brand)),
    (BatchDecideRequest, |m, brand| ask::batch_decide(m, brand)),
    (GetDecisionRequest, |m, brand| ask::get_decision(m)),
    (WithdrawDecisionRequest, |m, brand| ask::withdraw_decision(m)),
    (RedeemPermitRequest, |m, brand| ask::redeem_permit(m, brand)),
    (ReportOutcomeRequest, |m, brand| ask::report_outcome(m)),
    (GetProtectionRequest, |m, brand| ask::get_protection(m)),
    (SetLockRequest, |m, brand| ask::set_lock(m)),
    (ReleaseLockRequest, |m, brand| ask::release_lock(m, brand)),
    (ReportSwapRequest, |m, brand| ask::report_swap(m)),
    (CancelReleaseRequest, |m, brand| ask::cancel_release(m)),
    (ListActivityRequest, |m, brand| ask::list_activity(m)),
    (WatchActivityRequest, |m, brand| ask::watch_activity(m)),
    (CancelByCodeRequest, |m, brand| ask::cancel_by_code(m)),
    (DisputeActivityRequest, |m, brand| ask::dispute_activity(m)),
    (SetPinRequest, |m, brand| ask::set_pin(m)),
    (GetCredentialStatusRequest, |m, brand| ask::get_credential_status(m)),
    (IssueTransferPinRequest, |m, brand| ask::issue_transfer_pin(m)),
    (RevokeTransferPinRequest, |m, brand| ask::revoke_transfer_pin(m)),
    (RevokeDeviceRequest, |m, brand| ask::revoke_device(m)),
    (UpsertAccountRequest, |m, brand| ask::upsert_account(m, brand, received())),
    (ImportAccountsRequest, |m, brand| ask::import_row(m, brand, received()).1),
    (GetAccountRequest, |m, brand| ask::get_account(m)),
    (MoveLineRequest, |m, brand| ask::move_line(m, brand)),
    (ListRecordsRequest, |m, brand| ask::list_records(m)),
    (WatchRecordsRequest, |m, brand| ask::watch_records(m)),
    (VerifyChainRequest, |m, brand| ask::verify_chain(m)),
    (MakeCheckpointRequest, |m, brand| ask::make_checkpoint(m)),
    (ResealRequest, |m, brand| ask::reseal(&m)),
    (RetireKeyRequest, |m, brand| ask::retire_key(m)),
    (ListKeysRequest, |_m, brand| Ok::<(), FieldError>(())),
    (CountKeyUsesRequest, |_m, brand| Ok::<(), FieldError>(())),
    (ArchiveRecordsRequest, |m, brand| ask::archive_records(m)),
    (ListSegmentsRequest, |m, brand| ask::list_segments(m)),
    (DeleteSegmentRequest, |m, brand| ask::delete_segment(m)),
    (RequestExportRequest, |m, brand| ask::request_export(m)),
    (GetExportRequest, |m, brand| ask::get_export(m)),
    (ApproveExportRequest, |m, brand| ask::approve_export(m)),
    (ExportRecordsRequest, |m, brand| ask::export_records(m)),
    (RecordEventsRequest, |m, brand| ask::record_event(m)),
    (OpenIncidentRequest, |m, brand| ask::incident_step(&m).map(drop).or_else(|_| ask::incident_opening(m).map(drop))),
    (EndIncidentRequest, |m, brand| ask::end_incident(m)),
    (ListIncidentsRequest, |m, brand| ask::list_incidents(m)),
    (PlaceHoldRequest, |m, brand| ask::place_hold(m)),
    (LiftHoldRequest, |m, brand| ask::lift_hold(m)),
    (ConfirmSwapRequest, |m, brand| ask::confirm_swap(m)),
    (ListHoldsRequest, |m, brand| ask::list_holds(m)),
    (GetPolicyRequest, |_m, brand| Ok::<(), FieldError>(())),
    (StagePolicyRequest, |m, brand| ask::stage_policy(m)),
    (ActivatePolicyRequest, |m, brand| ask::activate_policy(m)),
    (ListNoticesRequest, |_m, brand| Ok::<(), FieldError>(())),
    (ReplayNoticesRequest, |m, brand| ask::replay_notices(m)),
    (ProposeSeparationRequest, |m, brand| ask::propose_separation(m)),
    (AgreeToSeparationRequest, |m, brand| ask::agree_to_separation(m)),
    (EndSeparationRequest, |m, brand| ask::end_separation(m)),
    (CompleteDecisionRequest, |m, brand| ask::complete_decision(m)),
    (WatchDecisionRequest, |m, brand| ask::watch_decision(m)),
    (SubmitEvidenceRequest, |m, brand| ask::submit_evidence(m)),
    (SubmitEvidenceAheadRequest, |m, brand| ask::submit_evidence_ahead(m, brand)),
    (SendCodeRequest, |m, brand| ask::send_code(m)),
    (ListPendingChallengesRequest, |m, brand| ask::list_pending_challenges(m)),
    (DeclineChallengeRequest, |m, brand| ask::decline_challenge(m)),
];

/// A request as bytes; the first byte says which.
pub(super) fn request(data: &[u8]) {
    let (Some((kind, bytes)), Some(brand)) = (data.split_first(), brand()) else { return };
    let Some((_, convert)) = REQUESTS.get(usize::from(*kind)) else { return };
    if let Err(error) = convert(bytes, &brand) {
        assert_tells_nothing(&error);
    }
}

/// A file of an import, line by line, and each of its rows on the way it takes inside the service.
pub(super) fn import_row(data: &[u8]) {
    let Some(brand) = brand() else { return };
    // A small buffer, so that lines are cut in many places.
    let mut lines = JsonLines::new(BufReader::with_capacity(7, data));
    while let Ok(Some(line)) = lines.next() {
        let JsonLine::Whole(bytes) = line else { continue };
        match parse_import_row(bytes) {
            Ok(seed) => {
                let row = pb::ImportAccountsRequest { row: 1, seed: Some(seed) };
                if let (_, Err(error)) = ask::import_row(row, &brand, received()) {
                    assert_tells_nothing(&error);
                }
            }
            Err(problem) => assert_row_tells_nothing(&problem),
        }
    }
}

/// A file of events, line by line, and each of them on the way it takes inside the service.
pub(super) fn event_line(data: &[u8]) {
    let mut lines = JsonLines::new(BufReader::with_capacity(7, data));
    while let Ok(Some(line)) = lines.next() {
        let JsonLine::Whole(bytes) = line else { continue };
        match parse_event(bytes) {
            Ok(event) => {
                if let Err(error) = ask::record_event(event) {
                    assert_tells_nothing(&error);
                }
            }
            Err(problem) => assert_row_tells_nothing(&problem),
        }
    }
}

/// The reason never quotes; the field's path may end with an unknown member's name, which is no value.
fn assert_row_tells_nothing(JsonProblem { field: _, reason }: &JsonProblem) {
    assert!(digits_in_a_row(reason) <= DIGITS_IN_A_ROW_MAX, "`{reason}` tells a value");
    assert!(reason.starts_with("must ") || reason.starts_with("is no "), "`{reason}` are no words of ours");
}

/// Names and numbers: a text that is read is the one spelling of what was read.
pub(super) fn name(data: &[u8]) {
    fn one_spelling<T>(text: &str, parse: fn(&str) -> Result<T, FormatError>, spell: impl Fn(&T) -> String) {
        if let Ok(read) = parse(text) {
            assert_eq!(spell(&read), text);
        }
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    one_spelling(text, Msisdn::parse, |number| number.to_e164());
    one_spelling(text, Iccid::parse, |iccid| iccid.as_str().to_owned());
    one_spelling(text, Eid::parse, |eid| eid.as_str().to_owned());
    one_spelling(text, Imei::parse, |imei| imei.as_str().to_owned());
    // A SPID may come in small letters; it is one carrier either way.
    one_spelling(&text.to_ascii_uppercase(), Spid::parse, |spid| spid.to_string());
    one_spelling(text, AccountId::parse, |id| id.as_str().to_owned());
    one_spelling(text, Subject::parse, |subject| subject.as_str().to_owned());
    // Letters of a UUID may be large or small; it is one request either way.
    one_spelling(&text.to_ascii_lowercase(), RequestId::parse, |id| id.to_string());
    if let Ok(number) = Msisdn::parse(text) {
        assert_eq!(Msisdn::from_digits(number.digits()), Ok(number));
        assert!(!format!("{number:?}").contains(|c: char| c.is_ascii_digit()), "a number shows itself");
    }
}

/// Tokens of positions, of pages, of pages of records and of where a stream goes on: one spelling each, and never the one
/// for the other.
pub(super) fn page_token(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let written = [
        read_position(text, "token").map(write_position),
        read_page(text, "token").map(write_page),
        record_page(text, "token").map(record_page_token),
        reached(text, "token").map(|place| place.map_or_else(String::new, |place| resume_token(&place))),
    ];
    if text.is_empty() {
        assert!(written.iter().all(|none| none.as_deref() == Ok("")), "{written:?}");
        return;
    }
    assert!(written.iter().filter(|read| read.is_ok()).count() <= 1, "`{text}` is read as more than one: {written:?}");
    for written in &written {
        match written {
            Ok(written) => assert_eq!(written, text),
            Err(error) => assert_tells_nothing(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use prost_reflect::DescriptorPool;

    use super::{REQUESTS, assert_tells_nothing, digits_in_a_row};
    use crate::grpc::convert::FieldError;
    use crate::grpc::pb::v1::DESCRIPTOR_SET;

    #[test]
    fn every_request_of_the_contract_is_tried() {
        let pool = DescriptorPool::decode(DESCRIPTOR_SET).unwrap();
        let services = pool.services().filter(|service| service.package_name() == "portcullis.v1");
        let inputs: BTreeSet<String> = services
            .flat_map(|service| service.methods().map(|method| method.input().name().to_owned()).collect::<Vec<_>>())
            .collect();
        let tried: BTreeSet<String> = REQUESTS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(tried, inputs);
        assert!(REQUESTS.len() == tried.len() && tried.len() < 256);
    }

    #[test]
    #[should_panic(expected = "was put together")]
    fn an_error_with_a_value_is_found() {
        assert_tells_nothing(&FieldError::new("pin", format!("must not be {}", 482_951)));
    }

    #[test]
    fn digits_are_counted_in_a_row() {
        assert_eq!(digits_in_a_row("12 345-6 a7"), 3);
        assert_eq!(digits_in_a_row("none"), 0);
    }
}
