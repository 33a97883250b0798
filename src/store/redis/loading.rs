//! One load: the request's reservation and the account's rows at once, in one wait.
//!
//! A request's key is reserved twice. In the slot of its own token, where whoever asks about *another* account meets it;
//! and, before anything is charged, with the account itself, where the script that charges looks first. So of two requests
//! that share a key and an account only one is ever charged; of two that share a key and not the account, the one that
//! comes too late has charged only its own account's windows, and gives that back before it is told.

use super::committing::wrong_clock;
use super::requests::Belongs;
use super::scripts::SCRIPTS;
use super::step::Step;
use super::store::RedisStore;
use super::wire::{self, Told};
use crate::crypto::{Partition, Token};
use crate::store::{Before, Charge, Load, Loaded, Reservation, Reserve, Row, Slot, StoreError, Window};

/// What is told of a request whose key is another's.
const fn taken() -> Loaded {
    Loaded { reservation: Reservation::Taken, rows: Vec::new(), windows: Vec::new() }
}

/// What a load gave, and what it charged.
struct Read {
    loaded: Loaded,
    counted: Vec<bool>,
    pushed_out: Vec<Vec<u8>>,
}

impl RedisStore {
    pub(super) async fn load_checked(&self, load: Load) -> Result<Loaded, StoreError> {
        load.check_bounds()?;
        if load.at_least.is_some_and(|position| position.epoch != self.epoch) {
            return Err(StoreError::Behind);
        }
        let reserving = async {
            match &load.reserve {
                None => Ok(Belongs::Here),
                Some(reserve) => self.reserve(reserve, load.account, false).await,
            }
        };
        let (belongs, read) = tokio::join!(reserving, self.read(&load));
        let belongs = match belongs {
            // Nothing is looked at under a key that was not reserved; and where nothing will be, it need not be.
            Err(StoreError::DiskReserve) if load.charges.is_empty() => Belongs::Here,
            belongs => belongs?,
        };
        let read = read?;
        match belongs {
            Belongs::Here => {}
            Belongs::Elsewhere => {
                self.give_back(&load, &read).await?;
                return Ok(taken());
            }
            Belongs::Answered(record) => {
                self.give_back(&load, &read).await?;
                let charged = load.charges.iter().map(|charge| charge.window);
                let windows = charged.chain(load.windows.iter().copied()).collect();
                let again = self.read(&Load { reserve: None, charges: Vec::new(), windows, ..load }).await?;
                return Ok(Loaded { reservation: Reservation::Answered(record), ..again.loaded });
            }
        }
        if matches!(read.loaded.reservation, Reservation::Answered(_)) {
            self.prove_again(load.account.partition()).await?;
        }
        Ok(read.loaded)
    }

    /// Reserves a request's key for an account.
    ///
    /// INVARIANT (one-request-one-decision): a key belongs to the first digest, and the first account, it was asked with.
    pub(super) async fn reserve(
        &self,
        reserve: &Reserve,
        account: Token,
        protects: bool,
    ) -> Result<Belongs, StoreError> {
        if self.is_reserved(reserve, account) {
            return Ok(Belongs::Here);
        }
        let partition = reserve.request.partition();
        let keys = vec![self.fabric.keys.meta(partition), self.fabric.keys.reservation(reserve.request)];
        let args = vec![self.life(), [&reserve.digest[..], account.as_bytes()].concat(), kept()];
        let script = if protects { &SCRIPTS.reserve_to_protect } else { &SCRIPTS.reserve };
        let (word, mut told) = self.ask(Step::script(partition, script, keys, args).proven(true)).await?;
        match word.as_str() {
            "MADE" => {
                self.remember(reserve, account);
                Ok(Belongs::Here)
            }
            "TAKEN" => Ok(Belongs::Elsewhere),
            "ELSEWHERE" => {
                let before = wire::token_of(&told.bytes()?).ok_or_else(|| wire::damaged("a reservation"))?;
                self.answered_before(reserve, before).await
            }
            _ => Err(wire::unexpected()),
        }
    }

