//! Verifies access tokens, holds them to the connection they came over, and remembers those it has verified.

use std::sync::Arc;

use arc_swap::ArcSwap;
use chrono::{DateTime, Utc};
use quick_cache::sync::Cache;
use tonic::metadata::MetadataMap;

use super::clients::{Clients, KnownClient};
use super::trust::{OffHours, Trust, TrustedIssuer, Verified};
use super::{TokenError, bearer_token};
use crate::crypto::Tokens;
use crate::domain::{Connection, HeldName, Requester};
use crate::grpc::listener::Peer;

/// The longest token that is looked at, in bytes.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// Who is believed, and the tokens that were verified under them: who changes the one forgets the other.
struct Believed {
    trust: Trust,
    remembered: Cache<[u8; 32], Arc<Verified>>,
}

/// Why nobody is believed to call.
#[derive(Debug)]
pub struct Unbelieved {
    /// Why.
    pub error: TokenError,
    /// Who is behind a good token that came over a connection that is not its holder's.
    pub suspect: Option<Suspect>,
}

/// Whose token was brought by somebody else, or lent.
#[derive(Debug)]
pub struct Suspect {
    /// Its holder.
    pub holder: Arc<Requester>,
    /// The digest of the certificate that the connection showed, if any.
    pub shown: Option<[u8; 32]>,
}

impl From<TokenError> for Unbelieved {
    fn from(error: TokenError) -> Self {
        Self { error, suspect: None }
    }
}

/// Turns bearer tokens and certificates into requesters.
///
/// A signature check costs as much as half a decision, so verified tokens are remembered by a keyed digest until they end:
/// the cache holds no token that could be stolen from it.
pub struct Authenticator {
    believed: ArcSwap<Believed>,
    clients: Clients,
    digests: Tokens,
    remembered_tokens_max: usize,
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authenticator").finish_non_exhaustive()
    }
}

impl Authenticator {
    /// Believes the tokens of `issuers` and the certificates of `clients`. `digests` names remembered tokens.
    pub fn new(issuers: Vec<TrustedIssuer>, clients: Clients, digests: Tokens, remembered_tokens_max: usize) -> Self {
        let believed = ArcSwap::from_pointee(Believed::new(issuers, remembered_tokens_max));
        Self { believed, clients, digests, remembered_tokens_max }
    }

    /// Believes these issuers from the next call on, and forgets every token: one whose key is gone must not live on.
    pub fn replace(&self, issuers: Vec<TrustedIssuer>) {
        self.believed.store(Arc::new(Believed::new(issuers, self.remembered_tokens_max)));
    }

    /// Who calls: by the token in the call's metadata, else by the connection's certificate.
    ///
    /// Where both are there, they are held to each other: a bound token to its certificate (RFC 8705), and its holder to
    /// what the certificate's client is bound to.
    ///
    /// # Errors
    ///
    /// Why nobody is believed to call, and who is behind a token that looks stolen.
    pub fn authenticate(
        &self,
        metadata: &MetadataMap,
        peer: Option<&Peer>,
        now: DateTime<Utc>,
        off_hours: OffHours,
    ) -> Result<Requester, Unbelieved> {
        let certificate = peer.and_then(|peer| peer.certificate.as_deref());
        let client = certificate.and_then(|certificate| self.clients.of(certificate));
        let connection = || connection(peer, client);
        let token = match bearer_token(metadata) {
            Err(TokenError::Missing) => {
                let known = client.and_then(|client| client.requester()).ok_or(TokenError::Missing)?;
                return Ok(Requester { connection: connection(), ..Requester::clone(known) });
            }
            token => token?,
        };
        let verified = self.verified(token)?;
        // INVARIANT (time-is-an-argument): a remembered token ends when it says so, by the clock of this request.
        verified.check_time(now, off_hours)?;
        let suspect = |error| {
            let shown = certificate.map(|certificate| certificate.thumbprint);
            Unbelieved { error, suspect: Some(Suspect { holder: Arc::clone(&verified.requester), shown }) }
        };
        if let Some(bound) = &verified.certificate
            && certificate.is_none_or(|shown| shown.thumbprint != *bound)
        {
            return Err(suspect(TokenError::BoundElsewhere));
        }
        if let Some(client) = client {
            client.admit(&verified.requester).map_err(suspect)?;
        }
        Ok(Requester { connection: connection(), ..Requester::clone(&verified.requester) })
    }

