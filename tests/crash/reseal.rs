//! `kill -9` while everything is sealed anew: nothing is lost, what was done stays done, and the rest goes on.

use portcullis::grpc::client::Client;
use portcullis::grpc::pb::v1 as pb;

use crate::kill::chains_hold;
use crate::service::{Home, Service, portcullis};

const ACCOUNTS: usize = 40;
const KILLS: usize = 3;
/// A few a second, so that each kill comes in the middle.
const SLOWLY: i32 = 150;

/// Seals anew until the service is gone or it is done; how many were, and whether it is.
async fn reseal(admin: &Client, pace: i32, mut met: impl FnMut(i64)) -> (i64, bool) {
    let asked = admin.keys().reseal(pb::ResealRequest { bodies_per_second: pace }).await;
    let mut told = asked.unwrap().into_inner();
    let mut last = (0, false);
    while let Ok(Some(step)) = told.message().await {
        last = (step.bodies_resealed, step.done);
        met(step.bodies_resealed);
    }
    last
}

async fn uses(admin: &Client) -> i64 {
    let mut told = admin.keys().count_key_uses(pb::CountKeyUsesRequest {}).await.unwrap().into_inner();
    while let Some(step) = told.message().await.unwrap() {
        if step.done {
            let seal = i32::from(pb::KeyPurpose::Seal);
            return step.uses.iter().filter(|found| found.purpose == seal).map(|found| found.uses).sum();
        }
    }
    panic!("the count broke off")
}

async fn admin(home: &Home, service: &Service) -> Client {
    home.client(service, &home.token("admin", &[])).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sealing_anew_survives_kills_and_ends() {
    let home = Home::new();
    let mut service = home.serve(&[]);
    let provisioning = home.client(&service, &home.token("provisioning", &[])).await;
    let carrier = home.client(&service, &home.carrier()).await;
    for number in 0..ACCOUNTS {
        home.create(&provisioning, number).await;
        for _ in 0..5 {
            carrier.decisions().decide(home.approved_port(number)).await.unwrap();
        }
    }
    service.kill();
    let keyring = home.path().join("keyring.json");
    let rotated = portcullis(&["keys", "rotate", keyring.to_str().unwrap(), "seal"]);
    assert!(rotated.status.success(), "{}", String::from_utf8_lossy(&rotated.stderr));
    service = home.serve(&[]);
    let mut left = uses(&admin(&home, &service).await).await;
    for _ in 0..KILLS {
        let client = admin(&home, &service).await;
        let mut running = Some(service);
        let (_, done) = reseal(&client, SLOWLY, |resealed| {
            if resealed > 0
                && let Some(service) = running.take()
            {
                service.kill();
            }
        })
        .await;
        assert!(!done && running.is_none(), "it was killed in the middle");
        chains_hold(&home, ACCOUNTS).await;
        service = home.serve(&[]);
        let now = uses(&admin(&home, &service).await).await;
        assert!(0 < now && now < left, "{now} of {left}: what was done stays done");
        left = now;
    }
    let client = admin(&home, &service).await;
    assert_eq!(reseal(&client, 100_000, |_| {}).await, (left, true));
    assert_eq!(uses(&client).await, 0);
    service.kill();
    chains_hold(&home, ACCOUNTS).await;
}
