//! E23: what would lead a delivery to where nobody said that messages go.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::receiver::{Manner, Place, Receiver, message, now};
use crate::config::AllowedPlace;
use crate::outbound::{AddressKind, Again, DeliveryError};

#[tokio::test]
async fn an_inner_address_is_not_even_connected_to() {
    let mut receiver = Receiver::start(Manner::status("200 OK", "")).await;
    // However it is spelt, it is this machine.
    for host in ["localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1"] {
        let mut place = Place::of(&receiver, host);
        place.settings.allow.clear();
        for refused in [place.courier().deliver(&message(), now()).await, place.courier().reach().await] {
            let error = refused.unwrap_err();
            assert!(matches!(error, DeliveryError::Inner { kind: AddressKind::Loopback, .. }), "{host}: {error}");
            assert_eq!(error.again(), Again::OnceMended);
            assert!(error.to_string().contains("messages.webhook.allow"), "{error}");
        }
    }
    assert_eq!(receiver.request(), None);
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_whatever_else_it_has() {
    let receiver = Receiver::start(Manner::status("200 OK", "")).await;
    let mut place = Place::of(&receiver, "localhost");
    place.settings.allow.clear();
    let public: SocketAddr = "192.0.1.1:443".parse().unwrap();
    let inner = ["169.254.169.254:443", "[::1]:443", "[::ffff:10.0.0.1]:443", "[2002:7f00:1::]:443"];
    for inner in inner.map(|inner| inner.parse::<SocketAddr>().unwrap()) {
        let error = place.courier_told(&[&[public, inner]]).deliver(&message(), now()).await.unwrap_err();
        assert!(matches!(error, DeliveryError::Inner { address, .. } if address == inner.ip()), "{error}");
    }
    let error = place.courier_told(&[&[]]).deliver(&message(), now()).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Unresolved(_)), "a name without an address: {error}");
}

/// The name means the receiver when it is looked at, and another server from then on.
#[tokio::test]
async fn a_name_that_changes_its_meaning_changes_nothing() {
    let mut receiver = Receiver::start(Manner::status("200 OK", "")).await;
    let place = Place::of(&receiver, "localhost");
    let inner = SocketAddr::from(([169, 254, 169, 254], 80));
    let courier = place.courier_told(&[&[receiver.address], &[inner]]);
    courier.deliver(&message(), now()).await.unwrap();
    assert!(receiver.request().is_some(), "the address that was looked at is the one connected to");
    // The second delivery looks again.
    let error = courier.deliver(&message(), now()).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Inner { kind: AddressKind::LinkLocal, .. }), "{error}");
    assert_eq!(receiver.request(), None);
}

#[tokio::test]
async fn where_one_address_is_dead_the_next_one_is_tried() {
    let mut receiver = Receiver::start(Manner::status("200 OK", "")).await;
    let dead = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    Place::of(&receiver, "localhost")
        .courier_told(&[&[dead, receiver.address]])
        .deliver(&message(), now())
        .await
        .unwrap();
    assert!(receiver.request().is_some());
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_a_way() {
    let mut elsewhere = Receiver::start(Manner::status("200 OK", "")).await;
    for status in
        ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"]
    {
        let location = format!("Location: https://localhost:{}/in\r\n", elsewhere.address.port());
        let mut receiver = Receiver::start(Manner::status(status, &location)).await;
        let error = Place::of(&receiver, "localhost").courier().deliver(&message(), now()).await.unwrap_err();
        assert!(matches!(error, DeliveryError::Status { .. }) && error.again() == Again::OnceMended, "{error}");
        assert!(receiver.request().is_some());
    }
    assert_eq!(elsewhere.request(), None);
}

#[tokio::test]
async fn who_is_not_who_they_should_be_is_told_nothing() {
    let mut receiver = Receiver::start(Manner::status("200 OK", "")).await;
    let other = Receiver::start(Manner::Silent).await;
    let stranger = Place::of(&receiver, "localhost");
    std::fs::write(stranger.settings.authority_file.as_ref().unwrap(), &other.authority_pem).unwrap();
    let mut misnamed = Receiver::start_as("other.example", Manner::status("200 OK", "")).await;
    for courier in [stranger.courier(), Place::of(&misnamed, "localhost").courier()] {
        let error = courier.deliver(&message(), now()).await.unwrap_err();
        assert!(matches!(error, DeliveryError::Untrusted(_)) && error.again() == Again::OnceMended, "{error}");
    }
    assert_eq!((receiver.request(), misnamed.request()), (None, None));
}

/// An allowed name is open inside and at its own port alone.
#[tokio::test]
async fn an_allowed_server_is_reached_and_no_other_is() {
    let mut receiver = Receiver::start(Manner::status("200 OK", "")).await;
    let mut place = Place::of(&receiver, "localhost");
    let server = |port| AllowedPlace::Server { host: "localhost".to_owned(), port };
    place.settings.allow = vec![server(receiver.address.port())];
    let told: &[&[SocketAddr]] = &[&[receiver.address], &[SocketAddr::from(([169, 254, 169, 254], 443))]];
    let courier = place.courier_told(told);
    courier.deliver(&message(), now()).await.unwrap();
    assert!(receiver.request().is_some());
    let error = courier.deliver(&message(), now()).await.unwrap_err();
    let metadata = IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254));
    assert!(matches!(error, DeliveryError::Inner { address, .. } if address == metadata), "{error}");
    place.settings.allow = vec![server(receiver.address.port().wrapping_add(1))];
    let error = place.courier_told(told).deliver(&message(), now()).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Inner { kind: AddressKind::Loopback, .. }), "{error}");
}