    /// What became of the same request when it was asked for another account. While it is not answered there it may yet be:
    /// then the key is not this account's to take.
    async fn answered_before(&self, reserve: &Reserve, account: Token) -> Result<Belongs, StoreError> {
        let partition = account.partition();
        let get = redis::cmd("GET").arg(self.fabric.keys.request(partition, reserve.request)).to_owned();
        let known = wire::bytes(self.fabric.carry_out(Step::read(partition, get)).await?)?.unwrap_or_default();
        match known.split_at_checked(reserve.digest.len()) {
            Some((digest, record)) if digest == reserve.digest && !record.is_empty() => {
                self.prove_again(account.partition()).await?;
                Ok(Belongs::Answered(wire::id_of(record)?))
            }
            _ => Ok(Belongs::Elsewhere),
        }
    }

    async fn read(&self, load: &Load) -> Result<Read, StoreError> {
        let partition = load.account.partition();
        let keys = &self.fabric.keys;
        let (fields, permits) = parted(&load.slots);
        let mut names = vec![keys.meta(partition)];
        let request = load.reserve.map_or(load.account, |reserve| reserve.request);
        names.extend([keys.request(partition, request), keys.account(load.account)]);
        names.extend(permits.iter().map(|id| keys.permit(partition, *id)));
        let charged = load.charges.iter().map(|charge| &charge.window);
        for window in charged.chain(&load.windows) {
            if window.partition != partition {
                return Err(StoreError::Refused("a load names a window of another partition"));
            }
            names.push(keys.window(partition, window.token));
        }
        let asked = load.reserve.map_or_else(Vec::new, |asked| [&asked.request.as_bytes()[..], &asked.digest].concat());
        let mut args = vec![
            self.life(),
            number(load.at_least.map_or(0, |position| position.seq)),
            asked,
            kept(),
            wire::instant(load.now).to_vec(),
            self.ahead(),
        ];
        args.extend([fields.len(), permits.len(), load.charges.len(), load.windows.len()].map(count));
        args.extend(fields);
        args.extend(load.charges.iter().flat_map(charge_args));
        // INVARIANT (one-counter): a secret is looked at only after its charge is on the disk, or on the replicas.
        let lasts = load.charges.iter().any(must_last);
        let step = Step::script(partition, &SCRIPTS.load, names, args).proven(lasts);
        let (word, told) = self.ask(step).await?;
        match word.as_str() {
            "TAKEN" => Ok(Read { loaded: taken(), counted: Vec::new(), pushed_out: Vec::new() }),
            "POSITION" => Err(StoreError::Behind),
            "BEHIND" | "AHEAD" => Err(wrong_clock(&word)),
            "OK" => read_of(load, told),
            _ => Err(wire::unexpected()),
        }
    }

    async fn give_back(&self, load: &Load, read: &Read) -> Result<(), StoreError> {
        let (Some(asked), partition) = (load.reserve, load.account.partition()) else { return Ok(()) };
        if load.charges.is_empty() {
            return Ok(());
        }
        let names = &self.fabric.keys;
        let mut keys = vec![names.meta(partition), names.request(partition, asked.request)];
        let mut args = vec![self.life(), [&asked.request.as_bytes()[..], &asked.digest].concat()];
        for ((charge, counted), pushed_out) in load.charges.iter().zip(&read.counted).zip(&read.pushed_out) {
            if *counted {
                keys.push(names.window(partition, charge.window.token));
                args.extend([pushed_out.clone(), count(charge.cap.into()), millis(charge)]);
            }
        }
        self.ask(Step::script(partition, &SCRIPTS.give_back, keys, args)).await.map(|_| ())
    }

    /// An answer that is given again is one that a failover did not lose: what stands behind it is proven first.
    pub(super) async fn prove_again(&self, partition: Partition) -> Result<(), StoreError> {
        if self.fabric.options.durability.replicas().is_none() {
            return Ok(());
        }
        let keys = vec![self.fabric.keys.meta(partition)];
        self.ask(Step::script(partition, &SCRIPTS.touch, keys, vec![self.life()]).proven(true)).await.map(|_| ())
    }
}

