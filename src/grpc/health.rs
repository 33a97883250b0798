//! Health per service (`grpc.health.v1`): what load balancers and clients ask before they send a call.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

/// How often readiness is looked at, in milliseconds.
const LOOK_EVERY_MILLISECONDS: u64 = 250;

/// Whether decisions can be made now, and if not, why: store, policy, clock.
pub type Readiness = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// The services whose health is told; the empty name is the server as a whole.
pub const SERVICES: [&str; 14] = [
    "",
    "portcullis.v1.DecisionService",
    "portcullis.v1.ChallengeService",
    "portcullis.v1.ProtectionService",
    "portcullis.v1.CredentialService",
    "portcullis.v1.AccountService",
    "portcullis.v1.EventService",
    "portcullis.v1.IncidentService",
    "portcullis.v1.PolicyService",
    "portcullis.v1.NoticeService",
    "portcullis.v1.AuditService",
    "portcullis.v1.ExportService",
    "portcullis.v1.ArchiveService",
    "portcullis.v1.KeyService",
];

/// Tells all services' health together: they stand on one store and one policy.
#[derive(Clone)]
pub struct Health {
    reporter: HealthReporter,
    readiness: Readiness,
    stopped: Arc<AtomicBool>,
}

impl Health {
    /// Health as `readiness` has it. Until the first look nothing is served.
    pub async fn new(reporter: HealthReporter, readiness: Readiness) -> Self {
        let health = Self { reporter, readiness, stopped: Arc::default() };
        health.tell(ServingStatus::NotServing).await;
        health
    }

    /// Looks once and tells what it saw; true when serving.
    pub async fn look(&self) -> bool {
        let ready = (self.readiness)();
        self.tell(if ready.is_ok() { ServingStatus::Serving } else { ServingStatus::NotServing }).await;
        ready.is_ok()
    }

    /// Looks again and again, and logs when it changes. Ends only by being dropped.
    pub async fn follow(&self) {
        let mut was = None;
        loop {
            let is = (self.readiness)();
            if was.as_ref() != Some(&is) {
                match &is {
                    Ok(()) => tracing::info!("serving"),
                    Err(cause) => tracing::error!(cause, "not serving"),
                }
                self.look().await;
                was = Some(is);
            }
            tokio::time::sleep(Duration::from_millis(LOOK_EVERY_MILLISECONDS)).await;
        }
    }

    /// Tells everyone to go elsewhere, for good, before connections are asked to close.
    pub async fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.tell(ServingStatus::NotServing).await;
    }

    async fn tell(&self, status: ServingStatus) {
        // Once it goes, it goes: a look that comes late must not call callers back.
        let status = if self.stopped.load(Ordering::Acquire) { ServingStatus::NotServing } else { status };
        for service in SERVICES {
            self.reporter.set_service_status(service, status).await;
        }
    }
}
