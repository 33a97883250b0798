//! Answers of the notice service.

use crate::domain::{DeadNotice, NoticeEnd, WaitingNotice};
use crate::grpc::convert::time::timestamp;
use crate::grpc::pb::v1 as pb;
use crate::service::NoticeStanding;

/// How notices stand.
pub(in crate::grpc) fn notice_standing(standing: NoticeStanding) -> pb::ListNoticesResponse {
    let NoticeStanding { is_on: enabled, book } = standing;
    let read_time = book.as_ref().map(|book| timestamp(book.read_until));
    let (waiting, dead) = book.map_or_else(Default::default, |book| (book.waiting, book.dead));
    pb::ListNoticesResponse {
        enabled,
        read_time,
        waiting: waiting.into_iter().map(waiting_notice).collect(),
        dead: dead.into_iter().map(dead_notice).collect(),
    }
}

fn waiting_notice(waiting: WaitingNotice) -> pb::WaitingNotice {
    let WaitingNotice { name, tries, since, next_at, asked: _, vain: _ } = waiting;
    pb::WaitingNotice {
        record_id: name.record.to_string(),
        tries: i32::try_from(tries).unwrap_or(i32::MAX),
        begin_time: Some(timestamp(since)),
        next_try_time: Some(timestamp(next_at)),
    }
}

fn dead_notice(dead: DeadNotice) -> pb::DeadNotice {
    let DeadNotice { name, at, end } = dead;
    let end = match end {
        NoticeEnd::Refused => pb::NoticeEnd::Refused,
        NoticeEnd::GivenUp => pb::NoticeEnd::GivenUp,
        NoticeEnd::Unreadable => pb::NoticeEnd::Unreadable,
    };
    pb::DeadNotice { record_id: name.record.to_string(), end: end.into(), end_time: Some(timestamp(at)) }
}