    fn verified(&self, token: &str) -> Result<Arc<Verified>, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::Invalid);
        }
        let believed = self.believed.load();
        let digest = self.digests.digest("access-token", &[token.as_bytes()]);
        if let Some(verified) = believed.remembered.get(&digest) {
            return Ok(verified);
        }
        let verified = Arc::new(believed.trust.verify(token)?);
        believed.remembered.insert(digest, Arc::clone(&verified));
        Ok(verified)
    }
}

/// What a connection shows of who calls over it.
fn connection(peer: Option<&Peer>, client: Option<&KnownClient>) -> Connection {
    let certificate = peer.and_then(|peer| peer.certificate.as_deref());
    let store = client.and_then(KnownClient::store).zip(peer);
    Connection {
        certificate: certificate.and_then(|certificate| HeldName::parse(&certificate.name()).ok()),
        store: store.map(|(store, peer)| (store.clone(), peer.address.ip().to_canonical())),
    }
}

impl Believed {
    fn new(issuers: Vec<TrustedIssuer>, remembered_tokens_max: usize) -> Self {
        Self { trust: Trust::new(issuers), remembered: Cache::new(remembered_tokens_max) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::{DateTime, TimeDelta, Utc};
    use jsonwebtoken::{Algorithm, EncodingKey, Header};
    use tonic::metadata::MetadataMap;

    use super::Authenticator;
    use crate::crypto::{Keyring, SigningKey, Tokens, install_jwt_provider};
    use crate::domain::{Connection, HeldName, Requester, Role, StoreId};
    use crate::grpc::identity::{
        AccessTokenClaims, Audience, ClientBinding, Clients, Confirmation, DevelopmentIssuer, IdentityError, OffHours,
        TokenError, TokenRules, TrustedIssuer, TrustedKeys,
    };
    use crate::grpc::listener::{Peer, PeerCertificate};

    const ISSUED: i64 = 1_800_000_000;
    const EXPIRES: i64 = ISSUED + 600;
    const LEEWAY: i64 = 60;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn rules() -> TokenRules {
        TokenRules {
            issuer: "https://issuer.example".to_owned(),
            audience: "portcullis".to_owned(),
            algorithms: vec![Algorithm::EdDSA],
            leeway_seconds: 60,
            roles: Vec::new(),
            must_be_bound: false,
        }
    }

    fn claims() -> AccessTokenClaims {
        AccessTokenClaims {
            iss: rules().issuer,
            sub: "clerk-7".to_owned(),
            aud: Audience::Several(vec!["other".to_owned(), "portcullis".to_owned()]),
            client_id: "pos".to_owned(),
            exp: EXPIRES,
            iat: ISSUED,
            jti: "t-1".to_owned(),
            roles: vec!["care_agent".to_owned()],
            brand: Some("acme".to_owned()),
            ..AccessTokenClaims::default()
        }
    }

    struct World {
        key: SigningKey,
        authenticator: Authenticator,
    }

    fn world() -> World {
        install_jwt_provider().unwrap();
        let key = SigningKey::generate().unwrap();
        World { authenticator: believing(vec![issuer(rules(), &key.public_pem()).unwrap()]), key }
    }

    fn issuer(rules: TokenRules, pem: &str) -> Result<TrustedIssuer, IdentityError> {
        TrustedIssuer::new(rules, TrustedKeys::from_pem(pem)?)
    }

    fn believing(issuers: Vec<TrustedIssuer>) -> Authenticator {
        let store = StoreId::parse("S1").ok();
        let till = ClientBinding { store, ..ClientBinding::default() };
        let clients = Clients::new([("till.S1".to_owned(), till)]).unwrap();
        Authenticator::new(issuers, clients, Tokens::new(&Keyring::known()), 8)
    }

    impl World {
        fn issue(&self, claims: &AccessTokenClaims) -> String {
            DevelopmentIssuer::new(&self.key).unwrap().issue(claims).unwrap()
        }

        fn with_header(&self, header: &Header) -> String {
            let key = EncodingKey::from_ed_pem(self.key.private_pem().as_bytes()).unwrap();
            jsonwebtoken::encode(header, &claims(), &key).unwrap()
        }

        fn ask(&self, token: &str, now: i64) -> Result<Role, TokenError> {
            self.ask_over(None, token, now)
        }

        fn ask_over(&self, certificate: Option<PeerCertificate>, token: &str, now: i64) -> Result<Role, TokenError> {
            self.heard(certificate, token, now, OffHours::Refused).map(|requester| requester.role)
        }

        fn heard(
            &self,
            certificate: Option<PeerCertificate>,
            token: &str,
            now: i64,
            off_hours: OffHours,
        ) -> Result<Requester, TokenError> {
            let mut metadata = MetadataMap::new();
            metadata.insert("authorization", format!("Bearer {token}").parse().unwrap());
            let address = "[::ffff:192.0.2.1]:1".parse().unwrap();
            let peer = Peer { address, certificate: certificate.map(Arc::new) };
            let authenticated = self.authenticator.authenticate(&metadata, Some(&peer), at(now), off_hours);
            authenticated.map_err(|unbelieved| unbelieved.error)
        }
    }

    #[test]
    fn a_good_token_authenticates_between_its_instants() {
        let world = world();
        let token = world.issue(&claims());
        for (now, expected) in [
            (ISSUED - LEEWAY - 1, Err(TokenError::OutOfTime)),
            (ISSUED - LEEWAY, Ok(Role::CareAgent)),
            (ISSUED + 1, Ok(Role::CareAgent)),
            (EXPIRES + LEEWAY - 1, Ok(Role::CareAgent)),
            (EXPIRES + LEEWAY, Err(TokenError::OutOfTime)),
        ] {
            // The second time from memory: a remembered token ends when it says so.
            assert_eq!(world.ask(&token, now), expected, "at {}", now - ISSUED);
            assert_eq!(world.ask(&token, now), expected, "remembered, at {}", now - ISSUED);
        }
        let later = AccessTokenClaims { nbf: Some(ISSUED + 300), ..claims() };
        assert_eq!(world.ask(&world.issue(&later), ISSUED + 200), Err(TokenError::OutOfTime));
    }

    #[test]
    fn a_token_of_another_kind_issuer_or_audience_is_refused() {
        let world = world();
        let other = AccessTokenClaims { iss: "https://other.example".to_owned(), ..claims() };
        assert_eq!(world.ask(&world.issue(&other), ISSUED), Err(TokenError::Invalid));
        let other = AccessTokenClaims { aud: Audience::One("other".to_owned()), ..claims() };
        assert_eq!(world.ask(&world.issue(&other), ISSUED), Err(TokenError::Invalid));
        for typ in [None, Some("JWT"), Some("id+jwt")] {
            let header = Header { typ: typ.map(str::to_owned), ..Header::new(Algorithm::EdDSA) };
            assert_eq!(world.ask(&world.with_header(&header), ISSUED), Err(TokenError::Invalid), "{typ:?}");
        }
        let header = Header { typ: Some("application/AT+JWT".to_owned()), ..Header::new(Algorithm::EdDSA) };
        assert_eq!(world.ask(&world.with_header(&header), ISSUED), Ok(Role::CareAgent));
        let critical = Some(vec!["exp".to_owned()]);
        let critical = Header { typ: Some("at+jwt".to_owned()), crit: critical, ..Header::new(Algorithm::EdDSA) };
        assert_eq!(world.ask(&world.with_header(&critical), ISSUED), Err(TokenError::Invalid));
    }

    #[test]
    fn a_signature_that_does_not_hold_is_refused() {
        let world = world();
        let stranger = DevelopmentIssuer::new(&SigningKey::generate().unwrap()).unwrap();
        assert_eq!(world.ask(&stranger.issue(&claims()).unwrap(), ISSUED), Err(TokenError::Invalid));
        let token = world.issue(&claims());
        let (head, _) = token.rsplit_once('.').unwrap();
        assert_eq!(world.ask(&format!("{head}."), ISSUED), Err(TokenError::Invalid));
        assert_eq!(world.ask(head, ISSUED), Err(TokenError::Invalid));
        // The classic: no algorithm, no signature.
        let none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0";
        let body = token.split('.').nth(1).unwrap();
        assert_eq!(world.ask(&format!("{none}.{body}."), ISSUED), Err(TokenError::Invalid));
        assert_eq!(world.ask(&"x".repeat(9_000), ISSUED), Err(TokenError::Invalid));
    }

    #[test]
    fn a_wrong_claim_is_named_only_under_a_good_signature() {
        let world = world();
        let bad = AccessTokenClaims { brand: None, ..claims() };
        assert_eq!(world.ask(&world.issue(&bad), ISSUED), Err(TokenError::Claim("brand")));
        let endless = AccessTokenClaims { exp: i64::MAX, ..claims() };
        assert_eq!(world.ask(&world.issue(&endless), ISSUED), Err(TokenError::Claim("exp")));
    }

    #[test]
    fn keys_change_without_a_gap() {
        let old = world();
        let new = SigningKey::generate().unwrap();
        let both = format!("{}{}", old.key.public_pem(), new.public_pem());
        let world = World { authenticator: believing(vec![issuer(rules(), &both).unwrap()]), key: new };
        let (by_new, by_old) = (world.issue(&claims()), old.issue(&claims()));
        assert_eq!(world.ask(&by_new, ISSUED), Ok(Role::CareAgent));
        assert_eq!(world.ask(&by_old, ISSUED), Ok(Role::CareAgent));
        // Once the old key is gone, so are its tokens, remembered ones too.
        world.authenticator.replace(vec![issuer(rules(), &world.key.public_pem()).unwrap()]);
        assert_eq!(world.ask(&by_new, ISSUED), Ok(Role::CareAgent));
        assert_eq!(world.ask(&by_old, ISSUED), Err(TokenError::Invalid));
    }

    #[test]
    fn keys_and_rules_that_cannot_be_used_are_found_at_the_start() {
        let world = world();
        let make = |rules, pem: &str| issuer(rules, pem).map(|_| ());
        assert_eq!(make(rules(), ""), Err(IdentityError::KeyCount));
        assert_eq!(make(rules(), &world.key.public_pem().repeat(17)), Err(IdentityError::KeyCount));
        let broken = format!("{}{}", world.key.public_pem(), world.key.public_pem().replace("MCow", "AAAA"));
        assert_eq!(make(rules(), &broken), Err(IdentityError::Key(2)));
        let lax = TokenRules { leeway_seconds: 61, ..rules() };
        assert_eq!(make(lax, &world.key.public_pem()), Err(IdentityError::Leeway));
    }

    #[test]
    fn memory_is_bounded_and_holds_no_token() {
        let world = world();
        let mut tokens = Vec::new();
        for number in 0..100 {
            let token = world.issue(&AccessTokenClaims { jti: format!("t-{number}"), ..claims() });
            assert_eq!(world.ask(&token, ISSUED), Ok(Role::CareAgent));
            tokens.push(token);
        }
        assert!(world.authenticator.believed.load().remembered.len() <= 16);
        assert!(tokens.iter().all(|token| world.ask(token, ISSUED + TimeDelta::hours(1).num_seconds()).is_err()));
    }
    fn certificate(number: u8, name: &str) -> PeerCertificate {
        PeerCertificate { thumbprint: [number; 32], names: vec![name.to_owned()] }
    }

    #[test]
    fn a_bound_token_is_good_over_its_own_certificate_alone() {
        let world = world();
        let bound = world.issue(&AccessTokenClaims { cnf: Some(Confirmation::of(&[1; 32])), ..claims() });
        for _ in 0..2 {
            // The second time from memory.
            assert_eq!(world.ask_over(Some(certificate(1, "x")), &bound, ISSUED), Ok(Role::CareAgent));
            assert_eq!(world.ask_over(Some(certificate(2, "x")), &bound, ISSUED), Err(TokenError::BoundElsewhere));
            assert_eq!(world.ask(&bound, ISSUED), Err(TokenError::BoundElsewhere));
        }
        let other_way = Confirmation { certificate_sha256: None };
        let other_way = world.issue(&AccessTokenClaims { cnf: Some(other_way), ..claims() });
        assert_eq!(world.ask(&other_way, ISSUED), Err(TokenError::Claim("cnf")));
        let rules = TokenRules { must_be_bound: true, ..rules() };
        world.authenticator.replace(vec![issuer(rules, &world.key.public_pem()).unwrap()]);
        assert_eq!(world.ask_over(Some(certificate(1, "x")), &bound, ISSUED), Ok(Role::CareAgent));
        let free = world.issue(&claims());
        assert_eq!(world.ask_over(Some(certificate(1, "x")), &free, ISSUED), Err(TokenError::Claim("cnf")));
    }

    #[test]
    fn a_token_of_one_store_is_refused_on_another_stores_till() {
        let world = world();
        let till = || Some(certificate(1, "till.S1"));
        let of_store = |store: &str| AccessTokenClaims { store_id: Some(store.to_owned()), ..claims() };
        assert_eq!(world.ask_over(till(), &world.issue(&of_store("S1")), ISSUED), Ok(Role::CareAgent));
        let other = world.issue(&of_store("S2"));
        assert_eq!(world.ask_over(till(), &other, ISSUED), Err(TokenError::Elsewhere("store_id")));
        assert_eq!(world.ask(&other, ISSUED), Ok(Role::CareAgent));
    }

    #[test]
    fn what_a_connection_shows_is_told_of_a_stores_own_device_alone() {
        let world = world();
        let token = world.issue(&AccessTokenClaims { store_id: Some("S1".to_owned()), ..claims() });
        let shown = |name| {
            let certificate = Some(certificate(1, name));
            world.heard(certificate, &token, ISSUED, OffHours::Refused).unwrap().connection
        };
        let named = HeldName::parse("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE").ok();
        let store = Some((StoreId::parse("S1").unwrap(), "192.0.2.1".parse().unwrap()));
        assert_eq!(shown("till.S1"), Connection { certificate: named.clone(), store });
        assert_eq!(shown("front-end"), Connection { certificate: named, store: None });
        let bare = world.heard(None, &token, ISSUED, OffHours::Refused).unwrap();
        assert_eq!(bare.connection, Connection::default());
    }

    #[test]
    fn a_token_of_a_roster_is_good_in_its_hours_and_half_an_hour_around() {
        const HALF_HOUR: i64 = 1_800;
        let world = world();
        let hours = (Some(ISSUED + 4_000), Some(ISSUED + 8_000));
        let exp = ISSUED + 90_000;
        let token = AccessTokenClaims { roster_begin: hours.0, roster_end: hours.1, exp, ..claims() };
        let token = world.issue(&token);
        for (now, expected) in [
            (ISSUED + 4_000 - HALF_HOUR - 1, Err(TokenError::OffRoster)),
            (ISSUED + 4_000 - HALF_HOUR, Ok(Role::CareAgent)),
            (ISSUED + 8_000 + HALF_HOUR - 1, Ok(Role::CareAgent)),
            (ISSUED + 8_000 + HALF_HOUR, Err(TokenError::OffRoster)),
        ] {
            assert_eq!(world.ask(&token, now), expected, "at {}", now - ISSUED);
        }
        // Where the answer is a decision it is heard, and still ends when it says so.
        let heard = |now| world.heard(None, &token, now, OffHours::Decided).map(|requester| requester.role);
        assert_eq!(heard(ISSUED + 80_000), Ok(Role::CareAgent));
        assert_eq!(heard(exp + LEEWAY), Err(TokenError::OutOfTime));
        let half = world.issue(&AccessTokenClaims { roster_begin: hours.0, ..claims() });
        assert_eq!(world.ask(&half, ISSUED), Err(TokenError::Claim("roster_end")));
    }

    #[test]
    fn an_issuer_gives_the_roles_it_may_give() {
        let world = world();
        let rules = TokenRules { roles: vec![Role::Customer], ..rules() };
        world.authenticator.replace(vec![issuer(rules, &world.key.public_pem()).unwrap()]);
        assert_eq!(world.ask(&world.issue(&claims()), ISSUED), Err(TokenError::Claim("roles")));
    }

    #[test]
    fn one_issuers_key_signs_nothing_for_another() {
        let world = world();
        let second = SigningKey::generate().unwrap();
        let other = TokenRules { issuer: "https://second.example".to_owned(), ..rules() };
        world.authenticator.replace(vec![
            issuer(rules(), &world.key.public_pem()).unwrap(),
            issuer(other, &second.public_pem()).unwrap(),
        ]);
        let of_second = AccessTokenClaims { iss: "https://second.example".to_owned(), ..claims() };
        let signed = |key: &SigningKey, claims| DevelopmentIssuer::new(key).unwrap().issue(claims).unwrap();
        assert_eq!(world.ask(&signed(&second, &of_second), ISSUED), Ok(Role::CareAgent));
        assert_eq!(world.ask(&signed(&world.key, &of_second), ISSUED), Err(TokenError::Invalid));
        assert_eq!(world.ask(&signed(&second, &claims()), ISSUED), Err(TokenError::Invalid));
    }
}
