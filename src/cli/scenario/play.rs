//! One scenario from its first step to its last.

use std::collections::BTreeSet;
use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::cast::{Secrets, account, iccid, who};
use super::file::{Scenario, Step};
use super::request::{Asking, OFFERS};
use super::stage::{Keys, Stage};
use super::verdict::Came;
use super::waiting;
use crate::cli::events::parse_event;
use crate::cli::failure::Failure;
use crate::cli::flags::timestamp;
use crate::grpc::client::{CallError, Status};
use crate::grpc::pb::v1 as pb;

/// What came of a scenario.
#[derive(Debug, Default)]
pub(super) struct Played {
    pub(super) id: String,
    pub(super) about: String,
    /// The steps that came out as they must.
    pub(super) passed: usize,
    /// Those that did not: number, and what.
    pub(super) failed: Vec<(usize, String)>,
    /// Those that wait for what is not built.
    pub(super) waiting: Vec<(usize, String)>,
    /// The rules that held at any step.
    pub(super) rules: BTreeSet<String>,
}

/// The outcome of an approval.
pub(super) const APPROVE: &str = "APPROVE";

/// What earlier steps left to later ones.
#[derive(Default)]
pub(super) struct Left {
    permit: String,
    pub(super) transfer_pin: String,
    request_id: String,
    decision: String,
    /// The challenge that was given last.
    challenge: String,
    /// The code that came last.
    code: String,
}

/// Who takes a step, about whom.
#[derive(Clone, Copy)]
pub(super) struct Taker<'a> {
    pub(super) household: u32,
    /// Which of those who have the step's role.
    pub(super) seat: u32,
    pub(super) secrets: &'a Secrets,
    pub(super) reads: Reads,
}

/// Whose records are read, for all reasons and the rules that held: who asks may not be told them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    /// Those of all decisions.
    All,
    /// Those of decisions that approve nothing.
    Refused,
    /// None: the outcome is enough.
    Nothing,
}

/// Plays it.
pub(super) async fn play(keys: &Keys, scenario: &Scenario, policy: Option<PathBuf>) -> Result<Played, Failure> {
    let stage = Stage::set(keys, scenario, policy).await?;
    let (played, _) = take_all(&stage, scenario, scenario.steps.len()).await?;
    stage.clear().await?;
    Ok(played)
}

/// Plays it up to a step, from 1, and reads the record of that step's decision as an auditor does; the last one's, if it is
/// taken several times.
pub(super) async fn record_of_step(
    keys: &Keys,
    scenario: &Scenario,
    policy: Option<PathBuf>,
    step: usize,
) -> Result<pb::Record, Failure> {
    let stage = Stage::set(keys, scenario, policy).await?;
    let (_, decision) = take_all(&stage, scenario, step).await?;
    let scope = Some(pb::list_records_request::Scope::RecordId(decision));
    let request = pb::ListRecordsRequest { scope, page_size: 1, ..pb::ListRecordsRequest::default() };
    let page = stage.client_of(who("auditor")?, 1, 0)?.audit().list_records(request).await;
    stage.clear().await?;
    let record = page.ok().and_then(|page| page.into_inner().records.into_iter().next());
    record.ok_or_else(|| Failure::invalid(format!("step {step} of {} has no decision", scenario.id)))
}

/// Takes the first steps. What came of them, and the last one's decision, if it has one.
async fn take_all(stage: &Stage, scenario: &Scenario, count: usize) -> Result<(Played, String), Failure> {
    let begins = stage.now()?;
    let mut played = Played { id: scenario.id.clone(), about: scenario.about.clone(), ..Played::default() };
    let (mut left, secrets) = (Left::default(), Secrets::default());
    let mut decision = String::new();
    for (place, step) in scenario.steps.iter().enumerate().take(count) {
        let number = place.saturating_add(1);
        decision.clear();
        let about = |failure: Failure| Failure::invalid(format!("step {number}: {}", failure.message()));
        if let Some(what) = &step.waits_for {
            played.waiting.push((number, what.clone()));
            continue;
        }
        wait_until(stage, begins, step).map_err(about)?;
        for time in 0..step.times {
            let household = if step.each_household { time.saturating_add(1) } else { step.household };
            let taker = Taker { household, seat: 0, secrets: &secrets, reads: Reads::All };
            let came = take(stage, step, taker, &mut left).await.map_err(about)?;
            decision.clone_from(&came.decision);
            played.rules.extend(came.rules.iter().cloned());
            match came.differs(step) {
                None => played.passed = played.passed.saturating_add(1),
                Some(what) if step.times > 1 => played.failed.push((number, format!("time {}: {what}", time + 1))),
                Some(what) => played.failed.push((number, what)),
            }
            stage.pass(step.pause().map_err(about)?);
        }
    }
    Ok((played, decision))
}

