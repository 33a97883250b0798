//! The till of the first store: connections that show its certificate, from the store's network and from elsewhere.
//!
//! Of a store's own device the connection tells the address, whatever a request says: this machine has two that stand for the
//! two networks.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::Duration;

use crate::cli::failure::{Exit, Failure};
use crate::cli::keys::DEVELOPMENT_CALLER;
use crate::cli::serve::read_public;
use crate::config;
use crate::crypto::read_secret_file;
use crate::domain::StoreId;
use crate::grpc::client::{CallerCertificate, Client, Target};

/// The address of the till in its store.
pub(super) const IN_STORE: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// That of whoever has its certificate elsewhere.
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// What settings say of it.
pub(super) fn client(store: &str) -> config::Client {
    config::Client {
        name: DEVELOPMENT_CALLER.to_owned(),
        role: None,
        token_roles: Vec::new(),
        brand: None,
        spid: None,
        store: StoreId::parse(store).ok(),
        device: None,
    }
}

/// Its connections.
pub(super) struct Till {
    in_store: Client,
    elsewhere: Client,
}

impl Till {
    /// Connects to a service on this machine, with the keys of a folder.
    pub(super) async fn connect(folder: &Path, endpoint: &str, answer_time_max: Duration) -> Result<Self, Failure> {
        let root = read_public("ca.pem", &folder.join("ca.pem"))?;
        let chain = read_public("port-hub.pem", &folder.join("port-hub.pem"))?;
        let key =
            read_secret_file(&folder.join("port-hub.key")).map_err(|error| Failure::caused(Exit::Failed, &error))?;
        let connect = async |from: Ipv4Addr| {
            let target = Target {
                endpoint,
                root_pem: Some(&root),
                certificate: Some(CallerCertificate { chain_pem: &chain, key_pem: &key }),
                token: None,
                answer_time_max,
                from: Some(IpAddr::V4(from)),
            };
            Client::connect(&target).await
        };
        Ok(Self { in_store: connect(IN_STORE).await?, elsewhere: connect(ELSEWHERE).await? })
    }

    /// The connection from its store's network, or from elsewhere.
    pub(super) const fn over(&self, is_elsewhere: bool) -> &Client {
        if is_elsewhere { &self.elsewhere } else { &self.in_store }
    }
}
