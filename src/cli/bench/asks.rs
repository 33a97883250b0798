//! What is asked: of ten questions six about locked lines, three that the owner approves, one with no proof.
//!
//! The policy is the one that `serve` decides by, and it approves nothing without proof. Of its proofs only the app's approval
//! holds no secret: a signature over exactly this request. So each approval costs the service the check of a signature, and
//! each one that is asked for is signed before the clock starts.

use std::sync::Arc;

use super::population::{BRAND, DEVICE, Kind, PIN, account_number, msisdn, new_iccid, nth_of};
use crate::cli::failure::{Exit, Failure};
use crate::crypto::{SigningKey, random_bytes, random_uuid};
use crate::domain::Brand;
use crate::grpc::convert::ask;
use crate::grpc::pb::v1 as pb;

/// The carrier that numbers would go to.
pub(super) const GAINING_SPID: &str = "6529";

/// Of ten questions so many are of each kind, in this order.
const MIX: [Asked; 10] = {
    use Asked::{Approvable, Locked, Unproven};
    [Locked, Approvable, Locked, Locked, Approvable, Locked, Unproven, Locked, Approvable, Locked]
};

/// What a question is made to come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// A port of a locked line: denied.
    Locked,
    /// A SIM change that the owner's app approves: approved.
    Approvable,
    /// A SIM change with no proof: challenged.
    Unproven,
}

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asker {
    /// The clearing house of ports.
    PortingHub,
    /// The counter's own device: no clerk asks so often.
    PinPad,
}

/// A question ready to be sent.
pub(super) struct Ask {
    /// Under whose token.
    pub(super) asker: Asker,
    /// The question.
    pub(super) request: pb::DecideRequest,
}

/// Makes questions about random lines.
pub(super) struct Questions {
    accounts: u64,
    app: Arc<SigningKey>,
    random: Random,
    made: usize,
}

impl Questions {
    /// About a population of so many accounts, whose owners' devices hold `app`.
    pub(super) fn new(accounts: u64, app: Arc<SigningKey>) -> Result<Self, Failure> {
        Ok(Self { accounts, app, random: Random::new()?, made: 0 })
    }

    /// The next ones, ready to be sent.
    pub(super) fn take(&mut self, count: usize) -> Result<Vec<Ask>, Failure> {
        (0..count).map(|_| self.next()).collect()
    }

    /// The next ones, of which each will be approved.
    pub(super) fn approvable(&mut self, count: usize) -> Result<Vec<Ask>, Failure> {
        (0..count).map(|_| self.ask(Asked::Approvable)).collect()
    }

    fn next(&mut self) -> Result<Ask, Failure> {
        let asked = MIX.get(self.made % MIX.len()).copied().unwrap_or(Asked::Locked);
        self.made = self.made.wrapping_add(1);
        self.ask(asked)
    }

    fn ask(&mut self, asked: Asked) -> Result<Ask, Failure> {
        match asked {
            Asked::Locked => Ok(Ask { asker: Asker::PortingHub, request: port_out(self.account(Kind::Locked))? }),
            Asked::Unproven => Ok(Ask { asker: Asker::PinPad, request: sim_change(self.account(Kind::Open))? }),
            Asked::Approvable => {
                let mut request = sim_change(self.account(Kind::Open))?;
                let approval = approval(&self.app, &request)?;
                request.evidence.push(evidence(pb::evidence::Evidence::AppApproval(approval)));
                Ok(Ask { asker: Asker::PinPad, request })
            }
        }
    }

    /// Any of the locked accounts, as the nth of its kind.
    pub(super) const fn any_locked(&mut self) -> u64 {
        self.random.below(self.accounts / 10 * 6)
    }

    fn account(&mut self, kind: Kind) -> u64 {
        let of_kind = match kind {
            Kind::Locked => self.accounts / 10 * 6,
            Kind::Open => self.accounts / 10 * 4,
        };
        nth_of(kind, self.random.below(of_kind))
    }
}

