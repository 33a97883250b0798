//! One-time codes on their way to the customers: each a message for the carrier's messaging, given until it is taken or the code
//! is over.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::clock::Clock;
use crate::crypto::random_bytes;
use crate::outbound::{Courier, Message, next_attempt, recipient};
use crate::service::{CodeKind, CodeSender, CodeToSend};

/// Codes that are on their way at a time. Where the receiver is so far behind, a customer asks for another.
const ON_THEIR_WAY_MAX: usize = 1_024;

/// What a message is, for who receives it.
const fn kind_of(kind: CodeKind) -> &'static str {
    match kind {
        CodeKind::Challenge => "portcullis.code",
        CodeKind::TransferPin => "portcullis.transfer_pin",
    }
}

/// So long a message is given until it is taken: who waits longer asks for another.
const GIVEN_FOR: TimeDelta = TimeDelta::hours(1);

/// Gives codes to a courier.
pub(super) struct Codes {
    courier: Courier,
    clock: Arc<dyn Clock>,
    source: String,
    places: Arc<Semaphore>,
}

impl Codes {
    /// For an engine of that name.
    pub(super) fn by(courier: Courier, clock: Arc<dyn Clock>, source: String) -> Self {
        Self { courier, clock, source, places: Arc::new(Semaphore::new(ON_THEIR_WAY_MAX)) }
    }
}

impl CodeSender for Codes {
    fn send(&self, code: CodeToSend) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            tracing::error!("a code was not sent: too many are on their way");
            return;
        };
        let (courier, clock) = (self.courier.clone(), Arc::clone(&self.clock));
        let (until, message) = (code.expires_at.min(code.at + GIVEN_FOR), message(&code, self.source.clone()));
        tokio::spawn(async move {
            let _place = place;
            deliver(&courier, &*clock, &message, until).await;
        });
    }
}

/// Gives it until it is taken. INVARIANT (fail-closed): a code that is over, or whose time nobody can tell, goes nowhere.
async fn deliver(courier: &Courier, clock: &dyn Clock, message: &Message, until: DateTime<Utc>) {
    for tries in 1.. {
        let Ok(now) = clock.now().map(|now| now.instant()) else {
            tracing::error!("a code was not sent: nobody can tell what time it is");
            return;
        };
        if until <= now {
            tracing::warn!(tries, "a code was not taken before it was over");
            return;
        }
        let Err(error) = courier.deliver(message, now).await else { return };
        let random = random_bytes().map_or(u32::MAX, u32::from_be_bytes);
        let Some(wait) = next_attempt(&error, tries, random) else {
            tracing::error!(%error, "a code was refused");
            return;
        };
        tracing::warn!(%error, tries, "a code was not taken yet");
        tokio::time::sleep(wait).await;
    }
}

fn message(code: &CodeToSend, source: String) -> Message {
    let CodeToSend { kind, record, at, expires_at, contact, line, action, change: _, digits, text } = code;
    Message {
        id: Message::id_of(record.as_u128()),
        kind: kind_of(*kind),
        at: *at,
        source,
        subject: None,
        data: json!({
            "to": recipient(Some(&contact.id), &contact.value),
            "text": text,
            "code": digits.expose(),
            "action": action.name(),
            "line": line.to_e164(),
            "expire_time": expires_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        }),
    }
}
