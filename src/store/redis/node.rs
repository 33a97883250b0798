//! One server: some connections for what needs no proof, and some that prove writes.
//!
//! A proof is `WAIT` behind the writes it proves, on their connection: it tells how many replicas have everything that
//! was written on it. So whoever needs a proof waits in a line with others; what stands there goes out in one pipeline with
//! one `WAIT` at its end, as a group of commits goes out with one fsync.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, ConnectionAddr, IntoConnectionInfo, Pipeline, RedisError, Value};
use redis::{ClientTlsConfig, ConnectionInfo, RedisConnectionInfo, TlsCertificates};
use tokio::sync::{Mutex, mpsc, oneshot};

use super::options::{Address, RedisLogin};

/// Steps that share one proof at most.
const GROUP_MAX: usize = 128;

/// Steps that may wait in a line; whoever comes after them waits for room.
const LINE_MAX: usize = 1_024;

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(750);

/// Why a server gave no answer.
#[derive(Debug)]
pub(super) enum NoAnswer {
    /// The server said why: nothing was done.
    Refused(RedisError),
    /// Whether anything was done is not known.
    Lost(RedisError),
    /// It was done, and too few replicas had it in time.
    Unproven,
    /// No connection: nothing was done.
    NotSent(RedisError),
}

/// One server.
pub(super) struct Node {
    pub(super) address: Address,
    client: Client,
    timing: Timing,
    /// Each is made when its turn comes first, and has a number.
    plain: Vec<Mutex<Option<(usize, MultiplexedConnection)>>>,
    made: AtomicUsize,
    lines: Vec<mpsc::Sender<Job>>,
    turn: AtomicUsize,
    /// How many replicas a proof asks for: at least so many as the settings say, and all that there are.
    replicas: Arc<AtomicU32>,
    least: u32,
    /// Whether it was found to keep what it is given, when it was asked last.
    pub(super) is_trusted: AtomicBool,
}

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timing {
    /// A command.
    pub(super) command: Duration,
    /// A proof.
    pub(super) proof: Duration,
}

/// A connection that needs no proof, and the number of the newest there was when it was taken.
struct Plain {
    line: MultiplexedConnection,
    newest: usize,
}

/// A command on its way to a proof.
struct Job {
    command: Cmd,
    asking: bool,
    reply: oneshot::Sender<Result<Value, NoAnswer>>,
}

impl Node {
    /// A server at that address. Connections are made when they are needed. Proofs ask for `replicas`, where any are asked.
    pub(super) fn new(
        address: Address,
        login: &RedisLogin,
        timing: Timing,
        (replicas, connections): (Option<u32>, usize),
    ) -> Result<Self, RedisError> {
        let client = client(&address, login)?;
        let (connections, least) = (connections.max(1), replicas.unwrap_or(0));
        let asked = Arc::new(AtomicU32::new(least));
        let lines = (0..connections)
            .filter(|_| replicas.is_some())
            .map(|_| {
                let (line, jobs) = mpsc::channel(LINE_MAX);
                tokio::spawn(prove(client.clone(), timing, Arc::clone(&asked), jobs));
                line
            })
            .collect();
        let plain = (0..connections).map(|_| Mutex::new(None)).collect();
        let (turn, made, is_trusted) = (0.into(), 0.into(), AtomicBool::new(false));
        Ok(Self { address, client, timing, plain, made, lines, turn, replicas: asked, least, is_trusted })
    }

    /// From now on a proof asks for all of so many replicas: whichever of them is promoted has what was acknowledged.
    pub(super) fn has_replicas(&self, found: u32) {
        self.replicas.store(found.max(self.least), Ordering::Release);
    }

    /// Sends a command, and waits for its answer; where proofs are asked for and `proven`, also for the replicas.
    pub(super) async fn send(&self, command: &Cmd, asking: bool, proven: bool) -> Result<Value, NoAnswer> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        match self.lines.get(turn % self.lines.len().max(1)) {
            Some(line) if proven => {
                let (reply, answer) = oneshot::channel();
                line.send(Job { command: command.clone(), asking, reply })
                    .await
                    .map_err(|_| NoAnswer::NotSent(gone()))?;
                answer.await.map_err(|_| NoAnswer::Lost(gone()))?
            }
            _ => self.send_plainly(command, asking, turn).await,
        }
    }

    async fn send_plainly(&self, command: &Cmd, asking: bool, turn: usize) -> Result<Value, NoAnswer> {
        let mut plain = self.connection(turn).await.map_err(NoAnswer::NotSent)?;
        let answer = if asking {
            let mut both = Pipeline::new();
            both.cmd("ASKING").add_command(command.clone());
            plain.line.send_packed_commands(&both, 0, 2).await.map(|mut values| values.pop().unwrap_or(Value::Nil))
        } else {
            plain.line.send_packed_command(command).await
        };
        match answer {
            Ok(value) => answered(value),
            Err(error) => Err(self.lost(plain.newest, error).await),
        }
    }

    /// The connection whose turn it is.
    async fn connection(&self, turn: usize) -> Result<Plain, RedisError> {
        let Some(place) = self.plain.get(turn % self.plain.len().max(1)) else { return Err(gone()) };
        let mut place = place.lock().await;
        if let Some((_, line)) = &*place {
            return Ok(Plain { line: line.clone(), newest: self.made.load(Ordering::Relaxed) });
        }
        let line = connect(&self.client, self.timing.command).await?;
        let number = self.made.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        *place = Some((number, line.clone()));
        Ok(Plain { line, newest: number })
    }

    /// Does without the connections there are: the next commands make others.
    pub(super) async fn forget(&self) {
        self.forget_up_to(usize::MAX).await;
    }

    async fn forget_up_to(&self, newest: usize) {
        for place in &self.plain {
            place.lock().await.take_if(|(number, _)| *number <= newest);
        }
    }

    /// No answer came: a server that is gone takes all its connections with it, and those made since are another's.
    async fn lost(&self, newest: usize, error: RedisError) -> NoAnswer {
        self.forget_up_to(newest).await;
        NoAnswer::Lost(error)
    }

    /// Sends many commands at once, and gives their answers in order.
    pub(super) async fn send_all(&self, commands: &Pipeline, count: usize) -> Result<Vec<Value>, NoAnswer> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let mut plain = self.connection(turn).await.map_err(NoAnswer::NotSent)?;
        match plain.line.send_packed_commands(commands, 0, count).await {
            Ok(values) => Ok(values),
            Err(error) => Err(self.lost(plain.newest, error).await),
        }
    }

    /// A connection that hears what is published.
    pub(super) async fn listener(&self) -> Result<redis::aio::PubSub, RedisError> {
        match tokio::time::timeout(CONNECT_TIMEOUT, self.client.get_async_pubsub()).await {
            Ok(made) => made,
            Err(_) => Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()),
        }
    }
}

