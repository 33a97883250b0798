//! Lists that fit into messages: a record is some hundred bytes or some thousand.

use prost::Message as _;

use crate::grpc::pb::v1 as pb;

/// Of a message's longest length, this share is for records: one in four stays free for all else.
const SHARE: (usize, usize) = (3, 4);

/// How many of the first records fit into a message no longer than `message_bytes_max`: at least one.
pub(super) fn fitting(records: &[pb::Record], message_bytes_max: usize) -> usize {
    let room = message_bytes_max / SHARE.1 * SHARE.0;
    let mut taken = 0_usize;
    let fit = records.iter().take_while(|record| {
        taken = taken.saturating_add(record.encoded_len()).saturating_add(FRAME_BYTES);
        taken <= room
    });
    fit.count().max(1)
}

/// The records in parts that each fit into such a message: at least one part, without records where there are none.
pub(super) fn parts(mut records: Vec<pb::Record>, message_bytes_max: usize) -> Vec<Vec<pb::Record>> {
    let mut parts = Vec::new();
    loop {
        let rest = records.split_off(fitting(&records, message_bytes_max).min(records.len()));
        parts.push(records);
        if rest.is_empty() {
            return parts;
        }
        records = rest;
    }
}

/// What stands before each record: its tag and its length.
const FRAME_BYTES: usize = 8;

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::{fitting, parts};
    use crate::grpc::pb::v1 as pb;

    #[test]
    fn what_fits_fits_and_one_goes_in_any_case() {
        let record = pb::Record { details_json: "x".repeat(1_000), ..pb::Record::default() };
        let records = vec![record; 20];
        assert_eq!(fitting(&records, 1_000_000), 20);
        let most = 8_192;
        let fit = fitting(&records, most);
        let message = pb::ListRecordsResponse {
            records: records[..fit].to_vec(),
            next_page_token: "t".repeat(64),
            ..Default::default()
        };
        assert!(fit > 4 && message.encoded_len() <= most, "{fit}");
        assert_eq!(fitting(&records, 100), 1);
        let cut = parts(records.clone(), most);
        assert!(cut.iter().all(|part| !part.is_empty() && part.len() <= fit));
        assert!(cut.concat() == records, "nothing is lost, and the order stays");
        assert!(parts(Vec::new(), most) == [Vec::new()]);
    }
}
