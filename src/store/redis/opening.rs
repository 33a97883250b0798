//! Opening: what is checked before anything is served, and what is started.

use std::sync::Arc;

use redis::{Pipeline, Value, cmd};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::fabric::Fabric;
use super::holding::nobody_holds;
use super::keeper;
use super::keys::{FIRST, LAYOUT};
use super::node::{NoAnswer, Node};
use super::options::{Address, RedisDurability, RedisOpenError, RedisOptions, RedisPlace};
use super::scripts::SCRIPTS;
use super::step::Step;
use super::wire::{Told, bytes, list, unexpected};
use crate::crypto::{Partition, Token};
use crate::store::StoreError;
use crate::store::key_marks::{KeyFault, keys_fit};

/// Partitions that are begun or looked at in one go.
const AT_ONCE: usize = 128;

/// What opening put together.
pub(super) struct Opened {
    pub(super) fabric: Arc<Fabric>,
    pub(super) epoch: u64,
    pub(super) tasks: JoinSet<()>,
}

pub(super) async fn open(options: RedisOptions) -> Result<Opened, RedisOpenError> {
    let fabric = Arc::new(learnt(options).await?);
    let epoch = begin(&fabric, fabric.options.epoch_seed).await?;
    note_keys(&fabric, epoch).await?;
    let mut tasks = kept(&fabric, epoch, true);
    let (listening, heard) = oneshot::channel();
    tasks.spawn(keeper::listen(Arc::downgrade(&fabric), listening));
    let unheard = || RedisOpenError::Unreachable("it takes no subscription".to_owned());
    tokio::time::timeout(fabric.options.call_timeout, heard).await.map_err(|_| unheard())?.map_err(|_| unheard())?;
    // Whoever took the hold since hears of this engine by its subscription.
    nobody_holds(&fabric).await?;
    Ok(Opened { fabric, epoch, tasks })
}

/// What opening put together for who carries a store away or fills it: nothing is served.
pub(super) struct Held {
    pub(super) fabric: Arc<Fabric>,
    pub(super) epoch: u64,
    pub(super) tasks: JoinSet<()>,
    /// Whether it is being filled.
    pub(super) fills: bool,
}

/// Opens a store that is there to read it.
pub(super) async fn open_to_carry(options: RedisOptions) -> Result<Held, RedisOpenError> {
    let prefix = options.prefix.clone();
    let fabric = Arc::new(learnt(options).await?);
    let known = Step::read(FIRST, cmd("HMGET").arg(fabric.keys.meta(FIRST)).arg("e").arg("c").to_owned());
    let mut known = Told::list(fabric.carry_out(known).await?)?;
    let epoch = known.found()?.ok_or(RedisOpenError::NoStore { prefix })?;
    if known.found()?.is_some() {
        return Err(RedisOpenError::HalfFilled);
    }
    let epoch = epoch_of(&epoch)?;
    whole(&fabric, epoch).await?;
    Ok(Held { tasks: kept(&fabric, epoch, false), fabric, epoch, fills: false })
}

/// Begins a store that is to be filled from another one, or opens what there is of it.
pub(super) async fn open_to_fill(options: RedisOptions, source: [u8; 32]) -> Result<Held, RedisOpenError> {
    let fabric = Arc::new(learnt(options).await?);
    let seed = fabric.options.epoch_seed;
    let args = vec![seed.to_string().into_bytes(), LAYOUT.as_bytes().to_vec(), source.to_vec()];
    let step = Step::script(FIRST, &SCRIPTS.begin_filling, vec![fabric.keys.meta(FIRST)], args).proven(true);
    let (word, mut told) = Told::of(fabric.carry_out(step).await?)?;
    let epoch = match word.as_str() {
        "OK" => epoch_of(&told.bytes()?)?,
        "OTHER" => return Err(RedisOpenError::FilledFromElsewhere),
        "OCCUPIED" => return Err(RedisOpenError::Occupied),
        _ => return Err(unexpected().into()),
    };
    begin_all(&fabric, epoch).await?;
    note_keys(&fabric, epoch).await?;
    Ok(Held { tasks: kept(&fabric, epoch, false), fabric, epoch, fills: true })
}

pub(super) async fn learnt(options: RedisOptions) -> Result<Fabric, RedisOpenError> {
    check_settings(&options)?;
    let fabric = Fabric::new(options);
    fabric.learn().await?;
    if fabric.layout.load().orphans() > 0 {
        return Err(RedisOpenError::Unreachable("some slots of the cluster have no primary".to_owned()));
    }
    Ok(fabric)
}

fn kept(fabric: &Arc<Fabric>, epoch: u64, serves: bool) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(keeper::keep(Arc::downgrade(fabric), epoch.to_string(), serves));
    tasks
}

