//! Plays the day: every row through the public interface, under the token of whoever asks.

use std::collections::HashMap;

use super::asker::{Asker, Issuer};
use super::notes::Notes;
use super::script::{Kind, Step};
use super::sheet::Row;
use super::told::Told;
use crate::cli::failure::Failure;
use crate::grpc::client::Client;
use crate::grpc::pb::v1 as pb;

/// Whoever the rows name, each with their own token, and what they remember.
pub(super) struct Player {
    client: Client,
    issuer: Issuer,
    clients: HashMap<Asker, Client>,
    granted: HashMap<String, Granted>,
    /// What they wrote down.
    pub(super) notes: Notes,
}

/// A decision, as whoever carries it out remembers it.
#[derive(Clone)]
pub(super) struct Granted {
    /// Who asked, and alone may redeem.
    pub(super) asker: Asker,
    /// The line.
    pub(super) line: pb::LineRef,
    /// The change.
    pub(super) change: pb::Change,
    /// The decision.
    pub(super) decision: String,
    /// Its permit; empty unless approved.
    pub(super) permit: String,
}

impl Player {
    /// Over a connection, whose own token is not used.
    pub(super) fn new(client: Client, issuer: Issuer, notes: Notes) -> Self {
        Self { client, issuer, clients: HashMap::new(), granted: HashMap::new(), notes }
    }

    /// Who issues their tokens.
    pub(super) const fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// Plays one step.
    pub(super) async fn play(&mut self, step: &Step) -> Result<Told, Failure> {
        let row = &step.row;
        match step.kind {
            Kind::Port => self.port(row).await,
            Kind::Sim => self.sim(row).await,
            Kind::Other => self.other(row).await,
            Kind::Lock => self.lock(row).await,
            Kind::Pin => self.pin(row).await,
            Kind::TransferPin => self.transfer_pin(row).await,
            Kind::Execution => self.execute(row).await,
        }
    }

    /// The connection under the token of `asker`.
    pub(super) fn under(&mut self, asker: &Asker) -> Result<Client, Failure> {
        if let Some(client) = self.clients.get(asker) {
            return Ok(client.clone());
        }
        let client = self.client.with_token(&self.issuer.issue(asker)?)?;
        self.clients.insert(asker.clone(), client.clone());
        Ok(client)
    }

    /// Asks for a decision, and remembers what was granted.
    pub(super) async fn decide(
        &mut self,
        row: &Row,
        asker: Asker,
        action: &'static str,
        request: pb::DecideRequest,
    ) -> Result<Told, Failure> {
        let (line, change) = (request.line.clone(), request.change.clone());
        let answer = self.under(&asker)?.decisions().decide(request).await;
        let decision = match answer {
            Ok(answer) => answer.into_inner().decision,
            Err(status) => return Told::refused(row, status),
        };
        let told = Told::decided(action, decision.as_ref())?;
        if let (Some(line), Some(change), Some(decision)) = (line, change, decision) {
            let permit = match decision.detail {
                Some(pb::decision::Detail::Approval(approval)) => approval.permit,
                _ => String::new(),
            };
            let granted = Granted { asker, line, change, decision: decision.decision_id, permit };
            self.granted.insert(row.cell("request_id").to_owned(), granted);
        }
        Ok(told)
    }

    /// What the request in a cell was granted.
    pub(super) fn granted(&self, row: &Row, column: &str) -> Result<&Granted, Failure> {
        let granted = self.granted.get(row.cell(column));
        granted.ok_or_else(|| row.wrong(column, "must be a request of an earlier row that was decided"))
    }

    /// The decision that a row's request takes the place of.
    pub(super) fn superseded(&self, row: &Row) -> Result<String, Failure> {
        match row.given("supersedes") {
            Some(_) => self.granted(row, "supersedes").map(|granted| granted.decision.clone()),
            None => Ok(String::new()),
        }
    }
}
