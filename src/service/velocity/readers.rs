//! Who reads accounts: counted as it is told, and asked about when one of the accounts is to leave.
//!
//! Whether a read was one of too many is known only once the hundredth came. So an account remembers who read it, and its
//! port asks whether that reader became one of those, before or since.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::kinds::{ACCOUNTS_READ, ANOMALOUS_READS, PORTS_OF_READ, READ_MANY};
use super::plan::{Counted, Of, Use};
use super::tally::recent;
use crate::crypto::Token;
use crate::domain::{AccountReading, Brand, Change, Mode, ReaderMark, Reference};
use crate::service::engine::Engine;
use crate::service::weigh::Case;
use crate::store::{ChargeWindows, Settle, StoreError, Window, WindowKey};

/// So long after it was told, it is not told again that a reader reads too many; what they read until then belongs to it.
const TOLD_AGAIN_AFTER: TimeDelta = TimeDelta::hours(12);

const fn key(token: Token) -> WindowKey {
    WindowKey { partition: token.partition(), token }
}

/// Whether what a reader read of the account belongs to a time when they read too many.
fn is_among(reading: &AccountReading, anomalous: &Window, now: DateTime<Utc>) -> bool {
    let (from, until) = (reading.first - TOLD_AGAIN_AFTER, reading.last + ACCOUNTS_READ.length);
    recent(anomalous, &ANOMALOUS_READS, now).any(|event| from <= event.at && event.at <= until)
}

impl Engine {
    /// Counts a read of an account, once an event. Who read, as the account remembers it.
    ///
    /// INVARIANT (fail-closed): what cannot be counted is not kept, and its source tells it again.
    pub(in crate::service) async fn count_read(
        &self,
        (brand, reader): (&Brand, &Reference),
        account: Token,
        attempt: Token,
        now: DateTime<Utc>,
    ) -> Result<ReaderMark, StoreError> {
        let named = |name| self.vault.tokens().window(name, &[brand.as_str().as_bytes(), reader.as_str().as_bytes()]);
        let (reads, anomalous) = (named(ACCOUNTS_READ.name), named(ANOMALOUS_READS.name));
        let of = |kind, token, subject| Use { of: Of::Read, kind, window: key(token), subject, charged: true };
        let charges = vec![of(&ACCOUNTS_READ, reads, account).charge()];
        let charge = ChargeWindows { charges, reads: vec![key(anomalous)], attempt, now };
        let windows = self.vault.charge(charge).await?;
        let [read, told] = windows.as_slice() else { return Err(StoreError::Damaged("windows are missing".into())) };
        let again = read.events.iter().filter(|event| event.subject == account && event.attempt != attempt);
        let again: Vec<Settle> = again.map(|event| Settle { window: key(reads), attempt: event.attempt }).collect();
        if !again.is_empty() {
            self.vault.settle(again).await?;
        }
        let accounts: HashSet<Token> = recent(read, &ACCOUNTS_READ, now).map(|event| event.subject).collect();
        let is_told = || told.events.iter().any(|event| now.signed_duration_since(event.at) < TOLD_AGAIN_AFTER);
        if accounts.len() >= READ_MANY && !is_told() {
            let charges = vec![of(&ANOMALOUS_READS, anomalous, anomalous).charge()];
            self.vault.charge(ChargeWindows { charges, reads: Vec::new(), attempt, now }).await?;
        }
        Ok(ReaderMark(u128::from_be_bytes(*anomalous.as_bytes())))
    }

    /// Counts a port of an account that was read lately with those of the others that its reader read, where they were too
    /// many. The account says who it was, so that this is known only now.
    pub(in crate::service) async fn count_ports_of_read(&self, case: &Case<'_>, counted: &mut Counted) {
        let Change::PortOut(port) = &case.question.change else { return };
        let readers: Vec<&AccountReading> = case.credentials.history.readers(case.now).collect();
        if readers.is_empty() || counted.windows.is_none() || counted.uses.iter().any(|one| one.of == Of::Read) {
            return;
        }
        let mark = |reading: &AccountReading| Token::from_bytes(reading.reader.0.to_be_bytes());
        let (attempt, now) = (counted.attempt, counted.now);
        let reads = readers.iter().map(|reading| key(mark(reading))).collect();
        let asked = self.vault.charge(ChargeWindows { charges: Vec::new(), reads, attempt, now }).await;
        let Ok(anomalous) = asked else {
            counted.windows = None;
            return;
        };
        let (brand, carrier) = (case.requester.brand.as_str().as_bytes(), port.gaining_spid.as_str().as_bytes());
        let among = readers.iter().zip(&anomalous).filter(|(reading, window)| is_among(reading, window, now));
        let uses: Vec<Use> = among
            .map(|(reading, _)| {
                let parts = [brand, carrier, mark(reading).as_bytes().as_slice()].map(<[u8]>::to_vec);
                let token = self.vault.tokens().window(PORTS_OF_READ.name, &[&parts[0], &parts[1], &parts[2]]);
                let charged = case.question.mode == Mode::Enforce;
                Use { of: Of::Read, kind: &PORTS_OF_READ, window: key(token), subject: case.target.account, charged }
            })
            .collect();
        if uses.is_empty() {
            return;
        }
        let (charged, read): (Vec<&Use>, Vec<&Use>) = uses.iter().partition(|one| one.charged);
        let charges = charged.into_iter().map(Use::charge).collect();
        let reads = read.into_iter().map(|one| one.window).collect();
        let windows = self.vault.charge(ChargeWindows { charges, reads, attempt, now }).await;
        match (windows, counted.windows.as_mut()) {
            (Ok(windows), Some(known)) => {
                known.extend(windows);
                counted.uses.extend(uses);
            }
            _ => counted.windows = None,
        }
    }
}
