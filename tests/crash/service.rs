//! The real program as a child: its own keys, ports and folder, and a client that calls it over TLS.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use portcullis::crypto::SigningKey;
use portcullis::grpc::client::{Client, Target, Timestamp};
use portcullis::grpc::pb::v1 as pb;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_portcullis");

/// A folder with development keys, and tokens under them.
pub(crate) struct Home {
    folder: tempfile::TempDir,
    pub(crate) app: SigningKey,
    requests: AtomicU64,
}

/// A running service.
pub(crate) struct Service {
    child: Child,
    pub(crate) address: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = portcullis(&["keys", "generate", folder.path().to_str().unwrap(), "--development"]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Self { folder, app: SigningKey::generate().unwrap(), requests: AtomicU64::new(1) }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.path().join("store")
    }

    /// Has notices written to `messages/messages.jsonl`.
    pub(crate) fn tell_into_a_file(&self) {
        let file = self.path().join("portcullis.toml");
        let settings = std::fs::read_to_string(&file).unwrap();
        let folder = self.path().join("messages");
        let section = format!("\n[messages]\nkind = \"file\"\n[messages.file]\nfolder = \"{}\"\n", folder.display());
        std::fs::write(file, settings + &section).unwrap();
    }

    /// The arguments of `serve` on ports of its own.
    pub(crate) fn serve_args(&self, more: &[&str]) -> Vec<String> {
        let config = self.path().join("portcullis.toml");
        let fixed = ["--json", "serve", "--config", config.to_str().unwrap()];
        let set = ["server.listen=127.0.0.1:0", "server.ops_listen=127.0.0.1:0", "log.level=error"];
        let set = set.iter().chain(more).flat_map(|setting| ["--set", setting]);
        fixed.iter().copied().chain(set).map(str::to_owned).collect()
    }

    pub(crate) fn serve(&self, more: &[&str]) -> Service {
        Service::start(Command::new(PROGRAM).args(self.serve_args(more)))
    }

    pub(crate) fn token(&self, role: &str, more: &[&str]) -> String {
        let key = self.path().join("issuer.key");
        let fixed = ["token", "mint", "--issuer-key", key.to_str().unwrap(), "--role", role, "--subject", role];
        let args: Vec<&str> = fixed.iter().chain(more).copied().collect();
        let minted = portcullis(&args);
        assert!(minted.status.success(), "{}", String::from_utf8_lossy(&minted.stderr));
        String::from_utf8(minted.stdout).unwrap().trim().to_owned()
    }

    pub(crate) fn carrier(&self) -> String {
        self.token("porting_system", &["--spid", "6529"])
    }

    pub(crate) fn owner(&self, account: &str) -> String {
        self.token("customer", &["--account", account, "--person", "owner", "--device", "phone"])
    }

    pub(crate) async fn client(&self, service: &Service, token: &str) -> Client {
        let root = std::fs::read_to_string(self.path().join("ca.pem")).unwrap();
        let endpoint = format!("https://{}", service.address);
        let target = Target {
            endpoint: &endpoint,
            root_pem: Some(&root),
            certificate: None,
            token: Some(token),
            answer_time_max: Duration::from_secs(10),
            from: None,
        };
        Client::connect(&target).await.unwrap()
    }

    pub(crate) fn request_id(&self) -> String {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        format!("0190d4f0-7c3e-7000-8000-{number:012x}")
    }

    /// An account with an owner's known phone and one line.
    pub(crate) async fn create(&self, client: &Client, number: usize) {
        let long_ago = timestamp(now() - TimeDelta::days(100));
        let owner = pb::Person {
            person_id: "owner".to_owned(),
            role: pb::PersonRole::Owner.into(),
            name: String::new(),
            postal_code: String::new(),
            contacts: Vec::new(),
            line_ids: Vec::new(),
        };
        let account = pb::Account {
            account_id: account(number),
            brand: "default".to_owned(),
            account_number: format!("ACC{number}"),
            kind: pb::AccountKind::Postpaid.into(),
            persons: vec![owner],
            etag: String::new(),
            line_count: 0,
        };
        let line = pb::Line {
            line_id: format!("line-{number}"),
            msisdn: msisdn(number),
            account_id: String::new(),
            iccid: String::new(),
            eid: String::new(),
            imei: String::new(),
            sim_since_time: None,
            status: pb::LineStatus::Active.into(),
            flags: Vec::new(),
        };
        let device = pb::Device {
            device_id: "phone".to_owned(),
            public_key_jwk: self.app.public_jwk(),
            model: String::new(),
            added_time: long_ago,
            person_id: "owner".to_owned(),
        };
        let seed = pb::AccountSeed {
            account: Some(account),
            lines: vec![line],
            locks: Vec::new(),
            pin: String::new(),
            pin_set_time: None,
            pin_carrier_generated: false,
            devices: vec![device],
        };
        let request = pb::UpsertAccountRequest { request_id: self.request_id(), seed: Some(seed) };
        client.accounts().upsert_account(request).await.unwrap();
    }

