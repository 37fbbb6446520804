use proptest::prelude::*;

use super::*;

const STARTED_MS: i64 = 1_768_435_200_123;

fn context() -> Context {
    Context {
        delivery: "dlv_01h455vb4pex5vsknk084sn02q".parse().unwrap(),
        started_at: Timestamp::from_unix_ms(STARTED_MS),
    }
}

fn owned(headers: &[(&str, &str)]) -> Headers {
    headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn survives(headers: &Headers) -> usize {
    let encoded = encode(headers, &context());
    assert_eq!(
        decode(&encoded, &context()).as_ref(),
        Some(headers),
        "{encoded:?}"
    );
    encoded.len()
}

const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const V1: &str = "v1,AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

#[test]
fn a_request_shrinks_to_its_news() {
    let headers = owned(&[
        ("content-type", "application/json"),
        ("user-agent", "Postrider/0.1.0"),
        ("webhook-id", "evt_01h455vb4pex5vsknk084sn02q"),
        ("webhook-timestamp", "1768435200"),
        ("webhook-signature", V1),
        ("postrider-signature", HEX),
        ("postrider-event-type", "proposal.accepted"),
        ("postrider-delivery-id", "dlv_01h455vb4pex5vsknk084sn02q"),
        ("postrider-attempt", "1"),
    ]);
    let text: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    let encoded = survives(&headers);
    assert!(encoded <= 142 && text > 370, "{encoded} of {text}");
}

#[test]
fn another_prefix_costs_its_own_length_once() {
    let headers = owned(&[
        ("Acme-Signature", HEX),
        ("Acme-Signature-Next", HEX),
        ("Acme-Event-Type", "a"),
        ("Acme-Delivery-Id", "dlv_01h455vb4pex5vsknk084sn02q"),
        ("Acme-Attempt", "12"),
        ("acme-attempt", "12"),
        ("Other-Attempt", "12"),
    ]);
    assert!(survives(&headers) < 130);
}

#[test]
fn what_looks_like_a_known_shape_but_is_another_text_survives() {
    let two = format!("{V1} {V1}");
    let values = [
        "",
        " ",
        "0",
        "00",
        "01",
        "-1",
        "+1",
        "1.0",
        "18446744073709551615",
        "18446744073709551616",
        HEX,
        &HEX.to_uppercase(),
        &HEX[1..],
        "v1,",
        "v1,AQ==",
        V1,
        &two,
        &format!("{two} "),
        &format!("{V1}  {V1}"),
        &format!("{V1},{V1}"),
        &V1.replace("yA=", "yB="),
        &V1.replace('=', ""),
        "v1a,xyz",
        "evt_01h455vb4pex5vsknk084sn02q",
        "evt_01H455VB4PEX5VSKNK084SN02Q",
        "evt_",
        "evt_81h455vb4pex5vsknk084sn02q",
        "dlv_01h455vb4pex5vsknk084sn02q",
        "dlv_01h455vb4pex5vsknk084sn02r",
        "dlv_x",
        "1768435200",
        "1768435261",
        "1768435140",
        "1768435139",
        "Thu, 15 Jan 2026 00:00:00 GMT",
        "Thu, 15 Jan 2026 00:00:00 UTC",
        "Fri, 15 Jan 2026 00:00:00 GMT",
        "Thu, 15 Jan 2026 00:00:00 \u{fffd}",
        "Application/Json",
        "\u{1f4ee}",
    ];
    for value in values {
        survives(&owned(&[("x", value), ("date", value)]));
    }
    for name in [
        "",
        "-",
        "Content-Type",
        "CONTENT-TYPE",
        "Content-type",
        "-signature",
        "-Signature",
        "x-signature",
        "é-attempt",
        "X-Signature-next",
        "é",
        "ETag",
        "Etag",
    ] {
        survives(&owned(&[(name, "x"), (name, "")]));
    }
}

#[test]
fn damaged_bytes_are_refused_without_a_panic() {
    for bytes in [
        &[2_u8][..],
        &[1, 1],
        &[1, 0, 5, b'a'],
        &[1, 126, 1, 0],
        &[1, 1, 3, 200],
        &[1, 1, 99],
        &[1, 127, 9],
    ] {
        assert_eq!(decode(bytes, &context()), None, "{bytes:?}");
    }
    assert_eq!(decode(&[], &context()), Some(Headers::new()));
}

fn a_name() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,20}",
        "[A-Za-z-]{1,20}",
        "(content|Content)-(type|Type|length|LENGTH)",
        "[A-Za-z]{0,5}-(signature|Signature|attempt|Attempt|delivery-id|Delivery-Id|Delivery-id)",
    ]
}

fn a_value() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,40}",
        "[0-9]{1,21}",
        "[0-9a-f]{62,66}",
        "(v1,[A-Za-z0-9+/]{43}= ?){1,3}",
        "(evt|dlv)_[0-7][0-9a-hjkmnp-tv-z]{25}",
        "(Mon|Tue|Wed|Thu), [0-3][0-9] (Jan|Feb|Mar|Dec) (19|20)[0-9]{2} [0-2][0-9]:[0-5][0-9]:[0-5][0-9] GMT",
        (-100_000_i64..100_000).prop_map(|s| (STARTED_MS / 1000 + s).to_string()),
        (-62_167_219_200_i64..253_402_300_800).prop_map(|s| http_date::format(s).unwrap()),
        any::<[u8; 32]>().prop_map(|bytes| bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
    ]
}

proptest! {
    #[test]
    fn every_list_of_headers_survives(headers in proptest::collection::vec((a_name(), a_value()), 0..12)) {
        survives(&headers);
    }

    #[test]
    fn no_bytes_make_decoding_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let _ = decode(&bytes, &context());
    }

    #[test]
    fn every_second_has_a_date_that_is_read_back(time_s in -62_167_219_200_i64..253_402_300_800) {
        prop_assert_eq!(http_date::parse(&http_date::format(time_s).unwrap()), Some(time_s));
    }
}
