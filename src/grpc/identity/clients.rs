//! Callers that are known by their certificates, and what their connections are bound to.

use std::collections::HashMap;
use std::sync::Arc;

use super::TokenError;
use super::claims::check_bindings;
use crate::domain::{Brand, Connection, DeviceId, Requester, Role, Roster, Spid, StoreId, Subject};
use crate::grpc::listener::PeerCertificate;

/// What is known of a client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientBinding {
    /// What it is when it brings no token.
    pub role: Option<Role>,
    /// The roles of tokens that others may bring over its connections; any, where there is none.
    pub token_roles: Vec<Role>,
    /// The only brand it serves.
    pub brand: Option<Brand>,
    /// The carrier it speaks for.
    pub spid: Option<Spid>,
    /// The store it stands in.
    pub store: Option<StoreId>,
    /// The device it is.
    pub device: Option<DeviceId>,
}

/// A client that cannot be known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("client `{name}` cannot have its role: its `{missing}` is missing or has no usable value")]
pub struct ClientError {
    /// The name in its certificate.
    pub name: String,
    /// What its role must be bound to.
    pub missing: &'static str,
}

/// A client that is known.
pub(super) struct KnownClient {
    binding: ClientBinding,
    requester: Option<Arc<Requester>>,
}

/// All clients, by the names in their certificates.
#[derive(Default)]
pub struct Clients(HashMap<String, KnownClient>);

impl Clients {
    /// Those of the settings.
    ///
    /// # Errors
    ///
    /// [`ClientError`] when a role lacks what it must be bound to.
    pub fn new(clients: impl IntoIterator<Item = (String, ClientBinding)>) -> Result<Self, ClientError> {
        let known = clients.into_iter().map(|(name, binding)| {
            let requester = requester(&name, &binding)
                .map_err(|missing| ClientError { name: name.clone(), missing })?
                .map(Arc::new);
            Ok((name, KnownClient { binding, requester }))
        });
        known.collect::<Result<_, _>>().map(Self)
    }

    /// The client of a certificate. One whose names mean several clients means none.
    pub(super) fn of(&self, certificate: &PeerCertificate) -> Option<&KnownClient> {
        let mut known = certificate.names.iter().filter_map(|name| self.0.get(name));
        match (known.next(), known.next()) {
            (Some(client), None) => Some(client),
            _ => None,
        }
    }
}

impl KnownClient {
    /// Who it is without a token.
    pub(super) const fn requester(&self) -> Option<&Arc<Requester>> {
        self.requester.as_ref()
    }

    /// The store that it stands in.
    pub(super) const fn store(&self) -> Option<&StoreId> {
        self.binding.store.as_ref()
    }

    /// Refuses a token whose holder is bound to something else than the connection it came over: a token of one store on
    /// another store's till is stolen or lent.
    pub(super) fn admit(&self, holder: &Requester) -> Result<(), TokenError> {
        fn same<T: PartialEq>(own: Option<&T>, held: Option<&T>, claim: &'static str) -> Result<(), TokenError> {
            if own.is_none() || own == held { Ok(()) } else { Err(TokenError::Elsewhere(claim)) }
        }
        let ClientBinding { role: _, token_roles, brand, spid, store, device } = &self.binding;
        if !token_roles.is_empty() && !token_roles.contains(&holder.role) {
            return Err(TokenError::Elsewhere("roles"));
        }
        same(brand.as_ref(), Some(&holder.brand), "brand")?;
        same(spid.as_ref(), holder.spid.as_ref(), "spid")?;
        // Whose roster has several stores is at home in each of them.
        let in_roster = store.as_ref().filter(|store| holder.roster.stores.contains(store));
        same(store.as_ref(), in_roster.or(holder.store.as_ref()), "store_id")?;
        same(device.as_ref(), holder.device.as_ref(), "device_id")
    }
}