/// Proves what comes down a line, group by group, until nobody can send any more.
async fn prove(client: Client, timing: Timing, replicas: Arc<AtomicU32>, mut jobs: mpsc::Receiver<Job>) {
    let mut connection = None;
    let mut group = Vec::with_capacity(GROUP_MAX);
    while jobs.recv_many(&mut group, GROUP_MAX).await > 0 {
        // Whoever gave up has no use for it, and nothing was sent.
        group.retain(|job: &Job| !job.reply.is_closed());
        if group.is_empty() {
            continue;
        }
        let mut line = match connection.take() {
            Some(line) => line,
            None => match connect(&client, timing.command.saturating_add(timing.proof)).await {
                Ok(line) => line,
                Err(error) => {
                    for job in group.drain(..) {
                        // Who is gone needs no answer.
                        let _ = job.reply.send(Err(NoAnswer::NotSent(error.clone())));
                    }
                    continue;
                }
            },
        };
        let replicas = replicas.load(Ordering::Acquire);
        match send_group(&mut line, &mut group, replicas, timing.proof).await {
            Ok(mut values) => {
                let proven = matches!(values.pop(), Some(Value::Int(found)) if found >= i64::from(replicas));
                let values = values.into_iter();
                for (job, value) in group.drain(..).zip(values) {
                    let answer =
                        answered(value).and_then(|value| if proven { Ok(value) } else { Err(NoAnswer::Unproven) });
                    let _ = job.reply.send(answer);
                }
                connection = Some(line);
            }
            Err(error) => {
                for job in group.drain(..) {
                    let _ = job.reply.send(Err(NoAnswer::Lost(error.clone())));
                }
            }
        }
    }
}

/// The answers of a group's commands, and at the end how many replicas have them.
async fn send_group(
    line: &mut MultiplexedConnection,
    group: &mut [Job],
    replicas: u32,
    proof: Duration,
) -> Result<Vec<Value>, RedisError> {
    let mut commands = Pipeline::new();
    for job in &mut *group {
        if job.asking {
            commands.cmd("ASKING");
        }
        commands.add_command(std::mem::take(&mut job.command));
    }
    commands.cmd("WAIT").arg(replicas).arg(u64::try_from(proof.as_millis()).unwrap_or(u64::MAX));
    let values = line.send_packed_commands(&commands, 0, commands.len()).await?;
    let mut asked = group.iter();
    let mut after_asking = false;
    let mut kept = Vec::with_capacity(values.len());
    let mut current = asked.next();
    for value in values {
        if !after_asking && current.is_some_and(|job| job.asking) {
            after_asking = true;
            continue;
        }
        (after_asking, current) = (false, asked.next());
        kept.push(value);
    }
    Ok(kept)
}

fn answered(value: Value) -> Result<Value, NoAnswer> {
    match value {
        Value::ServerError(error) => Err(NoAnswer::Refused(error.into())),
        value => Ok(value),
    }
}

async fn connect(client: &Client, answer: Duration) -> Result<MultiplexedConnection, RedisError> {
    let config =
        AsyncConnectionConfig::new().set_connection_timeout(Some(CONNECT_TIMEOUT)).set_response_timeout(Some(answer));
    client.get_multiplexed_async_connection_with_config(&config).await
}

fn client(address: &Address, login: &RedisLogin) -> Result<Client, RedisError> {
    let (host, port) = (address.host.clone(), address.port);
    let place = match &login.tls {
        None => ConnectionAddr::Tcp(host, port),
        Some(_) => ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None },
    };
    let mut settings = RedisConnectionInfo::default().set_lib_name("portcullis", env!("CARGO_PKG_VERSION"));
    if let Some(user) = &login.user {
        settings = settings.set_username(user);
    }
    if let Some(password) = &login.password {
        settings = settings.set_password(password.as_str());
    }
    let info: ConnectionInfo = place.into_connection_info()?.set_redis_settings(settings);
    match &login.tls {
        None => Client::open(info),
        Some(tls) => {
            let client_tls = tls.identity.as_ref().map(|(certificate, key)| ClientTlsConfig {
                client_cert: certificate.clone(),
                client_key: key.to_vec(),
            });
            Client::build_with_tls(info, TlsCertificates { client_tls, root_cert: tls.roots.clone() })
        }
    }
}

fn gone() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::ConnectionAborted).into()
}
