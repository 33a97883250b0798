//! Challenges, as the customer whose they are is shown them.

use super::change::change;
use super::decision::factor_option;
use super::protection::by_subscription;
use super::wire;
use crate::grpc::convert::time::timestamp;
use crate::grpc::pb::v1 as pb;
use crate::service::WaitingChallenge;

/// What waits for a customer. None for one that holds no decision, which no use case gives.
pub(in crate::grpc) fn waiting_challenge(waiting: &WaitingChallenge) -> Option<pb::PendingChallenge> {
    let (record, pending) = (waiting.kept.record(), &waiting.pending);
    let decided = waiting.decided()?;
    Some(pb::PendingChallenge {
        challenge: Some(pb::Challenge {
            challenge_id: pending.decision.to_string(),
            expire_time: Some(timestamp(pending.expires_at)),
            required: wire::strength(pending.required),
            options: decided.options.iter().map(factor_option).collect(),
            next_step: String::new(),
        }),
        line: record.line.as_ref().map(|line| by_subscription(line.id.as_str())),
        change: change(&decided.change),
        ask_time: Some(timestamp(record.at)),
        channel: record.channel.map_or_else(|| pb::Channel::Unspecified.into(), wire::channel),
        store_id: decided.place.store().map_or_else(String::new, |store| store.as_str().to_owned()),
        signing_input: pending.signing_input(),
    })
}
