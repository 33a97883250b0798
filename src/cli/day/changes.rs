//! Changes that are carried out elsewhere: ports, SIM changes, contacts, forwarding, devices.

use super::asker::Asker;
use super::message::{change, evidence, line, piece, place, signals};
use super::player::Player;
use super::sheet::Row;
use super::told::Told;
use crate::cli::failure::Failure;
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::change::Change;

/// The dialect that the day's carriers speak.
const DIALECT: &str = "wicis";

impl Player {
    /// A port request, from the gaining carrier.
    pub(super) async fn port(&mut self, row: &Row) -> Result<Told, Failure> {
        let cell = |column| row.cell(column).to_owned();
        let port = pb::PortOut {
            gaining_spid: cell("gaining_spid"),
            gaining_name: cell("gaining_name"),
            pon: cell("pon"),
            dealer_id: String::new(),
        };
        let request = pb::DecideRequest {
            request_id: cell("request_id"),
            line: Some(line(row.cell("msisdn"))),
            change: Some(change(Change::PortOut(port))),
            mode: pb::Mode::Enforce.into(),
            interaction: Some(pb::Interaction { channel: pb::Channel::Port.into(), ..pb::Interaction::default() }),
            claims: Some(pb::Claims {
                account_number: cell("account_number"),
                postal_code: cell("zip"),
                holder_name: cell("holder_name"),
                worthless: Vec::new(),
            }),
            evidence: [self.passcode(row)?, evidence(row)?].concat(),
            dialect: DIALECT.to_owned(),
            external_reference: cell("pon"),
            supersedes_decision_id: self.superseded(row)?,
            ..pb::DecideRequest::default()
        };
        self.decide(row, Asker::porting(row.cell("gaining_spid")), "PORT_OUT", request).await
    }

    fn passcode(&self, row: &Row) -> Result<Vec<pb::Evidence>, Failure> {
        use pb::evidence::Evidence;
        let passcode = row.cell("passcode");
        let offered = match row.cell("passcode_kind") {
            "" => return Ok(Vec::new()),
            "account_pin" => Evidence::AccountPin(passcode.to_owned()),
            "transfer_pin" => {
                let value = self.notes.transfer_pin(passcode);
                let value = value.ok_or_else(|| row.wrong("passcode", "names a transfer PIN that nobody was shown"))?;
                Evidence::TransferPin(value.to_owned())
            }
            _ => return Err(row.wrong("passcode_kind", "must be account_pin, transfer_pin or nothing")),
        };
        Ok(vec![piece(offered)])
    }

    /// A SIM change, from a store, care, the voice system, the app.
    pub(super) async fn sim(&mut self, row: &Row) -> Result<Told, Failure> {
        let cell = |column| row.cell(column).to_owned();
        let cause = row.word("cause", |word| pb::SimChangeCause::from_str_name(&format!("SIM_CHANGE_CAUSE_{word}")))?;
        let sim = pb::SimChange {
            target: sim_target(row.given("iccid"), row.given("eid")),
            imei: cell("imei"),
            cause: cause.into(),
            old_iccid: cell("old_iccid"),
            ..pb::SimChange::default()
        };
        let request = pb::DecideRequest {
            claims: worthless(row)?,
            signals: signals(row)?,
            supersedes_decision_id: self.superseded(row)?,
            ..asked(row, Change::SimChange(sim))?
        };
        self.decide(row, Asker::of(row), "SIM_CHANGE", request).await
    }

