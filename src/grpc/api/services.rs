//! All services on one engine.

use std::sync::Arc;

use tonic::service::Routes;

use super::account::AccountApi;
use super::archive::ArchiveApi;
use super::audit::AuditApi;
use super::challenge::ChallengeApi;
use super::credential::CredentialApi;
use super::decision::DecisionApi;
use super::event::EventApi;
use super::export::ExportApi;
use super::incident::IncidentApi;
use super::keys::KeyApi;
use super::notice::NoticeApi;
use super::policy::PolicyApi;
use super::protection::ProtectionApi;
use super::separation::SeparationApi;
use crate::config::Limits;
use crate::grpc::edge::Edge;
use crate::grpc::pb::v1::account_service_server::AccountServiceServer;
use crate::grpc::pb::v1::archive_service_server::ArchiveServiceServer;
use crate::grpc::pb::v1::audit_service_server::AuditServiceServer;
use crate::grpc::pb::v1::challenge_service_server::ChallengeServiceServer;
use crate::grpc::pb::v1::credential_service_server::CredentialServiceServer;
use crate::grpc::pb::v1::decision_service_server::DecisionServiceServer;
use crate::grpc::pb::v1::event_service_server::EventServiceServer;
use crate::grpc::pb::v1::export_service_server::ExportServiceServer;
use crate::grpc::pb::v1::incident_service_server::IncidentServiceServer;
use crate::grpc::pb::v1::key_service_server::KeyServiceServer;
use crate::grpc::pb::v1::notice_service_server::NoticeServiceServer;
use crate::grpc::pb::v1::policy_service_server::PolicyServiceServer;
use crate::grpc::pb::v1::protection_service_server::ProtectionServiceServer;
use crate::grpc::pb::v1::separation_service_server::SeparationServiceServer;
use crate::service::Engine;

/// What every service stands on.
#[derive(Clone)]
pub struct Services {
    /// The use cases.
    pub engine: Arc<Engine>,
    /// The gate that each call passes.
    pub edge: Edge,
}

/// Routes that serve the whole contract, with messages no longer than `limits` says.
///
/// Compression stays off: what is bounded before it is unpacked is not bounded.
pub fn services(services: Services, limits: &Limits) -> Routes {
    let most = limits.max_message_bytes.to_usize();
    macro_rules! bounded {
        ($server:ident, $api:expr) => {
            $server::new($api).max_decoding_message_size(most).max_encoding_message_size(most)
        };
    }
    let heartbeat = limits.watch_heartbeat_seconds.seconds();
    let audit = AuditApi { services: services.clone(), message_bytes_max: most, heartbeat };
    let exports = ExportApi { services: services.clone(), message_bytes_max: most };
    let decisions = DecisionApi { services: services.clone(), heartbeat };
    let protection = ProtectionApi { services: services.clone(), heartbeat };
    Routes::new(bounded!(DecisionServiceServer, decisions))
        .add_service(bounded!(ChallengeServiceServer, ChallengeApi(services.clone())))
        .add_service(bounded!(ProtectionServiceServer, protection))
        .add_service(bounded!(CredentialServiceServer, CredentialApi(services.clone())))
        .add_service(bounded!(AccountServiceServer, AccountApi(services.clone())))
        .add_service(bounded!(EventServiceServer, EventApi(services.clone())))
        .add_service(bounded!(IncidentServiceServer, IncidentApi(services.clone())))
        .add_service(bounded!(SeparationServiceServer, SeparationApi(services.clone())))
        .add_service(bounded!(PolicyServiceServer, PolicyApi(services.clone())))
        .add_service(bounded!(NoticeServiceServer, NoticeApi(services.clone())))
        .add_service(bounded!(AuditServiceServer, audit))
        .add_service(bounded!(ExportServiceServer, exports))
        .add_service(bounded!(ArchiveServiceServer, ArchiveApi(services.clone())))
        .add_service(bounded!(KeyServiceServer, KeyApi(services)))
}
