//! The service's own counters, as operators read them.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::cli::failure::Failure;

/// The longest page that is read, in bytes.
const PAGE_BYTES_MAX: u64 = 4 * 1_048_576;

/// What counts decisions, by action and outcome.
const DECISIONS: &str = "portcullis_decisions_total{";

/// How many decisions of which action came to which outcome.
pub(super) type Decisions = BTreeMap<(String, String), u64>;

/// The decisions counted since the service started, from its page for operators.
pub(super) async fn read(ops: SocketAddr) -> Result<Decisions, Failure> {
    let page = fetch(ops).await;
    let page = page.map_err(|error| Failure::failed(format!("cannot read the counters at {ops}: {error}")))?;
    Ok(parse(&page))
}

async fn fetch(ops: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(ops).await?;
    let request = format!("GET /metrics HTTP/1.1\r\nHost: {ops}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut page = String::new();
    stream.take(PAGE_BYTES_MAX).read_to_string(&mut page).await?;
    Ok(page)
}

fn parse(page: &str) -> Decisions {
    page.lines().filter_map(|line| decision(line.strip_prefix(DECISIONS)?)).collect()
}

/// `outcome="DENY",action="PORT_OUT"} 2`, the labels in any order.
fn decision(line: &str) -> Option<((String, String), u64)> {
    let (labels, count) = line.split_once("} ")?;
    let label = |name: &str| {
        let mut values = labels.split(',').filter_map(|label| label.strip_prefix(name)?.strip_prefix("=\""));
        values.next()?.strip_suffix('"').map(str::to_owned)
    };
    Some(((label("action")?, label("outcome")?), count.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::telemetry::Metrics;

    #[test]
    fn what_the_service_counts_is_read() {
        let metrics = Metrics::new();
        metrics.decided("DENY", "PORT_OUT", ["LOCK_ON"]);
        metrics.decided("DENY", "PORT_OUT", []);
        metrics.decided("APPROVE", "SIM_CHANGE", []);
        let read = parse(&format!("HTTP/1.1 200 OK\r\n\r\n{}", metrics.encode().unwrap()));
        let told: Vec<_> =
            read.iter().map(|((action, outcome), count)| (action.as_str(), outcome.as_str(), *count)).collect();
        assert_eq!(told, [("PORT_OUT", "DENY", 2), ("SIM_CHANGE", "APPROVE", 1)]);
    }
}
