//! Changes that are carried out here: locks, PINs, transfer PINs.

use super::asker::Asker;
use super::message::{change, evidence, is_number, line, place};
use super::player::Player;
use super::sheet::Row;
use super::told::Told;
use crate::cli::failure::Failure;
use crate::grpc::client::Duration;
use crate::grpc::pb::v1 as pb;
use crate::grpc::pb::v1::change::Change;

/// The scope of a row, for the requests that take a line or an account: each has a type of its own for it.
macro_rules! scope_of {
    ($row:expr, $request:ident) => {{
        use pb::$request::Scope;
        let scope = $row.cell("scope");
        Some(if is_number(scope) { Scope::Line(line(scope)) } else { Scope::AccountId(scope.to_owned()) })
    }};
}

/// The purchase order number of a port that a lock is released for: the port itself comes later.
const RELEASED_FOR: &str = "RELEASE";

impl Player {
    /// A lock on, released, or a release cancelled.
    pub(super) async fn lock(&mut self, row: &Row) -> Result<Told, Failure> {
        match row.cell("step") {
            "ON" => self.lock_on(row).await,
            "RELEASE" => self.release(row).await,
            "CANCEL" => self.cancel(row).await,
            _ => Err(row.wrong("step", "must be ON, RELEASE or CANCEL")),
        }
    }

    async fn lock_on(&mut self, row: &Row) -> Result<Told, Failure> {
        let request = pb::SetLockRequest {
            request_id: row.cell("request_id").to_owned(),
            scope: scope_of!(row, set_lock_request),
            set: lock_set(row)?,
            holder: pb::LockHolder::Customer.into(),
            reason_code: String::new(),
            interaction: Some(place(row)?),
        };
        let answered = self.under(&Asker::of(row))?.protection().set_lock(request).await;
        answered.map_or_else(|status| Told::refused(row, status), |_| Ok(Told::done()))
    }

    async fn release(&mut self, row: &Row) -> Result<Told, Failure> {
        let request = pb::ReleaseLockRequest {
            request_id: row.cell("request_id").to_owned(),
            scope: scope_of!(row, release_lock_request),
            set: lock_set(row)?,
            holder: pb::LockHolder::Customer.into(),
            purpose: Some(purpose(row)?),
            evidence: evidence(row)?,
            interaction: Some(place(row)?),
            signals: Vec::new(),
        };
        let answer = match self.under(&Asker::of(row))?.protection().release_lock(request).await {
            Ok(answer) => answer.into_inner(),
            Err(status) => return Told::refused(row, status),
        };
        let mut locks = answer.protection.iter().flat_map(|protection| &protection.locks);
        if let Some(release) = locks.find_map(|lock| lock.release.as_ref()) {
            self.notes.was_released(row.cell("request_id"), &release.release_id);
        }
        Told::decided("LOCK_RELEASE", answer.decision.as_ref())
    }

    async fn cancel(&mut self, row: &Row) -> Result<Told, Failure> {
        let release = self.notes.release(row.cell("release_of"));
        let release = release.ok_or_else(|| row.wrong("release_of", "must be a request that started a release"))?;
        let request = pb::CancelReleaseRequest {
            request_id: row.cell("request_id").to_owned(),
            release_id: release.to_owned(),
            interaction: Some(place(row)?),
            scope: scope_of!(row, cancel_release_request),
        };
        let answered = self.under(&Asker::of(row))?.protection().cancel_release(request).await;
        answered.map_or_else(|status| Told::refused(row, status), |_| Ok(Told::done()))
    }

    /// A new account PIN.
    pub(super) async fn pin(&mut self, row: &Row) -> Result<Told, Failure> {
        let request = pb::SetPinRequest {
            request_id: row.cell("request_id").to_owned(),
            account_id: row.cell("account_id").to_owned(),
            new_pin: row.cell("new_pin").to_owned(),
            evidence: evidence(row)?,
            interaction: Some(place(row)?),
        };
        match self.under(&Asker::of(row))?.credentials().set_pin(request).await {
            Ok(answer) => Told::decided("PIN_CHANGE", answer.into_inner().decision.as_ref()),
            Err(status) => Told::refused(row, status),
        }
    }

    /// A transfer PIN, whose value the customer writes down.
    pub(super) async fn transfer_pin(&mut self, row: &Row) -> Result<Told, Failure> {
        let request = pb::IssueTransferPinRequest {
            request_id: row.cell("request_id").to_owned(),
            scope: scope_of!(row, issue_transfer_pin_request),
            evidence: evidence(row)?,
            interaction: Some(place(row)?),
            gaining_spid: row.cell("gaining_spid").to_owned(),
        };
        let answer = match self.under(&Asker::of(row))?.credentials().issue_transfer_pin(request).await {
            Ok(answer) => answer.into_inner(),
            Err(status) => return Told::refused(row, status),
        };
        self.notes.was_shown(row.cell("name"), answer.transfer_pin);
        Told::decided("TRANSFER_PIN_ISSUE", answer.decision.as_ref())
    }
}

fn lock_set(row: &Row) -> Result<i32, Failure> {
    row.word("set", |word| pb::LockSet::from_str_name(&format!("LOCK_SET_{word}"))).map(i32::from)
}

/// What a release is for: a port to one carrier, a change to one SIM, or everything for some hours.
fn purpose(row: &Row) -> Result<pb::release_lock_request::Purpose, Failure> {
    use pb::release_lock_request::Purpose;
    let only_for = match row.cell("only_for").split_once(' ') {
        Some(("SPID", spid)) => Change::PortOut(pb::PortOut {
            gaining_spid: spid.to_owned(),
            pon: RELEASED_FOR.to_owned(),
            ..pb::PortOut::default()
        }),
        Some(("ICCID", iccid)) => Change::SimChange(pb::SimChange {
            target: Some(pb::sim_change::Target::Iccid(iccid.to_owned())),
            cause: pb::SimChangeCause::Upgrade.into(),
            ..pb::SimChange::default()
        }),
        Some(_) => return Err(row.wrong("only_for", "must be `SPID` or `ICCID` and a value")),
        None => {
            let hours = row.number("window_hours")?;
            let hours = hours.ok_or_else(|| row.wrong("window_hours", "must be given where only_for is not"))?;
            return Ok(Purpose::Window(Duration { seconds: hours.saturating_mul(3_600), nanos: 0 }));
        }
    };
    Ok(Purpose::OnlyFor(change(only_for)))
}