/// Whether all of a store is there, and the keyring is its own.
async fn whole(fabric: &Fabric, epoch: u64) -> Result<(), RedisOpenError> {
    for (node, share) in fabric.whole_layout()?.shares() {
        for some in share.chunks(AT_ONCE) {
            all_there(fabric, &node, some, epoch).await?;
        }
    }
    let read = Step::read(FIRST, cmd("HGETALL").arg(fabric.keys.marks()).to_owned());
    fit(fabric.carry_out(read).await?, &fabric.options.key_marks)
}

/// What a store is like from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// The servers that have its parts.
    pub primaries: Vec<Address>,
    /// Its epoch; none where there is no store yet.
    pub epoch: Option<u64>,
}

/// Looks at a store without writing anything.
///
/// # Errors
///
/// Where [`super::RedisStore::open`] would refuse.
pub async fn examine(options: RedisOptions) -> Result<Examined, RedisOpenError> {
    let fabric = learnt(options).await?;
    let primaries = fabric.layout.load().primaries.iter().map(|node| node.address.clone()).collect();
    let read = Step::read(FIRST, cmd("HGET").arg(fabric.keys.meta(FIRST)).arg("e").to_owned());
    let Some(epoch) = bytes(fabric.carry_out(read).await?)? else { return Ok(Examined { primaries, epoch: None }) };
    let epoch = epoch_of(&epoch)?;
    whole(&fabric, epoch).await?;
    nobody_holds(&fabric).await?;
    Ok(Examined { primaries, epoch: Some(epoch) })
}

fn check_settings(options: &RedisOptions) -> Result<(), RedisOpenError> {
    if options.prefix.is_empty() || options.prefix.contains(['{', '}', ':']) {
        return Err(RedisOpenError::Setting("a prefix has at least one character and no brace or colon"));
    }
    match (&options.durability, &options.place) {
        (RedisDurability::LoseAcknowledged(words), _) if words != RedisDurability::ACCEPT_LOSS => {
            Err(RedisOpenError::Setting("durability can only be lowered with the words `yes_for_test_purposes_only`"))
        }
        (RedisDurability::Replicated(0), _) => {
            Err(RedisOpenError::Setting("`replicated` needs at least one replica: say `fsync` for one server alone"))
        }
        (RedisDurability::Fsync, RedisPlace::Cluster { .. } | RedisPlace::Sentinel { .. }) => {
            Err(RedisOpenError::Setting(
                "`fsync` alone loses acknowledged writes when a replica is promoted: say `replicated` and how many",
            ))
        }
        _ => Ok(()),
    }
}

/// Begins a store where there is none. Its epoch.
pub(super) async fn begin_new(options: RedisOptions) -> Result<u64, RedisOpenError> {
    let fabric = learnt(RedisOptions { begins: true, ..options }).await?;
    let known = cmd("HMGET").arg(fabric.keys.meta(FIRST)).arg("e").arg("b").to_owned();
    let mut known = Told::list(fabric.carry_out(Step::read(FIRST, known)).await?)?;
    // One that was not begun to its end never served anybody.
    if known.found()?.is_some() && known.found()?.is_some() {
        return Err(RedisOpenError::Occupied);
    }
    let epoch = begin(&fabric, fabric.options.epoch_seed).await?;
    note_keys(&fabric, epoch).await?;
    Ok(epoch)
}

/// Gives every partition the store's life. A store that was begun must be there whole.
async fn begin(fabric: &Fabric, seed: u64) -> Result<u64, RedisOpenError> {
    // Of two that begin at once one says what the epoch is.
    let ask = cmd("HSETNX").arg(fabric.keys.meta(FIRST)).arg("e").arg(seed).to_owned();
    let known = cmd("HMGET").arg(fabric.keys.meta(FIRST)).arg("e").arg("c").arg("b").to_owned();
    let mut told = Told::list(fabric.carry_out(Step::read(FIRST, known.clone())).await?)?;
    let mut epoch = told.found()?;
    let is_filling = told.found()?.is_some();
    // INVARIANT (fail-closed): where nothing is, there may have been locks.
    if (epoch.is_none() || told.found()?.is_none()) && !is_filling && !fabric.options.begins {
        return Err(RedisOpenError::NotBegun { prefix: fabric.options.prefix.clone() });
    }
    if epoch.is_none() {
        fabric.carry_out(Step::read(FIRST, ask).proven(true)).await?;
        epoch = Told::list(fabric.carry_out(Step::read(FIRST, known)).await?)?.found()?;
    }
    // INVARIANT (fail-closed): what is half there has locks missing.
    if is_filling {
        return Err(RedisOpenError::HalfFilled);
    }
    let epoch = epoch_of(&epoch.ok_or_else(unexpected)?)?;
    begin_all(fabric, epoch).await?;
    Ok(epoch)
}

