//! `portcullis audit list`.

use clap::Args;
use serde_json::json;

use super::filter::FilterArgs;
use crate::cli::answers::{Record, records_table};
use crate::cli::connection::ConnectionArgs;
use crate::cli::failure::{Exit, Failure};
use crate::cli::flags::{OptionalScopeArgs, Scope};
use crate::cli::output::{Answer as _, Output, print_lines};
use crate::grpc::pb::v1 as pb;

/// Records asked for at a time.
const PAGE_SIZE: usize = 50;

/// `portcullis audit list`.
#[derive(Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    scope: OptionalScopeArgs,
    /// One record alone, by its id: a decision by the decision's
    #[arg(long, value_name = "ID", conflicts_with_all = ["line", "account"])]
    record: Option<String>,
    #[command(flatten)]
    filter: FilterArgs,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Where an earlier list ended, with the same filter
    #[arg(long, value_name = "TOKEN")]
    page_token: Option<String>,
}

/// Runs it.
pub(super) async fn run(args: ListArgs, connection: &ConnectionArgs, output: Output) -> Result<Exit, Failure> {
    let ListArgs { scope, record, filter, limit, page_token } = args;
    let scope = scope.scope().map(|scope| match scope {
        Scope::Line(line) => pb::list_records_request::Scope::Line(line),
        Scope::Account(id) => pb::list_records_request::Scope::AccountId(id),
    });
    let scope = scope.or_else(|| record.map(pb::list_records_request::Scope::RecordId));
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut request = pb::ListRecordsRequest {
        scope,
        filter: Some(filter.filter()),
        page_size: 0,
        page_token: page_token.unwrap_or_default(),
    };
    let mut audit = connection.connect().await?.audit();
    let mut records = Vec::new();
    let older_archived = loop {
        let room = limit.saturating_sub(records.len()).min(PAGE_SIZE);
        request.page_size = i32::try_from(room).unwrap_or(i32::MAX);
        let page = audit.list_records(request.clone()).await?.into_inner();
        records.extend(page.records);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() || records.len() >= limit {
            break page.older_archived;
        }
    };
    let more = (!request.page_token.is_empty()).then_some(request.page_token);
    if output.is_json() {
        let lines = records.into_iter().map(|record| Record(record).json().to_string());
        let end = more.map(|token| json!({ "next_page_token": token }).to_string());
        let archived = older_archived.then(|| json!({ "older_archived": true }).to_string());
        print_lines(lines.chain(end).chain(archived))?;
    } else {
        print_lines(std::iter::once(records_table(&records)).filter(|table| !table.is_empty()))?;
        if let Some(token) = more {
            output.note(&format!("There are more: --page-token {token}"));
        }
        if older_archived {
            output.note("Older records of the account are in the archive.");
        }
    }
    Ok(Exit::Done)
}