/// A SIM change with the account's PIN, entered at the pad.
pub(super) fn with_pin(account: u64) -> Result<Ask, Failure> {
    let mut request = sim_change(account)?;
    request.evidence.push(evidence(pb::evidence::Evidence::AccountPin(PIN.to_owned())));
    Ok(Ask { asker: Asker::PinPad, request })
}

/// A port of a number whose account number is not known.
pub(super) fn wrong_port(msisdn: &str) -> Result<pb::DecideRequest, Failure> {
    let port = pb::PortOut { gaining_spid: GAINING_SPID.to_owned(), pon: "PON-1".to_owned(), ..pb::PortOut::default() };
    let mut request = question_about(msisdn.to_owned(), pb::change::Change::PortOut(port), pb::Channel::Port)?;
    request.claims = Some(pb::Claims { account_number: "1".to_owned(), ..pb::Claims::default() });
    Ok(request)
}

fn port_out(account: u64) -> Result<pb::DecideRequest, Failure> {
    let port = pb::PortOut {
        gaining_spid: GAINING_SPID.to_owned(),
        pon: format!("PON{account:010}"),
        ..pb::PortOut::default()
    };
    let mut request = question(account, pb::change::Change::PortOut(port), pb::Channel::Port)?;
    request.claims = Some(pb::Claims { account_number: account_number(account), ..pb::Claims::default() });
    Ok(request)
}

/// A SIM change with no proof, asked in a store.
pub(super) fn sim_change(account: u64) -> Result<pb::DecideRequest, Failure> {
    let sim = pb::SimChange {
        target: Some(pb::sim_change::Target::Iccid(new_iccid(account))),
        cause: pb::SimChangeCause::Upgrade.into(),
        ..pb::SimChange::default()
    };
    question(account, pb::change::Change::SimChange(sim), pb::Channel::Store)
}

fn question(account: u64, change: pb::change::Change, channel: pb::Channel) -> Result<pb::DecideRequest, Failure> {
    question_about(msisdn(account), change, channel)
}

fn question_about(
    msisdn: String,
    change: pb::change::Change,
    channel: pb::Channel,
) -> Result<pb::DecideRequest, Failure> {
    let line = pb::LineRef { r#ref: Some(pb::line_ref::Ref::Msisdn(msisdn)), ..pb::LineRef::default() };
    Ok(pb::DecideRequest {
        request_id: random_uuid().map_err(|error| Failure::caused(Exit::Failed, &error))?,
        line: Some(line),
        change: Some(pb::Change { change: Some(change) }),
        mode: pb::Mode::Enforce.into(),
        interaction: Some(pb::Interaction { channel: channel.into(), ..pb::Interaction::default() }),
        ..pb::DecideRequest::default()
    })
}

const fn evidence(evidence: pb::evidence::Evidence) -> pb::Evidence {
    pb::Evidence { evidence: Some(evidence) }
}

/// The owner's approval of exactly this request.
fn approval(app: &SigningKey, request: &pb::DecideRequest) -> Result<pb::AppApproval, Failure> {
    let unfit = |what: String| Failure::failed(format!("a generated question is not one: {what}"));
    let brand = Brand::parse(BRAND).map_err(|error| unfit(error.to_string()))?;
    let (question, _) = ask::decide(request.clone(), &brand).map_err(|error| unfit(error.path))?;
    let signature = app.sign(question.signing_input().as_bytes());
    Ok(pb::AppApproval { device_key_id: DEVICE.to_owned(), signature })
}

/// Random enough to choose lines by, and quick (SplitMix64).
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    /// Begins anywhere.
    pub(super) fn new() -> Result<Self, Failure> {
        let seed = random_bytes().map_err(|error| Failure::caused(Exit::Failed, &error))?;
        Ok(Self(u64::from_be_bytes(seed)))
    }

    /// Any number below a bound; 0 below 0.
    pub(super) const fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((((mixed ^ (mixed >> 31)) as u128) * (bound as u128)) >> 64) as u64
    }
}
