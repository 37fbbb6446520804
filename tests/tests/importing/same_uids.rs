//! Two objects of the other sender never become one.

use super::*;

const SVIX: &str = include_str!("exports/svix.json");
const OUTPOST: &str = include_str!("exports/outpost.json");

#[tokio::test]
async fn two_endpoints_with_the_same_uid_are_refused_before_anything_is_written() {
    let given_the_id_of_another = SVIX.replacen(
        r#"{"id": "ep_2srOrx2ZWZBpBUvZwXKQmoEYga3","#,
        r#"{"id": "ep_2srOrx2ZWZBpBUvZwXKQmoEYga3", "uid": "ep_3srOrx2ZWZBpBUvZwXKQmoEYga4","#,
        1,
    );
    let moved = Move::from(&given_the_id_of_another).await;
    for arguments in [&[][..], &["--apply"]] {
        assert_eq!(
            moved.fail("svix", arguments).await,
            "error: endpoint ep_2srOrx2ZWZBpBUvZwXKQmoEYga3 and endpoint ep_3srOrx2ZWZBpBUvZwXKQmoEYga4 would become \
             one automation app_2srOrx2ZWZBpBUvZwXKQmoEYga3 / ep_3srOrx2ZWZBpBUvZwXKQmoEYga4: give one of them \
             another uid\n"
        );
        assert_eq!(moved.accounts().await, json!([]));
    }
}

#[tokio::test]
async fn two_accounts_that_differ_in_what_a_uid_cannot_contain_are_refused() {
    let moved = Move::from(&SVIX.replace(
        r#""uid": null, "name": "Umbrella""#,
        r#""uid": "customer/42", "name": "Umbrella""#,
    ))
    .await;
    assert_eq!(
        moved.fail("svix", &["--apply"]).await,
        "error: application app_1srOrx2ZWZBpBUvZwXKQmoEYga2 and application app_2srOrx2ZWZBpBUvZwXKQmoEYga3 would \
         become one account customer-42: give one of them another uid\n"
    );
    assert_eq!(moved.accounts().await, json!([]));
}

#[tokio::test]
async fn two_destinations_of_outpost_whose_ids_become_one_are_refused() {
    let moved = Move::from(
        &OUTPOST
            .replace("des_1\"", "des 2\"")
            .replace("des_2\"", "des-2\""),
    )
    .await;
    let errors = moved.fail("outpost", &["--apply"]).await;
    assert!(
        errors.contains(
            "destination des 2 and destination des-2 would become one automation customer-42 / des-2"
        ),
        "{errors}"
    );
}
