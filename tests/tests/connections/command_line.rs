//! `postrider connections`.

use postrider_tests::Server;
use postrider_tests::command::{CommandOutput, run_against, run_against_with_input};
use postrider_tests::mutual_tls::Authority;

fn line(server: &Server, line: &str) -> CommandOutput {
    run_against(server, &line.split(' ').collect::<Vec<_>>())
}

#[test]
fn a_connection_is_created_from_a_file_updated_from_standard_input_listed_and_deleted() {
    let server = Server::start();
    line(&server, "accounts create Acme --uid acme").success();
    let file = server.data_dir().join("secret.txt");
    std::fs::write(&file, "the-first-secret\n").unwrap();
    let file = file.to_str().unwrap();
    let create = format!(
        "connections create acme Bank --type oauth2 --token-url https://id.example/token --client-id me \
         --scope hooks --json --secret-file {file}"
    );
    let created = line(&server, &create).json();
    let id = created["id"].as_str().unwrap();
    assert_eq!(
        (&created["client_id"], &created["client_secret"]),
        (&"me".into(), &"••••".into())
    );
    let shown = line(&server, &format!("connections update acme {id} --name Bank"));
    assert!(shown.success().contains("Client authentication"));
    let listed = line(&server, "connections list acme");
    assert!(listed.success().contains(id) && listed.out.contains("oauth2"));
    let update = format!("connections update acme {id} --name Savings --secret-file -");
    let update: Vec<_> = update.split(' ').collect();
    let updated = run_against_with_input(&server, &update, "the-second-secret\n");
    assert!(updated.success().contains("Savings"));
    let automation =
        format!("automations create acme --name n --on * --to https://a.example/ --connection {id}");
    line(&server, &automation).success();
    let refused = line(&server, &format!("connections delete acme {id}"));
    assert_ne!(refused.code, 0);
    assert!(
        refused.err.contains("these automations use the connection"),
        "{}",
        refused.err
    );
    let unused = line(
        &server,
        &format!("connections create acme CRM --type bearer --json --secret-file {file}"),
    );
    let unused = unused.json()["id"].as_str().unwrap().to_owned();
    let deleted = line(&server, &format!("connections delete acme {unused}"));
    assert!(deleted.success().contains("Deleted"));
    for output in [&listed, &updated, &refused, &deleted] {
        let all = format!("{}{}", output.out, output.err);
        assert!(!all.contains("-secret\n") && !all.contains("the-first") && !all.contains("the-second"));
    }
}

#[test]
fn a_certificate_is_replaced_with_its_key_or_alone() {
    let server = Server::start();
    line(&server, "accounts create Acme --uid acme").success();
    let authority = Authority::new("Partner authority");
    let write = |name: &str, text: &str| {
        let path = server.data_dir().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (one, two) = (authority.certify("one", &[]), authority.certify("two", &[]));
    let (first, first_key) = (
        write("1.pem", &one.certificate),
        write("1-key.pem", &one.private_key),
    );
    let create = format!(
        "connections create acme Partner --type client_certificate --json --certificate {first} \
         --secret-file {first_key}"
    );
    let created = line(&server, &create).json();
    let update = format!(
        "connections update acme {} --json",
        created["id"].as_str().unwrap()
    );
    let (second, second_key) = (
        write("2.pem", &two.certificate),
        write("2-key.pem", &two.private_key),
    );
    let refused = line(&server, &format!("{update} --certificate {second}"));
    assert_ne!(refused.code, 0);
    assert!(
        refused.err.contains("does not belong to the first certificate"),
        "{}",
        refused.err
    );
    let both = format!("{update} --certificate {second} --secret-file {second_key}");
    assert_eq!(line(&server, &both).json()["certificate"], two.certificate);
    let chain = format!("{}{}", two.certificate, one.certificate);
    let longer = format!("{update} --certificate {}", write("3.pem", &chain));
    assert_eq!(line(&server, &longer).json()["certificate"], chain);
}
