//! A step as messages of the contract.

use super::cast::{BRAND, GAINING, Secrets, Who, account, account_number, iccid, imei, msisdn, named, who};
use super::file::{Step, length};
use super::play::Reads;
use super::stage::{Over, Stage};
use crate::cli::failure::Failure;
use crate::cli::flags::parse_length;
use crate::domain::Brand;
use crate::grpc::client::{Client, Duration};
use crate::grpc::convert::ask;
use crate::grpc::pb::v1 as pb;
use pb::change::Change;
use pb::evidence::Evidence;

/// A step with who takes it, and what earlier steps left.
pub(super) struct Asking<'a> {
    pub(super) step: &'a Step,
    pub(super) who: &'static Who,
    pub(super) household: u32,
    /// Which of those who have this role.
    pub(super) seat: u32,
    pub(super) stage: &'a Stage,
    pub(super) request_id: String,
    pub(super) secrets: &'a Secrets,
    /// The transfer PIN that was issued last.
    pub(super) transfer_pin: &'a str,
    pub(super) code: &'a str,
    pub(super) reads: Reads,
}

impl Asking<'_> {
    /// A client in the name of who asks.
    pub(super) fn client(&self) -> Result<Client, Failure> {
        let ended = self.step.hours_ended.as_deref().map(|ago| length(ago, "hours_ended")).transpose()?;
        let seat = self.who.at(self.seat, self.step.device.as_deref());
        let over = match (self.step.over_till, &self.step.network) {
            (false, _) => Over::Line,
            (true, None) => Over::Till,
            (true, Some(_)) => Over::TillElsewhere,
        };
        self.stage.client_in(self.who, self.household, (seat, ended, over))
    }

    /// The line that it is about.
    pub(super) fn line(&self) -> pb::LineRef {
        let msisdn = pb::line_ref::Ref::Msisdn(msisdn(self.household, self.step.line));
        pb::LineRef { r#ref: Some(msisdn), ..pb::LineRef::default() }
    }

    /// Where it is asked.
    pub(super) fn place(&self) -> Result<pb::Interaction, Failure> {
        let channel = match &self.step.channel {
            Some(name) => named(name, "channel", |name| pb::Channel::from_str_name(&format!("CHANNEL_{name}")))?,
            None => self.who.channel,
        };
        Ok(pb::Interaction {
            channel: channel.into(),
            store_id: self.who.at(self.seat, None).store.unwrap_or_default(),
            client_address: self.who.address(self.seat, self.step.network.as_deref())?,
            ..pb::Interaction::default()
        })
    }

    /// The change that is asked; none where an RPC of its own asks it.
    pub(super) fn change(&self) -> Result<Option<pb::Change>, Failure> {
        let step = self.step;
        let change = match step.action.as_str() {
            "SIM_CHANGE" | "redeem" => Change::SimChange(pb::SimChange {
                target: Some(pb::sim_change::Target::Iccid(iccid(step.sim.as_deref().unwrap_or("new")))),
                imei: step.imei.as_deref().map(imei).unwrap_or_default(),
                cause: named(step.cause.as_deref().unwrap_or("UPGRADE"), "cause", |name| {
                    pb::SimChangeCause::from_str_name(&format!("SIM_CHANGE_CAUSE_{name}"))
                })?
                .into(),
                delivery: self.delivery()?.into(),
                ..pb::SimChange::default()
            }),
            "PORT_OUT" => Change::PortOut(pb::PortOut {
                gaining_spid: self.gaining(),
                pon: "PON-1".to_owned(),
                ..pb::PortOut::default()
            }),
            "CALL_FORWARDING_SET" => {
                Change::CallForwardingSet(pb::CallForwarding { target_msisdn: "+12125559999".to_owned() })
            }
            _ => return Ok(None),
        };
        Ok(Some(pb::Change { change: Some(change) }))
    }

    /// How the new SIM gets to the customer.
    fn delivery(&self) -> Result<pb::SimDelivery, Failure> {
        let Some(delivery) = &self.step.delivery else { return Ok(pb::SimDelivery::Unspecified) };
        named(delivery, "delivery", |name| pb::SimDelivery::from_str_name(&format!("SIM_DELIVERY_{name}")))
    }

    /// The gaining carrier.
    pub(super) fn gaining(&self) -> String {
        self.step.gaining.clone().unwrap_or_else(|| GAINING.to_owned())
    }

    /// A question to `Decide`, with what is offered.
    pub(super) fn decide(&self, change: pb::Change) -> Result<pb::DecideRequest, Failure> {
        let mut request = pb::DecideRequest {
            request_id: self.request_id.clone(),
            line: Some(self.line()),
            change: Some(change),
            mode: pb::Mode::Enforce.into(),
            interaction: Some(self.place()?),
            claims: Some(self.claims()),
            signals: self.signals()?,
            dialect: self.dialect(),
            ..pb::DecideRequest::default()
        };
        request.evidence = self.evidence(|| {
            let brand = Brand::parse(BRAND).map_err(|error| Failure::invalid(error.to_string()))?;
            let question = ask::decide(request.clone(), &brand);
            question.map(|(question, _)| question.signing_input()).map_err(|error| Failure::invalid(error.path))
        })?;
        Ok(request)
    }

    /// Going on with a challenge, with what is offered besides an app's approval: that is given to the challenge.
    pub(super) fn complete(&self, challenge: &str) -> Result<pb::CompleteDecisionRequest, Failure> {
        let given = || Failure::invalid("`offer`: an app approves a challenge in a step of its own, `do = \"give\"`");
        Ok(pb::CompleteDecisionRequest {
            request_id: self.request_id.clone(),
            challenge_id: challenge.to_owned(),
            evidence: self.evidence(|| Err(given()))?,
            interaction: Some(self.place()?),
            claims: Some(self.claims()),
            signals: self.signals()?,
            dialect: self.dialect(),
            ..pb::CompleteDecisionRequest::default()
        })
    }

    /// The dialect that the answer is also given in.
    fn dialect(&self) -> String {
        if self.who.role == "porting_system" { "wicis".to_owned() } else { String::new() }
    }

    /// The account that it is about.
    pub(super) fn account(&self) -> String {
        account(self.household)
    }

    /// A client in the name of its owner.
    pub(super) fn owner(&self) -> Result<Client, Failure> {
        self.stage.client_of(who("owner")?, self.household, 0)
    }

    /// A release of a lock.
    pub(super) fn release(&self) -> Result<pb::ReleaseLockRequest, Failure> {
        let mut request = pb::ReleaseLockRequest {
            request_id: self.request_id.clone(),
            scope: Some(pb::release_lock_request::Scope::Line(self.line())),
            set: self.set()?.into(),
            holder: pb::LockHolder::Customer.into(),
            interaction: Some(self.place()?),
            purpose: Some(pb::release_lock_request::Purpose::Window(Duration { seconds: 7 * 86_400, nanos: 0 })),
            ..pb::ReleaseLockRequest::default()
        };
        request.evidence = self.evidence(|| {
            let brand = Brand::parse(BRAND).map_err(|error| Failure::invalid(error.to_string()))?;
            let question = ask::release_lock(request.clone(), &brand);
            question.map(|question| question.signing_input()).map_err(|error| Failure::invalid(error.path))
        })?;
        Ok(request)
    }

    /// The issue of a transfer PIN.
    pub(super) fn transfer_pin(&self) -> Result<pb::IssueTransferPinRequest, Failure> {
        let mut request = pb::IssueTransferPinRequest {
            request_id: self.request_id.clone(),
            scope: Some(pb::issue_transfer_pin_request::Scope::Line(self.line())),
            interaction: Some(self.place()?),
            ..pb::IssueTransferPinRequest::default()
        };
        request.evidence = self.evidence(|| {
            let question = ask::issue_transfer_pin(request.clone());
            question.map(|question| question.signing_input()).map_err(|error| Failure::invalid(error.path))
        })?;
        Ok(request)
    }

    /// A new PIN.
    pub(super) fn pin(&self) -> Result<pb::SetPinRequest, Failure> {
        let mut request = pb::SetPinRequest {
            request_id: self.request_id.clone(),
            account_id: account(self.household),
            new_pin: "730264".to_owned(),
            interaction: Some(self.place()?),
            ..pb::SetPinRequest::default()
        };
        request.evidence = self.evidence(|| {
            let question = ask::set_pin(request.clone());
            question.map(|(question, _)| question.signing_input()).map_err(|error| Failure::invalid(error.path))
        })?;
        Ok(request)
    }

    /// The lock's set.
    pub(super) fn set(&self) -> Result<pb::LockSet, Failure> {
        let set = self.step.set.as_deref().unwrap_or("PORT");
        named(set, "set", |name| pb::LockSet::from_str_name(&format!("LOCK_SET_{name}")))
    }

    fn claims(&self) -> pb::Claims {
        let offers = |what: &str| self.step.offer.iter().any(|offered| offered == what);
        let given = |right: &str, value: String, wrong: &str, other: &str| match (offers(right), offers(wrong)) {
            (_, true) => other.to_owned(),
            (true, false) => value,
            (false, false) => String::new(),
        };
        let worthless = WORTHLESS.into_iter().filter(|(what, _)| offers(what)).map(|(_, fact)| fact.into());
        pb::Claims {
            account_number: given("account-number", account_number(self.household), "wrong-account-number", "99999999"),
            postal_code: given("zip", "02139".to_owned(), "wrong-zip", "10001"),
            holder_name: given("name", "Household owner".to_owned(), "wrong-name", "Someone Else"),
            worthless: worthless.collect(),
        }
    }

    pub(super) fn evidence(&self, signed: impl Fn() -> Result<String, Failure>) -> Result<Vec<pb::Evidence>, Failure> {
        let mut evidence = Vec::new();
        for offered in &self.step.offer {
            let one = match offered.as_str() {
                "pin" => Evidence::AccountPin(self.secrets.pin.clone()),
                "new-pin" => Evidence::AccountPin("730264".to_owned()),
                "wrong-pin" => Evidence::AccountPin(self.secrets.wrong_pin.clone()),
                "common-pin" => Evidence::AccountPin(self.secrets.common_pin.clone()),
                "transfer-pin" => Evidence::TransferPin(self.transfer_pin.to_owned()),
                "wrong-transfer-pin" => Evidence::TransferPin("000000".to_owned()),
                "code" => Evidence::OneTimeCode(self.code.to_owned()),
                "wrong-code" => {
                    Evidence::OneTimeCode(if self.code == "111111" { "222222" } else { "111111" }.to_owned())
                }
                "document" => self.document("Household owner"),
                "wrong-document" => self.document("Someone Else"),
                "second-person" => self.second_person("Household owner"),
                "app" => self.approval("owner-phone", &signed()?),
                "user-app" => self.approval("user-phone", &signed()?),
                "tablet-app" => self.approval("owner-tablet", &signed()?),
                _ => continue,
            };
            evidence.push(pb::Evidence { evidence: Some(one) });
        }
        Ok(evidence)
    }

    fn second_person(&self, holder_name: &str) -> Evidence {
        let (holder_name, msisdn) = (holder_name.to_owned(), msisdn(self.household, self.step.line));
        Evidence::SecondPerson(pb::SecondPerson { holder_name, msisdn })
    }

    fn document(&self, holder_name: &str) -> Evidence {
        let (reference, holder_name) = (format!("document-{}", self.household), holder_name.to_owned());
        Evidence::DocumentScan(pb::DocumentScan { reference, holder_name })
    }

    fn approval(&self, device: &str, signed: &str) -> Evidence {
        let signature = self.stage.phone(device).sign(signed.as_bytes());
        Evidence::AppApproval(pb::AppApproval { device_key_id: device.to_owned(), signature })
    }

    fn signals(&self) -> Result<Vec<pb::Signal>, Failure> {
        use pb::signal::Value;
        let one = |(name, value): (&String, &toml::Value)| {
            let wrong =
                || Failure::invalid(format!("`signals`: `{name}` is a number, true or false, or a time like \"20m\""));
            let value = match value {
                toml::Value::Boolean(flag) => Value::Flag(*flag),
                toml::Value::Integer(number) => Value::Number(*number),
                toml::Value::String(text) => {
                    let seconds = parse_length(text).map_err(|_| wrong())?.num_seconds();
                    Value::Duration(Duration { seconds, nanos: 0 })
                }
                _ => return Err(wrong()),
            };
            Ok(pb::Signal { name: name.clone(), value: Some(value), ..pb::Signal::default() })
        };
        self.step.signals.iter().map(one).collect()
    }
}

/// Facts that prove nothing, by their words in `offer`.
const WORTHLESS: [(&str, pb::WorthlessFact); 5] = [
    ("birth-date", pb::WorthlessFact::BirthDate),
    ("national-id", pb::WorthlessFact::NationalId),
    ("last-payment", pb::WorthlessFact::Payment),
    ("call-log", pb::WorthlessFact::CallLog),
    ("security-answer", pb::WorthlessFact::SecurityAnswer),
];

/// The words that `offer` may have.
pub(super) const OFFERS: [&str; 25] = [
    "code",
    "wrong-code",
    "document",
    "wrong-document",
    "second-person",
    "account-number",
    "wrong-account-number",
    "zip",
    "wrong-zip",
    "name",
    "wrong-name",
    "birth-date",
    "national-id",
    "last-payment",
    "call-log",
    "security-answer",
    "pin",
    "new-pin",
    "wrong-pin",
    "common-pin",
    "transfer-pin",
    "wrong-transfer-pin",
    "app",
    "user-app",
    "tablet-app",
];