fn wait_until(stage: &Stage, begins: DateTime<Utc>, step: &Step) -> Result<(), Failure> {
    let unknown = step.offer.iter().find(|offered| !OFFERS.contains(&offered.as_str()));
    if let Some(offered) = unknown {
        return Err(Failure::invalid(format!("`offer`: `{offered}` is none of {}", OFFERS.join(", "))));
    }
    let at = begins.checked_add_signed(step.starts()?).unwrap_or(begins);
    let now = stage.now()?;
    if at < now {
        return Err(Failure::invalid("`at` is before the step before it"));
    }
    stage.pass(at - now);
    Ok(())
}

/// Takes a step.
pub(super) async fn take(stage: &Stage, step: &Step, taker: Taker<'_>, left: &mut Left) -> Result<Came, Failure> {
    if !step.same_request || left.request_id.is_empty() {
        left.request_id = stage.request_id();
    }
    let request_id = left.request_id.clone();
    let Taker { household, seat, secrets, reads } = taker;
    let who = who(&step.who)?;
    let (transfer_pin, code) = (&left.transfer_pin, &left.code);
    let asking = Asking { step, who, household, seat, stage, request_id, secrets, transfer_pin, code, reads };
    let came = match step.action.as_str() {
        "SIM_CHANGE" | "PORT_OUT" | "CALL_FORWARDING_SET" => decide(&asking).await?,
        "LOCK_RELEASE" => release(&asking).await?,
        "TRANSFER_PIN_ISSUE" => issue(&asking).await?,
        "PIN_CHANGE" => set_pin(&asking).await?,
        "COMPLETE" => waiting::complete(&asking, &left.challenge).await?,
        "give" => {
            let signed = waiting::signing_input(&asking, &left.challenge).await?;
            waiting::give(&asking, &left.challenge, &signed).await?
        }
        "send-code" => waiting::send_code(&asking, &left.challenge).await?,
        "decline" | "not-me" => waiting::decline(&asking, &left.challenge, step.action == "not-me").await?,
        "redeem" => redeem(&asking, &left.permit).await?,
        "lock" => lock(&asking).await?,
        "event" => event(&asking, left).await?,
        other => {
            let known = "SIM_CHANGE, PORT_OUT, CALL_FORWARDING_SET, LOCK_RELEASE, TRANSFER_PIN_ISSUE, PIN_CHANGE, COMPLETE, \
                         send-code, give, decline, not-me, redeem, lock, event";
            return Err(Failure::invalid(format!("`do`: `{other}` is none of {known}")));
        }
    };
    let keep = |kept: &mut String, new: &str| {
        if !new.is_empty() {
            new.clone_into(kept);
        }
    };
    keep(&mut left.permit, &came.permit);
    keep(&mut left.transfer_pin, &came.transfer_pin);
    keep(&mut left.decision, &came.decision);
    keep(&mut left.challenge, &came.challenge);
    keep(&mut left.code, &came.code);
    Ok(came)
}

async fn decide(asking: &Asking<'_>) -> Result<Came, Failure> {
    let change = asking.change()?.unwrap_or_default();
    let client = asking.client()?;
    match client.decisions().decide(asking.decide(change)?).await {
        Ok(response) => decided(asking, response.into_inner().decision).await,
        Err(status) => Ok(refused(status)),
    }
}

async fn release(asking: &Asking<'_>) -> Result<Came, Failure> {
    let client = asking.client()?;
    match client.protection().release_lock(asking.release()?).await {
        Ok(response) => decided(asking, response.into_inner().decision).await,
        Err(status) => Ok(refused(status)),
    }
}

async fn issue(asking: &Asking<'_>) -> Result<Came, Failure> {
    let client = asking.client()?;
    match client.credentials().issue_transfer_pin(asking.transfer_pin()?).await {
        Ok(response) => {
            let pb::IssueTransferPinResponse { decision, status, transfer_pin: value, sent_to } = response.into_inner();
            let issued = status.is_some().then_some(pb::IssuedTransferPin { status, value, sent_to });
            waiting::issued(asking, decision, issued).await
        }
        Err(status) => Ok(refused(status)),
    }
}

async fn set_pin(asking: &Asking<'_>) -> Result<Came, Failure> {
    let client = asking.client()?;
    match client.credentials().set_pin(asking.pin()?).await {
        Ok(response) => decided(asking, response.into_inner().decision).await,
        Err(status) => Ok(refused(status)),
    }
}

async fn redeem(asking: &Asking<'_>, permit: &str) -> Result<Came, Failure> {
    let request = pb::RedeemPermitRequest {
        request_id: asking.request_id.clone(),
        permit: permit.to_owned(),
        line: Some(asking.line()),
        change: asking.change()?,
    };
    let client = asking.client()?;
    Ok(client.decisions().redeem_permit(request).await.map_or_else(refused, |_| Came::done()))
}

