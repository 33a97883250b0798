//! What is written out is read back as the same test.

use proptest::prelude::*;

use super::random::{Dice, test};
use crate::policy::document::Policy;
use crate::policy::knobs::constants;
use crate::policy::language::compile;

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_test_written_out_is_read_back(bytes in proptest::collection::vec(any::<u8>(), 64)) {
        let constants = constants(&Policy::us_default());
        let expression = test(&mut Dice(bytes.iter()), 3);
        let read = match compile(&expression, &constants) {
            Ok(read) => read,
            Err(error) => return Err(TestCaseError::fail(format!("{expression}: {error}"))),
        };
        let written = read.to_string();
        prop_assert_eq!(compile(&written, &constants), Ok(read), "{} as {}", expression, written);
    }
}
