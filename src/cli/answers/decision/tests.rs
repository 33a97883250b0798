//! Golden answers: programs read the one form, people the other.

use serde_json::json;

use super::{Decided, exit_of};
use crate::cli::failure::Exit;
use crate::cli::output::Answer as _;
use crate::grpc::client::Timestamp;
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::decision::Detail;

fn at(seconds: i64) -> Timestamp {
    Timestamp { seconds: 1_800_000_000 + seconds, nanos: 0 }
}

fn decision(outcome: pb::Outcome, detail: Detail, reasons: Vec<pb::Reason>) -> Decided {
    Decided(pb::Decision {
        decision_id: "0190f3c2-0000-7000-8000-000000000001".to_owned(),
        state: pb::DecisionState::Final.into(),
        outcome: outcome.into(),
        detail: Some(detail),
        reasons,
        wire: None,
        policy_revision: "3fa29c0011223344556677".to_owned(),
        decide_time: Some(at(0)),
        consistency_token: "t".to_owned(),
        explanation: None,
        line_id: String::new(),
    })
}

fn reason(code: &str, class: pb::ReasonClass, message: &str) -> pb::Reason {
    pb::Reason { code: code.to_owned(), class: class.into(), rule_id: "P1".to_owned(), message: message.to_owned() }
}

fn denied() -> Decided {
    let denial = pb::Denial { retry_time: None, next_step: "The owner can release the lock in the app.".to_owned() };
    let locked = reason("LOCK_ON", pb::ReasonClass::Lock, "A lock covers this change.");
    decision(pb::Outcome::Deny, Detail::Denial(denial), vec![locked])
}

fn challenged() -> Decided {
    let option = |factor: pb::Factor, usable, code: &str, earliest_time| pb::FactorOption {
        factor: factor.into(),
        usable,
        unusable_code: code.to_owned(),
        earliest_time,
    };
    let challenge = pb::Challenge {
        challenge_id: "0190f3c2-0000-7000-8000-000000000001".to_owned(),
        expire_time: Some(at(600)),
        required: pb::Strength::Basic.into(),
        options: vec![
            option(pb::Factor::AppApproval, true, "", None),
            option(pb::Factor::AccountPin, false, "PIN_TOO_NEW", Some(at(86_400))),
        ],
        next_step: String::new(),
    };
    let new = reason("PIN_TOO_NEW", pb::ReasonClass::Credential, "The PIN was set too recently.");
    decision(pb::Outcome::Challenge, Detail::Challenge(challenge), vec![new])
}

fn approved() -> Decided {
    let approval = pb::Approval {
        permit: "ptc1.abc".to_owned(),
        not_before_time: Some(at(0)),
        expire_time: Some(at(600)),
        obligations: Vec::new(),
        signed_permit: String::new(),
    };
    decision(pb::Outcome::Approve, Detail::Approval(approval), Vec::new())
}

#[test]
fn a_denial_says_why_and_what_next() {
    assert_eq!(
        denied().text(),
        "\
DENY

REASON   CLASS  RULE  MEANING
LOCK_ON  lock   P1    A lock covers this change.

next step  The owner can release the lock in the app.

decision  0190f3c2-0000-7000-8000-000000000001
state     final
decided   2027-01-15 08:00:00 UTC
policy    3fa29c001122"
    );
}

#[test]
fn a_challenge_says_what_would_satisfy_it() {
    assert_eq!(
        challenged().text(),
        "\
CHALLENGE

REASON       CLASS       RULE  MEANING
PIN_TOO_NEW  credential  P1    The PIN was set too recently.

proof needed  basic
open until    2027-01-15 08:10:00 UTC

WOULD SATISFY IT  USABLE NOW  WHY NOT      FROM
app approval      yes
account pin       no          PIN_TOO_NEW  2027-01-16 08:00:00 UTC

decision  0190f3c2-0000-7000-8000-000000000001
state     final
decided   2027-01-15 08:00:00 UTC
policy    3fa29c001122"
    );
}

#[test]
fn an_approval_shows_its_permit_and_window() {
    let text = approved().text();
    assert!(text.starts_with("APPROVE\n\npermit       ptc1.abc\nredeem from  2027-01-15 08:00:00 UTC\n"), "{text}");
}

#[test]
fn json_has_the_contracts_names_and_always_the_same_members() {
    assert_eq!(
        denied().json(),
        json!({
            "decision_id": "0190f3c2-0000-7000-8000-000000000001",
            "state": "DECISION_STATE_FINAL",
            "outcome": "OUTCOME_DENY",
            "approval": null,
            "challenge": null,
            "denial": { "retry_time": null, "next_step": "The owner can release the lock in the app." },
            "reasons": [{
                "code": "LOCK_ON",
                "class": "REASON_CLASS_LOCK",
                "rule_id": "P1",
                "message": "A lock covers this change.",
            }],
            "wire": null,
            "policy_revision": "3fa29c0011223344556677",
            "decide_time": "2027-01-15T08:00:00Z",
            "consistency_token": "t",
            "explanation": null,
            "line_id": "",
        })
    );
    let members = |answer: Decided| answer.json().as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(members(approved()), members(denied()));
    assert_eq!(members(challenged()), members(denied()));
    assert_eq!(approved().json()["approval"]["permit"], "ptc1.abc");
}

#[test]
fn only_an_approval_ends_like_one() {
    assert_eq!(exit_of(&approved().0), Exit::Done);
    assert_eq!(exit_of(&challenged().0), Exit::Challenged);
    assert_eq!(exit_of(&denied().0), Exit::Denied);
    for unknown in [0, 4, -1] {
        assert_eq!(exit_of(&pb::Decision { outcome: unknown, ..denied().0 }), Exit::Denied);
    }
}
