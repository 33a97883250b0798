//! Callers that mean harm, beside one that does not: the honest one is answered, and memory stays bounded.
//!
//! Attackers share the machine with whom they attack, so they take breath: what is to be seen is what they cost the service.
//! Times are told, not judged: `cargo test --release --test crash hostile -- --nocapture` on a quiet machine shows them.

use std::future::Future;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use portcullis::grpc::client::Client;
use portcullis::grpc::pb::v1 as pb;

use crate::http2::{
    CONTINUATION, Caller, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, RST_STREAM, SETTINGS, call, frame,
};
use crate::service::{Home, Service};

const DECIDE: &str = "/portcullis.v1.DecisionService/Decide";

/// Honest questions before an attack, and beside it at least.
const QUESTIONS: usize = 300;

/// The longest that an attack may take.
const ATTACK_TIME_MAX: Duration = Duration::from_secs(60);

/// One breath of an attacker: so often it does its worst.
fn breaths(milliseconds: u64) -> tokio::time::Interval {
    tokio::time::interval(Duration::from_millis(milliseconds))
}

struct Scene {
    home: Home,
    service: Service,
    honest: Client,
    alone_us: u128,
}

impl Scene {
    async fn set(more: &[&str]) -> Self {
        let home = Home::new();
        let service = home.serve(more);
        let provisioning = home.client(&service, &home.token("provisioning", &[])).await;
        home.create(&provisioning, 0).await;
        let honest = home.client(&service, &home.carrier()).await;
        let mut scene = Self { home, service, honest, alone_us: 0 };
        scene.alone_us = scene.ask(|asked| asked < QUESTIONS).await;
        scene
    }

    /// Someone who calls from another address of this machine than honest callers, who call from 127.0.0.1.
    fn stranger(&self, last: u8) -> Caller {
        Caller::new(&self.home, &self.service, Ipv4Addr::new(127, 0, 0, last))
    }

    /// Asks one question after the other while `go_on` says so. Every one is answered. Tells the time of the slowest of
    /// a hundred.
    async fn ask(&self, mut go_on: impl FnMut(usize) -> bool) -> u128 {
        let mut took = Vec::new();
        while go_on(took.len()) {
            let question = pb::DecideRequest { evidence: Vec::new(), ..self.home.approved_port(0) };
            let began = Instant::now();
            let answer = self.honest.decisions().decide(question).await.unwrap().into_inner();
            took.push(began.elapsed().as_micros());
            assert_ne!(answer.decision.unwrap().outcome(), pb::Outcome::Approve);
        }
        took.sort_unstable();
        took[took.len() * 99 / 100]
    }

    /// Lets `attack` run beside honest questions. Tells both times, and by how much memory grew at its most, in MiB.
    async fn beside(&self, name: &str, attack: impl Future<Output = ()>) -> u64 {
        let before = self.memory("VmRSS");
        // Forgets the most so far. Where nobody may look into the service (it forbids it, and only an administrator may all
        // the same), the most ever counts, which is no less.
        let _ = std::fs::write(format!("/proc/{}/clear_refs", self.service.id()), "5");
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        let attack = async move {
            let in_time = tokio::time::timeout(ATTACK_TIME_MAX, attack).await;
            // First, so that the honest caller does not ask for ever.
            ended.store(true, Ordering::Relaxed);
            in_time.unwrap();
        };
        let ((), beside_us) =
            tokio::join!(attack, self.ask(|asked| asked < QUESTIONS || !over.load(Ordering::Relaxed)));
        let grown = self.memory("VmHWM").saturating_sub(before) / 1024;
        println!("{name}: p99 {} us alone, {beside_us} us beside it; {grown} MiB more at its most", self.alone_us);
        grown
    }

