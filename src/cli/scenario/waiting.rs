//! Steps about a challenge that waits: the last one that there was.

use super::play::{decided, refused};
use super::request::Asking;
use super::verdict::Came;
use crate::cli::failure::Failure;
use crate::grpc::pb::v1 as pb;
use pb::decline_challenge_request::Target;

/// Who asked goes on.
pub(super) async fn complete(asking: &Asking<'_>, challenge: &str) -> Result<Came, Failure> {
    let client = asking.client()?;
    match client.decisions().complete_decision(asking.complete(challenge)?).await {
        Ok(response) => {
            let pb::CompleteDecisionResponse { decision, transfer_pin, recovery: _ } = response.into_inner();
            issued(asking, decision, transfer_pin).await
        }
        Err(status) => Ok(refused(status)),
    }
}

/// A transfer PIN that is not shown came to where the customer is reached.
pub(super) async fn issued(
    asking: &Asking<'_>,
    decision: Option<pb::Decision>,
    transfer_pin: Option<pb::IssuedTransferPin>,
) -> Result<Came, Failure> {
    let came = decided(asking, decision).await?;
    let Some(pb::IssuedTransferPin { value, .. }) = transfer_pin else { return Ok(came) };
    let transfer_pin = if value.is_empty() { asking.stage.code().1 } else { value };
    Ok(Came { transfer_pin, ..came })
}

/// The customer gives proof.
pub(super) async fn give(asking: &Asking<'_>, challenge: &str, signed: &str) -> Result<Came, Failure> {
    let request = pb::SubmitEvidenceRequest {
        request_id: asking.request_id.clone(),
        challenge_id: challenge.to_owned(),
        evidence: asking.evidence(|| Ok(signed.to_owned()))?,
        interaction: Some(asking.place()?),
    };
    let client = asking.client()?;
    Ok(client.challenges().submit_evidence(request).await.map_or_else(refused, |_| Came::done()))
}

/// Somebody has a code sent to the customer.
pub(super) async fn send_code(asking: &Asking<'_>, challenge: &str) -> Result<Came, Failure> {
    let request = pb::SendCodeRequest {
        request_id: asking.request_id.clone(),
        challenge_id: challenge.to_owned(),
        contact_id: String::new(),
        interaction: Some(asking.place()?),
    };
    let client = asking.client()?;
    let came = client.challenges().send_code(request).await.map_or_else(refused, |_| Came::done());
    let (sent_to, code) = asking.stage.code();
    Ok(Came { sent_to: sent_to.to_owned(), code, ..came })
}

/// The customer says no.
pub(super) async fn decline(asking: &Asking<'_>, challenge: &str, not_me: bool) -> Result<Came, Failure> {
    let request = pb::DeclineChallengeRequest {
        request_id: asking.request_id.clone(),
        target: Some(Target::ChallengeId(challenge.to_owned())),
        not_me,
        interaction: Some(asking.place()?),
    };
    let client = asking.client()?;
    Ok(client.challenges().decline_challenge(request).await.map_or_else(refused, |_| Came::done()))
}

/// What waits for the step's household, as its owner is shown it: the text that approves the challenge.
pub(super) async fn signing_input(asking: &Asking<'_>, challenge: &str) -> Result<String, Failure> {
    let request = pb::ListPendingChallengesRequest { account_id: asking.account(), ..Default::default() };
    let listed = asking.owner()?.challenges().list_pending_challenges(request).await?.into_inner().challenges;
    let is_it =
        |one: &pb::PendingChallenge| one.challenge.as_ref().is_some_and(|known| known.challenge_id == challenge);
    Ok(listed.into_iter().find(is_it).map_or_else(String::new, |one| one.signing_input))
}