/// Gives every partition the store's life, where the first one has it.
async fn begin_all(fabric: &Fabric, epoch: u64) -> Result<(), RedisOpenError> {
    let begun = Step::read(FIRST, cmd("HGET").arg(fabric.keys.meta(FIRST)).arg("b").to_owned());
    let was_begun = bytes(fabric.carry_out(begun).await?)?.is_some();
    for (node, share) in fabric.whole_layout()?.shares() {
        for some in share.chunks(AT_ONCE) {
            if !was_begun {
                let mut begin = Pipeline::new();
                for partition in some {
                    let meta = fabric.keys.meta(*partition);
                    begin.cmd("HSETNX").arg(&meta).arg("e").arg(epoch).cmd("HSETNX").arg(&meta).arg("v").arg(LAYOUT);
                }
                all(&node, &begin).await?;
            }
            all_there(fabric, &node, some, epoch).await?;
        }
        if let Some(partition) = share.first().filter(|_| !was_begun) {
            let keys = vec![fabric.keys.meta(*partition)];
            let touch = Step::script(*partition, &SCRIPTS.touch, keys, vec![epoch.to_string().into_bytes()]);
            fabric.carry_out(touch.proven(true)).await?;
        }
    }
    if !was_begun {
        let done = cmd("HSET").arg(fabric.keys.meta(FIRST)).arg("b").arg(1).to_owned();
        fabric.carry_out(Step::read(FIRST, done).proven(true)).await?;
    }
    Ok(())
}

/// Sends many commands, and gives their answers.
async fn all(node: &Node, commands: &Pipeline) -> Result<Vec<Value>, RedisOpenError> {
    let answers = node.send_all(commands, commands.len()).await.map_err(|error| match error {
        NoAnswer::Refused(error) | NoAnswer::Lost(error) | NoAnswer::NotSent(error) => {
            RedisOpenError::Unreachable(error.to_string())
        }
        NoAnswer::Unproven => RedisOpenError::Unreachable("no proof".to_owned()),
    })?;
    let one = |answer| match answer {
        Value::ServerError(error) => Err(RedisOpenError::Unreachable(redis::RedisError::from(error).to_string())),
        answer => Ok(answer),
    };
    answers.into_iter().map(one).collect()
}

/// Whether partitions of one server are the store's.
async fn all_there(fabric: &Fabric, node: &Node, partitions: &[Partition], epoch: u64) -> Result<(), RedisOpenError> {
    let mut ask = Pipeline::new();
    for partition in partitions {
        ask.cmd("HMGET").arg(fabric.keys.meta(*partition)).arg("e").arg("v");
    }
    for (partition, told) in partitions.iter().zip(all(node, &ask).await?) {
        let mut told = Told::list(told)?;
        let (Some(found), Some(layout)) = (told.found()?, told.found()?) else {
            return Err(damaged(*partition, "is empty while others are not"));
        };
        known_layout(&layout)?;
        if epoch_of(&found)? != epoch {
            return Err(damaged(*partition, "is of another store"));
        }
    }
    Ok(())
}

fn known_layout(layout: &[u8]) -> Result<(), RedisOpenError> {
    if layout == LAYOUT.as_bytes() {
        return Ok(());
    }
    Err(RedisOpenError::OtherLayout { found: String::from_utf8_lossy(layout).into_owned(), known: LAYOUT })
}

const fn damaged(partition: Partition, what: &'static str) -> RedisOpenError {
    RedisOpenError::Damaged { partition: partition.number(), what }
}

fn epoch_of(text: &[u8]) -> Result<u64, StoreError> {
    std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).ok_or_else(unexpected)
}

/// Checks that every key that may have made something in the store is there, and notes those that may from now on.
async fn note_keys(fabric: &Fabric, epoch: u64) -> Result<(), RedisOpenError> {
    let marks = &fabric.options.key_marks;
    let read = Step::read(FIRST, cmd("HGETALL").arg(fabric.keys.marks()).to_owned());
    fit(fabric.carry_out(read).await?, marks)?;
    let mut args = vec![epoch.to_string().into_bytes()];
    for (name, mark) in marks {
        args.extend([name.as_bytes().to_vec(), mark.as_bytes().to_vec()]);
    }
    let keys = vec![fabric.keys.meta(FIRST), fabric.keys.marks()];
    let note = Step::script(FIRST, &SCRIPTS.note_keys, keys, args).proven(true);
    let (word, mut told) = Told::of(fabric.carry_out(note).await?)?;
    if word != "OK" {
        return Err(unexpected().into());
    }
    // Another engine may have noted its own meanwhile.
    fit(told.next()?, marks)
}

fn fit(noted: Value, marks: &[(String, Token)]) -> Result<(), RedisOpenError> {
    let mut noted = list(noted)?.into_iter();
    let mut pairs = Vec::new();
    while let (Some(name), Some(mark)) = (noted.next(), noted.next()) {
        let (Some(name), Some(mark)) = (bytes(name)?, bytes(mark)?) else { return Err(unexpected().into()) };
        pairs.push((String::from_utf8(name).map_err(|_| unexpected())?, mark));
    }
    keys_fit(pairs, marks).map_err(|fault| match fault {
        KeyFault::Missing { name } => RedisOpenError::MissingKey { name },
        KeyFault::Other { name } => RedisOpenError::OtherKey { name },
        KeyFault::OtherKeyring => RedisOpenError::OtherKeyring,
    })
}
