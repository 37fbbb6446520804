use std::sync::atomic::{AtomicU8, Ordering};

use postrider_model::{AccountId, Entropy};

use super::*;

/// Bytes that differ on each call.
fn entropy() -> Entropy {
    let calls = AtomicU8::new(0);
    Entropy::new(move |bytes| bytes.fill(calls.fetch_add(1, Ordering::Relaxed)))
}

fn key(byte: u8) -> MasterKey {
    MasterKey::from_bytes([byte; 32])
}

fn sealer(keys: &[u8]) -> Sealer {
    let (first, others) = keys.split_first().unwrap();
    let sealer = Sealer::new(MasterKeys::only(key(*first)), entropy());
    for other in others {
        sealer.put_first(key(*other));
    }
    sealer
}

fn context(what: What, account: u128, row: u8) -> Context {
    Context::new(what, AccountId::from_u128(account), [row; 16])
}

#[test]
fn a_sealed_value_opens_in_its_row_alone() {
    let sealer = sealer(&[1]);
    let own = context(What::SigningKey, 1, 1);
    let sealed = sealer.seal(&own, b"whsec_secret");
    assert_eq!(sealer.open(&own, &sealed).unwrap(), b"whsec_secret");
    assert!(!sealed.windows(6).any(|window| window == b"secret"));
    for other in [
        context(What::SigningKey, 1, 2),
        context(What::SigningKey, 2, 1),
        context(What::AutomationSecrets, 1, 1),
        Context::PROBE,
    ] {
        assert_eq!(sealer.open(&other, &sealed), Err(Unopened::Broken), "{other:?}");
    }
}

#[test]
fn a_value_that_was_changed_or_cut_does_not_open() {
    let sealer = sealer(&[1]);
    let own = context(What::SigningKey, 1, 1);
    let sealed = sealer.seal(&own, b"value");
    for index in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[index] ^= 1;
        assert!(sealer.open(&own, &changed).is_err(), "byte {index}");
        assert!(sealer.open(&own, &sealed[..index]).is_err(), "cut at {index}");
    }
    assert_eq!(sealer.open(&own, b"whsec_plain"), Err(Unopened::Broken));
}

#[test]
fn the_same_value_is_sealed_differently_each_time() {
    let sealer = sealer(&[1]);
    let own = context(What::SigningKey, 1, 1);
    assert_ne!(sealer.seal(&own, b"value"), sealer.seal(&own, b"value"));
}

#[test]
fn the_first_key_seals_and_every_key_opens() {
    let old = sealer(&[1]);
    let both = sealer(&[1, 2]);
    let own = context(What::AutomationSecrets, 1, 1);
    let sealed = old.seal(&own, b"value");
    assert_eq!(key_id(&sealed), Some(key(1).id()));
    assert_eq!(both.open(&own, &sealed).unwrap(), b"value");
    let resealed = both.reseal(&own, &sealed).unwrap();
    assert_eq!(key_id(&resealed), Some(key(2).id()));
    assert_eq!(old.open(&own, &resealed), Err(Unopened::UnknownKey(key(2).id())));
    assert_eq!(both.open(&own, &resealed).unwrap(), b"value");
}

#[test]
fn missing_keys_are_named() {
    let sealer = sealer(&[1]);
    let (one, two) = (key(1).id(), key(2).id());
    assert_eq!(sealer.check([one, one]), Ok(()));
    let missing = sealer.check([two, one, two]).unwrap_err();
    assert_eq!(
        missing.to_string(),
        format!("the store needs master key {two}; given are {one}")
    );
}

#[test]
fn keys_are_read_one_a_line_and_never_printed() {
    let drawn = |byte: u8| MasterKey::from_bytes(std::array::from_fn(|n| byte + n as u8));
    let (one, two) = (drawn(1), drawn(2));
    let text = format!(
        "# keys\n\n{}\n  {}\r\n{}\n",
        one.expose(),
        two.expose(),
        one.expose()
    );
    let keys = MasterKeys::parse(&text).unwrap();
    assert_eq!(keys.ids(), [one.id(), two.id()]);
    assert_eq!(one.expose().len(), 47);
    let printed = format!("{keys:?} {:?}", Sealer::new(keys.clone(), entropy()));
    assert!(printed.contains(&one.id().to_string()) && !printed.contains(&one.expose()[4..12]));
}

#[test]
fn other_texts_are_refused_without_repeating_them() {
    let short = format!("pmk_{}", "A".repeat(42));
    let zeros = format!("pmk_{}", "A".repeat(43));
    for line in ["hidden", "pmk_hidden", &short, &zeros, "whsec_hidden"] {
        let error = MasterKeys::parse(&format!("\n{line}")).unwrap_err();
        assert_eq!(error, MasterKeysError::Malformed { line: 2 }, "{line}");
        assert!(!error.to_string().contains("hidden"));
    }
    assert_eq!(
        MasterKeys::parse("# none\n\n").unwrap_err(),
        MasterKeysError::Empty
    );
}
