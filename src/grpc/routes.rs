//! Which services stand behind the listener, besides the engine's own: health and reflection.

use tonic::service::Routes;
use tonic_health::server::HealthReporter;
use tonic_reflection::server::Builder;

use super::health::{Health, Readiness};
use super::pb::v1::DESCRIPTOR_SET;

/// A contract that reflection cannot read: a fault of the build.
#[derive(Debug, thiserror::Error)]
#[error("the built-in descriptor set cannot be read")]
pub struct ReflectionError(#[from] tonic_reflection::server::Error);

/// Adds health, and reflection in both versions: Python's and older tools know only v1alpha.
///
/// # Errors
///
/// [`ReflectionError`] when the build is broken.
pub async fn with_health_and_reflection(
    routes: Routes,
    readiness: Readiness,
) -> Result<(Routes, Health), ReflectionError> {
    let reporter = HealthReporter::new();
    let health_service = tonic_health::server::HealthService::from_health_reporter(reporter.clone());
    let health = Health::new(reporter, readiness).await;
    let routes = routes
        .add_service(tonic_health::pb::health_server::HealthServer::new(health_service))
        .add_service(reflection().build_v1()?)
        .add_service(reflection().build_v1alpha()?);
    Ok((routes, health))
}

fn reflection<'a>() -> Builder<'a> {
    Builder::configure()
        .register_encoded_file_descriptor_set(DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}
