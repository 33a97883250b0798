//! Secrets over the wire: one call shows one value, once.

use std::io::Write;
use std::sync::{Arc, Mutex};

use portcullis::config::{Log, LogFormat, LogLevel};
use portcullis::grpc::pb::v1 as pb;
use portcullis::telemetry;
use tonic::Code;

use crate::alone::is_alone;
use crate::world::{
    ACCOUNT, ACCOUNT_NUMBER, NEW_SIM, NUMBER, PIN, UNKNOWN_NUMBER, World, approved_sim_change, ask, number, place,
    port_out, reason, sim_change,
};

fn issue(world: &World) -> pb::IssueTransferPinRequest {
    let request_id = world.request_id();
    pb::IssueTransferPinRequest {
        evidence: vec![world.approval(&request_id, NUMBER, "TRANSFER_PIN_ISSUE\ngaining_spid=\n")],
        request_id,
        interaction: place(pb::Channel::App),
        gaining_spid: String::new(),
        scope: Some(pb::issue_transfer_pin_request::Scope::Line(number(NUMBER))),
    }
}

#[tokio::test]
async fn a_transfer_pin_is_shown_once() {
    let world = World::populated().await;
    let request = issue(&world);
    let first = world.credentials().issue_transfer_pin(world.as_owner(request.clone())).await.unwrap().into_inner();
    assert_eq!(first.decision.unwrap().outcome(), pb::Outcome::Approve);
    assert!(first.transfer_pin.len() == 6 && first.transfer_pin.bytes().all(|byte| byte.is_ascii_digit()));
    let again = world.credentials().issue_transfer_pin(world.as_owner(request)).await.unwrap().into_inner();
    assert_eq!(again.transfer_pin, "");
    let status = first.status.unwrap();
    assert!(again.status.as_ref() == Some(&status));

    let revoke = pb::RevokeTransferPinRequest {
        request_id: world.request_id(),
        transfer_pin_id: status.transfer_pin_id,
        account_id: ACCOUNT.to_owned(),
    };
    let revoked = world.credentials().revoke_transfer_pin(world.as_owner(revoke)).await.unwrap().into_inner();
    assert!(revoked.status.unwrap().void);
}

#[tokio::test]
async fn a_pin_is_set_by_decision_and_never_shown() {
    let world = World::populated().await;
    let set = |new_pin: &str| {
        let request_id = world.request_id();
        pb::SetPinRequest {
            evidence: vec![world.approval(&request_id, ACCOUNT, "PIN_CHANGE\n")],
            request_id,
            account_id: ACCOUNT.to_owned(),
            new_pin: new_pin.to_owned(),
            interaction: place(pb::Channel::App),
        }
    };
    let guessable = world.credentials().set_pin(world.as_owner(set("123456"))).await.err().unwrap();
    assert_eq!((guessable.code(), reason(&guessable).as_str()), (Code::InvalidArgument, "PIN_GUESSABLE"));
    let changed = world.credentials().set_pin(world.as_owner(set("739150"))).await.unwrap().into_inner();
    assert_eq!(changed.decision.unwrap().outcome(), pb::Outcome::Approve);
    let get = pb::GetCredentialStatusRequest { account_id: ACCOUNT.to_owned() };
    let status = world.credentials().get_credential_status(world.as_owner(get)).await.unwrap().into_inner().status;
    let status = status.unwrap();
    assert!(status.pin_set && status.set_time.is_some() && status.exhausted_until_time.is_none());
}

/// What a log wrote.
#[derive(Clone, Default)]
pub(crate) struct Written(pub(crate) Arc<Mutex<Vec<u8>>>);

impl Written {
    /// What every thread of this process logs from here on.
    pub(crate) fn log_of_the_process(log: Log) -> Self {
        let written = Self::default();
        let sink = written.clone();
        tracing::subscriber::set_global_default(telemetry::subscriber(log, move || sink.clone())).unwrap();
        written
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The log's lines without the readings of clocks, whose digits may be anything.
pub(crate) fn without_clock_readings(log: &[u8]) -> String {
    let lines = serde_json::Deserializer::from_slice(log).into_iter::<serde_json::Map<String, serde_json::Value>>();
    let kept = lines.map(|line| {
        let mut line = line.unwrap();
        line.retain(|name, _| name != "timestamp" && name != "took_us");
        serde_json::Value::Object(line).to_string()
    });
    kept.collect::<Vec<_>>().join("\n")
}

/// E12: canaries through calls that go well and calls that do not; none of them in the log or the counters.
#[tokio::test]
async fn logs_and_counters_hold_no_secret() {
    if !is_alone("secrets::logs_and_counters_hold_no_secret") {
        return;
    }
    let written = Written::log_of_the_process(Log { format: LogFormat::Json, level: LogLevel::Debug });
    let world = World::populated().await;
    let mut canaries =
        vec![PIN, NUMBER, UNKNOWN_NUMBER, ACCOUNT_NUMBER, NEW_SIM, "Kim Doe", "kim@example.com", "730519", "41x7"];
    canaries.extend(["12125550123", "12125550199"]);
    let pin = |pin: &str| vec![pb::Evidence { evidence: Some(pb::evidence::Evidence::AccountPin(pin.to_owned())) }];
    for (offered, line) in [(PIN, NUMBER), ("730519", NUMBER), ("730519", UNKNOWN_NUMBER), ("41x7", NUMBER)] {
        let request = pb::DecideRequest {
            line: Some(number(line)),
            evidence: pin(offered),
            ..ask(&world, sim_change(NEW_SIM), pb::Channel::Ivr)
        };
        let _ = world.decisions().decide(world.as_role("ivr", request)).await;
    }
    let claims = pb::Claims { account_number: ACCOUNT_NUMBER.to_owned(), ..pb::Claims::default() };
    let port = pb::DecideRequest { claims: Some(claims), ..ask(&world, port_out(), pb::Channel::Port) };
    world.decisions().decide(world.as_role("porting_system", port)).await.unwrap();
    let approved = world.decisions().decide(world.as_owner(approved_sim_change(&world))).await.unwrap().into_inner();
    let Some(pb::decision::Detail::Approval(approval)) = approved.decision.unwrap().detail else {
        panic!("no approval")
    };
    let issued = world.credentials().issue_transfer_pin(world.as_owner(issue(&world))).await.unwrap().into_inner();
    let token = world.token(&world.owner_claims());
    let forged = tonic::metadata::MetadataValue::try_from(format!("Bearer {token}x")).unwrap();
    let mut request = tonic::Request::new(approved_sim_change(&world));
    request.metadata_mut().insert("authorization", forged);
    world.decisions().decide(request).await.err().unwrap();

    canaries.extend([approval.permit.as_str(), issued.transfer_pin.as_str(), token.as_str()]);
    let log = without_clock_readings(&written.0.lock().unwrap());
    let counters = world.metrics.encode().unwrap();
    assert!(log.contains("\"method\":\"Decide\""), "nothing was logged: {log}");
    for canary in canaries {
        assert!(!log.contains(canary), "{canary} is in the log: {log}");
        assert!(!counters.contains(canary), "{canary} is in the counters");
    }
}
