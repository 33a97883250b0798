//! The process: what it may take, where it listens, and whether it is ready.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use rustix::process::{Resource, getrlimit};

use crate::cli::finding::Finding;
use crate::config::Config;

/// How long a running service may take to say whether it is ready.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// The longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 4_096;

/// Descriptors that the process needs besides its connections: the store's files, logs, listeners.
const OWN_DESCRIPTORS: u64 = 128;

/// Looks at it. `holder` is who owns the store, as it wrote itself down.
pub(super) fn look(config: &Config, holder: Option<&str>) -> Vec<Finding> {
    let mut findings = match holder {
        Some(_) => vec![ready(config.server.ops_listen)],
        None => {
            vec![address("server.listen", config.server.listen), address("server.ops_listen", config.server.ops_listen)]
        }
    };
    let limits = Limits::of(holder.and_then(|holder| holder.strip_prefix("process ")));
    findings.push(descriptors(config, &limits));
    findings.push(dumps(&limits));
    findings
}

/// Whether the running service can decide.
fn ready(address: SocketAddr) -> Finding {
    const CHECK: &str = "service.ready";
    if address.port() == 0 {
        return Finding::warn(
            CHECK,
            "it listens on a free port, which is not known here",
            "a port in `server.ops_listen`",
        );
    }
    match ask(address) {
        Ok(answer) if answer.starts_with("HTTP/1.1 200") => Finding::ok(CHECK, "it decides"),
        Ok(answer) => {
            let told = answer.lines().last().unwrap_or_default().to_owned();
            Finding::fail(CHECK, told, "look at the service's log")
        }
        Err(error) => {
            let advice = "look at `server.ops_listen` and at the service's log";
            Finding::fail(CHECK, format!("{address} does not answer: {error}"), advice)
        }
    }
}

fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_WITHIN)?;
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    stream.set_write_timeout(Some(ANSWER_WITHIN))?;
    write!(stream, "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
    Ok(answer)
}

/// Whether a service that starts could listen there.
fn address(check: &'static str, address: SocketAddr) -> Finding {
    match TcpListener::bind(address) {
        Ok(_) => Finding::ok(check, format!("{address} is free")),
        Err(error) => {
            let advice = format!("another address in `{check}`, or stop what listens there");
            Finding::fail(check, format!("{address} cannot be listened on: {error}"), advice)
        }
    }
}

/// What the system allows a process; `None` is without end, or not known.
struct Limits {
    whose: &'static str,
    descriptors: Option<u64>,
    dump_bytes: Option<u64>,
}

impl Limits {
    /// Of the running service if it is known, else of a process started as this one was.
    fn of(process: Option<&str>) -> Self {
        let told = process.and_then(|id| std::fs::read_to_string(format!("/proc/{id}/limits")).ok());
        match told {
            Some(told) => Self {
                whose: "the service",
                descriptors: soft(&told, "Max open files"),
                dump_bytes: soft(&told, "Max core file size"),
            },
            None => Self {
                whose: "a process started as this one",
                descriptors: getrlimit(Resource::Nofile).current,
                dump_bytes: getrlimit(Resource::Core).current,
            },
        }
    }
}

fn soft(told: &str, name: &str) -> Option<u64> {
    told.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

fn descriptors(config: &Config, limits: &Limits) -> Finding {
    const CHECK: &str = "limits.descriptors";
    let needed = config.limits.max_connections.get().saturating_add(OWN_DESCRIPTORS);
    match limits.descriptors {
        Some(allowed) if allowed < needed => Finding::warn(
            CHECK,
            format!("{} may open {allowed} files, and `limits.max_connections` needs {needed}", limits.whose),
            format!("LimitNOFILE={needed} in its unit, or `ulimit -n {needed}`"),
        ),
        Some(allowed) => Finding::ok(CHECK, format!("{} may open {allowed} files", limits.whose)),
        None => Finding::ok(CHECK, format!("{} may open any number of files", limits.whose)),
    }
}

fn dumps(limits: &Limits) -> Finding {
    const CHECK: &str = "limits.core_dumps";
    match limits.dump_bytes {
        Some(0) => Finding::ok(CHECK, "none is written"),
        _ => Finding::warn(
            CHECK,
            format!("{} may leave a core dump, which holds keys", limits.whose),
            "LimitCORE=0 in its unit, or `ulimit -c 0`",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{Limits, dumps, soft};
    use crate::cli::finding::{Report, State};

    #[test]
    fn a_process_that_may_leave_a_dump_is_told() {
        let state =
            |dump_bytes| Report(vec![dumps(&Limits { whose: "the service", descriptors: None, dump_bytes })]).state();
        assert_eq!((state(Some(0)), state(Some(1)), state(None)), (State::Ok, State::Warn, State::Warn));
    }

    #[test]
    fn limits_are_read_as_the_system_tells_them() {
        let told = "Limit                     Soft Limit           Hard Limit           Units     \n\
                    Max core file size        unlimited            unlimited            bytes     \n\
                    Max open files            1024                 524288               files     \n";
        assert_eq!(soft(told, "Max open files"), Some(1_024));
        assert_eq!(soft(told, "Max core file size"), None);
        assert_eq!(soft(told, "Max locked memory"), None);
    }
}