    /// A port of a line, with the owner's approval.
    pub(crate) fn approved_port(&self, number: usize) -> pb::DecideRequest {
        let request_id = self.request_id();
        let evidence = self.approval(&request_id, &msisdn(number), "PORT_OUT\ngaining_spid=6529\n");
        pb::DecideRequest {
            request_id,
            line: Some(line(number)),
            change: Some(port()),
            mode: pb::Mode::Enforce.into(),
            interaction: place(pb::Channel::Port),
            claims: Some(pb::Claims {
                account_number: format!("ACC{number}"),
                postal_code: String::new(),
                holder_name: String::new(),
                worthless: Vec::new(),
            }),
            evidence: vec![evidence],
            signals: Vec::new(),
            dialect: String::new(),
            plan_time: None,
            external_reference: String::new(),
            supersedes_decision_id: String::new(),
            consistency_token: String::new(),
            want_signed_permit: false,
        }
    }

    pub(crate) fn approval(&self, request_id: &str, target: &str, canonical: &str) -> pb::Evidence {
        let action = canonical.lines().next().unwrap();
        let digest = portcullis::crypto::sha256_plain(canonical.as_bytes());
        let hex = portcullis::domain::PolicyRevision(digest).to_string();
        let text = format!("portcullis-approval-v1\n{request_id}\n{target}\n{action}\n{hex}");
        let approval = pb::AppApproval { device_key_id: "phone".to_owned(), signature: self.app.sign(text.as_bytes()) };
        pb::Evidence { evidence: Some(pb::evidence::Evidence::AppApproval(approval)) }
    }
}

impl Service {
    /// Starts it and waits for the line that says it listens.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Ok(ready) = serde_json::from_str::<serde_json::Value>(&line) else {
            let output = child.wait_with_output().unwrap();
            panic!("it did not start: {}", String::from_utf8_lossy(&output.stderr));
        };
        Self { address: ready["listening"].as_str().unwrap().to_owned(), child }
    }

    /// SIGKILL, to the program itself.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it has ended by itself.
    pub(crate) fn end(mut self) {
        self.child.wait().unwrap();
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Already gone, after `kill`.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn portcullis(args: &[&str]) -> Output {
    Command::new(PROGRAM).args(args).output().unwrap()
}

pub(crate) fn now() -> DateTime<Utc> {
    use portcullis::clock::Clock as _;
    portcullis::clock::SystemClock::start().now().unwrap().instant()
}

fn timestamp(at: DateTime<Utc>) -> Option<Timestamp> {
    Some(Timestamp { seconds: at.timestamp(), nanos: 0 })
}

pub(crate) fn account(number: usize) -> String {
    format!("acct-{number}")
}

pub(crate) fn msisdn(number: usize) -> String {
    format!("+9990{number:07}")
}

pub(crate) fn line(number: usize) -> pb::LineRef {
    pb::LineRef { r#ref: Some(pb::line_ref::Ref::Msisdn(msisdn(number))), ..pb::LineRef::default() }
}

pub(crate) fn port() -> pb::Change {
    let port = pb::PortOut {
        gaining_spid: "6529".to_owned(),
        gaining_name: String::new(),
        pon: "PON-1".to_owned(),
        dealer_id: String::new(),
    };
    pb::Change { change: Some(pb::change::Change::PortOut(port)) }
}

pub(crate) fn place(channel: pb::Channel) -> Option<pb::Interaction> {
    Some(pb::Interaction {
        channel: channel.into(),
        interaction_id: String::new(),
        store_id: String::new(),
        device_id: String::new(),
        rep_id: String::new(),
        client_address: String::new(),
    })
}