    /// In KiB.
    fn memory(&self, what: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.service.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(what)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

/// Whether the other end says that it is enough, before it says anything else.
async fn is_sent_away(raw: &mut crate::http2::Raw) -> bool {
    const ENHANCE_YOUR_CALM: u8 = 11;
    match raw.until(GOAWAY).await {
        Ok(frame) => frame.payload[7] == ENHANCE_YOUR_CALM,
        // Cut off in the middle of writing.
        Err(_) => true,
    }
}

/// threats.md E27.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_rapid_resets() {
    const RESETS: u32 = 100_000;
    const A_WRITE: u32 = 200;
    let scene = Scene::set(&[]).await;
    let stranger = scene.stranger(2);
    let mut sent_away = 0;
    let attack = async {
        let (mut sent, mut breaths) = (0, breaths(10));
        while sent < RESETS {
            let mut raw = stranger.connect().await.unwrap();
            let mut stream = 1;
            loop {
                breaths.tick().await;
                let mut batch = Vec::new();
                for _ in 0..A_WRITE {
                    batch.extend(frame(HEADERS, END_HEADERS, stream, &call(DECIDE, &[])));
                    batch.extend(frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
                    stream += 2;
                }
                sent += A_WRITE;
                if raw.send(&batch).await.is_err() || sent >= RESETS || stream > 20_000 {
                    break;
                }
            }
            sent_away += usize::from(is_sent_away(&mut raw).await);
        }
    };
    let grown = scene.beside("rapid resets", attack).await;
    assert!(sent_away > 0, "nobody was sent away");
    assert!(grown < 64, "{grown} MiB");
}

/// threats.md E28, and pings that nobody reads the answers of.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods_of_frames() {
    const FRAMES: usize = 100_000;
    const BYTES_HEARD_MAX: usize = 4_194_304;
    let scene = Scene::set(&[]).await;
    let stranger = scene.stranger(2);
    let open = frame(HEADERS, 0, 1, &call(DECIDE, &[]));
    let header = [&[0, 1, b'x', 100], [b'y'; 100].as_slice()].concat();
    let more_headers = frame(CONTINUATION, 0, 1, &header);
    let called = frame(HEADERS, END_HEADERS, 1, &call(DECIDE, &[]));
    let floods = [
        ("continuations", open, more_headers),
        ("empty data", called, frame(DATA, 0, 1, &[])),
        ("pings", Vec::new(), frame(PING, 0, 0, &[0; 8])),
    ];
    for (name, first, again) in floods {
        let batch = again.repeat(100);
        let attack = async {
            let mut raw = stranger.connect().await.unwrap();
            let mut heard = 0;
            let flood = async {
                raw.send(&first).await?;
                for _ in 0..FRAMES / 100 {
                    raw.send(&batch).await?;
                    heard += batch.len();
                }
                Ok::<_, std::io::Error>(())
            };
            // A flood that is not read any more ends here; one that is read to its end was bounded in memory.
            let _ = tokio::time::timeout(Duration::from_secs(5), flood).await;
            if name == "continuations" {
                assert!(heard < BYTES_HEARD_MAX, "{heard} bytes of headers were heard");
            }
        };
        let grown = scene.beside(name, attack).await;
        assert!(grown < 64, "{name}: {grown} MiB");
    }
}

/// threats.md E31.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mebibyte_of_headers_is_refused() {
    const PART: usize = 16_384;
    let scene = Scene::set(&[]).await;
    let stranger = scene.stranger(2);
    let long = "x".repeat(1_048_576);
    let attack = async {
        let mut breaths = breaths(250);
        for _ in 0..20 {
            breaths.tick().await;
            let mut raw = stranger.connect().await.unwrap();
            let block = call(DECIDE, &[("x-long", &long)]);
            let parts = block.len().div_ceil(PART);
            let mut bytes = Vec::new();
            for (number, part) in block.chunks(PART).enumerate() {
                let kind = if number == 0 { HEADERS } else { CONTINUATION };
                let flags =
                    if number + 1 == parts { END_HEADERS } else { 0 } | if number == 0 { END_STREAM } else { 0 };
                bytes.extend(frame(kind, flags, 1, part));
            }
            // It may be cut off while it writes.
            let _ = raw.send(&bytes).await;
            // No answer of the service: an end of the stream or of the connection.
            loop {
                let Ok(heard) = raw.next().await else { break };
                if heard.kind == HEADERS {
                    // A service answers with `:status: 200`, the eighth of the static table, and tells why in
                    // `grpc-status`. HTTP/2 itself refuses with 431.
                    assert_ne!(heard.payload[0], 0x88, "it was answered");
                }
                if matches!(heard.kind, HEADERS | RST_STREAM | GOAWAY) {
                    break;
                }
            }
        }
    };
    let grown = scene.beside("a mebibyte of headers", attack).await;
    assert!(grown < 64, "{grown} MiB");
}

