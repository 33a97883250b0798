//! `IncidentService`.

use std::time::Duration;

use tokio::time::timeout;
use tonic::{Request, Response, Status, Streaming};

use super::services::Services;
use crate::domain::Requester;
use crate::grpc::convert::ask::CohortAsked;
use crate::grpc::convert::{FieldError, ask, tell};
use crate::grpc::edge::{Call, Edge, Refused};
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::incident_service_server::IncidentService;
use crate::service::{Authorised, Breach, Engine, Listing, Whom, authorise, right};

/// How long the next message of an opening may take, in seconds.
const STEP_SECONDS_MAX: u64 = 60;

type Steps = Streaming<pb::OpenIncidentRequest>;

/// The service.
#[derive(Clone)]
pub(super) struct IncidentApi(pub(super) Services);

#[tonic::async_trait]
impl IncidentService for IncidentApi {
    async fn open_incident(&self, request: Request<Steps>) -> Result<Response<pb::OpenIncidentResponse>, Status> {
        let Services { engine, edge } = &self.0;
        let call = Call::start("OpenIncident");
        let opened = match edge.requester(request.metadata(), request.extensions()) {
            Ok(requester) => match edge.answer(authorise(Requester::clone(&requester)).map_err(Into::into)) {
                Ok(who) => opened(engine, edge, who, request.into_inner()).await,
                Err(refusal) => Err(refusal),
            },
            Err(refusal) => Err(refusal),
        };
        call.end(edge.metrics(), opened.as_ref().err());
        opened.map(Response::new)
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
        let work = |requester: Requester, pb::ListIncidentsRequest {}| async move {
            let incidents = engine.list_incidents(&authorise(requester)?).await?;
            Ok(pb::ListIncidentsResponse { incidents: incidents.iter().map(tell::incident).collect() })
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

    async fn list_holds(
        &self,
        request: Request<pb::ListHoldsRequest>,
    ) -> Result<Response<pb::ListHoldsResponse>, Status> {
        let Services { engine, edge } = self.0.clone();
        let work = |requester: Requester, message| async move {
            let ask::HoldListing { standing, after, size } = ask::list_holds(message)?;
            let page = engine.list_holds(&authorise(requester)?, after.as_ref(), standing, size).await?;
            Ok(pb::ListHoldsResponse {
                holds: page.holds.iter().map(tell::hold).collect(),
                next_page_token: tell::hold_page_token(page.next.as_ref()),
            })
        };
        edge.unary("ListHolds", request, work).await
    }
}

/// Takes what a breach is and the accounts that follow, and tells of it once all are there.
async fn opened(
    engine: &std::sync::Arc<Engine>,
    edge: &Edge,
    who: Authorised<right::OpenIncident>,
    mut steps: Steps,
) -> Result<pb::OpenIncidentResponse, Status> {
    let first = next(&mut steps).await?.unwrap_or_default();
    let ask::IncidentOpening { request_id, body, whom, cut_off, reason } = ask::incident_opening(first)?;
    let mut listing = Listing::default();
    while let Some(step) = next(&mut steps).await? {
        let accounts = ask::incident_accounts(&step)?;
        if whom != CohortAsked::Listed {
            let expected = "must not follow: only COHORT_KIND_LISTED has accounts";
            return Err(FieldError::new("accounts", expected).into());
        }
        for account in &accounts {
            let listed = engine.list_account(&mut listing, &who.requester().brand, account);
            edge.answer(listed.map_err(Refused::from))?;
        }
    }
    let whom = match whom {
        CohortAsked::Everyone => Whom::Everyone,
        CohortAsked::Brand => Whom::Brand,
        CohortAsked::Listed => Whom::Listed(listing),
    };
    let incident = engine.open_incident(who, Breach { request_id, body, whom, cut_off, reason }).await;
    let incident = edge.answer(incident.map_err(Refused::from))?;
    Ok(pb::OpenIncidentResponse { incident: Some(tell::incident(&incident)) })
}

async fn next(steps: &mut Steps) -> Result<Option<pb::OpenIncidentRequest>, Status> {
    let step = timeout(Duration::from_secs(STEP_SECONDS_MAX), steps.message()).await;
    step.map_err(|_elapsed| Status::deadline_exceeded("the next message did not come within a minute"))?
}
