//! `IncidentService`.

use std::time::Duration;

use tokio::time::timeout;
use tonic::{Request, Response, Status, Streaming};

use super::services::Services;
use crate::domain::Requester;
use crate::grpc::convert::ask::CohortAsked;
use crate::grpc::convert::{FieldError, ask, tell};
use crate::grpc::edge::Refused;
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::incident_service_server::IncidentService;
use crate::service::{Authorised, Breach, Engine, HoldPage, IncidentPage, Listing, Whom, authorise, right};

/// How long the next message of an opening may take, and all of them together, in seconds.
const STEP_SECONDS_MAX: u64 = 60;
const OPENING_SECONDS_MAX: u64 = 600;

const END: &str = "must be `end` in the last message: without it the list may be cut off";
const COUNT: &str = "must be how many account ids were sent";

type Steps = Streaming<pb::OpenIncidentRequest>;

/// The service.
#[derive(Clone)]
pub(super) struct IncidentApi(pub(super) Services);

#[tonic::async_trait]
impl IncidentService for IncidentApi {
    async fn open_incident(&self, request: Request<Steps>) -> Result<Response<pb::OpenIncidentResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, steps| async move {
            let who = authorise(requester)?;
            let breach = told(&engine, &who, steps).await?;
            let incident = engine.open_incident(who, breach).await?;
            Ok(pb::OpenIncidentResponse { incident: Some(tell::incident(&incident)) })
        };
        edge.within(Duration::from_secs(OPENING_SECONDS_MAX), "OpenIncident", request, work).await
    }

    async fn end_incident(
        &self,
        request: Request<pb::EndIncidentRequest>,
    ) -> Result<Response<pb::EndIncidentResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, message| async move {
            let ask::Ending { request_id, body, incident, reason } = ask::end_incident(message)?;
            let incident = engine.end_incident(authorise(requester)?, (request_id, body), incident, reason).await?;
            Ok(pb::EndIncidentResponse { incident: Some(tell::incident(&incident)) })
        };
        edge.unary("EndIncident", request, work).await
    }

    async fn list_incidents(
        &self,
        request: Request<pb::ListIncidentsRequest>,
    ) -> Result<Response<pb::ListIncidentsResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, message| async move {
            let ask::Listed { from, size } = ask::list_incidents(message)?;
            let who = authorise(requester)?;
            let (incidents, next_page_token) = match from {
                ask::ListFrom::Standing(after) => {
                    let IncidentPage { incidents, next } = engine.list_incidents(&who, after, size).await?;
                    (incidents, tell::incident_page_token(next))
                }
                ask::ListFrom::All(after) => {
                    let IncidentPage { incidents, next } = engine.list_all_incidents(&who, after, size).await?;
                    (incidents, tell::all_incidents_page_token(next))
                }
            };
            let incidents = incidents.iter().map(tell::incident).collect();
            Ok(pb::ListIncidentsResponse { incidents, next_page_token })
        };
        edge.unary("ListIncidents", request, work).await
    }

    async fn place_hold(
        &self,
        request: Request<pb::PlaceHoldRequest>,
    ) -> Result<Response<pb::PlaceHoldResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, message| async move {
            let hold = engine.place_hold(authorise(requester)?, ask::place_hold(message)?).await?;
            Ok(pb::PlaceHoldResponse { hold: Some(tell::hold(&hold)) })
        };
        edge.unary("PlaceHold", request, work).await
    }

    async fn lift_hold(&self, request: Request<pb::LiftHoldRequest>) -> Result<Response<pb::LiftHoldResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, message| async move {
            let hold = engine.lift_hold(authorise(requester)?, ask::lift_hold(message)?).await?;
            Ok(pb::LiftHoldResponse { hold: Some(tell::hold(&hold)) })
        };
        edge.unary("LiftHold", request, work).await
    }

    async fn confirm_swap(
        &self,
        request: Request<pb::ConfirmSwapRequest>,
    ) -> Result<Response<pb::ConfirmSwapResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, message| async move {
            let view = engine.confirm_swap(authorise(requester)?, ask::confirm_swap(message)?).await?;
            let (recovery, consistency_token) = (tell::recovery(&view), tell::consistency_token(view.position));
            Ok(pb::ConfirmSwapResponse { recovery: Some(recovery), consistency_token })
        };
        edge.unary("ConfirmSwap", request, work).await
    }

    async fn list_holds(
        &self,
        request: Request<pb::ListHoldsRequest>,
    ) -> Result<Response<pb::ListHoldsResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, message| async move {
            let ask::Listed { from, size } = ask::list_holds(message)?;
            let who = authorise(requester)?;
            let (holds, next_page_token) = match from {
                ask::ListFrom::Standing(after) => {
                    let HoldPage { holds, next } = engine.list_holds(&who, after.as_ref(), size).await?;
                    (holds, tell::hold_page_token(next.as_ref()))
                }
                ask::ListFrom::All(after) => {
                    let HoldPage { holds, next } = engine.list_all_holds(&who, after, size).await?;
                    (holds, tell::all_holds_page_token(next))
                }
            };
            Ok(pb::ListHoldsResponse { holds: holds.iter().map(tell::hold).collect(), next_page_token })
        };
        edge.unary("ListHolds", request, work).await
    }
}

/// Takes what a breach is and the accounts that follow, until it is said that those were all.
///
/// INVARIANT (fail-closed): a stream that ends before that tells of no breach, whoever ended it.
async fn told(engine: &Engine, who: &Authorised<right::OpenIncident>, mut steps: Steps) -> Result<Breach, Refused> {
    let first = next(&mut steps).await?.unwrap_or_default();
    let ask::IncidentOpening { request_id, body, whom, cut_off, reason } = ask::incident_opening(first)?;
    let (mut listing, mut count) = (Listing::default(), 0_u64);
    loop {
        let Some(step) = next(&mut steps).await? else { return Err(FieldError::new("step", END).into()) };
        match ask::incident_step(&step)? {
            ask::OpeningStep::Accounts(_) if whom != CohortAsked::Listed => {
                let expected = "must not follow: only COHORT_KIND_LISTED has accounts";
                return Err(FieldError::new("accounts", expected).into());
            }
            ask::OpeningStep::Accounts(accounts) => {
                for account in &accounts {
                    engine.list_account(&mut listing, &who.requester().brand, account)?;
                }
                count = count.saturating_add(accounts.len() as u64);
            }
            ask::OpeningStep::End(declared) if declared == count => break,
            ask::OpeningStep::End(_) => return Err(FieldError::new("end.account_count", COUNT).into()),
        }
    }
    let whom = match whom {
        CohortAsked::Everyone => Whom::Everyone,
        CohortAsked::Brand => Whom::Brand,
        CohortAsked::Listed => Whom::Listed(listing),
    };
    Ok(Breach { request_id, body, whom, cut_off, reason })
}

async fn next(steps: &mut Steps) -> Result<Option<pb::OpenIncidentRequest>, Refused> {
    let step = timeout(Duration::from_secs(STEP_SECONDS_MAX), steps.message()).await;
    let late = |_elapsed| Status::deadline_exceeded("the next message did not come within a minute");
    step.map_err(late).flatten().map_err(|status| Refused::Stream(Box::new(status)))
}
