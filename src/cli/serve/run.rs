//! Listens, tells where, and stops gently.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::compose::{Composed, compose};
use super::gauges::Gauges;
use super::key_sets::KeySets;
use super::notify::{Notice, tell};
use super::refusal::{occupied, refused};
use super::reload::{Reloaded, Reloads};
use super::waits::Stops;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Answer, Output};
use crate::config::Config;
use crate::crypto::{Token, random_bytes};
use crate::grpc::{self, Front, services, with_health_and_reflection};
use crate::service::Engine;
use crate::telemetry::Metrics;
use crate::web::{self, OpsState};

/// Serves until it is told to stop, and prints where.
pub(super) async fn serve(config: Config, output: Output) -> Result<Exit, Failure> {
    serve_until(config, Stops::listen()?, |listening| output.show(&listening)).await
}

/// Serves until `stops` says so. `told` hears the addresses once requests are answered.
pub(in crate::cli) async fn serve_until(
    config: Config,
    mut stops: Stops,
    told: impl FnOnce(Listening) -> Result<(), Failure>,
) -> Result<Exit, Failure> {
    let (metrics, published) = (Arc::new(Metrics::new()), KeySets::new(&config.identity));
    // An issuer that does not answer keeps nobody else out: its tokens are believed once it has.
    published.fetch_due(&metrics).await;
    let composed = compose(&config, (metrics, &published), |store| store).await?;
    begin_policy(&composed, &config).await?;
    let (listener, address) = listen("server.listen", config.server.listen).await?;
    let (ops_listener, ops_address) = listen("server.ops_listen", config.server.ops_listen).await?;

    let engine = Arc::clone(&composed.services.engine);
    let readiness = readiness(&engine, &published);
    let routes = services(composed.services.clone(), &config.limits);
    let (routes, health) = with_health_and_reflection(routes, Arc::clone(&readiness)).await.map_err(|e| refused(&e))?;
    let helpers = Helpers::start(config.clone(), (&composed, published), readiness, ops_listener)?;

    // Requests are answered from here on: told to health, so that who waits for it is not kept until its next look.
    health.look().await;
    told(Listening { address, ops_address })?;
    tracing::info!(%address, %ops_address, "listening");
    tell(Notice::Ready);
    let (stopping, stop) = oneshot::channel();
    let front = Front { tls: composed.tls.clone(), lanes: composed.services.edge.lanes() };
    let serving = grpc::serve(listener, &config.limits, front, routes, Some(health), async {
        // A sender that is gone stops as well.
        let _ = stop.await;
    });
    let following = Arc::clone(&composed.services.engine);
    let stopped = async {
        stops.next().await;
        tracing::info!("stopping");
        tell(Notice::Stopping);
        following.end_watches();
        let _ = stopping.send(());
        stops.next().await;
        tracing::warn!("stopping without waiting for open requests");
    };
    let served = tokio::select! {
        served = serving => served.map_err(|error| refused(&error)),
        () = stopped => Ok(()),
    };
    helpers.stop().await;
    close(&composed).await?;
    served.map(|()| Exit::Done)
}

/// Puts on record which policy decides, if it is another than before.
async fn begin_policy(composed: &Composed, config: &Config) -> Result<(), Failure> {
    let begun = composed.services.engine.begin_policy(config.policy.may_go_back).await;
    begun.map(drop).map_err(|error| {
        refused(&error).advise("look at `policy.file`; `portcullis audit list --kind policy-changed` has them all")
    })
}

async fn listen(setting: &str, address: SocketAddr) -> Result<(TcpListener, SocketAddr), Failure> {
    let failed = |error: std::io::Error| occupied(setting, address, &error);
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

fn readiness(engine: &Arc<Engine>, published: &Arc<KeySets>) -> grpc::Readiness {
    let (engine, published) = (Arc::clone(engine), Arc::clone(published));
    Arc::new(move || {
        engine.health().map_err(|error| error.to_string())?;
        published.health()
    })
}

/// What runs beside the listener.
struct Helpers {
    stop: watch::Sender<bool>,
    running: [JoinHandle<()>; 6],
}

impl Helpers {
    /// Starts the pages for operators and what they tell, the workers on what falls due and on notices, and who takes certificates and keys
    /// that changed.
    fn start(
        config: Config,
        (composed, published): (&Composed, Arc<KeySets>),
        readiness: web::Readiness,
        pages: TcpListener,
    ) -> Result<Self, Failure> {
        let (stop, stopped) = watch::channel(false);
        let holder = Token::from_bytes(random_bytes().map_err(|error| refused(&error))?);
        let worker = Arc::clone(&composed.services.engine).work_due_queue(holder, stopped.clone());
        let notices = Arc::clone(&composed.services.engine).work_notices(holder, stopped.clone());
        let gauges = Gauges {
            metrics: Arc::clone(&composed.metrics),
            engine: Arc::clone(&composed.services.engine),
            readiness: Arc::clone(&readiness),
            store: config.store.folder().map(|folder| folder.path.clone()),
        };
        let gauges = gauges.follow(stopped.clone());
        let reloaded = Arc::new(Reloaded {
            config,
            tls: composed.tls.clone(),
            authenticator: Arc::clone(&composed.authenticator),
            metrics: Arc::clone(&composed.metrics),
            published,
            engine: Arc::clone(&composed.services.engine),
        });
        let following = Reloads::listen(Arc::clone(&reloaded))?.follow(stopped.clone());
        let stop_fetching = stopped.clone();
        let fetching = async move { reloaded.follow_published(stop_fetching).await };
        let permit_keys = Arc::clone(&composed.permit_keys);
        let state = OpsState { metrics: Arc::clone(&composed.metrics), readiness, permit_keys };
        let mut told = stopped;
        let pages = async move {
            let stop = async move {
                // A sender that is gone stops as well.
                let _ = told.wait_for(|stop| *stop).await;
            };
            if let Err(error) = web::serve(pages, state, stop).await {
                tracing::error!(%error, "the pages for operators are gone");
            }
        };
        let (worker, notices, pages) = (tokio::spawn(worker), tokio::spawn(notices), tokio::spawn(pages));
        let (following, gauges, fetching) = (tokio::spawn(following), tokio::spawn(gauges), tokio::spawn(fetching));
        Ok(Self { stop, running: [worker, notices, pages, following, gauges, fetching] })
    }

    async fn stop(self) {
        // Nobody to tell: they have ended.
        let _ = self.stop.send(true);
        for task in self.running {
            // Not the error itself: it quotes what a panic said.
            if task.await.is_err() {
                tracing::error!("a helper broke");
            }
        }
    }
}

/// Finishes the store's own work, so that the next start finds nothing to mend.
async fn close(composed: &Composed) -> Result<(), Failure> {
    composed.store.close().await.map_err(|error| {
        refused(&error).advise("start again: what was acknowledged is kept, and the files are checked")
    })?;
    tracing::info!("stopped");
    Ok(())
}

/// Where a service listens.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct Listening {
    /// The gRPC services.
    pub(in crate::cli) address: SocketAddr,
    /// The pages for operators.
    pub(in crate::cli) ops_address: SocketAddr,
}

impl Answer for Listening {
    fn json(&self) -> Value {
        json!({ "listening": self.address.to_string(), "ops_listening": self.ops_address.to_string() })
    }

    fn text(&self) -> String {
        format!("listening on {}, for operators on {}", self.address, self.ops_address)
    }
}
