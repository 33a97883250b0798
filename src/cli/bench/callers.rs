//! One call: a decision or an echo. Both go the same way: the same connections, streams, TLS, token and deadline.

use std::sync::Arc;

use super::asks::{Ask, Asker};
use super::drive::Caller;
use super::tally::Ended;
use crate::cli::failure::Failure;
use crate::grpc::client::{Client, Code, DecisionClient, EchoClient, message_bytes};
use crate::grpc::pb::bench::EchoRequest;
use crate::grpc::pb::v1 as pb;
use crate::grpc::status::code_name;

/// The clients of one connection, one a token.
#[derive(Clone)]
pub(super) struct Deciders {
    porting_hub: DecisionClient,
    pin_pad: DecisionClient,
}

impl Deciders {
    /// On one connection.
    pub(super) fn new(porting_hub: &Client, pin_pad: &Client) -> Self {
        Self { porting_hub: porting_hub.decisions(), pin_pad: pin_pad.decisions() }
    }

    const fn of(&mut self, asker: Asker) -> &mut DecisionClient {
        match asker {
            Asker::PortingHub => &mut self.porting_hub,
            Asker::PinPad => &mut self.pin_pad,
        }
    }
}

/// Asks for decisions, one after the other.
pub(super) struct Decider {
    clients: Deciders,
    asks: std::vec::IntoIter<Ask>,
}

impl Decider {
    /// With these questions.
    pub(super) fn new(clients: Deciders, asks: Vec<Ask>) -> Self {
        Self { clients, asks: asks.into_iter() }
    }
}

impl Caller for Decider {
    async fn call(&mut self) -> Option<Ended> {
        let Ask { asker, request } = self.asks.next()?;
        Some(match self.clients.of(asker).decide(request).await {
            Ok(answer) => outcome(answer.get_ref()),
            Err(status) => Err(code_name(status.code())),
        })
    }
}

/// How a decision ended.
pub(super) fn outcome(answer: &pb::DecideResponse) -> Ended {
    match answer.decision.as_ref().map(pb::Decision::outcome) {
        Some(pb::Outcome::Approve) => Ok("approve"),
        Some(pb::Outcome::Challenge) => Ok("challenge"),
        Some(pb::Outcome::Deny) => Ok("deny"),
        Some(pb::Outcome::Unspecified) | None => Err(code_name(Code::Unknown)),
    }
}

/// Asks for echoes, one after the other, for ever.
pub(super) struct Echoer {
    client: EchoClient,
    payload: Arc<[u8]>,
    response_size: u32,
}

impl Echoer {
    /// Of these sizes, in bytes: a decision's question and answer.
    pub(super) fn new(client: &Client, payload: Arc<[u8]>, response_size: u32) -> Self {
        Self { client: client.echo(), payload, response_size }
    }
}

impl Caller for Echoer {
    async fn call(&mut self) -> Option<Ended> {
        let request = EchoRequest { payload: self.payload.to_vec(), response_size: self.response_size };
        Some(match self.client.echo(request).await {
            Ok(_) => Ok("echo"),
            Err(status) => Err(code_name(status.code())),
        })
    }
}

/// The mean sizes of questions and their answers, in bytes.
pub(super) async fn sizes(mut clients: Deciders, asks: Vec<Ask>) -> Result<(usize, usize), Failure> {
    let (count, mut asked, mut answered) = (asks.len().max(1), 0_usize, 0_usize);
    for Ask { asker, request } in asks {
        asked = asked.saturating_add(message_bytes(&request));
        let answer = clients.of(asker).decide(request).await?;
        answered = answered.saturating_add(message_bytes(answer.get_ref()));
    }
    Ok((asked / count, answered / count))
}
