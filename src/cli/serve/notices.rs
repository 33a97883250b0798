//! Notices on their way to the customers: each a message for the carrier's messaging.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::crypto::random_bytes;
use crate::outbound::{Courier, Message, next_attempt, recipient};
use crate::service::{Carrying, NotCarried, Notice, NoticeCarrier};

/// What a notice is, for who receives it.
const KIND: &str = "portcullis.notice";

/// Gives notices to a courier.
pub(super) struct ByCourier {
    courier: Courier,
    source: String,
}

impl ByCourier {
    /// For an engine of that name.
    pub(super) const fn new(courier: Courier, source: String) -> Self {
        Self { courier, source }
    }
}

impl NoticeCarrier for ByCourier {
    fn carry<'a>(&'a self, notice: &'a Notice, tries: u32, now: DateTime<Utc>) -> Carrying<'a> {
        Box::pin(async move {
            let Err(error) = self.courier.deliver(&self.message(notice), now).await else { return Ok(()) };
            let random = random_bytes().map_or(u32::MAX, u32::from_be_bytes);
            let again = next_attempt(&error, tries, random);
            tracing::warn!(record = %notice.record, %error, tries, "a notice was not taken");
            let again = again.map(|wait| TimeDelta::from_std(wait).unwrap_or(TimeDelta::MAX));
            Err(NotCarried { again, asked: error.retry_after().is_some() })
        })
    }
}

impl ByCourier {
    fn message(&self, notice: &Notice) -> Message {
        let Notice { id, record, at, kind, nth, line, decision, action, expires_at, cancel_code, to, text } = notice;
        let mut data = json!({
            "to": recipient(to.id.as_ref(), &to.value),
            "text": text,
            "notice": kind.name(),
            "record_id": record.to_string(),
            "nth_this_hour": nth,
        });
        let more = [
            ("line", line.map(|line| line.to_e164().into())),
            ("decision_id", decision.map(|decision| decision.to_string().into())),
            ("action", action.map(|action| action.name().into())),
            ("cancel_code", cancel_code.map(|code| code.to_text().into())),
            ("expire_time", expires_at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true).into())),
        ];
        if let Value::Object(data) = &mut data {
            data.extend(more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        }
        let (id, source) = (Message::id_of(*id), self.source.clone());
        Message { id, kind: KIND, at: *at, source, subject: None, data }
    }
}
