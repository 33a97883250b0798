//! E12: every request of the contract, good and bad, as everybody; what is marked `debug_redact` in it stands in no log line,
//! no counter and no refusal. Complete by construction: the contract's descriptors say what is marked.

use std::collections::{BTreeSet, HashMap};
use std::io::Write as _;
use std::process::Command;
use std::sync::Arc;

use portcullis::audit::Decided;
use portcullis::config::{Log, LogFormat, LogLevel};
use portcullis::domain::Action;
use portcullis::grpc::pb::v1 as pb;
use portcullis::service::Tally;
use portcullis::telemetry;
use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MessageDescriptor, ReflectMessage as _, Value};
use tonic::Status;

use crate::alone::is_alone;
use crate::rights::{self, ROLES};
use crate::secrets::{Written, without_clock_readings};
use crate::walk::{Mutation, Visited, mutations};
use crate::world::{NEW_SIM, NUMBER, PIN, World, ask, sim_change};

/// Shorter texts stand in a log by chance.
const CHARACTERS_MIN: usize = 4;

/// The mark of a secret or of personal data, beside its field.
const REDACT: &str = "debug_redact";

/// What a request holds under a mark, by the field: `Message.field`.
type Marked = HashMap<String, BTreeSet<String>>;

fn marked(message: &DynamicMessage, into: &mut Marked) {
    for (field, value) in message.fields() {
        let is_marked = field.options().get_field_by_name(REDACT).is_some_and(|mark| mark.as_bool() == Some(true));
        let values = match value {
            Value::List(list) => list.iter().collect(),
            one => vec![one],
        };
        for value in values {
            match value {
                Value::Message(inner) => marked(inner, into),
                Value::String(text) if is_marked => {
                    into.entry(name_of(message.descriptor(), field.name())).or_default().insert(text.clone());
                }
                // As its bytes would be printed.
                Value::Bytes(bytes) if is_marked => {
                    let texts = [format!("{bytes:?}"), format!("{:?}", bytes.to_vec())];
                    into.entry(name_of(message.descriptor(), field.name())).or_default().extend(texts);
                }
                _ => {}
            }
        }
    }
}

fn name_of(message: MessageDescriptor, field: &str) -> String {
    format!("{}.{field}", message.name())
}

/// The marked fields that requests can hold.
fn marked_fields(pool: &DescriptorPool) -> BTreeSet<String> {
    let services = pool.services().filter(|service| service.package_name() == "portcullis.v1");
    let mut waiting: Vec<MessageDescriptor> =
        services.flat_map(|service| service.methods().map(|method| method.input()).collect::<Vec<_>>()).collect();
    let (mut seen, mut fields) = (BTreeSet::new(), BTreeSet::new());
    while let Some(message) = waiting.pop() {
        if message.package_name() != "portcullis.v1" || !seen.insert(message.full_name().to_owned()) {
            continue;
        }
        for field in message.fields() {
            if field.options().get_field_by_name(REDACT).is_some_and(|mark| mark.as_bool() == Some(true)) {
                fields.insert(name_of(message.clone(), field.name()));
            }
            if let Kind::Message(inner) = field.kind() {
                waiting.push(inner);
            }
        }
    }
    fields
}

/// Everything that a refusal tells.
fn told(status: &Status) -> String {
    let details = String::from_utf8_lossy(status.details()).into_owned();
    format!("{}\n{details}\n{:?}", status.message(), status.metadata())
}

/// A request on its way.
struct Sent<'a> {
    message: DynamicMessage,
    bytes: &'a [u8],
    /// What was put into it where it does not belong.
    put_in: Option<&'a str>,
    /// What was done to it, for failures.
    what: String,
}

/// Sends a request, and looks at how it is refused.
async fn send(world: &World, path: &str, sent: &Sent<'_>, role: &str, all: &mut Marked) {
    let Sent { message, bytes, put_in, what } = sent;
    let mut own = Marked::new();
    marked(message, &mut own);
    // Also what was put into a field without a mark: a refusal repeats no value at all.
    own.entry("what was put in".to_owned()).or_default().extend(put_in.iter().map(|text| (*text).to_owned()));
    if let Err(status) = rights::call(world, path, bytes, &rights::claims(world, role, "acct-1")).await {
        let told = told(&status);
        for (field, values) in &own {
            for value in values.iter().filter(|value| value.len() >= CHARACTERS_MIN) {
                assert!(!told.contains(value.as_str()), "{path} as {role} with {what} tells {field} `{value}`: {told}");
            }
        }
    }
    own.remove("what was put in");
    for (field, values) in own {
        all.entry(field).or_default().extend(values);
    }
}

/// Sends every good request as everybody, and every bad one that can be made of them; what was marked in them comes back.
async fn send_everything(world: &World, pool: &DescriptorPool) -> Marked {
    let methods: HashMap<String, MessageDescriptor> = pool
        .services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .map(|method| (format!("{}/{}", method.parent_service().name(), method.name()), method.input()))
        .collect();
    let (mut all, mut visited, mut bad_ones) = (Marked::new(), Visited::default(), 0);
    for call in rights::expected() {
        for bytes in &call.requests {
            let read = |bytes: &[u8]| DynamicMessage::decode(methods[call.path].clone(), bytes).unwrap();
            let good = Sent { message: read(bytes), bytes, put_in: None, what: "nothing wrong".to_owned() };
            for role in ROLES {
                send(world, call.path, &good, role, &mut all).await;
            }
            for Mutation { what, bytes, expected, shown } in mutations(&good.message, &mut visited) {
                let what = format!("{what}, which is wrong in {expected},");
                let bad = Sent { message: read(&bytes), bytes: &bytes, put_in: shown.as_deref(), what };
                send(world, call.path, &bad, "customer", &mut all).await;
                bad_ones += 1;
            }
        }
    }
    assert!(bad_ones > 500, "only {bad_ones} bad requests were sent");
    all
}

