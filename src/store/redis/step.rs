//! One step asked of the server that has the partition: sent again where that is harmless, and answered before the caller
//! stops waiting.

use std::time::Duration;

use redis::{Arg, Cmd, ErrorKind, RedisError, ServerErrorKind, Value, cmd};
use tokio::time::Instant;

use super::fabric::Fabric;
use super::node::{NoAnswer, Node};
use super::options::Address;
use super::scripts::{SCRIPTS, Script};
use crate::crypto::Partition;
use crate::store::StoreError;

/// What is asked.
pub(super) struct Step {
    partition: Partition,
    /// The command; a script's names it by its digest.
    command: Cmd,
    script: Option<&'static Script>,
    /// Whether the answer waits for the replicas, where the store's durability is theirs.
    proven: bool,
    /// Whether it may be sent again when nobody knows whether it was carried out.
    repeatable: bool,
}

impl Step {
    /// A script, with its keys and its arguments after the epoch.
    pub(super) fn script(
        partition: Partition,
        script: &'static Script,
        keys: Vec<Vec<u8>>,
        args: Vec<Vec<u8>>,
    ) -> Self {
        let mut command = Cmd::with_capacity(
            keys.len().saturating_add(args.len()).saturating_add(3),
            keys.iter().chain(&args).map(Vec::len).sum::<usize>().saturating_add(EVALSHA_BYTES),
        );
        command.arg("EVALSHA").arg(&script.digest).arg(keys.len());
        for part in keys.iter().chain(&args) {
            command.arg(part.as_slice());
        }
        Self { partition, command, script: Some(script), proven: false, repeatable: true }
    }

    /// A command that reads.
    pub(super) fn read(partition: Partition, command: Cmd) -> Self {
        Self { partition, command, script: None, proven: false, repeatable: true }
    }

    /// Its answer waits for the replicas.
    pub(super) fn proven(mut self, proven: bool) -> Self {
        self.proven = proven;
        self
    }

    /// It may not be sent again once it may have been carried out.
    pub(super) fn once(mut self) -> Self {
        self.repeatable = false;
        self
    }

    fn name(&self) -> &'static str {
        self.script.map_or("read", |script| script.name)
    }

    /// The same, with the script's whole text: for a server that does not know it yet.
    fn with_text(&self) -> Cmd {
        let Some(script) = self.script else { return self.command.clone() };
        let mut command = cmd("EVAL");
        command.arg(&script.text);
        for part in self.command.args_iter().skip(2) {
            if let Arg::Simple(bytes) = part {
                command.arg(bytes);
            }
        }
        command
    }
}

/// What a script's command holds beside its keys and arguments: its name, a digest, a number.
const EVALSHA_BYTES: usize = 64;

/// Between tries: a server that is being replaced, or a slot on its way, needs a moment.
const PAUSE_MIN: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_millis(100);

/// Where the next try goes, and after what pause.
enum Next {
    /// To whoever has the partition by then.
    Again,
    /// The script's whole text, at once.
    Whole,
    /// Once to that server, which is taking the slot over.
    Ask(Address),
}

impl Fabric {
    /// Carries a step out.
    pub(super) async fn carry_out(&self, step: Step) -> Result<Value, StoreError> {
        self.is_free()?;
        let (name, begun) = (step.name(), Instant::now());
        let deadline = begun + self.options.call_timeout;
        let answer = match tokio::time::timeout_at(deadline, self.tries(&step)).await {
            Ok(answer) => answer,
            Err(_) => {
                self.look_again();
                Err(StoreError::Unavailable(format!("the Redis did not answer `{name}` in time")))
            }
        };
        self.options.observer.step(name, begun.elapsed().as_secs_f64(), answer.is_ok());
        answer
    }

    async fn tries(&self, step: &Step) -> Result<Value, StoreError> {
        let (mut pause, mut whole, mut asked) = (PAUSE_MIN, None, None);
        loop {
            let node = match asked.take() {
                Some(address) => (self.node(&address).map_err(|error| lost(&error))?, true),
                None => match self.layout.load().primary(step.partition) {
                    Some(primary) => (std::sync::Arc::clone(primary), false),
                    None => return Err(self.why_nobody()),
                },
            };
            // For what is taken back nobody waits.
            let _waiting = (step.name() != SCRIPTS.settle.name).then(|| self.waits.begin());
            let command = whole.as_ref().unwrap_or(&step.command);
            match self.judged(step, &node.0, node.0.send(command, node.1, step.proven).await)? {
                Ok(value) => return Ok(value),
                Err(Next::Whole) => whole = Some(step.with_text()),
                Err(Next::Ask(address)) => asked = Some(address),
                Err(Next::Again) => {
                    self.look_again();
                    tokio::time::sleep(pause).await;
                    pause = pause.saturating_mul(2).min(PAUSE_MAX);
                }
            }
        }
    }

    /// The answer, or where to try next, or why not to.
    fn judged(
        &self,
        step: &Step,
        node: &Node,
        answer: Result<Value, NoAnswer>,
    ) -> Result<Result<Value, Next>, StoreError> {
        match answer {
            Ok(value) => Ok(Ok(value)),
            Err(NoAnswer::Unproven) => {
                self.options.observer.unproven();
                Err(StoreError::Unavailable("the write is not yet on as many replicas as it must be".to_owned()))
            }
            Err(NoAnswer::NotSent(_)) => Ok(Err(Next::Again)),
            Err(NoAnswer::Lost(_)) if step.repeatable => Ok(Err(Next::Again)),
            Err(NoAnswer::Lost(error)) => Err(lost(&error)),
            Err(NoAnswer::Refused(error)) => refused(&error, node).map(Err),
        }
    }
}

/// What a server's refusal means. Nothing was carried out.
fn refused(error: &RedisError, node: &Node) -> Result<Next, StoreError> {
    match error.kind() {
        ErrorKind::Server(ServerErrorKind::NoScript) => Ok(Next::Whole),
        ErrorKind::Server(ServerErrorKind::Ask) => match error.redirect_node() {
            Some((address, _)) => Address::parse(address).map(Next::Ask).ok_or_else(|| lost(error)),
            None => Err(lost(error)),
        },
        ErrorKind::Server(
            ServerErrorKind::Moved
            | ServerErrorKind::TryAgain
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::MasterDown
            | ServerErrorKind::BusyLoading
            | ServerErrorKind::ReadOnly,
        ) => Ok(Next::Again),
        _ if error.code() == Some("OOM") => Err(StoreError::DiskReserve),
        _ => {
            tracing::error!(server = %node.address, %error, "the Redis refused a step");
            Err(lost(error))
        }
    }
}

fn lost(error: &RedisError) -> StoreError {
    StoreError::Unavailable(error.to_string())
}
