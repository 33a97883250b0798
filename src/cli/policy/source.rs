//! Where records come from: a running service, page by page, or a file of them.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use chrono::{DateTime, Utc};
use indicatif::ProgressBar;

use super::recorded::{Read, of_json, of_record};
use crate::cli::connection::ConnectionArgs;
use crate::cli::failure::Failure;
use crate::cli::flags::timestamp;
use crate::cli::jsonl::{Line, Lines, bar};
use crate::cli::output::Output;
use crate::domain::RecordId;
use crate::grpc::client::{Code, Status};
use crate::grpc::pb::v1 as pb;

/// Records asked for at a time: the most that a service gives.
const PAGE_SIZE: i32 = 200;

/// When decisions were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// At this instant or later.
    pub(super) from: Option<DateTime<Utc>>,
    /// Before this instant.
    pub(super) to: Option<DateTime<Utc>>,
}

impl Span {
    /// Whether it was then.
    pub(super) fn has(&self, at: DateTime<Utc>) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }
}

/// Reads what a service has of decisions in a span of time, and of what became of any since it began.
pub(super) async fn of_service(
    connection: &ConnectionArgs,
    span: Span,
    output: Output,
    mut take: impl FnMut(Read),
) -> Result<(), Failure> {
    let client = connection.connect().await?;
    let wheel = wheel(None, output);
    let kind = |kind: pb::RecordKind| i32::from(kind);
    let decided = [pb::RecordKind::Decided].map(kind).to_vec();
    let later = [pb::RecordKind::PermitRedeemed, pb::RecordKind::OutcomeReported, pb::RecordKind::EventRecorded];
    let later = later.map(kind).to_vec();
    let mut read = 0_u64;
    for (kinds, to) in [(decided, span.to), (later, None)] {
        let filter = pb::RecordFilter {
            from_time: span.from.map(timestamp),
            before_time: to.map(timestamp),
            kinds,
            ..pb::RecordFilter::default()
        };
        let mut request =
            pb::ListRecordsRequest { filter: Some(filter), page_size: PAGE_SIZE, ..pb::ListRecordsRequest::default() };
        loop {
            let page = client.audit().list_records(request.clone()).await.map_err(refused)?.into_inner();
            read = read.saturating_add(u64::try_from(page.records.len()).unwrap_or(u64::MAX));
            wheel.set_message(format!("{read} records"));
            page.records.into_iter().map(of_record).for_each(&mut take);
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
        }
    }
    wheel.finish_and_clear();
    Ok(())
}

/// Alone, a caller sees a day's pages of records.
fn refused(status: Status) -> Failure {
    let is_spent = status.code() == Code::ResourceExhausted;
    let failure = Failure::from(status);
    if is_spent { failure.advise("`audit export`, and then --records FILE with what it fetched") } else { failure }
}

/// Reads one record of a service.
pub(super) async fn one_of_service(connection: &ConnectionArgs, id: RecordId) -> Result<Read, Failure> {
    let scope = Some(pb::list_records_request::Scope::RecordId(id.to_string()));
    let request = pb::ListRecordsRequest { scope, page_size: 1, ..pb::ListRecordsRequest::default() };
    let page = connection.connect().await?.audit().list_records(request).await?.into_inner();
    Ok(page.records.into_iter().next().map_or(Read::Other, of_record))
}

/// Reads a file of records, one a line, as `audit list --json` and `audit export fetch` write them. A line that is none is
/// told of as what cannot be decided again.
pub(super) fn of_file(path: &Path, output: Output, mut take: impl FnMut(Read)) -> Result<(), Failure> {
    let unreadable = |error: io::Error| Failure::invalid(format!("cannot read `{}`: {error}", path.display()));
    let file = File::open(path).map_err(unreadable)?;
    let wheel = wheel(file.metadata().ok().map(|file| file.len()), output);
    let mut lines = Lines::new(BufReader::new(file));
    loop {
        let read = match lines.next().map_err(unreadable)? {
            None => break,
            Some(Line::TooLong) => Read::Unusable("a line of the file is too long for a record"),
            Some(Line::Whole([])) => Read::Other,
            Some(Line::Whole(line)) => serde_json::from_slice(line)
                .map_or(Read::Unusable("a line of the file is no JSON"), |record| of_json(&record)),
        };
        take(read);
        wheel.set_position(lines.bytes());
    }
    wheel.finish_and_clear();
    Ok(())
}

fn wheel(bytes: Option<u64>, output: Output) -> ProgressBar {
    if output.is_json() { ProgressBar::hidden() } else { bar(bytes) }
}