/// threats.md E33.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_thousand_idle_connections_and_streams_that_never_end() {
    const EACH: usize = 1_000;
    let scene = Scene::set(&["limits.request_timeout_seconds=2"]).await;
    let strangers: Vec<Caller> = (2..7).map(|last| scene.stranger(last)).collect();
    let mut idle = Vec::new();
    let attack = async {
        let mut breaths = breaths(10);
        for stranger in &strangers {
            for number in 0..EACH {
                if number % 10 == 0 {
                    breaths.tick().await;
                }
                idle.push(stranger.connect().await.unwrap());
            }
        }
    };
    // They come as fast as this machine shakes hands, at both ends; then they stay.
    let grown = scene.beside("5,000 connections that come", attack).await;
    assert!(grown < 512, "{grown} MiB");
    let grown = scene.beside("5,000 idle connections", std::future::ready(())).await;
    assert!(grown < 512, "{grown} MiB");
    // One address has no more than its share.
    let before = idle.len();
    while idle.len() < before + 100
        && let Ok(one_more) = strangers[0].connect().await
    {
        idle.push(one_more);
    }
    assert_eq!(idle.len() - before, 24, "1,024 are its share");

    let slow = async {
        let mut raw = scene.stranger(7).connect().await.unwrap();
        for number in 0..200_u32 {
            raw.send(&frame(HEADERS, END_HEADERS, 1 + 2 * number, &call(DECIDE, &[]))).await.unwrap();
        }
        // None of them says more; each is ended for it.
        let mut ended = std::collections::HashSet::new();
        while ended.len() < 200 {
            let heard = raw.next().await.unwrap();
            if heard.kind == HEADERS || heard.kind == RST_STREAM {
                ended.insert(heard.stream);
            }
        }
    };
    let grown = scene.beside("200 streams that never end", slow).await;
    assert!(grown < 64, "{grown} MiB");
}

/// threats.md E32: ten kibibytes that would be ten mebibytes, many at a time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_compression_bomb_is_not_unpacked() {
    const MAKE: &str = "import gzip, sys; sys.stdout.buffer.write(gzip.compress(bytes(10485760), 9))";
    let made = std::process::Command::new("python3").args(["-c", MAKE]).output().unwrap();
    let bomb = made.stdout;
    assert!(made.status.success() && bomb.len() < 16_384, "{} bytes", bomb.len());
    // A message that says it is compressed (gRPC over HTTP/2, Length-Prefixed-Message).
    let message = [&[1][..], &u32::try_from(bomb.len()).unwrap().to_be_bytes(), &bomb].concat();
    let scene = Scene::set(&[]).await;
    let stranger = scene.stranger(2);
    let bearer = format!("Bearer {}", scene.home.carrier());
    let headers = call(DECIDE, &[("grpc-encoding", "gzip"), ("authorization", &bearer)]);
    let attack = async {
        for _ in 0..100 {
            let mut raw = stranger.connect().await.unwrap();
            for stream in [1, 3, 5] {
                let called = [frame(HEADERS, END_HEADERS, stream, &headers), frame(DATA, END_STREAM, stream, &message)];
                raw.send(&called.concat()).await.unwrap();
                // Refused without a word of an answer: the headers are the end of it.
                let heard = raw.until(HEADERS).await.unwrap();
                assert_eq!((heard.stream, heard.flags & END_STREAM), (stream, END_STREAM));
            }
        }
    };
    let grown = scene.beside("compression bombs", attack).await;
    assert!(grown < 64, "{grown} MiB");
}

