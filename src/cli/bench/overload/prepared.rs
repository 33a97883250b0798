//! Calls made before the clock starts, and what is known of each.

use std::sync::Arc;
use std::time::Duration;

use super::super::asks::{Ask, Asker, Questions};
use super::super::population::{BRAND, Kind, msisdn, nth_of};
use crate::cli::failure::{Exit, Failure};
use crate::crypto::random_uuid;
use crate::domain::{Brand, ChangeDigest};
use crate::grpc::convert::ask;
use crate::grpc::lean::{Bytes, Head, framed};
use crate::grpc::pb::bench::EchoRequest;
use crate::grpc::pb::v1 as pb;

/// One of so many calls turns a lock on.
const LOCK_EVERY: usize = 50;

/// What a call asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// A decision that nothing could approve.
    Decision,
    /// One that rests on the owner's approval of this change.
    Approvable(ChangeDigest),
    /// A lock.
    Lock,
    /// Nothing: as many bytes back.
    Echo,
}

/// A call ready to be sent.
#[derive(Clone)]
pub(super) struct Prepared {
    pub(super) asked: Asked,
    pub(super) head: Arc<Head>,
    pub(super) message: Bytes,
}

/// Calls that ask for nothing, as large as decisions and their answers are: what a call costs before anybody looks at it.
pub(super) fn echoes(
    token: &str,
    answer_time_max: Duration,
    like: &Prepared,
    count: usize,
) -> Result<Vec<Prepared>, Failure> {
    let head = Head::new("portcullis.bench.v1.EchoService/Echo", token, answer_time_max);
    let head = head.map(Arc::new).map_err(|error| Failure::caused(Exit::Failed, &error))?;
    let message = framed(&EchoRequest { payload: like.message.to_vec(), response_size: 0 });
    Ok(vec![Prepared { asked: Asked::Echo, head, message }; count])
}

/// What calls begin with, under the token of each who asks.
pub(super) struct Heads {
    hub: Arc<Head>,
    pad: Arc<Head>,
    lock: Arc<Head>,
}

impl Heads {
    /// Of these tokens, each call to be answered within `answer_time_max`.
    pub(super) fn new(hub: &str, pad: &str, clerk: &str, answer_time_max: Duration) -> Result<Self, Failure> {
        let head = |method, token| {
            let made = Head::new(method, token, answer_time_max);
            made.map(Arc::new).map_err(|error| Failure::caused(Exit::Failed, &error))
        };
        Ok(Self {
            hub: head("portcullis.v1.DecisionService/Decide", hub)?,
            pad: head("portcullis.v1.DecisionService/Decide", pad)?,
            lock: head("portcullis.v1.ProtectionService/SetLock", clerk)?,
        })
    }

    /// Makes so many calls: decisions as the bench mixes them, and locks among them.
    pub(super) fn prepare(&self, questions: &mut Questions, count: usize) -> Result<Vec<Prepared>, Failure> {
        let mut calls = Vec::with_capacity(count);
        while calls.len() < count {
            if calls.len() % LOCK_EVERY == LOCK_EVERY / 2 {
                calls.push(self.lock(questions)?);
                continue;
            }
            let asks = questions.take(1)?;
            calls.extend(asks.into_iter().map(|ask| self.decision(ask)).collect::<Result<Vec<_>, _>>()?);
        }
        Ok(calls)
    }

    fn decision(&self, ask: Ask) -> Result<Prepared, Failure> {
        let Ask { asker, request } = ask;
        let head = if asker == Asker::PortingHub { &self.hub } else { &self.pad };
        let message = framed(&request);
        let asked = if request.evidence.is_empty() { Asked::Decision } else { Asked::Approvable(digest(request)?) };
        Ok(Prepared { asked, head: Arc::clone(head), message })
    }

    /// On a line that is locked already, so that what is asked about it comes to the same as before.
    fn lock(&self, questions: &mut Questions) -> Result<Prepared, Failure> {
        let account = nth_of(Kind::Locked, questions.any_locked());
        let line = pb::LineRef { r#ref: Some(pb::line_ref::Ref::Msisdn(msisdn(account))), ..pb::LineRef::default() };
        let order = pb::SetLockRequest {
            request_id: random_uuid().map_err(|error| Failure::caused(Exit::Failed, &error))?,
            scope: Some(pb::set_lock_request::Scope::Line(line)),
            set: pb::LockSet::Sim.into(),
            holder: pb::LockHolder::Customer.into(),
            reason_code: String::new(),
            interaction: Some(pb::Interaction { channel: pb::Channel::Store.into(), ..pb::Interaction::default() }),
        };
        Ok(Prepared { asked: Asked::Lock, head: Arc::clone(&self.lock), message: framed(&order) })
    }
}

/// The digest of the change that a question asks about, as its record will hold it.
fn digest(request: pb::DecideRequest) -> Result<ChangeDigest, Failure> {
    let unfit = |what: String| Failure::failed(format!("a generated question is not one: {what}"));
    let brand = Brand::parse(BRAND).map_err(|error| unfit(error.to_string()))?;
    let (question, _) = ask::decide(request, &brand).map_err(|error| unfit(error.path))?;
    Ok(question.digest())
}