async fn lock(asking: &Asking<'_>) -> Result<Came, Failure> {
    let request = pb::SetLockRequest {
        request_id: asking.request_id.clone(),
        scope: Some(pb::set_lock_request::Scope::Line(asking.line())),
        set: asking.set()?.into(),
        holder: pb::LockHolder::Customer.into(),
        interaction: Some(asking.place()?),
        ..pb::SetLockRequest::default()
    };
    let client = asking.client()?;
    Ok(client.protection().set_lock(request).await.map_or_else(refused, |_| Came::done()))
}

async fn event(asking: &Asking<'_>, left: &Left) -> Result<Came, Failure> {
    use pb::record_events_request::Scope;
    let unlike = |what: String| Failure::invalid(format!("`event`: {what}"));
    let table = asking.step.event.clone().ok_or_else(|| unlike("say which".to_owned()))?;
    let json = serde_json::to_string(&table).map_err(|error| unlike(error.to_string()))?;
    let sim = iccid(&format!("old {} {}", asking.household, asking.step.line));
    let json = json.replace("$decision", &left.decision).replace("$sim", &sim);
    let mut request =
        parse_event(json.as_bytes()).map_err(|problem| unlike(format!("{} {}", problem.field, problem.reason)))?;
    request.event_id.clone_from(&asking.request_id);
    request.occur_time = Some(timestamp(asking.stage.now()?));
    let about_account = table.keys().any(|kind| kind.starts_with("log_in") || kind == "account_read");
    request.scope =
        Some(if about_account { Scope::AccountId(account(asking.household)) } else { Scope::Line(asking.line()) });
    let client = asking.client()?;
    let answers = client.events().record_events(tokio_stream::iter([request])).await;
    let answer = match answers {
        Ok(answers) => answers.into_inner().message().await,
        Err(status) => return Ok(refused(status)),
    };
    Ok(match answer {
        Ok(Some(pb::RecordEventsResponse { result, .. })) => match result {
            Some(pb::record_events_response::Result::Recorded(_)) => Came::done(),
            Some(pb::record_events_response::Result::Refused(no)) => {
                Came::refused(format!("{}: {}", no.field, no.reason))
            }
            None => Came::refused("no result".to_owned()),
        },
        Ok(None) => Came::refused("no answer".to_owned()),
        Err(status) => refused(status),
    })
}

pub(super) fn refused(status: Status) -> Came {
    let error = CallError::from(status);
    Came::refused(if error.reason.is_empty() { error.message } else { error.reason })
}

/// What was decided, with all of its reasons: those that are on record, for who asked may not be told them.
pub(super) async fn decided(asking: &Asking<'_>, decision: Option<pb::Decision>) -> Result<Came, Failure> {
    let told = decision.ok_or_else(|| Failure::failed("an answer holds no decision"))?;
    let is_read = match asking.reads {
        Reads::All => true,
        Reads::Refused => told.outcome() != pb::Outcome::Approve,
        Reads::Nothing => false,
    };
    if !is_read {
        return Ok(Came {
            outcome: name_of(told.outcome()),
            challenge: challenge_of(&told),
            permit: match told.detail {
                Some(pb::decision::Detail::Approval(approval)) => approval.permit,
                _ => String::new(),
            },
            decision: told.decision_id,
            ..Came::default()
        });
    }
    let auditor = asking.stage.client_of(who("auditor")?, asking.household, 0)?;
    let request = pb::GetDecisionRequest { decision_id: told.decision_id.clone(), ..pb::GetDecisionRequest::default() };
    let kept = auditor.decisions().get_decision(request).await?.into_inner().decision;
    let kept = kept.ok_or_else(|| Failure::failed("a decision is not on record"))?;
    let challenge = challenge_of(&told);
    let (permit, required) = match told.detail {
        Some(pb::decision::Detail::Approval(approval)) => (approval.permit, String::new()),
        Some(pb::decision::Detail::Challenge(challenge)) => {
            let name = challenge.required().as_str_name();
            (String::new(), name.trim_start_matches("STRENGTH_").to_owned())
        }
        _ => (String::new(), String::new()),
    };
    let outcome = name_of(kept.outcome());
    let contributions = kept.explanation.into_iter().flat_map(|explanation| explanation.contributions);
    Ok(Came {
        outcome,
        reasons: kept.reasons.into_iter().map(|reason| reason.code).collect(),
        required,
        codes: told.wire.map(|wire| wire.codes).unwrap_or_default(),
        rules: contributions.map(|contribution| contribution.rule_id).collect(),
        permit,
        decision: told.decision_id,
        challenge,
        ..Came::default()
    })
}

/// The challenge that waits.
fn challenge_of(decision: &pb::Decision) -> String {
    match &decision.detail {
        Some(pb::decision::Detail::Challenge(challenge)) => challenge.challenge_id.clone(),
        _ => String::new(),
    }
}

fn name_of(outcome: pb::Outcome) -> String {
    outcome.as_str_name().trim_start_matches("OUTCOME_").to_owned()
}