/// Lines without what the clock says, whose digits may be anything.
fn without_clock(format: LogFormat, log: &[u8]) -> String {
    if format == LogFormat::Json {
        return without_clock_readings(log);
    }
    let text = String::from_utf8(log.to_vec()).unwrap();
    let lines = text.lines().map(|line| {
        let words = line.split_whitespace().skip(1).filter(|word| !word.starts_with("took_us="));
        words.collect::<Vec<_>>().join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

async fn run(format: LogFormat) {
    let written = Written::log_of_the_process(Log { format, level: LogLevel::Debug });
    let pool = DescriptorPool::decode(pb::DESCRIPTOR_SET).unwrap();
    let world = rights::world().await;
    let sent = send_everything(&world, &pool).await;
    let seen: BTreeSet<String> = sent.keys().cloned().collect();
    let expected = marked_fields(&pool);
    assert!(expected.len() >= 25 && expected.is_subset(&seen), "not sent: {:?}", expected.difference(&seen));

    let log = without_clock(format, &written.0.lock().unwrap());
    // What was measured is any number; what is told of somebody would stand in a name.
    let counters = world.metrics.encode().unwrap();
    let counters: Vec<&str> =
        counters.lines().map(|line| line.rsplit_once(' ').map_or(line, |(name, _)| name)).collect();
    let counters = counters.join("\n");
    assert!(log.lines().count() > 1_000, "nothing was logged: {log}");
    for (field, values) in &sent {
        for value in values.iter().filter(|value| value.len() >= CHARACTERS_MIN) {
            let line = log.lines().find(|line| line.contains(value.as_str()));
            assert_eq!(line, None, "{field} `{value}` is in the log");
            assert!(!counters.contains(value.as_str()), "{field} `{value}` is in the counters");
        }
    }
}

#[tokio::test]
async fn no_request_leaves_what_is_marked_in_a_log_of_json() {
    if is_alone("canaries::no_request_leaves_what_is_marked_in_a_log_of_json") {
        run(LogFormat::Json).await;
    }
}

#[tokio::test]
async fn no_request_leaves_what_is_marked_in_a_log_of_text() {
    if is_alone("canaries::no_request_leaves_what_is_marked_in_a_log_of_text") {
        run(LogFormat::Text).await;
    }
}

const CHILD: &str = "PANIC_IN_A_CALL";

/// Breaks where it is told something, with what a careless line of code would say.
struct Broken {
    at: String,
}

impl Tally for Broken {
    fn decided(&self, _: Action, _: &Decided) {
        assert_ne!(self.at, "decision", "decided about {NUMBER} with {PIN}");
    }

    fn pin_verified(&self, _: f64) {
        assert_ne!(self.at, "PIN", "looked at {PIN} of {NUMBER}");
    }

    fn pin_shed(&self) {}
    fn due_applied(&self, _: usize) {}
    fn shadow_failed(&self) {}
    fn notice_taken(&self, _: f64) {}
    fn notice_untaken(&self, _: bool) {}
    fn notice_to_nobody(&self) {}
    fn notices_behind(&self, _: Option<f64>) {}
}

/// Asks a service that breaks in the middle of the call, under the log of a real one.
async fn ask_one_that_breaks(at: String) {
    telemetry::install(Log { format: LogFormat::Json, level: LogLevel::Debug }).unwrap();
    let world = World::told(Arc::new(Broken { at })).await;
    let evidence = vec![pb::Evidence { evidence: Some(pb::evidence::Evidence::AccountPin(PIN.to_owned())) }];
    let question = pb::DecideRequest { evidence, ..ask(&world, sim_change(NEW_SIM), pb::Channel::Ivr) };
    match world.decisions().decide(world.as_role("ivr", question)).await {
        // The PIN's thread is alone with its fault: what was not looked at is no proof.
        Ok(answer) => assert_ne!(answer.into_inner().decision.unwrap().outcome(), pb::Outcome::Approve),
        Err(status) => std::io::stderr().write_all(told(&status).as_bytes()).unwrap(),
    }
}

/// INVARIANT (secrets-stay-in): a fault inside a call is told by its place, to operators and to callers.
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a test tells its child what to be by the environment")]
async fn a_panic_inside_a_call_tells_nothing_of_the_call() {
    if let Some(at) = std::env::var_os(CHILD) {
        return ask_one_that_breaks(at.into_string().unwrap()).await;
    }
    for at in ["decision", "PIN"] {
        let this_test = std::env::current_exe().unwrap();
        let child = Command::new(this_test)
            .args(["--exact", "canaries::a_panic_inside_a_call_tells_nothing_of_the_call", "--nocapture"])
            .env(CHILD, at)
            .output()
            .unwrap();
        let written = String::from_utf8([child.stdout, child.stderr].concat()).unwrap();
        assert!(child.status.success(), "{at}: {written}");
        let panics = written.lines().filter(|line| line.contains("\"message\":\"panicked\"")).count();
        assert!(panics > 0, "nothing broke at the {at}: {written}");
        let found = [PIN, NUMBER, NUMBER.trim_start_matches('+')].into_iter().find(|canary| written.contains(canary));
        assert_eq!(found, None, "{at}: {written}");
    }
}
