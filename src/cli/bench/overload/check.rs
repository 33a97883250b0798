//! Each approval against the record that it names.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::super::population::BRAND;
use super::count::Approval;
use crate::cli::failure::{Exit, Failure};
use crate::cli::keys::DEVELOPMENT_ISSUER;
use crate::domain::{
    AppCheck, Brand, ChangeDigest, Connection, Factor, Mode, OutcomeKind, RecordId, Requester, Role, Roster, Subject,
};
use crate::service::{Answer, Engine, authorise};

/// Approvals looked up at a time.
const LOOKS_MAX: usize = 16;

/// Why an approval should not be there.
pub(super) type Unfounded = &'static str;

/// Looks at every one of them: what each rested on is in its record. Answers with those that should not be there.
pub(super) async fn check(engine: &Arc<Engine>, approvals: Vec<Approval>) -> Result<Vec<Unfounded>, Failure> {
    let mut names = HashSet::new();
    let mut unfounded = Vec::new();
    let mut looks = JoinSet::new();
    for Approval { decision, change } in approvals {
        let id = RecordId::parse(&decision).map_err(|error| Failure::caused(Exit::Failed, &error))?;
        if !names.insert(id) {
            unfounded.push("one decision approved two calls");
        }
        let Some(change) = change else {
            unfounded.push("a call without proof was approved");
            continue;
        };
        if looks.len() >= LOOKS_MAX {
            unfounded.extend(looked(looks.join_next().await));
        }
        let (engine, desk) = (Arc::clone(engine), desk()?);
        looks.spawn(async move {
            let Ok(who) = authorise(desk) else { return Some("a record cannot be read") };
            match engine.get_decision(&who, id, None).await {
                Ok(answer) => fault(&answer, change),
                Err(_) => Some("an approval has no record"),
            }
        });
    }
    while let Some(look) = looks.join_next().await {
        unfounded.extend(looked(Some(look)));
    }
    Ok(unfounded)
}

fn looked(look: Option<Result<Option<Unfounded>, tokio::task::JoinError>>) -> Option<Unfounded> {
    look.and_then(|look| look.unwrap_or(Some("a record cannot be read")))
}

/// The fraud desk, which reads every decision.
fn desk() -> Result<Requester, Failure> {
    let role = Role::FraudOps;
    let failed = |error| Failure::caused(Exit::Failed, &error);
    Ok(Requester {
        subject: Subject::parse(&format!("{DEVELOPMENT_ISSUER}|{}", role.name())).map_err(failed)?,
        role,
        brand: Brand::parse(BRAND).map_err(failed)?,
        account: None,
        person: None,
        device: None,
        store: None,
        spid: None,
        token: None,
        roster: Roster::default(),
        connection: Connection::default(),
    })
}

/// What is wrong with an approval's record: it must say that the owner's signature over exactly this change was looked at,
/// found good, and accepted.
fn fault(answer: &Answer, change: ChangeDigest) -> Option<Unfounded> {
    let Some(decided) = answer.decided() else { return Some("an approval's record holds no decision") };
    let faults = [
        (decided.outcome != OutcomeKind::Approve, "an approval's record does not approve"),
        (decided.mode != Mode::Enforce, "an approval was only advice"),
        (decided.digest != change, "an approval is of another change"),
        (!matches!(decided.checks.app, AppCheck::Signed { .. }), "an approval's signature was not looked at"),
        (!decided.accepted.contains(&Factor::AppApproval), "an approval rests on no signature"),
    ];
    faults.into_iter().find_map(|(is_wrong, what)| is_wrong.then_some(what))
}
