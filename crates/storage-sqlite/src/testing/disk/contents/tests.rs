use super::*;

const SECTOR: usize = 512;

/// A synced file of two sectors of `a`.
fn file() -> Contents {
    let mut contents = Contents::new(SECTOR);
    contents.write(0, &[b'a'; 2 * SECTOR]);
    contents.sync();
    contents
}

fn bytes(contents: &Contents) -> Vec<u8> {
    let mut bytes = vec![0; contents.len()];
    assert!(contents.read(0, &mut bytes));
    bytes
}

#[test]
fn a_power_failure_keeps_what_was_synced() {
    for seed in 0..50 {
        let mut contents = file();
        contents.lose_power(&mut Rng::with_seed(seed), Mood::Mixed);
        assert_eq!(bytes(&contents), [b'a'; 2 * SECTOR]);
    }
}

#[test]
fn a_power_failure_never_changes_bytes_next_to_a_write() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let mut contents = file();
        contents.write(100, &[b'b'; 300]);
        contents.write(200, &[b'c'; 200]);
        contents.lose_power(&mut Rng::with_seed(seed), Mood::Mixed);
        let after = bytes(&contents);
        assert!(after[..100].iter().chain(&after[400..]).all(|byte| *byte == b'a'));
        seen.insert(after[100..400].to_vec());
    }
    // The three versions, and torn ones.
    let last = [[b'b'; 100], [b'c'; 100], [b'c'; 100]].concat();
    for version in [vec![b'a'; 300], vec![b'b'; 300], last] {
        assert!(seen.contains(&version));
    }
    assert!(seen.len() > 3);
}

#[test]
fn an_unsynced_length_can_be_lost() {
    for (mood, len) in [(Mood::LosesAll, 2 * SECTOR), (Mood::KeepsAll, 10)] {
        let mut contents = file();
        contents.write(2 * SECTOR, b"longer");
        contents.truncate(10);
        contents.lose_power(&mut Rng::with_seed(1), mood);
        assert_eq!(bytes(&contents), vec![b'a'; len]);
    }
}

#[test]
fn what_a_failed_sync_forgot_is_durable_only_once_it_is_written_and_synced_again() {
    let forgets = |seed: &u64| {
        let mut contents = file();
        contents.write(0, b"b");
        contents.sync_in_part(&mut Rng::with_seed(*seed));
        !contents.unsynced.is_empty()
    };
    let seed = (0..100).find(forgets).expect("one of two seeds");
    for (writes_again, survivor) in [(false, b'a'), (true, b'b')] {
        let mut contents = file();
        contents.write(0, b"b");
        contents.sync_in_part(&mut Rng::with_seed(seed));
        if writes_again {
            contents.write(0, b"b");
        }
        contents.sync();
        assert_eq!(bytes(&contents)[0], b'b', "the system shows what was written");
        contents.lose_power(&mut Rng::with_seed(1), Mood::LosesAll);
        assert_eq!(bytes(&contents)[0], survivor);
    }
}