fn requester(name: &str, binding: &ClientBinding) -> Result<Option<Requester>, &'static str> {
    let Some(role) = binding.role else { return Ok(None) };
    if role.is_bound_to_account() {
        // A certificate names a system; customers sign in.
        return Err("role");
    }
    let requester = Requester {
        subject: Subject::parse(&format!("{}{name}", Subject::OF_CERTIFICATE)).map_err(|_| "name")?,
        role,
        brand: binding.brand.clone().ok_or("brand")?,
        account: None,
        person: None,
        device: binding.device.clone(),
        store: binding.store.clone(),
        spid: binding.spid,
        token: None,
        roster: Roster::default(),
        connection: Connection::default(),
    };
    match check_bindings(&requester) {
        Ok(()) => Ok(Some(requester)),
        Err(TokenError::Claim(claim)) => Err(claim),
        Err(_) => Err("role"),
    }
}

#[cfg(test)]
mod tests {
    use super::{ClientBinding, ClientError, Clients};
    use crate::domain::{Brand, Role, Spid, StoreId};
    use crate::grpc::identity::TokenError;
    use crate::grpc::listener::PeerCertificate;

    fn certificate(names: &[&str]) -> PeerCertificate {
        PeerCertificate { thumbprint: [1; 32], names: names.iter().map(ToString::to_string).collect() }
    }

    fn hub() -> ClientBinding {
        ClientBinding {
            role: Some(Role::PortingSystem),
            brand: Brand::parse("main").ok(),
            spid: Spid::parse("5678").ok(),
            ..ClientBinding::default()
        }
    }

    fn till(store: &str) -> ClientBinding {
        ClientBinding {
            token_roles: vec![Role::RetailAgent],
            store: StoreId::parse(store).ok(),
            ..ClientBinding::default()
        }
    }

    #[test]
    fn a_certificate_is_known_by_one_name() {
        let clients = [("spiffe://c.example/hub".to_owned(), hub()), ("till.c.example".to_owned(), till("S1"))];
        let clients = Clients::new(clients).unwrap();
        let known = clients.of(&certificate(&["other", "spiffe://c.example/hub"])).unwrap();
        let requester = known.requester().unwrap();
        assert_eq!(requester.subject.as_str(), "certificate|spiffe://c.example/hub");
        assert_eq!((requester.role, requester.spid.as_ref()), (Role::PortingSystem, hub().spid.as_ref()));
        assert!(clients.of(&certificate(&["till.c.example"])).unwrap().requester().is_none());
        assert!(clients.of(&certificate(&["nobody"])).is_none());
        assert!(clients.of(&certificate(&["till.c.example", "spiffe://c.example/hub"])).is_none());
    }

    #[test]
    fn a_token_of_one_store_is_refused_on_another_stores_till() {
        let clients = Clients::new([("till".to_owned(), till("S1"))]).unwrap();
        let known = clients.of(&certificate(&["till"])).unwrap();
        let mut holder = super::requester("x", &hub()).unwrap().unwrap();
        assert_eq!(known.admit(&holder), Err(TokenError::Elsewhere("roles")));
        holder.role = Role::RetailAgent;
        assert_eq!(known.admit(&holder), Err(TokenError::Elsewhere("store_id")));
        holder.store = StoreId::parse("S2").ok();
        assert_eq!(known.admit(&holder), Err(TokenError::Elsewhere("store_id")));
        holder.roster.stores = ["S3", "S1"].map(|store| StoreId::parse(store).unwrap()).to_vec();
        assert_eq!(known.admit(&holder), Ok(()), "a roster may have several stores");
        holder.roster.stores.truncate(1);
        assert_eq!(known.admit(&holder), Err(TokenError::Elsewhere("store_id")));
        holder.store = StoreId::parse("S1").ok();
        assert_eq!(known.admit(&holder), Ok(()));
    }

    #[test]
    fn a_role_must_be_bound() {
        let refused = |binding| Clients::new([("x".to_owned(), binding)]).map(|_| ()).unwrap_err();
        let missing = |missing| ClientError { name: "x".to_owned(), missing };
        assert_eq!(refused(ClientBinding { spid: None, ..hub() }), missing("spid"));
        assert_eq!(refused(ClientBinding { brand: None, ..hub() }), missing("brand"));
        assert_eq!(refused(ClientBinding { role: Some(Role::PinPad), ..hub() }), missing("store_id"));
        assert_eq!(refused(ClientBinding { role: Some(Role::Customer), ..hub() }), missing("role"));
    }
}