    /// A contact, call forwarding, a new device.
    pub(super) async fn other(&mut self, row: &Row) -> Result<Told, Failure> {
        use pb::contact_change::Value;
        let (subject, value) = (row.cell("subject").to_owned(), row.cell("value").to_owned());
        let contact =
            |value| Change::ContactChange(pb::ContactChange { contact_id: subject.clone(), value: Some(value) });
        let (action, what) = match row.cell("change") {
            "FORWARDING" => {
                ("CALL_FORWARDING_SET", Change::CallForwardingSet(pb::CallForwarding { target_msisdn: value }))
            }
            "DEVICE" => {
                let public_key_jwk = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{value}"}}"#);
                ("DEVICE_ADD", Change::DeviceAdd(pb::DeviceAdd { public_key_jwk, model: subject }))
            }
            "EMAIL" => ("CONTACT_CHANGE", contact(Value::Email(value))),
            "POSTAL" => ("CONTACT_CHANGE", contact(Value::PostalCode(value))),
            "REMOVE" => ("CONTACT_CHANGE", contact(Value::Remove(true))),
            _ => return Err(row.wrong("change", "must be FORWARDING, DEVICE, EMAIL, POSTAL or REMOVE")),
        };
        self.decide(row, Asker::of(row), action, asked(row, what)?).await
    }

    /// What the executing system does with a decision: redeem its permit, or withdraw it.
    pub(super) async fn execute(&mut self, row: &Row) -> Result<Told, Failure> {
        let granted = self.granted(row, "decision_of")?.clone();
        let (request_id, decision_id) = (row.cell("request_id").to_owned(), granted.decision);
        let mut decisions = self.under(&granted.asker)?.decisions();
        let answered = match row.cell("step") {
            "REDEEM" => {
                let line = row.given("msisdn").map_or(granted.line, line);
                let change = Some(instead(row, granted.change));
                let request = pb::RedeemPermitRequest { request_id, permit: granted.permit, line: Some(line), change };
                decisions.redeem_permit(request).await.map(|_| ())
            }
            "WITHDRAW" => {
                let cause = "cancelled by the customer".to_owned();
                let request = pb::WithdrawDecisionRequest { request_id, decision_id, cause };
                decisions.withdraw_decision(request).await.map(|_| ())
            }
            _ => return Err(row.wrong("step", "must be REDEEM or WITHDRAW")),
        };
        answered.map_or_else(|status| Told::refused(row, status), |()| Ok(Told::done()))
    }
}

fn sim_target(iccid: Option<&str>, eid: Option<&str>) -> Option<pb::sim_change::Target> {
    use pb::sim_change::Target;
    iccid.map(|iccid| Target::Iccid(iccid.to_owned())).or(eid.map(|eid| Target::Eid(eid.to_owned())))
}

/// The change that was approved, or another one where the row names it: what a thief would rather do with the permit.
fn instead(row: &Row, approved: pb::Change) -> pb::Change {
    match approved.change {
        Some(Change::SimChange(sim)) => {
            let target = sim_target(row.given("iccid"), None).or(sim.target);
            change(Change::SimChange(pb::SimChange { target, ..sim }))
        }
        other => pb::Change { change: other },
    }
}

/// A request for a decision by whoever the row names.
fn asked(row: &Row, what: Change) -> Result<pb::DecideRequest, Failure> {
    Ok(pb::DecideRequest {
        request_id: row.cell("request_id").to_owned(),
        line: Some(line(row.cell("msisdn"))),
        change: Some(change(what)),
        mode: pb::Mode::Enforce.into(),
        interaction: Some(place(row)?),
        evidence: evidence(row)?,
        ..pb::DecideRequest::default()
    })
}

/// The worthless facts that were offered.
fn worthless(row: &Row) -> Result<Option<pb::Claims>, Failure> {
    let kind = |word: &str| {
        let kind = pb::WorthlessFact::from_str_name(&format!("WORTHLESS_FACT_{word}"));
        kind.map(i32::from).ok_or_else(|| row.wrong("offered", "must be kinds of worthless facts"))
    };
    let worthless: Vec<i32> = row.cell("offered").split_whitespace().map(kind).collect::<Result<_, _>>()?;
    Ok(Some(pb::Claims { worthless, ..pb::Claims::default() }).filter(|claims| !claims.worthless.is_empty()))
}
