//! One commit: everything that a use case changes, in one script.

use super::keys::{account_bucket, field};
use super::loading::{count, kept, number};
use super::requests::Belongs;
use super::scripts::SCRIPTS;
use super::step::Step;
use super::store::RedisStore;
use super::wire;
use crate::store::{CLOCK_BEHIND_MAX, Commit, CommitError, Position, Slot, StoreError, Urgency, Write};

impl RedisStore {
    pub(super) async fn commit_checked(&self, commit: Commit) -> Result<Position, CommitError> {
        commit.check_bounds()?;
        if let Some(claim) = &commit.claim {
            let protects = commit.urgency == Urgency::Protective;
            match self.reserve(&claim.reserve, commit.account, protects).await? {
                Belongs::Here => {}
                Belongs::Elsewhere => return Err(CommitError::Taken),
                Belongs::Answered(record) => return Err(CommitError::Answered(record)),
            }
        }
        let partition = commit.account.partition();
        let (word, mut told) = self.ask(self.step_of(&commit)).await?;
        match word.as_str() {
            "OK" => Ok(Position { epoch: self.epoch, partition, seq: told.number()? }),
            "TAKEN" => Err(CommitError::Taken),
            "ANSWERED" => Err(CommitError::Answered(wire::id_of(&told.bytes()?)?)),
            "CONFLICT" => Err(CommitError::Conflict),
            "BEHIND" | "AHEAD" => Err(wrong_clock(&word).into()),
            "DAMAGED" => Err(wire::damaged("a journal goes on behind its partition's count").into()),
            "TWICE" => Err(StoreError::Refused("a record of that id was appended before").into()),
            "FOREIGN" => Err(StoreError::Refused("a permit is another account's").into()),
            _ => Err(wire::unexpected().into()),
        }
    }

    fn step_of(&self, commit: &Commit) -> Step {
        let partition = commit.account.partition();
        let keys = &self.fabric.keys;
        let permits: Vec<&Write> = commit.writes.iter().filter(|write| matches!(write.slot, Slot::Permit(_))).collect();
        let fields: Vec<(Vec<u8>, &Write)> =
            commit.writes.iter().filter_map(|write| Some((field(write.slot)?, write))).collect();
        let request = commit.claim.as_ref().map_or(commit.account, |claim| claim.reserve.request);
        let mut names = vec![
            keys.meta(partition),
            keys.request(partition, request),
            keys.account(commit.account),
            keys.accounts(partition, account_bucket(commit.account)),
            keys.due(partition),
            keys.journal(partition),
            keys.permits(partition),
        ];
        let mut args = self.head_of(commit);
        let counts = [
            fields.len(),
            permits.len(),
            commit.records.len(),
            commit.settle.len(),
            commit.due.len(),
            commit.done.len(),
        ];
        args.extend(counts.map(count));
        for (field, write) in fields {
            args.extend([field, wire::version(write.expect), new_value(write, None)]);
        }
        for write in permits {
            if let Slot::Permit(id) = write.slot {
                names.push(keys.permit(partition, id));
                args.extend([
                    id.to_bytes().to_vec(),
                    wire::version(write.expect),
                    new_value(write, Some(commit.account)),
                ]);
            }
        }
        for record in &commit.records {
            names.push(keys.record(partition, record.id));
            args.extend([record.id.to_bytes().to_vec(), wire::record(commit.account, &record.body)]);
        }
        names.extend(commit.settle.iter().map(|window| keys.window(partition, *window)));
        args.extend(commit.due.iter().chain(&commit.done).map(wire::due));
        let script = match commit.urgency {
            Urgency::Ordinary => &SCRIPTS.commit,
            Urgency::Protective => &SCRIPTS.commit_to_protect,
        };
        Step::script(partition, script, names, args).proven(true).once()
    }

    /// The arguments up to the counts.
    fn head_of(&self, commit: &Commit) -> Vec<Vec<u8>> {
        let claim = commit.claim.as_ref().map_or_else(Vec::new, |claim| {
            [&claim.reserve.request.as_bytes()[..], &claim.reserve.digest, &claim.record.to_bytes()].concat()
        });
        vec![
            self.life(),
            wire::instant(commit.now).to_vec(),
            wire::instant(commit.now + CLOCK_BEHIND_MAX).to_vec(),
            self.ahead(),
            self.fabric.keys.rings().into_bytes(),
            number(commit.account.partition().number().into()),
            commit.account.as_bytes().to_vec(),
            claim,
            kept(),
        ]
    }
}

/// What a script says of an engine's clock.
pub(super) fn wrong_clock(word: &str) -> StoreError {
    if word == "BEHIND" {
        return StoreError::ClockBehind;
    }
    StoreError::Unavailable("this engine's clock is ahead of the Redis's: set both by the same source".to_owned())
}

/// A row's new value; nothing for a write that only checks.
fn new_value(write: &Write, account: Option<crate::crypto::Token>) -> Vec<u8> {
    write.body.as_ref().map_or_else(Vec::new, |body| wire::row(write.expect.saturating_add(1), account, body))
}
