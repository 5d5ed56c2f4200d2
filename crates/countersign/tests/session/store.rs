use std::time::Duration;

use countersign::session::{MemoryStore, conformance};
use proptest::prelude::*;

use crate::common::GRACE;

#[tokio::test(flavor = "multi_thread")]
async fn the_memory_store_keeps_the_contract() -> Result<(), conformance::Violation> {
    conformance::run(async || MemoryStore::new()).await
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn every_story_goes_as_the_model_says(
        numbers in prop::collection::vec(any::<u32>(), 1..120),
        grace in prop_oneof![3 => Just(GRACE), 1 => Just(Duration::ZERO)],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let steps = conformance::steps(&numbers);
        let told = runtime.block_on(conformance::play(MemoryStore::new(), grace, &steps));
        prop_assert!(told.is_ok(), "{}\n{steps:#?}", told.unwrap_err());
    }
}
