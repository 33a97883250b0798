//! A line's way back after a SIM change that was somebody else's.

use serde_json::{Value, json};

use super::decision::Decided;
use super::value::{instant, spoken};
use crate::cli::output::{Answer, pairs, parts};
use crate::grpc::pb::v1 as pb;

/// A recovery.
pub(crate) struct Recovery(pub(crate) pb::Recovery);

impl Answer for Recovery {
    fn json(&self) -> Value {
        let pb::Recovery {
            disputed_time,
            until_time,
            suspend_sim,
            end_call_forwarding,
            lock_count,
            ended_contact_count,
            restored_contact_count,
            revoked_device_count,
            pin_removed,
        } = &self.0;
        json!({
            "disputed_time": instant(*disputed_time),
            "until_time": instant(*until_time),
            "suspend_sim": suspend_sim,
            "end_call_forwarding": end_call_forwarding,
            "lock_count": lock_count,
            "ended_contact_count": ended_contact_count,
            "restored_contact_count": restored_contact_count,
            "revoked_device_count": revoked_device_count,
            "pin_removed": pin_removed,
        })
    }

    fn text(&self) -> String {
        let told = &self.0;
        if told.until_time.is_none() {
            return format!(
                "SIM change of {}: one person of the fraud desk says that it was somebody else's. Nothing has changed: another \
                 must say so within a day.",
                spoken(told.disputed_time)
            );
        }
        let in_network = [
            told.suspend_sim.then_some("suspend the SIM that the line is on"),
            told.end_call_forwarding.then_some("take call forwarding off"),
        ];
        let to_do = in_network.into_iter().flatten().collect::<Vec<_>>().join("; ");
        let pin = if told.pin_removed { "removed: the owner sets another" } else { "as it was" };
        let rows = [
            ("disputed", spoken(told.disputed_time)),
            ("may go back until", spoken(told.until_time)),
            ("in the network now", if to_do.is_empty() { "nothing".to_owned() } else { to_do }),
            ("locks set since", format!("{}, not in the way of going back", told.lock_count)),
            ("contacts", format!("{} ended, {} restored", told.ended_contact_count, told.restored_contact_count)),
            ("app keys", format!("{} revoked", told.revoked_device_count)),
            ("account PIN", pin.to_owned()),
        ];
        parts([pairs(rows)])
    }
}

/// What a report of a SIM change came to.
pub(crate) struct SwapReported {
    /// The decision.
    pub(crate) decision: Decided,
    /// What was undone, where it was approved.
    pub(crate) recovery: Option<Recovery>,
    /// For calls that must see it, where it was given.
    pub(crate) consistency_token: Option<String>,
}

impl Answer for SwapReported {
    fn json(&self) -> Value {
        let Self { decision, recovery, consistency_token } = self;
        json!({
            "decision": decision.json(),
            "recovery": recovery.as_ref().map(Recovery::json),
            "consistency_token": consistency_token,
        })
    }

    fn text(&self) -> String {
        parts([self.decision.text(), self.recovery.as_ref().map_or_else(String::new, Recovery::text)])
    }
}
