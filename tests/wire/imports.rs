//! Imports over the wire.

use portcullis::grpc::pb::v1 as pb;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::world::World;

fn row(world: &World, number: i64) -> pb::ImportAccountsRequest {
    let mut seed = world.seed();
    seed.pin = String::new();
    seed.pin_set_time = None;
    if let Some(account) = &mut seed.account {
        account.account_id = format!("acct-{number}");
    }
    seed.lines[0].line_id = format!("line-{number}");
    seed.lines[0].msisdn = format!("+1212555{number:04}");
    pb::ImportAccountsRequest { row: number, seed: Some(seed) }
}

/// Sends all rows and returns the last report with all refusals.
async fn import(world: &World, rows: Vec<pb::ImportAccountsRequest>) -> pb::ImportAccountsResponse {
    let request = world.as_role("provisioning", tokio_stream::iter(rows));
    let mut reports = world.accounts().import_accounts(request).await.unwrap().into_inner();
    let mut errors = Vec::new();
    let mut last = pb::ImportAccountsResponse::default();
    while let Some(report) = reports.message().await.unwrap() {
        errors.extend(report.errors.clone());
        last = report;
    }
    errors.sort_by_key(|error| error.row);
    pb::ImportAccountsResponse { errors, ..last }
}

#[tokio::test]
async fn what_does_not_parse_is_named_and_the_rest_goes_in() {
    let world = World::empty().await;
    let mut rows: Vec<_> = (1..=40).map(|number| row(&world, number)).collect();
    rows[6].seed.as_mut().unwrap().lines[0].msisdn = "212 555 0007".to_owned();
    rows[9].seed = None;
    let first = import(&world, rows.clone()).await;
    assert_eq!((first.rows_done, first.created, first.unchanged, first.updated), (40, 38, 0, 0));
    assert_eq!(first.done_through_row, 40);
    let named: Vec<_> = first.errors.iter().map(|error| (error.row, error.field.as_str())).collect();
    assert_eq!(named, [(7, "lines[0].msisdn"), (10, "seed")]);
    assert!(first.errors.iter().all(|error| !error.reason.contains("0007")));
    let second = import(&world, rows).await;
    assert_eq!((second.created, second.unchanged, second.updated), (0, 38, 0), "a second run changes nothing");
}

#[tokio::test]
async fn a_refusal_comes_at_once_while_the_stream_stays_open() {
    let world = World::empty().await;
    let (rows, stream) = mpsc::channel(4);
    let request = world.as_role("provisioning", ReceiverStream::new(stream));
    let mut reports = world.accounts().import_accounts(request).await.unwrap().into_inner();
    rows.send(pb::ImportAccountsRequest { row: 1, seed: None }).await.unwrap();
    let report = reports.message().await.unwrap().unwrap();
    assert_eq!((report.errors[0].row, report.done_through_row), (1, 1));
    rows.send(row(&world, 2)).await.unwrap();
    drop(rows);
    let last = reports.message().await.unwrap().unwrap();
    assert_eq!((last.rows_done, last.created, last.errors.len()), (2, 1, 0), "an error is told once");
}

#[tokio::test]
async fn pins_come_with_their_accounts() {
    let world = World::empty().await;
    let rows = (1..=40).map(|number| {
        let mut row = row(&world, number);
        row.seed.as_mut().unwrap().pin = "482951".to_owned();
        row
    });
    let report = import(&world, rows.collect()).await;
    assert_eq!((report.created, report.errors), (40, Vec::new()));
}

#[tokio::test]
async fn only_provisioning_imports() {
    let world = World::empty().await;
    let request = world.as_role("retail_agent", tokio_stream::iter(vec![row(&world, 1)]));
    let refused = world.accounts().import_accounts(request).await.err().unwrap();
    assert_eq!(refused.code(), tonic::Code::PermissionDenied);
}

#[tokio::test]
async fn an_account_is_read_by_who_may_and_as_far_as_they_may() {
    let world = World::populated().await;
    let get = || pb::GetAccountRequest {
        r#ref: Some(pb::get_account_request::Ref::AccountId(crate::world::ACCOUNT.to_owned())),
    };
    let own = world.accounts().get_account(world.as_owner(get())).await.unwrap().into_inner().account.unwrap();
    assert_eq!((own.persons[0].name.as_str(), own.persons[0].contacts.len(), own.line_count), ("Kim Doe", 1, 1));
    let seen = world.accounts().get_account(world.as_role("provisioning", get())).await.unwrap().into_inner();
    let seen = seen.account.unwrap();
    assert_eq!((seen.persons[0].name.as_str(), seen.persons[0].contacts.len()), ("", 0));
    assert_ne!(own.etag, seen.etag, "an etag is of what is shown");
}
