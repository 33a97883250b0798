//! The lanes: how many calls are in each, and who is told to come back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{HeaderMap, Response};
use tonic::body::Body;
use tonic::{Code, Status};

use super::lane::{Lane, of_method, of_path};
use crate::config::Limits;
use crate::grpc::status::{retryable, unavailable};
use crate::telemetry::Metrics;

/// The shortest and the longest wait that a refused caller is told, in milliseconds. Answers are spread evenly between
/// them, so that those who were refused together do not come back together.
const RETRY_MILLISECONDS_MIN: u64 = 250;
const RETRY_MILLISECONDS_MAX: u64 = 1_000;

/// Different waits. Few: an answer that was sent before is a few bytes on its connection.
const WAITS: usize = 8;

/// In which order they are told: neighbours are far apart.
const STRIDE: usize = 3;

/// One lane's count.
#[derive(Debug)]
struct Count {
    inside: AtomicUsize,
    most: usize,
}

/// The lanes of one server.
pub struct Lanes {
    ordinary: Count,
    protective: Count,
    /// The refusals, ready to be sent.
    refusals: Vec<Refusal>,
    refused: AtomicUsize,
    metrics: Arc<Metrics>,
}

struct Refusal {
    status: Status,
    headers: HeaderMap,
}

impl std::fmt::Debug for Lanes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lanes").finish_non_exhaustive()
    }
}

/// A call's place in its lane. Dropping it leaves room for another.
#[derive(Debug)]
pub struct Slot(Arc<Lanes>, Lane);

impl Lanes {
    /// Empty lanes, as wide as `limits` says.
    pub fn new(limits: &Limits, metrics: Arc<Metrics>) -> Arc<Self> {
        let count = |most| Count { inside: AtomicUsize::new(0), most };
        Arc::new(Self {
            ordinary: count(limits.max_calls_in_flight.to_usize()),
            protective: count(limits.max_protective_calls_in_flight.to_usize()),
            refusals: (0..WAITS).map(refusal).collect(),
            refused: AtomicUsize::new(0),
            metrics,
        })
    }

    /// A place for a call of this method, by its name in the contract.
    ///
    /// # Errors
    ///
    /// UNAVAILABLE with a time to come back, when its lane is full. INVARIANT (fail-closed): it is no yes.
    pub fn enter(self: &Arc<Self>, method: &str) -> Result<Slot, Status> {
        let (method, lane) = of_method(method);
        let Some(count) = self.count(lane) else { return Ok(Slot(Arc::clone(self), lane)) };
        if count.inside.fetch_add(1, Ordering::AcqRel) < count.most {
            return Ok(Slot(Arc::clone(self), lane));
        }
        count.inside.fetch_sub(1, Ordering::AcqRel);
        self.metrics.shed(method, cause(lane));
        Err(self.refusal().map_or_else(unavailable, |refusal| refusal.status.clone()))
    }

    /// The answer to a call that there is no place for, by its path; none while there is one.
    pub(super) fn refusal_of(&self, path: &str) -> Option<Response<Body>> {
        let (method, lane) = of_path(path);
        let count = self.count(lane)?;
        if count.inside.load(Ordering::Acquire) < count.most {
            return None;
        }
        self.metrics.shed(method, cause(lane));
        let refusal = self.refusal()?;
        let mut response = Response::new(Body::empty());
        response.headers_mut().clone_from(&refusal.headers);
        Some(response)
    }

    const fn count(&self, lane: Lane) -> Option<&Count> {
        match lane {
            Lane::Ordinary => Some(&self.ordinary),
            Lane::Protective => Some(&self.protective),
            Lane::Open => None,
        }
    }

    fn refusal(&self) -> Option<&Refusal> {
        let turn = self.refused.fetch_add(STRIDE, Ordering::Relaxed);
        self.refusals.get(turn % WAITS)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(count) = self.0.count(self.1) {
            count.inside.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

/// What counters name the lane that was full.
const fn cause(lane: Lane) -> &'static str {
    match lane {
        Lane::Protective => "protective_calls_in_flight",
        Lane::Ordinary | Lane::Open => "calls_in_flight",
    }
}

fn refusal(turn: usize) -> Refusal {
    let step = (RETRY_MILLISECONDS_MAX - RETRY_MILLISECONDS_MIN) / (WAITS as u64 - 1);
    let wait = RETRY_MILLISECONDS_MIN + step * u64::try_from(turn).unwrap_or(0);
    let message = "too many calls at a time: try again later; this is not a yes";
    let status = retryable(Code::Unavailable, "OVERLOADED", message, Duration::from_millis(wait));
    let headers = status.clone().into_http::<Body>().headers().clone();
    Refusal { status, headers }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use tonic::{Code, Status};
    use tonic_types::StatusExt as _;

    use super::{Lanes, Slot, WAITS};
    use crate::config::{Bounded, Limits};
    use crate::telemetry::Metrics;

    fn lanes() -> (Arc<Lanes>, Arc<Metrics>) {
        let limits = Limits {
            max_calls_in_flight: Bounded::of::<16>(),
            max_protective_calls_in_flight: Bounded::of::<16>(),
            ..Limits::default()
        };
        let metrics = Arc::new(Metrics::new());
        (Lanes::new(&limits, Arc::clone(&metrics)), metrics)
    }

    fn fill(lanes: &Arc<Lanes>, method: &str) -> Vec<Slot> {
        (0..16).map(|_| lanes.enter(method).unwrap()).collect()
    }

    #[test]
    fn a_full_lane_refuses_and_leaves_the_other_alone() {
        let (lanes, metrics) = lanes();
        let mut inside = fill(&lanes, "Decide");
        let status = lanes.enter("GetDecision").unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        assert_eq!(status.get_error_details().error_info().unwrap().reason, "OVERLOADED");
        let early = lanes.refusal_of("/portcullis.v1.DecisionService/Decide").unwrap();
        assert_eq!(Status::from_header_map(early.headers()).unwrap().code(), Code::Unavailable);
        assert!(lanes.refusal_of("/portcullis.v1.ProtectionService/SetLock").is_none());
        assert!(lanes.refusal_of("/grpc.health.v1.Health/Check").is_none());
        let locks = fill(&lanes, "SetLock");
        assert!(lanes.enter("RedeemPermit").is_err());
        assert!(lanes.refusal_of("/portcullis.v1.ProtectionService/SetLock").is_some());
        inside.pop();
        inside.push(lanes.enter("Decide").unwrap());
        drop((inside, locks));
        drop((fill(&lanes, "Decide"), fill(&lanes, "SetLock")));
        let text = metrics.encode().unwrap();
        for line in [
            r#"portcullis_shed_total{method="Decide",cause="calls_in_flight"} 1"#,
            r#"portcullis_shed_total{method="GetDecision",cause="calls_in_flight"} 1"#,
            r#"portcullis_shed_total{method="SetLock",cause="protective_calls_in_flight"} 1"#,
        ] {
            assert!(text.lines().any(|found| found == line), "no line `{line}` in\n{text}");
        }
    }

    #[test]
    fn those_who_are_refused_together_are_told_to_come_back_apart() {
        let (lanes, _) = lanes();
        let _inside = fill(&lanes, "Decide");
        let wait = |status: Status| status.get_error_details().retry_info().unwrap().retry_delay.unwrap();
        let waits: BTreeSet<_> = (0..WAITS).map(|_| wait(lanes.enter("Decide").unwrap_err())).collect();
        assert_eq!(waits.len(), WAITS);
        assert!(waits.first().unwrap().as_millis() == 250 && waits.last().unwrap().as_millis() <= 1_000);
    }
}