/// The fields of the account's hash, and the permits.
fn parted(slots: &[Slot]) -> (Vec<Vec<u8>>, Vec<crate::domain::RecordId>) {
    let (mut fields, mut permits) = (Vec::new(), Vec::new());
    for slot in slots {
        match (super::keys::field(*slot), slot) {
            (Some(field), _) => fields.push(field),
            (None, Slot::Permit(id)) => permits.push(*id),
            (None, _) => {}
        }
    }
    (fields, permits)
}

fn read_of(load: &Load, mut told: Told) -> Result<Read, StoreError> {
    let answered = told.bytes()?;
    let rows = rows_of(load, told.inner()?)?;
    let mut found = told.inner()?;
    let mut windows = Vec::with_capacity(load.charges.len().saturating_add(load.windows.len()));
    for _ in 0..load.charges.len().saturating_add(load.windows.len()) {
        windows.push(found.found()?.map_or_else(|| Ok(Window::default()), |bytes| wire::window_of(&bytes))?);
    }
    let (mut counts, mut gone) = (told.inner()?, told.inner()?);
    let (mut counted, mut pushed_out) = (Vec::new(), Vec::new());
    for _ in &load.charges {
        counted.push(counts.number()? == 1);
        pushed_out.push(gone.bytes()?);
    }
    let reservation = match (load.reserve, answered.as_slice()) {
        (None, _) => Reservation::None,
        (Some(_), []) => Reservation::Made,
        (Some(_), id) => Reservation::Answered(wire::id_of(id)?),
    };
    Ok(Read { loaded: Loaded { reservation, rows, windows }, counted, pushed_out })
}

/// The rows in the order they were asked for: the script gives those of the account first, then the permits.
fn rows_of(load: &Load, mut told: Told) -> Result<Vec<Option<Row>>, StoreError> {
    let (mut fields, mut permits) = (Vec::new(), Vec::new());
    for _ in load.slots.iter().filter(|slot| !matches!(slot, Slot::Permit(_))) {
        fields.push(told.found()?.map(wire::row_of).transpose()?);
    }
    for _ in load.slots.iter().filter(|slot| matches!(slot, Slot::Permit(_))) {
        let found = told.found()?.map(wire::permit_of).transpose()?;
        permits.push(found.and_then(|(account, row)| (account == load.account).then_some(row)));
    }
    let (mut fields, mut permits) = (fields.into_iter(), permits.into_iter());
    let one = |slot: &Slot| if matches!(slot, Slot::Permit(_)) { permits.next() } else { fields.next() };
    Ok(load.slots.iter().map(one).map(Option::flatten).collect())
}

/// Whether a charge is proven before it is told. One that must be durable with the next commit is: that commit is another
/// partition's, and proves nothing here.
pub(super) fn must_last(charge: &Charge) -> bool {
    charge.before != Before::Nothing
}

/// Subject, cap and milliseconds of a charge.
pub(super) fn charge_args(charge: &Charge) -> [Vec<u8>; 3] {
    [charge.subject.as_bytes().to_vec(), count(charge.cap.into()), millis(charge)]
}

/// How long a window is kept for a charge: hours longer than it may count, since the server's own clock may be put forward.
fn millis(charge: &Charge) -> Vec<u8> {
    const SLACK_MILLIS: i64 = 6 * 3_600_000;
    number(charge.kept.num_milliseconds().saturating_add(SLACK_MILLIS).cast_unsigned())
}

/// How long a request's key is kept: a day longer than it must be, by the server's own clock.
pub(super) fn kept() -> Vec<u8> {
    const DAY_MILLIS: i64 = 86_400_000;
    number(crate::store::REQUEST_KEPT.num_milliseconds().saturating_add(DAY_MILLIS).cast_unsigned())
}

pub(super) fn count(number: usize) -> Vec<u8> {
    number.to_string().into_bytes()
}

pub(super) fn number(number: u64) -> Vec<u8> {
    number.to_string().into_bytes()
}
