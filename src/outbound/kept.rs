//! Connections that are kept for the next message, for as long as what was found out about their address is believed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use tokio::time::timeout;

use super::https::Exchange;

/// Connections kept at a time. Each carries one message at a time.
const KEPT_MAX: usize = 16;

/// For so long after it was opened a connection is used: as long as a resolver may believe an answer, at least.
const KEPT_FOR: Duration = Duration::from_secs(30);

/// An answer's body is read to its end, so that the connection can be used again, if it is no longer and no slower than this.
const BODY_BYTES_MAX: usize = 16_384;
const BODY_WITHIN: Duration = Duration::from_secs(1);

/// A connection to a receiver, and when it was opened.
pub(super) struct Line {
    pub(super) exchange: Exchange<Full<Bytes>>,
    opened: Instant,
}

impl Line {
    /// One that was just opened.
    pub(super) fn new(exchange: Exchange<Full<Bytes>>) -> Self {
        Self { exchange, opened: Instant::now() }
    }

    fn is_good(&self) -> bool {
        self.opened.elapsed() < KEPT_FOR && self.exchange.is_open()
    }
}

/// Connections that nobody uses now.
#[derive(Clone, Default)]
pub(super) struct Lines(Arc<Mutex<Vec<Line>>>);

impl Lines {
    /// One that was used last, if there is a good one.
    pub(super) fn take(&self) -> Option<Line> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.retain(Line::is_good);
        lines.pop()
    }

    /// Keeps one for the next message once its answer's body is read; nobody waits for that.
    pub(super) fn keep(&self, line: Line, body: Incoming) {
        if body.is_end_stream() {
            return self.put(line);
        }
        let lines = self.clone();
        tokio::spawn(async move {
            let read = timeout(BODY_WITHIN, Limited::new(body, BODY_BYTES_MAX).collect()).await;
            if matches!(read, Ok(Ok(_))) {
                lines.put(line);
            }
        });
    }

    fn put(&self, line: Line) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if line.is_good() && lines.len() < KEPT_MAX {
            lines.push(line);
        }
    }
}