/// threats.md E29, from the outside.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_aborted_handshakes() {
    let scene = Scene::set(&[]).await;
    let stranger = scene.stranger(2);
    let attack = async {
        let mut breaths = breaths(10);
        for _ in 0..1_000 {
            breaths.tick().await;
            for _ in 0..10 {
                stranger.abort().await.unwrap();
            }
        }
    };
    let grown = scene.beside("10,000 aborted handshakes", attack).await;
    assert!(grown < 64, "{grown} MiB");
}

#[tokio::test]
async fn a_connection_has_no_more_streams_than_it_may() {
    const REFUSED_STREAM: u32 = 7;
    const MAX_CONCURRENT_STREAMS: u16 = 3;
    let home = Home::new();
    let service = home.serve(&["limits.max_concurrent_streams=10"]);
    let mut raw = Caller::new(&home, &service, Ipv4Addr::LOCALHOST).connect().await.unwrap();
    let told = raw.until(SETTINGS).await.unwrap().payload;
    let told = told.chunks(6).find(|one| u16::from_be_bytes([one[0], one[1]]) == MAX_CONCURRENT_STREAMS).unwrap();
    assert_eq!(u32::from_be_bytes(told[2..6].try_into().unwrap()), 10);
    for number in 0..11_u32 {
        raw.send(&frame(HEADERS, END_HEADERS, 1 + 2 * number, &call(DECIDE, &[]))).await.unwrap();
    }
    let refused = raw.until(RST_STREAM).await.unwrap();
    let code = u32::from_be_bytes(refused.payload[..4].try_into().unwrap());
    assert_eq!((refused.stream, code), (21, REFUSED_STREAM));
}

#[tokio::test]
async fn a_message_is_refused_by_its_length_before_it_is_there() {
    let home = Home::new();
    let service = home.serve(&["limits.max_message_bytes=4096"]);
    let bearer = format!("Bearer {}", home.carrier());
    let mut raw = Caller::new(&home, &service, Ipv4Addr::LOCALHOST).connect().await.unwrap();
    // Of so many bytes it claims to have, none follows.
    for (stream, bytes) in [(1, 4_097_u32), (3, u32::MAX)] {
        let begun = [&[0][..], &bytes.to_be_bytes()].concat();
        let headers = call(DECIDE, &[("authorization", &bearer)]);
        let called = [frame(HEADERS, END_HEADERS, stream, &headers), frame(DATA, 0, stream, &begun)];
        raw.send(&called.concat()).await.unwrap();
        let refused = raw.until(HEADERS).await.unwrap();
        assert_eq!((refused.stream, refused.flags & END_STREAM), (stream, END_STREAM));
    }
}

#[tokio::test]
async fn a_connection_that_does_not_live_any_more_is_ended() {
    let home = Home::new();
    let service = home.serve(&["limits.keepalive_interval_seconds=1", "limits.keepalive_timeout_seconds=1"]);
    let mut raw = Caller::new(&home, &service, Ipv4Addr::LOCALHOST).connect().await.unwrap();
    // It is asked, does not answer, and is cut off.
    raw.until(PING).await.unwrap();
    while raw.next().await.is_ok() {}
}

#[tokio::test]
async fn a_connection_of_age_is_asked_to_go() {
    let home = Home::new();
    let service = home.serve(&["limits.max_connection_age_seconds=1"]);
    let mut raw = Caller::new(&home, &service, Ipv4Addr::LOCALHOST).connect().await.unwrap();
    let told = raw.until(GOAWAY).await.unwrap();
    assert_eq!(told.payload[4..8], [0; 4], "without a fault");
}

/// A crowd that has not said who it is, and says no more, keeps nobody from being answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_that_say_nothing_hold_no_place() {
    let scene = Scene::set(&["limits.max_calls_in_flight=16", "pin_pool.threads=1", "pin_pool.queue=7"]).await;
    let mut crowd = Vec::new();
    for _ in 0..4 {
        let mut raw = scene.stranger(2).connect().await.unwrap();
        for number in 0..100_u32 {
            raw.send(&frame(HEADERS, END_HEADERS, 1 + 2 * number, &call(DECIDE, &[]))).await.unwrap();
        }
        crowd.push(raw);
    }
    scene.ask(|asked| asked < QUESTIONS).await;
}
